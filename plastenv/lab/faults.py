"""Files of experiments and calibrations; what is wrong with one, by line, key, value and what was expected."""

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from plastenv.files import FileError, Mapping, read_yaml
from plastenv.lab.units import MisfitError
from plastenv.therapy.protocol import nearest

M = TypeVar("M", bound=BaseModel)
Place = tuple[str | int, ...]  # keys and positions in lists that lead to a value
NOTHING = object()
WORDS = {
    "dict_type": "expected keys and values",
    "model_type": "expected keys and values",
    "model_attributes_type": "expected keys and values",
    "tuple_type": "expected a list",
    "string_type": "expected text",
    "string_too_short": "expected text",
    "bool_type": "expected true or false",
}


def keys_of(model: type[BaseModel]) -> list[str]:
    """Return the keys that a file may give `model`."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _place(loc: Place) -> Place:
    """Leave out what is no key of the file: the tags of unions and the mark of a wrong key."""
    place: list[str | int] = list(loc)
    if place[:1] == ["preparation"]:
        del place[1:2]
    if place[:1] == ["arms"] and place[2:3] == ["schedule"]:
        del place[4:5]
    return tuple(part for part in place if part != "[key]")


def describe(error: ErrorDetails, keys: list[str]) -> tuple[Place, str]:
    """Return where an error lies, as keys from where the validation began, and what was expected.

    `keys` are the valid ones beside the key that the error is about.
    """
    place, kind, context = _place(error["loc"]), error["type"], error.get("ctx", {})
    if kind == "value_error":
        cause = context["error"]
        return (*place, *cause.place) if isinstance(cause, MisfitError) else place, str(cause)
    if kind == "extra_forbidden":
        return place, f"unknown key; {nearest(str(place[-1]), keys)}"
    if kind == "missing":
        return place, "is missing"
    if kind == "union_tag_not_found":
        return (*place, context["discriminator"].strip("'")), f"is missing; expected one of: {', '.join(keys)}"
    if kind == "union_tag_invalid":
        return (*place, context["discriminator"].strip("'")), nearest(str(context["tag"]), keys)
    if kind == "literal_error":
        return place, nearest(str(error["input"])[:60], re.findall(r"'([^']*)'", context["expected"]))
    said = re.sub(r"^(Input|Tuple|List|Value|Dictionary) should", "expected to", error["msg"])
    return place, WORDS.get(kind, said.replace("expected to be", "expected"))


def _look(data: Mapping, place: Place) -> tuple[int, Any]:
    """Return the line of the deepest key on the way to `place`, and the value there; NOTHING if there is none."""
    here: Any = data
    line = data.lines[""]
    for part in place:
        if isinstance(here, Mapping):
            line = here.lines.get(str(part), line)
        try:
            here = here[part]
        except (LookupError, TypeError):
            return line, NOTHING
        if isinstance(part, int) and isinstance(here, Mapping):
            line = here.lines[""]
    return line, here


def complaint(data: Mapping, place: Place, problem: str) -> str:
    """Return "line N: key.path = value: problem", the value only if it is a plain one."""
    line, value = _look(data, place)
    shown = "" if value is NOTHING or isinstance(value, dict | list) else f" = {str(value)[:60]!r}"
    return f"line {line}: {'.'.join(map(str, place))}{shown}: {problem}"


def worst(error: ValidationError, data: Mapping, keys: Callable[[Place], list[str]]) -> str:
    """Return the complaint that helps most: about an unknown key, which others follow from, else the first line."""

    def rank(each: ErrorDetails) -> tuple[bool, int]:
        return each["type"] != "extra_forbidden", _look(data, _place(each["loc"]))[0]

    found = [each for each in error.errors() if each["type"] != "default_factory_not_called"]  # follows from others
    first = min(found, key=rank)
    return complaint(data, *describe(first, keys(_place(first["loc"]))))


def not_finite(data: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the places of the numbers in a file's content that are NaN or infinite."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from not_finite(value, (*place, key))
    elif isinstance(data, list):
        for k, value in enumerate(data):
            yield from not_finite(value, (*place, k))
    elif isinstance(data, float) and not math.isfinite(data):
        yield place


def read(
    path: Path, what: str, model: type[M], keys: Callable[[Mapping, Place], list[str]], fault: type[ValueError]
) -> tuple[M, Mapping]:
    """Read and check the file of a `model`, `what` in words; return it, and its content with the lines.

    `keys` gives the valid keys beside the last one of a place. Raises `fault`, whose message is
    "FILE: line N: key.path = value: what was expected".
    """
    try:
        data = read_yaml(path, what, keys_of(model))
    except FileError as error:
        where = f"{path}: line {error.line}" if error.line else f"{path}"
        raise fault(f"{where}: {error.problem}") from None
    for place in not_finite(data):
        raise fault(f"{path}: {complaint(data, place, 'expected a finite number')}")
    try:
        return model.model_validate(data), data
    except ValidationError as error:
        raise fault(f"{path}: {worst(error, data, lambda place: keys(data, place))}") from None
