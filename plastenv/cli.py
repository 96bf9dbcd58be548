"""Command line: how commands are called; what they do stands in console/. Heavy imports stay inside the commands.

Other packages add commands by the entry-point group `plastenv.commands`: a name and a function as Typer takes it.
"""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import plastenv
from plastenv.console import complete

GROUP = "plastenv.commands"
CODES = """Exit codes:

0 done

1 something could not be run

2 a mistake in what was asked for, such as a file that is refused

130 stopped with Ctrl-C

141 what reads the output has closed it"""


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


ScenarioOption = Annotated[str, typer.Option(help="Scenario.", autocompletion=complete.scenarios)]
SplitOption = Annotated[str, typer.Option(help="train, validation, test or shift.", autocompletion=complete.splits)]
PatientOption = Annotated[int, typer.Option(help="Which patient of the split, from 0.")]
ScheduleArgument = Annotated[
    str, typer.Argument(help="Name in the library, or a file.", autocompletion=complete.schedules)
]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Say only what came of it.")]
JsonOption = Annotated[Path | None, typer.Option("--json", help="Write it here as JSON as well; -: print only that.")]

app = typer.Typer(
    cls=_Commands,
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Search for treatments that re-open plasticity and use the window well. Research software, no medical advice.",
    epilog=CODES,
)
protocols = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(protocols, name="protocols")


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
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads what is printed has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains when it ends
        raise typer.Exit(141) from None
    except (ValueError, OSError) as error:
        typer.echo(f"plastenv: {error}", err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
        raise typer.Exit(130) from None


@app.command()
def compare(
    schedules: Annotated[
        list[str] | None,
        typer.Argument(
            help="Schedule files, names of the library, or 'library' for all of it, as without any.",
            autocompletion=complete.competitors,
        ),
    ] = None,
    scenario: ScenarioOption = "Fear",
    patients: Annotated[int, typer.Option(help="How many patients of the split.")] = 32,
    split: SplitOption = "test",
    seed: Annotated[int, typer.Option(help="Sets the patients' everyday lives; patient k lives seed + k.")] = 0,
    ensemble: Annotated[
        int | None, typer.Option(help="Compare under so many other parameter sets too; their patients are grown anew.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for report.html, results.json, episodes.parquet and figure.png.")
    ] = Path("runs/compare"),
    json_path: JsonOption = None,
    quiet: QuietOption = False,
) -> None:
    """Compare treatment schedules on the same patients, print a ranking with 95 % intervals and write a report.

    Example: plastenv compare my-schedule.yaml window-then-training --patients 64
    """
    with complaints():
        from plastenv.console.compare import run

        run(schedules or [], scenario, patients, split, seed, ensemble, out, json_path, quiet)


@app.command()
def watch(
    schedule: ScheduleArgument = "window-then-training",
    scenario: ScenarioOption = "Fear",
    patient: PatientOption = 7,
    split: SplitOption = "test",
    seed: Annotated[int, typer.Option(help="Sets the patient's everyday life, as in compare.")] = 0,
    gif: Annotated[Path | None, typer.Option(help="Write the episode as a GIF.")] = None,
    fps: Annotated[float, typer.Option(help="Days a second.")] = 4.0,
    quiet: QuietOption = False,
) -> None:
    """Watch a schedule treat one patient, day by day, in the terminal and as a GIF.

    Example: plastenv watch window-then-training --gif episode.gif
    """
    with complaints():
        from plastenv.console.watch import run

        run(schedule, scenario, patient, split, seed, gif, fps, quiet)


@app.command()
def explain(
    schedule: ScheduleArgument = "window-then-training",
    scenario: ScenarioOption = "Fear",
    patient: PatientOption = 7,
    split: SplitOption = "test",
    seed: Annotated[int, typer.Option(help="Sets the patient's everyday life, as in compare.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for story.txt, figure.png and figure.svg; else one of its own in runs/explain."),
    ] = None,
    json_path: JsonOption = None,
    quiet: QuietOption = False,
) -> None:
    """Tell one patient's story: what opened, what was learned, what lasted and what came back; in words and a figure.

    Example: plastenv explain window-then-training --patient 7
    """
    with complaints():
        from plastenv.console.explain import run

        run(schedule, scenario, patient, split, seed, out, json_path, quiet)


@app.command()
def warmup(
    scenario: ScenarioOption = "Fear",
    patients: Annotated[int, typer.Option(help="How many patients of the split.")] = 16,
    split: SplitOption = "train",
    quiet: QuietOption = False,
) -> None:
    """Compile the kernels and grow patients ahead of time, so that nothing waits for them later.

    Example: plastenv warmup --split test --patients 64
    """
    with complaints():
        from plastenv.console.warmup import run

        run(scenario, patients, split, quiet)


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
    json_path: JsonOption = None,
    jobs: Annotated[int, typer.Option(help="Studies that run at a time, each in a process of its own.")] = 2,
    quiet: QuietOption = False,
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
            from plastenv.console.validate import run

            run(only or [], seeds, first_seed, ablate or [], parameters, experiments, out, json_path, jobs, quiet)


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
        from plastenv.console.calibrate import run

        run(config, trials, screen, confirm, leave_out, out, jobs)


@app.command()
def parameters(
    table: Annotated[str | None, typer.Option(help="Show only this table.")] = None,
    json_path: JsonOption = None,
) -> None:
    """Print every number of the simulator with its unit, meaning and source.

    Example: plastenv parameters --table PlasticityParams
    """
    with complaints():
        from plastenv.console.parameters import run

        run(table, json_path)


@protocols.callback()
def protocols_main() -> None:
    """Treatment schedules: the library's and your own.

    Example: plastenv protocols list
    """


@protocols.command("list")
def protocols_list(scenario: ScenarioOption = "Fear", json_path: JsonOption = None) -> None:
    """List the schedules of the library by group, with what they ask of a patient.

    Example: plastenv protocols list --scenario Fear-easy
    """
    with complaints():
        from plastenv.console.protocols import listing

        listing(scenario, json_path)


@protocols.command("show")
def protocols_show(
    schedule: ScheduleArgument,
    scenario: ScenarioOption = "Fear",
    json_path: JsonOption = None,
) -> None:
    """Draw a schedule as a timeline, and say what is given, why, and by whom it was designed.

    Example: plastenv protocols show window-then-training
    """
    with complaints():
        from plastenv.console.protocols import show

        show(schedule, scenario, json_path)


@protocols.command("check")
def protocols_check(
    files: Annotated[list[Path], typer.Argument(help="Schedule files.")],
    scenario: ScenarioOption = "Fear",
    json_path: JsonOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Name only files that are refused.")] = False,
) -> None:
    """Check schedule files, a line each; exit code 2 if one is refused.

    Example: plastenv protocols check my-schedule.yaml
    """
    with complaints():
        from plastenv.console.protocols import check

        if not check(files, scenario, json_path, quiet):
            raise typer.Exit(2)


@protocols.command("new")
def protocols_new(
    file: Annotated[Path, typer.Argument(help="File to write, whose name ends in .yaml.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")] = False,
) -> None:
    """Write a commented schedule to begin with.

    Example: plastenv protocols new my-schedule.yaml
    """
    with complaints():
        from plastenv.console.protocols import new

        new(file, force)


@app.command()
def interventions(
    name: Annotated[
        str | None, typer.Argument(help="Tell all about this one.", autocompletion=complete.interventions)
    ] = None,
    json_path: JsonOption = None,
) -> None:
    """Say what can be given: effects, limits, contraindications, targets and sources.

    Example: plastenv interventions rapid-opener
    """
    with complaints():
        from plastenv.console.catalogue import interventions as run

        run(name, json_path)


@app.command()
def scenarios(
    name: Annotated[
        str | None, typer.Argument(help="Tell all about this one.", autocompletion=complete.scenarios)
    ] = None,
    json_path: JsonOption = None,
) -> None:
    """Say which tasks there are: patients, horizon, follow-up, what may be given, and how it is scored.

    Example: plastenv scenarios Fear
    """
    with complaints():
        from plastenv.console.catalogue import scenarios as run

        run(name, json_path)
