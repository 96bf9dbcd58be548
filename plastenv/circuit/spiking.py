"""Spikes: stimulated pathways onto neurons that fire with escape noise. The plasticity rule reads them unchanged.

    tau dv/dt = -v + tau (EPSPs + plateau - inhibition - adaptation),   hazard = rate0 exp((v - v_rest) / width)
    released = volley (1 - tired) (1 - checked),   tau_on d(checked)/dt = share bound - checked
    each volley: tired += fatigue volley (1 - tired),   bound += released (1 - bound);   both then recover

A pattern lists when which pathway is stimulated, when current makes the neurons themselves fire and when fibres
release neuromodulator. Units that a stimulator reaches are the pathways' axons and fire as told; all others integrate
what those synapses pass on.
A dendrite whose slow EPSPs exceed inhibition by a threshold fires: a plateau of tens of milliseconds makes the neuron
burst, then the dendrite rests for seconds. Theta bursts potentiate by these (Golding 2002, Nature 418:326).
Volleys tire inhibition at once and, a tenth of a second later, check up to half of its release through GABA-B
autoreceptors, so trains and theta bursts get past most of it (Pearce 1995, J Physiol 484:425; Mott & Lewis 1991,
Science 252:1718; Davies 1991, Nature 349:609). A spike is written down as a rate of one spike per step, so that traces,
factors and products of `plasticity.py` are those of the spike rule (Pfister & Gerstner 2006). Neuron: Gerstner &
Kistler 2002, Spiking Neuron Models, ch. 5.
"""

from typing import NamedTuple

import numpy as np

from plastenv import rng
from plastenv.circuit.neurons import RELEASE, Trace
from plastenv.circuit.params import Anatomy, CircuitParams
from plastenv.kernel import kernel

CURRENT = -1  # source of spikes that a current makes in the neurons themselves
PATHWAY = 8.0  # axons whose joint EPSP the parameters describe


class Patterns(NamedTuple):
    """Stimulation patterns; pattern k owns spikes offsets[k]:offsets[k+1], in order of time."""

    offsets: np.ndarray  # (patterns + 1,) int64
    time: np.ndarray  # (spikes,), s
    source: np.ndarray  # (spikes,) int64, stimulator, CURRENT or RELEASE
    strength: np.ndarray  # (spikes,), share of a pathway's axons that are reached; of a RELEASE its modulator, s
    duration: np.ndarray  # (patterns,), s
    tone: np.ndarray  # (patterns,), neuromodulatory tone


def no_patterns() -> Patterns:
    """Return the patterns of whoever is never stimulated spike by spike."""
    nothing = np.zeros(0)
    return Patterns(np.zeros(1, np.int64), nothing, np.zeros(0, np.int64), nothing, nothing, nothing)


@kernel
def _stimulate(
    pattern: int, patterns: Patterns, anatomy: Anatomy, one: np.float32, params: CircuitParams, trace: Trace
) -> None:
    """Write the spikes of the axons that a pattern stimulates; spikes made by current go to the neurons."""
    units, dt = trace.rate.shape[0], params.neuron.dt
    for k in range(patterns.offsets[pattern], patterns.offsets[pattern + 1]):
        step, source = int(round(patterns.time[k] / dt)), patterns.source[k]
        if source == CURRENT:
            for i in range(units):
                if anatomy.receives[i] > 0.0:
                    trace.rates[step, i] = one
            continue
        if source == RELEASE:
            trace.surprise[step] += np.float32(patterns.strength[k] / params.plasticity.tau_modulator)
            continue
        size = np.float32(0.0)
        for i in range(units):
            size += anatomy.stimulation[source, i]
        reached = np.float32(0.0)
        for i in range(units):
            if anatomy.stimulation[source, i] > 0.0 and reached < np.float32(patterns.strength[k]) * size:
                trace.rates[step, i] = one
                reached += anatomy.stimulation[source, i]


@kernel
def fire(
    pattern: int,
    key: np.uint64,
    clock: int,
    pv: float,
    patterns: Patterns,
    anatomy: Anatomy,
    params: CircuitParams,
    trace: Trace,
) -> int:
    """Run one pattern on the weights in `trace` and return the number of steps it took.

    `key` and `clock` decide the noise; `pv` scales feed-forward inhibition.
    """
    neuron, dt = params.spike, params.neuron.dt
    units = trace.rate.shape[0]
    steps = int(round(patterns.duration[pattern] / dt))
    one = np.float32(0.01 / dt)
    for step in range(steps):
        trace.cue[step] = trace.surprise[step] = trace.omission[step] = 0.0
        for i in range(units):
            trace.rates[step, i] = 0.0
    _stimulate(pattern, patterns, anatomy, one, params, trace)
    late = int(round(neuron.latency / dt))
    keep, keep_inhibition = 1.0 - dt / neuron.tau, np.exp(-dt / neuron.tau_inhibition)
    keep_adaptation = np.exp(-dt / neuron.tau_adaptation)
    per_weight = 1.0 / (PATHWAY * params.plasticity.weight_unit)
    quick, slow = np.float32(neuron.potential * per_weight), np.float32(neuron.slow * per_weight)
    keep_slow, rested = np.float32(np.exp(-dt / neuron.tau_slow)), np.exp(-dt / neuron.tau_fatigue)
    unbinds, follows = np.exp(-dt / neuron.tau_autoreceptor), 1.0 - np.exp(-dt / neuron.onset_autoreceptor)
    keep_modulator = np.float32(1.0 - dt / params.plasticity.tau_modulator)
    noise, inhibition, tired, bound, checked = rng.combine(key, clock), 0.0, 0.0, 0.0, 0.0
    met, came = 0.0, 0.0
    v, adapted, silent, held = trace.total, trace.shown, trace.steady, trace.rate
    for i in range(units):
        v[i] = adapted[i] = silent[i] = held[i] = 0.0
        trace.peak[i] = trace.summed[i] = 0.0
        trace.plateau[i] = np.float32(neuron.plateau_rest)
    for step in range(1, steps):
        trace.surprise[step] += keep_modulator * trace.surprise[step - 1]
    for step in range(steps):
        inhibition *= keep_inhibition
        tired *= rested
        bound *= unbinds
        checked += follows * (neuron.autoreceptor * bound - checked)
        arriving, volley = step - late, 0.0
        if arriving >= 0:
            for j in range(units):
                if anatomy.receives[j] == 0.0 and trace.rates[arriving, j] > 0.0:
                    volley += 1.0 / PATHWAY
                    for i in range(units):
                        v[i] += quick * trace.weights[j, i]
                        held[i] += slow * trace.weights[j, i]
        released = volley * (1.0 - tired) * (1.0 - checked)
        inhibition += neuron.inhibition * pv * released
        met += released
        came += volley
        tired += neuron.fatigue * min(1.0, volley) * (1.0 - tired)
        bound += min(1.0, released) * (1.0 - bound)
        for i in range(units):
            if anatomy.receives[i] > 0.0:
                reaching = held[i] - inhibition
                if reaching > neuron.plateau_threshold and trace.plateau[i] >= neuron.plateau_rest:
                    trace.plateau[i] = 0.0
                bursting = trace.plateau[i] < neuron.plateau
                trace.plateau[i] += np.float32(dt)
                reaching += neuron.plateau_drive if bursting else 0.0
                v[i] = np.float32(keep * v[i] + dt / neuron.tau * (reaching - adapted[i]))
                held[i] *= keep_slow
                adapted[i] *= np.float32(keep_adaptation)
                silent[i] -= np.float32(dt)
                given = trace.rates[step, i] > 0.0
                hazard = neuron.resting_rate * np.exp(min(1.2, v[i]) / neuron.width) * dt
                own = silent[i] <= 0.0 and rng.uniform(noise, step, rng.NOISE + i) < 1.0 - np.exp(-hazard)
                if given or own:
                    trace.rates[step, i] = one
                    v[i] = 0.0
                    adapted[i] += np.float32(neuron.adaptation)
                    silent[i] = np.float32(neuron.burst_refractory if bursting else neuron.refractory)
            trace.peak[i] = max(trace.peak[i], trace.rates[step, i])
            trace.summed[i] += trace.rates[step, i]
    trace.error[0] = trace.error[1] = 0.0
    trace.ran[0] = steps
    trace.inhibited[0] = met / came if came > 0.0 else 1.0
    return steps
