"""What the values of an experiment file are made of: times with a unit, strict numbers, names."""

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from plastenv.molecular.pharmacology import ACTIONS, COMPOUND_INDEX
from plastenv.therapy.protocol import nearest

UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "wk": 604800.0, "month": 2592000.0}  # s
LONGEST = 3650 * UNITS["d"]  # s
DURATION = rf"^([0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?) *({'|'.join(UNITS)})$"
TIME = DURATION.replace("^(", "^(-?")
NAME = "^[a-z0-9_]+$"
WORD = "^[A-Za-z0-9_-]+$"
SLUG = "^[a-z0-9][a-z0-9_-]*$"
CUES = 7  # of the Fear circuit; the last one is novel
CUE_NAMES = tuple(f"cue-{k + 1}" for k in range(CUES))
ACTION_NAMES = tuple(ACTIONS)
COMPOUND_NAMES = ("none", *COMPOUND_INDEX)  # 'none' is the vehicle


class Part(BaseModel):
    """A part of an experiment file; keys that it does not know are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MisfitError(ValueError):
    """A value that does not fit the rest: the keys that lead to it, and what was expected."""

    def __init__(self, place: tuple[str | int, ...], problem: str) -> None:
        super().__init__(problem)
        self.place, self.problem = place, problem


def seconds(text: object) -> float:
    """Return the seconds of a time such as '20 min', '-2 d' or '1.5 h'; a month has 30 days.

    Raises ValueError for what is no text, has no unit or is longer than ten years.
    """
    found = re.fullmatch(TIME, text) if isinstance(text, str) else None
    if found and abs(value := float(found[1]) * UNITS[found[2]]) <= LONGEST:
        return value
    raise ValueError(f"expected a time with a unit ({', '.join(UNITS)}), such as '20 min', of at most ten years")


def _longer(value: float) -> float:
    if value <= 0:
        raise ValueError("expected a duration above 0")
    return value


def like(pattern: str, expected: str) -> Callable[[str], str]:
    """Return a check of text against `pattern`; what fails is told what was `expected`."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"expected {expected}")
        return value

    return check


def among(names: Iterable[str], what: str) -> Callable[[str], str]:
    """Return a check that text is one of `names`; what is not is told the nearest one."""
    valid = tuple(names)

    def check(value: str) -> str:
        if value not in valid:
            raise ValueError(f"unknown {what}; {nearest(value[:60], valid)}")
        return value

    return check


def _cue(value: object) -> object:
    if value == "all" or (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= CUES):
        return value
    raise ValueError(f"expected a cue from 1 to {CUES}, or all")


_reads = (BeforeValidator(seconds), PlainSerializer(lambda value: f"{value!r} s", when_used="json"))
Time = Annotated[float, *_reads, WithJsonSchema({"type": "string", "pattern": TIME})]  # s, negative = before t0
Duration = Annotated[  # s, above 0
    float, AfterValidator(_longer), *_reads, WithJsonSchema({"type": "string", "pattern": DURATION})
]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0)]
Count = Annotated[int, Field(strict=True, ge=1, le=100_000)]
Few = Annotated[int, Field(strict=True, ge=1, le=100)]
Flag = Annotated[bool, Field(strict=True)]
Level = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[
    str,
    AfterValidator(like(NAME, "small letters, digits and underscores")),
    WithJsonSchema({"type": "string", "pattern": NAME}),
]
Word = Annotated[
    str,
    AfterValidator(like(WORD, "letters, digits, hyphens and underscores")),
    WithJsonSchema({"type": "string", "pattern": WORD}),
]
Slug = Annotated[
    str,
    AfterValidator(like(SLUG, "small letters, digits, hyphens and underscores")),
    WithJsonSchema({"type": "string", "pattern": SLUG}),
]
ActionName = Annotated[
    str, AfterValidator(among(ACTION_NAMES, "action")), WithJsonSchema({"type": "string", "enum": [*ACTION_NAMES]})
]
CompoundName = Annotated[
    str,
    AfterValidator(among(COMPOUND_NAMES, "compound")),
    WithJsonSchema({"type": "string", "enum": [*COMPOUND_NAMES]}),
]
Cue = Annotated[int, Field(strict=True, ge=1, le=CUES)]
Cues = Annotated[
    int | Literal["all"],
    BeforeValidator(_cue),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": CUES}, {"const": "all"}]}),
]
