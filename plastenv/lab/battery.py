"""Run many studies, each in a process of its own, and put together what came of them."""

import contextlib
import difflib
import math
import multiprocessing
import os
import platform
import signal
import subprocess
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import plastenv
from plastenv.lab.checks import StudyResult
from plastenv.lab.experiment import Experiment
from plastenv.scenarios.parameters import SHIPPED

KINDS = ("fitted", "sealed", "circular")  # what a pass is worth; a study that is circular counts as nothing else
Outcome = StudyResult | Exception  # what came of a study: its result, or why it could not be run
Runner = Callable[[Experiment, range, tuple[str, ...], Mapping[str, float]], StudyResult]
Report = Callable[[Experiment, Outcome], None]
K = TypeVar("K", bound=Hashable)


def bench(
    experiment: Experiment, seeds: range, ablate: tuple[str, ...], parameters: Mapping[str, float]
) -> StudyResult:
    """Run one study on the bench, which only the processes that do so have to load."""
    from plastenv.lab.bench import run

    return run(experiment, seeds, ablate, parameters)


def chosen(experiments: Sequence[Experiment], only: Sequence[str]) -> list[Experiment]:
    """Return the experiments whose ids are in `only` (all, if it is empty). Raises ValueError for an unknown id."""
    known = [experiment.id for experiment in experiments]
    for name in only:
        if name not in known:
            near = [study for study in known if name in study] or difflib.get_close_matches(name, known, 1, 0.0)
            raise ValueError(f"--only {name}: unknown study; did you mean '{near[0]}'?")
    return [experiment for experiment in experiments if not only or experiment.id in only]


def run_battery(
    experiments: Sequence[Experiment],
    seeds: int | None = None,
    ablate: tuple[str, ...] = (),
    jobs: int = 2,
    report: Report | None = None,
    runner: Runner | None = None,
    first: int = 0,
    parameters: Mapping[str, float] = SHIPPED,
) -> dict[str, Outcome]:
    """Run `experiments` on `jobs` processes and return what came of each, by id, in the order given.

    Every study runs on the seeds first, first + 1, ...: `seeds` of them, or as many as its file asks for.
    `ablate` are mechanisms to take out, `parameters` numbers that differ from the shipped ones.
    `report(experiment, outcome)` is called as studies finish. `runner` runs one (default: the bench); with more
    than one job it has to be importable by name. A study that cannot be run takes no other with it. If the
    caller is interrupted, the processes end at once.
    """
    runner = runner or bench
    outcomes: dict[str, Outcome] = {}

    def keep(experiment: Experiment, outcome: Outcome) -> None:
        outcomes[experiment.id] = outcome
        if report:
            report(experiment, outcome)

    plans = {experiment.id: range(first, first + (seeds or experiment.seeds)) for experiment in experiments}
    by_id = {experiment.id: experiment for experiment in experiments}
    calls = {name: partial(runner, experiment, plans[name], ablate, parameters) for name, experiment in by_id.items()}
    run_all(calls, jobs, lambda name, outcome: keep(by_id[name], outcome))
    return {experiment.id: outcomes[experiment.id] for experiment in experiments}


def run_all(calls: Mapping[K, Callable[[], StudyResult]], jobs: int, keep: Callable[[K, Outcome], None]) -> None:
    """Make `calls` on `jobs` processes and hand what comes of each to `keep`, in the order in which they end.

    A call that fails takes no other with it. If the caller is interrupted, the processes end at once.
    """
    if min(jobs, len(calls)) <= 1:
        for key, call in calls.items():
            keep(key, _attempt(call))
        return
    with _processes(min(jobs, len(calls))) as pool:
        with _deaf():
            running: dict[Future[StudyResult], K] = {pool.submit(call): key for key, call in calls.items()}
        for future in as_completed(running):
            keep(running[future], _attempt(future.result))


def _attempt(run: Callable[[], StudyResult]) -> Outcome:
    try:
        return run()
    except Exception as error:  # whatever is wrong with one study, the others are worth having
        return error


@contextlib.contextmanager
def _processes(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Return a pool of fresh processes that ends them at once where the block is left by an exception."""
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield pool
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Ignore Ctrl-C; processes that are started meanwhile ignore it for good and are ended by this one."""
    if threading.current_thread() is not threading.main_thread():  # the only one that may set signals
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def worth(circular: bool, sealed: bool) -> str:
    """Return which of `KINDS` a study is."""
    return "circular" if circular else "sealed" if sealed else "fitted"


def record(experiment: Experiment, result: StudyResult) -> dict[str, Any]:
    """Return what results.json says of one study; what could not be measured is null."""
    sd = {key: values.std(ddof=1) if len(values) > 1 else 0.0 for key, values in result.values.items()}
    return {
        "id": result.id,
        "title": result.title,
        "citation": experiment.citation,
        "group": result.group,
        "cluster": result.cluster,
        "rows": list(experiment.rows),
        "system": experiment.system,
        "confidence": experiment.confidence,
        "published": experiment.published,
        "published_values": dict(experiment.values),
        "passed": result.passed,
        "covered": result.passed is not None,
        "sealed": result.sealed,
        "circular": result.circular,
        "circular_reason": experiment.circular,
        "kind": worth(result.circular, result.sealed),
        "seeds": max((len(values) for values in result.values.values()), default=0),
        "seconds": result.seconds,
        "notes": {name: arm.note for name, arm in experiment.arms.items() if arm.note},
        "readouts": {name: readout.measure for name, readout in experiment.readouts.items()},
        "values": {
            key: {"mean": _finite(values.mean()), "sd": _finite(sd[key])} for key, values in result.values.items()
        },
        "checks": [
            {
                "name": check.name,
                "passed": check.passed,
                "required": check.required,
                "quantity": check.quantity,
                "mean": _finite(check.mean),
                "low": _finite(check.low),
                "high": _finite(check.high),
                "bound": check.bound,
                "detail": check.detail,
                "margin": _finite(check.margin),
            }
            for check in result.checks
        ],
        "diagnosis": experiment.diagnosis,
        "not_covered": list(result.not_covered),
    }


def _count(studies: Sequence[dict[str, Any]]) -> dict[str, int]:
    verdicts = [study["passed"] for study in studies]
    return {
        "studies": len(studies),
        "passed": verdicts.count(True),
        "failed": verdicts.count(False),
        "not_covered": verdicts.count(None),
    }


def summarise(studies: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Count studies, all alike, and apart by what a pass is worth."""
    return _count(studies) | {kind: _count([study for study in studies if study["kind"] == kind]) for kind in KINDS}


def commit() -> str | None:
    """Return the commit that this package's files stand at, if they stand in a repository."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        git = ["git", "-C", str(Path(plastenv.__file__).parent)]
        subprocess.run([*git, "ls-files", "--error-unmatch", "__init__.py"], check=True, capture_output=True)
        describe = [*git, "describe", "--always", "--dirty", "--exclude", "*"]
        return subprocess.run(describe, check=True, capture_output=True, text=True).stdout.strip()
    return None


def origin(seconds: float) -> dict[str, Any]:
    """Return what results.json says of where it comes from, and how long it took."""
    return {
        "version": plastenv.__version__,
        "commit": commit(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "seconds": round(seconds, 1),
    }


def collect(
    experiments: Sequence[Experiment],
    outcomes: Mapping[str, Outcome],
    ablate: tuple[str, ...],
    seconds: float,
    parameters: Mapping[str, float] = SHIPPED,
) -> dict[str, Any]:
    """Return everything that results.json holds, for the studies that have finished, in the order of `experiments`."""
    studies, broken = [], []
    for experiment in experiments:
        outcome = outcomes.get(experiment.id)
        if isinstance(outcome, StudyResult):
            studies.append(record(experiment, outcome))
        elif outcome is not None:
            broken.append({"id": experiment.id, "error": f"{type(outcome).__name__}: {outcome}"})
    return {
        "studies": studies,
        "summary": summarise(studies),
        "broken": broken,
        "unfinished": [experiment.id for experiment in experiments if experiment.id not in outcomes],
        "ablate": list(ablate),
        "parameters": dict(parameters),
        **origin(seconds),
    }
