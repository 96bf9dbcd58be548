import gymnasium as gym
import numpy as np
import pytest

import plastenv  # noqa: F401 - registers the environments
from plastenv import arrays
from plastenv.envs.batch import PatientBatch
from plastenv.envs.biomarkers import BIOMARKERS, assay
from plastenv.envs.observations import KINDS, channels
from plastenv.scenarios.objective import RewardTerms

ERRORS = ("rating_error", "gamma_error", "evoked_error", "bdnf_error", "slow_wave_error")


def seeing(easy, **changes):
    return easy.model_copy(update={"observation": easy.observation.model_copy(update=changes)})


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_has_a_name_a_unit_and_a_range(easy, kind):
    env = PatientBatch(easy, 1, observe=kind, among=8)
    listed = channels(easy, kind)
    assert len({channel.name for channel in listed}) == len(listed) == env.observation_space.shape[0]
    assert all(channel.unit and channel.low < channel.high for channel in listed)


def test_without_errors_visits_show_the_truth(easy):
    task = seeing(easy, missed=0.0, **dict.fromkeys(ERRORS, 0.0))
    batch = PatientBatch(task, 4, observe="biomarkers")
    seen = batch.reset(range(4), [0] * 4, patients=range(4))
    for _ in range(3):
        truth = np.column_stack(
            [1.0 - batch.measured.function, assay(batch.state, task.params, batch.measured.early)]
        ).astype(np.float32)
        assert seen[:, [0, 3, 4, 5, 6]] == pytest.approx(truth) and (seen[:, 1] == 1.0).all()
        seen = batch.step(np.full(4, 3)).observation


def test_a_missed_visit_shows_what_was_found_last(easy):
    batch = PatientBatch(seeing(easy, missed=1.0), 4, observe="biomarkers")
    first = batch.reset(range(4), [0] * 4, patients=range(4))
    later = batch.step(np.zeros(4, np.int64)).observation
    assert (first[:, 1] == 1.0).all() and (later[:, 1] == 0.0).all()
    assert np.array_equal(first[:, [0, 3, 4, 5, 6]], later[:, [0, 3, 4, 5, 6]])


def test_biomarkers_follow_what_they_are_of(easy, patients):
    state = arrays.copy(patients.patient)
    early = np.full(4, 0.1)
    before = assay(state, easy.params, early)
    state.molecules.nets[:] *= 0.5
    state.circuit.refractory[:] = 5.0
    state.molecules.bdnf[:] *= 2.0
    after = assay(state, easy.params, 2.0 * early)
    assert dict(zip(BIOMARKERS, (after > before).all(0), strict=True)) == {
        "gamma": False, "evoked": False, "bdnf": True, "slow waves": True,
    }  # fmt: skip
    assert (after[:, :2] < before[:, :2]).all()


def test_a_reward_as_a_vector_adds_up_to_the_scalar():
    options = {"among": 8}
    scalar, vector = gym.make("plastenv/Fear-easy-v0", **options), gym.make("plastenv/Fear-easy-mo-v0", **options)
    assert vector.unwrapped.reward_space.shape == (len(RewardTerms._fields),)
    scalar.reset(seed=3), vector.reset(seed=3)
    scalar.action_space.seed(0)
    for _ in range(14):
        action = scalar.action_space.sample()
        _, reward, done, *_ = scalar.step(action)
        _, terms, over, _, info = vector.step(action)
        assert terms.sum() == pytest.approx(reward, abs=1e-12) and vector.unwrapped.reward_space.contains(terms)
        assert terms == pytest.approx(list(info["terms"].values())) and done == over
        assert info["cost"] == pytest.approx(sum(info["costs"].values())) == pytest.approx(-100.0 * terms[1:].sum())
    assert done
