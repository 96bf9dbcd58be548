"""Quartiles over patients of what a trace shows, day by day: little enough to be kept of every schedule."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from plastenv.envs.batch import ENDINGS
from plastenv.evaluation.trace import STAGES, Trace
from plastenv.model.types import DAY

QUARTILES = (0.25, 0.5, 0.75)
PLANNED = ENDINGS.index("horizon")
SIDES = ("own", "captor")  # the assembly that answers a cue well, and the one that captures it


class Courses(NamedTuple):
    """What is kept of a schedule's trace; quartiles come first."""

    day: np.ndarray  # (times,), d on the calendar
    levels: Mapping[str, np.ndarray]  # (quartiles, times) each, NaN where nothing was seen
    depth: Mapping[str, np.ndarray]  # (quartiles,) each, by stage
    early: Mapping[str, int]  # patients whose treatment ended before its time, by what ended it


def courses(trace: Trace) -> Courses:
    """Return the quartiles of symptoms, function, brakes, BDNF, and of early and late weights, means over cues."""
    shown = {name: getattr(trace, name) for name in ("symptoms", "nets", "nogo", "acetylation", "bdnf")}
    shown["function"] = 1.0 - trace.symptoms
    for phase in ("early", "late"):
        for side in SIDES:
            shown[f"{phase}_{side}"] = getattr(trace, f"{phase}_{side}").mean(2)
    levels = {name: np.quantile(values, QUARTILES, axis=1) for name, values in shown.items()}
    depth = {stage: np.quantile(values, QUARTILES) for stage, values in zip(STAGES, trace.depth, strict=True)}
    early = {
        ENDINGS[code]: int((trace.ending == code).sum()) for code in np.unique(trace.ending[trace.ending != PLANNED])
    }
    return Courses(trace.time / DAY, levels, depth, early)
