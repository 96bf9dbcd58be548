"""The plasticity rule: triplet STDP on millisecond rates, a third factor, refractory induction.

    drive+ = A3+ tau+ tau_y  x  y  y_slow      (presynaptic trace x postsynaptic rate x slow postsynaptic trace)
    drive- = A2- tau-        x' y_fast         (presynaptic rate x fast postsynaptic trace)

which on stationary Poisson rates is the BCM form of Pfister & Gerstner 2006. Every coincidence writes an
eligibility trace that the modulator reads out; the double integral over time is one backward filter of the
modulator, so no eligibility is stored per synapse. What a synapse has received lately leaves its induction
refractory for minutes (Kramar 2012). Order: factors, their products over time, then synapses.

    dE/ds = net (1 - E/E_max) where net > 0,  net (1 + E/(L/2)) where net < 0 and E < 0,  linearly implicit per episode

Units are handled in blocks of eight neighbours; a block in which no unit fires takes no part.
"""

from typing import NamedTuple

import numpy as np

from plastenv.circuit.episodes import LONGEST
from plastenv.circuit.neurons import TAIL, Stimulus, Trace
from plastenv.circuit.params import Anatomy, CircuitParams
from plastenv.kernel import kernel, transfer

# A unit takes no part that never passes 10 Hz and stays below 1 Hz on average: 0.2 % of what everyday episodes drive.
BRIEF, FAINT = np.float32(0.1), np.float32(0.01)
OVER = np.float32(0.005)  # 0.5 Hz; below it for good, a unit has fallen silent
ECHO = 12  # steps after its last activity in which a unit still has a presynaptic trace
BLOCK = 8  # units


class Factors(NamedTuple):
    """Pre- and postsynaptic factors of one episode, blocks that took part side by side; scratch."""

    rate: np.ndarray  # (steps, units + 2) float32, 100 Hz; last the cue and the context
    low: np.ndarray  # (steps, units + 2) float32, presynaptic trace
    potentiation: np.ndarray  # (steps, units) float32, postsynaptic factor, weighted by the modulator
    depression: np.ndarray  # (steps, units) float32
    state: np.ndarray  # (units,) float32, of a filter
    taking_part: np.ndarray  # (units,) float32, 1 = fired
    mistaken: np.ndarray  # (units,) float32, 1 = carried the expectation that was disappointed
    last: np.ndarray  # (units,) int64, step at which a unit has fallen silent
    surprise: np.ndarray  # (steps,) float32, modulator that the eligibility written at a step will meet
    omission: np.ndarray  # (steps,) float32


class Response(NamedTuple):
    """What an episode did, and what it drives every synapse by before that synapse's own state counts.

    Blocks that took part stand side by side; there is room for `width` units.
    """

    steps: np.ndarray  # (1,) int64, how long it took
    error: np.ndarray  # (1,), largest omission error
    mean: np.ndarray  # (units,) float32, mean rate, 100 Hz
    blocks: np.ndarray  # (1 + blocks,) int64, how many took part, then which
    fired: np.ndarray  # (width,) float32, 1 = this unit's own synapses are driven
    up: np.ndarray  # (width + 2, width) float32, potentiation, (pre, post); last an axon of the cue, one of the context
    down: np.ndarray  # (width + 2, width) float32, depression at a threshold of 1


class Synapses(NamedTuple):
    """The synapses that an episode changes, side by side, while it does; scratch."""

    axons: np.ndarray  # (pre,) int64
    threshold: np.ndarray  # (units,) float32
    up: np.ndarray  # (pre * units,) float32, as are all below
    down: np.ndarray
    early: np.ndarray
    late: np.ndarray
    spent: np.ndarray
    net: np.ndarray


def synapses_scratch(units: int, inputs: int) -> Synapses:
    """Allocate `Synapses` for every axon and unit."""
    all_of_them = np.zeros((6, (units + inputs) * units), np.float32)
    return Synapses(
        np.zeros(units + inputs, np.int64),
        np.zeros(units, np.float32),
        all_of_them[0],
        all_of_them[1],
        all_of_them[2],
        all_of_them[3],
        all_of_them[4],
        all_of_them[5],
    )


def factors_scratch(units: int, dt: float) -> Factors:
    """Allocate `Factors` long enough for every episode of the event table."""
    steps = int(round(LONGEST / dt)) + 4
    return Factors(
        np.zeros((steps, units + 2), np.float32),
        np.zeros((steps, units + 2), np.float32),
        np.zeros((steps, units), np.float32),
        np.zeros((steps, units), np.float32),
        np.zeros(units, np.float32),
        np.zeros(units, np.float32),
        np.zeros(units, np.float32),
        np.zeros(units, np.int64),
        np.zeros(steps, np.float32),
        np.zeros(steps, np.float32),
    )


def response_scratch(units: int) -> Response:
    """Allocate a `Response` in which every unit may take part."""
    return Response(
        np.zeros(1, np.int64),
        np.zeros(1),
        np.zeros(units, np.float32),
        np.zeros(1 + units // BLOCK, np.int64),
        np.zeros(units, np.float32),
        np.zeros((units + 2, units), np.float32),
        np.zeros((units + 2, units), np.float32),
    )


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
    return bool(trace.peak[i] >= BRIEF or trace.summed[i] >= FAINT * np.float32(steps))


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
            factors.taking_part[c] = np.float32(1.0) if _fired(i, steps, trace) else np.float32(0.0)
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
def _low_pass(steps: int, width: int, leak: float, rate: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """Write into `out`, (steps, width), the low-passed `rate` after each step."""
    follow = np.float32(leak)
    state[:width] = 0.0
    for step in range(steps):
        for c in range(width):
            state[c] += follow * (rate[step, c] - state[c])
            out[step, c] = state[c]


@kernel
def _weigh(
    written: int, steps: int, width: int, tone: float, params: CircuitParams, trace: Trace, factors: Factors
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
    rate, potentiation, depression = factors.rate, factors.potentiation, factors.depression
    _low_pass(written, width, dt / rule.tau_plus, rate, factors.state, factors.low)
    _low_pass(written, width, dt / rule.tau_minus, rate, factors.state, depression)
    _low_pass(written, width, dt / rule.tau_y, rate, factors.state, potentiation)
    for step in range(written - 1, -1, -1):
        salient = tonic + phasic * (factors.surprise[step] + factors.omission[step])
        missed = phasic * factors.omission[step] * turned
        for c in range(width):
            depression[step, c] *= down * salient * factors.taking_part[c]
        if step > 0:  # what a neuron has done up to now, not with now, decides how its coincidences count
            for c in range(width):
                slow = potentiation[step - 1, c] * factors.taking_part[c]
                potentiation[step, c] = up * rate[step, c] * slow * (salient - missed * factors.mistaken[c])
    potentiation[0, :width] = 0.0
    for step in range(written, written + 3):  # products go four steps at a time
        potentiation[step, :width] = 0.0
        depression[step, :width] = 0.0


@kernel
def _product(pre: np.ndarray, post: np.ndarray, j: int, steps: int, width: int, out: np.ndarray) -> None:
    """Sum over time what the columns `j` and `j` + 1 of `pre` and every column of `post` share, into two rows of `out`.

    Two columns and four steps at a time, which is what the registers hold.
    """
    one, other = out[j], out[j + 1]
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
def derive(
    steps: int, tone: float, anatomy: Anatomy, params: CircuitParams, trace: Trace, factors: Factors, response: Response
) -> None:
    """Work out what the episode of `steps` steps in `trace` did and what it drives every synapse by."""
    response.steps[0], response.error[0] = steps, trace.error[0]
    for i in range(response.mean.shape[0]):
        response.mean[i] = trace.summed[i] / np.float32(max(1, steps))
    if steps < 2:
        response.blocks[0] = 0
        return
    written = min(steps, trace.ran[0] + TAIL)
    width = _gather(written, steps, anatomy, trace, factors, response.blocks)
    _weigh(written, steps, width, tone, params, trace, factors)
    for j in range(0, width, 2):
        response.fired[j], response.fired[j + 1] = factors.taking_part[j], factors.taking_part[j + 1]
        if max(response.fired[j], response.fired[j + 1]) > 0.0:
            fallen = min(written, max(factors.last[j], factors.last[j + 1]) + ECHO)
            _product(factors.low, factors.potentiation, j, fallen, width, response.up)
            _product(factors.rate, factors.depression, j, fallen, width, response.down)
    leak = np.float32(params.neuron.dt / params.plasticity.tau_plus)
    low = np.float32(0.0)
    cue, context = width, width + 1
    for step in range(written):
        low += leak * (trace.cue[step] - low)
        factors.low[step, cue] = low
        factors.rate[step, cue] = trace.cue[step]
        factors.low[step, context] = factors.rate[step, context] = 1.0
    _product(factors.low, factors.potentiation, width, written, width, response.up)
    _product(factors.rate, factors.depression, width, written, width, response.down)
    last = response.up.shape[0] - 2
    if width < last:
        for k in range(2):
            transfer(response.up[width + k], response.up[last + k], width)
            transfer(response.down[width + k], response.down[last + k], width)


@kernel
def _spend(
    up: np.ndarray,
    down: np.ndarray,
    spent: np.ndarray,
    net: np.ndarray,
    number: int,
    rate: float,
    params: CircuitParams,
) -> None:
    """Spend the induction of `number` synapses and write the net drive that is left into `net`."""
    rule = params.plasticity
    unit, dose = np.float32(rule.weight_unit * rule.efficacy * rate), np.float32(rate / rule.refractory_dose)
    half, one = np.float32(1.0 / rule.refractory_half), np.float32(1.0)
    for c in range(number):
        share = spent[c] * half
        share *= share
        ready = one / (one + share * share)
        net[c] = ready * unit * (up[c] - down[c])
        used = ready * dose * (abs(up[c]) + down[c])
        spent[c] += (one - spent[c]) * used / (one + used)


@kernel
def _move(early: np.ndarray, late: np.ndarray, net: np.ndarray, number: int, params: CircuitParams) -> float:
    """Move the early phase of `number` synapses by `net` and return the sum of absolute changes."""
    limit = np.float32(1.0 / params.plasticity.early_max)
    one, none, tiny = np.float32(1.0), np.float32(0.0), np.float32(1e-3)
    moved = none
    for c in range(number):
        was = early[c]
        rise, fall = max(none, net[c]), max(none, -net[c])
        undone = min(max(none, was), fall)  # depotentiation comes before depression
        fall -= undone
        half = np.float32(0.5) * late[c]
        span = half + tiny
        now = (was - undone + rise) / (one + rise * limit)
        now = (now * span - fall * half) / (span + fall)
        early[c] = now
        moved += abs(now - was)
    return float(moved)


@kernel
def _collect(
    threshold: np.ndarray, units: int, stimulus: Stimulus, anatomy: Anatomy, response: Response, synapses: Synapses
) -> int:
    """List the axons that an episode drives, what it drives their synapses by, and return how many they are."""
    blocks, up, down = response.blocks, synapses.up, synapses.down
    width = blocks[0] * BLOCK
    for b in range(blocks[0]):
        for u in range(BLOCK):
            synapses.threshold[b * BLOCK + u] = threshold[blocks[1 + b] * BLOCK + u]
    axons = 0
    for c in range(width):
        if response.fired[c] > 0.0:
            first = axons * width
            for d in range(width):
                up[first + d] = response.up[c, d]
                down[first + d] = response.down[c, d] * synapses.threshold[d]
            up[first + c] = down[first + c] = 0.0  # no neuron connects to itself
            synapses.axons[axons] = blocks[1 + c // BLOCK] * BLOCK + c % BLOCK
            axons += 1
    last = response.up.shape[0] - 2
    for k in range(anatomy.cues.shape[1]):
        cue = np.float32(0.0)
        if stimulus.cue >= 0:
            cue = anatomy.cues[stimulus.cue, k] * np.float32(stimulus.strength)
        context = anatomy.contexts[stimulus.context, k]
        if cue + context > 0.0:
            first = axons * width
            for d in range(width):
                up[first + d] = cue * response.up[last, d] + context * response.up[last + 1, d]
                lowered = cue * response.down[last, d] + context * response.down[last + 1, d]
                down[first + d] = lowered * synapses.threshold[d]
            synapses.axons[axons] = units + k
            axons += 1
    return axons


@kernel
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
    blocks = response.blocks
    width = blocks[0] * BLOCK
    axons = _collect(threshold, early.shape[1], stimulus, anatomy, response, synapses)
    for a in range(axons):
        j = synapses.axons[a]
        for b in range(blocks[0]):
            first, place = blocks[1 + b] * BLOCK, a * width + b * BLOCK
            for u in range(BLOCK):
                synapses.early[place + u] = early[j, first + u]
                synapses.late[place + u] = late[j, first + u]
                synapses.spent[place + u] = refractory[j, first + u]
    _spend(synapses.up, synapses.down, synapses.spent, synapses.net, axons * width, rate, params)
    moved = _move(synapses.early, synapses.late, synapses.net, axons * width, params)
    for a in range(axons):
        j = synapses.axons[a]
        live[j] = True
        for b in range(blocks[0]):
            first, place = blocks[1 + b] * BLOCK, a * width + b * BLOCK
            for u in range(BLOCK):
                early[j, first + u] = synapses.early[place + u]
                refractory[j, first + u] = synapses.spent[place + u]
    return moved
