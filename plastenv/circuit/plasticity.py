"""The plasticity rule: triplet STDP on millisecond rates, a third factor, refractory induction.

    drive+ = A3+ tau+ tau_y  x  y  y_slow      (presynaptic trace x postsynaptic rate x slow postsynaptic trace)
    drive- = A2- tau-        x' y_fast         (presynaptic rate x fast postsynaptic trace)

which on stationary Poisson rates is the BCM form of Pfister & Gerstner 2006. Every coincidence writes an
eligibility trace that the modulator reads out; the double integral over time is one backward filter of the
modulator, so no eligibility is stored per synapse. What a synapse has received lately leaves its induction
refractory for minutes (Kramar 2012). Order: factors, then synapses.

    dE/ds = net (1 - E/E_max) where net > 0,  net (1 + E/(L/2)) where net < 0 and E < 0,  linearly implicit per episode
"""

import numpy as np

from plastenv.circuit.neurons import Stimulus, Trace
from plastenv.circuit.params import Anatomy, CircuitParams
from plastenv.kernel import kernel

SILENT = 0.02  # 2 Hz; a unit that never passes it takes no part
ECHO = 12  # steps after its last activity in which a unit still has a presynaptic trace


@kernel
def _read_back(release: np.ndarray, steps: int, params: CircuitParams) -> np.ndarray:
    """Return, per step, how much of `release` the eligibility written at that step will meet, (steps,)."""
    rule, dt = params.plasticity, params.neuron.dt
    leak = np.float32(dt / rule.tau_eligibility)
    reading = release[steps - 1] * np.float32(rule.tau_modulator / (rule.tau_modulator + rule.tau_eligibility))
    read = np.empty(steps, np.float32)
    for step in range(steps - 1, -1, -1):
        reading += leak * (release[step] - reading)
        read[step] = reading
    return read


@kernel
def _factors(
    steps: int, tone: float, threshold: np.ndarray, anatomy: Anatomy, params: CircuitParams, trace: Trace
) -> int:
    """Fill the postsynaptic factors of the rule for the neurons that were active, and return their number.

    The factors are already weighted by the modulator that will read them.

    A neuron that carries the expectation of an outcome that then fails to come is told so with reversed sign:
    its coincidences are depotentiated (Kim 2007, PNAS 104:20955), everyone else's are strengthened.
    """
    rule, dt = params.plasticity, params.neuron.dt
    units = trace.rates.shape[1]
    surprise = _read_back(trace.surprise, steps, params)
    omission = _read_back(trace.omission, steps, params)
    mistaken = np.zeros(units, np.float32)
    for k in range(anatomy.omission_gain.shape[0]):
        for i in range(units):
            if anatomy.omission_gain[k] > 0.0 and anatomy.outcome_read[k, i] > 0.0:
                mistaken[i] = 1.0
    up = np.float32(1e6 * rule.a3_plus * rule.tau_plus * rule.tau_y * dt)
    down = np.float32(1e4 * rule.a2_minus * rule.tau_minus * dt)
    leak_fast, leak_slow = np.float32(dt / rule.tau_minus), np.float32(dt / rule.tau_y)
    tonic, phasic = np.float32(tone * rule.modulator_tonic), np.float32(tone * rule.modulator_phasic)
    turned = np.float32(1.0 + rule.reversal)
    number = 0
    for i in range(units):
        peak = np.float32(0.0)
        last = 0
        for step in range(steps):
            peak = max(peak, trace.rates[step, i])
            if trace.rates[step, i] > 0.25 * SILENT:
                last = step
        if peak >= SILENT:
            trace.active[number] = i
            trace.last[number] = min(steps, last + ECHO)
            number += 1
    fast = np.zeros(number, np.float32)
    slow = np.zeros(number, np.float32)
    for step in range(steps):
        salient = tonic + phasic * (surprise[step] + omission[step])
        missed = phasic * omission[step] * turned
        for a in range(number):
            i = trace.active[a]
            rate = trace.rates[step, i]
            trace.potentiation[step, a] = up * rate * slow[a] * (salient - missed * mistaken[i])
            fast[a] += leak_fast * (rate - fast[a])
            slow[a] += leak_slow * (rate - slow[a])
            trace.depression[step, a] = down * fast[a] * np.float32(threshold[i]) * salient
    return number


@kernel
def _change(
    early: np.ndarray,
    late: np.ndarray,
    refractory: np.ndarray,
    itself: int,
    active: np.ndarray,
    up: np.ndarray,
    down: np.ndarray,
    rate: float,
    params: CircuitParams,
) -> float:
    """Change the synapses of one axon by one episode and return the sum of absolute early changes."""
    rule = params.plasticity
    unit = np.float32(rule.weight_unit * rule.efficacy * rate)
    limit, half = np.float32(rule.early_max), np.float32(rule.refractory_half)
    dose = np.float32(1.0 / rule.refractory_dose)
    moved = np.float32(0.0)
    for a in range(active.shape[0]):
        i = active[a]
        if i == itself:
            continue
        spent = refractory[i] / half
        spent *= spent
        ready = np.float32(1.0) / (np.float32(1.0) + spent * spent)
        net = ready * unit * (up[a] - down[a])
        was = early[i]
        rise = max(np.float32(0.0), net)
        fall = max(np.float32(0.0), -net)
        undone = min(max(np.float32(0.0), was), fall)  # depotentiation comes before depression
        fall -= undone
        half_late = np.float32(0.5) * late[i]
        span = half_late + np.float32(1e-3)
        now = (was - undone + rise) / (np.float32(1.0) + rise / limit)
        early[i] = (now - fall * half_late / span) / (np.float32(1.0) + fall / span)
        moved += abs(early[i] - was)
        used = ready * dose * (abs(up[a]) + down[a]) * np.float32(rate)
        refractory[i] += (np.float32(1.0) - refractory[i]) * used / (np.float32(1.0) + used)
    return float(moved)


@kernel
def induce(
    early: np.ndarray,
    late: np.ndarray,
    refractory: np.ndarray,
    live: np.ndarray,
    steps: int,
    stimulus: Stimulus,
    tone: float,
    threshold: np.ndarray,
    rate: float,
    anatomy: Anatomy,
    params: CircuitParams,
    trace: Trace,
) -> float:
    """Apply the rule to one patient's synapses, (pre, post), after an episode of `steps` steps.

    `rate` scales induction (NMDA receptors available, the patient's own rate); axons that changed are marked in
    `live`, (pre,) bool. Returns the L1 norm of the change.
    """
    if steps < 2 or rate <= 0.0:
        return 0.0
    number = _factors(steps, tone, threshold, anatomy, params, trace)
    active, up, down = trace.active[:number], trace.up, trace.down
    leak = np.float32(params.neuron.dt / params.plasticity.tau_plus)
    units = trace.rates.shape[1]
    moved = 0.0
    for a in range(number):
        j = active[a]
        up[:number] = 0.0
        down[:number] = 0.0
        low = np.float32(0.0)
        for step in range(trace.last[a]):
            now = trace.rates[step, j]
            low += leak * (now - low)
            for b in range(number):
                up[b] += low * trace.potentiation[step, b]
                down[b] += now * trace.depression[step, b]
        moved += _change(early[j], late[j], refractory[j], j, active, up, down, rate, params)
        live[j] = True

    up_cue, down_cue = np.zeros(number, np.float32), np.zeros(number, np.float32)
    up_all, down_all = np.zeros(number, np.float32), np.zeros(number, np.float32)
    low = np.float32(0.0)
    for step in range(steps):
        now = trace.cue[step]
        low += leak * (now - low)
        for b in range(number):
            up_cue[b] += low * trace.potentiation[step, b]
            down_cue[b] += now * trace.depression[step, b]
            up_all[b] += trace.potentiation[step, b]
            down_all[b] += trace.depression[step, b]
    for k in range(anatomy.cues.shape[1]):
        cue = np.float32(0.0)
        if stimulus.cue >= 0:
            cue = anatomy.cues[stimulus.cue, k] * np.float32(stimulus.strength)
        context = anatomy.contexts[stimulus.context, k]
        if cue + context <= 0.0:
            continue
        for b in range(number):
            up[b] = cue * up_cue[b] + context * up_all[b]
            down[b] = cue * down_cue[b] + context * down_all[b]
        j = units + k
        moved += _change(early[j], late[j], refractory[j], -1, active, up, down, rate, params)
        live[j] = True
    return moved
