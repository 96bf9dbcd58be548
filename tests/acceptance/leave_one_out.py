"""Calibrate without one cluster of studies at a time; count the passes lost; write docs/evidence/leave_one_out.json.

    python tests/acceptance/leave_one_out.py [--config configs/calibration.yaml] [--trials 40] [--jobs 2]

Every search starts at the shipped numbers and sees the studies of all clusters but one. Then all fitted studies of that
cluster run with its set, with the shipped one and with what `plastenv calibrate` has left in runs/calibration, on seeds
that no search has seen. What has finished is kept in runs/leave_one_out, so that an interrupted run goes on.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from evidence import keep, origin

from plastenv.evaluation.comparison import write_json
from plastenv.lab.battery import run_battery
from plastenv.lab.calibration import Calibration, fitted, load_calibration
from plastenv.lab.checks import StudyResult
from plastenv.lab.experiment import Experiment
from plastenv.lab.search import DETAILS, search

ROOT = Path(__file__).parents[2]
EVIDENCE, KEPT = ROOT / "docs" / "evidence" / "leave_one_out.json", ROOT / "runs" / "leave_one_out"


def optimum(calibration: Calibration) -> dict[str, Any]:
    """Return what the common search has found. Raises ValueError if there is none of this calibration."""
    path = ROOT / "runs" / "calibration" / calibration.name / DETAILS
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if found.get("digest") != calibration.digest():
        raise ValueError(f"{path}: expected the optimum of this calibration; run plastenv calibrate first")
    return found


def passes(studies: list[Experiment], values: dict[str, float], first: int, jobs: int, path: Path) -> dict[str, bool]:
    """Return which studies pass with a set; `path` keeps it."""
    if not path.exists():
        outcomes = run_battery(studies, jobs=jobs, first=first, parameters=values)
        told = {name: isinstance(each, StudyResult) and each.passed is True for name, each in outcomes.items()}
        write_json(path, {"parameters": values, "passes": told})
    found: dict[str, bool] = json.loads(path.read_text("utf-8"))["passes"]
    return found


def left_out(calibration: Calibration, cluster: str, trials: int, jobs: int) -> dict[str, Any]:
    """Return what a search without a cluster comes to on that cluster, beside the shipped numbers."""
    fewer = calibration.without(cluster).model_copy(update={"trials": trials})
    folder = KEPT / calibration.digest() / f"{cluster}-{trials}"
    folder.mkdir(parents=True, exist_ok=True)

    def tried(number: int, loss: float, lowest: float) -> None:
        print(f"{cluster}: trial {number} of {trials}, lowest {lowest:.4f}", flush=True)

    search(fewer, folder, tried)
    best = json.loads((folder / DETAILS).read_text("utf-8"))
    studies, first = [study for study in fitted() if study.cluster == cluster], calibration.run_seeds.stop
    shipped = passes(studies, {}, first, jobs, folder / "shipped.json")
    without = passes(studies, best["parameters"], first, jobs, folder / "left_out.json")
    return {
        "cluster": cluster,
        "trials": best["trials"],
        "loss": [best["first_loss"], best["loss"]],
        "parameters": best["parameters"],
        "shipped": shipped,
        "left_out": without,
        "lost": [name for name in shipped if shipped[name] and not without[name]],
        "gained": [name for name in shipped if without[name] and not shipped[name]],
    }


def main() -> None:
    """Leave out every cluster of the calibration and write the evidence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "calibration.yaml")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    begun, calibration = time.time(), load_calibration(arguments.config)
    clusters = sorted({study.cluster for study in calibration.experiments})
    common = optimum(calibration)
    found = [left_out(calibration, cluster, arguments.trials, arguments.jobs) for cluster in clusters]
    pooled = {
        "studies": sum(len(each["shipped"]) for each in found),
        "passes_of_shipped": sum(sum(each["shipped"].values()) for each in found),
        "passes_left_out": sum(sum(each["left_out"].values()) for each in found),
        "lost": sum(len(each["lost"]) for each in found),
        "gained": sum(len(each["gained"]) for each in found),
    }
    folder = KEPT / calibration.digest()
    same = [study for study in fitted() if study.cluster in clusters]
    first = calibration.run_seeds.stop
    passed = passes(same, common["parameters"], first, arguments.jobs, folder / f"found-{common['trials']}.json")
    evidence = {
        **origin(begun),
        "calibration": calibration.name,
        "pooled": pooled,
        "found": common,
        "passes_of_found": sum(passed.values()),
        "clusters": found,
    }
    keep(EVIDENCE, evidence)
    print(json.dumps(pooled, indent=1))


if __name__ == "__main__":
    main()
