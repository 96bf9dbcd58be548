"""One patient's story: an account in plain text, and a figure with causes at the top and one time axis for all."""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator

from plastenv.envs.picture import BLUE, BRAKES, GREY, INK, KINDS, PALE, PAPER, PINK, RED, SKY, STYLE, YELLOW
from plastenv.evaluation.case import Case
from plastenv.evaluation.story import IN_BLOOD, Statement, number
from plastenv.evaluation.trace import cues, drugs
from plastenv.files import whole
from plastenv.model.types import DAY
from plastenv.therapy.interventions import BY_NAME, CATALOGUE

WIDTH = 10.5  # in
LATER = 0.25  # width of a day of follow-up, in days of treatment
LAST = 1 / LATER  # days that stand for follow-up's last midnight, where each midnight fills the day that it begins
WINDOW = "#FFF3D1"
DRUGS = (PINK, INK, YELLOW, BLUE, "#009E73", SKY, RED)  # lines, in order of the scenario's drugs
FAINT, NEITHER = "#F2B48C", "#A8A8A8"


def account(title: str, statements: Sequence[Statement], width: int) -> str:
    """Return the statements as a text of lines of at most `width` letters, topics at the left."""
    margin = max(len(statement.topic) for statement in statements) + 2
    paragraphs = [
        textwrap.fill(
            f"{statement.topic:{margin}}{statement.text}",
            width,
            subsequent_indent=" " * margin,
            break_on_hyphens=False,
        )
        for statement in statements
    ]
    return "\n".join([title, "", *paragraphs, ""])


def figures(case: Case, title: str, folder: Path) -> list[Path]:
    """Draw a case to figure.png and figure.svg in `folder`; each appears whole or not at all. Returns their paths."""
    with mpl.rc_context(STYLE | {"axes.spines.top": False, "axes.spines.right": False}):
        figure = draw(case, title)
        written = []
        for kind in ("png", "svg"):
            path = folder / f"figure.{kind}"
            with whole(path) as temporary:
                figure.savefig(temporary, dpi=150, format=kind)
            written.append(path)
    return written


def draw(case: Case, title: str) -> Figure:
    """Return the figure of a case."""
    lanes = len({item.intervention for item in case.planned})
    blood = [k for k in range(len(drugs(case.scenario))) if case.trace.plasma[:, 0, k].max() >= IN_BLOOD]
    panels: list[tuple[Callable[[Axes, Case], None], float]] = [(_events, 0.25 * max(lanes, 1) + 0.25)]
    panels += [(_blood, 0.85)] if blood else []
    panels += [
        (_brakes, 1.2),
        (_tags, 1.2),
        (_weights, 1.5),
        (_winners, 0.3 * len(cues(case.scenario)) + 0.1),
        (_symptoms, 1.0),
    ]
    heights = [height for _, height in panels]
    layout = ConstrainedLayoutEngine(h_pad=0.06, hspace=0.02)
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.42 * len(heights) + 0.9), layout=layout)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, weight="bold")
    every = figure.subplots(len(panels), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    for axes, (panel, _) in zip(every, panels, strict=True):
        _time(axes, case)
        panel(axes, case)
    shades = "shaded; yellow: window open" if case.windows else "shaded"
    every[-1].set_xlabel(f"days since treatment began ({shades}; day 1 lies from 0 to 1), follow-up on a shorter scale")
    return figure


def _time(axes: Axes, case: Case) -> None:
    """Give follow-up a shorter scale, shade treatment and windows, mark its end and the challenge."""
    horizon, later = case.scenario.horizon_days, case.trace.time[-1] / DAY

    def forward(day: Any) -> Any:
        return np.minimum(day, horizon) + LATER * np.maximum(0.0, np.asarray(day) - horizon)

    def back(place: Any) -> Any:
        return np.minimum(place, horizon) + np.maximum(0.0, np.asarray(place) - horizon) / LATER

    axes.set_xscale("function", functions=(forward, back))
    axes.set_xlim(0.0, later + LAST)
    axes.axvspan(0.0, horizon, color=PAPER, linewidth=0, zorder=0)
    for start, stop in case.windows:
        axes.axvspan(start / DAY, stop / DAY, color=WINDOW, linewidth=0, zorder=0.1)
    challenge = case.scenario.challenge[0].time / DAY
    axes.axvline(challenge, color=RED, linewidth=0.8, linestyle=":")
    if case.ended < case.scenario.end:
        axes.axvline(case.ended / DAY, color=RED, linewidth=1.0)
    step = max(7, horizon // 8 // 7 * 7)
    ticks = [*range(0, horizon + 1, step), *(day for day in range(horizon + 28, int(later) - 13, 28)), int(later)]
    axes.set_xticks(ticks, [f"{tick}" for tick in ticks])
    axes.minorticks_off()


def _days(case: Case) -> np.ndarray:
    return case.trace.time / DAY


def _title(axes: Axes, words: str, key: str = "") -> None:
    axes.set_title(words, loc="left", fontsize=9, weight="bold", pad=4)
    axes.set_title(key, loc="right", fontsize=8, color=GREY, pad=4)


def _legend(axes: Axes, handles: Sequence[Patch] | None = None) -> None:
    """Name at the right what is drawn, or `handles`."""
    known = handles or axes.get_legend_handles_labels()[0]
    axes.legend(
        handles=known, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8, handlelength=1.6
    )


def _events(axes: Axes, case: Case) -> None:
    """Draw a lane for every intervention, bars as high as their doses; what fell away is hollow."""
    names = [what.name for what in CATALOGUE if any(item.intervention == what.name for item in case.planned)]
    width = 0.004 * (case.scenario.horizon_days + LATER * case.scenario.followup_days)
    for row, name in enumerate(names):
        what = BY_NAME[name]
        for item in (item for item in case.planned if item.intervention == name):
            high, given = 0.84 * max(0.35, item.dose / what.max_dose), item.time < case.ended
            box: dict[str, Any] = {
                "width": max(width, item.seconds / DAY),
                "bottom": row + 0.42 - high,
                "align": "edge",
            }
            face = KINDS[what.kind] if given else "none"
            axes.bar(item.time / DAY, high, color=face, edgecolor=KINDS[what.kind], linewidth=0.6, **box)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(max(len(names), 1) - 0.45, -1.05)
    axes.tick_params(axis="y", length=0)
    if not names:
        axes.text(case.scenario.horizon_days / 2, 0.0, "nothing", color=GREY, ha="center", va="center")
    _title(axes, "Given", "height: dose" + ("; hollow: fell away" if len(case.given) < len(case.planned) else ""))
    challenge = case.scenario.challenge[0].time / DAY
    axes.text(challenge - 1.0, -1.0, "challenge", color=RED, fontsize=8, ha="right", va="top")
    if case.ended < case.scenario.end:
        axes.text(case.ended / DAY + 0.4, -1.0, "treatment over", color=RED, fontsize=8, va="top")


def _blood(axes: Axes, case: Case) -> None:
    for k, name in enumerate(drugs(case.scenario)):
        level = case.trace.plasma[:, 0, k]
        if level.max() >= IN_BLOOD:
            axes.plot(_days(case), level, color=DRUGS[k % len(DRUGS)], linewidth=1.2, label=name)
    axes.set_ylim(0.0, None)
    _title(axes, "In the blood", "study doses")
    _legend(axes)


def _brakes(axes: Axes, case: Case) -> None:
    for name, label, colour, style in BRAKES:
        axes.plot(
            _days(case), getattr(case.trace, name)[:, 0], color=colour, linestyle=style, linewidth=1.4, label=label
        )
    axes.axhline(1.0, color=PALE, linewidth=0.8, zorder=0.5)
    axes.set_ylim(0.0, None)
    _title(axes, "Brakes and growth", "1 = adult; acetylation as a share")
    _legend(axes)


def _tags(axes: Axes, case: Case) -> None:
    trace, time = case.trace, _days(case)
    for sign, tag, protein, light, dark, whose in (
        (1.0, trace.tag_own, trace.protein_own[:, 0].mean(1), SKY, BLUE, "own"),
        (-1.0, trace.tag_captor, trace.protein_captor[:, 0], FAINT, RED, "fear"),
    ):
        axes.fill_between(time, 0.0, sign * tag[:, 0].mean(1), color=light, linewidth=0, label=f"tags, {whose}")
        axes.plot(time, sign * protein, color=dark, linewidth=0.8, label=f"proteins, {whose}")
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -0.4), max(high, 1.0))
    axes.yaxis.set_major_locator(MultipleLocator(0.5 if high - low < 2.5 else 1.0))
    axes.yaxis.set_major_formatter(lambda level, _: f"{abs(level):g}")
    _title(axes, "Tags and proteins", "mean over cues; up: own memories, down: fear memory")
    _legend(axes)


def _weights(axes: Axes, case: Case) -> None:
    for name, colour, whose in (("own", BLUE, "own"), ("captor", RED, "fear")):
        early, late, structure = (
            getattr(case.trace, f"{kind}_{name}")[:, 0] for kind in ("early", "late", "structure")
        )
        axes.plot(_days(case), late, color=colour, linewidth=0.6, alpha=0.3)
        axes.plot(_days(case), (early + late).mean(1), color=colour, linewidth=0.5, alpha=0.6)
        axes.plot(_days(case), late.mean(1), color=colour, linewidth=1.6, label=f"late, {whose}")
        axes.plot(
            _days(case), structure.mean(1), color=colour, linewidth=1.2, linestyle="--", label=f"structure, {whose}"
        )
    _title(
        axes,
        "Weights of the cues' synapses",
        "units of input; thick: mean over cues, thin: each cue, spikes: early phase",
    )
    _legend(axes)


def _winners(axes: Axes, case: Case) -> None:
    """Draw a lane for every cue, filled as far as something else than its own memory wins its probes."""
    midnights = np.flatnonzero(case.trace.time % DAY == 0)
    time, names = case.trace.time[midnights] / DAY, cues(case.scenario)
    time, midnights = np.append(time, time[-1] + LAST), np.append(midnights, midnights[-1])
    for row, name in enumerate(names):
        captured = case.trace.cue_capture[midnights, 0, row]
        lost = np.maximum(captured, case.trace.cue_symptoms[midnights, 0, row])
        base = row + 0.4
        look: dict[str, Any] = {"step": "post", "linewidth": 0}
        axes.fill_between(time, base, base - 0.8, color="white", edgecolor=PALE, linewidth=0.6)
        axes.fill_between(time, base, base - 0.8 * lost, color=NEITHER, **look)
        axes.fill_between(time, base, base - 0.8 * captured, color=RED, **look)
        axes.text(
            -0.008, row, name, transform=axes.get_yaxis_transform(), ha="right", va="center", color=GREY, fontsize=8
        )
    axes.set_yticks([])
    axes.set_ylim(len(names) - 0.5, -0.5)
    _title(axes, "Who wins each cue", "share of its probes, at midnight")
    winners = ((RED, RED, "fear memory"), (NEITHER, NEITHER, "neither"), ("white", PALE, "own memory"))
    _legend(axes, [Patch(facecolor=face, edgecolor=edge, label=label) for face, edge, label in winners])


def _symptoms(axes: Axes, case: Case) -> None:
    trace = case.trace
    seen = np.isfinite(trace.symptoms[:, 0])
    axes.plot(_days(case)[seen], trace.symptoms[seen, 0], color=RED, linewidth=1.6, label="symptoms")
    for level, label, style in ((trace.untreated[0], "untreated", "--"), (trace.premorbid[0], "before adversity", ":")):
        axes.axhline(level, color=GREY, linestyle=style, linewidth=1.2, label=f"{label}, {number(level)}")
    axes.set_ylim(-0.03, 1.03)
    axes.set_yticks((0.0, 0.5, 1.0), ("0", "0.5", "1"))
    _title(axes, "Symptoms", "0 = none, 1 = worst")
    _legend(axes)
