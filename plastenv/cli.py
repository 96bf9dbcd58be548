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


def writable_json(path: Path | None) -> None:
    """Refuse a file for --json that cannot be written, without making anything."""
    if path is not None:
        writable(path.parent, "--json")
        if path.is_dir():
            raise ValueError(f"--json {path}: is a folder, expected a file")


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
    ensemble: Annotated[
        int | None, typer.Option(help="Compare under so many other parameter sets too; their patients are grown anew.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for results.json, episodes.parquet and figure.png.")] = Path(
        "runs/compare"
    ),
    json_path: Annotated[Path | None, typer.Option("--json", help="Write results.json here as well.")] = None,
) -> None:
    """Compare treatment schedules on the same patients and print a ranking with 95 % intervals.

    Example: plastenv compare my-schedule.yaml --patients 64
    """
    with complaints():
        _compare(files or [], scenario, patients, split, seed, ensemble, out, json_path)


def _compare(
    files: list[Path],
    scenario_name: str,
    number: int,
    split: str,
    seed: int,
    sets: int | None,
    out: Path,
    json_path: Path | None,
) -> None:
    from rich.console import Console

    from plastenv.console.ensemble import compare_others, first_sets
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
    ensemble = [] if sets is None else first_sets(sets)
    writable(out)
    writable_json(json_path)
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
            if ensemble:
                compare_others(comparison, competitors, ensemble, out, progress)
        except KeyboardInterrupt:
            progress.stop()
            finished = ", ".join(comparison.outcomes) or "none"
            typer.echo(f"stopped; finished schedules are in {out}: {finished}", err=True)
            raise typer.Exit(130) from None
    if json_path is not None:
        json_path.parent.mkdir(parents=True, exist_ok=True)
        write_json(json_path, comparison.results())

    from plastenv.report.figures import comparison_figure
    from plastenv.report.tables import comparison_table, ensemble_table

    comparison_figure(comparison, out / "figure.png")
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(comparison_table(comparison))
    if ensemble:
        console.print(ensemble_table(comparison))
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


@app.command()
def validate(
    only: Annotated[list[str] | None, typer.Option(help="Id of a study; repeat it, or separate with commas.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Seeds per study; without it, what its file asks for.")] = None,
    first_seed: Annotated[int, typer.Option(help="First seed; others make an independent repetition.")] = 0,
    ablate: Annotated[
        list[str] | None,
        typer.Option(help="Mechanism to clamp at its untreated mean; repeat it, or use commas. all: each by itself."),
    ] = None,
    parameters: Annotated[
        Path | None, typer.Option(help="File of numbers that differ from the shipped ones, by dotted name.")
    ] = None,
    experiments: Annotated[Path | None, typer.Option(help="Folder of experiment files; else the battery.")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of an experiment file.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for results.json and report.html; else runs/validate or runs/ablation.")
    ] = None,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write results.json here as well.")] = None,
    jobs: Annotated[int, typer.Option(help="Studies that run at a time, each in a process of its own.")] = 2,
) -> None:
    """Run published experiments on the simulator and say which of their results it reproduces.

    With --ablate all, what has finished is kept in --out, so that an interrupted run goes on where it stopped.

    Example: plastenv validate --only nader-2000-reconsolidation --seeds 20
    """
    with complaints():
        if schema:
            import json

            from plastenv.lab.experiment import schema as json_schema

            typer.echo(json.dumps(json_schema(), indent=2))
        else:
            _validate(_split(only), seeds, first_seed, _split(ablate), parameters, experiments, out, json_path, jobs)


def _split(words: list[str] | None) -> list[str]:
    return [part.strip() for word in words or [] for part in word.split(",") if part.strip()]


def _validate(
    only: list[str],
    seeds: int | None,
    first: int,
    ablate: list[str],
    parameter_file: Path | None,
    folder: Path | None,
    asked: Path | None,
    json_path: Path | None,
    jobs: int,
) -> None:
    from plastenv.lab.ablation import known
    from plastenv.lab.battery import chosen
    from plastenv.lab.experiment import battery, load_folder
    from plastenv.scenarios.parameters import SHIPPED, read_parameters

    for option, value, least in (("--seeds", seeds, 1), ("--jobs", jobs, 1), ("--first-seed", first, 0)):
        if value is not None and not least <= value < 2**31:
            raise ValueError(f"{option} {value}: expected a whole number from {least}")
    every = "all" in ablate
    if every and len(ablate) > 1:
        raise ValueError("--ablate all: takes each mechanism out by itself; expected no other beside it")
    if not every:
        known(ablate)
    if ablate and parameter_file:
        raise ValueError("--ablate with --parameters: untreated means are those of the shipped numbers; expected one")
    parameters = read_parameters(parameter_file) if parameter_file else SHIPPED
    studies = chosen(load_folder(folder) if folder else battery(), only)
    out = asked or Path("runs/ablation" if every else "runs/validate")
    writable(out)
    writable_json(json_path)
    if every:
        from plastenv.console.matrix import run

        run(studies, seeds, first, out, json_path, jobs)
        return
    _run_studies(studies, seeds, first, tuple(ablate), parameters, out, json_path, jobs)


def _run_studies(
    studies: list[Any],
    seeds: int | None,
    first: int,
    ablate: tuple[str, ...],
    parameters: Any,
    out: Path,
    json_path: Path | None,
    jobs: int,
) -> None:
    """Run studies, write results.json and report.html to `out`, print the table."""
    import time

    from rich.console import Console

    from plastenv.evaluation.comparison import write_json
    from plastenv.lab.battery import Outcome, collect, run_battery
    from plastenv.lab.experiment import Experiment
    from plastenv.report.battery import MARKS, battery_table, page, summary_line, write_page
    from plastenv.report.progress import bars

    out.mkdir(parents=True, exist_ok=True)
    begun, outcomes = time.perf_counter(), dict[str, Outcome]()

    def results() -> dict[str, Any]:
        return collect(studies, outcomes, ablate, time.perf_counter() - begun, parameters)

    stopped = False
    with bars() as progress:
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
    for path in (out / "results.json", *([json_path] if json_path else [])):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, everything)
    write_page(page(everything), out / "report.html")
    console = Console(width=None if sys.stdout.isatty() else 160)
    if everything["studies"]:
        console.print(battery_table(everything))
    console.print(summary_line(everything))
    console.print(f"results.json and report.html are in {out}")
    for study in everything["broken"]:
        typer.echo(f"plastenv: {study['id']} could not be run: {study['error']}", err=True)
    if stopped:
        typer.echo(f"stopped; {len(outcomes)} of {len(studies)} studies had finished", err=True)
    if stopped or everything["broken"]:
        raise typer.Exit(130 if stopped else 1)


@app.command()
def calibrate(
    config: Annotated[Path, typer.Argument(help="What may move, and by which studies it is judged.")] = Path(
        "configs/calibration.yaml"
    ),
    trials: Annotated[int | None, typer.Option(help="Trials in all; replaces the file's number.")] = None,
    screen: Annotated[bool, typer.Option("--screen", help="Move every candidate alone and rank them.")] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="Run all fitted studies with the best set.")] = False,
    leave_out: Annotated[str | None, typer.Option(help="Cluster whose studies the search must not see.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder. Default: runs/calibration/<name>.")] = None,
    jobs: Annotated[int, typer.Option(help="Studies that run at a time with --confirm.")] = 2,
) -> None:
    """Search for numbers with which the fitted studies pass; goes on where it was stopped.

    With --screen or --confirm it does that and searches only if --trials is given too.

    Example: plastenv calibrate --trials 100
    """
    with complaints():
        from plastenv.lab.calibration import load_calibration

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
        if screen:
            _screen(calibration, folder)
        if trials is not None or not (screen or confirm):
            _search(calibration, folder)
        if confirm:
            _confirm(calibration, folder, jobs)


def _screen(calibration: Any, folder: Path) -> None:
    from rich.console import Console

    from plastenv.lab.screen import screen
    from plastenv.report.calibration import screen_table
    from plastenv.report.progress import bars

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
    Console(width=None if sys.stdout.isatty() else 160).print(screen_table(found))
    typer.echo(f"screen.json is in {folder}")


def _search(calibration: Any, folder: Path) -> None:
    import json

    from rich.console import Console

    try:
        from plastenv.lab.search import BEST, DETAILS, search
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        raise ValueError(f"calibration needs {error.name}; pip install plastenv[calibration]") from None
    from plastenv.report.calibration import best_table
    from plastenv.report.progress import bars

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
    Console(width=None if sys.stdout.isatty() else 140).print(best_table(found))
    typer.echo(f"{BEST} and {DETAILS} are in {folder}")


def _confirm(calibration: Any, folder: Path, jobs: int) -> None:
    from plastenv.lab.calibration import fitted
    from plastenv.scenarios.parameters import read_parameters

    best = folder / "best.yaml"
    if not best.exists():
        raise ValueError(f"{best}: no search has left a best set; expected one before --confirm")
    first = calibration.run_seeds.stop
    _run_studies(fitted(), None, first, (), read_parameters(best), folder / "confirm", None, jobs)


@app.command()
def parameters(
    table: Annotated[str | None, typer.Option(help="Show only this table.")] = None,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the tables here as well.")] = None,
) -> None:
    """Print every number of the simulator with its unit, meaning and source.

    Example: plastenv parameters --table PlasticityParams
    """
    with complaints():
        _parameters(table, json_path)


def _parameters(only: str | None, json_path: Path | None) -> None:
    from rich.console import Console

    from plastenv.lab.tables import as_json, parameter_tables
    from plastenv.report.parameters import parameter_table

    tables = parameter_tables(only)
    writable_json(json_path)
    console = Console(width=None if sys.stdout.isatty() else 160)
    for name, rows in tables.items():
        console.print(parameter_table(name, rows))
    if json_path:
        from plastenv.evaluation.comparison import write_json

        json_path.parent.mkdir(parents=True, exist_ok=True)
        write_json(json_path, as_json(tables))
