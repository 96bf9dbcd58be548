import numpy as np
import pytest
from scipy.linalg import expm

from plastenv.molecular.consolidation import (
    ConsolidationParams,
    Messengers,
    advance_messengers,
    arousal,
    capture,
    decay_early,
    exchange,
    reactivate,
    recruiting,
    remove,
    settle,
)

C = ConsolidationParams()
SHAPE = (6, 4)
USUAL = Messengers(0.0, C.recruit, C.recruit)


def synapses(early: float, late: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    return np.full(SHAPE, early, np.float32), np.full(SHAPE, late, np.float32)


def consolidated(early, late, hours=8.0, translated=1.0, shield=0.0, params=C, messengers=USUAL):
    live, carried, protein = np.ones(SHAPE[0], bool), np.zeros(SHAPE[0]), np.zeros(SHAPE[1])
    early, late, spent = early.copy(), late.copy(), np.zeros_like(early)
    lent, recent = np.zeros((4, late.shape[1]), np.float32), np.zeros(late.shape[1])
    for _ in range(round(hours * 6)):
        decay_early(early, spent, live, 1 / 6, False, 0.5, params, carried)
        threshold = params.protein_threshold
        capture(early, late, carried, protein, translated, shield, threshold, messengers, 1 / 6, params, recent, lent)
    return late


def test_early_change_decays_in_two_hours_without_proteins():
    early, _ = synapses(0.05)
    decay_early(early, np.zeros_like(early), np.ones(SHAPE[0], bool), 1.9, False, 0.5, C, np.zeros(SHAPE[0]))
    assert early[0, 0] == pytest.approx(0.05 / np.e, rel=1e-3)


def test_strong_change_is_consolidated_and_weak_change_is_not():
    strong, late = synapses(0.10)
    weak, _ = synapses(0.01)
    assert (consolidated(strong, late) - late).mean() > 100 * abs((consolidated(weak, late) - late).mean())


def test_blocking_synthesis_removes_the_late_phase_only():
    early, late = synapses(0.10)
    assert np.array_equal(consolidated(early, late, translated=0.0), late)


def test_a_weak_input_captures_the_proteins_of_a_strong_one_on_the_same_neuron():
    """Tagging and capture (Frey & Morris 1997): the tag is the synapse's, the protein is the neuron's."""
    params = C._replace(competition=0.0)
    early, late = synapses(0.0)
    early[0] = 0.025  # weak: tagged, too little for proteins
    alone = consolidated(early, late, params=params)[0] - late[0]
    early[1:] = 0.10
    together = consolidated(early, late, params=params)[0] - late[0]
    assert (together > 5 * alone).all()


def test_depression_shrinks_in_proportion_and_nets_shield_it():
    early, late = synapses(-0.08)
    bare, shielded = consolidated(early, late), consolidated(early, late, shield=0.7)
    assert (bare < shielded).all() and (shielded < late).all() and (bare >= 0).all()


def test_what_one_synapse_of_an_axon_gains_the_others_lose():
    early, late = synapses(0.0)
    early[:, 0] = 0.12
    after = consolidated(early, late)
    assert (after[:, 0] > late[:, 0]).all() and (after[:, 1:] < late[:, 1:]).all()


def test_exchange_with_structure_is_exact():
    _, late = synapses(0.0, 0.5)
    structure = np.full(SHAPE, 0.2, np.float32)
    opening, hours = 0.4, 100.0
    a, b = 1 / (24 * C.tau_late), opening / (24 * C.tau_structure)
    exact = expm(np.array([[-a, a], [b, -b]]) * hours) @ [0.5, 0.2]
    settle(late, structure, np.zeros(SHAPE[0]), np.zeros(SHAPE[1]), 0.0, opening, hours, C)
    assert [late[0, 0], structure[0, 0]] == pytest.approx(exact, rel=1e-5)


def test_late_change_outlives_a_month_only_where_structure_was_open():
    def month(opening):
        _, late = synapses(0.0, 0.5)
        structure = np.full(SHAPE, 0.2, np.float32)
        settle(late, structure, np.zeros(SHAPE[0]), np.zeros(SHAPE[1]), 0.0, opening, 14 * 24, C)
        settle(late, structure, np.zeros(SHAPE[0]), np.zeros(SHAPE[1]), 0.0, 0.0, 30 * 24, C)
        return late[0, 0] - 0.2

    assert month(0.8) > 0.1 > 0.01 > month(0.0)


def test_labile_synapses_are_lost_without_synthesis_and_only_those():
    _, late = synapses(0.0, 0.5)
    structure = late.copy()
    pre, post = np.zeros(SHAPE[0]), np.zeros(SHAPE[1])
    pre[0] = post[:2] = 1.0
    for _ in range(4):
        settle(late, structure, pre, post, 0.9, 0.0, 1.0, C)
    assert (late[0, :2] < 0.2).all() and (structure[0, :2] < 0.2).all()
    assert late[1:] == pytest.approx(0.5) and late[0, 2:] == pytest.approx(0.5)


def test_lability_closes_within_the_step():
    def lost(steps):
        _, late = synapses(0.0, 0.5)
        structure, pre, post = late.copy(), np.ones(SHAPE[0]), np.ones(SHAPE[1])
        for _ in range(steps):
            settle(late, structure, pre, post, 0.3, 0.0, 4.0 / steps, C)
        return 0.5 - late[0, 0]

    assert lost(4) == pytest.approx(lost(64), rel=0.02)


def test_lability_opens_with_error_and_closes_once_the_error_is_gone():
    labile, active = np.zeros(3), np.array([1.0, 1.0, 0.0])
    reactivate(labile, active, active, 0.9, C)
    opened = labile.copy()
    assert opened[0] > 0.8 and opened[2] == 0.0
    for _ in range(4):
        reactivate(labile, active, active, 0.02, C)
    assert labile[0] < 0.1 * opened[0]


def test_what_carried_no_expectation_is_not_made_labile():
    labile, active = np.zeros(2), np.ones(2)
    reactivate(labile, active, np.array([1.0, 0.0]), 0.9, C)
    assert labile[0] > 0.9 and labile[1] == 0.0


def depotentiated(since: float, recent: float, primed: float) -> float:
    """Return what is left of late weight and structure, both, of a synapse depotentiated `since` h after a reminder."""
    before, late = synapses(0.0)
    structure, labile, exchanged = late.copy(), np.ones(SHAPE[0]), np.zeros(SHAPE[0])
    exchange(exchanged, labile, since, C)
    young = np.full(SHAPE[1], recent)
    remove(before, before - np.float32(0.01), late, structure, exchanged, np.ones(SHAPE[1]), young, primed, C)
    assert np.array_equal(late, structure)
    return float(late[0, 0]) / 0.2


def test_depotentiation_takes_recent_weight_once_receptors_are_exchanged():
    assert depotentiated(0.0, 1.0, 0.0) == pytest.approx(1.0)
    assert depotentiated(0.5, 1.0, 0.0) < depotentiated(1 / 6, 1.0, 0.0) < depotentiated(1 / 20, 1.0, 0.0) < 1.0


def test_old_weight_yields_only_where_deacetylases_are_blocked():
    assert depotentiated(1.0, 0.0, 0.0) == pytest.approx(1.0)
    assert depotentiated(1.0, 0.0, 0.6) < 0.6


def test_the_stronger_a_change_the_more_it_needs_transcription():
    weak, late = synapses(0.04)
    strong, _ = synapses(0.4)
    blocked = Messengers(1.0, C.recruit, C.recruit)  # what stands in dendrites, and nothing made
    kept = [
        (consolidated(early, late, translated=0.0, messengers=blocked) - late).sum()
        / (consolidated(early, late) - late).sum()
        for early in (weak, strong)
    ]
    assert kept[0] > 0.75 > 0.5 > kept[1] > 0.0


def test_an_inhibitor_of_deacetylases_lets_weak_change_recruit_transcription():
    early, late = synapses(0.04)
    freed = Messengers(0.0, C.recruit, recruiting(1.0, C))
    plain = consolidated(early, late) - late
    assert recruiting(1.0, C) == 1.0 < recruiting(0.5, C) < recruiting(0.0, C) == C.recruit
    assert (consolidated(early, late, messengers=freed) - late).sum() > 1.2 * plain.sum()


def test_messengers_follow_chromatin_in_hours_and_then_stand_still():
    assert advance_messengers(0.5, 0.5 + 1e-7, 1.0, C) == 0.5 + 1e-7
    assert advance_messengers(0.5, 0.0, C.tau_messenger, C) == pytest.approx(0.5 / np.e)


def test_exchanged_receptors_go_back():
    exchanged = np.ones(SHAPE[0])
    exchange(exchanged, np.zeros(SHAPE[0]), C.tau_exchange, C)
    assert exchanged == pytest.approx(np.exp(-1.0))


def test_what_is_captured_is_recent_for_a_week():
    params = C._replace(competition=0.0)
    early, late = synapses(0.1)
    live, carried, protein = np.ones(SHAPE[0], bool), np.zeros(SHAPE[0]), np.zeros(SHAPE[1])
    recent, lent, spent = np.zeros(SHAPE[1]), np.zeros((4, SHAPE[1]), np.float32), np.zeros_like(early)
    grown = late.copy()
    for _ in range(24 * 6):
        decay_early(early, spent, live, 1 / 6, False, 0.5, params, carried)
        capture(early, grown, carried, protein, 1.0, 0.0, params.protein_threshold, USUAL, 1 / 6, params, recent, lent)
    assert recent == pytest.approx(1.0 - late.sum(0) / grown.sum(0), rel=0.15)  # it has aged for a day
    early[:] = 0.0
    decay_early(early, spent, live, 1.0, False, 0.5, C, carried)
    before = recent.copy()
    capture(early, grown, carried, protein, 1.0, 0.0, params.protein_threshold, USUAL, 7 * 24, params, recent, lent)
    assert recent == pytest.approx(before / np.e, rel=1e-6)


def test_everyday_aversion_does_not_imprint_and_a_shock_does():
    assert arousal(1.0, C) < 1e-3 and arousal(1.5, C) < 1e-3 < 0.9 < arousal(10.0, C) < 1.0
