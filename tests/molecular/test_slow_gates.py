import numpy as np
import pytest

from plastenv.molecular.brakes import BrakeParams, advance_brakes, maturity, structural_opening
from plastenv.molecular.consolidation import ConsolidationParams, advance_growth_factors, unrestored
from plastenv.molecular.epigenetics import (
    ChromatinParams,
    MethylationParams,
    advance_acetylation,
    advance_suppressor,
    held_back,
    permission,
    unsuppressed,
)
from plastenv.molecular.homeostasis import HomeostasisParams, advance_homeostasis


def test_nets_reform_over_weeks_after_digestion():
    brakes = BrakeParams()
    nets, nogo = 1.0, 1.0
    for _ in range(4 * 24):
        nets, nogo = advance_brakes(nets, nogo, 1.0, 0.04, 1.0, brakes)
    digested = nets
    for _ in range(21 * 24):
        nets, nogo = advance_brakes(nets, nogo, 1.0, 0.0, 1.0, brakes)
    assert digested < 0.2 and 0.5 < nets < 0.8 and nogo == pytest.approx(1.0)


def test_brakes_do_not_depend_on_the_step():
    brakes = BrakeParams()
    once = advance_brakes(0.3, 0.2, 1.0, 0.01, 24.0, brakes)
    state = (0.3, 0.2)
    for _ in range(24):
        state = advance_brakes(*state, 1.0, 0.01, 1.0, brakes)
    assert state == pytest.approx(once, rel=1e-9)


def test_structure_closes_with_age_and_opens_with_relief():
    brakes = BrakeParams()
    assert maturity(5.0, brakes) < 0.01 < 0.99 < maturity(60.0, brakes)
    closed, opened = structural_opening(1.0, 0.0, brakes), structural_opening(1.0, 0.9, brakes)
    assert closed < 0.01 and opened > 0.5 and structural_opening(0.0, 0.0, brakes) == pytest.approx(1.0)


def test_deacetylase_inhibitor_returns_an_adult_to_young_acetylation_for_hours():
    chromatin = ChromatinParams()
    adult = advance_acetylation(0.5, 1.0, 0.0, 1000.0, chromatin)
    young = advance_acetylation(0.5, 0.0, 0.0, 1000.0, chromatin)
    inhibited = advance_acetylation(adult, 1.0, 0.8, 12.0, chromatin)
    later = advance_acetylation(inhibited, 1.0, 0.0, 24.0, chromatin)
    assert adult < later + 1e-2 and later == pytest.approx(adult, abs=0.01)
    assert permission(inhibited, chromatin) > 0.9 * permission(young, chromatin) > permission(adult, chromatin)


def test_suppressors_that_methylation_does_not_silence_need_deacetylases():
    methylation = MethylationParams()
    silenced, on = (advance_suppressor(1.0, 0.5, block, 3.0, methylation) for block in (0.0, 1.0))
    assert unsuppressed(silenced, 0.0, methylation) > 0.95
    left = [unsuppressed(on, inhibited, methylation) for inhibited in (0.0, 0.5, 1.0)]
    assert left == pytest.approx([1.0 - methylation.suppressor_strength, 0.6, 1.0])


def test_restabilisation_needs_messengers_that_unsilenced_suppressors_hold_back():
    methylation = MethylationParams()
    held = [held_back(0.5, *blocks, methylation) for blocks in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))]
    assert held == pytest.approx([0.0, 0.5 * methylation.suppressor_strength, 0.0])
    assert unrestored(0.3, 0.0, held[0]) == 0.3  # exactly: without these drugs nothing differs
    assert unrestored(0.0, 1.0, 0.0) == unrestored(1.0, 0.0, 0.0) == 1.0
    assert unrestored(0.5, 0.5, held[1]) == pytest.approx(1.0 - 0.25 * (1.0 - held[1]))


def test_growth_factors_rise_with_drive_and_fall_back():
    params = ConsolidationParams()

    def settle(bdnf, creb, drive, hours):
        for _ in range(hours):
            bdnf, creb = advance_growth_factors(bdnf, creb, drive, 0.5, 1.0, 0.0, 1.0, params)
        return bdnf, creb

    rest = settle(3.0, 0.9, 0.0, 400)
    assert rest == pytest.approx(settle(0.1, 0.0, 0.0, 400), rel=1e-3)  # one resting state, no autonomous memory
    driven = settle(*rest, 0.5, 24)
    assert driven[0] > rest[0] and settle(*driven, 0.0, 200) == pytest.approx(rest, rel=1e-2)


def test_scaling_is_one_factor_per_neuron_bounded_and_blind_inside_its_band():
    homeostasis = HomeostasisParams()
    gain, activity = np.ones(3), np.array([0.0, 0.02, 0.9])
    set_point = np.full(3, 0.02)
    for _ in range(24 * 20):
        activity[:] = (0.0, 0.02, 0.9)
        advance_homeostasis(gain, activity, set_point, 0.0, 0.0, 1.0, homeostasis)
    assert gain[1] == 1.0 > gain[2] >= 1.0 - homeostasis.range_down
    assert gain[0] < 1.1  # it still fires now and then
    assert (set_point == 0.02).all()  # closed: set-points are fixed


def test_blocked_spikes_scale_up_in_two_days_not_in_an_hour():
    homeostasis = HomeostasisParams()
    gain, activity, set_point = np.ones(1), np.full(1, 0.02), np.full(1, 0.02)
    after = []
    for _ in range(48):
        advance_homeostasis(gain, activity, set_point, 0.0, 1.0, 1.0, homeostasis)
        after.append(gain[0])
    assert after[0] < 1.05 and 1.5 < after[-1] <= 1.0 + homeostasis.range_up


def test_a_deprived_neuron_keeps_its_set_point_while_it_is_plastic():
    homeostasis = HomeostasisParams()
    gain, set_point = np.ones(2), np.full(2, 0.05)
    for _ in range(24 * 30):
        activity = np.array([0.0, 0.2])
        advance_homeostasis(gain, activity, set_point, 1.0, 0.0, 1.0, homeostasis)
    assert set_point[0] == pytest.approx(0.05, rel=0.02) and set_point[1] > 0.15
