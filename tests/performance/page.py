"""Write docs/performance.md and docs/performance.png from the JSON of throughput.py.

    python tests/performance/page.py [JSON]

Sections that the JSON lacks are left out of the page.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT / "docs" / "evidence" / "throughput.json"
PAGE, PICTURE = ROOT / "docs" / "performance.md", ROOT / "docs" / "performance.png"
PARTS = {
    "advance": ("advance", "#0072B2"),
    "measure": ("probes", "#56B4E9"),
    "shell": ("rest of the step", "#D55E00"),
    "vector": ("masks, info, autoreset", "#E69F00"),
    "followup": ("follow-up, once", "#009E73"),
    "reset": ("reset, once", "#CC79A7"),
}
RATE = "patient_days_per_cpu_second"


class Run(NamedTuple):
    """One measurement of patient-days."""

    units: int
    rows: int  # 0 = the single environment
    brief: bool
    figures: dict[str, Any]

    @property
    def label(self) -> str:
        """Name it in a table."""
        name = f"batch of {self.rows:,}" if self.rows else "single environment"
        return name + (" *" if self.brief else "")


def runs(figures: dict[str, Any], treated: bool) -> list[Run]:
    """Return the measurements of patient-days, in the order in which they were made."""
    form = re.compile(rf"(\d+) units, (?:single|batch (\d+))(, short course)?, {'' if treated else 'un'}treated")
    found = ((form.fullmatch(name), values) for name, values in figures.get("days", {}).items())
    return [Run(int(m[1]), int(m[2] or 0), bool(m[3]), values) for m, values in found if m]


def spread(value: dict[str, float], form: str = ",.0f", scale: float = 1.0) -> str:
    """Write a median with its range."""
    median, low, high = (format(scale * value[key], form) for key in ("median", "low", "high"))
    return median if value["samples"] < 2 else f"{median} ({low} to {high})"


def middle(value: dict[str, float]) -> float:
    """Return the median."""
    return value["median"]


def table(head: list[str], rows: list[list[str]]) -> str:
    """Write a Markdown table; numbers, all columns but the first, are aligned right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def introduction(evidence: dict[str, Any]) -> Iterator[str]:
    """Say what was measured, where and how."""
    machine = evidence["machine"]
    peak = middle(evidence["figures"]["machine"]["multiply-add"]["gflops"])
    band = middle(evidence["figures"]["machine"]["triad"]["gbytes_per_second"])
    yield "# Performance\n"
    yield (
        f"Measured at commit `{evidence['commit']}` in one run of {evidence['seconds'] / 60:.0f} minutes, on one core "
        f"of {machine['processor']} ({machine['cores']} cores, load {machine['load_before']} before the run), which "
        f"reaches {peak:.0f} GFLOP/s of fused multiply-adds in float32 and {band:.0f} GB/s of stream triad. Medians, "
        "with the smallest and largest sample in parentheses, of measurements taken by turns; CPU-seconds unless it "
        "says otherwise. This page is written by `tests/performance/page.py`; do not edit it.\n"
    )
    yield "![Patient-days per CPU-second, where they go, and the kernels](performance.png)\n"


def targets(evidence: dict[str, Any]) -> Iterator[str]:
    """Tabulate the targets."""
    yield "## Targets\n"
    rows = [
        [c["claim"], c["target"], f"{c['value']:,.0f}" if abs(c["value"]) >= 100 else f"{c['value']:.3g}",
         "yes" if c["holds"] else "**no**"]
        for c in evidence["claims"]
    ]  # fmt: skip
    yield table(["target", "asked", "measured", "holds"], rows)


def days(evidence: dict[str, Any]) -> Iterator[str]:
    """Tabulate patient-days per CPU-second and where they go."""
    figures = evidence["figures"]
    treated, untreated = runs(figures, True), runs(figures, False)
    if not treated:
        return
    yield "## Patient-days per CPU-second\n"
    yield (
        "Everything is included: reset, step, probes, reward, observation, action mask, follow-up. An episode of Fear "
        "is 56 days of treatment and 84 of follow-up. *Treated*: a random legal action on a third of the days. "
        "*Untreated*: always wait.\n"
    )
    rows = [
        [str(one.units), one.label, spread(one.figures[RATE]), spread(other.figures[RATE])]
        for one, other in zip(treated, untreated, strict=True)
    ]
    yield table(["units", "", "treated", "untreated"], rows)
    if any(run.brief for run in treated):
        yield (
            "\\* Short courses of 6 days of treatment and 9 of follow-up, the same proportion; reset and the ends of "
            "follow-up count at their share of a whole episode. Circuits of other sizes are grown like the patients of "
            "the scenario but not selected: parameters fit 64 units, and larger circuits seldom learn what would "
            "admit them. They tell the cost, not the course.\n"
        )
    yield "CPU microseconds of a treated patient-day, by what takes them:\n"
    rows = [
        [f"{run.units} units, {run.label}", *(f"{middle(run.figures[f'us_{part}']):,.1f}" for part in PARTS)]
        for run in treated
    ]
    yield table(["", *(name for name, _ in PARTS.values())], rows)
    for name, found in figures.get("peers", {}).items():
        yield f"For comparison, {name} makes {spread(found['steps_per_cpu_second'])} steps per CPU-second here.\n"


def kernels(evidence: dict[str, Any]) -> Iterator[str]:
    """Tabulate the kernels."""
    found = evidence["figures"].get("kernels")
    if not found:
        return
    yield "## Kernels\n"
    yield (
        "Operations are counted from what the loops execute (silent groups of units take no part), bytes from the "
        "arrays that must be read or written once. In the model a patient stays in the cache while its kernels run, "
        "so that a sweep can pass the bandwidth of memory.\n"
    )
    rows = [
        [
            name,
            spread(k["us_per_call"], ".2f"),
            f"{middle(k['operations']) / middle(k['us_per_call']) / 1e3:.1f}",
            f"{middle(k['bytes']) / middle(k['us_per_call']) / 1e3:.1f}",
            spread(k["share_of_peak"], ".1f", 100.0),
            spread(k["share_of_bandwidth"], ".1f", 100.0),
        ]
        for name, k in found.items()
    ]
    yield table(["kernel", "µs per call", "GFLOP/s", "GB/s", "% of peak", "% of bandwidth"], rows)


def limits(evidence: dict[str, Any]) -> Iterator[str]:
    """Say what limits what."""
    figures = evidence["figures"]
    yield "## What limits what\n"
    large = [run for run in runs(figures, True) if run.units == 64 and run.rows]
    if large:
        yield from _day(max((run for run in large if not run.brief), key=lambda run: run.rows), figures)
        yield from _sizes(figures)
    for name, k in figures.get("kernels", {}).items():
        us, peak, band = middle(k["us_per_call"]), middle(k["share_of_peak"]), middle(k["share_of_bandwidth"])
        if "simulate" in name or "plasticity" in name:
            bound = "memory" if band > peak else "arithmetic"
            yield (
                f"- **{name}** takes {us:.1f} µs a call. Its operations would take {us * peak:.1f} µs at the peak and "
                f"its bytes {us * band:.1f} µs from memory, so {bound} bounds it; it reaches "
                f"{100 * max(peak, band):.0f} % of that.\n"
            )
    for found in figures.get("threads", {}).values():
        yield (
            f"- **Two threads** on the rows of a batch are {middle(found['speed_up']):.2f} times as fast as one by the "
            "clock. They share the kernels; the Python around them runs on one.\n"
        )
    for found in figures.get("scaling", {}).values():
        yield (
            f"- **Large batches.** With {middle(found['many']):,.0f} patients a patient-day costs "
            f"{middle(found['relative_cost']):.2f} times what it costs with {middle(found['few']):,.0f}: a patient's "
            "day runs in the cache, and its state comes from memory once a day.\n"
        )


def _day(run: Run, figures: dict[str, Any]) -> Iterator[str]:
    us = {part: middle(run.figures[f"us_{part}"]) for part in PARTS}
    total = sum(us.values())
    waiting = next(r for r in runs(figures, False) if r[:3] == run[:3])
    quiet = middle(waiting.figures["us_advance"])
    yield (
        f"- **A treated patient-day** in a batch of {run.rows} takes {total:,.0f} µs: "
        f"{100 * us['advance'] / total:.0f} % to advance the patient, {100 * us['measure'] / total:.1f} % to probe it, "
        f"{100 * (us['shell'] + us['vector']) / total:.1f} % in Python around the kernels. Advancing an untreated "
        f"patient takes {quiet:,.0f} µs a day; treatment adds {100 * (us['advance'] / quiet - 1):.0f} %, although "
        "only two days in five are days of treatment.\n"
    )


def _sizes(figures: dict[str, Any]) -> Iterator[str]:
    every = runs(figures, False)
    base = next(run for run in every if run.units == 64 and run.rows == 16)
    others = [run for run in every if run.units != 64 and run.rows == 16]
    costs = [f"{middle(base.figures[RATE]) / middle(run.figures[RATE]):.1f} times at {run.units}" for run in others]
    if costs:
        yield (
            f"- **Units.** An untreated patient-day costs {' and '.join(costs)} units what it costs at 64; twice the "
            "units are four times the synapses among them.\n"
        )


def around(evidence: dict[str, Any]) -> Iterator[str]:
    """Tell start-up, memory and the command line."""
    figures = evidence["figures"]
    rows = [
        [f"from import to the first step, {name}", f"{spread(found['to_first_step_seconds'], '.2f')} s"]
        for name, found in figures.get("start", {}).items()
    ]
    for found in figures.get("compare", {}).values():
        name = f"`plastenv compare --patients {middle(found['patients']):.0f}`, by the clock, two cores"
        rows.append([name, f"{spread(found['seconds'], '.1f')} s"])
    memory = figures.get("memory", {})
    if memory:
        each, steps, cycles = (memory[name] for name in ("per patient", "steps", "making and closing"))
        rows += [
            ["state of a patient", f"{middle(each['state_kib']):,.0f} KiB"],
            ["peak of memory per further patient", f"{middle(each['peak_kib']):,.0f} KiB"],
            [f"growth over {middle(steps['steps']):,.0f} steps", f"{middle(steps['grown_mib']):.2f} MiB"],
            [f"growth over {middle(cycles['cycles']):.0f} cycles of making, using and closing",
             f"{middle(cycles['grown_mib']):.2f} MiB"],
        ]  # fmt: skip
    if rows:
        yield "## Start-up, memory, command line\n"
        yield table(["", ""], rows)


def reproduce(evidence: dict[str, Any]) -> Iterator[str]:
    """Tell how to make the page again, and what was left out."""
    yield "## Reproduce\n"
    yield (
        "```sh\npython tests/performance/throughput.py          # a quarter of an hour on a quiet machine\n"
        "python tests/performance/throughput.py --quick  # a minute, for a look\n"
        "python tests/performance/page.py                # this page, from docs/evidence/throughput.json\n```\n"
    )
    yield (
        "The JSON holds every figure with its range and number of samples, the machine and the versions: "
        f"Python {evidence['machine']['python']}, NumPy {evidence['machine']['numpy']}, "
        f"numba {evidence['machine']['numba']}, Gymnasium {evidence['machine']['gymnasium']}.\n"
    )
    if evidence["notes"]:
        yield "Not measured:\n"
        yield "\n".join(f"- {note}" for note in evidence["notes"]) + "\n"


def draw_rates(axes: Axes, figures: dict[str, Any]) -> None:
    """Draw patient-days per CPU-second over the size of the batch."""
    for treated, colour in ((True, "#0072B2"), (False, "#777777")):
        every = runs(figures, treated)
        for units, marker in ((64, "o"), (128, "s"), (256, "^")):
            found = sorted((run for run in every if run.units == units and run.rows), key=lambda run: run.rows)
            if not found:
                continue
            label = f"{units} units, {'treated' if treated else 'untreated'}"
            medians = [middle(run.figures[RATE]) for run in found]
            ends = [
                [abs(run.figures[RATE][end] - middle(run.figures[RATE])) for run in found] for end in ("low", "high")
            ]
            x = [run.rows for run in found]
            axes.errorbar(x, medians, ends, color=colour, marker=marker, markersize=4, linewidth=1.2, label=label)
    axes.axhline(2500, color="#D55E00", linewidth=0.8, linestyle="--")
    axes.text(1, 2550, "target, batches of 64 and more", color="#D55E00", fontsize=7, va="bottom")
    axes.set(xscale="log", yscale="log", xlabel="patients in the batch", title="Patient-days per CPU-second")
    axes.legend(frameon=False, fontsize=7)


def draw_parts(axes: Axes, figures: dict[str, Any]) -> None:
    """Draw what takes the time of a treated patient-day."""
    found = [run for run in runs(figures, True) if run.units == 64]
    left = [0.0] * len(found)
    for part, (name, colour) in PARTS.items():
        widths = [middle(run.figures[f"us_{part}"]) for run in found]
        axes.barh(range(len(found)), widths, left=left, color=colour, label=name)
        left = [one + other for one, other in zip(left, widths, strict=True)]
    axes.set_yticks(range(len(found)), [run.label for run in found])
    axes.invert_yaxis()
    axes.set(xlabel="CPU microseconds", title="A treated patient-day, 64 units")
    axes.legend(frameon=False, fontsize=7, loc="upper center", bbox_to_anchor=(0.4, -0.16), ncols=3)


def draw_kernels(axes: Axes, figures: dict[str, Any]) -> None:
    """Draw the shares of peak and bandwidth that the kernels reach."""
    found = figures["kernels"]
    for shift, share, colour in ((-0.2, "share_of_peak", "#0072B2"), (0.2, "share_of_bandwidth", "#E69F00")):
        places = [place + shift for place in range(len(found))]
        label = f"of {share.removeprefix('share_of_')}"
        axes.barh(places, [100 * middle(k[share]) for k in found.values()], 0.38, color=colour, label=label)
    axes.set_yticks(range(len(found)), list(found))
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="% of what the machine reaches", title="Kernels")
    axes.axvline(25, color="#0072B2", linewidth=0.8, linestyle="--")
    axes.axvline(80, color="#E69F00", linewidth=0.8, linestyle="--")
    axes.legend(frameon=False, fontsize=7, loc="upper center", bbox_to_anchor=(0.4, -0.16), ncols=2)


def draw(figures: dict[str, Any], path: Path) -> None:
    """Draw the figure of the page, one panel per section that was measured."""
    panels: list[Callable[[Axes, dict[str, Any]], None]] = []
    panels += [draw_rates, draw_parts] if "days" in figures else []
    panels += [draw_kernels] if "kernels" in figures else []
    style: Any = {"font.size": 8, "axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left"}
    with mpl.rc_context(style):
        figure = Figure(figsize=(4.2 * len(panels), 3.6), layout="constrained")
        for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            panel(axes, figures)
        figure.savefig(path, dpi=150, format="png")


def main() -> None:
    """Write the page and its figure."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else EVIDENCE
    evidence = json.loads(source.read_text("utf-8"))
    parts = (introduction, targets, days, kernels, limits, around, reproduce)
    PAGE.write_text("\n".join(text for part in parts for text in part(evidence)), "utf-8")
    draw(evidence["figures"], PICTURE)
    print(f"{PAGE} and {PICTURE} from {source}")


if __name__ == "__main__":
    main()
