"""Schedules that emergent.py needs and the library does not have; within limits, but for the ends of dose sweeps."""

from collections.abc import Iterable

from plastenv.model.types import DAY, HOUR
from plastenv.therapy.interventions import BY_NAME, Administration
from plastenv.therapy.limits import enter, record, refusal
from plastenv.therapy.protocol import LIBRARY_DAYS, Protocol

OPENING, SESSIONS, PAIRED = range(7, 17, 3), (8, 9, 11, 12, 14, 15, 17, 18), (8, 9, 11, 12)  # days
SIX_WEEKS = range(1, 44)
SWEEPS = {  # study doses; the last are beyond what may be given
    "rapid-opener": (0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 4.0),
    "stimulation": (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0),
    "stimulation-closed": (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0),
}


def give(
    name: str, days: Iterable[int], hour: float = 9.0, dose: float = 1.0, target: str = "", minutes: int | None = None
) -> list[Administration]:
    """Return one intervention at the same hour of several days, counted from 1."""
    what = BY_NAME[name]
    seconds = 60 * (what.minutes if minutes is None else minutes)
    start = 0 if what.kind == "environment" else round(hour * HOUR)
    return [
        Administration((day - 1) * DAY + start, seconds, name, target or what.targets[0], dose)
        for day in days
        if dose > 0.0
    ]


def schedule(name: str, title: str, *parts: list[Administration], beyond: bool = False) -> Protocol:
    """Put the parts in order of time. Raises ValueError for what limits forbid, unless it may go `beyond` them."""
    given = sorted((each for part in parts for each in part), key=lambda each: (each.time, each.intervention))
    before = record(1, len(given) + 1)
    for each in given:
        refused = refusal(each, 0, before, LIBRARY_DAYS * DAY)
        if refused and not beyond:
            raise ValueError(f"{name}: {each.intervention}, {refused.key}: {refused.problem}")
        enter(each, 0, before)
    return Protocol(name, title, "", "tests/acceptance", tuple(given))


def twice(days: Iterable[int], target: str = "all-cues") -> list[Administration]:
    """Return two hours of training on each day, four hours from start to start."""
    own = list(days)
    return give("extinction-training", own, 10, target=target) + give("extinction-training", own, 14, target=target)


def overdriven() -> list[Administration]:
    """Return two hours of the strongest stimulation everywhere on every day of six weeks."""
    return [each for hour in (9, 15) for each in give("excitatory-stimulation", SIX_WEEKS, hour, 2.0, "broad", 60)]


def swept() -> list[Protocol]:
    """Return the dose sweeps: an opener or stimulation at every dose, with the same training."""
    opener, training = give("rapid-opener", OPENING), give("extinction-training", SESSIONS, 10)
    found = []
    for dose in SWEEPS["rapid-opener"]:
        own = give("rapid-opener", OPENING, dose=dose)
        found.append(schedule(f"rapid-opener-{dose:g}", "Opener, then training", own, training, beyond=dose > 1.5))
    brief = give("extinction-training", PAIRED, 10, minutes=15)
    for dose in SWEEPS["stimulation"]:
        own, beyond = give("excitatory-stimulation", PAIRED, 9, dose, minutes=60), dose > 2.0
        title = "Opener, then an hour of stimulation before brief training"
        found.append(schedule(f"stimulation-{dose:g}", title, opener, own, brief, beyond=beyond))
        own = give("excitatory-stimulation", SESSIONS, 9, dose)
        title = "Stimulation, then training, brakes closed"
        found.append(schedule(f"stimulation-closed-{dose:g}", title, own, training, beyond=beyond))
    return found


def composed() -> list[Protocol]:
    """Return every schedule by itself, names unlike the library's."""
    opener, open_long = give("rapid-opener", OPENING), give("rapid-opener", SIX_WEEKS[::3])
    between = [day for day in SIX_WEEKS if day not in SIX_WEEKS[::3]]
    fortnight = range(7, 19)
    benign, adverse = give("benign-environment", fortnight), give("adverse-environment", fortnight)
    reminded = give("brief-reactivation", OPENING, 9, minutes=5)
    return [
        schedule("slow-window-alone", "Four weeks of a slow opener", give("slow-opener", range(1, 29), 8)),
        schedule("benign-alone", "A good fortnight", benign),
        schedule("adverse-alone", "A bad fortnight", adverse),
        schedule("window-in-benign-fortnight", "Opener in a good fortnight", opener, benign),
        schedule("window-in-adverse-fortnight", "Opener in a bad fortnight", opener, adverse),
        schedule("window-then-split-training", "As massed, the two hours apart", opener, twice(PAIRED)),
        schedule("training-on-the-day-of-the-dose", "An hour and five after each dose", opener, twice(OPENING)),
        schedule("reminder-blocker", "Synthesis blocked after reminders", reminded,
                 give("synthesis-blocker", OPENING, 9.25)),
        schedule("reminder-blocker-six-hours", "Blocked six hours after reminders", reminded,
                 give("synthesis-blocker", OPENING, 15.25)),
        schedule("one-cue", "Opener, then training of one cue", opener, twice(SESSIONS, "cue-1")),
        schedule("one-cue-six-weeks-open", "The same for six weeks", open_long, twice(between, "cue-1")),
        schedule("one-cue-six-weeks-closed", "Without opener", twice(between, "cue-1")),
        schedule("six-weeks-open", "Opener and training of the feared cues for six weeks", open_long, twice(between)),
        schedule("six-weeks-closed", "The same training without opener", twice(between)),
        schedule("overdriven-open", "Opener and stimulation for six weeks", open_long, overdriven()),
        schedule("overdriven-training", "The same, with the usual eight sessions", open_long, overdriven(),
                 give("extinction-training", SESSIONS, 11)),
        schedule("overdriven-closed", "Stimulation for six weeks", overdriven()),
        *swept(),
    ]  # fmt: skip
