"""One patient as a Gymnasium environment: a batch of one."""

from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np

from plastenv.envs.batch import ENDINGS, PatientBatch, Step
from plastenv.envs.lives import Lives, options_of
from plastenv.envs.observations import channels
from plastenv.envs.snapshot import Snapshot, put_back, take
from plastenv.envs.viewer import FPS, MODES, Viewer
from plastenv.scenarios.scenario import Scenario


def step_info(step: Step, report: dict[str, Any], row: int, ending: int) -> dict[str, Any]:
    """Return the info of one row: reward terms, itemised costs and, at the end, the results of follow-up.

    `report` is the step's own, worked out once for all rows.
    """
    info = _of_row(report, row)
    if step.terminated[row]:
        info |= {"ending": ENDINGS[ending], "followup": step.followup.of(row)}
    return info


def _of_row(columns: dict[str, Any], row: int) -> dict[str, Any]:
    return {
        name: _of_row(column, row) if isinstance(column, dict) else column[row].item()
        for name, column in columns.items()
    }


class PatientEnv(gym.Env[np.ndarray, Any]):
    """A patient of a scenario, treated one decision at a time.

    Actions: menu (Discrete, 0 = wait) or doses (Box). Observations: clinic, biomarkers or state, named by
    `observation_channels`. Reward in units of 100 score points; the undiscounted return equals
    score / 100 - R(start). Rendered as frames ("rgb_array") or text ("ansi"). See docs/environment.md.
    """

    metadata = {"render_modes": list(MODES), "render_fps": FPS}

    def __init__(self, scenario: str | Scenario = "Fear", render_mode: str | None = None, **options: Any) -> None:
        """Make a batch of one; `options` are those of PatientBatch. Raises ValueError for an unknown render mode."""
        self.batch = PatientBatch(scenario, 1, **options)
        self.viewer = Viewer(self.batch, render_mode)
        self.render_mode = render_mode
        self.observation_space = self.batch.observation_space
        self.action_space = self.batch.action_space
        self.reward_space = self.batch.reward_space
        self.lives = Lives(self.batch)

    @property
    def observation_channels(self) -> tuple:
        """Name, unit and range of every number in an observation."""
        return channels(self.batch.scenario, self.batch.observes)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        """Draw a patient; `options={"patient": 7}` picks one of the split. Same seed, same patient, same life.

        Raises ValueError for an unknown option and for a patient that the split does not have.
        """
        chosen = options_of(options, ("patient",)).get("patient")
        observation = self.lives.begin(patients=[chosen], seeds=None if seed is None else [seed])
        super().reset(seed=None if seed is None else int(seed))
        self.viewer.note()
        return observation[0], self._mask()

    def step(self, action: Any) -> tuple[np.ndarray, SupportsFloat, bool, bool, dict]:
        """Act for one decision interval; the horizon and clinical ends terminate, nothing truncates."""
        if self.batch.ended[0]:
            raise RuntimeError("the episode has ended; call reset")
        step = self.batch.step([action])
        self.viewer.note(step)
        info = step_info(step, step.report(), 0, int(self.batch.ended[0])) | self._mask()
        reward: Any = step.reward[0] if self.batch.pays == "vector" else float(step.reward[0])
        return step.observation[0], reward, bool(step.terminated[0]), False, info

    def snapshot(self) -> Snapshot:
        """Return the patient as it is now; see envs/snapshot.py. Raises RuntimeError before the first reset."""
        return take(self.lives)

    def restore(self, snapshot: Snapshot) -> tuple[np.ndarray, dict[str, Any]]:
        """Go on from `snapshot`, bit for bit, and return the observation and the info.

        Raises SnapshotError, before anything has changed, for one that does not fit.
        """
        put_back(self.lives, snapshot)
        self.viewer.forget()
        self.viewer.note()
        return self.batch.seen()[0], self._mask()

    def clone(self) -> "PatientEnv":
        """Return an environment of its own that goes on from here."""
        twin = PatientEnv(self.batch.scenario, self.render_mode, **self.batch.options)
        twin.restore(self.snapshot())
        return twin

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
