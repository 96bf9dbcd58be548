"""Cohorts: developed patients with their references, cached on disk in blocks.

A block's file is named by a hash of everything its trajectories depend on (parameters, anatomy, population,
kernel source), carries a checksum, and is rebuilt with a warning when it is damaged.
"""

import hashlib
import logging
import os
import tempfile
import threading
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import platformdirs

from plastenv import arrays, rng
from plastenv.kernel import source_hash
from plastenv.model.advance import advance, announce, remembering
from plastenv.model.calendar import Event, lay_out
from plastenv.model.measure import Probes, measure
from plastenv.model.types import DAY, ModelParams, ModelState
from plastenv.patients.development import Youth, develop
from plastenv.patients.population import SPLITS, Population

BLOCK = 16  # patients per file
COURSES = 3  # noise seeds of the untreated course
ADMISSION = 0.25  # smallest premorbid minus untreated function
CHECKPOINTS = (0, 14, 28, 42, 56)  # d, untreated course besides the follow-up

log = logging.getLogger("plastenv")
Report = Callable[[int], None]
T = TypeVar("T", bound=tuple)


class References(NamedTuple):
    """What a patient's function and memories are compared to, (patients,) each."""

    premorbid: np.ndarray  # function before adversity
    untreated: np.ndarray  # mean untreated function at follow-up
    memories: np.ndarray  # other memories, mean of the untreated course


class Intake(NamedTuple):
    """Patients at the first day of treatment and what their score refers to."""

    patient: ModelState
    reference: References


class Cohort(NamedTuple):
    """Patients at the first day of treatment, with what they are compared to."""

    patient: ModelState
    premorbid: ModelState
    sibling: ModelState
    premorbid_function: np.ndarray  # (patients,), 0..1
    sibling_function: np.ndarray  # (patients,), 0..1
    course: np.ndarray  # (patients, seeds, checkpoints + follow-up), untreated function
    memories: np.ndarray  # (patients, seeds, checkpoints + follow-up), other memories on the untreated course

    @property
    def untreated(self) -> np.ndarray:
        """Mean untreated function at follow-up, (patients,)."""
        return self.course[:, :, -1].mean(1)

    @property
    def intake(self) -> Intake:
        """What a treatment needs of the cohort."""
        references = References(self.premorbid_function, self.untreated, self.memories.mean((1, 2)))
        return Intake(self.patient, references)


@dataclass(frozen=True)
class Recipe:
    """Everything a cohort follows from."""

    params: ModelParams
    probes: Probes
    population: Population
    youth: Youth
    context: int  # where adversity happens
    challenge: tuple[Event, ...]  # reinstatement before follow-up
    followup: int  # s on the calendar

    @property
    def hash(self) -> str:
        """Identify the cohort: same hash, same patients."""
        digest = hashlib.sha256(source_hash().encode())
        # The sources of therapy and this package decide who is admitted and how they grew up.
        for path in sorted(Path(__file__).parent.glob("*.py")):
            digest.update(path.read_bytes())
        for part in (self.params, self.probes):
            for value in _leaves(part):
                digest.update(np.asarray(value).tobytes())
        digest.update(repr((self.population, self.youth, self.context, self.challenge, self.followup)).encode())
        return digest.hexdigest()[:16]


def _leaves(tree: object) -> list:
    return [leaf for part in tree for leaf in _leaves(part)] if isinstance(tree, tuple) else [tree]


def cache_folder() -> Path:
    """Return the folder of cached cohorts (PLASTENV_CACHE, else the user's cache folder)."""
    base = os.environ.get("PLASTENV_CACHE")
    return (Path(base) if base else platformdirs.user_cache_path("plastenv")) / "cohorts"


def untreated_course(state: ModelState, recipe: Recipe, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return function and other memories, (patients, checkpoints + 1) each, on an untreated course."""
    course = remembering(arrays.copy(state), recipe.params)
    course.key[:] = [rng.derive(key, 1000 + seed) for key in state.key]
    calendar = lay_out([recipe.challenge] * len(course.clock))
    functions, memories = [], []
    for until in (*(day * DAY for day in CHECKPOINTS), recipe.followup):
        advance(course, calendar, recipe.params, until)
        measured = measure(course, recipe.params, recipe.probes)
        functions.append(measured.function)
        memories.append(measured.memories)
    return np.stack(functions, 1), np.stack(memories, 1)


def _grow(recipe: Recipe, split: str, candidates: range) -> Cohort:
    keys, traits = recipe.population.sample(split, candidates, recipe.params.anatomy.cues.shape[0])
    premorbid, sibling, patient = develop(keys, traits, recipe.params, recipe.youth, recipe.context)
    courses = [untreated_course(patient, recipe, seed) for seed in range(COURSES)]
    return Cohort(
        patient,
        premorbid,
        sibling,
        measure(premorbid, recipe.params, recipe.probes).function,
        measure(sibling, recipe.params, recipe.probes).function,
        np.stack([functions for functions, _ in courses], 1),
        np.stack([memories for _, memories in courses], 1),
    )


def _develop_block(recipe: Recipe, split: str, block: int, report: Report | None) -> Cohort:
    """Grow candidates until the block is full of patients who may be admitted."""
    admitted: list[Cohort] = []
    found, tried, told, per_batch = 0, 0, 0, BLOCK // 2
    with ThreadPoolExecutor(2) as pool:
        while found < BLOCK:
            if tried >= 20 * BLOCK:
                raise RuntimeError(f"only {found} of {tried} candidates of split '{split}' can be admitted")
            first = block * 20 * BLOCK + tried
            batches = [range(first + k * per_batch, first + (k + 1) * per_batch) for k in range(2)]
            for grown in pool.map(lambda batch: _grow(recipe, split, batch), batches):
                fit = np.flatnonzero(grown.premorbid_function - grown.untreated >= ADMISSION)
                admitted.append(arrays.take(grown, fit))
                found += len(fit)
            tried += 2 * per_batch
            if report:
                report(min(found, BLOCK) - told)
                told = min(found, BLOCK)
    return arrays.take(arrays.concatenate(admitted), slice(0, BLOCK))


def _checksum(named: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(named):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(named[name]).tobytes())
    return digest.hexdigest()


def _save(path: Path, cohort: Cohort) -> None:
    named = arrays.flatten(cohort)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, allow_pickle=False, checksum=np.array(_checksum(named)), **named)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


# NumPy parses headers by `ast`, whose state threads share before Python 3.11.8 and 3.12.2 (CPython issue 106905).
_READING = threading.Lock()


def _load(path: Path) -> Cohort | None:
    if not path.exists():
        return None
    try:
        with _READING, np.load(path, allow_pickle=False) as file:
            named = {name: file[name] for name in file.files}
        if str(named.pop("checksum")) != _checksum(named):
            raise ValueError("its checksum does not match")
        return arrays.unflatten(Cohort, named)
    except Exception as error:  # any damage is mended the same way
        warnings.warn(f"{path}: the cached cohort is damaged ({error}); it is developed anew", stacklevel=4)
        return None


class Patients:
    """The developed patients of one split, loaded or grown block by block as they are asked for."""

    def __init__(self, recipe: Recipe, split: str) -> None:
        """Raises ValueError for an unknown split."""
        if split not in SPLITS:
            raise ValueError(f"unknown split '{split}'; expected one of: {', '.join(SPLITS)}")
        self.recipe, self.split, self.hash, self.size = recipe, split, recipe.hash, SPLITS[split]
        self._blocks: dict[int, Cohort] = {}

    def _path(self, block: int) -> Path:
        return cache_folder() / self.hash / f"{self.split}-{block:02d}.npz"

    def missing(self, patients: int) -> int:
        """Return how many of the first `patients` are not on disk yet."""
        blocks = -(-patients // BLOCK)
        return BLOCK * sum(not self._path(block).exists() for block in range(blocks))

    def _block(self, block: int, report: Report | None) -> Cohort:
        if block not in self._blocks:
            path = self._path(block)
            cohort = _load(path)
            if cohort is None:
                announce()
                if report is None:
                    say = "plastenv: growing %d %s patients, once, for about a minute; 'plastenv warmup' does it ahead"
                    log.warning(say, BLOCK, self.split)
                cohort = _develop_block(self.recipe, self.split, block, report)
                try:
                    _save(path, cohort)
                except OSError as error:
                    warnings.warn(f"{path}: the cohort cannot be cached ({error})", stacklevel=4)
            self._blocks[block] = cohort
        return self._blocks[block]

    def take(self, indices: Sequence[int], report: Report | None = None) -> Cohort:
        """Return copies of the patients `indices`; `report(1)` is called whenever another one has been grown.

        Raises IndexError for a patient that the split does not have.
        """
        return self._gather(indices, report, lambda cohort: cohort)

    def intake(self, indices: Sequence[int], report: Report | None = None) -> Intake:
        """Return what `take` returns as far as a treatment needs it."""
        return self._gather(indices, report, lambda cohort: cohort.intake)

    def _gather(self, indices: Sequence[int], report: Report | None, part: Callable[[Cohort], T]) -> T:
        wanted = np.asarray(indices, np.int64)
        for index in wanted:
            if not 0 <= index < self.size:
                raise IndexError(f"patient {index} is not in split '{self.split}', which has 0 to {self.size - 1}")
        blocks = wanted // BLOCK
        parts = {block: part(self._block(int(block), report)) for block in np.unique(blocks)}
        if len(parts) == 1:
            return arrays.take(parts[blocks[0]], wanted % BLOCK)
        found = arrays.take(parts[blocks[0]], np.zeros(len(wanted), np.int64))
        for block, members in parts.items():
            here = np.flatnonzero(blocks == block)
            arrays.put(found, here, arrays.take(members, wanted[here] % BLOCK))
        return found
