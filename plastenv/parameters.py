"""Parameter tables: a NamedTuple whose fields carry meaning, unit and source beside their value."""

from dataclasses import dataclass
from typing import Any, get_type_hints


@dataclass(frozen=True, slots=True)
class Par:
    """What a parameter means, its unit, and where its value comes from."""

    meaning: str
    unit: str
    source: str


PROJECT = "defined by this project"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a parameter table."""

    table: str
    name: str
    value: float
    unit: str
    meaning: str
    source: str


def rows(params: Any) -> list[Row]:
    """List every parameter of `params`, a NamedTuple of floats or of such tables, depth first."""
    found: list[Row] = []
    hints = get_type_hints(type(params), include_extras=True)
    for name, value in zip(params._fields, params, strict=True):
        if hasattr(value, "_fields"):
            found += rows(value)
            continue
        (par,) = hints[name].__metadata__
        found.append(Row(type(params).__name__, name, value, par.unit, par.meaning, par.source))
    return found
