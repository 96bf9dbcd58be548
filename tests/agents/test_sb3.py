import numpy as np
import pytest
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.utils import get_action_masks, is_masking_supported
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecNormalize

from plastenv.envs.single import PatientEnv
from plastenv.scenarios.scenario import Scenario
from plastenv_agents.sb3 import PatientVecEnv

ROWS = 3


@pytest.fixture(scope="module")
def impatient(easy: Scenario) -> Scenario:
    """Fear-easy with patients who drop out after a few points of burden: episodes end often and at different times."""
    return easy.model_copy(update={"objective": easy.objective.model_copy(update={"dropout": 2.0})})


class Oracle:
    """What single environments, stepped by hand, say that a vector of them must return."""

    def __init__(self, envs, seed):
        self.envs = envs
        self.seen = np.stack([env.reset(seed=seed + row)[0] for row, env in enumerate(envs)])
        self.returns, self.lengths = np.zeros(len(envs)), np.zeros(len(envs), int)

    def step(self, actions):
        return [self.step_one(row, action) for row, action in enumerate(actions)]

    def step_one(self, row, action):
        observation, reward, terminated, truncated, info = self.envs[row].step(action)
        info.pop("action_mask", None)
        info["TimeLimit.truncated"] = truncated
        self.returns[row] += reward
        self.lengths[row] += 1
        if terminated:
            info["terminal_observation"] = observation
            info["episode"] = {"r": round(self.returns[row], 6), "l": self.lengths[row]}
            self.returns[row], self.lengths[row] = 0.0, 0
            observation, _ = self.envs[row].reset()
        return observation, np.float32(reward), terminated, info


@pytest.mark.parametrize(("observe", "actions"), [("state", "menu"), ("clinic", "menu"), ("state", "doses")])
def test_the_vector_does_what_single_environments_do(impatient, observe, actions):
    options = {"observe": observe, "actions": actions}
    env = PatientVecEnv(ROWS, impatient, **options)
    oracle = Oracle([PatientEnv(impatient, **options) for _ in range(ROWS)], 5)
    env.seed(5)
    seen = env.reset()
    assert np.array_equal(seen, oracle.seen)
    env.action_space.seed(0)
    handed_out, ends = [(seen, seen.copy())], 0
    for _ in range(16):
        chosen = np.stack([env.action_space.sample() for _ in range(ROWS)])
        seen, rewards, dones, infos = env.step(chosen)
        for row, (observation, reward, done, info) in enumerate(oracle.step(chosen)):
            assert np.array_equal(seen[row], observation)
            assert rewards[row] == reward and rewards.dtype == np.float32
            assert dones[row] == done
            if done:
                last = infos[row].pop("terminal_observation")
                assert np.array_equal(last, info.pop("terminal_observation"))
                assert infos[row]["episode"].pop("t") > 0.0
                handed_out.append((last, last.copy()))
            assert infos[row] == info
        handed_out.append((seen, seen.copy()))
        ends += dones.sum()
    assert ends >= 3 * ROWS
    assert all(np.array_equal(held, then) for held, then in handed_out)


def test_an_episode_depends_on_the_seed_of_its_row_and_its_number_only(impatient):
    def starts(actions, seed=7):
        env = PatientVecEnv(2, impatient)
        env.seed(seed)
        found = [[own] for own in env.reset()]
        for action in actions:
            seen, _, dones, _ = env.step(np.array(action))
            for row in np.flatnonzero(dones):
                found[row].append(seen[row])
        return found

    busy = int(list(impatient.menu).index("training-massed"))
    both = starts([(busy, busy)] * 4)
    one = starts([(busy, 0)] * 4)
    assert len(both[0]) >= 3 and len(one[1]) == 1
    assert all(np.array_equal(a, b) for a, b in zip(both[0], one[0], strict=True))
    assert np.array_equal(starts([], seed=8)[0][0], both[1][0])


def test_seeds_and_options_count_once(easy):
    env = PatientVecEnv(2, easy, observe="state")
    env.seed(3)
    env.set_options([{"patient": 4}, {"patient": 9}])
    chosen = env.reset()
    lone = PatientEnv("Fear-easy", observe="state")
    for row, patient in enumerate((4, 9)):
        assert np.array_equal(chosen[row], lone.reset(seed=3 + row, options={"patient": patient})[0])
    second = env.reset()
    lone.reset(seed=3)
    assert np.array_equal(second[0], lone.reset()[0])
    env.set_options({"pateint": 4})
    with pytest.raises(ValueError, match="'pateint'; did you mean 'patient'"):
        env.reset()


def test_patients_are_drawn_from_the_first_so_many(easy):
    env = PatientVecEnv(8, easy, among=2, observe="state")
    env.seed(0)
    drawn = env.reset()
    env.set_options([{"patient": row % 2} for row in range(8)])
    env.seed(0)
    first_two = env.reset()
    function = {float(value) for value in first_two[:, 0]}
    assert {float(value) for value in drawn[:, 0]} == function
    with pytest.raises(ValueError, match="among = 0"):
        PatientVecEnv(1, easy, among=0)


def test_masks_reach_maskable_ppo(easy):
    env = PatientVecEnv(ROWS, easy, observe="state")
    env.seed(0)
    env.reset()
    opener = list(easy.menu).index("rapid-opener")
    assert is_masking_supported(env)
    assert get_action_masks(env)[:, opener].all()
    env.step(np.array([opener, 0, 0]))
    assert get_action_masks(env)[:, opener].tolist() == [False, True, True]
    assert [mask.tolist() for mask in env.env_method("action_masks", indices=[0])] == [
        get_action_masks(env)[0].tolist()
    ]
    assert np.array_equal(env.get_attr("action_masks", 1)[0](), get_action_masks(env)[1])
    assert not is_masking_supported(PatientVecEnv(1, easy, actions="doses"))
    model = MaskablePPO("MlpPolicy", VecNormalize(env), n_steps=4, batch_size=12, n_epochs=1, seed=0)
    model.learn(24)
    assert model.num_timesteps == 24


def test_doses_train_with_ppo(easy):
    model = PPO("MlpPolicy", PatientVecEnv(2, easy, actions="doses"), n_steps=4, batch_size=8, n_epochs=1, seed=0)
    assert model.learn(8).num_timesteps == 8


def test_rows_have_attributes(easy):
    env = PatientVecEnv(2, easy)
    assert env.render_mode is None and env.get_attr("action_space") == [env.action_space] * 2
    env.set_attr("note", "mine", indices=1)
    assert env.get_attr("note", 1) == ["mine"]
    assert not env.has_attr("note")
    with pytest.raises(AttributeError, match="did you mean 'action_space'"):
        env.get_attr("action_spaec")
    with pytest.raises(AttributeError, match="shared"):
        env.set_attr("action_space", None)
    assert env.env_is_wrapped(Monitor) == [True, True]
    assert env.env_is_wrapped(VecNormalize, indices=0) == [False]


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize("observe", ["clinic", "state"])
def test_the_checker_of_stable_baselines3_has_no_complaint(observe):
    check_env(PatientEnv("Fear-easy", observe=observe), skip_render_check=False)


def test_the_checker_of_stable_baselines3_passes_doses():
    check_env(PatientEnv("Fear-easy", actions="doses"))
