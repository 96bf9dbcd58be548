"""What a preparation is to the bench: patients of the model, their calendar, and how to read them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from plastenv import rng
from plastenv.circuit.memo import memo
from plastenv.circuit.state import CircuitState
from plastenv.lab import steps
from plastenv.lab.procedures import number
from plastenv.model.calendar import Event
from plastenv.model.types import DAY, HOUR, Everyday, ModelParams, ModelState, Traits
from plastenv.molecular.pharmacology import ACTIONS, COMPOUND_INDEX, COMPOUNDS, TARGETS
from plastenv.molecular.state import infant

Reading = Callable[[ModelState, str, str | None], np.ndarray]


class Operation(NamedTuple):
    """Something that is done to the circuit itself (a lesion, an erasure); moved to the next full hour."""

    time: int  # s after t0
    do: Callable[[ModelState], None]


class Subject(NamedTuple):
    """A preparation at the start of an arm."""

    state: ModelState  # one row per seed; its clock stands before the first step
    params: ModelParams
    events: list[Event]  # the same for every seed, s after t0
    operations: list[Operation]
    ends: list[float]  # s after t0 at which each step of the schedule ends
    read: Reading  # (state, measure, of) -> (seeds,)
    t0: int = 0  # s on the clock of `state`; all other times count from it


NEVER = 2**40  # s
LOT = 1998  # keys of the laboratory, apart from those of patients


def keys_of(seeds: range) -> np.ndarray:
    """Return the keys of preparations that are grown in the laboratory, (seeds,)."""
    return np.array([rng.derive(LOT, seed) for seed in seeds], np.uint64)


def eventless(birth: int, wake: int = 0, bed: int = 24) -> Everyday:
    """Return a life to which nothing comes of itself, from `birth`, s; it sleeps between `bed` and `wake`, h."""
    none = np.zeros(0, np.int64)
    return Everyday(NEVER, birth, none, 0, np.zeros(1, np.int64), 0.0, 1.0, wake, bed, 0)


def newborns(keys: np.ndarray, circuit: CircuitState, clock: int) -> ModelState:
    """Return newborns of typical traits, one per key, with the synapses of `circuit`, at `clock`, s."""
    number, units = circuit.gain.shape
    same = np.ones(number)
    return ModelState(
        np.full(number, clock, np.int64),
        keys.copy(),
        Traits(same, same.copy(), same.copy(), 2.0 * same, 0.0 * same, np.zeros((number, 1)), same.copy()),
        circuit,
        memo(number, 0, units),
        infant(number, units, len(COMPOUNDS), len(TARGETS)),
        np.zeros(number, np.int64),
        np.full(number, clock - DAY, np.int64),
    )


def acts(action: str, level: float, at: float) -> Event:
    """Return the event from which an action is held at `level`."""
    return Event(round(at), compound=-2 - ACTIONS[action], dose=level)


def repeated(step: steps.Step) -> list[float]:
    """Return the times, s, at which a step that may repeat takes place."""
    every, until = getattr(step, "every", None), getattr(step, "until", None)
    if every is None:
        return [step.at]
    return list(np.arange(step.at, until, every))


def drugs(step: steps.Step, clamps: dict[str, float]) -> tuple[list[Event], float] | None:
    """Return the events and the end of a step that gives a drug; None for any other step."""
    match step:
        case steps.Dose():
            times = repeated(step)
            if step.compound == "none":
                return [], times[-1]
            row = COMPOUND_INDEX[step.compound]
            return [Event(round(at), compound=row, dose=step.dose) for at in times], times[-1]
        case steps.Bath():
            held = clamps.get(step.action, 0.0)
            level = 1.0 - (1.0 - held) * (1.0 - step.level)
            inside = step.action == "synthesis-block"
            onset, wash = number("translation-block"), number("translation-recovery" if inside else "wash-out")
            given = _drift(step.action, held, level, step.at, onset if inside else 0.0)
            if step.until is not None:
                given = [event for event in given if event.time < step.until]
                given += _drift(step.action, level, held, step.until, wash)
            return given, step.at if step.until is None else step.until
    return None


def _drift(action: str, before: float, after: float, since: float, minutes: float) -> list[Event]:
    """Return the events by which an action moves to another level, in steps of a third of its time constant."""
    if minutes == 0.0:
        return [acts(action, after, since)]
    left = [after + (before - after) * float(np.exp(-k / 3)) for k in range(1, 13)]
    return [acts(action, now, since + k * 20 * minutes) for k, now in enumerate([*left, after])]


def clamp(state: ModelState, clamps: dict[str, float]) -> None:
    """Hold actions at constant levels from now on."""
    for action, level in clamps.items():
        state.molecules.bath[:, ACTIONS[action]] = level


def first_hour(schedule: Sequence[steps.Step]) -> int:
    """Return the last full hour, s after t0, before anything of a schedule happens; at most -1 h."""
    first = min([0.0, *(step.at for step in schedule)])
    return int(first // HOUR - 1) * HOUR
