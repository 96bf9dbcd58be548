"""plastenv watch: one patient's treatment, day by day."""

from pathlib import Path

import typer

from plastenv.console.options import writable
from plastenv.console.output import terminal
from plastenv.report.watch import PACES, find_episode, play


def run(
    schedule: str, scenario: str, patient: int, split: str, seed: int, gif: Path | None, fps: float, quiet: bool
) -> None:
    """Play an episode in the terminal at `fps` days a second, write it to `gif` if given, say what came of it.

    Raises ValueError for an option that cannot be met.
    """
    if not PACES[0] <= fps <= PACES[1]:
        raise ValueError(f"--fps {fps:g}: expected {PACES[0]:g} to {PACES[1]:g} days a second")
    if gif is not None:
        if gif.suffix.lower() != ".gif" or gif.is_dir():
            raise ValueError(f"--gif {gif}: expected a file whose name ends in .gif")
        writable(gif.parent, "--gif")
    episode = find_episode(schedule, scenario, split, patient, seed)
    console = terminal(100, quiet)
    score, parts = play(episode, console, gif, fps).headline
    typer.echo(f"{episode.protocol.name}: {score} ({parts})" + (f"; {gif} is written" if gif else ""))
