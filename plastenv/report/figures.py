"""Static figures."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from plastenv.evaluation.comparison import Comparison
from plastenv.files import whole

SHOWN = 5  # trajectories in colour, besides the untreated course
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")  # Okabe & Ito, safe for colour blindness


def comparison_figure(comparison: Comparison, path: Path) -> None:
    """Draw score intervals and symptom trajectories of a comparison to a PNG at `path`."""
    everything = comparison.results()
    results = everything["schedules"]
    others = {row["name"]: row["scores"] for row in everything.get("ensemble", {}).get("schedules", [])}
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(11.5, max(3.8, 0.32 * len(results) + 1.2)), layout="constrained")
        scores, courses = figure.subplots(1, 2, width_ratios=(1.15, 1.0))
        shown = [row["name"] for row in results if row["name"] != "untreated"][:SHOWN]
        colours = dict(zip(shown, COLOURS, strict=False))
        for place, row in enumerate(reversed(results)):
            score, colour = row["score"], colours.get(row["name"], "#777777")
            own = others.get(row["name"], [])
            scores.plot(own, [place - 0.3] * len(own), "|", color=colour, markersize=5, alpha=0.6)
            scores.plot((score["low"], score["high"]), (place, place), color=colour, linewidth=2.5)
            scores.plot(score["mean"], place, "o", color=colour, markersize=5)
        scores.set_yticks(range(len(results)), [row["name"] for row in reversed(results)])
        scores.axvline(0.0, color="#bbbbbb", linewidth=0.8, zorder=0)
        scores.set_xscale("symlog", linthresh=100.0) if min(r["score"]["low"] for r in results) < -300 else None
        marks = f"\nticks: mean scores under other parameter sets, {everything['ensemble']['sets']}" if others else ""
        scores.set_xlabel(f"score (0 = natural course, 100 = premorbid, durable, harmless){marks}")
        scores.set_title(f"Score, mean and 95 % interval, {len(comparison.patients)} patients", loc="left")

        scenario = comparison.scenario
        gap = scenario.horizon_days + 0.25 * scenario.followup_days  # follow-up is drawn nearer than it is
        for name in ["untreated", *shown] if "untreated" in comparison.outcomes else shown:
            outcome = comparison.outcomes[name]
            symptoms = 1.0 - outcome.course.mean(0)
            later = 1.0 - float(outcome.function_followup.mean())
            colour = colours.get(name, "#222222")
            style = "--" if name == "untreated" else "-"
            courses.plot(range(len(symptoms)), symptoms, style, color=colour, linewidth=1.6, label=name)
            courses.plot((len(symptoms) - 1, gap), (symptoms[-1], later), ":", color=colour, linewidth=1.0)
            courses.plot(gap, later, "o", color=colour, markersize=5)
        courses.axvspan(0, scenario.horizon_days, color="#f3f3f3", zorder=0)
        ticks = [*range(0, scenario.horizon_days + 1, max(7, scenario.horizon_days // 4)), gap]
        courses.set_xticks(
            ticks, [f"{t:g}" for t in ticks[:-1]] + [f"{scenario.horizon_days + scenario.followup_days}"]
        )
        courses.set_ylim(0.0, 1.0)
        courses.set_xlabel("days since treatment began (treatment shaded), then follow-up")
        courses.set_ylabel("symptoms (1 - function)")
        courses.set_title("Symptoms, mean over patients", loc="left")
        courses.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
        with whole(path) as temporary:
            figure.savefig(temporary, dpi=150, format="png")
