"""Measure how fast plastenv is and write docs/evidence/throughput.json: one run, by turns, on one core.

    python tests/performance/throughput.py [--quick] [--only SECTION ...] [--steps N] [--out FILE]

A quarter of an hour on two cores once patients and kernels are on disk. `--quick` takes a minute and leaves `compare`
and the cold start out. Runs that are quick or leave sections out write runs/throughput.json instead. Nothing else
should run meanwhile: CPU-seconds forgive it, caches and the figures in wall-clock seconds do not.
"""

import argparse
import dataclasses
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kernels
import machine
import patients
import processes
from harness import CORE, Effort, Figures, Measurement, interleave, on
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from plastenv.evaluation.comparison import write_json
from plastenv.lab.battery import commit

ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT / "docs" / "evidence" / "throughput.json"
PARTIAL = ROOT / "runs" / "throughput.json"
SECTIONS = ("machine", "days", "kernels", "peers", "start", "memory", "compare", "threads", "scaling")
FULL = Effort(
    repeats=5,
    batches=(1, 16, 64, 256),
    large=(256, 1024),
    scaled=(256, 16384),
    units={128: (16, 64), 256: (16,)},
    steps=10_000,
    cycles=100,
    patients=64,
    cold=True,
)
QUICK = Effort(
    repeats=2,
    batches=(16,),
    large=(64,),
    scaled=(32, 64),
    units={},
    steps=500,
    cycles=10,
    patients=4,
    cold=False,
)


@dataclasses.dataclass(frozen=True)
class Claim:
    """A target: `value` against `target`, at least or at most."""

    claim: str
    target: float
    value: float
    at_least: bool = True

    def row(self) -> dict[str, Any]:
        """Return the claim as it stands in the evidence."""
        holds = self.value >= self.target if self.at_least else self.value <= self.target
        relation = "at least" if self.at_least else "at most"
        return {
            "claim": self.claim,
            "target": f"{relation} {self.target:g}",
            "value": self.value,
            "holds": bool(holds),
        }


def rows_of(name: str) -> int:
    """Return how many patients of 64 units a treated measurement of 'days' has; 0 if it is another."""
    found = re.fullmatch(r"64 units, batch (\d+)(, short course)?, treated", name)
    return int(found[1]) if found else 0


def of_days(figures: Figures) -> Iterator[Claim]:
    """Yield the targets of patient-days and of the shell."""
    days = {name: found for name, found in figures["days"].items() if "patient_days_per_cpu_second" in found}
    rates = {name: found["patient_days_per_cpu_second"]["median"] for name, found in days.items()}
    large = [rates[name] for name in rates if rows_of(name) >= 64]
    what = "patient-days per CPU-second, all included, treated"
    if large:
        yield Claim(f"{what}, batches of 64 and more (the slowest)", 2500.0, min(large))
        yield Claim(f"{what}, batches of 64 and more, stretch", 5000.0, min(large))
    yield Claim(f"{what}, single environment", 1500.0, rates["64 units, single, treated"])
    if "64 units, batch 256, treated" in days:
        share = days["64 units, batch 256, treated"]["shell_share"]["median"]
        yield Claim("share of a step outside the kernels, batch 256", 0.05, share, at_least=False)


def of_kernels(figures: Figures) -> Iterator[Claim]:
    """Yield the targets of the relaxation and of the plasticity sweep, each against what bounds it."""
    found = figures["kernels"]
    share = found["relaxation (simulate)"]["share_of_peak"]["median"]
    yield Claim("relaxation, share of the multiply-add peak", 0.25, share)
    for name in ("plasticity (derive)", "plasticity (induce)"):
        peak, bandwidth = (found[name][f"share_of_{limit}"]["median"] for limit in ("peak", "bandwidth"))
        if bandwidth > peak:
            yield Claim(f"{name}, share of the bandwidth, which bounds it", 0.80, bandwidth)
        else:
            yield Claim(f"{name}, share of the multiply-add peak, which bounds it", 0.25, peak)


def of_start(figures: Figures) -> Iterator[Claim]:
    """Yield the targets of start-up."""
    for name, target in (("warm", 2.0), ("cold", 40.0)):
        if name in figures["start"]:
            seconds = figures["start"][name]["to_first_step_seconds"]["median"]
            yield Claim(f"seconds from import to first step, {name}", target, seconds, at_least=False)


def of_memory(figures: Figures) -> Iterator[Claim]:
    """Yield the targets of memory."""
    for name, figure in (("steps", "steps"), ("making and closing", "cycles")):
        found = figures["memory"][name]
        claim = f"growth of memory over {found[figure]['median']:,.0f} {figure}, MiB"
        yield Claim(claim, 1.0, found["grown_mib"]["median"], at_least=False)


def of_compare(figures: Figures) -> Iterator[Claim]:
    """Yield the target of `plastenv compare`."""
    found = figures["compare"]["whole library"]
    claim = f"seconds of `plastenv compare --patients {found['patients']['median']:.0f}`, whole library, warm"
    yield Claim(claim, 45.0, found["seconds"]["median"], at_least=False)


def of_threads(figures: Figures) -> Iterator[Claim]:
    """Yield the targets of two threads."""
    for name, found in figures["threads"].items():
        yield Claim(f"speed of two threads over one, {name}", 1.8, found["speed_up"]["median"])
        yield Claim(f"samples in which two threads give the bits of one, share, {name}", 1.0, found["identical"]["low"])


def of_scaling(figures: Figures) -> Iterator[Claim]:
    """Yield the target of large batches."""
    for found in figures["scaling"].values():
        many, few = (f"{found[rows]['median']:,.0f}" for rows in ("many", "few"))
        claim = f"cost of a patient-day at batch {many} over that at {few}"
        yield Claim(claim, 1.3, found["relative_cost"]["median"], at_least=False)


def claims(figures: Figures) -> list[dict[str, Any]]:
    """Check the targets of every section that was measured."""
    checks: dict[str, Callable[[Figures], Iterator[Claim]]] = {
        "days": of_days,
        "kernels": of_kernels,
        "start": of_start,
        "memory": of_memory,
        "compare": of_compare,
        "threads": of_threads,
        "scaling": of_scaling,
    }
    return [claim.row() for section, check in checks.items() if section in figures for claim in check(figures)]


def tables(evidence: dict[str, Any]) -> Iterator[Table]:
    """Yield the figures and the targets as tables for the terminal."""
    every = Table(title="Figures: median, smallest and largest")
    for column in ("section", "what", "figure"):
        every.add_column(column)
    every.add_column("median", justify="right")
    every.add_column("range", justify="right")
    for section, found in evidence["figures"].items():
        for name, values in found.items():
            for figure, value in values.items():
                span = f"{value['low']:.4g} to {value['high']:.4g}" if value["samples"] > 1 else ""
                every.add_row(section, name, figure, f"{value['median']:.4g}", span)
    yield every
    targets = Table(title="Targets")
    targets.add_column("target")
    for column in ("asked", "measured", "holds"):
        targets.add_column(column, justify="right")
    for claim in evidence["claims"]:
        holds = "[green]yes" if claim["holds"] else "[red]no"
        targets.add_row(claim["claim"], claim["target"], f"{claim['value']:.4g}", holds)
    yield targets


def measure(measurements: list[Measurement], console: Console) -> tuple[Figures, list[str]]:
    """Take all samples under a progress bar, on one core."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with on({CORE}), Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=sum(each.repeats for each in measurements))
        begun = False

        def tell(name: str) -> None:
            nonlocal begun
            progress.update(bar, description=name, advance=1 if begun else 0)
            begun = True

        return interleave(measurements, tell)


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="measure little, within a minute")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--steps", type=int, help="steps over which memory may not grow")
    parser.add_argument("--out", type=Path, help="file to write")
    return parser.parse_args()


def main() -> None:
    """Measure, check the targets, print and write."""
    arguments, begun, where = parsed(), time.time(), machine.description()
    effort = QUICK if arguments.quick else FULL
    if arguments.steps:
        effort = dataclasses.replace(effort, steps=arguments.steps)
    chosen = {"machine", *(arguments.only or SECTIONS)} - (
        {"compare"} if arguments.quick and not arguments.only else set()
    )
    every = [found for module in (machine, kernels, patients, processes) for found in module.measurements(effort)]
    figures, notes = measure([each for each in every if each.section in chosen], Console(stderr=True))
    kernels.roofs(figures)
    evidence = {
        "command": " ".join(sys.argv),
        "commit": commit(),
        "machine": where,
        "seconds": round(time.time() - begun),
        "effort": dataclasses.asdict(effort),
        "claims": claims(figures),
        "figures": figures,
        "notes": notes,
    }
    whole = not arguments.quick and chosen == set(SECTIONS)
    path = arguments.out or (EVIDENCE if whole else PARTIAL)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, evidence)
    console = Console(width=None if sys.stdout.isatty() else 140)
    for table in tables(evidence):
        console.print(table)
    for note in notes:
        console.print(f"skipped  {note}")
    console.print(f"{path}, {evidence['seconds']} s")


if __name__ == "__main__":
    main()
