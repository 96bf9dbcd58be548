"""What the machine itself can do: the peak of fused multiply-adds, and the bandwidth of memory."""

import os
import platform
import time
from functools import cache
from pathlib import Path
from typing import Any

import gymnasium
import numba
import numpy as np
from harness import Effort, Measurement, Sample

from plastenv.kernel import kernel

LANES = 512  # numbers under way at once in the peak: in the first cache, and enough to hide latency
DEPTH = 16  # fused products in a row
STREAM = 1 << 25  # numbers per array, 128 MiB
FACTOR, SUMMAND = np.float32(0.999), np.float32(0.001)


@kernel
def _four(x: np.float32, a: np.float32, b: np.float32) -> np.float32:
    return (((x * a + b) * a + b) * a + b) * a + b


@kernel
def multiply_add(turns: int, values: np.ndarray, a: np.float32, b: np.float32) -> None:
    """Put every value through `DEPTH` fused multiply-adds, `turns` times; constants would be folded."""
    for _ in range(turns):
        for i in range(values.shape[0]):
            values[i] = _four(_four(_four(_four(values[i], a, b), a, b), a, b), a, b)


@kernel
def triad(out: np.ndarray, one: np.ndarray, other: np.ndarray) -> None:
    """Write one + factor * other into `out`."""
    for i in range(out.shape[0]):
        out[i] = one[i] + FACTOR * other[i]


@cache
def streams() -> tuple[np.ndarray, ...]:
    """Return the arrays of the triad."""
    return tuple(np.ones(STREAM, np.float32) for _ in range(3))


def fused() -> Sample:
    """Return the peak of fused multiply-adds in float32, two operations each."""
    values, turns = np.ones(LANES, np.float32), 200_000
    multiply_add(1, values, FACTOR, SUMMAND)
    begun = time.process_time()
    multiply_add(turns, values, FACTOR, SUMMAND)
    return {"gflops": 1e-9 * 2 * DEPTH * LANES * turns / (time.process_time() - begun)}


def streamed() -> Sample:
    """Return the bandwidth of a triad over arrays far larger than the cache, three numbers moved each."""
    triad(*streams())
    begun = time.process_time()
    triad(*streams())
    return {"gbytes_per_second": 1e-9 * 3 * 4 * STREAM / (time.process_time() - begun)}


def description() -> dict[str, Any]:
    """Describe where this runs."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return {
        "processor": next(line.split(": ")[1] for line in lines if line.startswith("model name")),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "gymnasium": gymnasium.__version__,
    }


def measurements(effort: Effort) -> list[Measurement]:
    """Return what there is to measure of the machine."""
    return [
        Measurement("machine", "multiply-add", fused, effort.repeats),
        Measurement("machine", "triad", streamed, effort.repeats),
    ]
