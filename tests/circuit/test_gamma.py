import numpy as np
import pytest

from plastenv.circuit.gamma import (
    BAND,
    PATHWAYS,
    QUANTITIES,
    SCALES,
    GammaParams,
    coincidence_curve,
    measure_gamma,
    tabulate,
)
from plastenv.circuit.params import PlasticityParams


@pytest.fixture(scope="module")
def loop():
    """Return what the loop does from hardly any PV drive to twice the adult's."""
    return {scale: measure_gamma(scale) for scale in (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.6, 2.0)}


def test_the_adult_loop_oscillates_in_the_gamma_band(loop):
    for scale in (0.8, 1.0, 1.2, 1.6):
        assert BAND[0] <= loop[scale].frequency <= BAND[1]
    assert loop[1.0].power > 20.0 * loop[0.2].power


def test_slower_inhibition_slows_the_rhythm():
    fast, slow = (measure_gamma(1.0, GammaParams(tau_gaba=tau)).frequency for tau in (0.006, 0.012))
    assert fast > slow + 5.0


def test_without_synapses_from_pv_cells_there_is_no_rhythm(loop):
    free = measure_gamma(1.0, GammaParams(from_pv=0.0))
    assert free.power < 0.05 * loop[1.0].power and free.potentiation == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("quantity", ["power", "net"])
def test_both_ends_of_pv_drive_close(loop, quantity):
    values = {scale: getattr(gamma, quantity) for scale, gamma in loop.items()}
    best = max(values, key=values.get)
    assert 0.4 <= best <= 1.2
    assert values[0.2] < 0.5 * values[best] and values[2.0] < 0.7 * values[best]
    assert values[1.0] > max(values[0.2], values[2.0])


def test_more_inhibition_leaves_fewer_excitatory_spikes(loop):
    rates = [gamma.rate for gamma in loop.values()]
    assert all(more > less for more, less in zip(rates, rates[1:], strict=False))


def test_synchrony_strengthens_more_than_it_weakens(loop):
    assert loop[1.0].potentiation > 1.02 and loop[1.0].potentiation > loop[1.0].depression > 0.99
    assert loop[0.2].potentiation == pytest.approx(1.0, abs=0.01)


def test_a_volley_that_leads_gains_more_than_one_that_follows(loop):
    leading = measure_gamma(1.0, GammaParams(lead=PATHWAYS["forward"]))
    assert leading.potentiation > loop[1.0].potentiation + 0.05 and leading.depression < loop[1.0].depression


def test_slower_traces_tell_synchrony_less(loop):
    rule = PlasticityParams()
    slow = measure_gamma(1.0, rule=rule._replace(tau_plus=4.0 * rule.tau_plus))
    assert abs(slow.potentiation - 1.0) < 0.6 * (loop[1.0].potentiation - 1.0)


def test_the_same_call_gives_the_same_answer(loop):
    assert measure_gamma(0.8) == loop[0.8]
    assert measure_gamma(0.8, seeds=1) != loop[0.8]


def test_silent_cells_have_no_rhythm():
    silent = measure_gamma(1.0, GammaParams(drive=0.0), seconds=1.0, seeds=1)
    assert silent.rate == silent.power == silent.net == 0.0 and np.isnan(silent.frequency)
    assert silent.potentiation == silent.depression == 1.0


@pytest.mark.parametrize("pathway", PATHWAYS)
def test_the_table_is_what_the_loop_does(pathway):
    measured = tabulate(pathway, seconds=2.0, seeds=4)
    adult = SCALES.index(1.0)
    rhythmic = measured.power > 0.1  # below, the peak is a matter of chance
    for quantity, tolerance in zip(QUANTITIES, (8.0, 0.08, 0.015, 0.015, 0.15), strict=True):
        scales, tabled = coincidence_curve(quantity, pathway)
        differs = np.abs(tabled - getattr(measured, quantity))
        if quantity == "frequency":
            differs = differs[rhythmic]
        else:
            assert tabled[adult] == 1.0
        assert scales.shape == tabled.shape and differs.max() < tolerance, quantity


@pytest.mark.parametrize("wrong", [{"pv": -0.1}, {"pv": float("nan")}, {"seconds": 0.5}, {"seeds": 0}])
def test_nonsense_is_refused(wrong):
    with pytest.raises(ValueError, match="need pv"):
        measure_gamma(**({"pv": 1.0} | wrong))
    with pytest.raises(ValueError, match="need one of"):
        coincidence_curve("colour")
