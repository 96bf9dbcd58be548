"""What limits and contraindications forbid, given what a patient has been given so far."""

from typing import NamedTuple

import numpy as np

from plastenv.kernel import kernel
from plastenv.model.types import DAY, HOUR
from plastenv.therapy.interventions import BY_NAME, CATALOGUE, Administration, channels

NONE, HORIZON, DOSE, DURATION, OVERLAP, INTERVAL, PER_DAY, COURSE, CAPACITY, APART = range(10)  # what may be breached
CLINIC_HOURS = 8  # h of stimulation and training that a clinic has for one patient on one day
CHANNELS = channels(tuple(BY_NAME))  # every intervention-target pair of the catalogue
CHANNEL_INDEX = {pair: index for index, pair in enumerate(CHANNELS)}


class Limits(NamedTuple):
    """The catalogue's limits, (interventions,) each unless noted."""

    owner: np.ndarray  # (channels,) int64, intervention of every channel
    max_dose: np.ndarray  # study doses
    max_seconds: np.ndarray  # int64
    per_day: np.ndarray  # int64
    interval: np.ndarray  # s between two starts
    course: np.ndarray  # study doses over the whole treatment
    clinic: np.ndarray  # bool, given at the clinic, whose time is limited
    apart: np.ndarray  # (interventions, interventions), s


class Record(NamedTuple):
    """What every patient has been given, in the order in which it was decided; (rows, room) unless noted."""

    number: np.ndarray  # (rows,) int64, entries that count
    time: np.ndarray  # int64, s on the calendar
    seconds: np.ndarray  # int64
    channel: np.ndarray  # int64, index into CHANNELS
    dose: np.ndarray  # study doses
    burden: np.ndarray  # points


class Refusal(NamedTuple):
    """Why an administration is not allowed."""

    key: str  # of a schedule's entry, where the fault lies
    problem: str


class Menu(NamedTuple):
    """The administrations of all menu actions, one after the other; (parts,) each unless noted."""

    first: np.ndarray  # (actions + 1,) int64, action a consists of the parts first[a] : first[a + 1]
    time: np.ndarray  # int64, s after midnight
    seconds: np.ndarray  # int64
    channel: np.ndarray  # int64
    dose: np.ndarray  # study doses


def _limits() -> Limits:
    index = {what.name: k for k, what in enumerate(CATALOGUE)}
    apart = np.zeros((len(CATALOGUE), len(CATALOGUE)))
    for what in CATALOGUE:
        for other, hours in what.apart.items():
            apart[index[what.name], index[other]] = hours * HOUR
    return Limits(
        owner=np.array([index[name] for name, _ in CHANNELS]),
        max_dose=np.array([what.max_dose for what in CATALOGUE], float),
        max_seconds=np.array([what.max_minutes * 60 for what in CATALOGUE]),
        per_day=np.array([what.per_day for what in CATALOGUE]),
        interval=np.array([what.interval_h * HOUR for what in CATALOGUE], float),
        course=np.array([what.course for what in CATALOGUE], float),
        clinic=np.array([what.kind in {"stimulation", "training"} for what in CATALOGUE]),
        apart=apart,
    )


LIMITS = _limits()


def record(rows: int, room: int = 64) -> Record:
    """Return the record of `rows` patients who have been given nothing."""
    whole, real = (lambda: np.zeros((rows, room), np.int64)), (lambda: np.zeros((rows, room)))
    return Record(np.zeros(rows, np.int64), whole(), whole(), whole(), real(), real())


def with_room(kept: Record, entries: int) -> Record:
    """Return the record with room for `entries` more of every row."""
    room = kept.time.shape[1]
    needed = int(kept.number.max()) + entries
    if needed <= room:
        return kept
    wider = record(len(kept.number), max(needed, 2 * room))
    wider.number[:] = kept.number
    for new, old in zip(wider[1:], kept[1:], strict=True):
        new[:, :room] = old
    return wider


@kernel
def breach(
    time: int, seconds: int, channel: int, dose: float, row: int, kept: Record, limits: Limits, end: int
) -> tuple[int, int]:
    """Say what an administration to `row` would breach (NONE if nothing), and the earlier entry at fault (else -1).

    `end` is the end of treatment, s on the calendar.
    """
    own = limits.owner[channel]
    if time < 0 or time + seconds > end:
        return HORIZON, -1
    if not 0.0 < dose <= limits.max_dose[own]:
        return DOSE, -1
    if seconds > limits.max_seconds[own]:
        return DURATION, -1
    today, taken, busy = 0, dose, seconds
    for k in range(kept.number[row]):
        if limits.clinic[limits.owner[kept.channel[row, k]]] and kept.time[row, k] // DAY == time // DAY:
            busy += kept.seconds[row, k]
        if limits.owner[kept.channel[row, k]] != own:
            continue
        taken += kept.dose[row, k]
        if kept.channel[row, k] != channel:
            continue
        then = kept.time[row, k]
        if then < time + max(seconds, 1) and time < then + max(kept.seconds[row, k], 1):
            return OVERLAP, k
        if abs(then - time) < limits.interval[own]:
            return INTERVAL, k
        today += 1 if then // DAY == time // DAY else 0
    if today >= limits.per_day[own]:
        return PER_DAY, -1
    if taken > limits.course[own] + 1e-9:
        return COURSE, -1
    if limits.clinic[own] and busy > CLINIC_HOURS * HOUR:
        return CAPACITY, -1
    for k in range(kept.number[row]):
        if abs(kept.time[row, k] - time) < limits.apart[own, limits.owner[kept.channel[row, k]]]:
            return APART, k
    return NONE, -1


@kernel
def burdens(kept: Record, before: np.ndarray, until: np.ndarray, paid: np.ndarray) -> None:
    """Add to `paid`, (rows,), the points of what begins between `before` and `until`, (rows,) s each."""
    for row in range(paid.shape[0]):
        for k in range(kept.number[row]):
            if before[row] <= kept.time[row, k] < until[row]:
                paid[row] += kept.burden[row, k]


def refusal(given: Administration, row: int, kept: Record, end: int) -> Refusal | None:
    """Say why `given` is not allowed after what `row` has been given, or None if it is."""
    channel = CHANNEL_INDEX[given.intervention, given.target]
    code, at = breach(given.time, given.seconds, channel, given.dose, row, kept, LIMITS, end)
    if code == NONE:
        return None
    what, then = BY_NAME[given.intervention], int(kept.time[row, at])
    other = CHANNELS[kept.channel[row, at]][0]
    day, last = given.time // DAY + 1, (given.time + given.seconds - 1) // DAY + 1
    own = {
        HORIZON: Refusal("days", f"reaches day {max(day, last)}, beyond the {end // DAY} days of treatment"),
        DOSE: Refusal("dose", f"expected more than 0 and at most {what.max_dose:g} study doses"),
        DURATION: Refusal("duration", f"expected at most {what.max_minutes} min, not {given.seconds / 60:g}"),
    }
    if code in own:
        return own[code]
    with_others = {
        OVERLAP: f"overlaps the same intervention on the same target at day {then // DAY + 1}, {clock(then)}",
        INTERVAL: f"comes {abs(then - given.time) / HOUR:g} h after another; at least {what.interval_h:g} h must pass",
        PER_DAY: f"is more than {what.per_day} a day",
        COURSE: f"takes the course above {what.course:g} study doses",
        CAPACITY: f"takes stimulation and training above the {CLINIC_HOURS} h that a clinic has in a day",
        APART: f"is contraindicated within {what.apart.get(other, 0):g} h of '{other}'",
    }
    key = {OVERLAP: "every", INTERVAL: "every", PER_DAY: "repeats"}.get(code, "intervention")
    return Refusal(key, f"on day {day} it {with_others[code]}")


@kernel
def write(time: int, seconds: int, channel: int, dose: float, burden: float, row: int, kept: Record) -> None:
    """Add an entry to `row`; there must be room."""
    k = kept.number[row]
    kept.time[row, k], kept.seconds[row, k] = time, seconds
    kept.channel[row, k], kept.dose[row, k], kept.burden[row, k] = channel, dose, burden
    kept.number[row] += 1


@kernel
def next_start(now: int, time: int) -> int:
    """Return when the hour of the day `time` (s after midnight) comes next, s on the calendar."""
    start = now // DAY * DAY + time
    return start if start >= now else start + DAY


@kernel
def menu_masks(clock: np.ndarray, kept: Record, choices: Menu, limits: Limits, end: int, legal: np.ndarray) -> None:
    """Write into `legal`, (rows, actions) int8, which menu actions are allowed now; 0, to wait, always is.

    The parts of an action are entered while the later ones are checked, then taken back; `kept` must have room.
    """
    for row in range(legal.shape[0]):
        before = kept.number[row]
        for action in range(legal.shape[1]):
            legal[row, action] = 1
            for part in range(choices.first[action], choices.first[action + 1]):
                start = next_start(clock[row], choices.time[part])
                seconds, channel, dose = choices.seconds[part], choices.channel[part], choices.dose[part]
                code, _ = breach(start, seconds, channel, dose, row, kept, limits, end)
                if code != NONE:
                    legal[row, action] = 0
                    break
                write(start, seconds, channel, dose, 0.0, row, kept)
            kept.number[row] = before


def enter(given: Administration, row: int, kept: Record) -> None:
    """Add `given` to what `row` has been given; there must be room."""
    channel = CHANNEL_INDEX[given.intervention, given.target]
    write(given.time, given.seconds, channel, float(given.dose), float(given.burden), row, kept)


def entries(kept: Record, row: int) -> list[Administration]:
    """Return what `row` has been given."""
    time, seconds, channel, dose = (column[row, : kept.number[row]].tolist() for column in kept[1:5])
    names, targets = zip(*(CHANNELS[c] for c in channel), strict=True) if channel else ((), ())
    return list(map(Administration, time, seconds, names, targets, dose))


def clock(time: int) -> str:
    """Write a second of the calendar as an hour of its day."""
    return f"{time % DAY // HOUR:02d}:{time % HOUR // 60:02d}"
