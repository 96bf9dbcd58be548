"""Patient-days per CPU-second, and where they go: environments of all sizes, driven the way a training loop does.

A third of the days brings one of the legal menu actions, drawn by patient and day, so that all sizes meet the same
mixture; or none does ('untreated'). Choosing is not counted; reset, step, probes, reward, observation, action mask and
follow-up are. Whole episodes are 56 days of treatment and 84 of follow-up. Large batches live short courses of 6 and 9
days, the same proportion.
"""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from harness import CORES, Effort, Measurement, Sample, SkippedError, alone, kernel_says, on

import plastenv.envs.batch as batch_module
from plastenv import arrays
from plastenv.envs import witness
from plastenv.envs.batch import PatientBatch
from plastenv.envs.vector import PatientVectorEnv
from plastenv.evaluation.rollout import RandomPolicy
from plastenv.model.types import DAY, ModelState
from plastenv.patients.cohort import BLOCK, Intake, Patients, References, cache_folder
from plastenv.patients.development import develop
from plastenv.patients.population import SPLITS
from plastenv.scenarios.scenario import Scenario, load_scenario

SPLITS["train"] = BLOCK  # random draws fall into the first block, so that no other has to be grown
SHORT = {"horizon_days": 6, "followup_days": 9, "challenge_days": 8}
GROWING = 300.0  # s that growing circuits of another size may take
EPISODES = 4  # of one patient per sample
ROOM = 1.4  # memory over that of the patients' state

Choose = Callable[[PatientBatch, np.ndarray, int], np.ndarray]


@cache
def task(units: int = 64) -> Scenario:
    """Return Fear with `units` excitatory units."""
    fear = load_scenario("Fear")
    return fear if units == 64 else load_scenario("Fear", anatomy=fear.anatomy.model_copy(update={"units": units}))


@cache
def short(units: int = 64) -> Scenario:
    """Return the short course of the same patients."""
    whole = task(units)
    recipe = whole.recipe  # computed before copying: the copy keeps it, and with it the patients
    course = whole.model_copy(update=SHORT)
    assert course.recipe is recipe
    return course


def mixture(batch: PatientBatch, mask: np.ndarray, day: int) -> np.ndarray:
    """Choose a random legal action on a third of the days."""
    assert batch.state is not None
    return RandomPolicy().act(np.empty(0), mask, batch.state.key, day)


def wait(batch: PatientBatch, mask: np.ndarray, day: int) -> np.ndarray:
    """Choose nothing."""
    return np.zeros(len(mask), np.int64)


class Clock:
    """CPU seconds inside the functions that it wraps, while one of the functions that `within` wraps runs."""

    def __init__(self, within: "Clock | None" = None) -> None:
        self.seconds, self.running, self.within = 0.0, False, within

    def wrap(self, function: Callable) -> Callable:
        """Return `function`, timed."""

        def timed(*arguments: Any, **options: Any) -> Any:
            if self.within is not None and not self.within.running:
                return function(*arguments, **options)
            self.running, begun = True, time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds += time.process_time() - begun
                self.running = False

        return timed


@contextlib.contextmanager
def clocked(owner: Any, name: str, clock: Clock) -> Iterator[None]:
    """Let `clock` time the function `name` of `owner` inside the block."""
    original = getattr(owner, name)
    setattr(owner, name, clock.wrap(original))
    try:
        yield
    finally:
        setattr(owner, name, original)


def treat(env: Any, choose: Choose, seed: int) -> tuple[float, float, float]:
    """Let every row of `env` live one episode; return patient-days and the CPU seconds of reset and of all steps."""
    batch, alone_in_it = env.unwrapped.batch, not hasattr(env, "num_envs")
    begun = time.process_time()
    _, info = env.reset(seed=seed)
    reset, steps, days = time.process_time() - begun, 0.0, 0.0
    for day in range(batch.scenario.horizon_days):
        actions = choose(batch, info["action_mask"].reshape(batch.rows, -1), day)
        living = batch.ended == 0
        begun = time.process_time()
        _, _, ended, _, info = env.step(actions[0] if alone_in_it else actions)
        steps += time.process_time() - begun
        ahead = (batch.scenario.followup - batch.state.clock) / DAY  # lived by the last step of those who ended
        days += living.sum() + ahead[np.atleast_1d(ended)].sum()
        if alone_in_it and ended:
            break
    return float(days), reset, steps


class Clocks(NamedTuple):
    """CPU seconds of a PatientBatch, in its steps."""

    step: Clock
    advance: Clock
    measure: Clock
    ending: Clock  # follow-up
    ending_advance: Clock
    ending_measure: Clock


@contextlib.contextmanager
def timed() -> Iterator[Clocks]:
    """Time every PatientBatch inside the block."""
    step = Clock()
    ending = Clock(step)
    clocks = Clocks(step, Clock(step), Clock(step), ending, Clock(ending), Clock(ending))
    with contextlib.ExitStack() as stack:
        for owner, name, clock in (
            (PatientBatch, "step", clocks.step),
            (PatientBatch, "_follow_up", clocks.ending),
            (witness, "advance", clocks.advance),
            (witness, "advance", clocks.ending_advance),
            (batch_module, "measure", clocks.measure),
            (batch_module, "measure", clocks.ending_measure),
        ):
            stack.enter_context(clocked(owner, name, clock))
        yield clocks


def rate(make: Callable[[], Any], choose: Choose, seeds: Iterator[int], episodes: int = 1) -> Sample:
    """Return patient-days per CPU-second of whole episodes, and CPU microseconds of a patient-day by what takes them.

    What is done once an episode counts at its share of a whole one, in short courses too. `shell_share` is the share
    of PatientBatch.step outside the kernels `advance` and `measure`.
    """
    env, days, reset, steps = make(), 0.0, 0.0, 0.0
    with timed() as clocks:
        for _ in range(episodes):
            lived, first, others = treat(env, choose, 1000 * next(seeds))
            days, reset, steps = days + lived, reset + first, steps + others
    step, advance, measure, *ending = (clock.seconds for clock in clocks)
    followup, last = ending[0] - ending[1], ending[2]  # what follow-up costs besides living through it
    whole = episodes * env.unwrapped.batch.rows * (task().horizon_days + task().followup_days)
    parts = {
        "reset": reset / whole,
        "followup": followup / whole,
        "advance": advance / days,
        "measure": (measure - last) / days,
        "shell": (step - advance - measure - (followup - last)) / days,
        "vector": (steps - step) / days,
    }
    return {
        "patient_days_per_cpu_second": 1.0 / sum(parts.values()),
        "shell_share": 1.0 - (advance + measure) / step,
        **{f"us_{name}": 1e6 * part for name, part in parts.items()},
    }


@cache
def environment(units: int, rows: int, brief: bool = False, threads: int = 1) -> Any:
    """Return a vector of `rows` patients, ready: kernels loaded, patients in memory."""
    if units == 64 and not brief and threads == 1:
        kind = gymnasium.VectorizeMode.VECTOR_ENTRY_POINT
        env: Any = gymnasium.make_vec("plastenv/Fear-v0", num_envs=rows, vectorization_mode=kind)
    else:
        env = PatientVectorEnv(rows, short(units) if brief else task(units), threads=threads)  # type: ignore[arg-type]
    if units != 64:
        env.unwrapped.batch.patients = Candidates(units)
    return ready(env)


@cache
def single() -> Any:
    """Return one patient as `gymnasium.make` makes it, ready."""
    return ready(gymnasium.make("plastenv/Fear-v0"))


def ready(env: Any) -> Any:
    """Return `env` after a first reset and step."""
    env.reset(seed=0)
    env.step(env.action_space.sample() * 0)
    return env


class Candidates:
    """Patients of another size of circuit, in place of the cohort: grown alike, but not selected by outcome.

    Parameters fit 64 units; larger circuits often fail to learn what would admit them. What they are compared to is
    made up, since their scores are not looked at.
    """

    def __init__(self, units: int) -> None:
        path = kept(units)
        if not path.exists():
            raise SkippedError("its patients were not grown")
        with np.load(path) as file:
            named = {name: file[name] for name in file.files}
        self.state = arrays.unflatten(ModelState, named)
        self.size = len(self.state.clock)

    def intake(self, indices: Sequence[int], report: Any = None) -> Intake:
        """Return copies of the patients `indices`."""
        one = np.ones(len(indices))
        return Intake(arrays.take(self.state, np.asarray(indices)), References(one, 0.0 * one, one))


def kept(units: int) -> Path:
    """Return the file of the patients with `units` units."""
    return cache_folder().parent / "performance" / f"{task(units).recipe.hash}.npz"


def grow(units: int) -> Sample:
    """Grow a block of patients with `units` units and keep them with what it took."""
    recipe, begun = task(units).recipe, time.process_time()
    keys, traits = recipe.population.sample("train", range(BLOCK), recipe.params.anatomy.cues.shape[0])
    state = develop(keys, traits, recipe.params, recipe.youth, recipe.context)[-1]
    sample = {"cpu_seconds": time.process_time() - begun, "function": function(state, units)}
    path = kept(units)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(temporary, allow_pickle=False, **arrays.flatten(state), **sample)  # type: ignore[arg-type]
    temporary.replace(path)
    return sample


def function(state: ModelState, units: int) -> float:
    """Return the mean function of patients."""
    return float(batch_module.measure(state, task(units).params, task(units).read_outs).function.mean())


def grown(units: int) -> Sample:
    """Return what growing patients with `units` units took, now or when they were grown."""
    if not kept(units).exists():
        return alone(grow, units, seconds=GROWING)
    with np.load(kept(units)) as file:
        return {name: float(file[name]) for name in ("cpu_seconds", "function")}


def cohort() -> Sample:
    """Grow the patients of the scenario itself and return the seconds it took."""
    begun = time.perf_counter()
    with on(CORES):
        Patients(task().recipe, "train").take(range(BLOCK))
    return {"seconds": time.perf_counter() - begun}


def trail(env: Any, seed: int) -> tuple[float, str]:
    """Let every row live one episode; return wall-clock seconds and a digest of all that was seen and paid."""
    digest, batch, begun = hashlib.sha256(), env.unwrapped.batch, time.perf_counter()
    _, info = env.reset(seed=seed)
    for day in range(batch.scenario.horizon_days):
        observation, reward, *_, info = env.step(mixture(batch, info["action_mask"], day))
        digest.update(observation.tobytes() + reward.tobytes())
    return time.perf_counter() - begun, digest.hexdigest()


def two_threads(rows: int, seeds: Iterator[int]) -> Sample:
    """Return how much faster two threads are than one, and whether they give the same bits (1) or not (0)."""
    if len(CORES) < 2:
        raise SkippedError("there is one core only")
    seed = next(seeds)
    with on(CORES):
        one, first = trail(environment(64, rows, brief=True), seed)
        two, second = trail(environment(64, rows, brief=True, threads=2), seed)
    return {"speed_up": one / two, "identical": float(first == second), "seconds_one": one, "seconds_two": two}


def scaling(few: int, many: int) -> Sample:
    """Return the cost of a patient-day among `many` patients relative to that among `few`, before and after."""
    small, large = (partial(environment, 64, rows, brief=True) for rows in (few, many))
    rates = [rate(make, mixture, count())["patient_days_per_cpu_second"] for make in (small, large, small)]
    return {"relative_cost": (rates[0] + rates[2]) / (2.0 * rates[1]), "few": few, "many": many}


def scaled(few: int, many: int) -> Sample:
    """Return `scaling` in a process of its own, halving `many` until memory has room for them."""
    state = environment(64, 16).unwrapped.batch.state
    each = ROOM * sum(array.nbytes for array in arrays.flatten(state).values()) / 16
    free = kernel_says("meminfo", "MemAvailable")
    while many * each > free:
        many //= 2
    return alone(scaling, few, many)


def measurements(effort: Effort) -> list[Measurement]:
    """Return what there is to measure of patients: sections 'days', 'threads' and 'scaling'."""
    missing = Patients(task().recipe, "train").missing(BLOCK)
    found = [Measurement("days", "64 units, growing", cohort)] if missing else []

    def add(name: str, make: Callable[[], Any], episodes: int, repeats: int) -> None:
        for what, choose in (("treated", mixture), ("untreated", wait)):
            sample = partial(rate, make, choose, count(), episodes)
            found.append(Measurement("days", f"{name}, {what}", sample, repeats))

    thrice = min(3, effort.repeats)
    add("64 units, single", single, EPISODES, effort.repeats)
    for rows in effort.batches:
        repeats = effort.repeats if rows < 256 else thrice
        add(f"64 units, batch {rows}", partial(environment, 64, rows), EPISODES if rows == 1 else 1, repeats)
    for rows in effort.large:
        add(f"64 units, batch {rows}, short course", partial(environment, 64, rows, brief=True), 1, thrice)
    for units, batches in effort.units.items():
        found.append(Measurement("days", f"{units} units, growing", partial(grown, units)))
        for rows in batches:
            add(f"{units} units, batch {rows}, short course", partial(environment, units, rows, brief=True), 1, thrice)
    rows = max(effort.large)
    found.append(Measurement("threads", f"batch {rows}", partial(two_threads, rows, count()), thrice))
    few, many = effort.scaled
    found.append(Measurement("scaling", f"batch {many} to {few}", partial(scaled, few, many)))
    return found
