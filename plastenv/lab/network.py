"""A cultured network: sparse random wiring, little inhibition, and bursts that it ignites by itself.

Cells that fire spontaneously (the input axons) ignite bursts; what becomes of a burst is the circuit's. The culture
matures before anything is done to it, so that its neurons know which activity to expect; nothing but its own
activity and drugs in the dish ever reaches it.
"""

from functools import lru_cache

import numpy as np

from plastenv import arrays, rng
from plastenv.circuit import episodes
from plastenv.circuit.params import Anatomy, CircuitParams
from plastenv.circuit.spiking import no_patterns
from plastenv.circuit.state import empty
from plastenv.lab import steps
from plastenv.lab.subject import Subject, clamp, drugs, eventless, first_hour, keys_of, newborns
from plastenv.model.advance import advance
from plastenv.model.calendar import Event, lay_out
from plastenv.model.look import look
from plastenv.model.measure import Probes
from plastenv.model.types import DAY, ModelParams, ModelState
from plastenv.molecular.params import MolecularParams
from plastenv.molecular.pharmacology import ACTIONS, pharmacology

UNITS = 48  # recurrent excitation, 1.4 without inhibition, then suffices for bursts that sustain themselves
IGNITIONS, PACEMAKERS = 8, 8  # groups of spontaneously firing cells, each of so many
PACE = 0.5  # 100 Hz, a pacemaker's rate while it ignites a burst; barely enough with inhibition
CONNECTED = 0.3  # probability that a cell contacts another; Giugliano 2004, J Neurophysiol 92:977
SPREAD = (0.5, 1.5)  # of initial weights, in typical ones, as in slices
AGE = 80  # d, mature as the slices of adults are, so that neurons have learned which activity to expect
LACKING = {"inhibition-block": 0.8}  # share of inhibition that dissociated cultures lack, as in slices
BURSTING = 0.25  # share of time spent in bursts, which last up to seconds; van Pelt 2004, Neurosci Lett 361:86
BURSTS = 24  # a day that are simulated; each stands for many
BURST = episodes.INDEX["replay"]  # sleep-like, without neuromodulators; Hinard 2012, J Neurosci 32:12506
RECORDED = 30 * DAY  # s, how long bursts go on after the recording begins; longer than any study


def _anatomy() -> Anatomy:
    none = np.zeros((1, UNITS), np.float32)
    everyone = np.ones((1, UNITS), np.float32)
    return Anatomy(
        cues=np.kron(np.eye(IGNITIONS), np.full(PACEMAKERS, PACE)).astype(np.float32),
        contexts=np.zeros((1, IGNITIONS * PACEMAKERS), np.float32),
        outcome_drive=none,
        outcome_read=none,
        surprise_gain=np.zeros(1, np.float32),
        omission_gain=np.zeros(1, np.float32),
        omission_drive=none,
        stimulation=none,
        cue_outcome=np.zeros(IGNITIONS, np.int64),
        projects=everyone[0],
        receives=everyone[0],
        assemblies=everyone,
        cue_assembly=np.zeros(IGNITIONS, np.int64),
    )


def _params(birth: int, molecular: MolecularParams, circuit: CircuitParams) -> ModelParams:
    # The bursts that are simulated stand for all that fill their share of a day.
    seconds = BURSTS * episodes.EPISODES[BURST].duration / BURSTING
    homeostasis = molecular.homeostasis._replace(waking_seconds=seconds)
    life = eventless(birth)
    molecular = molecular._replace(homeostasis=homeostasis)
    return ModelParams(circuit, molecular, pharmacology(), _anatomy(), life, episodes.table(), no_patterns())


def _plated(keys: np.ndarray, params: ModelParams) -> ModelState:
    number, pre = len(keys), UNITS + params.anatomy.cues.shape[1]
    circuit = empty(number, UNITS, pre - UNITS)
    typical = params.circuit.plasticity.weight_unit
    for p, key in enumerate(keys):
        draw = rng.generator(int(key), rng.WIRING)
        weights = typical * draw.uniform(*SPREAD, (pre, UNITS)) * (draw.random((pre, UNITS)) < CONNECTED)
        np.fill_diagonal(weights[:UNITS], 0.0)
        circuit.late[p] = circuit.structure[p] = weights
    return newborns(keys, circuit, params.everyday.birth)


def _bursts(begin: int, end: int) -> list[Event]:
    """Return the bursts between `begin` and `end`, s: one in every slot of a day, ignited at random."""
    draw, slot = rng.generator(0, rng.HISTORY), DAY // BURSTS
    return [
        Event(at + int(draw.integers(slot)), episode=BURST, cue=int(draw.integers(IGNITIONS)))
        for at in range(begin, end, slot)
    ]


def _held(clamps: dict[str, float]) -> dict[str, float]:
    """Return `clamps` on top of what every culture lacks."""
    lacking = {action: 1.0 - (1.0 - level) * (1.0 - clamps.get(action, 0.0)) for action, level in LACKING.items()}
    return clamps | lacking


@lru_cache(8)
def _mature(
    begin: int,
    held: tuple[tuple[str, float], ...],
    keys: tuple[int, ...],
    molecular: MolecularParams,
    circuit: CircuitParams,
) -> ModelState:
    """Grow cultures until `begin`, s; arms share them."""
    params = _params(begin - AGE * DAY, molecular, circuit)
    state = _plated(np.array(keys, np.uint64), params)
    clamp(state, dict(held))
    advance(state, lay_out([_bursts(params.everyday.birth, begin)] * len(keys)), params, begin)
    return state


def subject(
    spec: steps.Network,
    schedule: tuple[steps.Step, ...],
    seeds: range,
    molecular: MolecularParams,
    circuit: CircuitParams,
) -> Subject:
    """Return cultures, one per seed, mature, an hour before the first step of `schedule`."""
    keys = keys_of(seeds)
    begin, held = first_hour(schedule), _held(dict(spec.clamps))
    params = _params(begin - AGE * DAY, molecular, circuit)
    state = arrays.copy(_mature(begin, tuple(held.items()), tuple(keys.tolist()), molecular, circuit))
    given = [drugs(step, held) or ([], step.at) for step in schedule]
    before, fired = _quanta(state), _rate(state, params)

    def read(now: ModelState, measure: str, of: str | None) -> np.ndarray:
        if measure == "rate":
            return _rate(now, params) / fired
        found = [_scaled(*pair)[measure] for pair in zip(before, _quanta(now), strict=True)]
        return np.array(found)

    events = _bursts(begin, begin + RECORDED) + [event for some, _ in given for event in some]
    return Subject(state, params, events, [], [end for _, end in given], read)


def _quanta(state: ModelState) -> np.ndarray:
    """Return what every synapse acts by, (seeds, pre, post), units of input."""
    circuit = state.circuit
    return circuit.gain[:, None, :] * (circuit.early + circuit.late)


def _scaled(before: np.ndarray, now: np.ndarray) -> dict[str, float]:
    """Compare one culture's synapses, (pre, post), with themselves `before`: one factor through the origin, its R2."""
    x, y = before[before > 0.0], now[before > 0.0]
    slope = float(x @ y / (x @ x))
    left = float(np.sum((y - slope * x) ** 2) / np.sum((y - y.mean()) ** 2))
    return {"quantal": float(y.mean() / x.mean()), "slope": slope, "fit": 1.0 - left}


def _rate(state: ModelState, params: ModelParams) -> np.ndarray:
    """Return the mean rate, (seeds,), 100 Hz: of bursts in their share of time, and of spontaneous spikes."""
    groups = np.arange(IGNITIONS)
    shown = Probes(groups, groups[:0], 0, np.zeros(1, np.int64), np.ones(1))
    bursts = look(state, params, shown).mean((1, 2))
    single = params.molecular.homeostasis.spontaneous * (1.0 - state.molecules.bath[:, ACTIONS["spike-block"]])
    return BURSTING * bursts + single
