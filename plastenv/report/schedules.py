"""Schedules for the terminal: many as a table, one as a timeline and as a table of what is given."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from rich import box
from rich.table import Table
from rich.text import Text

from plastenv.envs.render import RISING
from plastenv.model.types import DAY, HOUR
from plastenv.therapy.interventions import BY_NAME, CATALOGUE, Administration
from plastenv.therapy.limits import clock
from plastenv.therapy.protocol import GROUPS, Protocol, ranges

PLAIN: dict[str, Any] = {  # of tables that have to fit into 80 columns
    "box": box.SIMPLE_HEAD, "show_edge": False, "collapse_padding": True, "pad_edge": False,
    "title_justify": "left", "caption_justify": "left",
}  # fmt: skip
ORDER = {what.name: place for place, what in enumerate(CATALOGUE)}
NARROW = 24  # columns; what leaves fewer for a lane is left to the table
LEGEND = "height: dose against the limit of one administration"


class Entry(NamedTuple):
    """What is given alike on several days."""

    intervention: str
    target: str
    days: tuple[int, ...]  # from 1
    start: int  # s after midnight
    seconds: int
    dose: float  # study doses
    burden: float  # points


def entries(protocol: Protocol) -> list[Entry]:
    """Return what a schedule gives, alike administrations as one entry, in order of the first."""
    alike: dict[tuple[str, str, int, int, float], list[Administration]] = defaultdict(list)
    for given in protocol.administrations:
        alike[given.intervention, given.target, given.time % DAY, given.seconds, given.dose].append(given)
    return [
        Entry(name, target, tuple(g.time // DAY + 1 for g in own), start, seconds, dose, sum(g.burden for g in own))
        for (name, target, start, seconds, dose), own in alike.items()
    ]


def days_text(days: Sequence[int]) -> str:
    """Write days as a schedule file has them: '8-9, 11-12', or '7-16 every 3' where they are evenly apart."""
    steps = {later - earlier for earlier, later in zip(days, days[1:], strict=False)}
    if len(days) > 2 and len(steps) == 1 and (step := steps.pop()) > 1:
        return f"{days[0]}-{days[-1]} every {step}"
    return ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in ranges(days))


def span(seconds: int) -> str:
    """Write a duration as a schedule file has it, or that there is none."""
    for unit, size in (("d", DAY), ("h", HOUR)):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds / 60:g} min" if seconds else "at once"


def as_json(protocol: Protocol) -> dict[str, Any]:
    """Return a schedule and everything that it gives as plain values."""
    return summary(protocol) | {
        "administrations": [
            {
                "day": given.time // DAY + 1,
                "hour": given.time % DAY / HOUR,
                "minutes": given.seconds / 60,
                "intervention": given.intervention,
                "target": given.target,
                "dose": given.dose,
                "burden": given.burden,
            }
            for given in protocol.administrations
        ]
    }


def summary(protocol: Protocol) -> dict[str, Any]:
    """Return what a schedule says of itself and asks of a patient as plain values."""
    return {
        "name": protocol.name,
        "title": protocol.title,
        "group": protocol.group or None,
        "rationale": protocol.rationale,
        "source": protocol.source,
        "burden": float(protocol.burden),
    }


def grouped(protocols: Iterable[Protocol]) -> list[Protocol]:
    """Return schedules by group in the order of `GROUPS`, the lightest of a group first."""
    places = {group: place for place, group in enumerate(GROUPS)}
    return sorted(protocols, key=lambda p: (places.get(p.group, len(places)), p.burden, p.name))


def schedules_table(protocols: Sequence[Protocol], scenario: str) -> Table:
    """Return schedules with title and burden, under the names of their groups."""
    table = Table(title=f"Schedules of the library for {scenario}: {len(protocols)}", **PLAIN)
    table.add_column("schedule", no_wrap=True)
    table.add_column("title", overflow="fold")
    table.add_column("burden", justify="right", no_wrap=True)
    before = None
    for protocol in grouped(protocols):
        if protocol.group != before:
            table.add_row(Text(protocol.group, style="bold"))
            before = protocol.group
        table.add_row(f"  {protocol.name}", Text(protocol.title), f"{protocol.burden:.1f}")
    return table


def timeline(protocol: Protocol, horizon: int, width: int) -> list[str]:
    """Draw a schedule of `horizon` days as lines of at most `width` columns, a lane per intervention and target.

    A column is a day, or as many as it takes; its height is the largest dose that begins in it.
    """
    lanes: dict[tuple[str, str], list[Administration]] = defaultdict(list)
    for given in sorted(protocol.administrations, key=lambda given: ORDER[given.intervention]):
        lanes[given.intervention, given.target].append(given)
    if not lanes:
        return ["  nothing is given"]
    labels = [f"{name}, {target}" for name, target in lanes]
    amounts = [_amount(own) for own in lanes.values()]
    left = [
        f"{name:<{max(map(len, labels))}} {number:>{max(map(len, amounts))}}"
        for name, number in zip(labels, amounts, strict=True)
    ]
    if width - len(left[0]) < NARROW:
        left = [f"{name:<{max(map(len, labels))}}" for name in labels]
    days = -(-horizon // max(1, width - len(left[0]) - 5))  # two before the label, one before and two around the lane
    columns = -(-horizon // days)
    lines = [f"  {'day':>{len(left[0])}}  {_ruler(columns, days)}"]
    for label, own in zip(left, lanes.values(), strict=True):
        cells = ["·"] * columns
        for given in own:
            place = given.time // (days * DAY)
            height = RISING[max(1, round(8 * given.dose / BY_NAME[given.intervention].max_dose))]
            cells[place] = max(cells[place], height, key=RISING.find)
        lines.append(f"  {label} ▕{''.join(cells)}▏")
    return [*lines, f"  {LEGEND}", *([f"  a column is {days} days"] if days > 1 else [])]


def _amount(given: Sequence[Administration]) -> str:
    """Say how often and how much: a dose, or for what takes time how long."""
    least, most = (pick(given, key=lambda each: (each.seconds, each.dose)) for pick in (min, max))
    sizes = [span(each.seconds) if each.seconds else f"{each.dose:g}" for each in (least, most)]
    return f"{len(given)} × {'–'.join(dict.fromkeys(sizes))}"


def _ruler(columns: int, days: int) -> str:
    return "".join(f"{1 + k * days:<7}" for k in range(0, columns, 7))[:columns].rstrip()


def entry_table(protocol: Protocol) -> Table:
    """Return what a schedule gives, a row for what is given alike."""
    table = Table(title="What is given", caption="Doses in study doses, burden in points.", **PLAIN)
    table.add_column("intervention, target", overflow="fold")
    table.add_column("days", overflow="fold", min_width=9)
    for name in ("hour", "duration", "dose", "burden"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in entries(protocol):
        table.add_row(
            f"{each.intervention}, {each.target}",
            days_text(each.days),
            clock(each.start),
            span(each.seconds),
            f"{each.dose:g}",
            f"{each.burden:.1f}",
        )
    return table
