import numpy as np
import pytest

from plastenv.evaluation.rollout import RandomPolicy, Schedule, recorded, run
from plastenv.evaluation.trace import Recorder, cues, drugs
from plastenv.model.types import DAY, HOUR
from plastenv.therapy.protocol import load
from tests.conftest import same

MINE = """
name: mine
entries:
  - {intervention: rapid-opener, days: 2, hour: 9}
  - {intervention: extinction-training, days: "3-5", hour: 10}
"""


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    path = tmp_path_factory.mktemp("trace") / "mine.yaml"
    path.write_text(MINE, "utf-8")
    protocol = load(path)
    return Schedule("mine", "", "", protocol=protocol)


@pytest.fixture(scope="module")
def story(easy, mine):
    return recorded(easy, mine, "train", [1], 1, hours=1, probing=True)


@pytest.fixture(scope="module")
def daily(easy, mine):
    return recorded(easy, mine, "train", range(3), 0)


def test_recording_changes_no_outcome(easy, mine, story, daily):
    outcome = run(easy, mine, "train", range(3), 0)
    assert same(daily[0], outcome)
    assert same(story[0], type(outcome)(*(column[1:2] for column in outcome)))


def test_a_policy_and_its_draws_are_the_same_under_observation(easy):
    schedule = Schedule("random", "", "", policy=RandomPolicy())
    assert same(recorded(easy, schedule, "train", range(2), 0)[0], run(easy, schedule, "train", range(2), 0))


def test_looking_hourly_or_daily_shows_the_same(easy, story, daily):
    (_, hourly), (_, trace) = story, daily
    assert len(trace.time) == easy.followup // DAY + 1 and len(hourly.time) == easy.followup // HOUR + 1
    for name in set(trace._fields[trace._fields.index("plasma") :]):
        once, often = getattr(trace, name)[:, 1], getattr(hourly, name)[::24, 0]
        np.testing.assert_allclose(once, often, rtol=1e-5, atol=1e-7, err_msg=name)  # sums differ in rounding
        assert np.isfinite(getattr(hourly, name)).all(), name
    np.testing.assert_array_equal(trace.depth[:, 1], hourly.depth[:, 0])


def test_symptoms_are_those_of_the_run_and_of_its_cues(easy, story, daily):
    hourly, (outcome, trace) = story[1], daily
    np.testing.assert_allclose(1.0 - trace.symptoms[: easy.horizon_days + 1].T, outcome.course, atol=1e-15)
    np.testing.assert_allclose(1.0 - trace.symptoms[-1], outcome.function_followup, atol=1e-15)
    assert np.isnan(trace.symptoms[easy.horizon_days + 1 : -1]).all() and np.isnan(trace.cue_capture).all()
    midnights = hourly.time % DAY == 0
    assert np.isfinite(hourly.symptoms[midnights]).all() and np.isnan(hourly.symptoms[~midnights]).all()
    np.testing.assert_allclose(hourly.symptoms[midnights], hourly.cue_symptoms[midnights].mean(2), atol=1e-12)
    np.testing.assert_allclose(hourly.capture[midnights], hourly.cue_capture[midnights].mean(2), atol=1e-12)
    assert trace.depth[1].tolist() == outcome.depth.tolist()


def test_the_trace_follows_what_is_given(easy, story):
    trace = story[1]
    opener, hour = drugs(easy).index("rapid-opener"), trace.time // HOUR
    dosed, trained = hour.tolist().index(24 + 9), hour.tolist().index(48 + 10)
    assert not trace.plasma[: dosed + 1].any() and trace.plasma[dosed + 3, 0, opener] > 0.5
    assert trace.nogo[dosed + 24, 0] < 0.6 * trace.nogo[dosed, 0]
    assert trace.tag_own[trained + 1].max() > trace.tag_own[trained].max()
    assert trace.protein_own.max() > 0.0 and cues(easy) == ("cue-1", "cue-2", "cue-3", "cue-4")


def test_every_day_that_is_lived_is_told(easy, mine):
    lived = []
    recorded(easy, mine, "train", range(2), 0, threads=1, day=lived.append)
    assert sum(lived) == 2 * easy.followup // DAY


def test_hours_must_divide_a_day(easy):
    with pytest.raises(ValueError, match="hours = 5: expected a whole divisor of 24"):
        Recorder(easy, 1, 5)
