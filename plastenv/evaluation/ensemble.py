"""Whether the order of schedules holds under other parameter sets.

Every set of an ensemble is a world of its own: its patients grow up in it, and all schedules treat them. Outcomes are
kept as they come in, so that an interrupted run goes on where it stopped.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from plastenv.evaluation.kept import load_outcome, outcome_path, save_outcome
from plastenv.evaluation.rollout import Schedule, run
from plastenv.scenarios.scenario import Scenario


class Ensemble:
    """Mean scores of schedules under every parameter set, as they come in, and what follows from them."""

    def __init__(self, folder: Path, split: str, patients: Sequence[int], seed: int) -> None:
        """Keep outcomes in `folder`; patients, split and seed are those of the comparison."""
        self.folder, self.split, self.patients, self.seed = folder, split, list(patients), seed
        self.scores: list[dict[str, float]] = []  # of every set that has finished

    def add(
        self, scenario: Scenario, task: str, schedules: Sequence[Schedule], tick: Callable[[str, int], None]
    ) -> None:
        """Run all schedules under one more set.

        `scenario` is made of the set, `task` identifies it with its patients, and `tick(schedule, n)` is called when n
        more patients have been treated.
        """
        scores = {}
        for schedule in schedules:
            name, path = schedule.name, outcome_path(self.folder / task, schedule, self.patients, self.seed)
            if path.exists():
                outcome = load_outcome(path)
                tick(name, len(self.patients))
            else:
                outcome = run(scenario, schedule, self.split, self.patients, self.seed, partial(tick, name))
                save_outcome(path, outcome)
            scores[name] = float(np.mean(outcome.score))
        self.scores.append(scores)

    def results(self, ranked: Sequence[str]) -> dict[str, Any]:
        """Return what results.json holds; `ranked` are the schedules, best first, with the shipped numbers.

        For each schedule the share of sets in which it is best, and its scores; for each pair the shares of sets in
        which the first, better with the shipped numbers, has the higher mean score too, and in which it has the lower.
        """
        table = {name: np.array([scores[name] for scores in self.scores]) for name in ranked}
        best = [max(scores, key=scores.__getitem__) for scores in self.scores]
        return {
            "sets": len(self.scores),
            "schedules": [
                {"name": name, "best": best.count(name) / max(1, len(best)), "scores": own.tolist()}
                for name, own in table.items()
            ],
            "pairs": [
                {
                    "a": a,
                    "b": b,
                    "holds": float(np.mean(table[a] > table[b])),
                    "reversed": float(np.mean(table[a] < table[b])),
                }
                for k, a in enumerate(ranked)
                for b in ranked[k + 1 :]
                if self.scores
            ],
        }
