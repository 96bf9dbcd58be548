"""plastenv validate --ablate all: every study without each mechanism."""

import os
import time
from pathlib import Path

import typer

from plastenv.console.results import publish
from plastenv.lab.ablation import MECHANISMS
from plastenv.lab.experiment import Experiment
from plastenv.lab.matrix import INTACT, Matrix, Shelf, collect_matrix, run_matrix
from plastenv.report.matrix import matrix_line, matrix_page, matrix_table
from plastenv.report.progress import bars


def run(
    studies: list[Experiment], seeds: int | None, first: int, out: Path, json_path: Path | None, jobs: int, quiet: bool
) -> None:
    """Run studies without each mechanism, write results.json and report.html to `out`, print what falls."""
    out.mkdir(parents=True, exist_ok=True)
    begun, matrix, stopped = time.perf_counter(), Matrix(studies, list(MECHANISMS), seeds, first), False
    with bars(steady=900.0, quiet=quiet) as progress:
        running, told = progress.add_task("cells", total=matrix.total), {INTACT}

        def finished(key: tuple[str, str]) -> None:
            mechanism, done = key[0], len(matrix.cells) + len(matrix.broken)
            progress.update(running, completed=done, total=matrix.total, description=f"cells: {key[1]}, {mechanism}")
            if mechanism not in told:
                told.add(mechanism)
                minutes = matrix.left / min(jobs, os.cpu_count() or 1) / 60
                progress.console.print(f"without {mechanism}: {done} of {matrix.total} cells, {minutes:.0f} min left")

        try:
            run_matrix(matrix, Shelf(out), jobs, finished)
        except KeyboardInterrupt:
            stopped = True
    everything = collect_matrix(matrix, time.perf_counter() - begun)
    console = publish(everything, matrix_page(everything), out, json_path)
    if not quiet:
        console.print(matrix_table(everything))
    console.print(matrix_line(everything))
    if not quiet:
        console.print(f"results.json and report.html are in {out}")
    for cell in everything["broken"]:
        without = "" if cell["mechanism"] == INTACT else f" without {cell['mechanism']}"
        typer.echo(f"plastenv: {cell['study']}{without}: {cell['error']}", err=True)
    if stopped:
        typer.echo(f"stopped; the same command goes on, {everything['unfinished']} cells are left", err=True)
    if stopped or everything["broken"]:
        raise typer.Exit(130 if stopped else 1)
