"""Stable-Baselines3 straight over a batch of patients: one VecEnv, no single environments inside."""

import time
from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from plastenv.envs.batch import PatientBatch, Step
from plastenv.envs.lives import Lives, options_of
from plastenv.envs.observations import channels
from plastenv.envs.single import step_info
from plastenv.scenarios.scenario import Scenario
from plastenv.therapy.protocol import nearest

MASKS = "action_masks"  # the method that MaskablePPO looks for


class PatientVecEnv(VecEnv):
    """Many patients, treated side by side; an ended row is reset in the same step.

    Row k uses seed + k, and its n-th episode depends on (seed + k, n) only. The info of a row's last step holds
    `terminal_observation`, the results of follow-up and, as Monitor gives it, `episode`.
    """

    def __init__(self, rows: int, scenario: str | Scenario = "Fear", **options: Any) -> None:
        """Make a batch of `rows`; `options` are those of PatientBatch. Raises ValueError for one that does not fit."""
        self.batch = PatientBatch(scenario, rows, **options)
        if self.batch.pays == "vector":
            raise ValueError("reward = 'vector': Stable-Baselines3 takes one number; expected 'dense' or 'sparse'")
        self.lives = Lives(self.batch)
        self._shared = {
            "render_mode": None,
            "observation_space": self.batch.observation_space,
            "action_space": self.batch.action_space,
            "observation_channels": channels(self.batch.scenario, self.batch.observes),
        }
        self._own: list[dict[str, Any]] = [{} for _ in range(rows)]
        super().__init__(rows, self.batch.observation_space, self.batch.action_space)
        self._returns, self._lengths = np.zeros(rows), np.zeros(rows, np.int64)
        self._begun = time.time()
        self._actions: np.ndarray | None = None

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Let row k live seed + k from the next reset on; None draws a seed."""
        return super().seed(int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed)

    def reset(self) -> np.ndarray:
        """Put a new patient into every row and return their observations, (rows, channels).

        Seeds and options (`{"patient": 7}` picks one of the split) that were set before count once.
        """
        chosen = [options_of(options, ("patient",)).get("patient") for options in self._options]
        observation = self.lives.begin(patients=chosen, seeds=self._seeds)
        self._returns[:], self._lengths[:] = 0.0, 0
        self._reset_seeds()
        self._reset_options()
        return observation

    def step_async(self, actions: np.ndarray) -> None:
        """Keep the actions, (rows,) or (rows, channels), for step_wait."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Treat every patient for one decision interval; patients whose treatment has ended make room for others."""
        step = self.batch.step(self._actions)
        self._returns += step.reward
        self._lengths += 1
        report = step.report()
        infos = [self._info(step, report, row) for row in range(self.num_envs)]
        observation, ended = step.observation, np.flatnonzero(step.terminated).tolist()
        if ended:
            observation = self.lives.begin(ended)
            self._returns[ended], self._lengths[ended] = 0.0, 0
        return observation, step.reward.astype(np.float32), step.terminated, infos

    def _info(self, step: Step, report: dict[str, Any], row: int) -> dict[str, Any]:
        info = step_info(step, report, row, int(self.batch.ended[row]))
        info["TimeLimit.truncated"] = False
        if step.terminated[row]:
            info["terminal_observation"] = step.observation[row].copy()
            info["episode"] = {
                "r": round(float(self._returns[row]), 6),
                "l": int(self._lengths[row]),
                "t": round(time.time() - self._begun, 6),
            }
        return info

    def action_masks(self) -> np.ndarray:
        """Return which menu actions are legal now, (rows, actions) bool."""
        return self.batch.masks().astype(bool)

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Return what rows were given by `set_attr`, or what all of them share. Raises AttributeError."""
        rows = self._get_indices(indices)
        if attr_name == MASKS and self.batch.acts == "menu":
            return [lambda row=row: self.action_masks()[row] for row in rows]
        known = [self._shared | self._own[row] for row in rows]
        if any(attr_name not in own for own in known):
            raise AttributeError(f"patients have no attribute '{attr_name}'; {nearest(attr_name, list(self._shared))}")
        return [own[attr_name] for own in known]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Attach a value to rows. Raises AttributeError for what all rows share, which cannot be changed."""
        if attr_name in self._shared or attr_name == MASKS:
            raise AttributeError(f"'{attr_name}' is shared by all rows and cannot be changed")
        for row in self._get_indices(indices):
            self._own[row][attr_name] = value

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **kwargs: Any
    ) -> list[Any]:
        """Call a method of rows: `action_masks`, or what `set_attr` has attached."""
        if method_name == MASKS and self.batch.acts == "menu":  # all rows at once
            masks = self.action_masks()
            return [masks[row] for row in self._get_indices(indices)]
        return [method(*method_args, **kwargs) for method in self.get_attr(method_name, indices)]

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: VecEnvIndices = None) -> list[bool]:
        """Say True for Monitor, whose part this class plays, and False for every other wrapper."""
        return [issubclass(Monitor, wrapper_class)] * len(list(self._get_indices(indices)))

    def close(self) -> None:
        """Nothing to release."""
