"""Walk through the numbers with which fitted studies pass; write plastenv/scenarios/ensemble.yaml and evidence of it.

    python tests/acceptance/ensemble.py [--keep 20] [--steps 16] [--moved 4] [--spread 0.5] [--jobs 2] [--config FILE]

Every set comes from a Metropolis walk of its own, which starts at the shipped numbers and whose target is the priors of
the calibration's candidates, cut to what passes every fitted study that the shipped numbers pass on all sets of seeds
(repeats.json); what passes on some by luck would send most steps back by luck. A step moves `--moved` candidates, drawn
by lot, by `--spread` SD; studies run on the seeds from 100, in the order of their cost, and the first that fails sends
it back. Studies on patients, which are costly, judge only where a walk has come to in the end, and before it the places
that it came from, until one passes. Steps are kept in runs/ensemble, so that an interrupted run goes on.
"""

import argparse
import json
import math
import multiprocessing
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
from battery import SETS
from evidence import ROOT, keep, origin

from plastenv.evaluation.comparison import write_json
from plastenv.files import whole
from plastenv.lab.battery import run_battery
from plastenv.lab.calibration import Calibration, fitted, load_calibration, published
from plastenv.lab.checks import StudyResult
from plastenv.patients.cohort import Patients
from plastenv.scenarios.parameters import ENSEMBLE, models
from plastenv.scenarios.scenario import load_scenario

EVIDENCE, KEPT = ROOT / "docs" / "evidence" / "ensemble.json", ROOT / "runs" / "ensemble"
FIRST = 100  # seed of every study
Places = dict[str, float]  # SD from the shipped number, by name


def passing() -> list[str]:
    """Return the fitted studies that pass as shipped on all sets of seeds, those that cost least first."""
    runs = json.loads((EVIDENCE.parent / "repeats.json").read_text("utf-8"))["runs"]
    studies = json.loads((EVIDENCE.parent / "battery.json").read_text("utf-8"))["studies"]
    seconds = {study["id"]: study["seconds"] for study in studies}
    names = [study.id for study in fitted() if all(runs[name]["passed"][study.id] for name in SETS)]
    return sorted(names, key=seconds.__getitem__)


def first_failure(values: dict[str, float], studies: list[str]) -> str | None:
    """Return the first of `studies` that does not pass with a parameter set."""
    for name in studies:
        outcome = run_battery(fitted([name]), jobs=1, first=FIRST, parameters=values)[name]
        if not isinstance(outcome, StudyResult) or not outcome.passed:
            return name
    return None


def on_patients(values: dict[str, float], studies: list[str]) -> str | None:
    """Return the first of `studies`, which are on patients, that does not pass, or why no patients can be compared."""
    try:
        Patients(load_scenario("Fear", **models(values)).recipe, "test").intake([0])
    except RuntimeError:  # too few of them may be admitted
        return "admission"
    return first_failure(values, studies)


def proposed(calibration: Calibration, here: Places, walk: int, step: int, moved: int, spread: float) -> Places | None:
    """Return where a step would go, or nothing if the priors refuse it."""
    draw = np.random.default_rng([calibration.seed, walk, step])
    there, gain = dict(here), 0.0
    for k in draw.choice(len(calibration.candidates), moved, replace=False):
        name, prior = list(calibration.candidates.items())[k]
        there[name] = here[name] + spread * float(draw.standard_normal())
        low, high = prior.range(name)
        if not low <= there[name] <= high:
            return None
        gain += (prior.penalty(here[name]) - prior.penalty(there[name])) / 2.0
    return there if draw.random() < math.exp(min(0.0, gain)) else None


def walked(path: Path, calibration: Calibration, walk: int, steps: int, moved: int, spread: float) -> dict[str, Any]:
    """Go on with a walk from what `path` keeps of it until it has tried `steps` and stands where all studies pass.

    One that has not left the shipped numbers by then goes on until it does.
    """
    studies = passing()
    costly = [name for name in studies if published()[name].preparation.kind == "patient"]
    quick = [name for name in studies if name not in costly]
    begin = dict.fromkeys(calibration.candidates, 0.0)
    kept: dict[str, Any] = {"stops": [begin], "steps": 0, "failed": [], "end": None}
    if path.exists():
        kept = json.loads(path.read_text("utf-8"))
    while kept["end"] is None:
        if kept["steps"] < steps or len(kept["stops"]) == 1:
            there = proposed(calibration, kept["stops"][-1], walk, kept["steps"], moved, spread)
            failure = first_failure(calibration.values(there), quick) if there else "prior"
            if there and failure is None:
                kept["stops"].append(there)
            kept["steps"] += 1
        else:
            failure = on_patients(calibration.values(kept["stops"][-1]), costly)
            if failure is None:
                kept["end"] = kept["stops"][-1]
            else:
                kept["stops"].pop()
        if failure:
            kept["failed"].append(failure)
        write_json(path, kept)
    return kept


def write(sets: list[dict[str, float]], heading: str) -> None:
    """Write the sets to the file that is shipped."""
    lines = [f"# {line}" for line in heading.splitlines()] + ["sets:"]
    for values in sets:
        lines += [f"  {'-' if not k else ' '} {name}: {value!r}" for k, (name, value) in enumerate(values.items())]
    with whole(ENSEMBLE) as temporary:
        temporary.write_text("\n".join(lines) + "\n", "utf-8")


def main() -> None:
    """Walk until enough walks have ended, then write what they came to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=int, default=20)
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--moved", type=int, default=4)
    parser.add_argument("--spread", type=float, default=0.5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "calibration.yaml")
    arguments = parser.parse_args()
    begun, calibration = time.time(), load_calibration(arguments.config)
    how = (arguments.steps, arguments.moved, arguments.spread)
    folder = KEPT / calibration.digest("free", "studies", "seeds", "target") / "-".join(f"{each:g}" for each in how)
    folder.mkdir(parents=True, exist_ok=True)
    studies = passing()
    print(f"{len(studies)} fitted studies pass on all sets of seeds: {', '.join(studies)}", flush=True)
    with ProcessPoolExecutor(arguments.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        walks = {
            pool.submit(walked, folder / f"walk-{number:02d}.json", calibration, number, *how): number
            for number in range(arguments.keep)
        }
        found: dict[int, dict[str, Any]] = {}
        for walk in as_completed(walks):
            found[walks[walk]] = walk.result()
            print(f"{len(found)} of {arguments.keep} walks, {time.time() - begun:.0f} s", flush=True)
    ends = [found[number]["end"] for number in range(arguments.keep)]
    distances = [float(np.linalg.norm(list(end.values()))) for end in ends]
    failed = Counter(each for walk in found.values() for each in walk["failed"])
    heading = (
        f"Parameter sets that pass the {len(studies)} fitted studies that pass as shipped on all sets of seeds.\n"
        f"Ends of {len(ends)} walks of {arguments.steps} steps, {arguments.moved} numbers at a time; commit "
        f"{origin(begun)['commit']}.\nWritten by tests/acceptance/ensemble.py; do not edit."
    )
    write([calibration.values(end) for end in ends], heading)
    evidence = {
        **origin(begun),
        "studies": studies,
        "steps": arguments.steps,
        "moved": arguments.moved,
        "spread": arguments.spread,
        "taken": [len(found[number]["stops"]) - 1 for number in range(arguments.keep)],
        "distances_sd": distances,
        "sent_back": dict(failed.most_common()),
    }
    keep(EVIDENCE, evidence)
    print(json.dumps(evidence, indent=1))


if __name__ == "__main__":
    main()
