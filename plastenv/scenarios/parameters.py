"""Parameter sets: other values for numbers of the circuit and of its molecules, by their dotted names.

    molecular.consolidation.tau_late: 6.1
    circuit.plasticity.efficacy: 0.42

A name is the way to a number through CircuitParams or MolecularParams; what a set does not name is as shipped.
"""

import difflib
import math
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from plastenv.circuit.params import CircuitParams
from plastenv.files import Mapping as Lined
from plastenv.files import read_yaml
from plastenv.molecular.params import MolecularParams
from plastenv.parameters import Row, rows

P = TypeVar("P", bound=CircuitParams | MolecularParams)
PARTS = {"circuit": CircuitParams, "molecular": MolecularParams}
ENSEMBLE = Path(__file__).parent / "ensemble.yaml"  # sets that pass what the shipped numbers pass
SHIPPED: Mapping[str, float] = {}  # the set that changes nothing


class ParameterError(ValueError):
    """A parameter set that cannot be used: which file, line, name and value, and what was expected."""


def _names(params: Any, above: str) -> Iterator[str]:
    """Yield the dotted names of all numbers of `params`, depth first."""
    for name, value in zip(params._fields, params, strict=True):
        path = f"{above}.{name}"
        if hasattr(value, "_fields"):
            yield from _names(value, path)
        else:
            yield path


@cache
def known() -> Mapping[str, Row]:
    """Return every number that a set may name, by its dotted name: shipped value, unit, meaning and source."""
    return {
        name: found
        for part, table in PARTS.items()
        for name, found in zip(_names(table(), part), rows(table()), strict=True)
    }


def _nearest(name: str) -> str:
    """Return the known name that `name`, or a last part without what stands before it, comes closest to."""
    last = {each.rsplit(".", 1)[-1]: each for each in known()}
    (near,) = difflib.get_close_matches(name, [*known(), *last], 1, 0.0)
    return last.get(near, near)


def row(name: str) -> Row:
    """Return what is known of the parameter `name`. Raises ValueError, which names the nearest, if it is unknown."""
    if name not in known():
        raise ValueError(f"unknown parameter; did you mean '{_nearest(name)}'?")
    return known()[name]


def checked(name: str, value: Any) -> float:
    """Return `value` as a number of the parameter `name`.

    Raises ValueError for a name that is unknown, for what is no finite number and for one of the wrong sign.
    """
    shipped = row(name).value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("expected a number (with a point before an exponent: 1.0e-3)")
    if not math.isfinite(value):
        raise ValueError("expected a finite number")
    sign = (shipped > 0.0) - (shipped < 0.0)
    if sign * value <= 0.0 if sign else value < 0.0:
        side = {1: "above 0", 0: "from 0", -1: "below 0"}[sign]
        raise ValueError(f"expected a number {side}, as the shipped one is {shipped:g}")
    return float(value)


def read_parameters(path: str | Path) -> dict[str, float]:
    """Read and check a file of dotted names and numbers.

    Raises FileError for what is no such file, and ParameterError, which names file, line, name and value.
    """
    path = Path(path)
    return _read(path, read_yaml(path, "a parameter set", ("such as molecular.consolidation.tau_late",)))


def read_ensemble(path: str | Path = ENSEMBLE) -> list[dict[str, float]]:
    """Read and check a file of parameter sets, a list under the key `sets`; without `path` the one that is shipped.

    Raises what `read_parameters` does.
    """
    path = Path(path)
    data = read_yaml(path, "an ensemble", ("sets",))
    for key in data:
        if key != "sets":
            raise ParameterError(f"{path}, line {data.lines[key]}: {key}: unknown key; expected sets")
    sets = data["sets"]
    if not isinstance(sets, list) or not sets or not all(isinstance(each, dict) and each for each in sets):
        raise ParameterError(f"{path}, line {data.lines['sets']}: sets: expected a list of parameter sets")
    return [_read(path, each) for each in sets]


def _read(path: Path, data: Lined) -> dict[str, float]:
    """Return the set that stands in a mapping of the file `path`."""
    found = {}
    for name, value in data.items():
        try:
            found[name] = checked(name, value)
        except ValueError as error:
            shown = "" if isinstance(value, dict | list) else f" = {str(value)[:60]!r}"
            raise ParameterError(f"{path}, line {data.lines[name]}: {name}{shown}: {error}") from None
    return found


def replaced(params: Any, path: str, value: float) -> Any:
    """Return `params` with the number at the dotted `path` inside it replaced, of the type that it had."""
    name, _, rest = path.partition(".")
    own = getattr(params, name)
    return params._replace(**{name: replaced(own, rest, value) if rest else type(own)(value)})


def applied(params: P, values: Mapping[str, float]) -> P:
    """Return `params` with those of the set `values` that are its own. Raises ValueError as `checked` does."""
    changed: Any = params
    for name, value in values.items():
        try:
            number = checked(name, value)
        except ValueError as error:
            raise ParameterError(f"{name} = {value!r}: {error}") from None
        part, _, rest = name.partition(".")
        if isinstance(params, PARTS[part]):
            changed = replaced(changed, rest, number)
    result: P = changed
    return result


def models(values: Mapping[str, float]) -> dict[str, CircuitParams | MolecularParams]:
    """Return the changes by which `load_scenario` makes a scenario of the set `values`."""
    return {part: applied(table(), values) for part, table in PARTS.items()}
