"""The figures of docs/physics.md: one per mechanism, simulated by the model itself, a minute or two in all.

Most are experiments as `plastenv validate` runs them (lab/bench.py), a few call the function of the mechanism. Each
takes the axes that it draws on; nothing of the physics is written here again.
"""

from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plastenv import arrays
from plastenv.circuit.gamma import measure_gamma
from plastenv.circuit.params import CircuitParams
from plastenv.circuit.plasticity import _read_back
from plastenv.lab.bench import run_arm
from plastenv.lab.experiment import Experiment
from plastenv.lab.tables import parameter_tables
from plastenv.model.measure import measure
from plastenv.molecular import brakes, consolidation, epigenetics
from plastenv.molecular.params import MolecularParams
from plastenv.molecular.pharmacology import COMPOUNDS, NOGO_RELIEF, TARGETS, actions, advance_drugs, pharmacology
from plastenv.patients.cohort import Patients
from plastenv.report.figures import COLOURS
from plastenv.scenarios.scenario import load_scenario

SEEDS = range(8)
SIZE, DPI = (5.0, 2.9), 120
EPSP = {"measure": "epsp", "of": "S1"}
SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
HOURS = 2  # of sleep that are drawn
GREY = "#777777"
MOLECULES, CIRCUIT = MolecularParams(), CircuitParams()
Step = dict[str, Any]


def step(at: str, do: str, **options: Any) -> Step:
    """Return a step of a schedule as an experiment file writes it."""
    return {"at": at, "do": do, **options}


def course(
    preparation: Step, schedule: Sequence[Step], measured: Step, times: Sequence[str], ablate: tuple[str, ...] = ()
) -> np.ndarray:
    """Run one arm on the bench and return the mean over seeds of what is `measured` at `times`, (times,)."""
    readouts = {f"r{k}": {**measured, "at": at} for k, at in enumerate(times)}
    text = dict.fromkeys(("title", "citation", "system", "published"), "a figure of docs/physics.md")
    study = Experiment.model_validate(
        {"id": "figure", "group": "figure", "rows": [1], "confidence": "low", "not_covered": ["it is no study"], **text,
         "preparation": preparation, "arms": {"arm": {"schedule": list(schedule)}}, "readouts": readouts}
    )  # fmt: skip
    found = run_arm(study, "arm", SEEDS, ablate)
    return np.array([found[f"arm@r{k}"].mean() for k in range(len(times))])


def epsp(schedule: Sequence[Step], times: Sequence[str], pathway: str = "S1", **preparation: Any) -> np.ndarray:
    """Return EPSPs of a slice over those before t0, (times,)."""
    kind = {"kind": "slice", **preparation}
    return course(kind, schedule, {"measure": "epsp", "of": pathway}, times)


def level(axes: Axes, value: float = 1.0) -> None:
    """Mark where nothing has changed."""
    axes.axhline(value, color="#bbbbbb", linewidth=0.8, zorder=0)


def neuromodulation(axes: Axes) -> None:
    """How much of a release a coincidence meets that lies before it."""
    dt, at, read = CIRCUIT.neuron.dt, 4.0, np.zeros(1600, np.float32)
    release = np.zeros(1600, np.float32)
    release[round(at / dt) : round((at + 0.2) / dt)] = 1.0
    _read_back(release, len(release), CIRCUIT, read)
    axes.plot(at - dt * np.arange(len(read)), read / read.max(), color=COLOURS[0])
    axes.set(xlabel="release after the coincidence (s)", ylabel="plasticity, largest = 1", xlim=(-1.0, 4.0))


def timescales(axes: Axes) -> None:
    """Every time constant of the parameter tables."""
    names, tables = [], parameter_tables()
    for name, rows in tables.items():
        clocks = [r.value * SECONDS[r.unit] for r in rows if r.name.startswith("tau") and r.unit in SECONDS]
        if name == "Compounds":
            clocks = [r.value * SECONDS[r.unit] for r in rows if r.unit in SECONDS]
        if clocks:
            axes.plot(clocks, [len(names)] * len(clocks), "|", color=COLOURS[0], markersize=13, markeredgewidth=1.4)
            names.append(name.removesuffix("Params"))
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="time constant", xlim=(2e-3, 4e6))
    axes.set_xticks([0.01, 1.0, 60.0, 3600.0, 86400.0, 30 * 86400.0], ["10 ms", "1 s", "1 min", "1 h", "1 d", "30 d"])
    axes.minorticks_off()


def runaway(axes: Axes) -> None:
    """Trains every six hours with and without what stabilises synapses."""
    stabilisers = ("threshold", "scaling", "inhibition", "resource", "soft-limits", "competition")
    days = (0, 0.5, 1, 2, 3, 4, 5, 6, 7)
    trains = [step(f"{6 * k} h", "tetanus", trains=3) for k in range(4 * days[-1])]
    for ablate, label, colour in (((), "intact", COLOURS[0]), (stabilisers, "no stabiliser", COLOURS[1])):
        grown = course({"kind": "slice"}, trains, EPSP, [f"{day} d" for day in days], ablate)
        axes.plot(days, grown, color=colour, label=label)
    level(axes, 10.0)
    axes.set(xlabel="days with three trains every six hours", ylabel="EPSP, start = 1", ylim=(0.0, None))


def timing(axes: Axes) -> None:
    """Sixty pairings at 1 Hz of cultured cells, over the lag."""
    lags = (-100, -70, -50, -35, -25, -15, -10, -5, 5, 10, 15, 25, 35, 50, 70, 100)
    change = [100 * (epsp([step("0 s", "pair", lag=f"{lag} ms")], ["30 min"], tissue="culture")[0] - 1) for lag in lags]
    half = len(lags) // 2
    for part in (slice(None, half), slice(half, None)):
        axes.plot(lags[part], change[part], "o-", color=COLOURS[0], markersize=3)
    level(axes, 0.0)
    axes.axvline(0.0, color="#bbbbbb", linewidth=0.8, zorder=0)
    axes.set(xlabel="lag, post minus pre (ms)", ylabel="EPSP, change (%)")


def nmda(axes: Axes) -> None:
    """Three trains with the antagonist before, after and without."""
    hours = (0.05, 0.2, 0.4, 0.6, 1, 1.5, 2, 3, 4, 6, 8)
    trains = step("0 min", "tetanus", trains=3)
    arms = {
        "no antagonist": [trains],
        "from 30 min on": [trains, step("30 min", "bath", action="nmda-block")],
        "during the trains": [step("-20 min", "bath", action="nmda-block", until="30 min"), trains],
    }
    styles = ("-", "--", "-")
    for (label, schedule), colour, style in zip(arms.items(), COLOURS, styles, strict=False):
        axes.plot(hours, epsp(schedule, [f"{h} h" for h in hours]), style, color=colour, label=label)
    level(axes)
    axes.set(xlabel="hours", ylabel="EPSP, before = 1")


def scaling(axes: Axes) -> None:
    """Quanta of a culture that is silenced or disinhibited."""
    hours = (0, 4, 8, 16, 24, 36, 48, 72)
    for label, action, colour in (
        ("spikes blocked", "spike-block", COLOURS[0]), ("untreated", None, GREY),
        ("inhibition blocked", "inhibition-block", COLOURS[1]),
    ):  # fmt: skip
        schedule = [step("0 h", "bath", action=action)] if action else []
        values = course({"kind": "network"}, schedule, {"measure": "quantal"}, [f"{h} h" for h in hours])
        axes.plot(hours, values, color=colour, label=label)
    axes.set(xlabel="hours", ylabel="mean quantum, before = 1")


def threshold(axes: Axes) -> None:
    """120 pulses to cortex of animals from light and darkness, over their rate."""
    rates = (1, 2, 5, 10, 20, 40, 100)
    for label, rearing, colour in (
        ("light", [["light", "35 d"]], COLOURS[4]), ("darkness", [["dark", "35 d"]], "#222222"),
        ("darkness, 2 days of light", [["dark", "35 d"], ["light", "2 d"]], COLOURS[0]),
    ):  # fmt: skip
        tissue = {"tissue": "cortex", "age": "juvenile", "rearing": rearing}
        change = [
            100 * (epsp([step("0 s", "pulses", rate=float(rate), count=120)], ["30 min"], **tissue)[0] - 1)
            for rate in rates
        ]
        axes.plot(rates, change, "o-", color=colour, markersize=3, label=label)
    level(axes, 0.0)
    axes.set(xlabel="rate (Hz)", ylabel="EPSP, change (%)", xscale="log")
    axes.set_xticks(rates, [str(rate) for rate in rates])
    axes.minorticks_off()


def inhibition(axes: Axes) -> None:
    """Power of gamma and what the rule makes of it, over PV drive."""
    drives = np.linspace(0.0, 3.0, 19)
    found = [measure_gamma(drive) for drive in drives]
    adult = measure_gamma(1.0)
    axes.plot(drives, [g.power / adult.power for g in found], color=COLOURS[0], label="power of 30 to 80 Hz")
    axes.plot(drives, [g.net / adult.net for g in found], color=COLOURS[1], label="potentiation less depression")
    axes.axvline(1.0, color="#bbbbbb", linewidth=0.8, zorder=0)
    axes.set(xlabel="PV drive, 1 = adult", ylabel="adult = 1", title=f"peak at {adult.frequency:.0f} Hz in the adult")


def astrocytes(axes: Axes) -> None:
    """What a train and slow pulses leave when astrocytes fail."""
    shares, fast, slow = np.linspace(0.0, 1.0, 6), step("0 s", "tetanus"), step("0 s", "pulses")
    rescue = step("-10 min", "bath", action="nmda-coagonist")
    arms = (
        ("100 Hz, D-serine release blocked", "glia-clamp", [fast], "hippocampus"),
        ("the same, D-serine given", "glia-clamp", [rescue, fast], "hippocampus"),
        ("1 Hz in cortex, uptake blocked", "uptake-block", [slow], "cortex"),
    )
    for (label, action, schedule, tissue), colour in zip(arms, COLOURS, strict=False):
        values = [
            epsp([step("-20 min", "bath", action=action, level=float(share)), *schedule], ["40 min"], tissue=tissue)[0]
            for share in shares
        ]
        axes.plot(shares, values, "o-", color=colour, markersize=3, label=label)
    level(axes)
    axes.set(xlabel="share that is blocked", ylabel="EPSP, before = 1")


def early(axes: Axes) -> None:
    """One train and three, with and without protein synthesis."""
    hours = (0.05, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 6, 8)
    block = step("-30 min", "bath", action="synthesis-block")
    for trains, colour in ((1, COLOURS[0]), (3, COLOURS[1])):
        for blocked, style in (([], "-"), ([block], "--")):
            label = f"{trains} train{'s' if trains > 1 else ''}" + (", synthesis blocked" if blocked else "")
            values = epsp([*blocked, step("0 min", "tetanus", trains=trains)], [f"{h} h" for h in hours])
            axes.plot(hours, values, style, color=colour, label=label)
    level(axes)
    axes.set(xlabel="hours", ylabel="EPSP, before = 1")


def tagging(axes: Axes) -> None:
    """A weak train that captures the proteins of a strong one, over the interval between them."""
    hours = (-4, -3, -2, -1, -0.5, 0.5, 1, 2, 3, 4)
    strong, pathways = step("0 h", "tetanus", trains=3), ["S1", "S2"]
    for given, label, style in (([strong], "strong trains to S1 at 0 h", "o-"), ([], "no other input", "s--")):
        left = [
            epsp([*given, step(f"{h} h", "tetanus", pathway="S2", strength="weak")], ["8 h"], "S2", pathways=pathways)
            for h in hours
        ]
        axes.plot(hours, left, style, color=COLOURS[0] if given else GREY, markersize=3, label=label)
    level(axes)
    axes.set(xlabel="weak train to S2 (h)", ylabel="EPSP of S2 at 8 h, before = 1")


def gates(axes: Axes) -> None:
    """What the three states of genes let pass."""
    share, params = np.linspace(0.0, 2.0, 81), MOLECULES
    whole = share[share <= 1.0]
    passed = [epigenetics.permission(x, params.chromatin) for x in whole]
    axes.plot(whole, passed, color=COLOURS[0], label="acetylated share: transcription")
    unsilenced = [epigenetics.unsilenced(x, params.methylation) for x in whole]
    axes.plot(whole, unsilenced, color=COLOURS[1], label="methylated share: transcription, adult = 1")
    reaching = [epigenetics.reaching_spines(x, 0.0, params.microrna) for x in share]
    axes.plot(share, reaching, color=COLOURS[2], label="microRNA-132, rest = 1: translation, rest = 1")
    axes.set(xlabel="state", ylabel="what it lets pass", ylim=(0.0, None))


def periods(axes: Axes) -> None:
    """One eye closed, in the critical period and in the adult."""
    days = (0, 1, 2, 3, 4, 6, 8, 10, 14)
    for age, colour in (("critical-period", COLOURS[0]), ("adult", COLOURS[1])):
        shift = course(
            {"kind": "eyes", "age": age}, [step("0 d", "see", left="closed")], {"measure": "dominance-shift"},
            [f"{day} d" for day in days],
        )  # fmt: skip
        axes.plot(days, shift, color=colour, label=age.replace("-", " "))
    level(axes, 0.0)
    axes.set(xlabel="days with one eye closed", ylabel="shift to the open eye")


def removal(axes: Axes) -> None:
    """Brakes against age, and what their removal opens."""
    ages, enzyme, params = np.arange(-20.0, 100.0, 0.25), 45.0, MOLECULES.brakes
    found, nets, nogo = [], 0.0, 0.0
    for age in ages:
        digestion = 0.2 if enzyme <= age < enzyme + 1 else 0.0
        nets, nogo = brakes.advance_brakes(nets, nogo, brakes.maturity(age, params), digestion, 6.0, params)
        found.append((brakes.grown_inhibition(age, params), nets, nogo, brakes.structural_opening(nogo, 0.0, params)))
    names = ("PV inhibition", "nets", "Nogo-A", "opening of structure")
    for name, values, colour in zip(names, np.transpose(found), (GREY, *COLOURS), strict=False):
        axes.plot(ages, values, color=colour, label=name)
    axes.annotate("nets digested", (enzyme, 0.05), (enzyme + 3, 0.05), color=GREY, fontsize=7)
    axes.set(xlabel="age (days of compressed youth)", ylabel="adult = 1")
    axes.legend(frameon=False, fontsize=7, loc="center", bbox_to_anchor=(0.26, 0.5))


def basins(axes: Axes) -> None:
    """How hard captured cues have to be pushed to free them."""
    task, number = load_scenario("Fear"), 32
    cohort = Patients(task.recipe, "train").take(range(number))
    for label, state, colour in (
        ("healthy siblings", cohort.sibling, COLOURS[2]), ("untreated patients", cohort.patient, COLOURS[1]),
    ):  # fmt: skip
        depth = measure(arrays.copy(state), task.params, task.read_outs, deep=True).depth
        axes.step(np.sort(depth), np.arange(1, number + 1) / number, where="post", color=colour, label=label)
    axes.set(xlabel="push towards the healthy answer that frees a cue", ylabel="share of patients below")


def windows(axes: Axes) -> None:
    """How long one study dose of each compound opens structure."""
    drugs, hours, colours = pharmacology(), np.arange(1, 24 * 42), cycle((*COLOURS, "#222222", GREY))
    for row, compound in enumerate(COMPOUNDS):
        if not drugs.maximum[row, NOGO_RELIEF]:
            continue
        depot, plasma, effect, tolerance = np.zeros((4, len(COMPOUNDS)))
        depot[row], bath, acting, opening = 1.0, np.zeros(len(TARGETS)), np.zeros(len(TARGETS)), []
        for _ in hours:
            advance_drugs(depot, plasma, effect, tolerance, 1.0, 1.0, drugs)
            actions(bath, plasma, effect, tolerance, drugs, acting)
            opening.append(brakes.structural_opening(1.0, acting[NOGO_RELIEF], MOLECULES.brakes))
        dashes = "--" if compound.name == "mdma" else "-"  # lies on another
        axes.plot(hours / 24, opening, dashes, color=next(colours), label=compound.name)
    axes.set(xlabel="days after one study dose", ylabel="opening of adult structure", ylim=(0.0, None))


def reconsolidation(axes: Axes) -> None:
    """Fear that a synthesis blocker leaves, over the time from the reminder."""
    delays, conditioned = (0, 0.5, 1, 2, 3, 4, 6, 9), step("0 d", "condition", context="home")
    reminder = step("1 d", "retrieve", context="home")
    for given, label, style in (([reminder], "after a reminder", "o-"), ([], "without one", "s--")):
        left = [
            course(
                {"kind": "animal"}, [conditioned, *given, step(f"{24 + h} h", "dose", compound="synthesis-blocker")],
                {"measure": "fear", "of": "cue-1"}, ["3 d"],
            )[0]
            for h in delays
        ]  # fmt: skip
        axes.plot(delays, left, style, color=COLOURS[0] if given else GREY, markersize=3, label=label)
    axes.set(xlabel="hours from the reminder to the blocker", ylabel="fear two days after", ylim=(0.0, None))


def sleep(axes: Axes) -> None:
    """What two hours awake and asleep leave of early change of any size."""
    sizes = np.geomspace(0.002, 0.2, 60, dtype=np.float32)  # of all synapses of an axon
    for asleep, label, colour in ((False, "awake", COLOURS[4]), (True, "asleep", COLOURS[0])):
        change = np.repeat(sizes[:, None], 64, 1)
        for _ in range(HOURS):
            consolidation.decay_early(
                change, np.zeros_like(change), np.ones(len(sizes), bool), 1.0, asleep, 1.0, MOLECULES.consolidation,
                np.zeros(len(sizes), np.float32),
            )  # fmt: skip
        axes.plot(sizes, change[:, 0] / sizes, color=colour, label=label)
    axes.axvline(MOLECULES.consolidation.tag, color="#bbbbbb", linewidth=0.8, zorder=0)
    axes.set(
        xscale="log",
        xlabel="early change (line: half-sets a tag)",
        ylabel=f"share left after {HOURS} h",
        ylim=(0.0, None),
    )


FIGURES: dict[str, Callable[[Axes], None]] = {
    drawing.__name__: drawing
    for drawing in (
        neuromodulation, timescales, runaway, timing, nmda, scaling, threshold, inhibition, astrocytes, early, tagging,
        gates, periods, removal, basins, windows, reconsolidation, sleep,
    )
}  # fmt: skip


def draw(name: str, path: Path) -> None:
    """Draw one figure of `FIGURES` to a PNG at `path`."""
    style: Any = {"font.size": 8, "axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left",
                  "axes.titlesize": 8, "lines.linewidth": 1.4}  # fmt: skip
    with mpl.rc_context(style):
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.subplots()
        FIGURES[name](axes)
        if axes.get_legend() is None and axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False, fontsize=7)
        figure.savefig(path, dpi=DPI, format="png")
