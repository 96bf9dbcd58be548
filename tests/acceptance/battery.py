"""Run the battery on disjoint sets of seeds and with other dead bands; write battery.json and repeats.json.

    python tests/acceptance/battery.py [--jobs 2]

The battery runs on the seeds from 0, from 100 and from 200, and from 0 with half and twice the dead band of synaptic
scaling. docs/evidence/battery.json is what `plastenv validate` writes of the first run; repeats.json, beside it, holds
verdict and margin of every study in every run. Eight minutes on two cores.
"""

import argparse
import json
import math
import time
from typing import Any

import yaml
from evidence import ROOT, keep, origin

from plastenv.lab.battery import collect, run_battery
from plastenv.lab.checks import StudyResult
from plastenv.lab.experiment import SPLIT, battery
from plastenv.scenarios.parameters import SHIPPED, row

EVIDENCE = ROOT / "docs" / "evidence"
SETS = {"seeds from 0": 0, "seeds from 100": 100, "seeds from 200": 200}
BAND = "molecular.homeostasis.dead_band"
WEIGHTS = {"high": 1.0, "medium": 0.5, "low": 0.0}  # of a study, by how sure its published result is


def given() -> set[str]:
    """Return the ids of the studies that the split was drawn over; others were added later."""
    split = yaml.safe_load(SPLIT.read_text("utf-8"))
    return {study for side in split.values() for studies in side.values() for study in studies}


def counted(studies: list[dict[str, Any]]) -> dict[str, float]:
    """Count passes of all studies, of those given, plainly and by weight, and of those that are sealed."""
    own = [study for study in studies if study["id"] in given()]
    sealed = [study for study in studies if study["kind"] == "sealed"]
    return {
        "passed": sum(study["passed"] is True for study in studies),
        "of": len(studies),
        "given_passed": sum(study["passed"] is True for study in own),
        "given": len(own),
        "given_passed_weighted": sum(WEIGHTS[study["confidence"]] for study in own if study["passed"]),
        "given_weighted": sum(WEIGHTS[study["confidence"]] for study in own),
        "sealed_passed": sum(study["passed"] is True for study in sealed),
        "sealed": len(sealed),
    }


def main() -> None:
    """Run the battery as often as it takes and write the evidence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2)
    jobs, begun, studies = parser.parse_args().jobs, time.time(), battery()
    band = row(BAND).value
    runs = {name: (first, SHIPPED) for name, first in SETS.items()}
    runs |= {f"{times} times the dead band": (0, {BAND: times * band}) for times in (0.5, 2.0)}
    repeats: dict[str, Any] = {}
    for name, (first, values) in runs.items():
        since = time.time()
        outcomes = run_battery(studies, jobs=jobs, first=first, parameters=values)
        found = collect(studies, outcomes, (), time.time() - since, values)
        if not repeats:
            keep(EVIDENCE / "battery.json", found)
        told = {study: each.margin for study, each in outcomes.items() if isinstance(each, StudyResult)}
        margins = {study: margin if math.isfinite(margin) else None for study, margin in told.items()}
        passed = {study["id"]: study["passed"] for study in found["studies"]}
        repeats[name] = {"counts": counted(found["studies"]), "passed": passed, "margins": margins}
        print(f"{name}: {json.dumps(repeats[name]['counts'])}", flush=True)
    keep(EVIDENCE / "repeats.json", {**origin(begun), "runs": repeats})


if __name__ == "__main__":
    main()
