import numpy as np
import pytest
from scipy.linalg import expm

from plastenv.molecular import pharmacology as ph


def levels(number: int) -> list[np.ndarray]:
    return [np.zeros(number) for _ in range(4)]


@pytest.mark.parametrize("row", range(len(ph.COMPOUNDS)))
def test_kinetics_agree_with_the_matrix_exponential(row):
    drugs, compound = ph.pharmacology(), ph.COMPOUNDS[row]
    ka, ke, kf, kt = (
        1 / compound.absorption_h,
        1 / compound.elimination_h,
        1 / compound.effect_h,
        1 / compound.tolerance_h,
    )
    chain = np.array([[-ka, 0, 0, 0], [ka, -ke, 0, 0], [0, ke, -kf, 0], [0, 0, kt, -kt]])
    depot, plasma, effect, tolerance = levels(len(ph.COMPOUNDS))
    depot[row] = 1.0
    for hour in range(1, 25):
        for _ in range(6):
            ph.advance_drugs(depot, plasma, effect, tolerance, 1.0, 1 / 6, drugs)
        exact = expm(chain * hour)[:, 0]
        assert [plasma[row], effect[row]] == pytest.approx(exact[1:3], abs=0.02)
        assert tolerance[row] == pytest.approx(exact[3], abs=0.02)


def test_step_is_second_order():
    drugs, row = ph.pharmacology(), ph.COMPOUND_INDEX["rapid-opener"]

    def after(steps):
        depot, plasma, effect, tolerance = levels(len(ph.COMPOUNDS))
        depot[row] = 1.0
        for _ in range(steps):
            ph.advance_drugs(depot, plasma, effect, tolerance, 1.0, 4.0 / steps, drugs)
        return plasma[row]

    fine = after(4096)
    assert abs(after(32) - fine) < 0.3 * abs(after(16) - fine)


def test_actions_saturate_and_combine_within_one():
    drugs = ph.pharmacology()
    acting = np.zeros(len(ph.TARGETS))
    full, bath = np.full(len(ph.COMPOUNDS), 100.0), np.zeros(len(ph.TARGETS))
    ph.actions(bath, full, full, np.zeros_like(full), drugs, acting)
    assert (acting <= 1.0).all() and acting[ph.NMDA_BLOCK] > 0.99
    ph.actions(bath, 0 * full, 0 * full, 0 * full, drugs, acting)
    assert not acting.any()


def test_what_is_held_acts_at_once_and_joins_what_drugs_do():
    drugs, acting, bath = ph.pharmacology(), np.zeros(len(ph.TARGETS)), np.zeros(len(ph.TARGETS))
    bath[ph.NMDA_BLOCK] = 0.5
    none, ketamine = np.zeros(len(ph.COMPOUNDS)), np.zeros(len(ph.COMPOUNDS))
    ketamine[ph.COMPOUND_INDEX["rapid-opener"]] = 0.45
    ph.actions(bath, none, none, none, drugs, acting)
    assert acting[ph.NMDA_BLOCK] == 0.5 and acting.sum() == 0.5
    ph.actions(bath, ketamine, none, none, drugs, acting)
    assert acting[ph.NMDA_BLOCK] == pytest.approx(0.75)


def test_tolerance_takes_the_coagonist_s_gain_away_and_recovers():
    drugs, row = ph.pharmacology(), ph.COMPOUND_INDEX["nmda-coagonist"]
    depot, plasma, effect, tolerance = levels(len(ph.COMPOUNDS))

    def gain():
        acting = np.zeros(len(ph.TARGETS))
        probe = np.zeros(len(ph.COMPOUNDS))
        probe[row] = 1.0
        ph.actions(0 * acting, probe, effect, tolerance, drugs, acting)
        return acting[ph.NMDA_BOOST]

    naive = gain()
    for _ in range(14):
        depot[row] += 1.0
        for _ in range(24):
            ph.advance_drugs(depot, plasma, effect, tolerance, 1.0, 1.0, drugs)
    chronic = gain()
    for _ in range(40 * 24):
        ph.advance_drugs(depot, plasma, effect, tolerance, 1.0, 1.0, drugs)
    assert chronic < 0.6 * naive and gain() > 0.95 * naive
