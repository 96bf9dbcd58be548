"""The plasticity rule: triplet STDP on millisecond rates, a third factor, refractory induction.

    drive+ = x  y  tau+ (A2+ (1 - PV / shunt) + A3+ tau_y y_slow)      (presynaptic trace x postsynaptic rate)
    drive- = A2- tau-        x' y_fast         (presynaptic rate x fast postsynaptic trace)
           + share A2- tau   x_left y'         while uptake of glutamate is inhibited (molecular/glia.py)

which on stationary Poisson rates is the BCM form of Pfister & Gerstner 2006; y_slow is the slow postsynaptic trace.
Inhibition keeps single spikes out of dendrites, bursts pass (Meredith 2003). It also times spikes: between neurons of
the circuit both drives are multiplied by what gamma makes of chance coincidences (circuit/gamma.py). Every
coincidence writes an eligibility trace that the modulator reads out; the double integral over time is one backward
filter of the modulator, so no eligibility is stored per synapse. What a synapse has received lately leaves its
induction refractory for minutes (Kramar 2012). Order: factors, their products over time, then synapses.

    dE/ds = net (1 - E/E_max) where net > 0,  net (1 + E/(L/2)) where net < 0 and E < 0,  linearly implicit per episode

Units are handled in blocks of eight neighbours; a block in which no unit fires takes no part.
"""

from typing import NamedTuple

import numpy as np

from plastenv.arrays import zeros
from plastenv.circuit.gamma import counted
from plastenv.circuit.neurons import TAIL, Stimulus, Trace
from plastenv.circuit.params import Anatomy, CircuitParams
from plastenv.kernel import core, kernel, transfer

# A unit takes no part that never passes 10 Hz and stays below 1 Hz on average: 0.2 % of what everyday episodes drive.
BRIEF, SPARSE = np.float32(0.1), np.float32(0.01)
OVER = np.float32(0.005)  # 0.5 Hz; below it for good, a unit has fallen silent
ECHO = 0.06  # s after its last activity in which a unit still has a presynaptic trace
BLOCK = 8  # units
ASIDE = 16  # columns beside those of the units, of which the first two hold the cue and the context


class Factors(NamedTuple):
    """Pre- and postsynaptic factors of one episode, blocks that took part side by side; scratch."""

    rate: np.ndarray  # (steps, units + aside) float32, 100 Hz; after the units the cue and the context
    low: np.ndarray  # (steps, units + aside) float32, presynaptic trace
    potentiation: np.ndarray  # (steps, units) float32, postsynaptic factor, weighted by the modulator
    depression: np.ndarray  # (steps, units) float32
    fast: np.ndarray  # (units,) float32, fast postsynaptic trace
    slow: np.ndarray  # (units,) float32, slow postsynaptic trace
    near: np.ndarray  # (units,) float32, presynaptic trace
    taking_part: np.ndarray  # (units,) float32, 1 = fired and receives
    sending: np.ndarray  # (units,) float32, 1 = fired and projects
    mistaken: np.ndarray  # (units,) float32, 1 = carried the expectation that was disappointed
    last: np.ndarray  # (units,) int64, step at which a unit has fallen silent
    surprise: np.ndarray  # (steps,) float32, modulator that the eligibility written at a step will meet
    omission: np.ndarray  # (steps,) float32


class Response(NamedTuple):
    """What an episode did, and what it drives every synapse by before that synapse's own state counts.

    Blocks that took part stand side by side; there is room for `width` units. No neuron connects to itself.
    """

    steps: np.ndarray  # (1,) int64, how long it took
    error: np.ndarray  # (2,), largest errors: an aversive outcome that failed to come, one that came
    mean: np.ndarray  # (units,) float32, mean rate, 100 Hz
    blocks: np.ndarray  # (1 + blocks,) int64, how many took part, then which
    fired: np.ndarray  # (width,) float32, 1 = this unit's own synapses are driven
    up: np.ndarray  # (width + 2, width) float32, potentiation, (pre, post); last an axon of the cue, one of the context
    down: np.ndarray  # (width + 2, width) float32, depression at a threshold of 1


class Synapses(NamedTuple):
    """What an episode drives one axon's synapses by, blocks that took part side by side; scratch."""

    threshold: np.ndarray  # (units,) float32
    up: np.ndarray  # (units,) float32
    down: np.ndarray  # (units,) float32


def synapses_scratch(units: int) -> Synapses:
    """Allocate `Synapses` for every unit."""
    return Synapses(*zeros((3, units), np.float32))


def factors_scratch(units: int, dt: float, longest: float) -> Factors:
    """Allocate `Factors` for episodes of up to `longest` s."""
    steps = int(round(longest / dt)) + 4
    rate, low = zeros((2, steps, units + ASIDE), np.float32)
    potentiation, depression = zeros((2, steps, units), np.float32)
    fast, slow, near, taking_part, sending, mistaken = zeros((6, units), np.float32)
    surprise, omission = zeros((2, steps), np.float32)
    return Factors(
        rate,
        low,
        potentiation,
        depression,
        fast,
        slow,
        near,
        taking_part,
        sending,
        mistaken,
        np.zeros(units, np.int64),
        surprise,
        omission,
    )


def response_scratch(units: int) -> Response:
    """Allocate a `Response` in which every unit may take part."""
    up, down = zeros((2, units + 2, units), np.float32)
    return Response(
        steps=np.zeros(1, np.int64),
        error=np.zeros(2),
        mean=zeros(units, np.float32),
        blocks=np.zeros(1 + units // BLOCK, np.int64),
        fired=zeros(units, np.float32),
        up=up,
        down=down,
    )


@kernel
def expecting(anatomy: Anatomy, carried: np.ndarray) -> None:
    """Write into `carried`, (units,), 1 for neurons whose rate is the expectation of an aversive outcome, else 0."""
    for i in range(carried.shape[0]):
        carried[i] = 0.0
        for k in range(anatomy.omission_gain.shape[0]):
            if anatomy.omission_gain[k] > 0.0 and anatomy.outcome_read[k, i] > 0.0:
                carried[i] = 1.0


@kernel
def _read_back(release: np.ndarray, steps: int, params: CircuitParams, read: np.ndarray) -> None:
    """Write into `read`, per step, how much of `release` the eligibility written at that step will meet."""
    rule, dt = params.plasticity, params.neuron.dt
    leak = np.float32(dt / rule.tau_eligibility)
    reading = release[steps - 1] * np.float32(rule.tau_modulator / (rule.tau_modulator + rule.tau_eligibility))
    for step in range(steps - 1, -1, -1):
        reading += leak * (release[step] - reading)
        read[step] = reading


@kernel
def _fired(i: int, steps: int, trace: Trace) -> bool:
    """Say whether unit `i` takes part in an episode of `steps` steps."""
    return bool(trace.peak[i] >= BRIEF or trace.summed[i] >= SPARSE * np.float32(steps))


@kernel
def _gather(written: int, steps: int, anatomy: Anatomy, trace: Trace, factors: Factors, blocks: np.ndarray) -> int:
    """Lay the blocks that fired side by side, list them in `blocks`, and return how many units they hold."""
    width = 0
    blocks[0] = 0
    for block in range(trace.peak.shape[0] // BLOCK):
        first = block * BLOCK
        any_fired = False
        for u in range(BLOCK):
            any_fired |= _fired(first + u, steps, trace)
        if not any_fired:
            continue
        blocks[0] += 1
        blocks[blocks[0]] = block
        for u in range(BLOCK):
            c, i = width + u, first + u
            fired = np.float32(1.0) if _fired(i, steps, trace) else np.float32(0.0)
            factors.taking_part[c], factors.sending[c] = fired * anatomy.receives[i], fired * anatomy.projects[i]
            factors.mistaken[c] = 0.0
            step = min(written, trace.ran[0]) - 1
            while step > 0 and trace.rates[step, i] <= OVER:
                step -= 1
            factors.last[c] = step
            for k in range(anatomy.omission_gain.shape[0]):
                if anatomy.omission_gain[k] > 0.0 and anatomy.outcome_read[k, i] > 0.0:
                    factors.mistaken[c] = 1.0
        for step in range(written):
            for u in range(BLOCK):
                factors.rate[step, width + u] = trace.rates[step, first + u]
        width += BLOCK
    return width


@kernel
def _follow(
    rate: np.ndarray,
    width: int,
    leaks: tuple[np.float32, np.float32, np.float32],
    weights: tuple[np.float32, np.float32, np.float32],
    single: np.float32,
    factors: Factors,
    low: np.ndarray,
    potentiation: np.ndarray,
    depression: np.ndarray,
) -> None:
    """Follow the rates of one step with the presynaptic, the fast and the slow trace; write the step's factors.

    `single` is what a spike counts for without others before it, over what the slow trace counts for.

    What a neuron has done up to now, not with now, decides how its coincidences count.
    """
    (to_near, to_fast, to_slow), (up, turned, down) = leaks, weights
    fast, slow, near, taking_part, mistaken = (
        factors.fast,
        factors.slow,
        factors.near,
        factors.taking_part,
        factors.mistaken,
    )
    for c in range(width):
        now = rate[c]
        potentiation[c] = now * (single + slow[c]) * taking_part[c] * (up - turned * mistaken[c])
        slow[c] += to_slow * (now - slow[c])
        fast[c] += to_fast * (now - fast[c])
        near[c] += to_near * (now - near[c])
        depression[c] = down * taking_part[c] * fast[c]
        low[c] = near[c]


@kernel
def _weigh(
    written: int,
    steps: int,
    width: int,
    tone: float,
    pv: float,
    params: CircuitParams,
    trace: Trace,
    factors: Factors,
) -> None:
    """Fill the presynaptic traces and the postsynaptic factors, weighted by the modulator that will read them.

    Rates are `written` down up to a step; the modulator has an effect until the end.

    A neuron that carries the expectation of an outcome that then fails to come is told so with reversed sign:
    its coincidences are depotentiated (Kim 2007, PNAS 104:20955), everyone else's are strengthened.
    """
    rule, dt = params.plasticity, params.neuron.dt
    _read_back(trace.surprise, steps, params, factors.surprise)
    _read_back(trace.omission, steps, params, factors.omission)
    up = np.float32(1e6 * rule.a3_plus * rule.tau_plus * rule.tau_y * dt)
    down = np.float32(1e4 * rule.a2_minus * rule.tau_minus * dt)
    tonic, phasic = np.float32(tone * rule.modulator_tonic), np.float32(tone * rule.modulator_phasic)
    turned = np.float32(1.0 + rule.reversal)
    entering = rule.a2_plus * max(0.0, 1.0 - pv / rule.shunt)
    single = np.float32(entering / (100.0 * rule.a3_plus * rule.tau_y))
    leaks = np.float32(dt / rule.tau_plus), np.float32(dt / rule.tau_minus), np.float32(dt / rule.tau_y)
    for c in range(width):
        factors.fast[c] = factors.slow[c] = factors.near[c] = 0.0
    for step in range(written):
        salient = tonic + phasic * (factors.surprise[step] + factors.omission[step])
        missed = phasic * factors.omission[step] * turned
        _follow(
            factors.rate[step],
            width,
            leaks,
            (up * salient, up * missed, down * salient),
            single,
            factors,
            factors.low[step],
            factors.potentiation[step],
            factors.depression[step],
        )
    for step in range(written, written + 3):  # products go four steps at a time
        for c in range(width):
            factors.potentiation[step, c] = factors.depression[step, c] = 0.0


@kernel
def _product(
    pre: np.ndarray, post: np.ndarray, j: int, steps: int, width: int, one: np.ndarray, other: np.ndarray
) -> None:
    """Sum over time what the columns `j` and `j` + 1 of `pre` share with every column of `post`, into `one`, `other`.

    Two columns and four steps at a time, which is what the registers hold.
    """
    for c in range(width):
        one[c] = other[c] = 0.0
    for s in range(0, steps, 4):
        p, q, r, t = pre[s, j], pre[s + 1, j], pre[s + 2, j], pre[s + 3, j]
        k, l, m, n = pre[s, j + 1], pre[s + 1, j + 1], pre[s + 2, j + 1], pre[s + 3, j + 1]
        for c in range(width):
            w, x, y, z = post[s, c], post[s + 1, c], post[s + 2, c], post[s + 3, c]
            one[c] += (p * w + q * x) + (r * y + t * z)
            other[c] += (k * w + l * x) + (m * y + n * z)


@kernel
def _products(factors: Factors, j: int, steps: int, width: int, response: Response) -> None:
    """Fill the rows `j` and `j` + 1 of what an episode drives synapses by."""
    up, down = response.up, response.down
    _product(factors.low, factors.potentiation, j, steps, width, up[j], up[j + 1])
    _product(factors.rate, factors.depression, j, steps, width, down[j], down[j + 1])


@kernel
def _time(rhythm: float, width: int, anatomy: Anatomy, response: Response) -> None:
    """Count the coincidences of neurons in one local rhythm, at the PV drive `rhythm`, by what it makes of them."""
    more, less = counted(rhythm, 0), counted(rhythm, 1)
    for j in range(width):
        inside = anatomy.receives[BLOCK * response.blocks[1 + j // BLOCK] + j % BLOCK] > 0.0
        if inside and response.fired[j] > 0.0:
            for c in range(width):
                response.up[j, c] *= more
                response.down[j, c] *= less


@kernel
def derive(
    steps: int,
    tone: float,
    pv: float,
    rhythm: float,
    anatomy: Anatomy,
    params: CircuitParams,
    trace: Trace,
    factors: Factors,
    response: Response,
) -> None:
    """Work out what the episode of `steps` steps in `trace` did and what it drives every synapse by.

    `tone` is the neuromodulatory tone, `pv` the drive of inhibition, 1 = awake adult without drugs. `rhythm` is that
    drive where rates stand for spikes that gamma times, 1 where `trace` holds spikes at times of their own.
    """
    response.steps[0] = steps
    response.error[0], response.error[1] = trace.error[0], trace.error[1]
    for i in range(response.mean.shape[0]):
        response.mean[i] = trace.summed[i] / np.float32(max(1, steps))
    if steps < 2:
        response.blocks[0] = 0
        return
    written = min(steps, trace.ran[0] + TAIL)
    echo = int(round(ECHO / params.neuron.dt))
    width = _gather(written, steps, anatomy, trace, factors, response.blocks)
    _weigh(written, steps, width, tone, pv, params, trace, factors)
    for j in range(0, width, 2):
        response.fired[j], response.fired[j + 1] = factors.sending[j], factors.sending[j + 1]
        if max(response.fired[j], response.fired[j + 1]) > 0.0:
            fallen = min(written, max(factors.last[j], factors.last[j + 1]) + echo)
            _products(factors, j, fallen, width, response)
            response.up[j, j] = response.up[j + 1, j + 1] = 0.0
            response.down[j, j] = response.down[j + 1, j + 1] = 0.0
    if rhythm != 1.0:
        _time(rhythm, width, anatomy, response)
    leak = np.float32(params.neuron.dt / params.plasticity.tau_plus)
    low = np.float32(0.0)
    cue, context = width, width + 1
    for step in range(written):
        low += leak * (trace.cue[step] - low)
        factors.low[step, cue] = low
        factors.rate[step, cue] = trace.cue[step]
        factors.low[step, context] = factors.rate[step, context] = 1.0
    _products(factors, width, written, width, response)
    last = response.up.shape[0] - 2
    if width < last:
        for k in range(2):
            transfer(response.up[width + k], response.up[last + k], width)
            transfer(response.down[width + k], response.down[last + k], width)


@kernel
def linger(
    share: float,
    tau: float,
    tone: float,
    params: CircuitParams,
    trace: Trace,
    factors: Factors,
    response: Response,
) -> None:
    """Add to the last episode's depression what glutamate that stays for `tau`, s, makes of postsynaptic spikes.

    Every spike that finds some depresses, by `share` of what it would if it had come before; `tone` as in `derive`.
    """
    rule, dt = params.plasticity, params.neuron.dt
    width, last = BLOCK * response.blocks[0], response.down.shape[0] - 2
    written = min(response.steps[0], trace.ran[0] + TAIL)
    leak, down = np.float32(dt / tau), np.float32(1e4 * share * tone * rule.a2_minus * tau * dt)
    tonic, phasic = np.float32(rule.modulator_tonic), np.float32(rule.modulator_phasic)
    for a in range(width + 2):  # after the units the cue and the context
        if a < width and response.fired[a] == 0.0:
            continue
        row, left = response.down[a if a < width else last + a - width], np.float32(0.0)
        for step in range(written):
            left += leak * (factors.rate[step, a] - left)
            weight = down * (tonic + phasic * (factors.surprise[step] + factors.omission[step])) * left
            for c in range(width):
                if c != a:
                    row[c] += weight * factors.rate[step, c] * factors.taking_part[c]


@core
def _change(
    early: np.ndarray,
    late: np.ndarray,
    spent: np.ndarray,
    up: np.ndarray,
    down: np.ndarray,
    threshold: np.ndarray,
    rate: np.float32,
    params: CircuitParams,
) -> np.float32:
    """Spend the induction of a block of one axon's synapses, (units,), move their early phase by what it drives.

    Returns the sum of absolute changes.
    """
    rule = params.plasticity
    unit, dose = rate * np.float32(rule.weight_unit * rule.efficacy), rate * np.float32(1.0 / rule.refractory_dose)
    half, limit = np.float32(1.0 / rule.refractory_half), np.float32(1.0 / rule.early_max)
    one, none, tiny = np.float32(1.0), np.float32(0.0), np.float32(1e-3)
    moved = none
    for u in range(BLOCK):
        lowered = down[u] * threshold[u]
        share = spent[u] * half
        ready = one / (one + share * share)
        net = ready * unit * (up[u] - lowered)
        used = ready * dose * (abs(up[u]) + lowered)
        spent[u] += (one - spent[u]) * used / (one + used)
        was = early[u]
        rise, fall = max(none, net), max(none, -net)
        undone = min(max(none, was), fall)  # depotentiation comes before depression
        fall -= undone
        floor = np.float32(0.5) * late[u]
        span = floor + tiny
        now = (was - undone + rise) / (one + rise * limit)
        now = (now * span - fall * floor) / (span + fall)
        early[u] = now
        moved += abs(now - was)
    return moved


@core
def _drive(
    cue: np.float32, context: np.float32, response: Response, width: int, up: np.ndarray, down: np.ndarray
) -> None:
    """Write what an episode drives the synapses of an axon at the rates `cue` and `context` by."""
    last = response.up.shape[0] - 2
    for c in range(width):
        up[c] = cue * response.up[last, c] + context * response.up[last + 1, c]
        down[c] = cue * response.down[last, c] + context * response.down[last + 1, c]


@core
def induce(
    early: np.ndarray,
    late: np.ndarray,
    refractory: np.ndarray,
    live: np.ndarray,
    stimulus: Stimulus,
    threshold: np.ndarray,
    rate: float,
    anatomy: Anatomy,
    params: CircuitParams,
    response: Response,
    synapses: Synapses,
) -> float:
    """Apply what an episode drives to one patient's synapses, (pre, post).

    `threshold`, (units,), is the sliding threshold of depression, `rate` scales induction (NMDA receptors available,
    the patient's own rate); axons that changed are marked in `live`, (pre,) bool. Returns the L1 norm of the change.
    """
    if rate <= 0.0:
        return 0.0
    blocks, units = response.blocks, early.shape[1]
    width, moved = blocks[0] * BLOCK, np.float32(0.0)
    for b in range(blocks[0]):
        for u in range(BLOCK):
            synapses.threshold[b * BLOCK + u] = threshold[blocks[1 + b] * BLOCK + u]
    for a in range(width + anatomy.cues.shape[1]):
        if a < width:
            if response.fired[a] == 0.0:
                continue
            j, up, down = blocks[1 + a // BLOCK] * BLOCK + a % BLOCK, response.up[a], response.down[a]
        else:
            j, k, up, down = units + a - width, a - width, synapses.up, synapses.down
            context, cue = anatomy.contexts[stimulus.context, k], np.float32(0.0)
            if stimulus.cue >= 0:
                cue = anatomy.cues[stimulus.cue, k] * np.float32(stimulus.strength)
            if cue + context == 0.0:
                continue
            _drive(cue, context, response, width, up, down)
        live[j] = True
        for b in range(blocks[0]):
            here, there = b * BLOCK, blocks[1 + b] * BLOCK
            moved += _change(
                early[j, there : there + BLOCK],
                late[j, there : there + BLOCK],
                refractory[j, there : there + BLOCK],
                up[here : here + BLOCK],
                down[here : here + BLOCK],
                synapses.threshold[here : here + BLOCK],
                np.float32(rate),
                params,
            )
    return float(moved)
