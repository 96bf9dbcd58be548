"""Trained models as policies that can be evaluated and compared."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from stable_baselines3 import PPO
from stable_baselines3.common.base_class import BaseAlgorithm


class TrainedPolicy:
    """Acts as a Stable-Baselines3 model finds best, without exploring."""

    def __init__(self, model: BaseAlgorithm) -> None:
        """Wrap `model`, which may be asked from several threads."""
        self.model = model
        self._turn = threading.Lock()  # a model keeps the distribution that it draws from

    def act(self, observation: np.ndarray, mask: np.ndarray, rows: np.ndarray, day: int) -> np.ndarray:
        """Return one action per patient."""
        with self._turn:
            if isinstance(self.model, MaskablePPO):
                return self.model.predict(observation, deterministic=True, action_masks=mask.astype(bool))[0]
            return self.model.predict(observation, deterministic=True)[0]


def read_model(path: Path) -> BaseAlgorithm:
    """Return the model that `plastenv train` has left. Raises ValueError for a file that holds none."""
    for algorithm in (MaskablePPO, PPO):
        try:
            return algorithm.load(path, device="cpu")
        except Exception as error:  # a file that is no model can make it raise anything
            problem = error
    raise ValueError(f"{path}: holds no model of PPO or MaskablePPO ({problem})")


def chances(model: BaseAlgorithm, observation: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return how likely `model` makes every action, (rows, actions)."""
    seen, _ = model.policy.obs_to_tensor(observation)
    masks = {"action_masks": mask.astype(bool)} if isinstance(model, MaskablePPO) else {}
    with torch.no_grad():
        policy: Any = model.policy
        return policy.get_distribution(seen, **masks).distribution.probs.numpy().astype(float)
