"""Linear quantities over arms and read-outs, as an experiment file writes them.

    react_veh_0h@prLTM - react_ani_0h@prLTM
    2 * treated@day28 - 0.5 * naive@day28 - 1

A study with one read-out may leave it out: `treated - naive`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plastenv.lab.units import NAME, WORD

NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?"
TERM = re.compile(rf"(?:({NUMBER}) +\* +)?({NAME.strip('^$')})(?:@({WORD.strip('^$')}))?")
EXPECTED = "expected terms such as arm@readout, 2 * arm@readout or 0.5, joined by ' + ' and ' - ' with spaces around"


@dataclass(frozen=True, slots=True)
class Term:
    """A factor times what one arm shows in one read-out; without a read-out, in the study's only one."""

    factor: float
    arm: str
    readout: str | None

    def key(self, readouts: Sequence[str]) -> str:
        """Return "arm@readout", where `readouts` are those of the study."""
        return f"{self.arm}@{self.readout or readouts[0]}"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A sum of terms and a constant."""

    terms: tuple[Term, ...]
    constant: float

    def over(self, values: Mapping[str, np.ndarray], readouts: Sequence[str]) -> np.ndarray:
        """Return the quantity for every seed, (seeds,), from `values` of "arm@readout", (seeds,) each."""
        seeds = len(next(iter(values.values())))
        total = np.full(seeds, self.constant)
        for term in self.terms:
            total += term.factor * values[term.key(readouts)]
        return total


def is_number(text: str) -> bool:
    """Say whether `text` reads as a plain number."""
    return re.fullmatch(NUMBER, text) is not None


def quantity(text: str) -> Quantity:
    """Return the linear combination that `text` writes. Raises ValueError that names the part that is none."""
    parts = re.split(r" +([+-]) +", text.strip())
    terms: list[Term] = []
    constant = 0.0
    for sign, part in zip(["+", *parts[1::2]], parts[::2], strict=True):
        one = 1.0 if sign == "+" else -1.0
        found = TERM.fullmatch(part)
        if is_number(part):
            constant += one * float(part)
        elif found and not is_number(found[2]):
            terms.append(Term(one * float(found[1] or 1.0), found[2], found[3]))
        else:
            raise ValueError(f"'{part[:60]}' is no term; {EXPECTED}")
    if not all(np.isfinite([constant, *(term.factor for term in terms)])):
        raise ValueError("expected finite numbers")
    return Quantity(tuple(terms), constant)
