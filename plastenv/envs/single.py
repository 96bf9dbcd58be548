"""One patient as a Gymnasium environment: a batch of one."""

from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np

from plastenv.envs.batch import ENDINGS, PatientBatch, Step
from plastenv.envs.viewer import FPS, MODES, Viewer


def step_info(step: Step, row: int, ending: int) -> dict[str, Any]:
    """Return the info of one row: reward terms, itemised costs and, at the end, the results of follow-up."""
    terms = {name: float(term[row]) for name, term in zip(step.terms._fields, step.terms, strict=True)}
    costs = {"burden": -100.0 * terms["burden"], "harm": -100.0 * terms["harm"]}
    info: dict[str, Any] = {
        "terms": terms,
        "costs": costs,
        "cost": sum(costs.values()),
        "refused": int(step.refused[row]),
    }
    if step.terminated[row]:
        info["ending"] = ENDINGS[ending]
        info["followup"] = step.followup.of(row)
    return info


class PatientEnv(gym.Env[np.ndarray, Any]):
    """A patient of a scenario, treated one decision at a time.

    Actions: menu (Discrete, 0 = wait) or doses (Box). Observations: clinic or state, named by
    `observation_channels`. Reward in units of 100 score points; the undiscounted return equals
    score / 100 - R(start). Rendered as frames ("rgb_array") or text ("ansi"). See docs/environment.md.
    """

    metadata = {"render_modes": list(MODES), "render_fps": FPS}

    def __init__(self, scenario: str = "Fear", render_mode: str | None = None, **options: Any) -> None:
        """Make a batch of one; `options` are those of PatientBatch. Raises ValueError for an unknown render mode."""
        self.batch = PatientBatch(scenario, 1, **options)
        self.viewer = Viewer(self.batch, render_mode)
        self.render_mode = render_mode
        self.observation_space = self.batch.observation_space
        self.action_space = self.batch.action_space
        self._seed, self._episode = int(np.random.SeedSequence().generate_state(1)[0]), -1

    @property
    def observation_channels(self) -> tuple:
        """Name, unit and range of every number in an observation."""
        from plastenv.envs.observations import channels

        return channels(self.batch.scenario, self.batch.observes)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        """Draw a patient; `options={"patient": 7}` picks one of the split. Same seed, same patient, same life."""
        super().reset(seed=seed)
        if seed is not None:
            self._seed, self._episode = seed, -1
        self._episode += 1
        chosen = (options or {}).get("patient")
        observation = self.batch.reset([self._seed], [self._episode], patients=None if chosen is None else [chosen])
        self.viewer.note()
        return observation[0], self._mask()

    def step(self, action: Any) -> tuple[np.ndarray, SupportsFloat, bool, bool, dict]:
        """Act for one decision interval; the horizon and clinical ends terminate, nothing truncates."""
        if self.batch.ended[0]:
            raise RuntimeError("the episode has ended; call reset")
        step = self.batch.step(np.asarray(action)[None])
        self.viewer.note(step)
        info = step_info(step, 0, int(self.batch.ended[0])) | self._mask()
        return step.observation[0], float(step.reward[0]), bool(step.terminated[0]), False, info

    def render(self) -> Any:
        """Return how the patient is now as a frame, (600, 800, 3) uint8, or as text; changes nothing.

        Raises RuntimeError before the first reset.
        """
        return self.viewer.render()[0] if self.render_mode else None

    def _mask(self) -> dict[str, Any]:
        return {"action_mask": self.batch.masks()[0]} if self.batch.acts == "menu" else {}

    def action_masks(self) -> np.ndarray:
        """Return which menu actions are legal now, (actions,) bool, as MaskablePPO expects."""
        return self.batch.masks()[0].astype(bool)
