"""Homeostasis: synaptic scaling (one factor per neuron) and the sliding threshold of depression.

Scaling follows Turrigiano 1998 (Nature 391:892): the factor moves towards restoring the neuron's own set-point,
within a bounded range and outside a dead band. Its sensor is somatic calcium, which needs spikes and saturates within
a few Hz: a neuron that a circuit no longer recruits still fires now and then and is hardly scaled, one whose spikes
are blocked is scaled up at once. Set-points are learned in youth and re-learned while the structural stage is open,
by what recruits the neuron: a deprived one learns nothing. The threshold follows Bienenstock 1982 with the same running
activity.

    C = A / (A + K),  A = (activity + spontaneous)(1 - blocked);   d = (C - C0) / (C + C0)
    g' = (1 + range_up u - range_down v - g) / tau,   u, v = d beyond the dead band, up or down, over its reach
"""

from typing import Annotated, NamedTuple

import numpy as np

from plastenv.kernel import kernel
from plastenv.parameters import PROJECT, Par


class HomeostasisParams(NamedTuple):
    """Time constants and ranges of the slow stabilisers."""

    tau_activity: Annotated[
        float, Par("running average of activity", "d", "reversed by two days of light; Kirkwood 1996")
    ] = 0.75
    waking_seconds: Annotated[float, Par("fast time that stands for a waking day", "s", PROJECT)] = 5.0
    tau_scaling: Annotated[float, Par("synaptic scaling", "d", "Turrigiano 1998, Nature 391:892")] = 1.5
    tau_set_point: Annotated[float, Par("set-point learning while open", "d", PROJECT)] = 5.0
    recruited: Annotated[
        float,
        Par("activity that half-permits set-point learning", "100 Hz", "a deprived cell keeps its own; " + PROJECT),
    ] = 0.005
    range_up: Annotated[float, Par("largest scaling up", "1", "x 1.9 in two days; Turrigiano 1998")] = 1.0
    range_down: Annotated[float, Par("largest scaling down", "1", "x 0.7 in two days; Turrigiano 1998")] = 0.5
    dead_band: Annotated[float, Par("departure of the sensor that scaling ignores", "1", PROJECT)] = 0.1
    sensor_half: Annotated[float, Par("activity that half-saturates the calcium sensor", "100 Hz", PROJECT)] = 0.01
    spontaneous: Annotated[
        float, Par("firing without recruitment", "100 Hz", "about 2 Hz; Hengen 2013, Neuron 80:335")
    ] = 0.02
    activity_floor: Annotated[float, Par("activity below which a departure is not relative", "100 Hz", PROJECT)] = 0.02


@kernel
def departure(activity: float, set_point: float, homeostasis: HomeostasisParams) -> float:
    """Return the relative departure of a neuron's activity from its set-point, within (-1, 1)."""
    return (activity - set_point) / (activity + set_point + homeostasis.activity_floor)


@kernel
def _scaled(activity: float, set_point: float, blocked: float, homeostasis: HomeostasisParams) -> float:
    """Return the scaling factor that a neuron moves towards; a share `blocked` of its spikes is prevented."""
    felt = (activity + homeostasis.spontaneous) * (1.0 - blocked)
    wanted = set_point + homeostasis.spontaneous
    now, then = felt / (felt + homeostasis.sensor_half), wanted / (wanted + homeostasis.sensor_half)
    away, band = (now - then) / (now + then), homeostasis.dead_band
    if away < -band:
        return 1.0 + homeostasis.range_up * (-away - band) / (1.0 - band)
    room = (1.0 - then) / (1.0 + then)
    if away > band and room > band:
        return 1.0 - homeostasis.range_down * (away - band) / (room - band)
    return 1.0


@kernel
def advance_homeostasis(
    gain: np.ndarray,
    activity: np.ndarray,
    set_point: np.ndarray,
    opening: float,
    blocked: float,
    hours: float,
    homeostasis: HomeostasisParams,
) -> None:
    """Advance one patient's scaling factors, running activity and set-points, (units,), by `hours`.

    `opening` is how far the structural stage is open, `blocked` the share of spikes that a drug prevents.
    """
    fade = np.exp(-hours / (24.0 * homeostasis.tau_activity))
    follow = 1.0 - np.exp(-hours / (24.0 * homeostasis.tau_scaling))
    learn = hours * opening / (24.0 * homeostasis.tau_set_point)
    for i in range(gain.shape[0]):
        gain[i] += follow * (_scaled(activity[i], set_point[i], blocked, homeostasis) - gain[i])
        square = activity[i] * activity[i]
        taught = learn * square / (square + homeostasis.recruited**2)
        set_point[i] += taught / (1.0 + taught) * (activity[i] - set_point[i])
        activity[i] *= fade
