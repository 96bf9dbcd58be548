"""Probes: short cues that read the circuit out and leave no trace in it.

A probe runs the same dynamics as an episode (`circuit/neurons.py`), shorter than the time at which an outcome is due,
so that no error is felt; it stops as soon as the rates have settled.
"""

from typing import NamedTuple

import numpy as np

from plastenv.arrays import zeros
from plastenv.circuit.neurons import excite, relax
from plastenv.circuit.params import Anatomy, CircuitParams
from plastenv.kernel import kernel

PROBE_SECONDS = 0.2  # shorter than the time at which an outcome is due
READ_SECONDS = 0.05
CHECKED = 4  # steps between two looks at whether rates have settled
SETTLED = np.float32(1e-4)  # largest change of any rate between two looks, 100 Hz
DEPTH_STEPS = 6  # bisections of the push that frees a cue; resolution 1/64


class Bench(NamedTuple):
    """Scratch of probes."""

    weights: np.ndarray  # (pre, units) float32, acting weights
    context: np.ndarray  # (units,) float32, input of the context
    cue: np.ndarray  # (units,) float32, input of the cue at strength 1
    drive: np.ndarray  # (units,) float32
    total: np.ndarray  # (units,) float32
    rate: np.ndarray  # (units,) float32
    before: np.ndarray  # (units,) float32, rates at the last look
    answer: np.ndarray  # (assemblies,), mean rates in the end, 100 Hz


def bench(anatomy: Anatomy) -> Bench:
    """Allocate a `Bench` for circuits of this anatomy."""
    units = anatomy.assemblies.shape[1]
    weights = zeros((units + anatomy.cues.shape[1], units), np.float32)
    context, cue, drive, total, rate, before = zeros((6, units), np.float32)
    return Bench(weights, context, cue, drive, total, rate, before, np.zeros(len(anatomy.assemblies)))


@kernel
def probe(
    strength: float, outcome: int, push: float, pv: float, anatomy: Anatomy, params: CircuitParams, lent: Bench
) -> None:
    """Show the cue and context whose input `lent` holds; leave the mean rate of every assembly in `lent.answer`.

    `lent.weights` must hold the weights. `push` is the current of `outcome` given along with the cue (0 = none).
    """
    neuron, rate, before, drive, total = params.neuron, lent.rate, lent.before, lent.drive, lent.total
    units = rate.shape[0]
    for i in range(units):
        drive[i] = lent.context[i] + np.float32(strength) * lent.cue[i]
        rate[i] = before[i] = 0.0
    if push > 0.0:
        for i in range(units):
            drive[i] += np.float32(push) * anatomy.outcome_drive[outcome, i]
    leak, leak_pv = np.float32(neuron.dt / neuron.tau), np.float32(neuron.dt / neuron.tau_pv)
    pv_drive, threshold = np.float32(neuron.pv_gain * pv * 8.0 / units), np.float32(neuron.threshold)
    inhibition, activity = np.float32(0.0), np.float32(0.0)
    steps, first = int(round(PROBE_SECONDS / neuron.dt)), int(round((PROBE_SECONDS - READ_SECONDS) / neuron.dt))
    lent.answer[:] = 0.0
    for step in range(steps):
        for i in range(units):
            total[i] = drive[i]
        excite(rate, lent.weights, total)
        inhibition += leak_pv * (pv_drive * activity - inhibition)
        activity = relax(total, inhibition + threshold, leak, rate)
        if step >= first:
            _read(rate, anatomy, 1.0 / (steps - first), lent.answer)
        elif step % CHECKED == CHECKED - 1:
            change = np.float32(0.0)
            for i in range(units):
                change = max(change, abs(rate[i] - before[i]))
                before[i] = rate[i]
            if change < SETTLED:
                _read(rate, anatomy, 1.0, lent.answer)
                return


@kernel
def _read(rate: np.ndarray, anatomy: Anatomy, weight: float, answer: np.ndarray) -> None:
    """Add the mean rate of every assembly, times `weight`, to `answer`."""
    for a in range(answer.shape[0]):
        own, size = np.float32(0.0), np.float32(0.0)
        for i in range(rate.shape[0]):
            own += anatomy.assemblies[a, i] * rate[i]
            size += anatomy.assemblies[a, i]
        answer[a] += weight * own / size


@kernel
def clarity(answer: np.ndarray, right: int) -> float:
    """Return how clearly the assembly `right` wins, 0..1: its share of the rates of itself and its best rival."""
    rival = 0.0
    for a in range(answer.shape[0]):
        if a != right:
            rival = max(rival, answer[a])
    share = answer[right] / (answer[right] + rival + 0.05)
    return max(0.0, min(1.0, (share - 0.5) / 0.42))


@kernel
def depth(cue: int, strength: float, pv: float, anatomy: Anatomy, params: CircuitParams, lent: Bench) -> float:
    """Return the smallest push towards the right assembly that makes it win, 0 (wins unaided) to 1.

    `lent` must hold the input of `cue` and of a context.
    """
    right, outcome = anatomy.cue_assembly[cue], anatomy.cue_outcome[cue]
    low, high = 0.0, 1.0
    probe(strength, outcome, 0.0, pv, anatomy, params, lent)
    if clarity(lent.answer, right) > 0.0:
        return 0.0
    for _ in range(DEPTH_STEPS):
        middle = 0.5 * (low + high)
        probe(strength, outcome, middle, pv, anatomy, params, lent)
        if clarity(lent.answer, right) > 0.0:
            high = middle
        else:
            low = middle
    return high
