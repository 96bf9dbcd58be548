"""Two eyes: thalamic axons of either compete for binocular cells, which inhibit each other.

An axon stands for a bundle of fibres. What a bundle carries is a pattern, alike in both eyes, when a gaze shifts with
the eye open; an eye that is closed keeps its mean rate and loses its correlation (Linden 2009, Nat Neurosci 12:390),
which in a bundle is an even discharge. Cells begin with random axons of both eyes, and seeing carves what they answer
to. Axons that fire with the cell's answer grow, those that fire past it shrink (rule of circuit/plasticity.py); a
cell's dendrite holds only so much (molecular/consolidation.py). Cells have no synapses on each other, only inhibition.
"""

from functools import lru_cache

import numpy as np

from plastenv import arrays, rng
from plastenv.circuit.episodes import EPISODES, INDEX, table
from plastenv.circuit.params import Anatomy, CircuitParams
from plastenv.circuit.spiking import no_patterns
from plastenv.circuit.state import empty
from plastenv.lab import steps
from plastenv.lab.subject import Subject, clamp, drugs, eventless, first_hour, keys_of, newborns
from plastenv.model.advance import advance
from plastenv.model.calendar import Event, lay_out
from plastenv.model.look import look
from plastenv.model.measure import Probes
from plastenv.model.types import DAY, HOUR, ModelParams, ModelState
from plastenv.molecular.params import MolecularParams
from plastenv.molecular.pharmacology import pharmacology

CELLS = 24  # binocular cells; about half of them answer to something in the end
AXONS = 16  # bundles per eye; their preferred orientations are spread evenly
ORIENTATIONS = 8  # patterns that are seen
PEAK = 1.0  # 100 Hz, a bundle's answer to its own orientation: five spikes in 50 ms
WIDTH = 0.6  # of tuning, half-width 21 degrees at half height; Niell & Stryker 2008, J Neurosci 28:7520
DARK = 0.5  # discharge of an eye in the dark over that of one behind its lid
CONTACTS = 4.0  # typical synapses of a bundle on a cell at birth, on average; more in all than a dendrite can keep
SPREAD = (0.2, 1.8)  # of these, as of all newborn wiring
AGES = {"critical-period": 21, "adult": 80}  # d on the calendar of youth: brakes half close at 31
OPENING = -8  # d, when eyes open; inhibition is half grown, as in the second week (Huang 1999, Cell 98:739)
WAKE, BED = 7, 23  # h
GAZE = INDEX["gaze"]
SLOT = 180  # s; enriched surroundings are looked at once in each, ordinary ones in every other (as in a map)
SHARED = -7 * DAY  # s, until then all animals of an age live alike
OUTLAST = 28 * DAY  # s, how long animals go on seeing after the last step; longer than any study
BIRTH_RATE = 0.05  # 100 Hz, activity that cells are born to expect
STATES: tuple[steps.Eye, ...] = ("open", "closed", "dark")


def patterns() -> np.ndarray:
    """Return what an open eye's bundles fire for every orientation, (orientations, axons), 100 Hz."""
    away = np.arange(AXONS) / AXONS - np.arange(ORIENTATIONS)[:, None] / ORIENTATIONS
    return PEAK * np.exp((np.cos(2.0 * np.pi * away) - 1.0) / WIDTH**2)


def _anatomy() -> Anatomy:
    """Wire both eyes. Cues are patterns in both, in the left, in the right eye; contexts what other eyes discharge."""
    seen, gaze = patterns(), EPISODES[GAZE]
    steady = seen.mean() * (gaze.cue[1] - gaze.cue[0]) / gaze.duration
    left, right = np.kron([1.0, 0.0], seen), np.kron([0.0, 1.0], seen)
    level = np.array([0.0, steady, DARK * steady])
    pairs = np.array([[level[a], level[b]] for a in range(len(STATES)) for b in range(len(STATES))])
    none = np.zeros((1, CELLS), np.float32)
    return Anatomy(
        cues=np.concatenate([left + right, left, right]).astype(np.float32),
        contexts=np.kron(pairs, np.ones(AXONS)).astype(np.float32),
        outcome_drive=none,
        outcome_read=none,
        surprise_gain=np.zeros(1, np.float32),
        omission_gain=np.zeros(1, np.float32),
        omission_drive=none,
        stimulation=none,
        cue_outcome=np.zeros(3 * ORIENTATIONS, np.int64),
        projects=none[0],
        receives=np.ones(CELLS, np.float32),
        assemblies=np.eye(CELLS, dtype=np.float32),
        cue_assembly=np.zeros(3 * ORIENTATIONS, np.int64),
    )


def _params(birth: int, molecular: MolecularParams, circuit: CircuitParams) -> ModelParams:
    # The gazes of a day stand for all its seeing, so that running activity is the rate while something is seen.
    seconds = (BED - WAKE) * HOUR / (2 * SLOT) * EPISODES[GAZE].duration
    molecular = molecular._replace(homeostasis=molecular.homeostasis._replace(waking_seconds=seconds))
    life = eventless(birth, WAKE, BED)
    return ModelParams(circuit, molecular, pharmacology(), _anatomy(), life, table(), no_patterns())


def _newborn(keys: np.ndarray, params: ModelParams) -> ModelState:
    number, shape = len(keys), (2 * AXONS, CELLS)
    circuit, typical = empty(number, CELLS, 2 * AXONS), CONTACTS * params.circuit.plasticity.weight_unit
    for p, key in enumerate(keys):
        weights = typical * rng.generator(int(key), rng.WIRING).uniform(*SPREAD, shape)
        circuit.late[p, CELLS:] = circuit.structure[p, CELLS:] = weights
    circuit.activity[:] = circuit.set_point[:] = BIRTH_RATE
    return newborns(keys, circuit, params.everyday.birth + OPENING * DAY)


@lru_cache(512)
def _day(day: int) -> tuple[tuple[int, int, bool], ...]:
    """Return the gazes of a day: when, s, at which orientation, and whether only enriched surroundings bring it."""
    draw, number = rng.generator(10**6 + day, rng.HISTORY), (BED - WAKE) * HOUR // SLOT
    late, turned = draw.integers(SLOT, size=number), np.zeros(number, np.int64)
    for extra in (0, 1):  # every orientation once, in random order, again and again
        rounds = [draw.permutation(ORIENTATIONS) for _ in range(number // (2 * ORIENTATIONS))]
        turned[extra::2] = np.concatenate(rounds)
    first = day * DAY + WAKE * HOUR
    return tuple((first + k * SLOT + int(late[k]), int(turned[k]), k % 2 == 1) for k in range(number))


def _rearing(schedule: tuple[steps.Step, ...], at: int) -> steps.See | None:
    """Return the step that says what is seen at `at`, s; None where both eyes are open."""
    before = [step for step in schedule if isinstance(step, steps.See) and step.at <= at]
    last = max(before, key=lambda step: step.at, default=None)
    return None if last is None or (last.until is not None and last.until <= at) else last


def gazes(begin: int, end: int, schedule: tuple[steps.Step, ...] = ()) -> list[Event]:
    """Return what is seen between `begin` and `end`, s."""
    events = []
    for at, orientation, extra in (gaze for day in range(begin // DAY, end // DAY + 1) for gaze in _day(day)):
        step = _rearing(schedule, at)
        if not begin <= at < end or (extra and not (step and step.enriched)):
            continue
        left, right = (step.left, step.right) if step else ("open", "open")
        seeing = {(True, True): 0, (True, False): 1, (False, True): 2}.get((left == "open", right == "open"))
        cue = -1 if seeing is None else seeing * ORIENTATIONS + orientation
        context = len(STATES) * STATES.index(left) + STATES.index(right)
        events.append(Event(at, episode=GAZE, cue=cue, context=context))
    return events


def _grow(state: ModelState, params: ModelParams, until: int) -> None:
    ordinary = gazes(int(state.clock[0]), until)
    advance(state, lay_out([ordinary] * len(state.key)), params, until)


@lru_cache(8)
def _reared(
    age: str,
    until: int,
    clamps: tuple[tuple[str, float], ...],
    keys: tuple[int, ...],
    molecular: MolecularParams,
    circuit: CircuitParams,
) -> ModelState:
    """Rear animals, which see with both eyes, to the time `until`, s; arms share them."""
    params = _params(-AGES[age] * DAY, molecular, circuit)
    state = _newborn(np.array(keys, np.uint64), params)
    clamp(state, dict(clamps))
    _grow(state, params, until)
    return state


def subject(
    spec: steps.Eyes,
    schedule: tuple[steps.Step, ...],
    seeds: range,
    molecular: MolecularParams,
    circuit: CircuitParams,
) -> Subject:
    """Return animals, one per seed, of the age asked for at t0, an hour before the first step of `schedule`."""
    keys = keys_of(seeds)
    begin, clamps = first_hour(schedule), dict(spec.clamps)
    params = _params(-AGES[spec.age] * DAY, molecular, circuit)
    shared = min(begin, SHARED)
    reared = _reared(spec.age, shared, tuple(clamps.items()), tuple(keys.tolist()), molecular, circuit)
    state = arrays.copy(reared)
    _grow(state, params, begin)
    given = [drugs(step, clamps) or ([], getattr(step, "until", None) or step.at) for step in schedule]
    ends = [end for _, end in given]
    events = gazes(begin, round(max([0.0, *ends])) + OUTLAST, schedule) + [event for some, _ in given for event in some]
    deprived = _deprived(schedule)
    before, sharp = _dominance(state, params, deprived), _sharpness(state, params, deprived)

    def read(now: ModelState, measure: str, of: str | None) -> np.ndarray:
        if measure == "acuity":
            return _sharpness(now, params, deprived) / sharp
        return (_dominance(now, params, deprived) - before) / (1.0 - before)

    return Subject(state, params, events, [], ends, read)


def _deprived(schedule: tuple[steps.Step, ...]) -> int:
    """Return which eye, 0 = left, is closed first while the other is open; the left one where none is."""
    for step in sorted((step for step in schedule if isinstance(step, steps.See)), key=lambda step: step.at):
        if (step.left == "open") != (step.right == "open"):
            return int(step.left == "open")
    return 0


def answers(state: ModelState, params: ModelParams) -> np.ndarray:
    """Return the cells' answers to every orientation through one eye, (seeds, eyes, orientations, cells), 100 Hz."""
    cues, none = np.arange(3 * ORIENTATIONS), np.zeros(0, np.int64)
    found = look(state, params, Probes(cues, none, 0, np.zeros(1, np.int64), np.ones(1)))
    return found[:, ORIENTATIONS:].reshape(len(state.key), 2, ORIENTATIONS, CELLS)


def _dominance(state: ModelState, params: ModelParams, deprived: int) -> np.ndarray:
    """Return how much the cells answer to the other eye rather than to the deprived one, -1 to 1, (seeds,)."""
    total = answers(state, params).mean((2, 3))
    return (total[:, 1 - deprived] - total[:, deprived]) / total.sum(1)


def _sharpness(state: ModelState, params: ModelParams, deprived: int) -> np.ndarray:
    """Return how much the answers to neighbouring orientations through the deprived eye differ, (seeds,), 100 Hz."""
    seen = answers(state, params)[:, deprived]
    return np.abs(seen - np.roll(seen, 1, axis=1)).mean((1, 2))
