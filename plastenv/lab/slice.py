"""A slice: pathways onto neurons that fire spike by spike, on the kernels of the patients.

The first eight units are the recorded neurons; every pathway is eight more units whose spikes are given. The tissue
grows up in its animal first (brakes, chromatin, inhibition and running activity by age and light); then it is cut,
and its synapses are typical ones, spread as in the tissue.
"""

import numpy as np

from plastenv import rng
from plastenv.circuit import episodes
from plastenv.circuit.params import Anatomy, CircuitParams, hippocampal
from plastenv.circuit.state import empty
from plastenv.lab import procedures, steps
from plastenv.lab.subject import Subject, acts, clamp, drugs, eventless, first_hour, keys_of, newborns
from plastenv.model.advance import advance
from plastenv.model.calendar import Event, lay_out
from plastenv.model.types import DAY, ModelParams, ModelState
from plastenv.molecular.params import MolecularParams
from plastenv.molecular.pharmacology import pharmacology

GROUP = 8  # units of the recorded population and of every pathway
STEP = 0.0005  # s, spikes need a finer step than rates; numerics, not physics
AGES = {"juvenile": -4, "adult": 80}  # d on the calendar of youth: play begins at 0, brakes half close at 31
REARED = 80  # d in the animal before the slice is cut, unless it is reared for longer
LIGHT = 0.05  # 100 Hz, evoked running activity of a cell whose animal sees; also what cells are born to expect
SPREAD = (0.5, 1.5)  # of initial weights, in typical ones
CULTURED_INHIBITION = 0.8  # share of inhibition that dissociated cultures lack


def _anatomy(pathways: int) -> Anatomy:
    units = GROUP * (1 + pathways)
    groups = np.kron(np.eye(1 + pathways, dtype=np.float32), np.ones(GROUP, np.float32))
    none = np.zeros((1, units), np.float32)
    return Anatomy(
        cues=np.zeros((1, 1), np.float32),
        contexts=np.zeros((1, 1), np.float32),
        outcome_drive=none,
        outcome_read=none,
        surprise_gain=np.zeros(1, np.float32),
        omission_gain=np.zeros(1, np.float32),
        omission_drive=none,
        stimulation=groups[1:],
        cue_outcome=np.zeros(1, np.int64),
        projects=1.0 - groups[0],
        receives=groups[0],
        assemblies=groups,
        cue_assembly=np.zeros(1, np.int64),
    )


def _params(tissue: str, pathways: int, birth: int, molecular: MolecularParams, circuit: CircuitParams) -> ModelParams:
    rule = circuit.plasticity if tissue == "cortex" else hippocampal(circuit.plasticity)
    circuit = circuit._replace(neuron=circuit.neuron._replace(dt=STEP), plasticity=rule)
    # Nothing stands for anything else in a slice: a second is a second.
    homeostasis = molecular.homeostasis._replace(waking_seconds=float(DAY))
    life = eventless(birth)
    return ModelParams(
        circuit,
        molecular._replace(homeostasis=homeostasis),
        pharmacology(),
        _anatomy(pathways),
        life,
        episodes.table(),
        procedures.lay_out([]),
    )


def _born(keys: np.ndarray, params: ModelParams, clock: int) -> ModelState:
    units, number = params.anatomy.receives.shape[0], len(keys)
    circuit = empty(number, units, 1)
    circuit.activity[:] = circuit.set_point[:] = LIGHT
    return newborns(keys, circuit, clock)


def _rear(state: ModelState, params: ModelParams, rearing: list[tuple[str, float]], until: int) -> None:
    """Let the animal grow up until `until`, s, in light except where `rearing`, the last days, says otherwise."""
    lights = ["light"] * ((until - int(state.clock[0])) // DAY)
    last = [light for light, seconds in rearing for _ in range(round(seconds / DAY))]
    lights = (lights + last)[-len(lights) :] if len(last) < len(lights) else last[-len(lights) :]
    nothing = lay_out([[]] * len(state.key))
    for light in lights:
        if light == "light":
            state.circuit.activity[:] = LIGHT
        advance(state, nothing, params, int(state.clock[0]) + DAY)
    advance(state, nothing, params, until)
    if lights[-1] == "light":
        state.circuit.activity[:] = LIGHT


def _cut(state: ModelState, params: ModelParams) -> None:
    receives, projects = params.anatomy.receives > 0, params.anatomy.projects > 0
    for p, key in enumerate(state.key):
        shape = (int(projects.sum()), int(receives.sum()))
        typical = params.circuit.plasticity.weight_unit
        weights = np.zeros(state.circuit.late.shape[1:], np.float32)
        units = len(receives)
        block = typical * rng.generator(int(key), rng.WIRING).uniform(*SPREAD, shape)
        weights[:units][np.ix_(projects, receives)] = block
        state.circuit.late[p] = state.circuit.structure[p] = weights


def _events(step: steps.Step, spec: steps.Slice, known: list[procedures.Spikes]) -> tuple[list[Event], float]:
    """Return the events of a step and its end; new patterns are added to `known`."""
    given = drugs(step, dict(spec.clamps))
    if given is not None:
        return given
    events, end = [], step.at
    for after, pattern in procedures.volleys(step, spec.pathways):
        if pattern not in known:
            known.append(pattern)
        at = round(step.at) + after
        events.append(Event(at, episode=len(episodes.EPISODES) + known.index(pattern)))
        end = max(end, at + pattern.duration)
    if isinstance(step, steps.DirectCurrent):
        sign = 1.0 if step.polarity == "anodal" else -1.0
        end = step.at + 60 * step.minutes
        events = [acts("gain", sign * procedures.number("current-gain"), step.at), *events, acts("gain", 0.0, end)]
    return events, end


def subject(
    spec: steps.Slice,
    schedule: tuple[steps.Step, ...],
    seeds: range,
    molecular: MolecularParams,
    circuit: CircuitParams,
) -> Subject:
    """Return slices, one per seed, cut an hour before the first step of `schedule`."""
    keys = keys_of(seeds)
    begin = first_hour(schedule)
    reared = max(REARED, round(sum(seconds for _, seconds in spec.rearing) / DAY))
    params = _params(spec.tissue, len(spec.pathways), begin - AGES[spec.age] * DAY, molecular, circuit)
    state = _born(keys, params, begin - reared * DAY)
    clamp(state, dict(spec.clamps))
    if spec.tissue == "culture":
        clamp(state, {"inhibition-block": CULTURED_INHIBITION})
    _rear(state, params, list(spec.rearing), begin)
    _cut(state, params)
    known: list[procedures.Spikes] = []
    done = [_events(step, spec, known) for step in schedule]
    params = params._replace(patterns=procedures.lay_out(known))
    before = _transmission(state, params)

    def read(now: ModelState, measure: str, of: str | None) -> np.ndarray:
        group = spec.pathways.index(of or spec.pathways[0])
        if measure == "spikes":
            return now.circuit.activity[:, :GROUP].mean(1)
        return _transmission(now, params)[:, group] / before[:, group]

    return Subject(state, params, [e for events, _ in done for e in events], [], [end for _, end in done], read)


def _transmission(state: ModelState, params: ModelParams) -> np.ndarray:
    """Return the summed EPSP of every pathway on the recorded neurons, (seeds, pathways), units of input."""
    circuit, units = state.circuit, params.anatomy.receives.shape[0]
    acting = circuit.gain[:, None, :] * (circuit.early[:, :units] + circuit.late[:, :units])
    return np.einsum("kj,pji,i->pk", params.anatomy.stimulation, acting, params.anatomy.receives)
