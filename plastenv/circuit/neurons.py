"""Fast dynamics of one episode: excitatory rate units, a PV pool, expectation and its error.

    tau dr/dt = -r + phi(g (W r + W x) + outcome + omission + stimulus - PV - threshold),   phi(u) = u / sqrt(1 + u^2)
    tau_pv dPV/dt = -PV + pv_gain * pv * (sum of r, per assembly of eight)

Expectation of an outcome is a 50 ms low-pass of the rate of the units that this outcome drives, held while it is
delivered; its error releases a phasic modulator. An aversive outcome that is due and missing drives the assemblies
wired to its omission. Order: expectation and error, then inhibition, then excitation. Rates are in units of 100 Hz.
"""

from typing import NamedTuple

import numpy as np

from plastenv.arrays import zeros
from plastenv.circuit.params import Anatomy, CircuitParams
from plastenv.kernel import core, kernel, transfer

FAINT = np.float32(0.005)  # 0.5 Hz; eight neighbours below it pass nothing on
QUIET = np.float32(0.001)  # 0.1 Hz; when no unit is above it and none is driven, an episode's rates are over
RELEASE = -2  # target of a stimulator that drives the neuromodulatory nuclei themselves
TAIL = 40  # steps of silence that are still written down after the rates are over


class Trace(NamedTuple):
    """What an episode leaves behind for the plasticity rule; scratch, reused by every episode."""

    weights: np.ndarray  # (pre, post) float32, acting weights: scaling factor times early plus late
    rates: np.ndarray  # (steps, units) float32, 100 Hz
    cue: np.ndarray  # (steps,) float32, 1 while the cue is on
    surprise: np.ndarray  # (steps,) float32, phasic release by outcomes that were not expected
    omission: np.ndarray  # (steps,) float32, phasic release by aversive outcomes that failed to come
    error: np.ndarray  # (2,), largest errors of the episode: an aversive outcome that failed to come, one that came
    inhibited: np.ndarray  # (1,), share of inhibition that volleys met; a train tires it
    ran: np.ndarray  # (1,) int64, steps until the rates were over; silence is written down for a tail of steps
    steady: np.ndarray  # (units,) float32, input of the context
    shown: np.ndarray  # (units,) float32, input of the context and the cue
    total: np.ndarray  # (units,) float32
    rate: np.ndarray  # (units,) float32
    plateau: np.ndarray  # (units,) float32, s since the dendrite last fired
    peak: np.ndarray  # (units,) float32, largest rate of the episode
    summed: np.ndarray  # (units,) float32, sum of rates over steps
    expected: np.ndarray  # (outcomes,) float32
    heeded: np.ndarray  # (outcomes,) bool, expected in this episode


class Stimulus(NamedTuple):
    """What reaches the circuit from outside during one episode."""

    episode: int  # row of the event table
    cue: int  # -1 = none
    context: int
    outcome: int  # -1 = none
    target: int  # stimulator target, -1 = none, -2 = phasic neuromodulator
    strength: float  # of the cue
    intensity: float  # of the outcome
    amplitude: float  # of the stimulator, negative inhibits


def scratch(units: int, inputs: int, outcomes: int, dt: float, longest: float) -> Trace:
    """Allocate a `Trace` for episodes of up to `longest` s."""
    steps = int(round(longest / dt)) + 4
    surprise, omission, cue = zeros((3, steps), np.float32)
    steady, shown, total, rate, plateau, peak, summed = zeros((7, units), np.float32)
    return Trace(
        weights=zeros((units + inputs, units), np.float32),
        rates=zeros((steps, units), np.float32),
        cue=cue,
        surprise=surprise,
        omission=omission,
        error=np.zeros(2),
        inhibited=np.ones(1),
        ran=np.zeros(1, np.int64),
        steady=steady,
        shown=shown,
        total=total,
        rate=rate,
        plateau=plateau,
        peak=peak,
        summed=summed,
        expected=np.zeros(outcomes, np.float32),
        heeded=np.zeros(outcomes, np.bool_),
    )


@kernel
def load_weights(
    early: np.ndarray, late: np.ndarray, gain: np.ndarray, excitability: float, scale: np.ndarray, weights: np.ndarray
) -> None:
    """Put excitability * gain * (early + late) of one patient into `weights`, (pre, units).

    `excitability` is the neuromodulatory gain of all input, 1 = none; `scale`, (units,), is scratch.
    """
    pre, post = early.shape
    for i in range(post):
        scale[i] = np.float32(excitability * gain[i])
    for j in range(pre):
        for i in range(post):
            weights[j, i] = scale[i] * (early[j, i] + late[j, i])


@kernel
def show(pattern: np.ndarray, strength: float, weights: np.ndarray, drive: np.ndarray) -> None:
    """Write what input axons at `strength` times `pattern`, (inputs,), send to every unit into `drive`, (units,)."""
    units = drive.shape[0]
    drive[:] = 0.0
    for j in range(pattern.shape[0]):
        if pattern[j] > 0.0:
            level = pattern[j] * np.float32(strength)
            for i in range(units):
                drive[i] += level * weights[units + j, i]


@core
def excite(rate: np.ndarray, weights: np.ndarray, total: np.ndarray) -> None:
    """Add the input from the circuit's own units to `total`, eight presynaptic neighbours at a time."""
    units = rate.shape[0]
    for first in range(0, units - 7, 8):
        r = rate[first : first + 8]
        a, b, c, d, e, f, g, h = r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]
        if max(max(max(a, b), max(c, d)), max(max(e, f), max(g, h))) > FAINT:
            own = weights[first : first + 8]
            for i in range(units):
                one = (a * own[0, i] + b * own[1, i]) + (c * own[2, i] + d * own[3, i])
                other = (e * own[4, i] + f * own[5, i]) + (g * own[6, i] + h * own[7, i])
                total[i] += one + other


@core
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


@core
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
    avoidable cue is ended (above 1 = never). The number of units must be a multiple of eight.
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
    show(anatomy.contexts[stimulus.context], 1.0, trace.weights, trace.steady)
    if stimulus.cue >= 0:
        show(anatomy.cues[stimulus.cue], stimulus.strength, trace.weights, trace.shown)
        for i in range(units):
            trace.shown[i] += trace.steady[i]
    for k in range(outcomes):
        trace.heeded[k] = anatomy.omission_gain[k] > 0.0 or k == stimulus.outcome
    rate[:] = 0.0
    trace.peak[:] = 0.0
    trace.summed[:] = 0.0
    expected[:] = 0.0
    inhibition, surprised, relieved, activity = none, none, none, none
    trace.error[0] = trace.error[1] = 0.0
    over = cue_off if stimulus.cue >= 0 else 0
    over = max(over, outcome_off) if stimulus.outcome >= 0 else over
    over = max(over, stim_off) if stimulus.target != -1 else over
    for step in range(steps):
        trace.ran[0] = step
        if step > over and step % 4 == 0 and _silent(total, rate, threshold):
            _fall_silent(step, steps, surprised, relieved, one - leak_mod, trace)
            return steps
        cue = stimulus.cue >= 0 and cue_on <= step < cue_off
        delivered = stimulus.outcome >= 0 and outcome_on <= step < outcome_off
        aversion, omission, surprise, shock = none, none, none, none
        for k in range(outcomes):
            if trace.heeded[k]:
                given = delivered_level if delivered and k == stimulus.outcome else none
                if given == 0.0:  # what an outcome itself evokes is no expectation of it
                    now = none
                    for i in range(units):
                        now += anatomy.outcome_read[k, i] * rate[i]
                    expected[k] += leak_expect * (now - expected[k])
                aversion += anatomy.omission_gain[k] * expected[k]
                surprise += anatomy.surprise_gain[k] * max(none, given - expected[k])
                shock = max(shock, anatomy.omission_gain[k] * (given - expected[k]))
                if cue and step >= due:
                    omission += anatomy.omission_gain[k] * max(none, min(one, expected[k]) - given)
        if stimulus.target == RELEASE and stim_on <= step < stim_off:
            surprise += np.float32(stimulus.amplitude)
        surprised += leak_mod * (surprise - surprised)
        relieved += leak_mod * (omission - relieved)
        trace.error[0] = max(trace.error[0], omission)
        trace.error[1] = max(trace.error[1], shock)
        if row[7] > 0.0 and cue and aversion > avoidance:
            return step

        transfer(trace.shown if cue else trace.steady, total, units)
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
        trace.cue[step] = one if cue else none
        trace.surprise[step] = surprised
        trace.omission[step] = relieved
    trace.ran[0] = steps
    return steps
