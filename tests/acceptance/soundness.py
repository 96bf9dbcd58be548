"""Check that results do not hang on numerics; write docs/evidence/soundness.json.

    python tests/acceptance/soundness.py [--patients 64] [--only PART ...]

order      of what moves a patient between events, against what it is built for (orders.py), in double precision
episodes   representative everyday episodes against every episode simulated
units      128 units against 64, the cohort grown anew
precision  the whole package in double precision against the shipped one, on the same patients

Double precision is the same source with every `float32` of circuit, molecules and model read as `float64`, built in
runs/soundness. Outcomes are kept there too, so that an interrupted run goes on where it stopped.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from evidence import keep, origin, tell
from main_job import flips, kept
from orders import lend

import plastenv
from plastenv import arrays
from plastenv.envs import batch
from plastenv.evaluation.comparison import Comparison, schedules
from plastenv.evaluation.kept import outcome_path
from plastenv.evaluation.rollout import Outcome, run
from plastenv.files import whole
from plastenv.model.measure import measure
from plastenv.patients.cohort import ADMISSION, Patients
from plastenv.patients.development import develop
from plastenv.scenarios.scenario import Scenario, load_scenario

ROOT = Path(__file__).parents[2]
EVIDENCE, KEPT = ROOT / "docs" / "evidence" / "soundness.json", ROOT / "runs" / "soundness"
PARTS = ("order", "episodes", "units", "precision")
SPLIT, POINTS, UNITS, CANDIDATES = "test", 2.0, 128, 8
SINGLE = ("circuit", "molecular", "model", "patients", "scenarios")  # parts of the package that hold numbers as float32


def outcomes(task: Scenario, patients: int, folder: Path) -> dict[str, Outcome]:
    """Run the library on the first `patients`; what `folder` holds already is not run again."""
    found = {}
    for schedule in schedules([], task):
        path = outcome_path(folder, schedule, range(patients), 0)
        found[schedule.name] = kept(
            path, lambda schedule=schedule: run(task, schedule, SPLIT, range(patients), 0, threads=2)
        )
    return found


def shipped(task: Scenario, patients: int) -> tuple[Comparison, Path]:
    """Return the library's outcomes as the package ships, and the folder of this task and number of patients."""
    comparison = Comparison(task, SPLIT, range(patients), 0, Patients(task.recipe, SPLIT).hash)
    folder = KEPT / f"{comparison.task_hash}-{patients}"
    comparison.outcomes = outcomes(task, patients, folder / "shipped")
    comparison.schedules = {schedule.name: schedule for schedule in schedules([], task)}
    return comparison, folder


def compared(one: dict[str, Outcome], other: dict[str, Outcome]) -> dict[str, Any]:
    """Say by how much the scores of `other` differ from those of `one`, schedule by schedule."""
    moved = {name: other[name].score - one[name].score for name in one}
    return {
        "moved": {name: float(points.mean()) for name, points in moved.items()},
        "of_a_patient": {name: float(np.abs(points).mean()) for name, points in moved.items()},
        "largest": max(abs(float(points.mean())) for points in moved.values()),
    }


def double_build() -> Path:
    """Return the folder of the package in double precision, made of today's source."""
    source = Path(plastenv.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(source.rglob("*.py")):
        digest.update(path.read_bytes())
    folder = KEPT / f"double-{digest.hexdigest()[:12]}"
    if folder.exists():
        return folder
    part = folder.with_suffix(f".part{os.getpid()}")
    shutil.copytree(source, part / "plastenv", ignore=shutil.ignore_patterns("__pycache__"))
    for path in part.rglob("*.py"):
        if path.relative_to(part / "plastenv").parts[0] in SINGLE:
            path.write_text(path.read_text("utf-8").replace("float32", "float64"), "utf-8")
    part.rename(folder)
    return folder


def in_double(script: str, *arguments: str) -> str:
    """Run a script of this folder on the double build and return what it prints."""
    environment = os.environ | {"PYTHONPATH": str(double_build()), "PLASTENV_CACHE": str(KEPT / "cohorts")}
    command = [sys.executable, str(Path(__file__).with_name(script)), *arguments]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def hand_over(task: Scenario, patients: int, path: Path) -> Path:
    """Write the patients as single precision grew them to `path`."""
    with whole(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays.flatten(Patients(task.recipe, SPLIT).take(range(patients))))
    return path


def order(task: Scenario, patients: int) -> tuple[dict[str, bool], dict]:
    cohort = hand_over(task, 1, KEPT / "orders.npz")
    found = json.loads(in_double("orders.py", "--cohort", str(cohort)))
    holds = {f"order of {name} is nominal": kernel["holds"] for name, kernel in found["kernels"].items()}
    holds["order of the composition is nominal"] = found["composition"]["holds"]
    holds["the composition measured is the model's own"] = found["composition"]["away_from_the_model"] < 1e-12
    return holds, found


def episodes(task: Scenario, patients: int) -> tuple[dict[str, bool], dict]:
    comparison, folder = shipped(task, patients)
    remember = batch.remembering
    batch.remembering = lambda state, params: state  # no room, so nothing is remembered
    try:
        every = outcomes(task, patients, folder / "every-episode")
    finally:
        batch.remembering = remember
    found = compared(comparison.outcomes, every)
    return {"every episode simulated moves no score by more than 2": found["largest"] <= POINTS}, found


def units(task: Scenario, patients: int) -> tuple[dict[str, bool], dict]:
    comparison, folder = shipped(task, patients)
    larger = load_scenario(task.name, anatomy=task.anatomy.model_dump() | {"units": UNITS})
    claim, grown = f"{UNITS} units flip no pair", pilot(larger)
    if grown["admissible"] < 2:
        return {claim: False}, {"units": UNITS, "pilot": grown, "problem": "hardly anybody grows up to be admitted"}
    cohort = Patients(larger.recipe, SPLIT).take(range(patients))
    again = outcomes(larger, patients, folder / f"units-{UNITS}")
    turned = flips(comparison.results(), again)
    found = {
        "units": UNITS,
        "pilot": grown,
        "scores": {
            name: [float(comparison.outcomes[name].score.mean()), float(again[name].score.mean())] for name in again
        },
        "premorbid": float(cohort.premorbid_function.mean()),
        "untreated": float(cohort.untreated.mean()),
        "flipped": turned,
    }
    return {claim: not turned}, found


def pilot(task: Scenario) -> dict[str, Any]:
    """Grow a few candidates, before hours go into a cohort; say how they function and how many might be admitted."""
    recipe = task.recipe
    keys, traits = recipe.population.sample(SPLIT, range(CANDIDATES), recipe.params.anatomy.cues.shape[0])
    grown = develop(keys, traits, recipe.params, recipe.youth, recipe.context)
    premorbid, sibling, patient = (measure(state, recipe.params, recipe.probes).function for state in grown)
    return {
        "candidates": CANDIDATES,
        "admissible": int((premorbid - patient >= ADMISSION).sum()),
        "premorbid": float(premorbid.mean()),
        "sibling": float(sibling.mean()),
        "patient": float(patient.mean()),
    }


def precision(task: Scenario, patients: int) -> tuple[dict[str, bool], dict]:
    comparison, folder = shipped(task, patients)
    cohort = hand_over(task, patients, folder / "cohort.npz")
    double = folder / "double"
    in_double("soundness.py", "--patients", str(patients), "--lent", str(cohort), "--into", str(double))
    found = compared(comparison.outcomes, outcomes(task, patients, double))
    return {"double precision moves no score by more than 2": found["largest"] <= POINTS}, found


CHECKS: dict[str, Callable[[Scenario, int], tuple[dict[str, bool], dict]]] = {
    "order": order, "episodes": episodes, "units": units, "precision": precision,
}  # fmt: skip


def main() -> None:
    """Check every claim and write the evidence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=64)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--lent", type=Path, help="run the library on these patients and stop; for double precision")
    parser.add_argument("--into", type=Path, help="where its outcomes go")
    arguments = parser.parse_args()
    number, begun, task = arguments.patients, time.time(), load_scenario("Fear")
    KEPT.mkdir(parents=True, exist_ok=True)
    if arguments.lent:
        lend(arguments.lent)
        outcomes(task, number, arguments.into)
        return
    holds: dict[str, bool] = {}
    figures: dict[str, Any] = {}
    for part in arguments.only:
        started = time.time()
        held, figures[part] = CHECKS[part](task, number)
        holds |= held
        figures[part]["seconds"] = round(time.time() - started)
        print(f"{part}: {figures[part]['seconds']} s", flush=True)
    evidence = {**origin(begun), "patients": number, "split": SPLIT, "holds": holds, "figures": figures}
    if set(arguments.only) == set(PARTS):
        keep(EVIDENCE, evidence)
    print(json.dumps(figures, indent=1, default=float))
    tell(holds)


if __name__ == "__main__":
    main()
