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

FAINT = np.float32(0.005)  # 0.5 Hz; units below it, four by four, pass nothing on
QUIET = np.float32(0.001)  # 0.1 Hz; when no unit is above it and none is driven, an episode's rates are over
TAIL = 40  # steps of silence that are still written down after the rates are over


class Trace(NamedTuple):
    """What an episode leaves behind for the plasticity rule; scratch, reused by every episode."""

    weights: np.ndarray  # (pre, post) float32, acting weights: scaling factor times early plus late
    rates: np.ndarray  # (steps, units) float32, 100 Hz
    cue: np.ndarray  # (steps,) float32, 1 while the cue is on
    surprise: np.ndarray  # (steps,) float32, phasic release by outcomes that were not expected
    omission: np.ndarray  # (steps,) float32, phasic release by aversive outcomes that failed to come
    error: np.ndarray  # (1,), largest omission error of the episode
    ran: np.ndarray  # (1,) int64, steps until the rates were over; silence is written down for a tail of steps
    cue_input: np.ndarray  # (units,) float32
    steady: np.ndarray  # (units,) float32, input of the context
    total: np.ndarray  # (units,) float32
    rate: np.ndarray  # (units,) float32
    peak: np.ndarray  # (units,) float32, largest rate of the episode
    summed: np.ndarray  # (units,) float32, sum of rates over steps
    expected: np.ndarray  # (outcomes,) float32


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


def scratch(units: int, inputs: int, outcomes: int, dt: float) -> Trace:
    """Allocate a `Trace` long enough for every episode of the event table."""
    steps = int(round(LONGEST / dt)) + 4
    return Trace(
        np.zeros((units + inputs, units), np.float32),
        np.zeros((steps, units), np.float32),
        np.zeros(steps, np.float32),
        np.zeros(steps, np.float32),
        np.zeros(steps, np.float32),
        np.zeros(1),
        np.zeros(1, np.int64),
        np.zeros(units, np.float32),
        np.zeros(units, np.float32),
        np.zeros(units, np.float32),
        np.zeros(units, np.float32),
        np.zeros(units, np.float32),
        np.zeros(units, np.float32),
        np.zeros(outcomes, np.float32),
    )


@kernel
def load_weights(early: np.ndarray, late: np.ndarray, gain: np.ndarray, scale: np.ndarray, weights: np.ndarray) -> None:
    """Put gain * (early + late) of one patient into `weights`, (pre, units); `scale`, (units,), is scratch."""
    pre, post = early.shape
    for i in range(post):
        scale[i] = np.float32(gain[i])
    for j in range(pre):
        for i in range(post):
            weights[j, i] = scale[i] * (early[j, i] + late[j, i])


@kernel
def load_inputs(stimulus: Stimulus, anatomy: Anatomy, trace: Trace) -> None:
    """Put what the cue and the context send to every unit into the scratch."""
    units = trace.rate.shape[0]
    trace.steady[:] = 0.0
    trace.cue_input[:] = 0.0
    context = anatomy.contexts[stimulus.context]
    for j in range(context.shape[0]):
        weights = trace.weights[units + j]
        if context[j] > 0.0:
            for i in range(units):
                trace.steady[i] += context[j] * weights[i]
        if stimulus.cue >= 0 and anatomy.cues[stimulus.cue, j] > 0.0:
            level = anatomy.cues[stimulus.cue, j] * np.float32(stimulus.strength)
            for i in range(units):
                trace.cue_input[i] += level * weights[i]


@kernel
def excite(rate: np.ndarray, weights: np.ndarray, total: np.ndarray) -> None:
    """Add the input from the circuit's own units to `total`, four presynaptic units at a time."""
    units = rate.shape[0]
    for j in range(0, units - 3, 4):
        a, b, c, d = rate[j], rate[j + 1], rate[j + 2], rate[j + 3]
        if max(max(a, b), max(c, d)) > FAINT:
            for i in range(units):
                total[i] += (a * weights[j, i] + b * weights[j + 1, i]) + (
                    c * weights[j + 2, i] + d * weights[j + 3, i]
                )


@kernel
def relax(total: np.ndarray, offset: np.float32, leak: np.float32, rate: np.ndarray) -> np.float32:
    """Let the rates follow their input less `offset` for one step and return their sum."""
    activity = np.float32(0.0)
    for i in range(rate.shape[0]):
        net = max(np.float32(0.0), total[i] - offset)
        rate[i] += leak * (net / np.sqrt(np.float32(1.0) + net * net) - rate[i])
        activity += rate[i]
    return activity


@kernel
def _silent(total: np.ndarray, rate: np.ndarray, threshold: np.float32) -> bool:
    """Say whether no unit fires or is driven above its threshold, so that none will fire unless something comes."""
    most, driven = np.float32(0.0), np.float32(0.0)
    for i in range(rate.shape[0]):
        most = max(most, rate[i])
        driven = max(driven, total[i])
    return bool(most < QUIET and driven < threshold)


@kernel
def _fall_silent(
    ran: int, steps: int, surprised: np.float32, relieved: np.float32, keep: np.float32, trace: Trace
) -> None:
    """Write down silence after step `ran`; what modulator is left fades."""
    for step in range(ran, min(steps, ran + TAIL)):
        for i in range(trace.rate.shape[0]):
            trace.rates[step, i] = 0.0
    for step in range(ran, steps):
        surprised *= keep
        relieved *= keep
        trace.cue[step] = 0.0
        trace.surprise[step] = surprised
        trace.omission[step] = relieved


@kernel
def simulate(
    row: np.ndarray,
    stimulus: Stimulus,
    pv: float,
    avoidance: float,
    anatomy: Anatomy,
    params: CircuitParams,
    trace: Trace,
) -> int:
    """Run one episode on the weights in `trace` and return the number of steps it took.

    `row` is a row of the event table, `pv` scales inhibition, `avoidance` is the expectation at which an
    avoidable cue is ended (above 1 = never). The number of units must be a multiple of four.
    """
    neuron, rule = params.neuron, params.plasticity
    dt = np.float32(neuron.dt)
    rate, total, expected = trace.rate, trace.total, trace.expected
    units, outcomes = rate.shape[0], expected.shape[0]
    steps = int(round(row[0] / neuron.dt))
    cue_on, cue_off = int(round(row[1] / neuron.dt)), int(round(row[2] / neuron.dt))
    outcome_on, outcome_off = int(round(row[3] / neuron.dt)), int(round(row[4] / neuron.dt))
    stim_on, stim_off = int(round(row[5] / neuron.dt)), int(round(row[6] / neuron.dt))
    due = cue_on + int(round(rule.omission_onset / neuron.dt))
    leak, leak_pv = dt / np.float32(neuron.tau), dt / np.float32(neuron.tau_pv)
    leak_expect, leak_mod = dt / np.float32(rule.tau_expectation), dt / np.float32(rule.tau_modulator)
    pv_drive = np.float32(neuron.pv_gain * pv * 8.0 / units)
    threshold, one, none = np.float32(neuron.threshold), np.float32(1.0), np.float32(0.0)
    delivered_level = np.float32(stimulus.intensity)
    load_inputs(stimulus, anatomy, trace)
    rate[:] = 0.0
    trace.peak[:] = 0.0
    trace.summed[:] = 0.0
    expected[:] = 0.0
    inhibition, surprised, relieved, activity = none, none, none, none
    trace.error[0] = 0.0
    over = cue_off if stimulus.cue >= 0 else 0
    over = max(over, outcome_off) if stimulus.outcome >= 0 else over
    over = max(over, stim_off) if stimulus.target >= 0 else over
    for step in range(steps):
        trace.ran[0] = step
        if step > over and step % 4 == 0 and _silent(total, rate, threshold):
            _fall_silent(step, steps, surprised, relieved, one - leak_mod, trace)
            return steps
        cue = stimulus.cue >= 0 and cue_on <= step < cue_off
        delivered = stimulus.outcome >= 0 and outcome_on <= step < outcome_off
        aversion, omission, surprise = none, none, none
        for k in range(outcomes):
            if anatomy.omission_gain[k] > 0.0 or k == stimulus.outcome:
                given = delivered_level if delivered and k == stimulus.outcome else none
                if given == 0.0:  # what an outcome itself evokes is no expectation of it
                    now = none
                    for i in range(units):
                        now += anatomy.outcome_read[k, i] * rate[i]
                    expected[k] += leak_expect * (now - expected[k])
                aversion += anatomy.omission_gain[k] * expected[k]
                surprise += anatomy.surprise_gain[k] * max(none, given - expected[k])
                if cue and step >= due:
                    omission += anatomy.omission_gain[k] * max(none, min(one, expected[k]) - given)
        surprised += leak_mod * (surprise - surprised)
        relieved += leak_mod * (omission - relieved)
        trace.error[0] = max(trace.error[0], omission)
        if row[7] > 0.0 and cue and aversion > avoidance:
            return step

        shown = one if cue else none
        for i in range(units):
            total[i] = trace.steady[i] + shown * trace.cue_input[i]
        excite(rate, trace.weights, total)
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
        activity = relax(total, inhibition + threshold, leak, rate)
        for i in range(units):
            trace.rates[step, i] = rate[i]
            trace.peak[i] = max(trace.peak[i], rate[i])
            trace.summed[i] += rate[i]
        trace.cue[step] = shown
        trace.surprise[step] = surprised
        trace.omission[step] = relieved
    trace.ran[0] = steps
    return steps
