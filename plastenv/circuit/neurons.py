"""Fast dynamics of one episode: excitatory rate units, a PV pool, expectation and its error.

    tau dr/dt = -r + phi(g (W r + W x) + outcome + omission + stimulus - PV - threshold),   phi(u) = u / sqrt(1 + u^2)
    tau_pv dPV/dt = -PV + pv_gain * pv * (sum of r, per assembly of eight)

Expectation of an outcome is a 50 ms low-pass of the rate of the units that this outcome drives, held while it is
delivered; its error releases a phasic modulator. An aversive outcome that is due and missing drives the assemblies
wired to its omission. Order: expectation and error, then inhibition, then excitation. Rates are in units of 100 Hz.
"""

from typing import NamedTuple

import numpy as np

from plastenv.circuit.episodes import LONGEST
from plastenv.circuit.params import Anatomy, CircuitParams
from plastenv.kernel import kernel


class Trace(NamedTuple):
    """What an episode leaves behind for the plasticity rule; scratch, reused by every episode."""

    weights: np.ndarray  # (pre, post) float32, acting weights without the scaling factor
    rates: np.ndarray  # (steps, units) float32, 100 Hz
    cue: np.ndarray  # (steps,) float32, 1 while the cue is on
    surprise: np.ndarray  # (steps,) float32, phasic release by outcomes that were not expected
    omission: np.ndarray  # (steps,) float32, phasic release by aversive outcomes that failed to come
    error: np.ndarray  # (1,), largest omission error of the episode
    active: np.ndarray  # (units,) int64, the units that took part, first as many as there are
    last: np.ndarray  # (units,) int64, step at which each of them has fallen silent
    potentiation: np.ndarray  # (steps, units) float32, postsynaptic factor of potentiation of those units
    depression: np.ndarray  # (steps, units) float32, postsynaptic factor of depression of those units
    up: np.ndarray  # (units,) float32
    down: np.ndarray  # (units,) float32


class Stimulus(NamedTuple):
    """What reaches the circuit from outside during one episode."""

    episode: int  # row of the event table
    cue: int  # -1 = none
    context: int
    outcome: int  # -1 = none
    target: int  # stimulator target, -1 = none
    strength: float  # of the cue
    intensity: float  # of the outcome
    amplitude: float  # of the stimulator, negative inhibits


@kernel
def scratch(units: int, inputs: int, dt: float) -> Trace:
    """Allocate a `Trace` long enough for every episode of the event table."""
    steps = int(round(LONGEST / dt)) + 2
    return Trace(
        np.zeros((units + inputs, units), np.float32),
        np.zeros((steps, units), np.float32),
        np.zeros(steps, np.float32),
        np.zeros(steps, np.float32),
        np.zeros(steps, np.float32),
        np.zeros(1),
        np.zeros(units, np.int64),
        np.zeros(units, np.int64),
        np.zeros((steps, units), np.float32),
        np.zeros((steps, units), np.float32),
        np.zeros(units, np.float32),
        np.zeros(units, np.float32),
    )


@kernel
def load_weights(early: np.ndarray, late: np.ndarray, trace: Trace) -> None:
    """Put early + late of one patient into the scratch weights."""
    pre, post = early.shape
    for j in range(pre):
        for i in range(post):
            trace.weights[j, i] = early[j, i] + late[j, i]


@kernel
def simulate(
    row: np.ndarray,
    stimulus: Stimulus,
    gain: np.ndarray,
    pv: float,
    avoidance: float,
    anatomy: Anatomy,
    params: CircuitParams,
    trace: Trace,
) -> int:
    """Run one episode on the weights in `trace` and return the number of steps it took.

    `row` is a row of the event table, `pv` scales inhibition, `avoidance` is the expectation at which an
    avoidable cue is ended (above 1 = never).
    """
    neuron, rule = params.neuron, params.plasticity
    dt = np.float32(neuron.dt)
    units = gain.shape[0]
    steps = int(round(row[0] / neuron.dt))
    cue_on, cue_off = int(round(row[1] / neuron.dt)), int(round(row[2] / neuron.dt))
    outcome_on, outcome_off = int(round(row[3] / neuron.dt)), int(round(row[4] / neuron.dt))
    stim_on, stim_off = int(round(row[5] / neuron.dt)), int(round(row[6] / neuron.dt))
    due = cue_on + int(round(rule.omission_onset / neuron.dt))
    leak, leak_pv = dt / np.float32(neuron.tau), dt / np.float32(neuron.tau_pv)
    leak_expect, leak_mod = dt / np.float32(rule.tau_expectation), dt / np.float32(rule.tau_modulator)
    pv_drive = np.float32(neuron.pv_gain * pv * 8.0 / units)
    outcomes = anatomy.outcome_drive.shape[0]

    rate = np.zeros(units, np.float32)
    total = np.zeros(units, np.float32)
    cue_input = np.zeros(units, np.float32)
    steady = np.zeros(units, np.float32)
    context = anatomy.contexts[stimulus.context]
    for j in range(context.shape[0]):
        if context[j] > 0.0:
            for i in range(units):
                steady[i] += context[j] * trace.weights[units + j, i]
    if stimulus.cue >= 0:
        for j in range(context.shape[0]):
            level = anatomy.cues[stimulus.cue, j] * np.float32(stimulus.strength)
            if level > 0.0:
                for i in range(units):
                    cue_input[i] += level * trace.weights[units + j, i]
    delivered_level = np.float32(stimulus.intensity)

    expected = np.zeros(outcomes, np.float32)
    inhibition = np.float32(0.0)
    surprised = np.float32(0.0)
    relieved = np.float32(0.0)
    trace.error[:] = 0.0
    ended = cue_off
    for step in range(steps):
        cue = stimulus.cue >= 0 and cue_on <= step < ended
        delivered = stimulus.outcome >= 0 and outcome_on <= step < outcome_off
        aversion = np.float32(0.0)
        omission = np.float32(0.0)
        surprise = np.float32(0.0)
        for k in range(outcomes):
            given = delivered_level if delivered and k == stimulus.outcome else np.float32(0.0)
            if anatomy.omission_gain[k] > 0.0 or k == stimulus.outcome:
                if given == 0.0:  # what an outcome itself evokes is no expectation of it
                    now = np.float32(0.0)
                    for i in range(units):
                        now += anatomy.outcome_read[k, i] * rate[i]
                    expected[k] += leak_expect * (now - expected[k])
                aversion += anatomy.omission_gain[k] * expected[k]
                surprise += anatomy.surprise_gain[k] * max(np.float32(0.0), given - expected[k])
                if cue and step >= due:
                    sure = min(np.float32(1.0), expected[k])
                    omission += anatomy.omission_gain[k] * max(np.float32(0.0), sure - given)
        surprised += leak_mod * (surprise - surprised)
        relieved += leak_mod * (omission - relieved)
        if cue and step >= due:
            trace.error[0] = max(trace.error[0], omission)
        if row[7] > 0.0 and cue and aversion > avoidance:
            ended = step
            steps = step
            break

        activity = np.float32(0.0)
        for i in range(units):
            activity += rate[i]
            total[i] = steady[i]
        if cue:
            for i in range(units):
                total[i] += cue_input[i]
        for j in range(units):
            level = rate[j]
            if level > 0.005:
                for i in range(units):
                    total[i] += level * trace.weights[j, i]
        for i in range(units):
            total[i] *= np.float32(gain[i])
        if delivered:
            for i in range(units):
                total[i] += delivered_level * anatomy.outcome_drive[stimulus.outcome, i]
        if omission > 0.0:
            for k in range(outcomes):
                if anatomy.omission_gain[k] > 0.0:
                    for i in range(units):
                        total[i] += omission * anatomy.omission_drive[k, i]
        if stimulus.target >= 0 and stim_on <= step < stim_off:
            for i in range(units):
                total[i] += np.float32(stimulus.amplitude) * anatomy.stimulation[stimulus.target, i]
        inhibition += leak_pv * (pv_drive * activity - inhibition)
        offset = inhibition + np.float32(neuron.threshold)
        for i in range(units):
            drive = max(np.float32(0.0), total[i] - offset)
            rate[i] += leak * (drive / np.sqrt(np.float32(1.0) + drive * drive) - rate[i])
            trace.rates[step, i] = rate[i]
        trace.cue[step] = np.float32(1.0) if cue else np.float32(0.0)
        trace.surprise[step] = surprised
        trace.omission[step] = relieved
    return steps
