"""Many patients as a Gymnasium vector environment: adds autoreset to a batch and nothing else."""

from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from plastenv.envs.batch import ENDINGS, PatientBatch, Step
from plastenv.envs.lives import Lives, options_of
from plastenv.envs.observations import channels
from plastenv.envs.snapshot import Snapshot, put_back, take
from plastenv.envs.viewer import FPS, MODES, Viewer
from plastenv.scenarios.scenario import Scenario
from plastenv.therapy.protocol import nearest


def batched(columns: dict[str, Any], rows: np.ndarray) -> dict[str, Any]:
    """Return infos as Gymnasium's vectors give them: columns, nested or not, each with a mask of its `rows`."""
    info: dict[str, Any] = {}
    for name, column in columns.items():
        info[name] = batched(column, rows) if isinstance(column, dict) else np.where(rows, column, 0)
        info[f"_{name}"] = rows.copy()
    return info


def _mode(asked: AutoresetMode | str) -> AutoresetMode:
    try:
        return AutoresetMode(asked)
    except (ValueError, TypeError):
        known = [mode.value for mode in AutoresetMode]
        raise ValueError(f"autoreset_mode = {asked!r}: {nearest(str(asked), known)}") from None


class PatientVectorEnv(VectorEnv):
    """A batch of patients. Row k uses seed + k; its n-th episode depends on (seed + k, n) only.

    Autoreset as Gymnasium defines it: `NextStep` (an ended row ignores its next action and is reset by it), `SameStep`
    (the step that ends a row returns its next patient, and the end in `final_obs` and `final_info`), `Disabled` (ended
    rows wait for `reset(options={"reset_mask": ended})`).
    """

    metadata = {"render_modes": list(MODES), "render_fps": FPS, "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self,
        num_envs: int = 1,
        scenario: str | Scenario = "Fear",
        render_mode: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        **options: Any,
    ) -> None:
        """Make a batch of `num_envs`; `options` are those of PatientBatch. Raises ValueError for an unknown mode."""
        self.autoreset_mode = _mode(autoreset_mode)
        self.batch = PatientBatch(scenario, num_envs, **options)
        self.viewer = Viewer(self.batch, render_mode)
        self.num_envs, self.render_mode = num_envs, render_mode
        self.metadata = self.metadata | {"autoreset_mode": self.autoreset_mode}
        self.single_observation_space = self.batch.observation_space
        self.single_action_space = self.batch.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.reward_space = self.batch.reward_space  # of one row, as MO-Gymnasium's vectors have it
        self.lives = Lives(self.batch)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Draw new patients for all rows, or for those of `options["reset_mask"]`, (rows,) bool.

        `options["patients"]` names who is treated, row by row. Raises ValueError for options and seeds that do not fit.
        """
        chosen = options_of(options, ("patients", "reset_mask"))
        rows = self._asked(chosen.get("reset_mask"))
        patients = chosen.get("patients")
        if patients is not None:
            if not isinstance(patients, list | tuple | range | np.ndarray) or len(patients) != self.num_envs:
                raise ValueError(f"patients = {patients!r:.60}: expected one for each of {self.num_envs} rows")
            patients = [patients[row] for row in rows]
        observation = self.lives.begin(rows, patients, seed)
        self.viewer.note()
        return observation, self._masks()

    def _asked(self, mask: Any) -> list[int]:
        """Return the rows of a reset mask."""
        if mask is None:
            return list(range(self.num_envs))
        asked = mask if isinstance(mask, np.ndarray) else np.empty(0)
        if asked.shape != (self.num_envs,) or asked.dtype != bool or not asked.any():
            raise ValueError(f"reset_mask = {mask!r:.60}: expected {self.num_envs} booleans, one of them True")
        return np.flatnonzero(asked).tolist()

    def step(self, actions: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Act on the rows in treatment, and reset rows as the autoreset mode says."""
        over = self.batch.ended > 0
        if self.autoreset_mode is AutoresetMode.DISABLED and over.any():
            raise RuntimeError(f"rows {np.flatnonzero(over).tolist()} have ended; reset them first (reset_mask)")
        step = self.batch.step(actions)
        observation, info = step.observation, self._infos(step, ~over)
        if self.autoreset_mode is AutoresetMode.SAME_STEP:
            over = step.terminated
            if over.any():
                info = self._infos(step, ~over)
                for row in np.flatnonzero(over).tolist():
                    info = self._add_info(info, {"final_obs": observation[row]}, row)
                info |= {"final_info": self._infos(step, over) | self._masks(over), "_final_info": over.copy()}
        if over.any() and self.autoreset_mode is not AutoresetMode.DISABLED:
            observation = self.lives.begin(np.flatnonzero(over).tolist())
        self.viewer.note(step)
        return observation, step.reward, step.terminated, np.zeros(self.num_envs, bool), info | self._masks()

    def snapshot(self) -> Snapshot:
        """Return the patients as they are now; see envs/snapshot.py. Raises RuntimeError before the first reset."""
        return take(self.lives)

    def restore(self, snapshot: Snapshot) -> tuple[np.ndarray, dict[str, Any]]:
        """Go on from `snapshot`, bit for bit, and return the observations and the infos.

        Raises SnapshotError, before anything has changed, for one that does not fit.
        """
        put_back(self.lives, snapshot)
        self.viewer.forget()
        self.viewer.note()
        return self.batch.seen(), self._masks()

    def clone(self) -> "PatientVectorEnv":
        """Return an environment of its own that goes on from here."""
        twin = PatientVectorEnv(
            self.num_envs, self.batch.scenario, self.render_mode, self.autoreset_mode, **self.batch.options
        )
        twin.restore(self.snapshot())
        return twin

    def render(self) -> tuple[Any, ...] | None:
        """Return a frame, (600, 800, 3) uint8, or a text of every row; see PatientEnv.render."""
        return self.viewer.render() if self.render_mode else None

    def _infos(self, step: Step, rows: np.ndarray) -> dict[str, Any]:
        """Return the infos of `rows`, (rows,) bool, as PatientEnv gives them one by one."""
        info = batched(step.report(), rows)
        for row in np.flatnonzero(step.terminated & rows).tolist():
            own = {"ending": ENDINGS[int(self.batch.ended[row])], "followup": step.followup.of(row)}
            info = self._add_info(info, own, row)
        return info

    def _masks(self, rows: np.ndarray | None = None) -> dict[str, Any]:
        """Return the legal actions of all rows, as those of `rows`, (rows,) bool (default: all)."""
        of = np.ones(self.num_envs, bool) if rows is None else rows.copy()
        return {"action_mask": self.batch.masks(), "_action_mask": of} if self.batch.acts == "menu" else {}

    @property
    def observation_channels(self) -> tuple:
        """Name, unit and range of every number in an observation."""
        return channels(self.batch.scenario, self.batch.observes)

    def action_masks(self) -> np.ndarray:
        """Return which menu actions are legal now, (rows, actions) bool."""
        return self.batch.masks().astype(bool)
