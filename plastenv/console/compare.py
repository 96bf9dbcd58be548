"""plastenv compare: schedules on the same patients, ranked."""

import shlex
from pathlib import Path

import typer

from plastenv.console.ensemble import compare_others, first_sets
from plastenv.console.options import within, writable, writable_json
from plastenv.console.output import only_json, terminal
from plastenv.evaluation.comparison import CHANCE, Comparison, schedules
from plastenv.patients.cohort import Patients
from plastenv.report.progress import bars, grow
from plastenv.report.tables import best_line, comparison_table, ensemble_table, notes, own_line
from plastenv.scenarios.scenario import load_scenario
from plastenv.therapy.protocol import library

PAGE, FIGURE = "report.html", "figure.png"


def run(
    named: list[str],
    scenario_name: str,
    number: int,
    split: str,
    seed: int,
    sets: int | None,
    out: Path,
    json_path: Path | None,
    quiet: bool,
) -> None:
    """Treat the first patients of a split by every schedule, write results and report to `out`, print the ranking.

    Under `sets` other parameter sets too, unless it is None; `quiet` says only which is best. Raises ValueError for an
    option that cannot be met.
    """
    task = load_scenario(scenario_name)
    source = Patients(task.recipe, split)
    indices = within(source, number)
    if not 0 <= seed < 2**62:
        raise ValueError(f"--seed {seed}: expected a whole number from 0")
    competitors = schedules(named, task)
    ensemble = [] if sets is None else first_sets(sets)
    writable(out)
    writable_json(json_path)
    comparison = Comparison(task, split, indices, seed, source.hash)
    comparison.wanted = [schedule.name for schedule in competitors]
    stopped: BaseException | None = None
    if (out / "results.json").exists() and not quiet:
        typer.echo(f"{out} holds an earlier comparison, which is replaced; --out names another folder", err=True)
    with bars(quiet=quiet) as progress:
        grow(source, indices, progress)
        out.mkdir(parents=True, exist_ok=True)
        if not progress.console.is_terminal:
            progress.console.print(f"treating {number} {split} patients by each of {len(competitors)} schedules ...")
        treating = progress.add_task("treating", total=number * len(competitors))
        try:
            for schedule in competitors:
                progress.update(treating, description=f"treating: {schedule.name}")
                comparison.add(schedule, lambda n: progress.advance(treating, n))
                for name in (PAGE, FIGURE):  # of an earlier comparison, which is replaced
                    (out / name).unlink(missing_ok=True)
                comparison.write(out)
            if ensemble:
                compare_others(comparison, competitors, ensemble, out, progress)
        except (KeyboardInterrupt, ValueError) as error:
            stopped = error
    if comparison.outcomes:
        _publish(comparison, command(named, scenario_name, number, split, seed, sets), out, json_path, quiet)
    if isinstance(stopped, KeyboardInterrupt):
        finished = f"finished schedules are in {out}: " + ", ".join(comparison.outcomes)
        nothing = f"no schedule had finished, {out} is as it was"
        typer.echo(f"stopped; {finished if comparison.outcomes else nothing}", err=True)
        raise typer.Exit(130)
    if stopped:
        raise stopped


def _publish(comparison: Comparison, again: str, out: Path, json_path: Path | None, quiet: bool) -> None:
    """Write what has finished, its page and its figure, and print the ranking; `again` is what has to be typed."""
    from plastenv.report.battery import write_page
    from plastenv.report.comparison import comparison_page
    from plastenv.report.figures import comparison_figure

    comparison.write(out)
    comparison_figure(comparison, out / FIGURE)
    write_page(comparison_page(comparison, again), out / PAGE)
    console = terminal(150, quiet=only_json(comparison.results(), json_path))
    if quiet:
        console.print(best_line(comparison))
        return
    console.print(comparison_table(comparison, console.width))
    shipped = {CHANCE, *(protocol.name for protocol in library())}
    behind = [own_line(comparison, name) for name in comparison.ranked()[1:] if name not in shipped]
    for line in [best_line(comparison), *behind, *notes(comparison)]:
        console.print(line, highlight=False)
    if "ensemble" in comparison.results():
        console.print(ensemble_table(comparison))
    console.print(f"{PAGE}, results.json, episodes.parquet and {FIGURE} are in {out}")


def command(named: list[str], scenario: str, patients: int, split: str, seed: int, sets: int | None) -> str:
    """Return what has to be typed to run a comparison again; schedules are named as they were."""
    options = {"--scenario": scenario, "--patients": patients, "--split": split, "--seed": seed, "--ensemble": sets}
    given = [str(part) for pair in options.items() if pair[1] is not None for part in pair]
    return shlex.join(["plastenv", "compare", *named, *given])
