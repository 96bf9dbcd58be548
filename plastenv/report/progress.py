"""Progress bars on the terminal, and what is said where there is none."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from plastenv.patients.cohort import BLOCK, Patients


def bars(steady: float = 30.0, quiet: bool = False) -> Progress:
    """Return progress bars on standard error, silent unless it is a terminal, or if `quiet`.

    The time left is told by the pace of the last `steady` seconds.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True, quiet=quiet)
    idle = quiet or not console.is_terminal
    return Progress(*columns, console=console, disable=idle, speed_estimate_period=steady)


def grow(source: Patients, wanted: range, progress: Progress) -> None:
    """Grow those of the patients `wanted` who are not on disk yet."""
    missing = source.missing(wanted.stop) - source.missing(wanted.start // BLOCK * BLOCK)
    if not missing:
        return
    if not progress.console.is_terminal:
        kept = f"{BLOCK} at a time, kept for later runs"
        progress.console.print(f"growing {missing} {source.split} patients ({kept}) ...")
    growing = progress.add_task(f"growing {source.split} patients (once)", total=missing)
    source.intake(wanted, lambda grown: progress.advance(growing, grown))
    progress.remove_task(growing)
