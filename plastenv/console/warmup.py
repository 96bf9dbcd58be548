"""plastenv warmup: kernels and patients ahead of time."""

import time

import typer

from plastenv.console.options import within
from plastenv.evaluation import rollout
from plastenv.evaluation.comparison import schedules
from plastenv.kernel import CACHE_FOLDER
from plastenv.model.look import look
from plastenv.patients.cohort import Patients, cache_folder
from plastenv.report.progress import bars, grow
from plastenv.scenarios.scenario import load_scenario


def run(scenario: str, number: int, split: str, quiet: bool) -> None:
    """Grow the first patients of a split and treat one, so that every kernel is compiled; say where all is kept.

    Raises ValueError for an option that cannot be met.
    """
    begun, task = time.perf_counter(), load_scenario(scenario)
    source = Patients(task.recipe, split)
    wanted = within(source, number)
    with bars(quiet=quiet) as progress:
        grow(source, wanted, progress)
        episode = progress.add_task("treating one of them", total=1)
        random = next(schedule for schedule in schedules([], task) if schedule.policy is not None)
        rollout.run(task, random, split, [0], 0, observe="biomarkers")
        look(source.take([0]).patient, task.params, task.read_outs)
        progress.advance(episode)
    if not quiet:
        typer.echo(f"kernels are in {CACHE_FOLDER}, {number} {split} patients in {cache_folder()}")
    typer.echo(f"ready after {time.perf_counter() - begun:.0f} s")
