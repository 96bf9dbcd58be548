"""Interventions and scenarios in words: what exists, within which limits, and where it comes from."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import gymnasium
from rich.table import Table
from rich.text import Text

from plastenv.circuit.episodes import EPISODES, INDEX
from plastenv.model.types import DAY
from plastenv.molecular.pharmacology import COMPOUND_INDEX, COMPOUNDS, NET_DIGESTION, TARGETS, Action
from plastenv.patients.population import SPLITS
from plastenv.report.schedules import PLAIN, span
from plastenv.scenarios.scenario import FILES, FOLDER, Scenario
from plastenv.therapy.interventions import (
    CATALOGUE,
    EPISODES_PER_DAY,
    TRAINS_PER_HOUR,
    TRIALS_PER_HOUR,
    WAKING,
    Intervention,
)
from plastenv.therapy.limits import CLINIC_HOURS
from plastenv.therapy.protocol import library

LISTED = ("targets", "interventions", "schedules", "environments")  # short names, on one line of a page
CAPTION = (
    "At most: dose at once, times a day on each target, doses over the course. In study doses.\n"
    "Burden: points a dose, or an hour of it. plastenv interventions NAME tells more."
)
REGIONS = {
    "prefrontal": "the assemblies of the cues' own memories",
    "amygdala": "the aversive assembly",
    "broad": "all",
}


def limits(what: Intervention) -> list[str]:
    """Say how much, how often and for how long an intervention may be given."""
    found = [
        f"at most {_many(what.max_dose, 'study dose')} at once, {what.course:g} over the whole treatment",
        f"at most {what.per_day} a day on each target, {what.interval_h:g} h from start to start",
    ]
    if what.max_minutes:
        found.append(f"{span(60 * what.minutes)} if nothing else is said, at most {span(60 * what.max_minutes)}")
    if what.kind in {"stimulation", "training"}:
        found.append(f"stimulation and training together at most {CLINIC_HOURS} h a day")
    return found


def _many(number: float, what: str) -> str:
    return f"{number:g} {what}" if number == 1 else f"{number:g} {what}s"


def contraindications(what: Intervention) -> list[str]:
    """Say what must not be given near an intervention."""
    return [f"{other} within {hours:g} h" for other, hours in what.apart.items()]


def burden(what: Intervention) -> str:
    """Say what an intervention costs a patient."""
    per = {"stimulation": "study dose and hour", "training": "hour"}.get(what.kind, "study dose")
    return f"{_many(what.burden, 'point')} per {per}"


def effects(what: Intervention) -> list[str]:
    """Say what an intervention does to the molecules or the circuit."""
    if what.kind == "drug":
        return [_action(action) for action in COMPOUNDS[COMPOUND_INDEX[what.name]].actions]
    if what.kind == "stimulation":
        on, off = EPISODES[INDEX["stimulation-train"]].stimulation
        does = "drives" if what.sign > 0 else "silences"
        regions = "; ".join(f"{target}: {does} {REGIONS[target]}" for target in what.targets)
        return [f"{TRAINS_PER_HOUR} trains of {off - on:g} s an hour, the dose is their strength", regions]
    cue = f"a cue for {EPISODES[INDEX['exposure-trial']].cue[1]:g} s at the clinic, unavoidable and without outcome"
    return {
        "extinction-training": [f"{TRIALS_PER_HOUR} trials an hour at dose 1, each {cue}"],
        "brief-reactivation": [f"each cue of the target once per study dose: {cue}"],
        "benign-environment": [_day("its ordinary outcome")],
        "adverse-environment": [_day("the feared outcome")],
    }[what.name]


def _day(outcome: str) -> str:
    return (
        f"at dose 1 every cue {EPISODES_PER_DAY} times between {WAKING[0]} and {WAKING[1]} h, outside, with {outcome}; "
        "everyday life goes on beside it"
    )


def _action(action: Action) -> str:
    rate = " an hour" if action.target == NET_DIGESTION else ""
    site = "in plasma" if action.site == "plasma" else "at the effect site"
    return (
        f"{TARGETS[action.target]}: up to {100 * action.maximum:g} %{rate}, half of it at level {action.ec50:g} {site}"
    )


def _half(hours: float) -> str:
    return f"{hours:.2g} h" if hours < 48.0 else f"{hours / 24:.2g} d"


def kinetics(what: Intervention) -> list[str]:
    """Say how a drug comes and goes; nothing for what is no drug."""
    if what.kind != "drug":
        return []
    compound = COMPOUNDS[COMPOUND_INDEX[what.name]]
    half, lasting = (_half(math.log(2) * hours) for hours in (compound.elimination_h, compound.effect_h))
    found = [f"half-life in plasma {half}, of the effect {lasting}"]
    if compound.adaptation:
        found.append(f"tolerance builds up and recovers over {compound.tolerance_h / 24:g} d")
    return found


def sources(what: Intervention) -> list[str]:
    """Name where an intervention, and for a drug what it does, is from."""
    own = [what.source]
    return [*own, COMPOUNDS[COMPOUND_INDEX[what.name]].source] if what.kind == "drug" else own


def describe_intervention(what: Intervention) -> dict[str, Any]:
    """Return all that is known of an intervention in words."""
    given = [p.name for p in library() if any(each.intervention == what.name for each in p.administrations)]
    return {
        "name": what.name,
        "kind": what.kind,
        "what": what.what,
        "targets": list(what.targets),
        "limits": limits(what),
        "contraindicated": contraindications(what),
        "burden": burden(what),
        "effects": effects(what),
        "kinetics": kinetics(what),
        "sources": sources(what),
        "schedules": given,
    }


def interventions_table(interventions: Iterable[Intervention] = CATALOGUE) -> Table:
    """Return what can be given and the limits of it."""
    table = Table(title="Interventions", caption=CAPTION, **PLAIN)
    table.add_column("intervention", no_wrap=True)
    table.add_column("what it does", overflow="fold")
    for name in ("dose", "day", "course", "burden"):
        table.add_column(name, justify="right", no_wrap=True)
    before = None
    for what in interventions:
        if what.kind != before:
            table.add_row(Text(what.kind, style="bold"))
            before = what.kind
        limits = (f"{what.max_dose:g}", f"{what.per_day}", f"{what.course:g}")
        table.add_row(f"  {what.name}", Text(what.what), *limits, f"{what.burden:g}")
    return table


def what_it_is(name: str) -> str:
    """Return the first sentence of the comment that a scenario's file opens with."""
    first = (FOLDER / f"{FILES[name]}.yaml").read_text("utf-8").splitlines()[0]
    return first.removeprefix("# ").removeprefix(f"{name}: ").split(". ")[0].rstrip(".")


def environments(scenario: Scenario) -> list[str]:
    """Return the ids under which Gymnasium knows a scenario."""
    return [id for id, spec in gymnasium.registry.items() if spec.kwargs.get("scenario") == scenario.name]


def describe_scenario(scenario: Scenario) -> dict[str, Any]:
    """Return what a scenario is, in words."""
    s, born, weights = scenario, scenario.population, scenario.objective
    used = [what for what in CATALOGUE if what.name in s.interventions]
    low, high = born.adversity
    reminder = s.challenge[0].time // DAY + 1  # days of treatment count from 1
    return {
        "name": s.name,
        "what": what_it_is(s.name),
        "treatment": f"{s.horizon_days} days",
        "followup": f"day {s.followup // DAY}, after a reminder of the adversity on day {reminder}",
        "patients": ", ".join(f"{split} {size}" for split, size in SPLITS.items()),
        "history": [
            f"{s.youth.infancy} d of infancy, {s.youth.adversity} d of adversity, {s.youth.adulthood} d of adulthood",
            f"{low:g} to {high:g} adverse hours per affected cue, {born.shift:g} times as many in the split 'shift'",
        ],
        "circuit": [
            f"{s.anatomy.units} excitatory units, {s.anatomy.cues} cues, {s.anatomy.contexts} contexts",
            f"{len(s.probes.function)} cues are feared, {len(s.probes.others)} memories stand beside them",
        ],
        "score": "100 × restored function at follow-up, less harm and burden, in points",
        "limits": [
            f"a seizure costs {weights.seizure:g} points, a refused wish {weights.refused:g}",
            f"a patient drops out above {weights.dropout:g} points of burden; a treatment should cost at most "
            f"{weights.budget:g}",
            f"a clinic has {CLINIC_HOURS} h a day for stimulation and training",
        ],
        "interventions": [what.name for what in used],
        "actions": f"{len(s.menu)} on the menu, {len(s.channels)} channels of doses",
        "environments": environments(s),
        "sources": list(dict.fromkeys(what.source for what in used)),
    }


def scenarios_table(scenarios: Iterable[Scenario]) -> Table:
    """Return the scenarios, a row each."""
    table = Table(title="Scenarios", **PLAIN)
    table.add_column("scenario", no_wrap=True)
    table.add_column("what it is", overflow="fold")
    for name in ("days", "follow-up", "schedules"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in scenarios:
        fitting = len(library(each.horizon_days))
        table.add_row(
            each.name, what_it_is(each.name), str(each.horizon_days), f"day {each.followup // DAY}", str(fitting)
        )
    return table


def page(described: Mapping[str, Any]) -> Table:
    """Lay out what describes one thing, a row per word and what belongs to it; what is empty is left out."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in described.items():
        rest = ", ".join(value) if isinstance(value, list) and name in LISTED else value
        text = "\n".join(rest) if isinstance(rest, list) else str(rest)
        if text:
            grid.add_row(Text(name, style="bold"), Text(text))
    return grid
