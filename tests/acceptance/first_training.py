"""Train the first agent on Fear-easy, measure PPO's speed, and write docs/evidence/first_training.json.

    python tests/acceptance/first_training.py [--config configs/agents/ppo-fear-easy.yaml] [--skip-training]

Prints each claim with its figure. Ten minutes on two cores; the run itself stands in runs/first_training/.
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from evidence import keep, origin, tell
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecEnv

from plastenv_agents.config import load_config
from plastenv_agents.sb3 import PatientVecEnv
from plastenv_agents.train import EVALUATION, META, run

ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT / "docs" / "evidence" / "first_training.json"
ROWS, DECISIONS, ROUNDS = 8, 112, 5  # environments, decisions of each per update, alternations


class ZeroCost(VecEnv):
    """Returns the same observation whatever is done, with the spaces and the horizon of a patient environment."""

    def __init__(self, like: PatientVecEnv) -> None:
        """Take the spaces of `like`."""
        self.horizon = like.batch.scenario.horizon_days
        super().__init__(like.num_envs, like.observation_space, like.action_space)
        self._seen = np.stack([like.observation_space.sample() for _ in range(like.num_envs)])
        self._steps = 0

    def reset(self) -> np.ndarray:
        """Return the one observation."""
        return self._seen

    def step_async(self, actions: np.ndarray) -> None:
        """Ignore the actions."""

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """End every `horizon` steps."""
        self._steps += 1
        over = self._steps % self.horizon == 0
        end = {"terminal_observation": self._seen[0], "TimeLimit.truncated": False} if over else {}
        return self._seen, np.zeros(ROWS, np.float32), np.full(ROWS, over), [end for _ in range(ROWS)]

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Know `render_mode` only."""
        if attr_name != "render_mode":
            raise AttributeError(attr_name)
        return [None] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Keep nothing."""

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """Know no method."""
        raise AttributeError(method_name)

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: Any = None) -> list[bool]:
        """Nothing is wrapped."""
        return [False] * self.num_envs

    def close(self) -> None:
        """Nothing to release."""


def speed(scenario: str, observe: str) -> dict[str, Any]:
    """Return PPO's total frames per second on patients and on a zero-cost environment, in turns."""
    torch.set_num_threads(1)
    patients = PatientVecEnv(ROWS, scenario, among=16, observe=observe, threads=2)
    models = {
        name: PPO("MlpPolicy", env, n_steps=DECISIONS, batch_size=64, n_epochs=10, seed=0, device="cpu")
        for name, env in (("patients", patients), ("zero-cost", ZeroCost(patients)))
    }
    taken: dict[str, list[float]] = {name: [] for name in models}
    for lap in range(ROUNDS + 1):  # the first warms up
        for name, model in models.items():
            begun = time.perf_counter()
            model.learn(ROWS * DECISIONS, reset_num_timesteps=False)
            if lap:
                taken[name].append(time.perf_counter() - begun)
    fps = {name: ROWS * DECISIONS / float(np.median(seconds)) for name, seconds in taken.items()}
    return {"fps": fps, "share": fps["patients"] / fps["zero-cost"], "seconds": taken}


def main() -> None:
    """Check every claim and write the evidence."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "agents" / "ppo-fear-easy.yaml")
    parser.add_argument("--skip-training", action="store_true", help="use what stands in runs/first_training/")
    arguments = parser.parse_args()
    out, begun, load = ROOT / "runs" / "first_training", time.time(), os.getloadavg()[0]
    if not arguments.skip_training:
        run(load_config(arguments.config), out)
    meta, evaluation = (json.loads((out / name).read_text("utf-8")) for name in (META, EVALUATION))
    scores = {row["name"]: row["score"] for row in evaluation["schedules"]}
    speeds = {"Fear-easy": speed("Fear-easy", "state"), "Fear": speed("Fear", "clinic")}
    holds = {
        "better than the best hand-designed schedule on test patients": evaluation["difference"]["low"] > 0.0,
        "trained and compared in under ten minutes": meta["seconds"]["total"] < 600.0,
        **{f"{name}: 60 % of zero-cost FPS": measured["share"] >= 0.6 for name, measured in speeds.items()},
    }
    evidence = {
        **origin(begun),
        "load_before": load,  # processes of others that wanted the same cores, 1-minute mean
        "holds": holds, "difference": evaluation["difference"],
        "best_hand_designed": evaluation["best_hand_designed"], "scores": scores, "training": meta, "speed": speeds,
    }  # fmt: skip
    keep(EVIDENCE, evidence)
    print(json.dumps({key: evidence[key] for key in ("difference", "best_hand_designed", "scores", "speed")}, indent=1))
    tell(holds)


if __name__ == "__main__":
    main()
