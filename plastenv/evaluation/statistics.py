"""Intervals over patients: of means by the bootstrap, of shares in closed form."""

import math
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


def contrast(one: np.ndarray, other: np.ndarray, seed: int = 0, resamples: int = 10_000) -> Interval:
    """Return by how much the mean of `one` is above that of `other`, other patients, with its bootstrap interval."""
    mean = float(np.mean(one) - np.mean(other))
    if np.ptp(one) == 0.0 and np.ptp(other) == 0.0:
        return Interval(mean, mean, mean)

    def above(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
        return np.mean(a, axis) - np.mean(b, axis)

    result = stats.bootstrap(
        (one, other), above, n_resamples=resamples, vectorized=True, method="percentile", rng=seed, batch=1000
    )
    return Interval(mean, float(result.confidence_interval.low), float(result.confidence_interval.high))


def share(hit: np.ndarray) -> Interval:
    """Return the share of patients who are `hit`, (patients,) bool, with its Wilson interval."""
    found = stats.binomtest(int(hit.sum()), len(hit)).proportion_ci(method="wilson")
    return Interval(float(np.mean(hit)), float(found.low), float(found.high))


def gain(hit: np.ndarray, other: np.ndarray) -> Interval:
    """Return by how much the share of `hit` is above that of `other`, the same patients, (patients,) bool each.

    The interval is made of the two Wilson intervals, so that it has a width where everyone or no one is hit
    (Newcombe 1998, Stat Med 17:2635, method 8).
    """
    a, b = share(hit), share(other)
    spread = float(np.std(hit) * np.std(other))
    together = float(np.mean(hit & other)) - a.mean * b.mean
    phi = together / spread if spread else 0.0

    def reach(mine: float, its: float) -> float:
        return math.sqrt(max(0.0, mine**2 - 2.0 * phi * mine * its + its**2))

    difference = a.mean - b.mean
    low = difference - reach(a.mean - a.low, b.high - b.mean)
    return Interval(difference, low, difference + reach(a.high - a.mean, b.mean - b.low))
