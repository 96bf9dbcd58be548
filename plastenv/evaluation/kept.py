"""Outcomes kept in files, in a folder of their task, each named after its schedule, patients and seed."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import plastenv
from plastenv.evaluation.rollout import Outcome, Schedule
from plastenv.files import whole
from plastenv.scenarios.scenario import Scenario

ROOT = Path(plastenv.__file__).parent
SOURCES = ("envs/*.py", "evaluation/rollout.py", "scenarios/*.py", "therapy/*.py")  # of outcomes, besides the cohort's


def task_hash(scenario: Scenario, split: str, cohort_hash: str) -> str:
    """Identify the task: same hash, same patients, and same rules by which they are treated and scored."""
    text = json.dumps([scenario.name, split, cohort_hash, scenario.model_dump(mode="json")], sort_keys=True)
    digest = hashlib.sha256(text.encode())
    for path in sorted(path for pattern in SOURCES for path in ROOT.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def outcome_path(folder: Path, schedule: Schedule, patients: Sequence[int], seed: int) -> Path:
    """Return the file in `folder`, a task's, for what a schedule does to `patients` who live from `seed`."""
    given = repr(schedule.protocol.administrations if schedule.protocol else type(schedule.policy).__name__)
    digest = hashlib.sha256(repr((list(patients), seed, given)).encode()).hexdigest()[:8]
    return folder / f"{schedule.name}-{digest}.npz"


def load_outcome(path: Path) -> Outcome:
    """Return the outcome that `path` holds."""
    with np.load(path) as stored:
        return Outcome(**stored)


def save_outcome(path: Path, outcome: Outcome) -> None:
    """Write an outcome to `path`; the file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **outcome._asdict())
