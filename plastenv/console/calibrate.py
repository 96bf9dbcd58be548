"""plastenv calibrate: a screen, a search and a confirmation of parameter sets."""

import json
from pathlib import Path

import typer

from plastenv.console.options import writable
from plastenv.console.output import terminal
from plastenv.lab.calibration import Calibration, fitted, load_calibration
from plastenv.lab.screen import screen
from plastenv.report.calibration import best_table, screen_table
from plastenv.report.progress import bars
from plastenv.scenarios.parameters import read_parameters


def run(
    config: Path,
    trials: int | None,
    screening: bool,
    confirming: bool,
    leave_out: str | None,
    out: Path | None,
    jobs: int,
) -> None:
    """Do what is asked for: screen, search (if nothing else is, or `trials` is given), confirm.

    Raises ValueError for an option or a file that cannot be used.
    """
    for option, value in (("--trials", trials), ("--jobs", jobs)):
        if value is not None and not 1 <= value <= 100_000:
            raise ValueError(f"{option} {value}: expected a whole number from 1 to 100000")
    calibration = load_calibration(config)
    if leave_out is not None:
        calibration = calibration.without(leave_out)
    if trials is not None:
        calibration = calibration.model_copy(update={"trials": trials})
    folder = out or Path("runs/calibration") / calibration.name
    writable(folder)
    if screening:
        _screen(calibration, folder)
    if trials is not None or not (screening or confirming):
        _search(calibration, folder)
    if confirming:
        _confirm(calibration, folder, jobs)


def _screen(calibration: Calibration, folder: Path) -> None:
    with bars() as progress:
        looking = progress.add_task("candidates", total=len(calibration.candidates))
        try:
            found = screen(
                calibration,
                folder / "screen.json",
                lambda name: progress.update(looking, advance=1, description=f"candidates: {name}"),
            )
        except KeyboardInterrupt:
            progress.stop()
            typer.echo(f"stopped; what has finished is in {folder / 'screen.json'}", err=True)
            raise typer.Exit(130) from None
    terminal(160).print(screen_table(found))
    typer.echo(f"screen.json is in {folder}")


def _search(calibration: Calibration, folder: Path) -> None:
    try:
        from plastenv.lab.search import BEST, DETAILS, search
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        raise ValueError(f"calibration needs {error.name}; pip install plastenv[calibration]") from None
    stopped = False
    with bars() as progress:
        trying = progress.add_task("trials", total=calibration.trials)

        def tried(number: int, loss: float, lowest: float) -> None:
            said = f"trials: loss {loss:.4f}, lowest {lowest:.4f}"
            progress.update(trying, completed=number, description=said)

        try:
            search(calibration, folder, tried)
        except KeyboardInterrupt:
            stopped = True
    if stopped:
        typer.echo(f"stopped; trials that were complete are in {folder}, the same command goes on", err=True)
        raise typer.Exit(130)
    found = json.loads((folder / DETAILS).read_text("utf-8"))
    terminal(140).print(best_table(found))
    typer.echo(f"{BEST} and {DETAILS} are in {folder}")


def _confirm(calibration: Calibration, folder: Path, jobs: int) -> None:
    best = folder / "best.yaml"
    if not best.exists():
        raise ValueError(f"{best}: no search has left a best set; expected one before --confirm")
    from plastenv.console.studies import run as run_studies

    first = calibration.run_seeds.stop
    run_studies(fitted(), None, first, (), read_parameters(best), folder / "confirm", None, jobs)
