import numpy as np
import pytest

from plastenv.evaluation.clinical import LEAST, Observable, halves, needed, observables, rates
from plastenv.evaluation.courses import courses
from plastenv.evaluation.rollout import Outcome, Schedule, recorded
from plastenv.evaluation.statistics import contrast, gain, share
from plastenv.therapy.protocol import library


def outcome(end: list[float], followup: list[float]) -> Outcome:
    none = np.zeros(len(end))
    return Outcome(*[none] * len(Outcome._fields))._replace(
        restored_end=np.array(end), restored_followup=np.array(followup)
    )


def paired(both: int, first: int, second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    table = (both, first, second, neither)
    return np.repeat([True, True, False, False], table), np.repeat([True, False, True, False], table)


def test_a_gain_in_shares_is_that_of_newcombe():
    # Newcombe 1998, Stat Med 17:2635, table III: 36, 12, 2, 0
    assert gain(*paired(36, 12, 2, 0)) == pytest.approx((0.2, 0.0569, 0.3404), abs=5e-5)


def test_a_gain_turns_with_its_sides_and_has_a_width_where_everyone_is_alike():
    one, other = paired(9, 12, 3, 8)
    there, back = gain(one, other), gain(other, one)
    assert back == pytest.approx((-there.mean, -there.high, -there.low))
    all_alike = gain(*paired(20, 0, 0, 0))
    assert all_alike.mean == 0.0 and all_alike.low < -0.05 and all_alike.high > 0.05
    assert gain(*paired(0, 20, 0, 0)).low < 0.9


def test_intervals_of_a_gain_cover_it():
    draw, inside = np.random.default_rng(3), 0
    for _ in range(400):
        well = draw.random(32)  # who does well does so under both
        low, high = gain(well + 0.2 * draw.random(32) < 0.8, well + 0.2 * draw.random(32) < 0.5)[1:]
        inside += low <= 0.3 <= high
    assert 0.93 < inside / 400 < 0.995


def test_a_share_keeps_its_width_at_the_edge():
    none = share(np.zeros(16, bool))
    assert none.mean == none.low == 0.0 and 0.15 < none.high < 0.25


def test_rates_count_who_responds_remits_and_relapses():
    found = rates(outcome([0.9, 0.6, 0.6, 0.5, 0.1], [0.9, 0.85, 0.49, 0.1, 0.7]))
    assert found["response_end"]["mean"] == pytest.approx(0.8)
    assert found["response_followup"]["mean"] == pytest.approx(0.6)
    assert found["remission_end"]["mean"] == pytest.approx(0.2)
    assert found["remission_followup"]["mean"] == pytest.approx(0.4)
    assert found["relapse"] == pytest.approx(0.5) and found["relapse_of"] == 4
    assert rates(outcome([0.1, 0.2], [0.9, 0.9]))["relapse"] is None


def test_as_many_are_needed_to_treat_as_the_gain_has_it_and_none_where_none_is_shown():
    well, ill = outcome([0.0] * 32, [1.0] * 24 + [0.0] * 8), outcome([0.0] * 32, [1.0] * 8 + [0.0] * 24)
    assert needed(well, ill)["number"] == pytest.approx(2.0)
    assert needed(ill, well)["number"] == pytest.approx(-2.0)
    assert needed(well, well)["number"] is None


def test_halves_find_what_was_planted_and_leave_out_what_is_too_few():
    draw = np.random.default_rng(0)
    planted = draw.normal(size=40)
    idle = planted.argsort().argsort() % 2.0  # as often above its median in either half of the other
    few = np.repeat([0.0, 1.0], (40 - LEAST + 1, LEAST - 1))
    seen = [Observable("planted", "", planted), Observable("idle", "", idle), Observable("few", "", few)]
    restored = 0.3 + 0.5 * (planted > np.median(planted)) + 0.05 * draw.normal(size=40)
    found = {each["observable"]: each["difference"] for each in halves(outcome(restored, restored), seen, 0)}
    assert set(found) == {"planted", "idle"}
    assert found["planted"]["low"] > 0.4 and found["planted"]["high"] < 0.6
    assert found["idle"]["low"] < 0.0 < found["idle"]["high"]
    assert contrast(np.ones(9), np.zeros(9)) == (1.0, 1.0, 1.0)


def test_what_is_seen_before_the_first_day_is_the_same_for_the_same_lives(easy):
    first, again = (observables(easy, "train", range(4), 7) for _ in range(2))
    assert [each.name for each in first] == ["symptoms", "gamma", "evoked", "bdnf", "slow waves"]
    assert all(np.array_equal(a.values, b.values) for a, b in zip(first, again, strict=True))
    other = observables(easy, "train", range(4), 8)
    assert not np.array_equal(first[0].values, other[0].values)  # the rating errs by the patient's life


def test_courses_are_quartiles_of_the_same_patients(easy):
    protocol = next(each for each in library(easy.horizon_days) if each.name == "untreated")
    schedule = Schedule(protocol.name, "", "", protocol=protocol)
    came, trace = recorded(easy, schedule, "train", range(4), 7)
    kept = courses(trace)
    assert kept.day[-1] == easy.horizon_days + easy.followup_days
    treated = kept.levels["function"][:, : easy.horizon_days + 1]
    assert treated == pytest.approx(np.quantile(came.course, (0.25, 0.5, 0.75), axis=0))
    assert kept.levels["function"][1, -1] == pytest.approx(np.median(came.function_followup))
    assert np.isnan(kept.levels["symptoms"][1, easy.horizon_days + 1])  # nobody has probed
    assert kept.depth["end"] == pytest.approx(np.quantile(came.depth, (0.25, 0.5, 0.75)))
