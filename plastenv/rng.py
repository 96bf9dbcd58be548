"""Counter-based random numbers: every draw is a pure function of (key, time, process).

No generator state exists, so draws do not depend on order, on batch size or on who else draws.
The mixing function is the finaliser of SplitMix64 (Steele, Lea & Flood 2014, OOPSLA).
"""

import numpy as np

from plastenv.kernel import kernel

# Processes: the third part of every random key.
EVERYDAY_TIME, EVERYDAY_CUE, EVERYDAY_STRENGTH, EVERYDAY_CONTEXT, EVERYDAY_OUTCOME = range(1, 6)
AVOIDANCE, REPLAY, RATING, VISIT, ENVIRONMENT, TRAITS, WIRING, HISTORY, EPISODE = range(6, 15)
NOISE = 1000  # and up, one per neuron


@kernel
def _mix(z: np.uint64) -> np.uint64:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@kernel
def combine(key: np.uint64, word: int) -> np.uint64:
    """Derive a new 64-bit key from `key` and the integer `word`."""
    return _mix(np.uint64(key) + np.uint64(0x9E3779B97F4A7C15) * (np.uint64(word) + np.uint64(1)))


@kernel
def uniform(key: np.uint64, tick: int, process: int) -> float:
    """Draw from [0, 1) for `key` at the calendar tick `tick` in `process`."""
    bits = combine(combine(key, tick), process)
    return float(bits >> np.uint64(11)) * (1.0 / 9007199254740992.0)


def generator(key: int, process: int) -> np.random.Generator:
    """Return a NumPy generator (Philox, itself counter-based) for draws made once per patient."""
    return np.random.Generator(np.random.Philox(key=np.array([key, process], np.uint64)))


def derive(seed: int, *words: int) -> np.uint64:
    """Return the key of `seed` and `words`, for use outside kernels."""
    key = np.uint64(seed)
    for word in words:
        key = np.uint64(combine(key, word))
    return key
