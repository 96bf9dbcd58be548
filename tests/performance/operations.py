"""Count what the loops of the kernels have executed: operations of float32, and bytes that must move once.

Additions, products, divisions, roots, minima, maxima and absolute values count one each; scalars outside the loops
over units and synapses count nothing. Bytes are those of the arrays that a kernel has to read or write.
"""

from typing import NamedTuple

import numpy as np

from plastenv.circuit import probes
from plastenv.circuit.memo import Memo
from plastenv.circuit.neurons import FAINT, TAIL, Stimulus, Trace
from plastenv.circuit.params import Anatomy, CircuitParams
from plastenv.circuit.plasticity import BLOCK, ECHO, Factors, Response

FLOAT = 4  # bytes
RELAX = 10  # operations per unit of one step of `relax`


class Work(NamedTuple):
    """Operations and bytes of one call or of many."""

    operations: float
    moved: float  # bytes

    def plus(self, other: "Work") -> "Work":
        """Return the work of both."""
        return Work(self.operations + other.operations, self.moved + other.moved)

    def each(self, calls: int) -> "Work":
        """Return the work of one of `calls`."""
        return Work(self.operations / calls, self.moved / calls)


NONE = Work(0.0, 0.0)


def relaxation(
    steps: int, row: np.ndarray, stimulus: Stimulus, anatomy: Anatomy, params: CircuitParams, trace: Trace
) -> Work:
    """Count `simulate`, from the rates that it has left in `trace`; `row` is the row of the event table."""
    units, axons, dt, k = trace.rate.shape[0], axons_on(stimulus, anatomy), params.neuron.dt, stimulus.outcome
    ran = int(trace.ran[0])
    started = np.zeros((ran, units), np.float32)  # the rates that every step began with
    started[1:] = trace.rates[: ran - 1]
    groups = int((started.reshape(ran, -1, 8).max(2) > FAINT).sum())
    edges, time = np.rint(row[:7] / dt), np.arange(ran)
    present = (stimulus.cue >= 0, k >= 0, stimulus.target >= 0)
    spans = list(zip(edges[1::2], edges[2::2], present, strict=True))
    cue, delivered, stimulated = ((start <= time) & (time < end) & here for start, end, here in spans)
    over = max(end if here else 0.0 for _, end, here in spans)
    looked = np.arange(ran + (ran < steps))  # an episode that falls silent ends at a look
    due = cue & (time >= edges[1] + round(params.plasticity.omission_onset / dt))
    passes = 2 * axons + 1 + 2 * int(delivered.sum() + stimulated.sum())  # operations per unit; inputs, then currents
    passes += 2 * int(((looked > over) & (looked % 4 == 0)).sum())
    for outcome, feared in enumerate(anatomy.omission_gain > 0.0):
        read = ~delivered if outcome == k else np.ones(ran, bool)
        if feared or outcome == k:
            passes += 2 * int(read.sum())
        if feared:
            expected = np.logical_or.accumulate(((started @ anatomy.outcome_read[outcome]) > 0.0) & read)
            passes += 2 * int((due & expected & read).sum())
    passes += (RELAX + 2) * ran  # the step; its peak and sum
    return Work(units * (passes + 16 * groups), FLOAT * units * (units + axons + ran))


def axons_on(stimulus: Stimulus, anatomy: Anatomy) -> int:
    """Return how many axons the cue and the context drive, those in common counted twice."""
    cue = int((anatomy.cues[stimulus.cue] > 0.0).sum()) if stimulus.cue >= 0 else 0
    return cue + int((anatomy.contexts[stimulus.context] > 0.0).sum())


def _padded(steps: np.ndarray) -> np.ndarray:
    return -(-steps // 4) * 4  # products over time go four steps at a time


def derivation(steps: int, trace: Trace, factors: Factors, response: Response) -> Work:
    """Count `derive`, from what it has left in `factors` and `response`."""
    written = min(steps, int(trace.ran[0]) + TAIL)
    width = int(response.blocks[0]) * BLOCK
    fired = response.fired[:width] > 0.0
    pairs = fired.reshape(-1, 2).any(1)
    fallen = np.minimum(written, factors.last[:width].reshape(-1, 2).max(1) + ECHO)[pairs]
    filters = 3 * 3 * written * width + 3 * (2 * steps + written)  # three low-passes; the modulators back, the cue
    weighing = 7 * written * width
    lasting = int(_padded(np.append(fallen, written)).sum())  # last the cue and the context
    products = 2 * 2 * 2 * lasting * width  # two products of two columns
    return Work(filters + weighing + products, FLOAT * width * (written + 2 * (int(fired.sum()) + 2)))


def induction(stimulus: Stimulus, anatomy: Anatomy, response: Response) -> Work:
    """Count `induce` for the response that it applies."""
    width = int(response.blocks[0]) * BLOCK
    fired = int(response.fired[:width].sum())
    driven = anatomy.contexts[stimulus.context] + (anatomy.cues[stimulus.cue] if stimulus.cue >= 0 else 0.0)
    inputs = int((driven > 0.0).sum())
    synapses = (fired + inputs) * width
    collecting = synapses + 6 * inputs * width
    spending, moving = 16 * synapses, 21 * synapses
    state = 5 * synapses  # early and refractory are read and written, late is read
    return Work(collecting + spending + moving, FLOAT * (state + 2 * fired * width))


def comparison(p: int, slot: int, stimulus: Stimulus, anatomy: Anatomy, memo: Memo) -> Work:
    """Count `holds` for a remembered episode."""
    mean = memo.response.mean[p, slot]
    units = len(mean)
    driven = anatomy.contexts[stimulus.context] + anatomy.cues[stimulus.cue]
    axons = int((driven > 0.0).sum()) + int((mean > FAINT).sum())
    return Work(units * (3 * axons + 8), FLOAT * units * (2 * axons + 2))


def per_synapse(synapses: int, operations: int, moved: int) -> Work:
    """Count a sweep over `synapses` that takes so many operations and moves so many numbers for each."""
    return Work(operations * synapses, FLOAT * moved * synapses)


def probing(strength: float, pv: float, anatomy: Anatomy, params: CircuitParams, lent: probes.Bench) -> Work:
    """Run one probe and count it: its Python source, which leaves no record of its steps, on a counting `excite`."""
    compiled, steps, groups, units = probes.excite, 0, 0, lent.rate.shape[0]

    def excite(rate: np.ndarray, weights: np.ndarray, total: np.ndarray) -> None:
        nonlocal steps, groups
        steps, groups = steps + 1, groups + int((rate.reshape(-1, 8).max(1) > FAINT).sum())
        compiled(rate, weights, total)

    probes.excite = excite
    try:
        probes.probe.py_func(strength, -1, 0.0, pv, anatomy, params, lent)  # type: ignore[attr-defined]
    finally:
        probes.excite = compiled
    dt = params.neuron.dt
    whole, first = round(probes.PROBE_SECONDS / dt), round((probes.PROBE_SECONDS - probes.READ_SECONDS) / dt)
    looks, reads = min(steps, first) // probes.CHECKED, whole - first if steps == whole else 1
    each = 2 + RELAX * steps + 3 * looks + 3 * len(anatomy.assemblies) * reads
    return Work(units * (each + 16 * groups), 0.0)


def showing(pattern: np.ndarray, units: int) -> Work:
    """Count `show` for the rates of input axons."""
    return Work(2 * int((pattern > 0.0).sum()) * units, 0.0)
