"""Advance patients along their calendar: the only place where circuit and molecules meet.

One grid of an hour, refined to ten minutes in hours that hold a treatment's episode or standing proteins; inside it the
model stops at the exact second of every event. At every stop drugs and early traces move; at every grid point
proteins, growth factors and the late phase move over the interval that ends there; at every full hour structure,
brakes, chromatin and homeostasis. The grid follows from the patient's own state and calendar, never from whoever
looks, so results do not depend on how often that is. Patients are independent; the patient loop is outermost.
Order at a stop: decay -> consolidation (on the grid) -> hour -> treatment events -> everyday events.
"""

import functools
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from plastenv import rng
from plastenv.arrays import put, share, take, zeros
from plastenv.circuit.episodes import INDEX, LONGEST
from plastenv.circuit.memo import holds, keep, memo, recall
from plastenv.circuit.neurons import Stimulus, Trace, load_weights, scratch, simulate
from plastenv.circuit.plasticity import (
    Factors,
    Response,
    Synapses,
    derive,
    expecting,
    factors_scratch,
    induce,
    linger,
    response_scratch,
    synapses_scratch,
)
from plastenv.circuit.spiking import fire
from plastenv.kernel import CACHE_FOLDER, inlined, kernel, transfer
from plastenv.model.everyday import Day, blank, plan_day, replayed_cue, skip
from plastenv.model.types import DAY, HOUR, Events, ModelParams, ModelState
from plastenv.molecular.brakes import advance_brakes, grown_inhibition, maturity, structural_opening
from plastenv.molecular.consolidation import (
    Messengers,
    advance_growth_factors,
    advance_messengers,
    arousal,
    capture,
    decay_early,
    exchange,
    note,
    reactivate,
    recruiting,
    remove,
    settle,
    supported,
    translation,
    unrestored,
)
from plastenv.molecular.epigenetics import (
    advance_acetylation,
    advance_methylation,
    advance_microrna,
    advance_suppressor,
    held_back,
    permission,
    primed,
    reaching_spines,
    unsilenced,
    unsuppressed,
)
from plastenv.molecular.glia import advance_dserine, available, lingering, spillover
from plastenv.molecular.homeostasis import advance_homeostasis, departure
from plastenv.molecular.pharmacology import (
    BDNF_LOSS,
    BDNF_SUPPLY,
    DEACETYLASE_BLOCK,
    GAIN,
    GLIA_CLAMP,
    INHIBITION,
    INHIBITION_BLOCK,
    METHYL_BLOCK,
    MICRORNA_BLOCK,
    NET_DIGESTION,
    NMDA_BLOCK,
    NMDA_BOOST,
    NOGO_RELIEF,
    SLEEP,
    SPIKE_BLOCK,
    STRESS,
    SYNTHESIS_BLOCK,
    TARGETS,
    TRANSCRIPTION_BLOCK,
    TRKB,
    UPTAKE_BLOCK,
    actions,
    advance_drugs,
)

log = logging.getLogger("plastenv")
EVERYDAY_CUE, EVERYDAY_OUTCOME, REPLAY = INDEX["everyday-cue"], INDEX["everyday-outcome"], INDEX["replay"]
FINE = 600  # s, grid of hours in which something happens
STANDING = 0.03  # protein level that keeps the fine grid; moves scores by less than a point against 0.01
SEIZURE = 0.45  # mean rate of all units, 100 Hz, that counts as a seizure under stimulation


class Workspace(NamedTuple):
    """Scratch of one worker, reused for every patient."""

    trace: Trace
    factors: Factors
    response: Response
    synapses: Synapses
    day: Day
    live: np.ndarray  # (pre,) bool, axons with early change or spent induction
    carried: np.ndarray  # (pre,), fourth power of early change summed over each axon
    acting: np.ndarray  # (targets,), what drugs do now
    before: np.ndarray  # (targets,), what they did an hour ago
    mean: np.ndarray  # (targets,), what they have done in between
    load: np.ndarray  # (cues,), early change that the axons of everyday cues carry
    post: np.ndarray  # (4, units) float32
    early: np.ndarray  # (pre, units) float32, early phase before an episode, where synapses are labile
    threshold: np.ndarray  # (units,), sliding threshold of depression
    active: np.ndarray  # (pre,) float32, mean rates of one episode
    disappointed: np.ndarray  # (units,) float32, 1 = carries the expectation of an aversive outcome


def _workspace(params: ModelParams) -> Workspace:
    outcomes, units = params.anatomy.outcome_read.shape
    dt = params.circuit.neuron.dt
    pre = units + params.anatomy.cues.shape[1]
    longest = max([LONGEST, *params.patterns.duration])
    return Workspace(
        scratch(units, pre - units, outcomes, dt, longest),
        factors_scratch(units, dt, longest),
        response_scratch(units),
        synapses_scratch(units),
        blank(params.everyday),
        np.zeros(pre, np.bool_),
        np.zeros(pre),
        np.zeros(len(TARGETS)),
        np.zeros(len(TARGETS)),
        np.zeros(len(TARGETS)),
        np.zeros(len(params.everyday.cues)),
        zeros((4, units), np.float32),
        zeros((pre, units), np.float32),
        zeros(units),
        zeros(pre, np.float32),
        zeros(units, np.float32),
    )


_own = threading.local()


def _lent(params: ModelParams) -> Workspace:
    """Return the calling thread's workspace for circuits of this size."""
    size = (*params.anatomy.cues.shape, *params.anatomy.outcome_read.shape, len(params.everyday.cues))
    size += (params.everyday.extra, params.everyday.replays, params.circuit.neuron.dt)
    size += (max([LONGEST, *params.patterns.duration]),)
    if getattr(_own, "size", None) != size:
        _own.size, _own.workspace = size, _workspace(params)
    workspace: Workspace = _own.workspace
    return workspace


@inlined
def _consolidate(p: int, state: ModelState, params: ModelParams, work: Workspace, hours: float, asleep: bool) -> None:
    """Move proteins, growth factors and the late phase of patient `p` over the `hours` that end now."""
    circuit, molecules, molecular = state.circuit, state.molecules, params.molecular
    consolidation = molecular.consolidation
    acting = work.acting
    permitted = permission(molecules.acetylation[p], molecular.chromatin)
    permitted *= unsilenced(molecules.methylation[p], molecular.methylation) * (1.0 - acting[TRANSCRIPTION_BLOCK])
    bdnf, creb, block = molecules.bdnf[p], molecules.creb[p], acting[SYNTHESIS_BLOCK]
    spines = reaching_spines(molecules.microrna[p], acting[MICRORNA_BLOCK], molecular.microrna)
    free = unsuppressed(molecules.suppressor[p], acting[DEACETYLASE_BLOCK], molecular.methylation)
    translated = translation(bdnf, creb, permitted, block, asleep, consolidation) * spines * free
    surplus = translation(bdnf, creb, molecules.messenger[p] - permitted, block, asleep, consolidation) * spines * free
    mature = maturity((state.clock[p] - params.everyday.birth) / DAY, molecular.brakes)
    usual = recruiting(primed(mature, 0.0, molecular.chromatin), consolidation)
    freed = recruiting(primed(mature, acting[DEACETYLASE_BLOCK], molecular.chromatin), consolidation)
    drive = capture(
        circuit.early[p],
        circuit.late[p],
        work.carried,
        molecules.protein[p],
        translated,
        molecular.brakes.nets_shield * molecules.nets[p],
        consolidation.protein_threshold * state.traits.protein_threshold[p],
        Messengers(surplus, usual, freed),
        hours,
        consolidation,
        circuit.recent[p],
        work.post,
    )
    made = (1.0 + acting[TRKB]) * (1.0 - acting[BDNF_LOSS]) * (1.0 - consolidation.bdnf_stress * acting[STRESS])
    molecules.bdnf[p], molecules.creb[p] = advance_growth_factors(
        molecules.bdnf[p], molecules.creb[p], drive, permitted, made, acting[BDNF_SUPPLY], hours, consolidation
    )
    molecules.suppressor[p] = advance_suppressor(
        molecules.suppressor[p], drive, acting[METHYL_BLOCK], hours, molecular.methylation
    )
    molecules.messenger[p] = advance_messengers(molecules.messenger[p], permitted, hours, consolidation)
    molecules.microrna[p] = advance_microrna(molecules.microrna[p], molecules.creb[p], hours, molecular.microrna)
    molecules.dserine[p] = advance_dserine(molecules.dserine[p], acting[GLIA_CLAMP], asleep, hours, molecular.glia)


@inlined
def _hour(p: int, state: ModelState, params: ModelParams, work: Workspace) -> None:
    """Move brakes, chromatin, structure and homeostasis of patient `p` over the hour that ends now."""
    circuit, molecules, molecular = state.circuit, state.molecules, params.molecular
    mean, before, acting = work.mean, work.before, work.acting
    for t in range(acting.shape[0]):
        mean[t] = 0.5 * (before[t] + acting[t])
        before[t] = acting[t]
    mature = maturity((state.clock[p] - params.everyday.birth) / DAY, molecular.brakes)
    molecules.nets[p], molecules.nogo[p] = advance_brakes(
        molecules.nets[p], molecules.nogo[p], mature, mean[NET_DIGESTION], 1.0, molecular.brakes
    )
    molecules.acetylation[p] = advance_acetylation(
        molecules.acetylation[p], mature, mean[DEACETYLASE_BLOCK], 1.0, molecular.chromatin
    )
    molecules.methylation[p] = advance_methylation(
        molecules.methylation[p], mature, mean[STRESS], mean[METHYL_BLOCK], 1.0, molecular.methylation
    )
    opening = structural_opening(molecules.nogo[p] * state.traits.brakes[p], mean[NOGO_RELIEF], molecular.brakes)
    imprinted = molecular.consolidation.imprinting * circuit.aroused[p] * (1.0 - mean[SYNTHESIS_BLOCK])
    suppressed = held_back(molecules.suppressor[p], mean[METHYL_BLOCK], mean[DEACETYLASE_BLOCK], molecular.methylation)
    settle(
        circuit.late[p],
        circuit.structure[p],
        circuit.labile_pre[p],
        circuit.labile_post[p],
        unrestored(mean[SYNTHESIS_BLOCK], mean[TRANSCRIPTION_BLOCK], suppressed),
        opening + imprinted,
        1.0,
        molecular.consolidation,
    )
    circuit.aroused[p] *= np.exp(-1.0 / molecular.consolidation.tau_arousal)
    advance_homeostasis(
        circuit.gain[p],
        circuit.activity[p],
        circuit.set_point[p],
        opening,
        mean[SPIKE_BLOCK],
        1.0,
        molecular.homeostasis,
    )


@kernel
def pv_scale(p: int, state: ModelState, acting: np.ndarray, params: ModelParams) -> float:
    """Return the drive of the PV pool of patient `p` relative to an adult without drugs; `acting` is what drugs do."""
    brakes = params.molecular.brakes
    grown = grown_inhibition((state.clock[p] - params.everyday.birth) / DAY, brakes)
    shielded = 1.0 - brakes.nets_pv * (1.0 - state.molecules.nets[p])
    return grown * shielded * (1.0 + acting[INHIBITION]) * (1.0 - acting[INHIBITION_BLOCK])


@kernel
def receptors(p: int, state: ModelState, acting: np.ndarray, params: ModelParams) -> float:
    """Return the NMDA receptors of patient `p` that can open, 1 = awake without drugs."""
    return available(state.molecules.dserine[p], acting[NMDA_BOOST], acting[NMDA_BLOCK], params.molecular.glia)


@kernel
def excitability(acting: np.ndarray) -> float:
    """Return the gain of all input: neuromodulators raise it, blocked sodium channels end it."""
    return (1.0 + acting[GAIN]) * (1.0 - acting[SPIKE_BLOCK])


@kernel
def _tone(stimulus: Stimulus, params: ModelParams) -> float:
    """Return the neuromodulatory tone of an episode."""
    pattern = stimulus.episode - params.episodes.shape[0]
    return params.patterns.tone[pattern] if pattern >= 0 else params.episodes[stimulus.episode, 8]


@inlined
def _respond(
    p: int, stimulus: Stimulus, slot: int, state: ModelState, params: ModelParams, work: Workspace
) -> Response:
    """Return what an episode of patient `p` does; from memory if `slot` (-1 = none) still stands for it."""
    circuit, traits = state.circuit, state.traits
    early, late, gain = circuit.early[p], circuit.late[p], circuit.gain[p]
    pv, excitable = pv_scale(p, state, work.acting, params), excitability(work.acting)
    if stimulus.episode >= params.episodes.shape[0]:
        load_weights(early, late, gain, excitable, work.trace.total, work.trace.weights)
        pattern = stimulus.episode - params.episodes.shape[0]
        steps = fire(
            pattern, state.key[p], state.clock[p], pv, params.patterns, params.anatomy, params.circuit, work.trace
        )
        pv *= work.trace.inhibited[0]
        tone = _tone(stimulus, params)
        derive(steps, tone, pv, 1.0, params.anatomy, params.circuit, work.trace, work.factors, work.response)
        return work.response
    row = params.episodes[stimulus.episode]
    able = rng.uniform(state.key[p], state.clock[p], rng.AVOIDANCE) < traits.habit[p]
    remembered = slot >= 0 and able and excitable == 1.0 and state.memo.known.shape[1] > 0
    remembered = remembered and work.acting[UPTAKE_BLOCK] == 0.0
    if remembered and holds(state.memo, p, slot, early, late, gain, pv, stimulus, params.anatomy, work.trace):
        return recall(state.memo, p, slot)
    load_weights(early, late, gain, excitable, work.trace.total, work.trace.weights)
    steps = simulate(
        row, stimulus, pv, traits.avoidance[p] if able else 2.0, params.anatomy, params.circuit, work.trace
    )
    derive(
        steps, _tone(stimulus, params), pv, pv, params.anatomy, params.circuit, work.trace, work.factors, work.response
    )
    if remembered:
        keep(state.memo, p, slot, work.response, early, late, gain, pv, stimulus, params.anatomy)
    return work.response


@inlined
def _experience(p: int, stimulus: Stimulus, slot: int, state: ModelState, params: ModelParams, work: Workspace) -> None:
    """Put patient `p` through one episode and write what it leaves behind."""
    circuit, molecules = state.circuit, state.molecules
    homeostasis, glia = params.molecular.homeostasis, params.molecular.glia
    units, dt = circuit.gain.shape[1], params.circuit.neuron.dt
    response = _respond(p, stimulus, slot, state, params, work)
    steps, error = response.steps[0], response.error[0]
    total = 0.0
    for i in range(units):
        total += response.mean[i]
    block = work.acting[UPTAKE_BLOCK]
    spilled = spillover(total / units, block, glia)
    if block > 0.0:
        share = lingering(spilled, block, glia)
        tone = _tone(stimulus, params)
        linger(share, glia.tau_linger, tone, params.circuit, work.trace, work.factors, response)
    for i in range(units):
        away = departure(circuit.activity[p, i], circuit.set_point[p, i], homeostasis)
        work.threshold[i] = 1.0 + params.circuit.plasticity.threshold_gain * away
        work.threshold[i] *= 1.0 + glia.spill_depression * spilled
    rate = state.traits.induction[p] * supported(molecules.bdnf[p], params.molecular.consolidation)
    rate *= receptors(p, state, work.acting, params)
    loose = note(circuit.early[p], circuit.exchanged[p], work.early)
    circuit.turnover[p] += induce(
        circuit.early[p],
        circuit.late[p],
        circuit.refractory[p],
        work.live,
        stimulus,
        work.threshold,
        rate,
        params.anatomy,
        params.circuit,
        response,
        work.synapses,
    )
    if loose:
        mature = maturity((state.clock[p] - params.everyday.birth) / DAY, params.molecular.brakes)
        remove(
            work.early,
            circuit.early[p],
            circuit.late[p],
            circuit.structure[p],
            circuit.exchanged[p],
            circuit.labile_post[p],
            circuit.recent[p],
            primed(mature, work.acting[DEACETYLASE_BLOCK], params.molecular.chromatin),
            params.molecular.consolidation,
        )
    share = steps * dt / (homeostasis.waking_seconds * homeostasis.tau_activity)
    for i in range(units):
        circuit.activity[p, i] += share * response.mean[i]
    if stimulus.target >= 0 and total / units > SEIZURE:
        if state.clock[p] - state.last_seizure[p] > HOUR:
            state.seizures[p] += 1
        state.last_seizure[p] = state.clock[p]
    circuit.aroused[p] = max(circuit.aroused[p], arousal(response.error[1], params.molecular.consolidation))
    if stimulus.cue < 0 or stimulus.outcome >= 0 or stimulus.episode == REPLAY:
        return
    if steps == int(round(params.episodes[stimulus.episode, 0] / dt)):
        transfer(response.mean, work.active, units)
        transfer(params.anatomy.cues[stimulus.cue], work.active[units:], params.anatomy.cues.shape[1])
        expecting(params.anatomy, work.disappointed)
        reactivate(circuit.labile_pre[p], work.active, work.active, error, params.molecular.consolidation)
        reactivate(circuit.labile_post[p], work.active, work.disappointed, error, params.molecular.consolidation)


@inlined
def _everyday(p: int, tick: int, which: int, state: ModelState, params: ModelParams, work: Workspace) -> None:
    """Put patient `p` through one episode of everyday life: the cue `which`, or what sleep replays (-1)."""
    life, key = params.everyday, state.key[p]
    cues, places = life.cues.shape[0], life.contexts.shape[0]
    kind, place, outcome = REPLAY, 0, -1
    if which < 0:
        which = replayed_cue(state.circuit.early[p], key, tick, params, work.load)
        slot = 2 * cues * places + which
    else:
        place = int(rng.uniform(key, tick, rng.EVERYDAY_CONTEXT) * places)
        benign = rng.uniform(key, tick, rng.EVERYDAY_OUTCOME) < life.benign
        kind = EVERYDAY_OUTCOME if benign else EVERYDAY_CUE
        outcome = params.anatomy.cue_outcome[life.cues[which]] if benign else -1
        slot = ((1 if benign else 0) * cues + which) * places + place
    stimulus = Stimulus(kind, life.cues[which], life.contexts[place], outcome, -1, life.strength, 1.0, 0.0)
    _experience(p, stimulus, slot, state, params, work)


def everyday_slots(params: ModelParams) -> int:
    """Return how many kinds of everyday episode there are to remember."""
    return len(params.everyday.cues) * (2 * len(params.everyday.contexts) + 1)


def remembering(state: ModelState, params: ModelParams) -> ModelState:
    """Return `state` with room to remember everyday episodes; nothing is remembered yet.

    A state without room has every episode simulated, which is slower and exact.
    """
    patients, units = state.circuit.gain.shape
    return state._replace(memo=memo(patients, everyday_slots(params), units))


def admit(state: ModelState, rows: Sequence[int], patients: ModelState) -> None:
    """Put other `patients` into `rows` of a remembering `state`; nothing of theirs is remembered yet."""
    for field, own, other in zip(state._fields, state, patients, strict=True):
        if field != "memo":
            put((own,), rows, (other,))
    state.memo.known[rows] = False


@kernel
def _standing(protein: np.ndarray) -> bool:
    """Say whether any neuron, (units,), has proteins that need the fine grid."""
    most = 0.0
    for i in range(protein.shape[0]):
        most = max(most, protein[i])
    return most > STANDING


@inlined
def advance_patient(
    p: int, until: int, state: ModelState, events: Events, params: ModelParams, work: Workspace
) -> None:
    """Advance patient `p` to `until` (s), through everyday life and the events of its calendar.

    Only at a full hour has everything moved; at any other time what lives on the grid stands where the grid left it.
    """
    circuit, molecules, drugs, life = state.circuit, state.molecules, params.drugs, params.everyday
    clock, plan, live, acting = state.clock[p], work.day, work.live, work.acting
    event, last = events.offsets[p], events.offsets[p + 1]
    while event < last and events.time[event] < clock:
        event += 1
    actions(molecules.bath[p], molecules.plasma[p], molecules.effect[p], molecules.tolerance[p], drugs, acting)
    transfer(acting, work.before, acting.shape[0])
    plan_day(clock // DAY, state.key[p], params, plan)
    slot, slots = skip(clock, plan), plan.time.shape[0]
    for j in range(live.shape[0]):
        live[j] = False
        for i in range(circuit.early.shape[2]):
            live[j] |= circuit.early[p, j, i] != 0.0 or circuit.refractory[p, j, i] > 0.0
    swept = clock
    fine = _standing(molecules.protein[p])
    while clock < until:
        stop = min(until, (clock // HOUR + 1) * HOUR)
        if fine:
            stop = min(stop, (clock // FINE + 1) * FINE)
        if event < last:
            stop = min(stop, events.time[event])
        if slot < slots:
            stop = min(stop, plan.time[plan.order[slot]])
        if stop > clock:
            begun = clock // HOUR % 24
            asleep = begun < life.wake or begun >= life.bed or acting[SLEEP] > 0.5
            hours = (stop - clock) / HOUR
            decay_early(
                circuit.early[p],
                circuit.refractory[p],
                live,
                hours,
                asleep,
                params.circuit.plasticity.tau_refractory,
                params.molecular.consolidation,
                work.carried,
            )
            exchange(circuit.exchanged[p], circuit.labile_pre[p], hours, params.molecular.consolidation)
            advance_drugs(
                molecules.depot[p],
                molecules.plasma[p],
                molecules.effect[p],
                molecules.tolerance[p],
                state.traits.clearance[p],
                hours,
                drugs,
            )
            actions(molecules.bath[p], molecules.plasma[p], molecules.effect[p], molecules.tolerance[p], drugs, acting)
            new_day = stop // DAY != clock // DAY
            clock = stop
            state.clock[p] = clock
            if clock % HOUR == 0 or (fine and clock % FINE == 0):
                _consolidate(p, state, params, work, (clock - swept) / HOUR, asleep)
                swept = clock
            if clock % HOUR == 0:
                _hour(p, state, params, work)
                fine = _standing(molecules.protein[p])
            if new_day:
                plan_day(clock // DAY, state.key[p], params, plan)
                slot = skip(clock, plan)
        if clock >= until:
            break
        while event < last and events.time[event] == clock:
            if events.compound[event] >= 0:
                molecules.depot[p, events.compound[event]] += events.dose[event]
            elif events.compound[event] < -1:
                molecules.bath[p, -2 - events.compound[event]] = events.dose[event]
                actions(
                    molecules.bath[p], molecules.plasma[p], molecules.effect[p], molecules.tolerance[p], drugs, acting
                )
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
                _experience(p, stimulus, -1, state, params, work)
                fine = True
            event += 1
        while slot < slots and plan.time[plan.order[slot]] == clock:
            which = plan.order[slot]
            _everyday(p, clock // DAY * 1024 + which, plan.cue[which], state, params, work)
            slot += 1


@kernel
def _advance(
    first: int, last: int, until: np.ndarray, state: ModelState, events: Events, params: ModelParams, work: Workspace
) -> None:
    for p in range(first, last):
        advance_patient(p, until[p], state, events, params, work)


@functools.cache
def announce() -> None:
    """Log, once, that kernels are about to be compiled, unless the largest of this source's are on disk."""
    if next(Path(CACHE_FOLDER).rglob("advance._advance-*.nbi"), None) is None:
        log.warning(
            "plastenv: compiling kernels, once, for half a minute to some minutes; 'plastenv warmup' does it ahead"
        )


def advance(state: ModelState, events: Events, params: ModelParams, until: int | np.ndarray, threads: int = 1) -> None:
    """Advance every patient of `state`, in place, to `until`; patients are shared between `threads`.

    `until` is in seconds of the calendar, one for all or one per patient, (patients,), and must be a full hour;
    a patient whose clock stands at or after it stays as it is. Raises ValueError for a time off the grid.
    """
    each = np.array(np.broadcast_to(np.asarray(until, np.int64), state.clock.shape))
    if (each % HOUR).any():
        raise ValueError(f"until = {until} s is not a full hour; the model's grid is {HOUR} s")
    share(lambda first, last: _advance(first, last, each, state, events, params, _lent(params)), len(each), threads)


def glimpse(state: ModelState, events: Events, params: ModelParams, at: int) -> ModelState:
    """Return a copy of `state`, which must stand at a full hour, as it will be at the second `at`; for looking only.

    Proteins, growth factors and the late phase stand where the grid left them, at most an hour ago.
    """
    seen = take(state, slice(None))
    advance(seen, events, params, max(at // HOUR * HOUR, int(state.clock.max())))
    each = np.full(len(state.clock), at, np.int64)
    _advance(0, len(each), each, seen, events, params, _lent(params))
    return seen
