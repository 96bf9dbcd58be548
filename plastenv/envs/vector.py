"""Many patients as a Gymnasium vector environment: adds autoreset to a batch and nothing else."""

from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from plastenv.envs.batch import ENDINGS, PatientBatch
from plastenv.envs.viewer import FPS, MODES, Viewer


class PatientVectorEnv(VectorEnv):
    """A batch of patients. Row k uses seed + k; its n-th episode depends on (seed + k, n) only.

    An ended row ignores its next action and is reset by it (next-step autoreset).
    """

    metadata = {"render_modes": list(MODES), "render_fps": FPS, "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self, num_envs: int = 1, scenario: str = "Fear", render_mode: str | None = None, **options: Any
    ) -> None:
        """Make a batch of `num_envs`; `options` are those of PatientBatch. Raises ValueError for an unknown mode."""
        self.batch = PatientBatch(scenario, num_envs, **options)
        self.viewer = Viewer(self.batch, render_mode)
        self.num_envs, self.render_mode = num_envs, render_mode
        self.single_observation_space = self.batch.observation_space
        self.single_action_space = self.batch.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        first = int(np.random.SeedSequence().generate_state(1)[0])
        self._seeds = [first + row for row in range(num_envs)]
        self._episodes = [-1] * num_envs

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Draw new patients for all rows."""
        if isinstance(seed, int):
            self._seeds, self._episodes = [seed + row for row in range(self.num_envs)], [-1] * self.num_envs
        elif seed is not None:
            for row, own in enumerate(seed):
                if own is not None:
                    self._seeds[row], self._episodes[row] = own, -1
        self._episodes = [episode + 1 for episode in self._episodes]
        observation = self.batch.reset(self._seeds, self._episodes, patients=(options or {}).get("patients"))
        self.viewer.note()
        return observation, self._masks()

    def step(self, actions: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Act on the rows in treatment; reset the rows that ended a step ago."""
        over = np.flatnonzero(self.batch.ended)
        step = self.batch.step(actions)
        observation = step.observation
        info = self._infos(step)
        if len(over):
            for row in over:
                self._episodes[row] += 1
            observation = self.batch.reset(
                [self._seeds[row] for row in over], [self._episodes[row] for row in over], rows=over.tolist()
            )
        self.viewer.note(step)
        reward = np.where(np.isin(np.arange(self.num_envs), over), 0.0, step.reward)
        return observation, reward, step.terminated, np.zeros(self.num_envs, bool), info | self._masks()

    def render(self) -> tuple[Any, ...] | None:
        """Return a frame, (600, 800, 3) uint8, or a text of every row; see PatientEnv.render."""
        return self.viewer.render() if self.render_mode else None

    def _infos(self, step: Any) -> dict[str, Any]:
        info: dict[str, Any] = {}
        for row in range(self.num_envs):
            own: dict[str, Any] = {
                "refused": int(step.refused[row]),
                "cost": -100.0 * float(step.terms.burden[row] + step.terms.harm[row]),
            }
            if step.terminated[row]:
                own |= {
                    "ending": ENDINGS[int(self.batch.ended[row])],
                    "followup": step.followup.of(row),
                }
            info = self._add_info(info, own, row)
        return info

    def _masks(self) -> dict[str, Any]:
        return {"action_mask": self.batch.masks()} if self.batch.acts == "menu" else {}
