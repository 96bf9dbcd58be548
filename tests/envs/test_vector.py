"""Vectors against single environments stepped by hand, through every way of autoreset."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from plastenv.envs.single import PatientEnv
from plastenv.envs.vector import PatientVectorEnv

ROWS = 3
MODES = list(AutoresetMode)


@pytest.fixture(scope="module")
def impatient(easy):
    """Patients who drop out after a few points of burden: episodes end often and at different times."""
    return easy.model_copy(update={"objective": easy.objective.model_copy(update={"dropout": 2.0})})


def sampled(space, rows, steps, seed=0):
    space.seed(seed)
    return [np.stack([space.sample() for _ in range(rows)]) for _ in range(steps)]


def equal(a, b):
    """Compare infos: NumPy against plain, nested or not."""
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    return np.array_equal(a, b, equal_nan=getattr(a, "dtype", np.dtype(object)).kind == "f")


def own(info, row):
    """Return the info of one row of a vector, as a single environment gives it."""
    found = {}
    for key, value in info.items():
        if not key.startswith("_") and info[f"_{key}"][row]:
            found[key] = own(value, row) if isinstance(value, dict) else value[row]
    return found


class Row:
    """A single environment, reset by hand the way a vector's mode says."""

    def __init__(self, mode, scenario, seed, **options):
        self.mode, self.over = mode, False
        self.env = PatientEnv(scenario, **options)
        self.first = self.env.reset(seed=seed)

    def step(self, action):
        if self.mode is AutoresetMode.NEXT_STEP and self.over:
            self.over = False
            seen, info = self.env.reset()
            return seen, 0.0, False, info
        seen, reward, done, _, info = self.env.step(action)
        self.over = done
        if done and self.mode is AutoresetMode.SAME_STEP:
            last, final = seen, info
            seen, info = self.env.reset()
            info |= {"final_obs": last, "final_info": final}
        return seen, reward, done, info


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("observe", "actions", "reward"),
    [("state", "doses", "dense"), ("biomarkers", "menu", "vector"), ("clinic", "menu", "sparse")],
)
def test_rows_are_single_environments(impatient, mode, observe, actions, reward):
    options = {"observe": observe, "actions": actions, "reward": reward}
    vector = PatientVectorEnv(ROWS, impatient, autoreset_mode=mode, **options)
    rows = [Row(mode, impatient, 5 + row, **options) for row in range(ROWS)]
    seen, info = vector.reset(seed=5)
    assert vector.metadata["autoreset_mode"] is mode
    handed_out, ends = [(seen, seen.copy())], 0
    for row, single in enumerate(rows):
        assert np.array_equal(seen[row], single.first[0]) and equal(own(info, row), single.first[1])
    for action in sampled(vector.single_action_space, ROWS, 16):
        seen, reward, done, truncated, info = vector.step(action)
        handed_out.append((seen, seen.copy()))
        assert not truncated.any()
        if mode is AutoresetMode.SAME_STEP and done.any() and actions == "menu":
            assert np.array_equal(info["final_info"]["_action_mask"], done)
        for row, single in enumerate(rows):
            mine, paid, over, said = single.step(action[row])
            assert np.array_equal(seen[row], mine) and np.array_equal(reward[row], paid + 0 * reward[row])
            assert done[row] == over and equal(own(info, row) | {"action_mask": 0}, said | {"action_mask": 0})
            if actions == "menu":
                assert np.array_equal(info["action_mask"][row], single.env.action_masks())
        ends += done.sum()
        if mode is AutoresetMode.DISABLED and done.any():
            with pytest.raises(RuntimeError, match="have ended"):
                vector.step(action)
            seen, info = vector.reset(options={"reset_mask": done})
            for row in np.flatnonzero(done):
                mine, said = rows[row].env.reset()
                assert np.array_equal(seen[row], mine) and equal(own(info, row), said)
    assert ends >= 2 * ROWS
    assert all(np.array_equal(held, then) for held, then in handed_out)


def test_a_masked_reset_leaves_other_rows_alone(easy):
    vector = PatientVectorEnv(2, easy, observe="state")
    vector.reset(seed=0)
    vector.step(np.array([3, 3]))
    before = vector.batch.seen()
    after, _ = vector.reset(seed=9, options={"reset_mask": np.array([False, True]), "patients": [None, 3]})
    assert np.array_equal(before[0], after[0]) and not np.array_equal(before[1], after[1])
    alone = PatientEnv(easy, observe="state")
    assert np.array_equal(alone.reset(seed=10, options={"patient": 3})[0], after[1])


WRONG = {
    "seeds": ({"seed": [1, 2, 3]}, "one for each of 2 rows"),
    "seed": ({"seed": [1, -2]}, "seed of row 1 = -2"),
    "seed type": ({"seed": 0.5}, "expected a whole number"),
    "option": ({"options": {"patient": 1}}, "did you mean 'patients'"),
    "patients": ({"options": {"patients": [1]}}, r"patients = \[1\]: expected one for each of 2"),
    "patient": ({"seed": 3, "options": {"patients": [1, 9999]}}, "patient 9999 is not in split 'train'"),
    "patient type": ({"options": {"patients": [1, np.nan]}}, "patient nan"),
    "mask shape": ({"options": {"reset_mask": np.array([True])}}, "reset_mask"),
    "mask type": ({"options": {"reset_mask": [1, 0]}}, "reset_mask"),
    "empty mask": ({"options": {"reset_mask": np.zeros(2, bool)}}, "reset_mask"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_reset_is_named_and_changes_nothing(easy, case):
    arguments, message = WRONG[case]
    vector = PatientVectorEnv(2, easy)
    vector.reset(seed=0)
    vector.step(np.array([1, 2]))
    before = vector.snapshot()
    with pytest.raises((ValueError, TypeError), match=message):
        vector.reset(**arguments)
    assert equal(before.named, vector.snapshot().named)


def test_an_unknown_autoreset_mode_is_named(easy):
    with pytest.raises(ValueError, match="did you mean 'SameStep'"):
        PatientVectorEnv(1, easy, autoreset_mode="SameSteps")


def test_ids_make_vectors_of_every_mode():
    vector = gym.make_vec("plastenv/Fear-easy-mo-v0", num_envs=2, autoreset_mode="SameStep", among=8)
    vector.reset(seed=0)
    _, reward, *_ = vector.step(np.array([0, 3]))
    assert reward.shape == (2, *vector.reward_space.shape) and vector.autoreset_mode is AutoresetMode.SAME_STEP
