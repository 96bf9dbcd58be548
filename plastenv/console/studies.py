"""plastenv validate and plastenv calibrate --confirm: studies, their results and report."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from plastenv.console.results import publish
from plastenv.evaluation.comparison import write_json
from plastenv.lab.battery import Outcome, collect, run_battery
from plastenv.lab.experiment import Experiment
from plastenv.report.battery import MARKS, battery_table, page, summary_line
from plastenv.report.progress import bars


def run(
    studies: list[Experiment],
    seeds: int | None,
    first: int,
    ablate: tuple[str, ...],
    parameters: Mapping[str, float],
    out: Path,
    json_path: Path | None,
    jobs: int,
    quiet: bool = False,
) -> None:
    """Run studies, write results.json and report.html to `out`, print the table; `quiet` says how many passed."""
    out.mkdir(parents=True, exist_ok=True)
    begun, outcomes = time.perf_counter(), dict[str, Outcome]()

    def results() -> dict[str, Any]:
        return collect(studies, outcomes, ablate, time.perf_counter() - begun, parameters)

    stopped = False
    with bars(quiet=quiet) as progress:
        running = progress.add_task("studies", total=len(studies))

        def finished(experiment: Experiment, outcome: Outcome) -> None:
            outcomes[experiment.id] = outcome
            write_json(out / "results.json", results())
            mark = "!" if isinstance(outcome, Exception) else MARKS[outcome.passed]
            progress.update(running, advance=1, description=f"studies: {mark} {experiment.id}")

        try:
            run_battery(studies, seeds, ablate, jobs, finished, first=first, parameters=parameters)
        except KeyboardInterrupt:
            stopped = True
    everything = results()
    console = publish(everything, page(everything), out, json_path)
    if everything["studies"] and not quiet:
        console.print(battery_table(everything))
    console.print(summary_line(everything))
    if not quiet:
        console.print(f"results.json and report.html are in {out}")
    for study in everything["broken"]:
        typer.echo(f"plastenv: {study['id']} could not be run: {study['error']}", err=True)
    if stopped:
        typer.echo(f"stopped; {len(outcomes)} of {len(studies)} studies had finished", err=True)
    if stopped or everything["broken"]:
        raise typer.Exit(130 if stopped else 1)
