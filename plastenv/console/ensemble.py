"""plastenv compare --ensemble: the same schedules under other parameter sets."""

from collections.abc import Sequence
from pathlib import Path

from rich.progress import Progress

from plastenv.evaluation.comparison import Comparison
from plastenv.evaluation.ensemble import Ensemble
from plastenv.evaluation.kept import task_hash
from plastenv.evaluation.rollout import Schedule
from plastenv.patients.cohort import Patients
from plastenv.report.progress import grow
from plastenv.scenarios.parameters import models, read_ensemble
from plastenv.scenarios.scenario import load_scenario


def first_sets(number: int) -> list[dict[str, float]]:
    """Return the first parameter sets of those that are shipped. Raises ValueError if there are fewer than `number`."""
    shipped = read_ensemble()
    if not 1 <= number <= len(shipped):
        raise ValueError(f"--ensemble {number}: expected 1 to {len(shipped)}, the number of sets that are shipped")
    return shipped[:number]


def compare_others(
    comparison: Comparison,
    competitors: Sequence[Schedule],
    sets: Sequence[dict[str, float]],
    out: Path,
    progress: Progress,
) -> None:
    """Run the schedules of a comparison under other parameter sets; results.json is written after each set.

    Raises ValueError for a set with which no cohort can be grown.
    """
    split, patients = comparison.split, range(len(comparison.patients))
    ensemble = comparison.ensemble = Ensemble(out / "ensemble", split, patients, comparison.seed)
    treating = progress.add_task("other sets", total=len(sets) * len(patients) * len(competitors))
    for number, values in enumerate(sets, 1):
        task = load_scenario(comparison.scenario.name, **models(values))
        source = Patients(task.recipe, split)
        if not progress.console.is_terminal:
            progress.console.print(f"set {number} of {len(sets)}")
        try:
            grow(source, patients, progress)
        except RuntimeError as error:
            raise ValueError(f"--ensemble: set {number}: {error}") from None

        def treated(schedule: str, more: int, number: int = number) -> None:
            progress.update(treating, advance=more, description=f"set {number}: {schedule}")

        ensemble.add(task, task_hash(task, split, source.hash), competitors, treated)
        comparison.write(out)
