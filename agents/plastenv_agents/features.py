"""What networks make of observations."""

import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

WIDE = 2.0  # a channel whose range reaches further is read on a logarithmic scale


class ScaledFeatures(BaseFeaturesExtractor):
    """Observations with every number near 0..1, by their ranges alone.

    Most channels are shares already; amounts (drug levels, weights) have wide ranges but are small most of the
    time, so they are read as log(1 + amount). It is part of the network, so that a saved model needs nothing else.
    """

    def __init__(self, observation_space: spaces.Box) -> None:
        """Read the ranges of `observation_space`."""
        super().__init__(observation_space, observation_space.shape[0])
        self.wide: torch.Tensor  # (channels,) bool
        self.register_buffer("wide", torch.as_tensor(observation_space.high > WIDE))

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Scale `observations`, (rows, channels)."""
        return torch.where(self.wide, torch.log1p(observations.clamp(min=0.0)), observations)
