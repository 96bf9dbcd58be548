"""Behaviour policies: menu policies that say how likely each of their actions is, and mixtures of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol as Interface

import numpy as np
from gymnasium import spaces

from plastenv.evaluation.rollout import TREATED
from plastenv.model.types import DAY
from plastenv.scenarios.scenario import Scenario
from plastenv.therapy.protocol import Protocol, find

RANDOM, MODEL = "random", "model.zip"
TOGETHER = "mixture"  # what the mixture itself is called among the targets


class Behaviour(Interface):
    """Chooses menu actions by chance."""

    def probabilities(self, observation: np.ndarray, mask: np.ndarray, day: int) -> np.ndarray:
        """Return how likely every action is, (rows, actions), given observations and legal actions."""
        ...


class Random:
    """On a third of the days one of the legal menu actions, each as likely as the others; else it waits."""

    def probabilities(self, observation: np.ndarray, mask: np.ndarray, day: int) -> np.ndarray:
        """Share a third among what is legal."""
        likely = TREATED * mask / mask.sum(1, keepdims=True)
        likely[:, 0] += 1.0 - TREATED
        return likely


class Scheduled:
    """A schedule whose days can be said in menu actions; it waits where its action is not legal."""

    def __init__(self, protocol: Protocol, scenario: Scenario) -> None:
        """Raises ValueError for a day that no menu action gives."""
        menu = [tuple(sorted(action)) for action in map(_parts, scenario.actions)]
        by_day: dict[int, list] = {}
        for given in protocol.administrations:
            by_day.setdefault(given.time // DAY, []).append(given)
        self.actions = np.zeros(scenario.horizon_days, np.int64)
        for day, parts in by_day.items():
            wanted = tuple(sorted(_parts(parts)))
            if wanted not in menu:
                what = ", ".join(part.intervention for part in parts)
                raise ValueError(f"schedule '{protocol.name}': no menu action gives its day {day + 1} ({what})")
            self.actions[day] = menu.index(wanted)

    def probabilities(self, observation: np.ndarray, mask: np.ndarray, day: int) -> np.ndarray:
        """Do what the schedule says."""
        chosen = np.where(mask[:, self.actions[day]] > 0, self.actions[day], 0)
        return np.eye(mask.shape[1])[chosen]


def _parts(given: Sequence) -> list[tuple]:
    return [(part.time % DAY, part.seconds, part.intervention, part.target, part.dose) for part in given]


class Trained:
    """A model that `plastenv train` has left, with the chances that it gives its actions."""

    def __init__(self, folder: Path, scenario: Scenario) -> None:
        """Raises ValueError for a folder that holds no model, or one that does not choose from the scenario's menu."""
        from plastenv_agents.policies import read_model

        self.model = read_model(folder / MODEL)
        menu = spaces.Discrete(len(scenario.menu))
        if self.model.action_space != menu:
            raise ValueError(f"{folder}: its model chooses from {self.model.action_space}, expected {menu}")

    def probabilities(self, observation: np.ndarray, mask: np.ndarray, day: int) -> np.ndarray:
        """Ask the network."""
        from plastenv_agents.policies import chances

        likely = chances(self.model, observation, mask) * (mask > 0)
        return likely / likely.sum(1, keepdims=True)


class Mixture:
    """Every day one of several policies, drawn anew by their weights: the chances of actions are exact."""

    def __init__(self, parts: dict[str, Behaviour], weights: Sequence[float]) -> None:
        """Mix `parts`, named, by `weights`, which are scaled to sum to 1."""
        self.parts = parts
        self.weights = np.asarray(weights, float) / np.sum(weights)

    def probabilities(self, observation: np.ndarray, mask: np.ndarray, day: int) -> np.ndarray:
        """Average over the parts."""
        found = [part.probabilities(observation, mask, day) for part in self.parts.values()]
        return np.tensordot(self.weights, found, 1)


def behaviour(name: str, scenario: Scenario) -> Behaviour:
    """Return the behaviour called `name`: 'random', a schedule of the library, a schedule file, or a run's folder.

    Raises ValueError for a name that is none of these, naming the nearest, and for a file that cannot be used.
    """
    if name == RANDOM:
        return Random()
    path = Path(name)
    if path.is_dir():
        return Trained(path, scenario)
    return Scheduled(find(name, scenario.horizon_days, scenario.interventions), scenario)


def mixture(text: str, scenario: Scenario) -> Mixture:
    """Read a mixture such as 'random=0.7,window-then-training=0.3'; a policy without weight counts 1.

    Raises ValueError for a policy that is unknown or named twice, and for a weight that is not positive.
    """
    parts: dict[str, Behaviour] = {}
    weights: list[float] = []
    for item in text.split(","):
        name, _, share = (piece.strip() for piece in item.partition("="))
        if name in (*parts, TOGETHER):
            raise ValueError(f"policy '{name}' is named twice, or has a name of its own meaning")
        try:
            weight = float(share) if share else 1.0
        except ValueError:
            weight = np.nan
        if not 0.0 < weight < np.inf:
            raise ValueError(f"policy '{name}': weight '{share}': expected a number above 0")
        parts[name] = behaviour(name, scenario)
        weights.append(weight)
    return Mixture(parts, weights)
