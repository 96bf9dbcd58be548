"""Hand-designed feedback rules: what a careful clinician would do from what the clinic sees."""

from dataclasses import dataclass, field

import numpy as np

from plastenv.envs.observations import channels
from plastenv.scenarios.scenario import Scenario


@dataclass
class OpenThenTrain:
    """Open a window every third day and train on the days between, for as long as symptoms stay high.

    Sees the clinic observation only. `rested` is the rating below which treatment pauses, `first` the first day of
    a window; training starts the day after.
    """

    scenario: Scenario
    rested: float = 0.25
    first: int = 1
    opener: str = "rapid-opener"
    training: str = "training"
    _symptoms: int = field(init=False)

    def __post_init__(self) -> None:
        self._symptoms = [channel.name for channel in channels(self.scenario, "clinic")].index("symptoms")

    def act(self, observation: np.ndarray, mask: np.ndarray, rows: np.ndarray, day: int) -> np.ndarray:
        """Return one menu action per patient; what the mask forbids becomes waiting."""
        menu = list(self.scenario.menu)
        wanted = menu.index(self.opener if (day - self.first) % 3 == 0 else self.training)
        ill = observation[:, self._symptoms] > self.rested
        chosen = np.where(ill & (day >= self.first), wanted, 0)
        legal = mask[np.arange(len(mask)), chosen] > 0
        return np.where(legal, chosen, 0).astype(np.int64)
