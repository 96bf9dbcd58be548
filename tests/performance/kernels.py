"""Kernel by kernel: time per call, operations and bytes executed, and the roof that this machine puts over them.

Every kernel is called in a compiled loop, once and many times; the difference is what a call costs, without the way in
from Python. As in the model, a patient's synapses are in the cache while its kernels run.
"""

import time
from functools import cache, partial
from typing import NamedTuple

import numpy as np
from harness import Effort, Figures, Measurement, Sample
from operations import NONE, Work, comparison, derivation, induction, per_synapse, probing, relaxation, showing
from patients import task

from plastenv import arrays
from plastenv.circuit.episodes import INDEX, LONGEST
from plastenv.circuit.memo import holds
from plastenv.circuit.neurons import Stimulus, Trace, load_weights, scratch, show, simulate
from plastenv.circuit.plasticity import (
    Factors,
    Response,
    Synapses,
    derive,
    factors_scratch,
    induce,
    response_scratch,
    synapses_scratch,
)
from plastenv.circuit.probes import bench
from plastenv.envs.batch import PatientBatch
from plastenv.kernel import kernel
from plastenv.model.advance import pv_scale
from plastenv.model.measure import measure
from plastenv.model.types import ModelParams, ModelState
from plastenv.molecular.consolidation import decay_early, settle
from plastenv.molecular.pharmacology import TARGETS

LASTING = 0.2  # s that a kernel is called for per sample
ROWS = 16  # patients that kernels are timed on
PROBED = 4  # of them are probed
DAYS = 3  # lived before kernels are timed on a patient


class Shown(NamedTuple):
    """What the patients whose kernels are timed meet, (episodes,) int64 each."""

    episode: np.ndarray  # row of the event table
    cue: np.ndarray
    context: np.ndarray
    outcome: np.ndarray  # -1 = none


class Scratch(NamedTuple):
    """Room for the kernels to work in."""

    trace: Trace
    factors: Factors
    response: Response
    synapses: Synapses
    live: np.ndarray  # (pre,) bool
    carried: np.ndarray  # (pre,)
    threshold: np.ndarray  # (units,), sliding threshold


@cache
def shown() -> Shown:
    """Return one of every kind of everyday episode, in the order in which they are remembered, and training trials."""
    cues, places = task().params.everyday.cues, task().params.everyday.contexts
    rows = [(INDEX["everyday-cue"], cue, place, -1) for cue in cues for place in places]
    rows += [(INDEX["everyday-outcome"], cue, place, cue) for cue in cues for place in places]
    rows += [(INDEX["replay"], cue, places[0], -1) for cue in cues]
    rows += [(INDEX["exposure-trial"], cue, 2, -1) for cue in task().cues]
    return Shown(*(np.array(column, np.int64) for column in zip(*rows, strict=True)))


@cache
def lived() -> ModelState:
    """Return a block of patients after a few days of everyday life."""
    batch = PatientBatch(task(), ROWS)
    batch.reset(range(batch.rows), [0] * batch.rows, patients=range(batch.rows))
    for _ in range(DAYS):
        batch.step(np.zeros(batch.rows, np.int64))
    assert batch.state is not None
    return batch.state


@cache
def scratchpad() -> Scratch:
    """Return room for patients of the task."""
    anatomy, dt = task().params.anatomy, task().circuit.neuron.dt
    (outcomes, units), inputs = anatomy.outcome_read.shape, anatomy.cues.shape[1]
    return Scratch(
        scratch(units, inputs, outcomes, dt, LONGEST),
        factors_scratch(units, dt, LONGEST),
        response_scratch(units),
        synapses_scratch(units),
        np.zeros(units + inputs, np.bool_),
        np.zeros(units + inputs),
        np.ones(units),
    )


@kernel
def _stimulus(s: int, met: Shown) -> Stimulus:
    return Stimulus(met.episode[s], met.cue[s], met.context[s], met.outcome[s], -1, 1.0, 1.0, 0.0)


@kernel
def _run(s: int, met: Shown, params: ModelParams, trace: Trace) -> int:
    row = params.episodes[met.episode[s]]
    return simulate(row, _stimulus(s, met), 1.0, 2.0, params.anatomy, params.circuit, trace)


@kernel
def loop_simulate(turns: int, state: ModelState, met: Shown, params: ModelParams, work: Scratch) -> None:
    """Simulate every episode of every patient `turns` times."""
    circuit = state.circuit
    for p in range(state.clock.shape[0]):
        load_weights(circuit.early[p], circuit.late[p], circuit.gain[p], 1.0, work.trace.total, work.trace.weights)
        for s in range(met.cue.shape[0]):
            for _ in range(turns):
                _run(s, met, params, work.trace)


@kernel
def loop_derive(turns: int, state: ModelState, met: Shown, params: ModelParams, work: Scratch) -> None:
    """Derive what every episode drives synapses by `turns` times."""
    circuit = state.circuit
    for p in range(state.clock.shape[0]):
        load_weights(circuit.early[p], circuit.late[p], circuit.gain[p], 1.0, work.trace.total, work.trace.weights)
        for s in range(met.cue.shape[0]):
            steps, tone = _run(s, met, params, work.trace), params.episodes[met.episode[s], 8]
            for _ in range(turns):
                derive(steps, tone, 1.0, 1.0, params.anatomy, params.circuit, work.trace, work.factors, work.response)


@kernel
def loop_induce(turns: int, state: ModelState, met: Shown, params: ModelParams, work: Scratch) -> None:
    """Apply what every episode drives synapses by `turns` times; changes the state."""
    circuit = state.circuit
    for p in range(state.clock.shape[0]):
        load_weights(circuit.early[p], circuit.late[p], circuit.gain[p], 1.0, work.trace.total, work.trace.weights)
        for s in range(met.cue.shape[0]):
            steps, tone = _run(s, met, params, work.trace), params.episodes[met.episode[s], 8]
            derive(steps, tone, 1.0, 1.0, params.anatomy, params.circuit, work.trace, work.factors, work.response)
            for _ in range(turns):
                induce(
                    circuit.early[p],
                    circuit.late[p],
                    circuit.refractory[p],
                    work.live,
                    _stimulus(s, met),
                    work.threshold,
                    1.0,
                    params.anatomy,
                    params.circuit,
                    work.response,
                    work.synapses,
                )


@kernel
def loop_holds(turns: int, state: ModelState, met: Shown, params: ModelParams, work: Scratch) -> None:
    """Ask of every remembered episode `turns` times whether it still holds."""
    circuit, memo = state.circuit, state.memo
    for p in range(state.clock.shape[0]):
        for s in range(memo.known.shape[1]):
            for _ in range(turns):
                holds(
                    memo,
                    p,
                    s,
                    circuit.early[p],
                    circuit.late[p],
                    circuit.gain[p],
                    memo.pv[p, s],
                    _stimulus(s, met),
                    params.anatomy,
                    work.trace,
                )


@kernel
def loop_settle(turns: int, state: ModelState, met: Shown, params: ModelParams, work: Scratch) -> None:
    """Let late phase and structure relax to each other for `turns` hours; changes the state."""
    circuit = state.circuit
    for p in range(state.clock.shape[0]):
        late, structure = circuit.late[p], circuit.structure[p]
        for _ in range(turns):
            pre, post = circuit.labile_pre[p], circuit.labile_post[p]
            settle(late, structure, pre, post, 0.0, 0.0, 1.0, params.molecular.consolidation)


@kernel
def loop_decay(turns: int, state: ModelState, met: Shown, params: ModelParams, work: Scratch) -> None:
    """Let the early phase decay `turns` times, for so short that nothing ends; changes the state."""
    early, refractory, recovery = (
        state.circuit.early,
        state.circuit.refractory,
        params.circuit.plasticity.tau_refractory,
    )
    for p in range(state.clock.shape[0]):
        for j in range(work.live.shape[0]):
            work.live[j] = False
            for i in range(early.shape[2]):
                work.live[j] |= early[p, j, i] != 0.0
        for _ in range(turns):
            decay_early(
                early[p],
                refractory[p],
                work.live,
                1e-9,
                False,
                recovery,
                params.molecular.consolidation,
                work.carried,
            )


@cache
def counted() -> dict[str, tuple[int, Work]]:
    """Return how often a loop calls each kernel per turn, and the work of one call."""
    state, met, params, work = arrays.copy(lived()), shown(), task().params, scratchpad()
    anatomy, circuit, memo = params.anatomy, state.circuit, state.memo
    relaxed = derived = induced = compared = NONE
    for p in range(ROWS):
        load_weights(circuit.early[p], circuit.late[p], circuit.gain[p], 1.0, work.trace.total, work.trace.weights)
        for s, row in enumerate(params.episodes[met.episode]):
            stimulus = _stimulus(s, met)
            steps = _run(s, met, params, work.trace)
            derive(steps, row[8], 1.0, 1.0, anatomy, params.circuit, work.trace, work.factors, work.response)
            relaxed = relaxed.plus(relaxation(steps, row, stimulus, anatomy, params.circuit, work.trace))
            derived = derived.plus(derivation(steps, work.trace, work.factors, work.response))
            induced = induced.plus(induction(stimulus, anatomy, work.response))
            if s < memo.known.shape[1] and memo.known[p, s]:
                compared = compared.plus(comparison(p, s, stimulus, anatomy, memo))
    episodes, known = ROWS * len(met.cue), int(memo.known.sum())
    synapses = circuit.late[0].size
    carrying = int((np.abs(circuit.early).max(2) > 0.0).sum()) * circuit.late.shape[2]
    return {
        "relaxation (simulate)": (episodes, relaxed.each(episodes)),
        "plasticity (derive)": (episodes, derived.each(episodes)),
        "plasticity (induce)": (episodes, induced.each(episodes)),
        "memory (holds)": (known, compared.each(known)),
        "hour (settle)": (ROWS, per_synapse(synapses, 5, 4)),
        "stop (decay_early)": (ROWS, per_synapse(carrying, 5, 4).each(ROWS)),
    }


LOOPS = {
    "relaxation (simulate)": loop_simulate,
    "plasticity (derive)": loop_derive,
    "plasticity (induce)": loop_induce,
    "memory (holds)": loop_holds,
    "hour (settle)": loop_settle,
    "stop (decay_early)": loop_decay,
}


def timed(name: str) -> Sample:
    """Return what one call of a kernel costs and does."""
    calls, work = counted()[name]

    def spent(turns: int) -> float:
        state = arrays.copy(lived())
        begun = time.process_time()
        LOOPS[name](turns, state, shown(), task().params, scratchpad())
        return time.process_time() - begun

    spent(0)  # compiles
    once, several = spent(1), spent(11)
    turns = max(10, round(10 * LASTING / max(1e-6, several - once)))
    us = 1e6 * (spent(1 + turns) - spent(1)) / (turns * calls)
    return {"us_per_call": us, "operations": work.operations, "bytes": work.moved}


@cache
def probed() -> Work:
    """Return the work of measuring one patient: every probe, and sums over its synapses."""
    params, seen, circuit, lent = task().params, task().read_outs, lived().circuit, bench(task().params.anatomy)
    anatomy, units, work = params.anatomy, lent.rate.shape[0], NONE
    for p in range(PROBED):
        load_weights(circuit.early[p], circuit.late[p], circuit.gain[p], 1.0, lent.total, lent.weights)
        pv = pv_scale(p, lived(), np.zeros(len(TARGETS)), params)
        for context in seen.contexts:
            show(anatomy.contexts[context], 1.0, lent.weights, lent.context)
            work = work.plus(showing(anatomy.contexts[context], units))
            for cue in [*seen.function, *seen.others]:
                show(anatomy.cues[cue], 1.0, lent.weights, lent.cue)
                work = work.plus(showing(anatomy.cues[cue], units))
                for strength in seen.strengths:
                    work = work.plus(probing(strength, pv, anatomy, params.circuit, lent))
        work = work.plus(per_synapse(circuit.late[p].size, 2 + 5, 3))  # the acting weights; early and unsettled
    return work.each(PROBED)


def measuring() -> Sample:
    """Return what measuring one patient costs and does."""
    state = arrays.take(lived(), np.arange(64) % PROBED)
    measure(state, task().params, task().read_outs)
    begun = time.process_time()
    measure(state, task().params, task().read_outs)
    us = 1e6 * (time.process_time() - begun) / 64
    return {"us_per_call": us, "operations": probed().operations, "bytes": probed().moved}


def roofs(figures: Figures) -> None:
    """Add to every kernel its shares of the machine's peak and bandwidth."""
    machine = figures["machine"]
    limits = {
        "share_of_peak": ("operations", 1e9 * machine["multiply-add"]["gflops"]["median"]),
        "share_of_bandwidth": ("bytes", 1e9 * machine["triad"]["gbytes_per_second"]["median"]),
    }
    for kernel_figures in figures.get("kernels", {}).values():
        us = kernel_figures["us_per_call"]
        for share, (what, limit) in limits.items():
            least = 1e6 * kernel_figures[what]["median"] / limit  # us that the limit asks for
            kernel_figures[share] = {
                "median": least / us["median"],
                "low": least / us["high"],
                "high": least / us["low"],
                "samples": us["samples"],
            }


def measurements(effort: Effort) -> list[Measurement]:
    """Return what there is to measure of the kernels."""
    found = [Measurement("kernels", name, partial(timed, name), effort.repeats) for name in LOOPS]
    found.append(Measurement("kernels", "probes (measure)", measuring, effort.repeats))
    return found
