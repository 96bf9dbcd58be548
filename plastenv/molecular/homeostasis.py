"""Homeostasis: synaptic scaling (one factor per neuron) and the sliding threshold of depression.

Scaling follows Turrigiano 1998 (Nature 391:892): the factor moves towards restoring the neuron's own set-point,
within a bounded range and outside a dead band. Set-points are learned in youth and re-learned while the
structural stage is open. The threshold follows Bienenstock 1982 with the same running activity.
"""

from typing import Annotated, NamedTuple

import numpy as np

from plastenv.kernel import kernel
from plastenv.parameters import PROJECT, Par


class HomeostasisParams(NamedTuple):
    """Time constants and ranges of the slow stabilisers."""

    tau_activity: Annotated[float, Par("running average of activity", "d", "a day or two; Kirkwood 1996")] = 1.5
    waking_seconds: Annotated[float, Par("fast time that stands for a waking day", "s", PROJECT)] = 5.0
    tau_scaling: Annotated[float, Par("synaptic scaling", "d", "Turrigiano 1998, Nature 391:892")] = 1.5
    tau_set_point: Annotated[float, Par("set-point learning while open", "d", PROJECT)] = 5.0
    range: Annotated[float, Par("largest scaling either way", "1", PROJECT)] = 0.05
    dead_band: Annotated[float, Par("relative departure that scaling ignores", "1", PROJECT)] = 0.25
    activity_floor: Annotated[float, Par("activity below which a departure is not relative", "100 Hz", PROJECT)] = 0.02


@kernel
def departure(activity: float, set_point: float, homeostasis: HomeostasisParams) -> float:
    """Return the relative departure of a neuron's activity from its set-point, within (-1, 1)."""
    return (activity - set_point) / (activity + set_point + homeostasis.activity_floor)


@kernel
def advance_homeostasis(
    gain: np.ndarray,
    activity: np.ndarray,
    set_point: np.ndarray,
    opening: float,
    hours: float,
    homeostasis: HomeostasisParams,
) -> None:
    """Advance one patient's scaling factors, running activity and set-points, (units,), by `hours`."""
    fade = np.exp(-hours / (24.0 * homeostasis.tau_activity))
    follow = 1.0 - np.exp(-hours / (24.0 * homeostasis.tau_scaling))
    learn = 1.0 - np.exp(-hours * opening / (24.0 * homeostasis.tau_set_point))
    for i in range(gain.shape[0]):
        away = departure(activity[i], set_point[i], homeostasis)
        excess = max(0.0, abs(away) - homeostasis.dead_band) * (1.0 if away > 0.0 else -1.0)
        gain[i] += follow * (1.0 - homeostasis.range * excess / (1.0 - homeostasis.dead_band) - gain[i])
        set_point[i] += learn * (activity[i] - set_point[i])
        activity[i] *= fade
