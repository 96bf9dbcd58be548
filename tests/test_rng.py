import numpy as np
from scipy import stats

from plastenv import rng


def test_draws_are_a_pure_function_of_key_time_and_process():
    key = rng.derive(1, 2)
    assert rng.uniform(key, 10, 3) == rng.uniform(key, 10, 3)
    draws = {rng.uniform(rng.derive(a, b), t, p) for a in (1, 2) for b in (1, 2) for t in (1, 2) for p in (1, 2)}
    assert len(draws) == 16


def test_draws_are_uniform_and_uncorrelated_along_every_word():
    key = rng.derive(7)
    along = {
        "time": [rng.uniform(key, t, 1) for t in range(4000)],
        "process": [rng.uniform(key, 1, p) for p in range(4000)],
        "key": [rng.uniform(rng.derive(k), 1, 1) for k in range(4000)],
    }
    for draws in along.values():
        assert stats.kstest(draws, "uniform").pvalue > 1e-3
        assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.06
