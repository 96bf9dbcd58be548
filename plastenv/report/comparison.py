"""The report of a comparison: one self-contained page to look at, click through and hand on.

Its tables are what results.json holds. Figures are drawn in the browser by comparison.js with Plotly, which stands in
the page too, from data that stand there as JSON: medians and quartiles of every schedule, and one score per patient.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from plotly.offline import get_plotlyjs

from plastenv.evaluation.clinical import LEAST
from plastenv.evaluation.comparison import CONTROLS, TWIN, Comparison
from plastenv.evaluation.rollout import REMISSION, RESPONSE, Schedule
from plastenv.evaluation.statistics import Interval
from plastenv.model.types import DAY
from plastenv.report.battery import render
from plastenv.report.tables import notes
from plastenv.therapy.interventions import BY_NAME, Administration, Intervention, channels
from plastenv.therapy.limits import clock
from plastenv.therapy.protocol import ranges

SPARSE = 4  # d between points of a course in follow-up, where little happens
SHADED = 6  # schedules whose spread is shown at a time; more would hide each other
DIGITS = 4  # of a number in a figure
LOWEST = -60.0  # points; what scores less is beyond the edge
PANELS = {  # of the courses: title, unit, what it means
    "symptoms": ("Symptoms", "0 none to 1 worst", "one minus function"),
    "function": ("Function", "0 to 1", "how clearly each cue calls up its own memory"),
    "nets": ("Brake: perineuronal nets", "1 = adult", "digested, they re-form in weeks"),
    "nogo": ("Brake: Nogo-A signalling", "1 = adult", "what is left of it under drugs"),
    "acetylation": ("Brake: chromatin", "acetylated share", "the more, the more open"),
    "bdnf": ("BDNF", "1 = young adult at rest", "growth factor that consolidation needs"),
    "early_own": ("Early trace, safe memory", "units of input", "fades within a day unless captured"),
    "early_captor": ("Early trace, fear memory", "units of input", "on the scale of the safe memory’s"),
    "late_own": ("Late trace, safe memory", "units of input", "consolidated weights from cues"),
    "late_captor": ("Late trace, fear memory", "units of input", "consolidated weights from cues"),
}
KINDS = ("drug", "stimulation", "training", "environment")


class Mark(NamedTuple):
    """One administration on a timeline."""

    left: float  # % of treatment
    width: float  # %
    height: float  # %, the larger the dose the higher
    words: str


class Lane(NamedTuple):
    """One intervention and target on a schedule's timeline."""

    name: str
    kind: str
    marks: list[Mark]
    times: list[str]  # when, how long and how much, days that are alike together


def _plain(values: np.ndarray) -> list[float | None]:
    """Return numbers for a figure: few digits, None where there is none."""
    return [float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None for value in values.tolist()]


def _words(given: Administration) -> str:
    minutes = f", {given.seconds // 60} min" if 0 < given.seconds < DAY else ""
    return f"{clock(given.time)}{minutes}, dose {given.dose:g}"


def _days(days: Sequence[int]) -> str:
    """Write days in order as ranges: 8–9, 11."""
    spans = [f"{a}" if a == b else f"{a}–{b}" for a, b in ranges(days)]
    return f"day{'s' if len(days) > 1 else ''} {', '.join(spans)}"


def lanes(schedule: Schedule, days: int) -> list[Lane]:
    """Return what a schedule gives, by intervention and target in the order of the catalogue; none for a policy."""
    found: dict[tuple[str, str], list[Administration]] = {pair: [] for pair in channels(tuple(BY_NAME))}
    for given in schedule.protocol.administrations if schedule.protocol else ():
        found[given.intervention, given.target].append(given)
    return [_lane(BY_NAME[name], target, own, days) for (name, target), own in found.items() if own]


def _lane(what: Intervention, target: str, own: list[Administration], days: int) -> Lane:
    whole = days * DAY
    marks = [
        Mark(
            round(100.0 * given.time / whole, 3),
            round(100.0 * given.seconds / whole, 3),
            round(40.0 + 60.0 * given.dose / what.max_dose),
            f"day {given.time // DAY + 1}, {_words(given)}",
        )
        for given in own
    ]
    alike: dict[str, list[int]] = {}
    for given in own:
        alike.setdefault(_words(given), []).append(given.time // DAY + 1)
    times = [f"{_days(when)}, {words}" for words, when in alike.items()]
    return Lane(what.name if target == what.targets[0] else f"{what.name}, {target}", what.kind, marks, times)


def scale(rows: list[Mapping[str, Any]]) -> tuple[float, float]:
    """Return from where to where scores are drawn, in points: all of 0 to 100, and below it not much."""
    least = min(row["score"]["low"] for row in rows)
    most = max(row["score"]["high"] for row in rows)
    return max(LOWEST, min(0.0, 10.0 * math.floor(least / 10.0))), max(100.0, 10.0 * math.ceil(most / 10.0))


def deepest(rows: list[Mapping[str, Any]]) -> float:
    """Return up to where basin depth is drawn: twice what is deep before treatment, in tenths, at most 1."""
    return min(1.0, math.ceil(20.0 * max(row["depth"]["before"][2] for row in rows) + 0.1) / 10.0)


def percent(share: float | None) -> str:
    """Write a share in per cent; a missing one as a dash."""
    return "–" if share is None else f"{100.0 * share:.0f} %".replace("-", "−")


def points(value: float, signed: bool = False) -> str:
    """Write points of a score with a true minus sign."""
    return f"{round(value, 1) + 0.0:{'+' if signed else ''}.1f}".replace("-", "−")


def treated(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Say how many have to be treated for one more response, and from how many to how many, or that none is shown."""
    if entry["number"] is None:
        return "not shown", ""
    near, far = sorted(abs(1.0 / entry["gain"][edge]) for edge in ("low", "high"))
    number = f"{abs(entry['number']):.1f}"
    return number if entry["number"] > 0.0 else f"harms 1 in {number}", f"{near:.1f} to {far:.1f}"


def _figures(comparison: Comparison, results: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data that comparison.js draws."""
    names = [row["name"] for row in results["schedules"]]
    scenario, outcomes = comparison.scenario, comparison.outcomes
    day = comparison.courses[names[0]].day
    ends = scenario.horizon_days
    kept = np.flatnonzero((day <= ends) | ((day - ends) % SPARSE == 0) | (day == day[-1]))
    return {
        "names": names,
        "twin": TWIN,
        "patients": comparison.patients,
        "horizon": ends,
        "challenge": scenario.challenge[0].time / DAY,
        "followup": ends + scenario.followup_days,
        "day": _plain(day[kept]),
        "shaded": SHADED,
        "panels": [{"key": key, "title": title, "unit": unit} for key, (title, unit, _) in PANELS.items()],
        "courses": {
            name: {key: [_plain(line[kept]) for line in own.levels[key]] for key in PANELS}
            for name, own in comparison.courses.items()
        },
        "scores": {name: _plain(outcomes[name].score) for name in names},
        "restored": {name: _plain(outcomes[name].restored_followup) for name in names},
        "differences": results["differences"],
        "pairs": results.get("ensemble", {}).get("pairs", []),
        "sets": results.get("ensemble", {}).get("sets", 0),
        "observables": [
            {
                "name": each.name,
                "unit": each.unit,
                "values": _plain(each.values),
                "median": np.median(each.values).item(),
            }
            for each in comparison.observables
        ],
        "responders": {row["name"]: row["responders"] for row in results["schedules"]},
    }


def _lead(results: Mapping[str, Any], ahead: Interval | None) -> str:
    """Say in a sentence what came out best, and whether it is ahead of the next."""
    first, *others = results["schedules"]
    if ahead is None:
        return f"Only {first['name']} was run"
    if results["patients"] == 1:
        by, sure = f"{points(ahead.mean)} points", "; one patient says nothing of others"
    else:
        by = f"{points(ahead.mean)} points (95 % interval {points(ahead.low)} to {points(ahead.high)})"
        sure = "" if ahead.low > 0.0 else ", which the interval does not show to be a difference"
    return f"Best of {len(results['schedules'])}: {first['name']}, {by} ahead of the next, {others[0]['name']}{sure}"


def comparison_page(comparison: Comparison, command: str) -> str:
    """Return the report as one self-contained HTML page; `command` is what was typed. All text is escaped.

    Every schedule has to have been run by this comparison, for a course is drawn of each.
    """
    results = comparison.results()
    rows = results["schedules"]
    return render(
        "comparison.html",
        results=results,
        rows=rows,
        scenario=comparison.scenario,
        schedules=comparison.schedules,
        lanes={name: lanes(each, comparison.scenario.horizon_days) for name, each in comparison.schedules.items()},
        kinds=KINDS,
        lead=_lead(results, comparison.ahead()),
        notes=notes(comparison),
        command=command,
        scale=scale(rows),
        deepest=deepest(rows),
        controls=[name for name in CONTROLS if name in comparison.outcomes],
        challenge_day=comparison.scenario.challenge[0].time // DAY + 1,
        panels=PANELS,
        shaded=SHADED,
        response=RESPONSE,
        remission=REMISSION,
        least=LEAST,
        data=_figures(comparison, results),
        plotly=get_plotlyjs(),
        percent=percent,
        points=points,
        treated=treated,
        twin=TWIN,
    )
