"""Measure several things by turns: samples with their spread, processes of their own, one core or all of them."""

import contextlib
import multiprocessing
import os
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

Sample = dict[str, float]
Figures = dict[str, dict[str, dict[str, dict[str, float]]]]  # section -> what -> figure -> median, low, high, samples

CORES = os.sched_getaffinity(0)
CORE = max(CORES)


class SkippedError(Exception):
    """A measurement that is not made, with the reason."""


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    repeats: int  # of everything that takes a second or so
    batches: tuple[int, ...]  # rows, whole episodes
    large: tuple[int, ...]  # rows, short courses
    scaled: tuple[int, int]  # rows, few and many, whose cost per patient-day is compared
    units: dict[int, tuple[int, ...]]  # other sizes of the circuit and their rows
    steps: int  # over which memory may not grow
    cycles: int  # of creating and closing an environment
    patients: int  # of `plastenv compare`
    cold: bool  # start once without compiled kernels


@dataclass(frozen=True)
class Measurement:
    """One thing to measure: `sample` returns its figures, anew at every call."""

    section: str
    name: str
    sample: Callable[[], Sample]
    repeats: int = 1


def interleave(measurements: list[Measurement], tell: Callable[[str], None]) -> tuple[Figures, list[str]]:
    """Take one sample of every measurement after the other, round by round.

    Returns the figures and what was skipped and why. `tell` is called with the name of what comes next.
    """
    samples: dict[tuple[str, str], list[Sample]] = {}
    notes: list[str] = []
    for turn in range(max((measurement.repeats for measurement in measurements), default=0)):
        for measurement in measurements:
            if turn >= measurement.repeats:
                continue
            tell(f"{measurement.section}: {measurement.name}")
            try:
                sample = measurement.sample()
            except SkippedError as reason:
                note = f"{measurement.section}: {measurement.name}: {reason}"
                notes += [] if note in notes else [note]
                continue
            samples.setdefault((measurement.section, measurement.name), []).append(sample)
    figures: Figures = {}
    for (section, name), taken in samples.items():
        figures.setdefault(section, {})[name] = {
            figure: spread([sample[figure] for sample in taken]) for figure in taken[0]
        }
    return figures, notes


def spread(values: list[float]) -> dict[str, float]:
    """Return median, smallest, largest and number of `values`."""
    return {
        "median": float(statistics.median(values)),
        "low": float(min(values)),
        "high": float(max(values)),
        "samples": len(values),
    }


def kernel_says(file: str, name: str) -> int:
    """Return the bytes that a line such as 'VmHWM: 12 kB' of a file in /proc tells."""
    lines = Path("/proc", file).read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


@contextlib.contextmanager
def on(cores: set[int]) -> Iterator[None]:
    """Run the block, and processes that it starts, on `cores`."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def alone(function: Callable[..., Sample], *arguments: Any, seconds: float | None = None) -> Sample:
    """Return what `function`, of an importable module, returns in a fresh process.

    Raises SkippedError if it takes more than `seconds`, and RuntimeError if it fails or is killed.
    """
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(sending, function, arguments))
    process.start()
    sending.close()
    try:
        if not receiving.poll(seconds):
            process.kill()
            raise SkippedError(f"it took more than {seconds:g} s")
        return receiving.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"{function.__name__}{arguments} ended with code {process.exitcode}") from None
    finally:
        process.join()


def _answer(sending: Connection, function: Callable[..., Sample], arguments: tuple) -> None:
    sending.send(function(*arguments))
