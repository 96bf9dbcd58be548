"""Compare schedules on the same patients and the same lives."""

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import plastenv
from plastenv.evaluation.clinical import Observable, halves, needed, observables, rates
from plastenv.evaluation.courses import Courses, courses
from plastenv.evaluation.ensemble import Ensemble
from plastenv.evaluation.kept import task_hash
from plastenv.evaluation.rollout import Outcome, RandomPolicy, Schedule, recorded
from plastenv.evaluation.statistics import Interval, interval
from plastenv.files import whole
from plastenv.scenarios.scenario import Scenario
from plastenv.therapy.protocol import Protocol, find, library

TWIN = "untreated"
EVERY = "library"  # stands for every schedule of the library, and CHANCE
CHANCE = "random"
CONTROLS = (TWIN, "training-spaced")  # over whom the number needed to treat is told, where they were compared
EPISODE_COLUMNS = tuple(name for name in Outcome._fields if name != "course")
NOON = 12  # h between looks at patients, so that what lasts for hours after a morning's dose is seen


def schedules(named: Sequence[str | Path], scenario: Scenario) -> list[Schedule]:
    """Return the schedules that are named: files, names in the library, or 'library' for all of it, as without any.

    Raises ProtocolError for a file that cannot be used and ValueError for a name that is unknown or given twice.
    """
    shipped = library(scenario.horizon_days)
    protocols: list[Protocol] = []
    for name in named or [EVERY]:
        protocols += shipped if name == EVERY else [find(str(name), scenario.horizon_days, scenario.interventions)]
    found = [Schedule(p.name, p.source, p.title, protocol=p) for p in protocols]
    if not named or EVERY in named:
        found.append(
            Schedule(CHANCE, "chance", "A random legal menu action on a third of the days", policy=RandomPolicy())
        )
    for name in {schedule.name for schedule in found}:
        if sum(schedule.name == name for schedule in found) > 1:
            raise ValueError(f"two schedules are called '{name}'; expected different names")
    for schedule in found:
        if schedule.name == TWIN and schedule.protocol and schedule.protocol.administrations:
            raise ValueError(f"a schedule that gives something is called '{TWIN}', the natural course; rename it")
    if TWIN not in {schedule.name for schedule in found}:
        twin = next(p for p in shipped if p.name == TWIN)
        found.insert(0, Schedule(twin.name, twin.source, twin.title, protocol=twin))
    return sorted(found, key=lambda schedule: schedule.name != TWIN)


class Comparison:
    """Outcomes of schedules as they come in, and the results that follow from them."""

    def __init__(self, scenario: Scenario, split: str, patients: Sequence[int], seed: int, cohort_hash: str) -> None:
        """Compare on `patients` of `split`; `seed` sets their lives."""
        self.scenario, self.split, self.patients, self.seed = scenario, split, list(patients), seed
        self.task_hash = task_hash(scenario, split, cohort_hash)
        self.wanted: list[str] = []  # schedules that are to be compared
        self.outcomes: dict[str, Outcome] = {}
        self.schedules: dict[str, Schedule] = {}
        self.courses: dict[str, Courses] = {}  # of schedules that were added, not read from a file
        self.ensemble: Ensemble | None = None  # the same under other parameter sets
        self._rows: dict[str, dict[str, Any]] = {}  # worked out once, for results are written again and again
        self._differences: dict[tuple[str, str], Interval] = {}

    def add(self, schedule: Schedule, tick: Callable[[int], None] | None = None, **options: Any) -> Outcome:
        """Run one schedule and keep its outcome. Raises ValueError for a name that is taken."""
        if schedule.name in self.outcomes:
            raise ValueError(f"schedule '{schedule.name}' has been compared already")
        outcome, trace = recorded(
            self.scenario, schedule, self.split, self.patients, self.seed, tick, hours=NOON, **options
        )
        self.courses[schedule.name], self.schedules[schedule.name] = courses(trace), schedule
        self.outcomes[schedule.name] = outcome  # last: what has an outcome has finished
        return outcome

    @property
    def unfinished(self) -> list[str]:
        """Names of the schedules that were wanted and have not been compared."""
        return [name for name in self.wanted if name not in self.outcomes]

    @cached_property
    def observables(self) -> list[Observable]:
        """What is seen of the patients before the first day, whatever the schedule."""
        return observables(self.scenario, self.split, self.patients, self.seed)

    def ranked(self) -> list[str]:
        """Names of the finished schedules, best score first."""
        return sorted(self.outcomes, key=lambda name: -float(np.mean(self.outcomes[name].score)))

    def row(self, name: str) -> dict[str, Any]:
        """Summarise one schedule; the twin has to be there first."""
        if name not in self._rows:
            self._rows[name] = self._summary(name)
        return self._rows[name]

    def _summary(self, name: str) -> dict[str, Any]:
        outcome = self.outcomes[name]
        twin = self.outcomes.get(TWIN)
        return {
            "name": name,
            "title": self.schedules[name].title,
            "source": self.schedules[name].source,
            "score": interval(outcome.score, self.seed)._asdict(),
            "function_end": float(np.mean(outcome.function_end)),
            "function_followup": float(np.mean(outcome.function_followup)),
            "treated_minus_twin": None
            if twin is None
            else interval(outcome.function_followup - twin.function_followup, self.seed)._asdict(),
            **rates(outcome),
            "harm": float(np.mean(outcome.harm)),
            "burden": float(np.mean(outcome.burden)),
            "ended_early": None if (kept := self.courses.get(name)) is None else dict(kept.early),
            "depth": self._depth(name),
            "responders": halves(outcome, self.observables, self.seed),
        }

    def _depth(self, name: str) -> dict[str, list[float]] | None:
        """Return the quartiles of basin depth at every stage that was seen."""
        kept = self.courses.get(name)
        return None if kept is None else {stage: quartiles.tolist() for stage, quartiles in kept.depth.items()}

    def _needed(self, name: str) -> list[dict[str, Any]]:
        """Return how many have to be treated for one more response, over every control that has been compared."""
        others = [other for other in CONTROLS if other in self.outcomes and other != name]
        return [{"over": other, **needed(self.outcomes[name], self.outcomes[other])} for other in others]

    def difference(self, a: str, b: str) -> Interval:
        """Return by how much `a` scores above `b`, paired."""
        if (a, b) not in self._differences:
            self._differences[a, b] = interval(self.outcomes[a].score - self.outcomes[b].score, self.seed)
        return self._differences[a, b]

    def ahead(self) -> Interval | None:
        """Return by how much the best schedule scores above the next, paired; None without a next."""
        best, *others = self.ranked()
        return self.difference(best, others[0]) if others else None

    def results(self) -> dict[str, Any]:
        """Everything that results.json holds; differences are paired over patients."""
        names = self.ranked()
        differences = [
            {"a": a, "b": b, **self.difference(a, b)._asdict()} for i, a in enumerate(names) for b in names[i + 1 :]
        ]
        others = {"ensemble": self.ensemble.results(names)} if self.ensemble and self.ensemble.scores else {}
        return {
            "scenario": self.scenario.name,
            "split": self.split,
            "patients": len(self.patients),
            "seed": self.seed,
            "version": plastenv.__version__,
            "task_hash": self.task_hash,
            "schedules": [self.row(name) | {"needed_to_treat": self._needed(name)} for name in names],
            "differences": differences,
            "unfinished": self.unfinished,
            **others,
        }

    def episodes(self) -> pa.Table:
        """One row per schedule and patient."""
        columns: dict[str, list] = {"schedule": [], "patient": [], "seed": []}
        columns |= {name: [] for name in EPISODE_COLUMNS}
        for name, outcome in self.outcomes.items():
            columns["schedule"] += [name] * len(self.patients)
            columns["patient"] += self.patients
            columns["seed"] += [self.seed + k for k in range(len(self.patients))]
            for column in EPISODE_COLUMNS:
                columns[column] += getattr(outcome, column).tolist()
        return pa.table(columns)

    def write(self, out: Path) -> None:
        """Write results.json and episodes.parquet for what has finished; each file appears whole or not at all."""
        write_json(out / "results.json", self.results())
        with whole(out / "episodes.parquet") as temporary:
            pq.write_table(self.episodes(), temporary)


def write_json(path: Path, content: Any) -> None:
    """Write `content` as JSON so that the file appears whole or not at all."""
    with whole(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", "utf-8")
