"""One rule at two resolutions: rates in steps of 5 ms (patients) and single spikes in steps of 0.5 ms (slices).

Spikes are drawn at the rates that the episode is told, so the mean over many trains is what the episode has to drive.
Tolerances: 8 % of the mean over 400 trains (its standard error is 2 to 3 %; traces that start at zero cost up to 3 %).
"""

import numpy as np
import pytest

from plastenv.circuit import plasticity
from plastenv.circuit.neurons import RELEASE, scratch
from plastenv.circuit.params import CircuitParams, PlasticityParams, SpikeParams, hippocampal
from plastenv.circuit.spiking import CURRENT, Patterns, fire
from plastenv.lab.slice import GROUP, STEP, _anatomy

SECONDS, TRAINS, TOLERANCE = 5.0, 400, 0.08
UNITS = 2 * GROUP  # the recorded neurons, then the axons of one pathway
CORTEX = PlasticityParams(modulator_tonic=1.0, modulator_phasic=0.0)
RULES = {"cortex": CORTEX, "hippocampus": hippocampal(CORTEX)}


def circuit(rule, dt):
    """Parameters at this resolution; neurons fire as they are told and never by themselves."""
    params = CircuitParams(plasticity=rule, spike=SpikeParams(resting_rate=0.0))
    return params._replace(neuron=params.neuron._replace(dt=dt))


class Rule:
    """The rule at one resolution: what an axon that fires drives a neuron's synapse by."""

    def __init__(self, rule, dt, seconds=SECONDS):
        self.params, self.dt, self.anatomy = circuit(rule, dt), dt, _anatomy(1)
        self.trace = scratch(UNITS, 1, 1, dt, seconds)
        self.factors = plasticity.factors_scratch(UNITS, dt, seconds)
        self.response = plasticity.response_scratch(UNITS)

    def _derived(self, steps, pv):
        plasticity.derive(steps, 1.0, pv, 1.0, self.anatomy, self.params, self.trace, self.factors, self.response)
        if self.response.blocks[0] < 2:  # the axon or the neuron stayed silent
            return 0.0, 0.0
        return float(self.response.up[GROUP, 0]), float(self.response.down[GROUP, 0])

    def episode(self, pre, post, pv=1.0):
        """Potentiation and depression by rates of the axon and of the neuron, (steps,), Hz."""
        steps, trace = len(pre), self.trace
        trace.rates[:steps, :GROUP], trace.rates[:steps, GROUP:] = post[:, None] / 100, pre[:, None] / 100
        trace.peak[:] = trace.rates[:steps].max(0)
        trace.summed[:], trace.ran[0] = trace.rates[:steps].sum(0), steps
        for release in (trace.cue, trace.surprise, trace.omission):
            release[:] = 0.0
        return self._derived(steps, pv)

    def spikes(self, pre, post, seconds, pv=1.0, release=()):
        """The same by spikes at the times `pre` and `post`, s, and a modulator of 1 s released at `release`."""
        order = np.argsort(np.concatenate([pre, post, release]), kind="stable")
        time = np.concatenate([pre, post, release])[order]
        source = np.repeat([0, CURRENT, RELEASE], [len(pre), len(post), len(release)])[order]
        pattern = Patterns(np.array([0, len(time)]), time, source, np.ones(len(time)), np.array([seconds]), np.ones(1))
        self.trace.weights[:] = 0.0
        steps = fire(0, np.uint64(1), 0, pv, pattern, self.anatomy, self.params, self.trace)
        return self._derived(steps, pv)


def poisson(draw, rate, begin, end):
    """Spike times at `rate`, Hz, between two times, s."""
    return np.sort(draw.uniform(begin, end - STEP, draw.poisson(rate * (end - begin))))


def mean_of_trains(rule, pre, post, pv):
    """Mean drive over Poisson trains, per second."""
    fine, draw = Rule(rule, STEP), np.random.default_rng(4)
    found = [
        fine.spikes(poisson(draw, pre, 0.0, SECONDS), poisson(draw, post, 0.0, SECONDS), SECONDS, pv)
        for _ in range(TRAINS)
    ]
    return np.mean(found, axis=0) / SECONDS


@pytest.mark.parametrize("tissue", RULES)
@pytest.mark.parametrize(("pre", "post"), [(20.0, 15.0), (40.0, 50.0)])
def test_poisson_trains_drive_what_the_episode_and_the_formula_say(tissue, pre, post):
    rule, pv = RULES[tissue], 0.5
    spikes = mean_of_trains(rule, pre, post, pv)
    coarse, steps = Rule(rule, CircuitParams().neuron.dt), round(SECONDS / CircuitParams().neuron.dt)
    episode = np.array(coarse.episode(np.full(steps, pre), np.full(steps, post), pv)) / SECONDS
    pairs = rule.a2_plus * (1.0 - pv / rule.shunt) * rule.tau_plus * pre * post
    up = pairs + rule.a3_plus * rule.tau_plus * rule.tau_y * pre * post**2
    formula = np.array([up, rule.a2_minus * rule.tau_minus * pre * post])
    assert spikes == pytest.approx(formula, rel=TOLERANCE)
    assert episode == pytest.approx(formula, rel=TOLERANCE)
    assert spikes == pytest.approx(episode, rel=TOLERANCE)


def net(drive):
    """Potentiation less depression."""
    return drive[0] - drive[1]


@pytest.mark.parametrize("tissue", RULES)
def test_swapping_two_volleys_flips_the_sign_alike_at_both_resolutions(tissue):
    """Fifty milliseconds at 100 Hz, then fifty of the other; magnitudes are within a factor of two.

    Where volleys only touch, what counts lies within a few steps of the episode: its traces move by whole steps and
    find two thirds of the potentiation, and all of the depression, whose trace is twice as long.
    """
    rule, seconds, dt = RULES[tissue], 0.4, CircuitParams().neuron.dt
    fine, coarse, draw = Rule(rule, STEP, seconds), Rule(rule, dt, seconds), np.random.default_rng(5)
    first, second = (0.10, 0.15), (0.15, 0.20)
    when = (np.arange(round(seconds / dt)) + 0.5) * dt
    box = {ends: np.where((when > ends[0]) & (when < ends[1]), 100.0, 0.0) for ends in (first, second)}
    found = {}
    for name, cue, outcome in (("forward", first, second), ("backward", second, first)):
        trains = [
            net(fine.spikes(poisson(draw, 100.0, *cue), poisson(draw, 100.0, *outcome), seconds))
            for _ in range(3 * TRAINS)
        ]
        found[name] = np.mean(trains), net(coarse.episode(box[cue], box[outcome]))
    for spikes, episode in found.values():
        assert 0.5 < episode / spikes < 2.0
    assert found["backward"][1] == pytest.approx(found["backward"][0], rel=0.1)
    assert min(found["forward"]) > 0.0 > max(found["backward"])


def test_a_single_pair_drives_what_the_published_window_says():
    """Ten milliseconds decide the sign for single spikes of a hippocampal cell without inhibition."""
    fine = Rule(RULES["hippocampus"], STEP, 0.4)
    after, before = (fine.spikes(np.array([0.2]), np.array([0.2 + lag]), 0.4, 0.0) for lag in (0.01, -0.01))
    assert net(after) > 0.0 > net(before)
    assert net(after) == pytest.approx(5.3e-3 * np.exp(-0.01 / 0.0168), rel=0.05)
    assert net(before) == pytest.approx(-3.5e-3 * np.exp(-0.01 / 0.0337), rel=0.05)


def test_a_release_reads_the_pairs_of_the_second_before_it_and_none_that_follow():
    rule = hippocampal(PlasticityParams(modulator_tonic=0.0, modulator_phasic=1.0))
    fine, pair = Rule(rule, STEP, 5.0), (np.array([1.5]), np.array([1.51]))
    found = {delay: fine.spikes(*pair, 5.0, 0.0, release=[1.51 + delay])[0] for delay in (0.3, 1.0, 3.0, -1.0)}
    at_once = 5.3e-3 * np.exp(-0.01 / 0.0168) / (rule.tau_eligibility + rule.tau_modulator)
    for delay in (0.3, 1.0, 3.0):
        assert found[delay] == pytest.approx(at_once * np.exp(-delay / rule.tau_eligibility), rel=0.05)
    assert found[-1.0] < 0.2 * found[3.0]


def test_glutamate_that_lingers_lets_either_order_depress(tau=0.1):
    """A spike after a presynaptic one depresses as the glutamate left of it decays; one before it finds none."""
    fine = Rule(RULES["cortex"], STEP, 0.8)
    found = {}
    for lag in (-0.05, 0.02, 0.3):
        _, timed = fine.spikes(np.array([0.4]), np.array([0.4 + lag]), 0.8)
        plasticity.linger(0.5, tau, 1.0, fine.params, fine.trace, fine.factors, fine.response)
        found[lag] = float(fine.response.down[GROUP, 0]) - timed
    assert found[-0.05] == 0.0
    for lag in (0.02, 0.3):
        assert found[lag] == pytest.approx(0.5 * 7.1e-3 * np.exp(-lag / tau), rel=0.05)
