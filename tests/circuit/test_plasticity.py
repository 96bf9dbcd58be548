import numpy as np
import pytest

from plastenv import arrays
from plastenv.circuit import plasticity
from plastenv.circuit.episodes import INDEX, LONGEST
from plastenv.circuit.gamma import coincidence_curve
from plastenv.circuit.neurons import Stimulus, load_weights, scratch, simulate
from plastenv.circuit.params import CircuitParams, PlasticityParams, hippocampal
from plastenv.patients.development import newborn


@pytest.fixture
def infant(fear, cohort):
    """A newborn circuit: weak random weights, so what an episode writes is the episode's doing."""
    traits = arrays.take(cohort.patient.traits, [0])
    return newborn(cohort.patient.key[:1], traits, fear.params, fear.youth)


class Lab:
    """One newborn circuit, and the scratch that episodes need."""

    def __init__(self, fear, state):
        self.params, self.circuit = fear.params, state.circuit
        pre = self.circuit.early.shape[1]
        dt = self.params.circuit.neuron.dt
        self.trace = scratch(64, pre - 64, len(self.params.anatomy.outcome_read), dt, LONGEST)
        self.factors = plasticity.factors_scratch(64, dt, LONGEST)
        self.response, self.synapses = plasticity.response_scratch(64), plasticity.synapses_scratch(64)
        self.live = np.zeros(pre, bool)

    def run(self, name, cue=0, outcome=-1, rhythm=1.0):
        """Simulate one episode and work out what it drives synapses by."""
        self.stimulus = Stimulus(INDEX[name], cue, 0, outcome, -1, 1.0, 1.0, 0.0)
        early, late, gain = self.circuit.early[0], self.circuit.late[0], self.circuit.gain[0]
        load_weights(early, late, gain, 1.0, self.trace.total, self.trace.weights)
        row = self.params.episodes[INDEX[name]]
        steps = simulate(row, self.stimulus, 1.0, 2.0, self.params.anatomy, self.params.circuit, self.trace)
        plasticity.derive(
            steps, 1.0, 1.0, rhythm, self.params.anatomy, self.params.circuit, self.trace, self.factors, self.response
        )

    def induce(self, early, spent):
        """Apply the last episode to `early`, in place."""
        plasticity.induce(
            early, self.circuit.late[0], spent, self.live, self.stimulus, np.ones(64), 1.0, self.params.anatomy,
            self.params.circuit, self.response, self.synapses,
        )  # fmt: skip


@pytest.fixture
def lab(fear, infant):
    return Lab(fear, infant)


def episode(lab, name, cue=0, outcome=-1):
    """Run one episode on a newborn and return its early change, (pre, post)."""
    lab.run(name, cue, outcome)
    early = np.zeros_like(lab.circuit.early[0])
    lab.induce(early, np.zeros_like(early))
    return early


def onto(early, fear, cue, outcome):
    """Mean early change from a cue's axons onto the units that an outcome drives."""
    axons = 64 + np.flatnonzero(fear.params.anatomy.cues[cue])
    units = np.flatnonzero(fear.params.anatomy.assemblies[outcome])
    return early[np.ix_(axons, units)].mean()


@pytest.mark.parametrize("pv", [0.55, 1.5])
def test_gamma_times_what_neurons_of_the_circuit_share(lab, pv):
    lab.run("pairing", outcome=7)
    up, down, blocks = lab.response.up.copy(), lab.response.down.copy(), lab.response.blocks[0]
    lab.run("pairing", outcome=7, rhythm=pv)
    units = np.arange(blocks * plasticity.BLOCK)
    driven = lab.response.fired[units] > 0.0
    fired, silent = np.ix_(units[driven], units), np.ix_(units[~driven], units)
    assert up[fired].sum() > 0.0 and silent[0].size
    for side, (before, now) in enumerate([(up, lab.response.up), (down, lab.response.down)]):
        scales, tabled = coincidence_curve(("potentiation", "depression")[side])
        np.testing.assert_allclose(now[fired], before[fired] * np.interp(pv, scales, tabled), rtol=1e-5)
        np.testing.assert_array_equal(now[silent], before[silent])  # scratch that nobody reads
        np.testing.assert_array_equal(now[-2:], before[-2:])  # cue and context fire in no rhythm of the circuit


def test_swapping_cue_and_outcome_flips_the_sign(fear, lab):
    forward = episode(lab, "pairing", outcome=7)
    backward = episode(lab, "backward-pairing", outcome=7)
    assert onto(forward, fear, 0, 7) > 0 > onto(backward, fear, 0, 7)


def test_a_cue_without_outcome_strengthens_little(fear, lab):
    paired = episode(lab, "pairing", outcome=0)
    alone = episode(lab, "exposure-trial")
    assert onto(paired, fear, 0, 0) > 5 * abs(onto(alone, fear, 0, 0))


def test_only_axons_that_fired_are_written(fear, lab):
    early = episode(lab, "pairing", cue=0, outcome=0)
    silent = 64 + np.flatnonzero((fear.params.anatomy.cues[0] == 0) & (fear.params.anatomy.contexts[0] == 0))
    assert not early[silent].any()
    assert not np.diagonal(early[:64]).any()


@pytest.mark.parametrize("tissue", ["cortex", "hippocampus"])
@pytest.mark.parametrize("post", [0.05, 0.19, 0.4, 0.8])
def test_stationary_rates_give_the_bcm_form(fear, post, tissue):
    """Poisson average of Pfister & Gerstner: A2+ tau+ x y + A3+ tau+ tau_y x y^2 - A2- tau- x y, per second, in Hz.

    Half of an adult's inhibition keeps half of the single spikes out.
    """
    rule = PlasticityParams(modulator_tonic=1.0, modulator_phasic=0.0, tau_eligibility=1e-3)
    rule = hippocampal(rule) if tissue == "hippocampus" else rule
    params = CircuitParams(plasticity=rule)
    dt, steps = params.neuron.dt, 240
    trace, factors = scratch(64, 32, 8, dt, LONGEST), plasticity.factors_scratch(64, dt, LONGEST)
    trace.rates[:steps] = trace.peak[:] = post
    trace.summed[:], trace.ran[0] = steps * post, steps
    width = plasticity._gather(steps, steps, fear.params.anatomy, trace, factors, np.zeros(9, np.int64))
    plasticity._weigh(steps, steps, width, 1.0, 0.5, params, trace, factors)
    assert width == 64
    late = slice(steps - 40, steps - 5)  # once the traces have settled
    pre = 0.5
    up = pre * factors.potentiation[late, 0].mean() / dt
    down = pre * factors.depression[late, 0].mean() / dt
    x, y = 100 * pre, 100 * post
    pairs = 0.5 * rule.a2_plus * rule.tau_plus * x * y
    assert up == pytest.approx(pairs + rule.a3_plus * rule.tau_plus * rule.tau_y * x * y**2, rel=0.01)
    assert down == pytest.approx(rule.a2_minus * rule.tau_minus * x * y, rel=0.01)
    single = 0.5 * rule.a2_plus * rule.tau_plus
    threshold = (rule.a2_minus * rule.tau_minus - single) / (rule.a3_plus * rule.tau_plus * rule.tau_y)
    assert (up > down) == (y > threshold)


def test_early_change_stays_within_its_range_under_endless_pairing(fear, lab):
    early = episode(lab, "pairing", outcome=7)
    for _ in range(400):
        lab.induce(early, np.zeros_like(early))
    assert early.max() <= fear.params.circuit.plasticity.early_max
    assert (lab.circuit.late[0] + early >= -1e-6).all()


def test_induction_is_refractory_for_minutes(fear, lab):
    """A second train at once adds less than the first; the spent share is what holds it back."""
    first = episode(lab, "pairing", outcome=7)
    spent = np.zeros_like(first)
    gains = []
    for _ in range(12):
        early = np.zeros_like(first)
        lab.induce(early, spent)
        gains.append(onto(early, fear, 0, 7))
    assert gains[0] == pytest.approx(onto(first, fear, 0, 7))
    assert gains[-1] < 0.7 * gains[0]
