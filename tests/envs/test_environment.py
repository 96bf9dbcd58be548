import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import plastenv  # noqa: F401 - registers the environments
from plastenv import arrays
from plastenv.envs.actions import ActionError
from plastenv.envs.batch import PatientBatch
from plastenv.envs.single import PatientEnv
from plastenv.therapy.protocol import library
from tests.conftest import same

EASY = "plastenv/Fear-easy-v0"
KINDS = [(o, a) for o in ("clinic", "biomarkers", "state") for a in ("menu", "doses")]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("observe", "actions"), KINDS)
def test_gymnasium_checker_has_no_complaint(observe, actions):
    env = gym.make(EASY, observe=observe, actions=actions)
    check_env(env.unwrapped, skip_render_check=True)


def random_actions(space, rows, steps, seed=0):
    space.seed(seed)
    return [np.stack([space.sample() for _ in range(rows)]) for _ in range(steps)]


@pytest.mark.parametrize("actions", ["menu", "doses"])
def test_a_row_of_a_batch_is_a_batch_of_one(easy, actions):
    batch = PatientBatch(easy, 6, actions=actions)
    alone = PatientBatch(easy, 1, actions=actions)
    seen = [batch.reset(range(6), [0] * 6, patients=range(6))]
    mine = [alone.reset([3], [0], patients=[3])]
    rewards, own = [], []
    for action in random_actions(batch.action_space, 6, 14):
        both, single = batch.step(action), alone.step(action[3:4])
        seen.append(both.observation)
        mine.append(single.observation)
        rewards.append(both.reward[3])
        own.append(single.reward[0])
    assert np.array_equal(np.stack(seen)[:, 3], np.stack(mine)[:, 0])
    assert rewards == own
    assert same(arrays.take(batch.state, [3]), alone.state)


@pytest.mark.parametrize("reward", ["dense", "sparse"])
@pytest.mark.parametrize("actions", ["menu", "doses"])
def test_the_return_is_the_score_minus_the_start(easy, actions, reward):
    batch = PatientBatch(easy, 6, actions=actions, reward=reward)
    batch.reset(range(6), [0] * 6, patients=range(6))
    start, total = batch._start.copy(), np.zeros(6)
    ends = np.full(6, np.nan)
    for action in random_actions(batch.action_space, 6, 14, seed=1):
        step = batch.step(action)
        total += step.reward
        ends = np.where(step.terminated, step.followup.score, ends)
        if reward == "dense":
            assert step.reward == pytest.approx(sum(step.terms))
    assert batch.ended.all()
    assert total == pytest.approx(ends / 100 - start, abs=1e-5)


def test_the_same_protocol_at_any_decision_interval(easy):
    protocol = next(p for p in library() if p.name == "graff-2014-inhibitor-at-recall")
    ends = []
    for hours in (4, 12, 24):
        batch = PatientBatch(easy, 2, decision_hours=hours)
        batch.reset([0, 1], [0, 0], patients=[0, 1])
        batch.prescribe(range(2), protocol)
        while not batch.ended.all():
            step = batch.step(np.zeros(2, np.int64))
        ends.append((batch.state, step.followup))
    for state, followup in ends[1:]:
        assert same(state, ends[0][0]) and same(followup, ends[0][1])


def test_same_seed_same_patient_same_life():
    def episode(seed):
        env = gym.make(EASY)
        observation, _ = env.reset(seed=seed)
        return [observation, *(env.step(k % 3)[0] for k in range(4))]

    assert np.array_equal(episode(5), episode(5))
    assert not np.array_equal(episode(5), episode(6))


def test_vector_rows_are_single_environments_through_autoreset():
    vector = gym.make_vec(EASY, num_envs=3)
    single = gym.make(EASY)
    seen, _ = vector.reset(seed=10)
    own, _ = single.reset(seed=11)
    assert np.array_equal(seen[1], own)
    for _ in range(14):
        seen, reward, terminated, _, info = vector.step(np.zeros(3, np.int64))
        own, mine, done, _, last = single.step(0)
        assert np.array_equal(seen[1], own) and reward[1] == mine and terminated[1] == done
    assert terminated.all() and info["followup"]["score"][1] == last["followup"]["score"]
    seen, reward, terminated, _, _ = vector.step(np.zeros(3, np.int64))
    own, _ = single.reset()
    assert np.array_equal(seen[1], own) and not reward.any() and not terminated.any()


BAD = {
    "menu": [
        np.array([0]),
        np.array([0, 99]),
        np.array([0, -1]),
        np.array([0.0, 1.0]),
        "wait",
        None,
        np.array([[0, 0]]),
    ],
    "doses": [np.nan, np.inf, 2.0, "much"],
}


@pytest.mark.parametrize("kind", ["menu", "doses"])
def test_a_bad_action_is_named_and_touches_nobody(easy, kind):
    batch = PatientBatch(easy, 2, actions=kind)
    batch.reset([0, 1], [0, 0], patients=[0, 1])
    before = arrays.copy(batch.state)
    for bad in BAD[kind]:
        action = bad
        if kind == "doses":
            action = np.zeros((2, *batch.action_space.shape), object if isinstance(bad, str) else float)
            action[1, 3] = bad
        with pytest.raises(ActionError):
            batch.step(action)
    assert same(before, batch.state) and batch.given(0) == batch.given(1) == []


def test_a_ragged_action_of_a_single_environment_is_named(easy):
    env = PatientEnv(easy, actions="doses", among=8)
    env.reset(seed=np.int64(0))
    with pytest.raises(ActionError, match="dose actions"):
        env.step([[1.0], [1.0, 2.0]])


def test_what_limits_forbid_is_masked_has_no_effect_and_costs(easy):
    env = gym.make(EASY).unwrapped
    env.reset(seed=0)
    opener = list(easy.menu).index("rapid-opener")
    assert env.action_masks()[opener]
    env.step(opener)
    assert not env.action_masks()[opener] and env.action_masks()[0]
    given = list(env.batch.given(0))
    _, _, _, _, info = env.step(opener)
    assert info["refused"] == 1 and env.batch.given(0) == given
    assert info["costs"]["refused"] == pytest.approx(easy.objective.refused) == info["cost"]


def test_wrong_calls_are_told_what_was_expected(easy):
    for wrong, hint in (
        ({"observe": "clinics"}, "did you mean 'clinic'"),
        ({"actions": "dose"}, "did you mean 'doses'"),
        ({"decision_hours": 5}, "divisor of 24"),
        ({"patients": "tests"}, "did you mean 'test'"),
    ):
        with pytest.raises(ValueError, match=hint):
            PatientBatch(easy, 1, **wrong)
    with pytest.raises(RuntimeError, match="before reset"):
        PatientBatch(easy, 1).step([0])


def test_clinic_noise_is_of_the_time_not_of_the_look(easy):
    batch = PatientBatch(easy, 2)
    first = batch.reset([0, 1], [0, 0], patients=[0, 1])
    assert np.array_equal(first, batch.seen())
