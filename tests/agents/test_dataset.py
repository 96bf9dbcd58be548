from pathlib import Path

import gymnasium as gym
import minari
import numpy as np
import pytest
from sb3_contrib import MaskablePPO
from typer.testing import CliRunner

from plastenv.cli import app
from plastenv_agents.behaviour import Mixture, Random, Scheduled, mixture
from plastenv_agents.dataset import choose, record
from plastenv_agents.sb3 import PatientVecEnv

NAME = "plastenv/fear-mixed-v0"
SCHEDULE = str(Path(__file__).parents[2] / "configs" / "protocols" / "two-weeks.yaml")


@pytest.fixture(scope="module")
def made(easy, tmp_path_factory):
    """Nine episodes of a mixture, and where they lie."""
    root = tmp_path_factory.mktemp("datasets")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINARI_DATASETS_PATH", str(root))
        env = gym.make("plastenv/Fear-easy-v0", among=8)
        mixed = mixture(f"random=3,{SCHEDULE}=1", env.unwrapped.batch.scenario)
        record(NAME, env, mixed, 9, 5, 1, lambda number: None)
        yield minari.load_dataset(NAME)


def test_it_loads_and_replays_to_the_same_returns(made):
    env = made.recover_environment()
    metadata = list(made.storage.get_episode_metadata(range(9)))
    assert made.total_episodes == 9 and [own["seed"] for own in metadata] == list(range(5, 14))
    for episode, own in zip(made.iterate_episodes(), metadata, strict=True):
        seen, _ = env.reset(seed=own["seed"])
        assert np.array_equal(seen, episode.observations[0])
        for step, action in enumerate(episode.actions):
            seen, reward, terminated, truncated, _ = env.step(action)
            assert reward == episode.rewards[step] and np.array_equal(seen, episode.observations[step + 1])
            assert terminated == episode.terminations[step] and truncated == episode.truncations[step]
        assert terminated


def test_behaviour_probabilities_are_those_of_what_was_legal_and_done(made):
    for episode in made.iterate_episodes():
        likely, mask = episode.infos["probabilities"], episode.infos["action_mask"]
        assert len(likely) == len(mask) == len(episode.observations)
        assert np.allclose(likely[:-1].sum(1), 1.0) and not likely[-1].any()
        assert not likely[mask == 0].any()
        assert (likely[np.arange(len(episode.actions)), episode.actions] > 0.0).all()
        for day, (own, legal) in enumerate(zip(likely[:-1], mask[:-1], strict=True)):
            planned = scheduled(made).actions[day]
            expected = 0.75 * (np.eye(len(own))[0] * 2 / 3 + legal / legal.sum() / 3)
            expected[planned if legal[planned] else 0] += 0.25
            assert np.allclose(own, expected)


def test_actions_are_drawn_as_often_as_they_are_likely():
    likely = np.tile([0.5, 0.0, 0.2, 0.3], (4000, 1))
    drawn = choose(likely, np.arange(4000, dtype=np.uint64), 3, 0)
    assert np.bincount(drawn, minlength=4) / 4000 == pytest.approx(likely[0], abs=0.03)
    assert np.array_equal(drawn, choose(likely, np.arange(4000, dtype=np.uint64), 3, 0))
    assert not np.array_equal(drawn, choose(likely, np.arange(4000, dtype=np.uint64), 3, 1))


def test_a_trained_model_tells_its_chances(easy, tmp_path):
    env = PatientVecEnv(2, easy, among=8, observe="state")
    MaskablePPO("MlpPolicy", env, n_steps=4, batch_size=8, seed=0).save(tmp_path / "model.zip")
    seen, mask = env.reset(), env.action_masks().astype(np.int8)
    mask[0, 3] = 0
    likely = mixture(str(tmp_path), easy).probabilities(seen, mask, 0)
    assert likely[0, 3] == 0.0 and np.allclose(likely.sum(1), 1.0) and (likely[1] > 0.0).all()
    (tmp_path / "model.zip").write_bytes(b"no model")
    with pytest.raises(ValueError, match="holds no model"):
        mixture(str(tmp_path), easy)


def test_twins_tell_what_other_policies_would_have_earned(made):
    """A policy that draws nothing earns the same by hand; the mixture itself is one of the targets."""
    env, target = made.recover_environment(), scheduled(made)
    own = next(iter(made.storage.get_episode_metadata([3])))
    assert set(own["twin_returns"]) == {"random", SCHEDULE, "mixture"}
    env.reset(seed=own["seed"])
    earned = sum(env.step(int(action))[1] for action in target.actions)
    assert earned == pytest.approx(own["twin_returns"][SCHEDULE], abs=1e-12)
    values = made.storage.metadata["counterfactual_values"]
    each = [meta["twin_returns"]["random"] for meta in made.storage.get_episode_metadata(range(9))]
    assert values["random"]["mean"] == pytest.approx(np.mean(each))


def scheduled(made) -> Scheduled:
    """Return the schedule of the mixture."""
    mixed = mixture(SCHEDULE, made.recover_environment().unwrapped.batch.scenario)
    part = mixed.parts[SCHEDULE]
    assert isinstance(part, Scheduled)
    return part


def test_a_mixture_is_the_weighted_mean_of_its_parts():
    class Third:
        def probabilities(self, observation, mask, day):
            return np.eye(4)[[3]]

    mask = np.array([[1, 1, 0, 1]])
    likely = Mixture({"a": Random(), "b": Third()}, [3.0, 1.0]).probabilities(np.zeros(1), mask, 0)
    assert likely[0] == pytest.approx([0.75 * (2 / 3 + 1 / 9), 0.75 / 9, 0.0, 0.75 / 9 + 0.25])


WRONG = {
    "unknown policy": (["untraeted", "--name", "plastenv/a-v0"], "did you mean 'untreated'"),
    "weight": (["random=-1", "--name", "plastenv/a-v0"], "expected a number above 0"),
    "not a number": (["random=nan", "--name", "plastenv/a-v0"], "expected a number above 0"),
    "twice": (["random,random", "--name", "plastenv/a-v0"], "is named twice"),
    "episodes": (["random", "--name", "plastenv/a-v0", "--episodes", "0"], "--episodes 0"),
    "name": (["random", "--name", "no version"], "no version"),
    "environment": (["random", "--name", "plastenv/a-v0", "--env", "CartPole-v1"], "--env CartPole-v1"),
    "unknown environment": (["random", "--name", "plastenv/a-v0", "--env", "plastenv/Faer-v0"], "plastenv/Faer-v0"),
    "vector reward": (["random", "--name", "plastenv/a-v0", "--env", "plastenv/Fear-mo-v0"], "a scalar reward"),
    "not on the menu": (["everything-at-maximum", "--name", "plastenv/a-v0"], "no menu action gives its day 1"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_one_message(tmp_path, case):
    arguments, message = WRONG[case]
    said = CliRunner().invoke(app, ["dataset", *arguments, "--among", "8", "--root", str(tmp_path / "d")])
    assert said.exit_code == 2 and message in said.output and not (tmp_path / "d").exists()
