"""Find parameter sets that pass what the shipped numbers pass; write plastenv/scenarios/ensemble.yaml.

    python tests/acceptance/ensemble.py [--keep 20] [--tries 1000] [--spread 0.5] [--lose 0] [--jobs 2]
        [--config FILE]

All candidates of the calibration are drawn anew for every try, from their priors with SDs `--spread` times as wide. A
set is kept if it passes every fitted study that the shipped numbers pass, `--lose` of them excepted, on the same seeds;
studies run in the order of their cost, those on animals and patients last, and one failure too many ends a try. Tries
are kept in runs/ensemble, so that an interrupted run goes on where it stopped. The file is written whenever a set is
found.
"""

import argparse
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from evidence import ROOT, origin

from plastenv.evaluation.comparison import write_json
from plastenv.files import whole
from plastenv.lab.battery import run_battery
from plastenv.lab.bench import COHORTS
from plastenv.lab.calibration import Calibration, fitted, load_calibration, published
from plastenv.lab.checks import StudyResult
from plastenv.patients.cohort import Patients
from plastenv.scenarios.parameters import ENSEMBLE, models
from plastenv.scenarios.scenario import load_scenario

KEPT = ROOT / "runs" / "ensemble"


def passing(folder: Path, jobs: int) -> list[str]:
    """Return the fitted studies that pass with the shipped numbers, those that cost least first."""
    path = folder / "shipped.json"
    if not path.exists():
        outcomes = run_battery(fitted(), jobs=jobs)
        seconds = {
            name: found.seconds for name, found in outcomes.items() if isinstance(found, StudyResult) and found.passed
        }
        kinds = {name: published()[name].preparation.kind in COHORTS for name in seconds}
        write_json(path, sorted(seconds, key=lambda name: (kinds[name], seconds[name])))
    names: list[str] = json.loads(path.read_text("utf-8"))
    return names


def drawn(calibration: Calibration, number: int, spread: float) -> dict[str, float]:
    """Return the parameter set of a try."""
    places = np.random.default_rng([calibration.seed, number]).normal(0.0, spread, len(calibration.candidates))
    return calibration.values(dict(zip(calibration.candidates, places.tolist(), strict=True)))


def attempt(path: Path, values: dict[str, float], studies: list[str], lose: int) -> None:
    """Run the studies with a parameter set until more than `lose` fail, and write what came of it to `path`.

    A set that is kept must also let patients grow up, on which schedules are compared.
    """
    begun, failed = time.perf_counter(), list[str]()
    for name in studies:
        outcome = run_battery(fitted([name]), jobs=1, parameters=values)[name]
        if not isinstance(outcome, StudyResult) or not outcome.passed:
            failed.append(name)
        if len(failed) > lose:
            break
    kept = len(failed) <= lose
    if kept:
        try:
            Patients(load_scenario("Fear", **models(values)).recipe, "test").intake([0])
        except RuntimeError:  # too few of them may be admitted
            kept = False
    seconds = round(time.perf_counter() - begun, 1)
    write_json(path, {"values": values, "kept": kept, "failed": failed, "seconds": seconds})


def tried(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what came of every try."""
    for path in sorted(folder.glob("try-*.json")):
        yield json.loads(path.read_text("utf-8"))


def losses(tries: list[dict[str, Any]]) -> str:
    """Say which studies failed, and how often."""
    counts = Counter(name for each in tries for name in each["failed"])
    return ", ".join(f"{name} fails {number}" for name, number in counts.most_common())


def write(sets: list[dict[str, float]], heading: str) -> None:
    """Write the sets to the file that is shipped."""
    lines = [f"# {line}" for line in heading.splitlines()] + ["sets:"]
    for values in sets:
        lines += [f"  {'-' if not k else ' '} {name}: {value!r}" for k, (name, value) in enumerate(values.items())]
    with whole(ENSEMBLE) as temporary:
        temporary.write_text("\n".join(lines) + "\n", "utf-8")


def main() -> None:
    """Try sets until enough are kept or the tries are over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=int, default=20)
    parser.add_argument("--tries", type=int, default=1000)
    parser.add_argument("--spread", type=float, default=0.5)
    parser.add_argument("--lose", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "calibration.yaml")
    arguments = parser.parse_args()
    commit, calibration = origin(time.time())["commit"], load_calibration(arguments.config)
    kept = KEPT / calibration.digest("free", "studies", "seeds", "target")
    folder = kept / f"spread-{arguments.spread:g}-lose-{arguments.lose}"
    folder.mkdir(parents=True, exist_ok=True)
    studies = passing(kept, arguments.jobs)
    print(f"{len(studies)} fitted studies pass with the shipped numbers: {', '.join(studies)}", flush=True)
    with ProcessPoolExecutor(arguments.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        for first in range(0, arguments.tries, arguments.jobs):
            paths = {number: folder / f"try-{number:04d}.json" for number in range(first, first + arguments.jobs)}
            waiting = [
                pool.submit(attempt, path, drawn(calibration, number, arguments.spread), studies, arguments.lose)
                for number, path in paths.items()
                if not path.exists()
            ]
            for future in waiting:
                future.result()
            done = list(tried(folder))
            sets = [each["values"] for each in done if each["kept"]]
            if waiting:
                seconds = sum(each["seconds"] for each in done) / len(done)
                print(f"{len(sets)} of {len(done)} tries kept, {seconds:.0f} s each; {losses(done)}", flush=True)
            if sets:
                heading = (
                    f"Parameter sets that pass the {len(studies)} fitted studies that the shipped numbers pass, "
                    f"but for at most {arguments.lose}.\n"
                    f"{len(sets)} of {len(done)} draws from priors with SDs {arguments.spread:g} times as wide; commit "
                    f"{commit}.\nWritten by tests/acceptance/ensemble.py; do not edit."
                )
                write(sets[: arguments.keep], heading)
            if len(sets) >= arguments.keep:
                break


if __name__ == "__main__":
    main()
