"""Bootstrap intervals over patients."""

from typing import NamedTuple

import numpy as np
from scipy import stats


class Interval(NamedTuple):
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float


def interval(values: np.ndarray, seed: int = 0, resamples: int = 10_000) -> Interval:
    """Return the mean of `values`, (patients,), with its percentile bootstrap interval.

    A difference of two schedules on the same patients makes the interval a paired one. Values that are all the
    same have an interval of no width.
    """
    mean = float(np.mean(values))
    if len(values) < 2 or np.ptp(values) == 0.0:
        return Interval(mean, mean, mean)
    result = stats.bootstrap((values,), np.mean, n_resamples=resamples, method="percentile", rng=seed, batch=1000)
    return Interval(mean, float(result.confidence_interval.low), float(result.confidence_interval.high))
