"""Every number of the simulator in one list: parameters, compounds, and what each procedure does to the circuit."""

from dataclasses import fields
from typing import Any

from plastenv.circuit import episodes
from plastenv.circuit.gamma import GammaParams
from plastenv.circuit.params import CircuitParams
from plastenv.lab import procedures
from plastenv.molecular.params import MolecularParams
from plastenv.molecular.pharmacology import ACTIONS, COMPOUNDS, TARGETS, Compound
from plastenv.parameters import PROJECT, Row, rows
from plastenv.therapy.protocol import nearest

COMPOUND_TABLE, EVENT_TABLE = "Compounds", "Events"
ACTION_NAMES = {row: name for name, row in ACTIONS.items()}
MEANINGS = {  # of a compound's numbers: meaning, unit
    "absorption_h": ("time constant of absorption", "h"),
    "elimination_h": ("time constant of elimination", "h"),
    "effect_h": ("decay of the effect site", "h"),
    "adaptation": ("loss of potency per study dose that the body has adapted to", "1/dose"),
    "tolerance_h": ("build-up and recovery of tolerance", "h"),
    "maximum": ("largest action; of a digestion, per hour", "1"),
    "ec50": ("level at half the largest action", "study doses"),
    "hill": ("Hill exponent", "1"),
}
TIMING = {  # of an episode's numbers: meaning, unit
    "duration": ("length of the episode", "s"),
    "avoidable": ("1 = the subject may end the cue once it expects an aversive outcome", "1"),
    "tone": ("neuromodulatory tone, 1 = awake", "1"),
}


def _numbers(part: Any) -> dict[str, float]:
    """Return the numeric fields of a compound or an action; its target is a row of `TARGETS`, no number."""
    found = {field.name: getattr(part, field.name) for field in fields(part) if field.name != "target"}
    return {name: value for name, value in found.items() if isinstance(value, int | float)}


def _compound(compound: Compound) -> list[Row]:
    """List kinetics and actions; a number without a word in `MEANINGS` is listed under its own name."""
    found = []
    for name, value in _numbers(compound).items():
        meaning, unit = MEANINGS.get(name, (name.replace("_", " "), "1"))
        found.append(Row(COMPOUND_TABLE, f"{compound.name}.{name}", value, unit, meaning, compound.source))
    for action in compound.actions:
        where = f"{TARGETS[action.target]} ({action.site} site)"
        for name, value in _numbers(action).items():
            meaning, unit = MEANINGS.get(name, (name.replace("_", " "), "1"))
            full = f"{compound.name}.{ACTION_NAMES[action.target]}.{name}"
            found.append(Row(COMPOUND_TABLE, full, value, unit, f"{where}: {meaning}", compound.source))
    return found


def _events() -> list[Row]:
    """List the event table; what an episode does not use (zero) is left out."""
    found = []
    for episode, values in zip(episodes.EPISODES, episodes.table(), strict=True):
        for column, value in zip(episodes.COLUMNS, values, strict=True):
            if value:
                meaning, unit = TIMING.get(column, (column.replace("_", " "), "s"))
                source = getattr(episode, "source", PROJECT)
                found.append(Row(EVENT_TABLE, f"{episode.name}.{column}", float(value), unit, meaning, source))
    return found


def parameter_tables(only: str | None = None) -> dict[str, list[Row]]:
    """Return every table by name, or the one called `only`. Raises ValueError for a name that is unknown."""
    listed = rows(CircuitParams()) + rows(GammaParams()) + rows(MolecularParams())
    for compound in COMPOUNDS:
        listed += _compound(compound)
    listed += _events() + procedures.listed()
    tables: dict[str, list[Row]] = {}
    for row in listed:
        tables.setdefault(row.table, []).append(row)
    if only is None:
        return tables
    if only not in tables:
        raise ValueError(f"--table {only}: unknown table; {nearest(only, list(tables))}")
    return {only: tables[only]}


def as_json(tables: dict[str, list[Row]]) -> dict[str, Any]:
    """Return the tables as plain data: {"tables": {name: [{name, value, unit, meaning, source}, ...]}}."""
    plain = {
        name: [
            {"name": r.name, "value": r.value, "unit": r.unit, "meaning": r.meaning, "source": r.source} for r in rows
        ]
        for name, rows in tables.items()
    }
    return {"tables": plain}
