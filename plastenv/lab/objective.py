"""What a parameter set is worth: how far the checks of a few quick studies are from being safe.

    loss = mean over studies of s / (1 + s) + weight x sum of z^2,     s = max(0, target - worst margin)

Margins are those of checks.py; what cannot be told or run counts as 1. All sets meet the same seeds, so that they
differ by their numbers only. z is the distance of a number from the shipped one, in SD of its log-normal prior.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plastenv.lab.battery import Runner, run_battery
from plastenv.lab.calibration import Calibration
from plastenv.lab.checks import StudyResult
from plastenv.lab.experiment import Check, Experiment
from plastenv.lab.quantity import quantity


@dataclass(frozen=True, slots=True)
class Score:
    """What came of one parameter set."""

    loss: float
    misfit: float  # of the studies
    penalty: float  # of the priors
    margins: dict[str, dict[str, float | None]]  # study -> required check -> margin; None = it cannot be told
    broken: dict[str, str]  # study -> why it could not be run
    seconds: float

    @property
    def studies(self) -> dict[str, float | None]:
        """The margin of every study, that of its worst check."""
        found = {study: worst(list(checks.values())) for study, checks in self.margins.items()}
        return {study: None if math.isnan(margin) else margin for study, margin in found.items()}


def worst(margins: Sequence[float | None]) -> float:
    """Return the lowest of a study's margins; NaN if one cannot be told, or there is none."""
    return float(np.min([math.nan if margin is None else margin for margin in margins] or [math.nan]))


def shortfall(margin: float | None, target: float) -> float:
    """Return what a margin lacks to the target, from 0 to 1 in the limit; 1 for one that cannot be told."""
    if margin is None or math.isnan(margin):
        return 1.0
    lacking = max(0.0, target - margin)
    return lacking / (1.0 + lacking)


def score(calibration: Calibration, places: dict[str, float], runner: Runner | None = None) -> Score:
    """Run the studies of `calibration` with the numbers that lie `places`, SD by name, from the shipped ones."""
    begun, seeds = time.perf_counter(), calibration.run_seeds
    values = calibration.values(places)
    outcomes = run_battery(
        calibration.experiments, len(seeds), jobs=1, runner=runner, first=seeds.start, parameters=values
    )
    margins: dict[str, dict[str, float | None]] = {}
    broken = {}
    for study, outcome in outcomes.items():
        margins[study] = {}
        if isinstance(outcome, StudyResult):
            told = {check.name: check.margin for check in outcome.checks if check.required}
            margins[study] = {name: margin if math.isfinite(margin) else None for name, margin in told.items()}
        else:
            broken[study] = f"{type(outcome).__name__}: {outcome}"
    lacking = [shortfall(worst(list(checks.values())), calibration.target) for checks in margins.values()]
    misfit = float(np.mean(lacking))
    penalty = calibration.prior_weight * sum(calibration.candidates[name].penalty(z) for name, z in places.items())
    return Score(misfit + penalty, misfit, penalty, margins, broken, time.perf_counter() - begun)


def independent(studies: Sequence[Experiment]) -> int:
    """Count the independent checks of `studies`: in each, the rank of what its required checks ask of its read-outs."""
    return sum(_rank(study) for study in studies)


def _rank(study: Experiment) -> int:
    readouts = list(study.readouts)
    keys = [f"{arm}@{readout}" for arm in study.arms for readout in readouts]
    rows = []
    for check in study.checks:
        if check.required:
            row = dict.fromkeys(keys, 0.0)
            for text, factor in ((check.quantity, 1.0), (check.of or "1", -_middle(check))):
                for term in quantity(text).terms:
                    row[term.key(readouts)] += factor * term.factor
            rows.append(list(row.values()))
    return int(np.linalg.matrix_rank(np.array(rows)))


def _middle(check: Check) -> float:
    """Return the multiple of its contrast that a check compares its quantity with."""
    if check.between is not None:
        return sum(check.between) / 2
    return check.at_least or 0.0
