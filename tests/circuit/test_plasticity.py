import numpy as np
import pytest

from plastenv import arrays
from plastenv.circuit import plasticity
from plastenv.circuit.episodes import INDEX
from plastenv.circuit.neurons import Stimulus, load_weights, scratch, simulate
from plastenv.circuit.params import CircuitParams, PlasticityParams
from plastenv.patients.development import newborn


@pytest.fixture
def infant(fear, cohort):
    """A newborn circuit: weak random weights, so what an episode writes is the episode's doing."""
    traits = arrays.take(cohort.patient.traits, [0])
    return newborn(cohort.patient.key[:1], traits, fear.params, fear.youth)


def episode(fear, state, name, cue=0, outcome=-1):
    """Run one episode on a newborn and return its early change, (pre, post)."""
    params, circuit = fear.params, state.circuit
    trace = scratch(64, circuit.early.shape[1] - 64, params.circuit.neuron.dt)
    load_weights(circuit.early[0], circuit.late[0], trace)
    stimulus = Stimulus(INDEX[name], cue, 0, outcome, -1, 1.0, 1.0, 0.0)
    gain = circuit.gain[0]
    steps = simulate(params.episodes[INDEX[name]], stimulus, gain, 1.0, 2.0, params.anatomy, params.circuit, trace)
    early = np.zeros_like(circuit.early[0])
    live = np.zeros(early.shape[0], bool)
    plasticity.induce(
        early, circuit.late[0], np.zeros_like(early), live, steps, stimulus, 1.0, np.ones(64), 1.0, params.anatomy,
        params.circuit, trace,
    )  # fmt: skip
    return early, trace, steps


def onto(early, fear, cue, outcome):
    """Mean early change from a cue's axons onto the units that an outcome drives."""
    axons = 64 + np.flatnonzero(fear.params.anatomy.cues[cue])
    units = np.flatnonzero(fear.params.anatomy.assemblies[outcome])
    return early[np.ix_(axons, units)].mean()


def test_swapping_cue_and_outcome_flips_the_sign(fear, infant):
    forward, _, _ = episode(fear, infant, "pairing", outcome=7)
    backward, _, _ = episode(fear, infant, "backward-pairing", outcome=7)
    assert onto(forward, fear, 0, 7) > 0 > onto(backward, fear, 0, 7)


def test_a_cue_without_outcome_strengthens_little(fear, infant):
    paired, _, _ = episode(fear, infant, "pairing", outcome=0)
    alone, _, _ = episode(fear, infant, "exposure-trial")
    assert onto(paired, fear, 0, 0) > 5 * abs(onto(alone, fear, 0, 0))


def test_only_axons_that_fired_are_written(fear, infant):
    early, _, _ = episode(fear, infant, "pairing", cue=0, outcome=0)
    silent = 64 + np.flatnonzero((fear.params.anatomy.cues[0] == 0) & (fear.params.anatomy.contexts[0] == 0))
    assert not early[silent].any()
    assert not np.diagonal(early[:64]).any()


@pytest.mark.parametrize("post", [0.05, 0.19, 0.4, 0.8])
def test_stationary_rates_give_the_bcm_form(fear, post):
    """Poisson average of Pfister & Gerstner: A3+ tau+ tau_y x y^2 - A2- tau- x y, per second, rates in Hz."""
    rule = PlasticityParams(modulator_tonic=1.0, modulator_phasic=0.0, tau_eligibility=1e-3)
    params = CircuitParams(plasticity=rule)
    dt, steps = params.neuron.dt, 240
    trace = scratch(64, 32, dt)
    trace.rates[:steps] = post
    number = plasticity._factors(steps, 1.0, np.ones(64), fear.params.anatomy, params, trace)
    assert number == 64
    late = slice(steps - 40, steps - 5)  # once the traces have settled
    pre = 0.5
    up = pre * trace.potentiation[late, 0].mean() / dt
    down = pre * trace.depression[late, 0].mean() / dt
    x, y = 100 * pre, 100 * post
    assert up == pytest.approx(rule.a3_plus * rule.tau_plus * rule.tau_y * x * y**2, rel=0.01)
    assert down == pytest.approx(rule.a2_minus * rule.tau_minus * x * y, rel=0.01)
    threshold = rule.a2_minus * rule.tau_minus / (rule.a3_plus * rule.tau_plus * rule.tau_y)
    assert (up > down) == (y > threshold)


def test_early_change_stays_within_its_range_under_endless_pairing(fear, infant):
    early, trace, steps = episode(fear, infant, "pairing", outcome=7)
    params, circuit = fear.params, infant.circuit
    stimulus = Stimulus(INDEX["pairing"], 0, 0, 7, -1, 1.0, 1.0, 0.0)
    live, fresh = np.zeros(early.shape[0], bool), np.zeros_like(early)
    for _ in range(400):
        plasticity.induce(
            early, circuit.late[0], fresh, live, steps, stimulus, 1.0, np.ones(64), 1.0, params.anatomy, params.circuit,
            trace,
        )  # fmt: skip
        fresh[:] = 0.0
    assert early.max() <= params.circuit.plasticity.early_max
    assert (circuit.late[0] + early >= -1e-6).all()


def test_induction_is_refractory_for_minutes(fear, infant):
    """A second train at once adds less than the first; the spent share is what holds it back."""
    params, circuit = fear.params, infant.circuit
    stimulus = Stimulus(INDEX["pairing"], 0, 0, 7, -1, 1.0, 1.0, 0.0)
    first, trace, steps = episode(fear, infant, "pairing", outcome=7)
    spent, live = np.zeros_like(first), np.zeros(first.shape[0], bool)
    gains = []
    for _ in range(12):
        early = np.zeros_like(first)
        plasticity.induce(
            early, circuit.late[0], spent, live, steps, stimulus, 1.0, np.ones(64), 1.0, params.anatomy, params.circuit,
            trace,
        )  # fmt: skip
        gains.append(onto(early, fear, 0, 7))
    assert gains[0] == pytest.approx(onto(first, fear, 0, 7))
    assert gains[-1] < 0.7 * gains[0]
