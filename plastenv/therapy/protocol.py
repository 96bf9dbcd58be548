"""Protocols: treatment schedules as YAML files that a clinician can read, checked strictly and line by line.

    name: window-then-training
    title: Open first, then train
    group: combinations
    source: hand-designed
    entries:
      - intervention: rapid-opener
        days: 1, 4, 7
        hour: 9
        dose: 1
      - intervention: extinction-training
        days: 2-14 except 4, 7
        hour: "10:00"
        repeats: 2
        every: 3 h
        duration: 60 min

Days count from 1; a dose is in study doses. Unknown keys and names are refused with the nearest valid one.
"""

import difflib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plastenv.files import FileError, Mapping, read_yaml
from plastenv.model.types import DAY, HOUR
from plastenv.therapy.interventions import BY_NAME, Administration, events
from plastenv.therapy.limits import enter, record, refusal

LIBRARY = Path(__file__).parent / "library"
LIBRARY_DAYS = 56  # d, the longest horizon that the shipped schedules are written for
PROBED = (1, 2, 3, 4)  # stand for a scenario's cues where it only matters whether any comes
TOP_KEYS = ("name", "title", "group", "rationale", "source", "entries")
GROUPS = ("controls", "single interventions", "combinations", "order", "spacing", "published")
ENTRY_KEYS = ("intervention", "target", "days", "hour", "repeats", "every", "duration", "dose")
UNITS = {"min": 60, "minutes": 60, "h": HOUR, "hours": HOUR, "hour": HOUR, "d": DAY, "days": DAY, "day": DAY}
ANY_DAYS = "days from 1 to 1000, such as 7, [1, 4, 7], 1-14, 1-28 every 3 or 2-14 except 4, 7"
DAYS = re.compile(r"^(?P<from>\d+)(?:\s*-\s*(?P<to>\d+))?(?:\s+every\s+(?P<step>\d+))?$")


class ProtocolError(ValueError):
    """A schedule file that cannot be used: which file, where, what, and what was expected."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """An ordered, validated schedule."""

    name: str
    title: str
    rationale: str
    source: str
    administrations: tuple[Administration, ...]
    group: str = ""  # one of GROUPS, or none

    @property
    def burden(self) -> float:
        """Points that the schedule costs a patient who completes it."""
        return sum(given.burden for given in self.administrations)


def nearest(name: str, valid: Sequence[str]) -> str:
    """Return a hint that names the valid word closest to `name`, or all of them."""
    close = difflib.get_close_matches(str(name), valid, n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'?" if close else f"expected one of: {', '.join(valid)}"


def ranges(days: Sequence[int]) -> list[tuple[int, int]]:
    """Return days, given in order, as ranges: the first and the last day of each."""
    found: list[tuple[int, int]] = []
    for day in days:
        first = found.pop()[0] if found and day == found[-1][1] + 1 else day
        found.append((first, day))
    return found


class _Entry:
    """Reads the fields of one mapping, naming file, line and key in every complaint."""

    def __init__(self, path: Path, fields: Mapping, valid: Sequence[str]) -> None:
        self.path, self.fields = path, fields
        for key in fields:
            if key not in valid:
                raise self.error(key, f"unknown key; {nearest(key, valid)}")

    def error(self, key: str, problem: str) -> ProtocolError:
        line = self.fields.lines.get(key, self.fields.lines[""])
        value = f" = {str(self.fields[key])[:60]!r}" if key in self.fields else ""
        return ProtocolError(f"{self.path}, line {line}: {key}{value}: {problem}")

    def word(self, key: str, default: str | None = None) -> str:
        value = self.fields.get(key, default)
        if value is None:
            raise self.error(key, "is missing")
        if not isinstance(value, str):
            raise self.error(key, "expected text")
        return value

    def number(self, key: str, default: float) -> float:
        value = self.fields.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
            expected = "a finite number of study doses, 0 or more (no mg)" if key == "dose" else "a number, 0 or more"
            raise self.error(key, f"expected {expected}")
        return float(value)

    def whole(self, key: str, default: int) -> int:
        value = self.number(key, default)
        if value != int(value) or not 1 <= value <= 24:
            raise self.error(key, "expected a whole number from 1 to 24")
        return int(value)

    def span(self, key: str, default: int) -> int:
        """Read a duration such as '60 min' or '2 h', in seconds."""
        if key not in self.fields:
            return default
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]+)", str(self.fields[key]).strip())
        if not found or found[2] not in UNITS or float(found[1]) * UNITS[found[2]] > 400 * DAY:
            raise self.error(key, f"expected a duration with a unit ({', '.join(UNITS)}), such as '60 min'")
        return round(float(found[1]) * UNITS[found[2]])

    def clock(self, key: str, default: int) -> int:
        """Read an hour of the day, 9, 9.5 or '09:30', in seconds."""
        value = self.fields.get(key, default)
        found = re.fullmatch(r"(\d{1,2}):(\d{2})", value.strip()) if isinstance(value, str) else None
        if found and int(found[1]) < 24 and int(found[2]) < 60:
            return int(found[1]) * HOUR + int(found[2]) * 60
        if not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value < 24:
            return round(value * HOUR)
        expected = 'expected an hour of the day from 0 to below 24, such as 9.5 or "09:30"'
        if type(value) is int and 60 <= value < 24 * 60:
            expected += f"; without quotes YAML reads {value // 60}:{value % 60:02d} as {value}"
        raise self.error(key, expected)

    def days(self, key: str) -> list[int]:
        """Read days such as 7, [1, 4, 7], '1-14', '1-28 every 3' or '2-14 except 4, 7'."""
        if key not in self.fields:
            raise self.error(key, f"is missing; expected {ANY_DAYS}")
        value = self.fields[key]
        parts = value if isinstance(value, list) else [value]
        if any(isinstance(part, bool) or not isinstance(part, int | str) for part in parts):
            raise self.error(key, f"expected {ANY_DAYS}")
        found: set[int] = set()
        for part in parts:
            given, _, left_out = str(part).partition("except")
            found |= set(self._day_list(key, given)) - set(self._day_list(key, left_out))
        if not found:
            raise self.error(key, f"leaves no day; expected {ANY_DAYS}")
        return sorted(found)

    def _day_list(self, key: str, text: str) -> list[int]:
        found: list[int] = []
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            match = DAYS.match(part)
            if not match or int(match["from"]) < 1 or len(part) > 20:
                raise self.error(key, f"expected {ANY_DAYS}")
            first, last = int(match["from"]), int(match["to"] or match["from"])
            if last < first or last > 1000 or int(match["step"] or 1) < 1:
                raise self.error(key, f"'{part}' is not a range of days; expected {ANY_DAYS}")
            found += range(first, last + 1, int(match["step"] or 1))
        return found


def load(path: str | Path, horizon_days: int = 56, allowed: Sequence[str] | None = None) -> Protocol:
    """Read and check a schedule file.

    `allowed` names the interventions that the scenario offers (default: all). Raises ProtocolError, whose message
    names the file, the line, the key, the value and what was expected, for every entry that cannot be read; limits are
    checked once all can.
    """
    path = Path(path)
    allowed = tuple(allowed if allowed is not None else BY_NAME)
    try:
        document = read_yaml(path, "a schedule file", TOP_KEYS)
    except FileError as error:
        raise ProtocolError(str(error)) from None
    top = _Entry(path, document, TOP_KEYS)
    name = top.word("name")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", name):
        raise top.error("name", "expected small letters, digits and hyphens, at most 64")
    group = top.word("group", "")
    if "group" in document and group not in GROUPS:
        raise top.error("group", f"unknown group; {nearest(group, GROUPS)}")
    entries = document.get("entries")
    if not isinstance(entries, list):
        raise top.error("entries", "expected a list of entries ([] = nothing is given)")
    given: list[tuple[Administration, _Entry]] = []
    mistakes = []
    for fields in entries:
        if not isinstance(fields, Mapping):
            found = f"expected entries with the keys {', '.join(ENTRY_KEYS)}, not {str(fields)[:40]!r}"
            mistakes.append(str(top.error("entries", found)))
            continue
        try:
            given += _administrations(_Entry(path, fields, ENTRY_KEYS), allowed)
        except ProtocolError as mistake:
            mistakes.append(str(mistake))
    if mistakes:
        raise ProtocolError("\n".join(mistakes))
    given.sort(key=lambda pair: (pair[0].time, pair[0].intervention, pair[0].target))
    _allow(given, horizon_days)
    administrations = tuple(administration for administration, _ in given)
    title, rationale = top.word("title", name), top.word("rationale", "").strip()
    return Protocol(name, title, rationale, top.word("source", "hand-designed"), administrations, group)


def _allow(given: Sequence[tuple[Administration, _Entry]], horizon_days: int) -> None:
    """Refuse what breaks a limit, in order of time, and entries that do nothing."""
    before = record(1, len(given))
    for administration, entry in given:
        refused = refusal(administration, 0, before, horizon_days * DAY)
        if refused:
            raise entry.error(refused.key if refused.key in entry.fields else "intervention", refused.problem)
        enter(administration, 0, before)
    for entry, administration in {entry: administration for administration, entry in given}.items():
        if not events(administration, PROBED, 0):
            raise entry.error("intervention", "is so brief or weak that nothing happens; expected more")


def _administrations(entry: _Entry, allowed: Sequence[str]) -> list[tuple[Administration, _Entry]]:
    name = entry.word("intervention")
    if name not in allowed:
        raise entry.error("intervention", f"unknown intervention; {nearest(name, allowed)}")
    what = BY_NAME[name]
    target = entry.word("target", what.targets[0])
    if target not in what.targets:
        raise entry.error("target", f"'{name}' has no such target; {nearest(target, what.targets)}")
    dose = entry.number("dose", 1.0)
    start, seconds = entry.clock("hour", 9), entry.span("duration", what.minutes * 60)
    repeats, every = entry.whole("repeats", 1), entry.span("every", round(max(what.interval_h, 1.0) * HOUR))
    if what.minutes == 0 and seconds:
        raise entry.error("duration", f"'{name}' is given at once, no duration expected")
    if what.kind == "environment":
        for key in ("hour", "duration"):
            if key in entry.fields:
                raise entry.error(key, f"'{name}' lasts the whole day, none expected")
        start = 0
    return [
        (Administration((day - 1) * DAY + start + k * every, seconds, name, target, dose), entry)
        for day in entry.days("days")
        for k in range(repeats)
    ]


def library(horizon_days: int = LIBRARY_DAYS) -> list[Protocol]:
    """Return the hand-designed schedules that ship with plastenv and fit into the horizon, in order of name."""
    protocols = [load(path, LIBRARY_DAYS) for path in sorted(LIBRARY.glob("*.yaml"))]
    end = horizon_days * DAY
    return [p for p in protocols if all(given.time + given.seconds <= end for given in p.administrations)]


def find(name: str, horizon_days: int = LIBRARY_DAYS, allowed: Sequence[str] | None = None) -> Protocol:
    """Return the schedule of the library that is called `name`, or else read the file `name` as `load` does.

    Raises ValueError for a name that is neither or does not fit into the horizon, and says what would.
    """
    fitting = {protocol.name: protocol for protocol in library(horizon_days)}
    if name in fitting:
        return fitting[name]
    if name in {protocol.name for protocol in library()}:
        raise ValueError(
            f"schedule '{name}' does not fit into the {horizon_days} days of treatment; "
            f"expected a file or one of: {', '.join(fitting)}"
        )
    path = Path(name)
    if not path.exists() and not path.suffix and path.name == name:
        file = Path(f"{name}.yaml")
        close = difflib.get_close_matches(name, fitting, n=1, cutoff=0.5)
        hint = f"'{file}'" if file.exists() else f"'{close[0]}'" if close else ""
        expected = f"did you mean {hint}?" if hint else "'plastenv protocols list' names those of the library"
        raise ValueError(f"'{name}' is neither a file nor a schedule of the library; {expected}")
    return load(path, horizon_days, allowed)
