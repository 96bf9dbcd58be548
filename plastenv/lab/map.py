"""A motor map: intentions drive the units that move a limb; a stroke takes its middle, its surround may take over.

Every movement owns a sector of the map. The limb's sensation of a movement reaches the sector's middle most and its
surround less, so that infancy carves the middle deep and the surround thinly. A stroke takes units from the middle
outward for good and opens weeks of growth. Practice is attempts: one that succeeds is felt as the movement that was
meant, which surprises as long as the map does not expect it; one that fails is felt as the neighbouring movement,
always the same ("learned baduse"; Alaverdashvili 2008, Behav Brain Res 188:281), and surprises nobody. Numbers of the
map stand here, those of what is done to it in procedures.TABLE.
"""

from functools import lru_cache

import numpy as np

from plastenv import arrays
from plastenv.circuit.episodes import INDEX, table
from plastenv.circuit.neurons import RELEASE
from plastenv.circuit.params import Anatomy, CircuitParams
from plastenv.circuit.spiking import no_patterns
from plastenv.lab import steps
from plastenv.lab.fear import MORNING
from plastenv.lab.procedures import number
from plastenv.lab.subject import Operation, Subject, acts, clamp, drugs, first_hour, keys_of, repeated
from plastenv.model.advance import advance, remembering
from plastenv.model.calendar import Event, lay_out
from plastenv.model.measure import Probes, measure
from plastenv.model.types import DAY, HOUR, Everyday, ModelParams, ModelState, Traits
from plastenv.molecular.params import MolecularParams
from plastenv.molecular.pharmacology import pharmacology
from plastenv.patients.development import Youth, infancy, newborn
from plastenv.scenarios.anatomy import CUE_WIDTH, RECALL_RATE, SURPRISE

MOVEMENTS = 4  # of one limb, such as reaching, grasping, pulling, releasing
SECTOR = 16  # units of a movement
UNITS = MOVEMENTS * SECTOR
TEACHING = 3.0  # input that a movement's sensation is to the middle of its sector; as outcomes in Fear
RIM = 0.5  # input to the rim over that to the middle; movements are represented less and less outward
YOUTH = Youth(infancy=10, adversity=0, adulthood=63, play=5, birth_weight=0.02)  # until the intact map is perfect
EXTRA, SUCCEEDS, WAKE, BED, REPLAYS = 4, 0.25, 7, 23, 2  # a life with eight uses of the limb a day, most in vain
NEVER = 2.0  # expectation at which a movement would be avoided; it never is
STROKE = 0.5  # share of the map that a stroke before t0 has taken; steps.Lesion has the same
GROWTH = {"nogo-relief": "growth-relief", "trkb": "growth-trkb"}  # actions of an injury, and their numbers
PROBES = Probes(
    np.arange(MOVEMENTS), np.zeros(0, np.int64), 0, np.zeros(1, np.int64), np.array([0.5, 0.75, 1.0])
)  # every intention at three strengths, as in Fear


def middle_out() -> np.ndarray:
    """Return the units of the map from its middle, where all sectors meet, outward, (units,)."""
    return np.arange(UNITS).reshape(MOVEMENTS, SECTOR).T.ravel()


def _anatomy() -> Anatomy:
    """Wire the map. Intentions have axons of their own; the first outcomes are successes, the others only felt."""
    sectors = np.kron(np.eye(MOVEMENTS, dtype=np.float32), np.ones(SECTOR, np.float32))
    felt = TEACHING * sectors * np.tile(np.linspace(1.0, RIM, SECTOR), MOVEMENTS)
    own = np.arange(MOVEMENTS, dtype=np.int64)
    return Anatomy(
        cues=np.kron(np.eye(MOVEMENTS, dtype=np.float32), np.ones(CUE_WIDTH, np.float32)),
        contexts=np.zeros((1, MOVEMENTS * CUE_WIDTH), np.float32),
        outcome_drive=np.tile(felt, (2, 1)).astype(np.float32),
        outcome_read=np.tile(sectors / SECTOR / RECALL_RATE, (2, 1)).astype(np.float32),
        surprise_gain=np.repeat([SURPRISE, 0.0], MOVEMENTS).astype(np.float32),
        omission_gain=np.zeros(2 * MOVEMENTS, np.float32),
        omission_drive=np.zeros((2 * MOVEMENTS, UNITS), np.float32),
        stimulation=np.ones((1, UNITS), np.float32),
        cue_outcome=own,
        projects=np.ones(UNITS, np.float32),
        receives=np.ones(UNITS, np.float32),
        assemblies=sectors,
        cue_assembly=own,
    )


def _params(birth: int, molecular: MolecularParams, circuit: CircuitParams) -> ModelParams:
    start, place = birth + YOUTH.infancy * DAY, np.zeros(1, np.int64)
    life = Everyday(start, birth, np.arange(MOVEMENTS), EXTRA, place, SUCCEEDS, 1.0, WAKE, BED, REPLAYS)
    return ModelParams(circuit, molecular, pharmacology(), _anatomy(), life, table(), no_patterns())


def _born(keys: np.ndarray, params: ModelParams) -> ModelState:
    def same(value: float) -> np.ndarray:
        return np.full(len(keys), value)

    traits = Traits(same(1.0), same(1.0), same(1.0), same(NEVER), same(1.0), np.zeros((len(keys), 1)), same(1.0))
    return remembering(newborn(keys, traits, params, YOUTH), params)


def destroy(state: ModelState, anatomy: Anatomy, share: float) -> None:
    """Take a `share` of the map's units out of `state` and `anatomy`, from the middle outward, in place.

    Their synapses are gone and cannot come back: dead units neither receive nor project, and nothing drives them.
    """
    dead, circuit = middle_out()[: round(share * UNITS)], state.circuit
    for synapses in (circuit.early, circuit.late, circuit.structure, circuit.refractory):
        synapses[:, dead] = 0.0
        synapses[:, :, dead] = 0.0
    for wiring in (anatomy.receives, anatomy.projects, anatomy.outcome_drive, anatomy.stimulation):
        wiring[..., dead] = 0.0
    circuit.activity[:, dead] = 0.0
    state.memo.known[:] = False  # what everyday life did before the stroke


def _growth(at: float, clamps: dict[str, float]) -> list[Event]:
    """Return what an injury at `at`, s, does to growth, day after day: Nogo signalling is low, BDNF is made."""
    half, width, events = number("growth-half"), number("growth-width"), []
    days = round(half + 6.0 * width)
    for day in range(days + 1):
        left = 1.0 / (1.0 + np.exp((day - half) / width)) if day < days else 0.0
        for action, peak in GROWTH.items():
            level = 1.0 - (1.0 - clamps.get(action, 0.0)) * (1.0 - number(peak) * left)
            events.append(acts(action, level, at + day * DAY))
    return events


def _attempt(at: float, n: int, release: str) -> Event:
    """Return the `n`-th attempt, at `at`, s; all movements have their turn, and every so many turns succeed."""
    turn, movement = divmod(n, MOVEMENTS)
    fails = turn % round(number("attempts-per-success")) > 0
    neighbour = (movement + 1) % MOVEMENTS
    released = release == "extra" or (release == "paired" and not fails)
    return Event(
        round(at),
        episode=INDEX["reinforced-trial"],
        cue=movement,
        outcome=MOVEMENTS + neighbour if fails else movement,
        target=RELEASE if released else -1,
        amplitude=number("release") if released else 0.0,
    )


def _session(step: steps.Teach, which: int, begins: float) -> list[Event]:
    """Return the session `which` of practice, which begins at `begins`, s; turns go on where the last one stopped."""
    attempts = round(number("attempts"))
    pause, first = 60.0 * step.minutes / attempts, which * attempts
    events = [_attempt(begins + n * pause, first + n, step.release) for n in range(attempts)]
    if step.release != "delayed":
        return events
    wait, row = round(number("release-delay") * HOUR), INDEX["release"]
    successes = [event.time for event in events if event.outcome < MOVEMENTS]
    return events + [Event(time + wait, episode=row, target=RELEASE, amplitude=number("release")) for time in successes]


def _enriched(begins: float, ends: float) -> list[Event]:
    """Return what enriched surroundings add from `begins` to `ends`, s: attempts spread over every waking day."""
    pause = round((BED - WAKE) * HOUR / number("enriched-attempts"))
    waking = range(WAKE * HOUR + pause // 2 - MORNING, BED * HOUR - MORNING, pause)
    days = range(int(begins // DAY), int(ends // DAY) + 1)
    times = [at for at in (day * DAY + at for day in days for at in waking) if begins <= at < ends]
    return [_attempt(at, n, "none") for n, at in enumerate(times)]


def _events(step: steps.Step, clamps: dict[str, float]) -> tuple[list[Event], float]:
    """Return the events of a step and its end, s after t0."""
    given = drugs(step, clamps)
    if given is not None:
        return given
    match step:
        case steps.Lesion():
            return _growth(step.at, clamps), step.at
        case steps.Teach():
            sessions = repeated(step)
            events = [event for which, at in enumerate(sessions) for event in _session(step, which, at)]
            end = sessions[-1] + 60.0 * step.minutes
            return events + (_enriched(step.at, end) if step.enriched else []), end
    raise ValueError(f"'{step.do}' cannot be done to a map")


@lru_cache(4)
def _grown(
    keys: bytes,
    clamps: tuple[tuple[str, float], ...],
    history: int | None,
    begin: int,
    molecular: MolecularParams,
    circuit: CircuitParams,
) -> tuple[ModelState, ModelParams, np.ndarray]:
    """Grow maps to `begin`, s on their clock; a stroke `history` s before t0 (None: none) has taken its share.

    Returns also their skill before the stroke, (seeds,). Arms of a study share what it returns: copy before changing.
    """
    own, held = np.frombuffer(keys, np.uint64), dict(clamps)
    stroke = begin if history is None else MORNING - history
    params = _params(stroke // DAY * DAY - YOUTH.days * DAY, molecular, circuit)
    state = _born(own, params)
    clamp(state, held)
    advance(state, lay_out([infancy(params, YOUTH)] * len(own)), params, stroke)
    skill = measure(state, params, PROBES).function
    if history is not None:
        destroy(state, params.anatomy, STROKE)
        advance(state, lay_out([_growth(stroke, held)] * len(own)), params, begin)
    return state, params, skill


def _spread(state: ModelState, anatomy: Anatomy) -> np.ndarray:
    """Return the share of what intentions send to the living that lands outside their own sectors, (seeds,)."""
    weights = (state.circuit.early + state.circuit.late)[:, UNITS:] * anatomy.receives
    landing = np.einsum("mk,pki,ai->pma", anatomy.cues, weights, anatomy.assemblies)
    return 1.0 - np.trace(landing, axis1=1, axis2=2) / landing.sum((1, 2))


def subject(
    spec: steps.Map,
    schedule: tuple[steps.Step, ...],
    seeds: range,
    molecular: MolecularParams,
    circuit: CircuitParams,
) -> Subject:
    """Return adult maps, one per seed, at the last full hour before the first step of `schedule`.

    A lesion changes the anatomy of this subject, and of no other, when its time comes. Raises ValueError for a bath
    of what an injury does itself.
    """
    keys = keys_of(seeds)
    clamps, history = dict(spec.clamps), None if spec.history is None else round(spec.history / HOUR) * HOUR
    lesions = [step for step in schedule if isinstance(step, steps.Lesion)]
    for step in schedule:
        if isinstance(step, steps.Bath) and step.action in GROWTH and (lesions or history is not None):
            raise ValueError(f"a bath of '{step.action}' beside an injury, which does the same; expected none")
    begin = MORNING + first_hour(schedule)
    grown, params, skill = _grown(keys.tobytes(), tuple(spec.clamps.items()), history, begin, molecular, circuit)
    state, params = arrays.copy(grown), params._replace(anatomy=arrays.copy(params.anatomy))
    done = [_events(step, clamps) for step in schedule]
    events = [event for given, _ in done for event in given]
    if history is not None:
        events += [event for event in _growth(-history, clamps) if event.time >= begin - MORNING]

    def lesion(step: steps.Lesion) -> Operation:
        return Operation(round(step.at), lambda now: destroy(now, params.anatomy, step.share))

    def read(now: ModelState, measured: str, of: str | None) -> np.ndarray:
        if measured == "spread":
            return _spread(now, params.anatomy)
        return measure(now, params, PROBES).function / skill

    operations = [lesion(step) for step in lesions]
    return Subject(state, params, events, operations, [end for _, end in done], read, MORNING)
