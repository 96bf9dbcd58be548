"""Trained models as policies that can be evaluated and compared."""

import threading

import numpy as np
from sb3_contrib import MaskablePPO
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
