"""Probes: short cues that read the circuit out and leave no trace in it."""

import numpy as np

from plastenv.circuit.neurons import Stimulus, Trace, simulate
from plastenv.circuit.params import Anatomy, CircuitParams
from plastenv.kernel import kernel

PROBE_SECONDS = 0.2  # shorter than the time at which an outcome is due, so no error is felt
READ_SECONDS = 0.05
DEPTH_STEPS = 6  # bisections of the push that frees a cue; resolution 1/64


@kernel
def probe(
    cue: int,
    context: int,
    strength: float,
    outcome: int,
    push: float,
    pv: float,
    anatomy: Anatomy,
    params: CircuitParams,
    trace: Trace,
    answer: np.ndarray,
) -> None:
    """Show one cue and write the mean rate of every assembly at its end into `answer`, (assemblies,), 100 Hz.

    `trace.weights` must hold the weights. `push` is the current of `outcome` given along with the cue (0 = none).
    """
    row = np.zeros(9)
    row[0] = row[2] = row[4] = PROBE_SECONDS
    stimulus = Stimulus(0, cue, context, outcome, -1, strength, push, 0.0)
    steps = simulate(row, stimulus, pv, 2.0, anatomy, params, trace)
    first = steps - int(round(READ_SECONDS / params.neuron.dt))
    answer[:] = 0.0
    for a in range(answer.shape[0]):
        size = 0.0
        for i in range(trace.rate.shape[0]):
            if anatomy.assemblies[a, i] > 0.0:
                size += 1.0
                for step in range(first, steps):
                    answer[a] += trace.rates[step, i]
        answer[a] /= size * (steps - first)


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
def depth(
    cue: int,
    context: int,
    strength: float,
    pv: float,
    anatomy: Anatomy,
    params: CircuitParams,
    trace: Trace,
    answer: np.ndarray,
) -> float:
    """Return the smallest push towards the right assembly that makes it win, 0 (wins unaided) to 1."""
    right, outcome = anatomy.cue_assembly[cue], anatomy.cue_outcome[cue]
    low, high = 0.0, 1.0
    probe(cue, context, strength, outcome, 0.0, pv, anatomy, params, trace, answer)
    if clarity(answer, right) > 0.0:
        return 0.0
    for _ in range(DEPTH_STEPS):
        middle = 0.5 * (low + high)
        probe(cue, context, strength, outcome, middle, pv, anatomy, params, trace, answer)
        if clarity(answer, right) > 0.0:
            high = middle
        else:
            low = middle
    return high
