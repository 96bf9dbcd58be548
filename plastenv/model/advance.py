"""Advance patients along their calendar: the only place where circuit and molecules meet.

One grid of an hour, refined to ten minutes in hours that hold an episode or standing proteins; inside it the
model stops at the exact second of every event. At every stop drugs and early traces move; at every grid point
proteins, growth factors and the late phase move over the interval that ends there; at every full hour structure,
brakes, chromatin and homeostasis. The grid follows from the patient's own state and calendar, never from whoever
looks, so results do not depend on how often that is. Patients are independent; the patient loop is outermost.
Order at a stop: decay -> consolidation (on the grid) -> hour -> treatment events -> everyday events.
"""

from typing import NamedTuple

import numpy as np

from plastenv import rng
from plastenv.circuit.episodes import INDEX
from plastenv.circuit.neurons import Stimulus, Trace, load_weights, scratch, simulate
from plastenv.circuit.plasticity import induce
from plastenv.kernel import kernel
from plastenv.model.types import DAY, HOUR, Events, ModelParams, ModelState
from plastenv.molecular.brakes import advance_brakes, maturity, structural_opening
from plastenv.molecular.consolidation import (
    advance_growth_factors,
    capture,
    decay_early,
    reactivate,
    settle,
    translation,
)
from plastenv.molecular.epigenetics import advance_acetylation, permission
from plastenv.molecular.homeostasis import advance_homeostasis, departure
from plastenv.molecular.pharmacology import (
    DEACETYLASE_BLOCK,
    INHIBITION,
    NET_DIGESTION,
    NMDA_BLOCK,
    NMDA_BOOST,
    NOGO_RELIEF,
    SYNTHESIS_BLOCK,
    TARGETS,
    TRKB,
    actions,
    advance_drugs,
)

EVERYDAY_CUE, EVERYDAY_OUTCOME, REPLAY = INDEX["everyday-cue"], INDEX["everyday-outcome"], INDEX["replay"]
FINE = 600  # s, grid of hours in which something happens
STANDING = 1e-3  # protein level that keeps the fine grid
SEIZURE = 0.45  # mean rate of all units, 100 Hz, that counts as a seizure under stimulation


class Day(NamedTuple):
    """Everyday events of one day, in order of time; scratch."""

    time: np.ndarray  # (slots,) int64
    cue: np.ndarray  # (slots,) int64, -1 = whichever replay finds
    order: np.ndarray  # (slots,) int64


@kernel
def plan_day(day: int, key: np.uint64, params: ModelParams, plan: Day) -> None:
    """Draw the times and cues of everyday life on `day`; the same for the same key, whenever it is asked."""
    life = params.everyday
    cues = life.cues.shape[0]
    waking = cues + life.extra
    first = day * DAY
    for slot in range(plan.time.shape[0]):
        tick = day * 1024 + slot
        if slot < waking:
            span = (life.bed - life.wake) * HOUR
            plan.time[slot] = first + life.wake * HOUR + int(rng.uniform(key, tick, rng.EVERYDAY_TIME) * span)
            pick = slot if slot < cues else int(rng.uniform(key, tick, rng.EVERYDAY_CUE) * cues)
            plan.cue[slot] = life.cues[pick]
        else:
            plan.time[slot] = first + (slot - waking) * HOUR + HOUR + HOUR // 2
            plan.cue[slot] = -1
        if first < life.start:
            plan.time[slot] = first - 1
    plan.order[:] = np.argsort(plan.time, kind="mergesort")


@kernel
def _replayed_cue(early: np.ndarray, key: np.uint64, tick: int, params: ModelParams) -> int:
    """Pick the cue that sleep replays: in proportion to the early change that its axons carry."""
    cues, units = params.everyday.cues, early.shape[1]
    load = np.zeros(cues.shape[0])
    for c in range(cues.shape[0]):
        for k in range(params.anatomy.cues.shape[1]):
            if params.anatomy.cues[cues[c], k] > 0.0:
                for i in range(units):
                    load[c] += abs(early[units + k, i])
    left = rng.uniform(key, tick, rng.REPLAY) * load.sum()
    for c in range(cues.shape[0]):
        left -= load[c]
        if left < 0.0:
            return cues[c]
    return cues[0]


@kernel
def _consolidate(
    p: int, state: ModelState, params: ModelParams, acting: np.ndarray, live: np.ndarray, hours: float, asleep: bool
) -> None:
    """Move proteins, growth factors and the late phase of patient `p` over the `hours` that end now."""
    circuit, molecules, molecular = state.circuit, state.molecules, params.molecular
    consolidation = molecular.consolidation
    permitted = permission(molecules.acetylation[p], molecular.chromatin)
    translated = translation(
        molecules.bdnf[p], molecules.creb[p], permitted, acting[SYNTHESIS_BLOCK], asleep, consolidation
    )
    drive = capture(
        circuit.early[p],
        circuit.late[p],
        live,
        molecules.protein[p],
        translated,
        molecular.brakes.nets_shield * molecules.nets[p],
        consolidation.protein_threshold * state.traits.protein_threshold[p],
        hours,
        consolidation,
    )
    molecules.bdnf[p], molecules.creb[p] = advance_growth_factors(
        molecules.bdnf[p], molecules.creb[p], drive, permitted, acting[TRKB], hours, consolidation
    )


@kernel
def _hour(p: int, state: ModelState, params: ModelParams, before: np.ndarray, acting: np.ndarray) -> None:
    """Move brakes, chromatin, structure and homeostasis of patient `p` over the hour that ends now."""
    circuit, molecules, molecular = state.circuit, state.molecules, params.molecular
    mean = np.empty(acting.shape[0])
    for t in range(acting.shape[0]):
        mean[t] = 0.5 * (before[t] + acting[t])
    before[:] = acting
    mature = maturity((state.clock[p] - params.everyday.birth) / DAY, molecular.brakes)
    molecules.nets[p], molecules.nogo[p] = advance_brakes(
        molecules.nets[p], molecules.nogo[p], mature, mean[NET_DIGESTION], 1.0, molecular.brakes
    )
    molecules.acetylation[p] = advance_acetylation(
        molecules.acetylation[p], mature, mean[DEACETYLASE_BLOCK], 1.0, molecular.chromatin
    )
    opening = structural_opening(molecules.nogo[p] * state.traits.brakes[p], mean[NOGO_RELIEF], molecular.brakes)
    settle(
        circuit.late[p],
        circuit.structure[p],
        circuit.labile_pre[p],
        circuit.labile_post[p],
        mean[SYNTHESIS_BLOCK],
        opening,
        1.0,
        molecular.consolidation,
    )
    advance_homeostasis(circuit.gain[p], circuit.activity[p], circuit.set_point[p], opening, 1.0, molecular.homeostasis)


@kernel
def pv_scale(nets: float, inhibition: float, params: ModelParams) -> float:
    """Return the drive of the PV pool relative to an adult without drugs."""
    return (1.0 - params.molecular.brakes.nets_pv * (1.0 - nets)) * (1.0 + inhibition)


@kernel
def _experience(
    p: int,
    stimulus: Stimulus,
    state: ModelState,
    params: ModelParams,
    acting: np.ndarray,
    live: np.ndarray,
    trace: Trace,
) -> None:
    """Run one episode of patient `p` and write what it leaves behind."""
    circuit, molecules, traits, rule = state.circuit, state.molecules, state.traits, params.circuit.plasticity
    row = params.episodes[stimulus.episode]
    units = circuit.gain.shape[1]
    load_weights(circuit.early[p], circuit.late[p], trace)
    able = rng.uniform(state.key[p], state.clock[p], rng.AVOIDANCE) < traits.habit[p]
    avoidance = traits.avoidance[p] if able else 2.0
    pv = pv_scale(molecules.nets[p], acting[INHIBITION], params)
    steps = simulate(row, stimulus, circuit.gain[p], pv, avoidance, params.anatomy, params.circuit, trace)

    threshold = np.empty(units)
    for i in range(units):
        away = departure(circuit.activity[p, i], circuit.set_point[p, i], params.molecular.homeostasis)
        threshold[i] = 1.0 + rule.threshold_gain * away
    rate = traits.induction[p] * (1.0 - acting[NMDA_BLOCK]) * (1.0 + acting[NMDA_BOOST])
    circuit.turnover[p] += induce(
        circuit.early[p],
        circuit.late[p],
        circuit.refractory[p],
        live,
        steps,
        stimulus,
        row[8],
        threshold,
        rate,
        params.anatomy,
        params.circuit,
        trace,
    )

    dt = params.circuit.neuron.dt
    active = np.zeros(circuit.labile_pre.shape[1])
    waking = params.molecular.homeostasis
    total = 0.0
    for i in range(units):
        summed = 0.0
        for step in range(steps):
            summed += trace.rates[step, i]
        active[i] = summed / max(1, steps)
        circuit.activity[p, i] += summed * dt / (waking.waking_seconds * waking.tau_activity)
        total += active[i]
    if stimulus.target >= 0 and total / units > SEIZURE:
        if state.clock[p] - state.last_seizure[p] > HOUR:
            state.seizures[p] += 1
        state.last_seizure[p] = state.clock[p]
    full = steps == int(round(row[0] / dt))
    if stimulus.cue >= 0 and stimulus.outcome < 0 and full and stimulus.episode != REPLAY:
        for k in range(params.anatomy.cues.shape[1]):
            active[units + k] = params.anatomy.cues[stimulus.cue, k]
        reactivate(circuit.labile_pre[p], active, trace.error[0], params.molecular.consolidation)
        reactivate(circuit.labile_post[p], active, trace.error[0], params.molecular.consolidation)


@kernel
def advance_patient(
    p: int, until: int, state: ModelState, events: Events, params: ModelParams, trace: Trace, plan: Day
) -> None:
    """Advance patient `p` to the full hour `until` (s), through everyday life and the events of its calendar."""
    circuit, molecules, drugs, life = state.circuit, state.molecules, params.drugs, params.everyday
    clock = state.clock[p]
    key = state.key[p]
    event, last = events.offsets[p], events.offsets[p + 1]
    while event < last and events.time[event] < clock:
        event += 1
    acting = np.zeros(len(TARGETS))
    before = np.zeros(len(TARGETS))
    actions(molecules.plasma[p], molecules.effect[p], molecules.tolerance[p], drugs, acting)
    before[:] = acting
    day = clock // DAY
    plan_day(day, key, params, plan)
    slots = plan.time.shape[0]
    slot = 0
    while slot < slots and plan.time[plan.order[slot]] < clock:
        slot += 1
    live = np.zeros(circuit.early.shape[1], np.bool_)
    for j in range(live.shape[0]):
        live[j] = np.abs(circuit.early[p, j]).max() > 0.0 or circuit.refractory[p, j].max() > 0.0
    swept = clock
    fine = molecules.protein[p].max() > STANDING
    while clock < until:
        stop = (clock // HOUR + 1) * HOUR
        if fine:
            stop = min(stop, (clock // FINE + 1) * FINE)
        if event < last:
            stop = min(stop, events.time[event])
        if slot < slots:
            stop = min(stop, plan.time[plan.order[slot]])
        if stop > clock:
            begun = clock // HOUR % 24
            asleep = begun < life.wake or begun >= life.bed
            decay_early(
                circuit.early[p],
                circuit.refractory[p],
                live,
                (stop - clock) / HOUR,
                asleep,
                params.circuit.plasticity.tau_refractory,
                params.molecular.consolidation,
            )
            advance_drugs(
                molecules.depot[p],
                molecules.plasma[p],
                molecules.effect[p],
                molecules.tolerance[p],
                state.traits.clearance[p],
                (stop - clock) / HOUR,
                drugs,
            )
            actions(molecules.plasma[p], molecules.effect[p], molecules.tolerance[p], drugs, acting)
            clock = stop
            state.clock[p] = clock
            if clock % HOUR == 0 or (fine and clock % FINE == 0):
                _consolidate(p, state, params, acting, live, (clock - swept) / HOUR, asleep)
                swept = clock
            if clock % HOUR == 0:
                _hour(p, state, params, before, acting)
                fine = molecules.protein[p].max() > STANDING
            if clock // DAY != day:
                day = clock // DAY
                plan_day(day, key, params, plan)
                slot = 0
                while slot < slots and plan.time[plan.order[slot]] < clock:
                    slot += 1
        if clock >= until:
            break
        while event < last and events.time[event] == clock:
            if events.compound[event] >= 0:
                molecules.depot[p, events.compound[event]] += events.dose[event]
            else:
                stimulus = Stimulus(
                    events.episode[event],
                    events.cue[event],
                    events.context[event],
                    events.outcome[event],
                    events.target[event],
                    events.strength[event],
                    events.intensity[event],
                    events.amplitude[event],
                )
                _experience(p, stimulus, state, params, acting, live, trace)
                fine = True
            event += 1
        while slot < slots and plan.time[plan.order[slot]] == clock:
            which = plan.order[slot]
            tick = day * 1024 + which
            cue = plan.cue[which]
            kind = REPLAY
            if cue < 0:
                cue = _replayed_cue(circuit.early[p], key, tick, params)
            elif rng.uniform(key, tick, rng.EVERYDAY_OUTCOME) < life.benign:
                kind = EVERYDAY_OUTCOME
            else:
                kind = EVERYDAY_CUE
            outcome = params.anatomy.cue_outcome[cue] if kind == EVERYDAY_OUTCOME else -1
            place = int(rng.uniform(key, tick, rng.EVERYDAY_CONTEXT) * life.contexts.shape[0])
            strength = life.weakest + (life.strongest - life.weakest) * rng.uniform(key, tick, rng.EVERYDAY_STRENGTH)
            stimulus = Stimulus(kind, cue, life.contexts[place], outcome, -1, strength, 1.0, 0.0)
            _experience(p, stimulus, state, params, acting, live, trace)
            fine = True
            slot += 1


@kernel
def _advance(until: np.ndarray, state: ModelState, events: Events, params: ModelParams) -> None:
    units = state.circuit.gain.shape[1]
    trace = scratch(units, state.circuit.early.shape[1] - units, params.circuit.neuron.dt)
    slots = params.everyday.cues.shape[0] + params.everyday.extra + params.everyday.replays
    plan = Day(np.zeros(slots, np.int64), np.zeros(slots, np.int64), np.zeros(slots, np.int64))
    for p in range(state.clock.shape[0]):
        advance_patient(p, until[p], state, events, params, trace, plan)


def advance(state: ModelState, events: Events, params: ModelParams, until: int | np.ndarray) -> None:
    """Advance every patient of `state`, in place, to `until`.

    `until` is in seconds of the calendar, one for all or one per patient, (patients,), and must be a full hour;
    a patient whose clock stands at or after it stays as it is. Raises ValueError for a time off the grid.
    """
    each = np.ascontiguousarray(np.broadcast_to(np.asarray(until, np.int64), state.clock.shape))
    if (each % HOUR).any():
        raise ValueError(f"until = {until} s is not a full hour; the model's grid is {HOUR} s")
    _advance(each, state, events, params)
