"""Command line. Heavy imports stay inside the commands.

Other packages add commands by the entry-point group `plastenv.commands`: a name and a function as Typer takes it.
"""

import contextlib
import sys
import warnings
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import plastenv

GROUP = "plastenv.commands"


def _joined(entry: EntryPoint) -> Any:
    """Return the command of an entry point, or one that says why there is none."""
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    try:
        single.command(entry.name)(entry.load())
    except Exception as error:  # a broken package must not take the other commands away
        problem = f"plastenv: command '{entry.name}' cannot be loaded from {entry.value}: {error}"

        @single.command(entry.name, help="Cannot be loaded.", context_settings={"ignore_unknown_options": True})
        def broken(arguments: Annotated[list[str] | None, typer.Argument(hidden=True)] = None) -> None:
            typer.echo(problem, err=True)
            raise typer.Exit(2)

    return typer.main.get_command(single)


class _Commands(TyperGroup):
    """The commands of this file and those that installed packages add, loaded when they are asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *sorted(set(entry_points(group=GROUP).names) - set(self.commands))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        known = super().get_command(ctx, cmd_name)
        if known is None:
            for entry in entry_points(group=GROUP, name=cmd_name):
                return _joined(entry)
        return known


app = typer.Typer(
    cls=_Commands,
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Search for treatments that re-open plasticity and use the window well. Research software, no medical advice.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"plastenv {plastenv.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show version.")] = False,
) -> None:
    """Search for treatments that re-open plasticity and use the window well. Research software, no medical advice."""


@contextlib.contextmanager
def complaints() -> Iterator[None]:
    """Turn a user's mistake into one message and exit code 2; show warnings as single lines."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        typer.echo(f"warning: {message}", err=True)

    warnings.showwarning = show
    try:
        yield
    except (ValueError, OSError) as error:
        typer.echo(f"plastenv: {error}", err=True)
        raise typer.Exit(2) from None


def writable(path: Path, option: str = "--out") -> None:
    """Refuse a folder that cannot be made or written, without making it; `option` asked for it."""
    nearest = path
    while not nearest.exists():
        nearest = nearest.parent
    if not nearest.is_dir():
        raise ValueError(f"{option} {path}: {nearest} is not a folder")
    import os
    import tempfile

    if not os.access(nearest, os.W_OK):
        raise ValueError(f"{option} {path}: {nearest} is not writable")
    try:  # a read-only file system refuses even root
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        raise ValueError(f"{option} {path}: {nearest} is not writable ({error.strerror})") from None


def within(source: Any, number: int) -> range:
    """Return the first `number` patients of a split, or refuse."""
    if not 1 <= number <= source.size:
        raise ValueError(f"--patients {number}: split '{source.split}' has 1 to {source.size} patients")
    return range(number)


@app.command()
def compare(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Schedule files; without any, the built-in library.")
    ] = None,
    scenario: Annotated[str, typer.Option(help="Scenario.")] = "Fear",
    patients: Annotated[int, typer.Option(help="How many patients of the split.")] = 32,
    split: Annotated[str, typer.Option(help="train, validation, test or shift.")] = "test",
    seed: Annotated[int, typer.Option(help="Sets the patients' everyday lives; patient k lives seed + k.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for results.json, episodes.parquet and figure.png.")] = Path(
        "runs/compare"
    ),
    json_path: Annotated[Path | None, typer.Option("--json", help="Write results.json here as well.")] = None,
) -> None:
    """Compare treatment schedules on the same patients and print a ranking with 95 % intervals.

    Example: plastenv compare my-schedule.yaml --patients 64
    """
    with complaints():
        _compare(files or [], scenario, patients, split, seed, out, json_path)


def _compare(
    files: list[Path], scenario_name: str, number: int, split: str, seed: int, out: Path, json_path: Path | None
) -> None:
    from rich.console import Console

    from plastenv.evaluation.comparison import Comparison, schedules, write_json
    from plastenv.patients.cohort import Patients
    from plastenv.report.progress import bars, grow
    from plastenv.scenarios.scenario import load_scenario

    task = load_scenario(scenario_name)
    source = Patients(task.recipe, split)
    indices = within(source, number)
    if not 0 <= seed < 2**62:
        raise ValueError(f"--seed {seed}: expected a whole number from 0")
    competitors = schedules(files, task)
    writable(out)
    if json_path is not None:
        writable(json_path.parent, "--json")
        if json_path.is_dir():
            raise ValueError(f"--json {json_path}: is a folder, expected a file")
    comparison = Comparison(task, split, indices, seed, source.hash)
    with bars() as progress:
        grow(source, indices, progress)
        out.mkdir(parents=True, exist_ok=True)
        treating = progress.add_task("treating", total=number * len(competitors))
        try:
            for schedule in competitors:
                progress.update(treating, description=f"treating: {schedule.name}")
                comparison.add(schedule, lambda n: progress.advance(treating, n))
                comparison.write(out)
        except KeyboardInterrupt:
            progress.stop()
            finished = ", ".join(comparison.outcomes) or "none"
            typer.echo(f"stopped; finished schedules are in {out}: {finished}", err=True)
            raise typer.Exit(130) from None
    if json_path is not None:
        write_json(json_path, comparison.results())

    from plastenv.report.figures import comparison_figure
    from plastenv.report.tables import comparison_table

    comparison_figure(comparison, out / "figure.png")
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(comparison_table(comparison))
    console.print(f"results.json, episodes.parquet and figure.png are in {out}")


@app.command()
def watch(
    schedule: Annotated[str, typer.Argument(help="Name in the library, or a file.")] = "window-then-training",
    scenario: Annotated[str, typer.Option(help="Scenario.")] = "Fear",
    patient: Annotated[int, typer.Option(help="Which patient of the split, from 0.")] = 7,
    split: Annotated[str, typer.Option(help="train, validation, test or shift.")] = "test",
    seed: Annotated[int, typer.Option(help="Sets the patient's everyday life, as in compare.")] = 0,
    gif: Annotated[Path | None, typer.Option(help="Write the episode as a GIF.")] = None,
    fps: Annotated[float, typer.Option(help="Days a second.")] = 4.0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say only what came of it.")] = False,
) -> None:
    """Watch a schedule treat one patient, day by day, in the terminal and as a GIF.

    Example: plastenv watch window-then-training --gif episode.gif
    """
    with complaints():
        _watch(schedule, scenario, patient, split, seed, gif, fps, quiet)


def _watch(
    schedule: str, scenario: str, patient: int, split: str, seed: int, gif: Path | None, fps: float, quiet: bool
) -> None:
    from rich.console import Console

    from plastenv.report.watch import PACES, find_episode, play

    if not PACES[0] <= fps <= PACES[1]:
        raise ValueError(f"--fps {fps:g}: expected {PACES[0]:g} to {PACES[1]:g} days a second")
    if gif is not None:
        if gif.suffix.lower() != ".gif" or gif.is_dir():
            raise ValueError(f"--gif {gif}: expected a file whose name ends in .gif")
        writable(gif.parent, "--gif")
    episode = find_episode(schedule, scenario, split, patient, seed)
    console = Console(width=None if sys.stdout.isatty() else 100, quiet=quiet)
    try:
        last = play(episode, console, gif, fps)
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
        raise typer.Exit(130) from None
    score, parts = last.headline
    typer.echo(f"{episode.protocol.name}: {score} ({parts})" + (f"; {gif} is written" if gif else ""))


@app.command()
def warmup(
    scenario: Annotated[str, typer.Option(help="Scenario.")] = "Fear",
    patients: Annotated[int, typer.Option(help="How many patients of the split.")] = 16,
    split: Annotated[str, typer.Option(help="train, validation, test or shift.")] = "train",
) -> None:
    """Compile the kernels and grow patients ahead of time, so that nothing waits for them later.

    Example: plastenv warmup --split test --patients 64
    """
    with complaints():
        _warmup(scenario, patients, split)


def _warmup(scenario: str, number: int, split: str) -> None:
    import time

    from plastenv.evaluation.comparison import schedules
    from plastenv.evaluation.rollout import run
    from plastenv.kernel import CACHE_FOLDER
    from plastenv.model.look import look
    from plastenv.patients.cohort import Patients, cache_folder
    from plastenv.report.progress import bars, grow
    from plastenv.scenarios.scenario import load_scenario

    begun, task = time.perf_counter(), load_scenario(scenario)
    source = Patients(task.recipe, split)
    wanted = within(source, number)
    with bars() as progress:
        grow(source, wanted, progress)
        episode = progress.add_task("treating one of them", total=1)
        random = next(schedule for schedule in schedules([], task) if schedule.policy is not None)
        run(task, random, split, [0], 0)
        look(source.take([0]).patient, task.params, task.read_outs)
        progress.advance(episode)
    typer.echo(f"kernels are in {CACHE_FOLDER}, {number} {split} patients in {cache_folder()}")
    typer.echo(f"ready after {time.perf_counter() - begun:.0f} s")
