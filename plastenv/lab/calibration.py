"""Calibration files: which numbers may move, how far, and by which studies they are judged.

    name: shipped
    studies: [massey-uptake-ltd-2004, reymann-nmda-induction-1989]
    free: [molecular.glia.half]
    candidates:
      molecular.glia.half: {log_sd: 0.3, source: why so wide}

The middle of a prior is the shipped number, which stands in the parameter tables and nowhere else.
"""

import hashlib
import math
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from plastenv.files import Mapping
from plastenv.lab.experiment import Experiment, battery, sealed
from plastenv.lab.faults import Place, complaint, keys_of, read
from plastenv.lab.source import identity
from plastenv.lab.units import Count, MisfitError, Number, Part, Positive, Slug, Text
from plastenv.scenarios.parameters import checked, known, row
from plastenv.therapy.protocol import nearest

REACH = 2.5  # SD of the log from the shipped number, as far as a search goes
DIGITS = 6  # significant ones of a number that is tried, so that a file holds all of it
NotNegative = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**31)]


class CalibrationError(ValueError):
    """A calibration file that cannot be used: which file, line, key and value, and what was expected."""


class Prior(Part):
    """What is believed of a number before a study is looked at: log-normal about the shipped one, or even in bounds."""

    log_sd: Positive | None = Field(None, description="SD of the natural logarithm")
    bounds: tuple[Number, Number] | None = Field(None, description="[low, high], about the shipped number")
    source: Text = Field(description="why it is so wide")

    @model_validator(mode="after")
    def _one_kind(self) -> "Prior":
        if (self.log_sd is None) == (self.bounds is None):
            raise MisfitError((), "expected either log_sd or bounds")
        if self.bounds and self.bounds[0] >= self.bounds[1]:
            raise MisfitError(("bounds",), "expected [low, high], the lower first")
        return self

    def at(self, name: str, z: float) -> float:
        """Return the number of the parameter `name` that lies `z` SD from the shipped one, within the bounds."""
        shipped = row(name).value
        if self.bounds:
            low, high = self.bounds
            found = min(max(shipped + z * _even_sd(self.bounds), low), high)
        else:
            found = shipped * math.exp(z * (self.log_sd or 0.0))
        return float(f"{found:.{DIGITS}g}")

    def range(self, name: str) -> tuple[float, float]:
        """Return how many SD a search may go from the shipped number, down and up."""
        if not self.bounds:
            return -REACH, REACH
        low, high = ((bound - row(name).value) / _even_sd(self.bounds) for bound in self.bounds)
        return low, high

    def penalty(self, z: float) -> float:
        """Return what a number `z` SD away costs; nothing within bounds."""
        return 0.0 if self.bounds else z * z


def _even_sd(bounds: tuple[float, float]) -> float:
    """Return the SD of what is as likely anywhere between `bounds`."""
    return (bounds[1] - bounds[0]) / math.sqrt(12.0)


class Calibration(Part):
    """One calibration."""

    name: Slug = Field(description="of the folder in runs/calibration")
    studies: Annotated[tuple[Text, ...], Field(min_length=1)] = Field(description="ids of what the search looks at")
    seeds: Annotated[int, Field(strict=True, ge=2, le=1000)] = Field(3, description="per study, the same in all trials")
    first_seed: Seed = Field(0, description="of them; animals and patients are numbered by their seeds")
    target: Positive = Field(0.25, description="margin beyond which a check is safe")
    prior_weight: NotNegative = Field(0.002, description="loss per squared SD from a shipped number")
    sampler: Literal["tpe", "cma-es"] = "tpe"
    trials: Count = Field(200, description="in all, those of earlier starts included")
    seed: Seed = Field(0, description="of the sampler")
    free: Annotated[tuple[Text, ...], Field(min_length=1)] = Field(description="candidates that the search moves")
    candidates: dict[str, Prior] = Field(description="dotted name -> prior")

    @model_validator(mode="after")
    def _fits(self) -> "Calibration":
        for name, prior in self.candidates.items():
            _check_prior(name, prior)
        for key, listed in (("free", self.free), ("studies", self.studies)):
            for k, name in enumerate(listed):
                if name in listed[:k]:
                    raise MisfitError((key, k), "is listed twice")
        for k, name in enumerate(self.free):
            if name not in self.candidates:
                raise MisfitError(("free", k), f"is no candidate; {nearest(name, list(self.candidates))}")
        if self.sampler == "cma-es" and len(self.free) < 2:
            raise MisfitError(("sampler",), "needs two free parameters or more; expected tpe")
        return self

    @property
    def run_seeds(self) -> range:
        """The seeds that every trial uses."""
        return range(self.first_seed, self.first_seed + self.seeds)

    @property
    def experiments(self) -> list[Experiment]:
        """The studies that the search looks at."""
        return fitted(self.studies)

    def values(self, places: dict[str, float]) -> dict[str, float]:
        """Return the parameter set whose numbers lie `places`, SD by name, from the shipped ones."""
        return {name: self.candidates[name].at(name, z) for name, z in places.items()}

    def without(self, cluster: str) -> "Calibration":
        """Return the calibration without the studies of a cluster. Raises ValueError if that leaves all or none."""
        clusters = {study.id: study.cluster for study in self.experiments}
        known = sorted(set(clusters.values()))
        if cluster not in known:
            raise ValueError(f"--leave-out {cluster}: no study is of it; {nearest(cluster, known)}")
        left = tuple(study for study in self.studies if clusters[study] != cluster)
        if not left:
            raise ValueError(f"--leave-out {cluster}: all studies are of it; expected one that leaves some")
        return self.model_copy(update={"studies": left, "name": f"{self.name}-without-{cluster}"})

    def digest(self, *ignored: str) -> str:
        """Identify what scores have to share to be compared: code, shipped numbers, studies, and keys of the file.

        Keys that are `ignored` do not matter, nor do the name and the number of trials.
        """
        digest = hashlib.sha256(identity().encode())
        for path in sorted(Path(__file__).parent.glob("*.py")):
            digest.update(path.read_bytes())
        digest.update(repr([(name, found.value) for name, found in known().items()]).encode())
        for study in self.experiments:
            digest.update(study.model_dump_json().encode())
        digest.update(self.model_dump_json(exclude={"name", "trials", *ignored}).encode())
        return digest.hexdigest()[:16]


def _check_prior(name: str, prior: Prior) -> None:
    """Raise MisfitError if a prior does not suit the parameter `name`."""
    try:
        shipped = row(name).value
        for bound in prior.bounds or ():
            checked(name, bound)
    except ValueError as error:
        raise MisfitError(("candidates", name), str(error)) from None
    if prior.bounds and not prior.bounds[0] <= shipped <= prior.bounds[1]:
        raise MisfitError(("candidates", name, "bounds"), f"expected one on either side of the shipped {shipped:g}")
    if prior.log_sd and shipped == 0.0:
        raise MisfitError(("candidates", name, "log_sd"), "the shipped number is 0; expected bounds")


@cache
def published() -> dict[str, Experiment]:
    """Return the published studies by id."""
    return {study.id: study for study in battery()}


def fitted(names: Iterable[str] | None = None) -> list[Experiment]:
    """Return the published studies `names`, or all, that calibration may look at; the only way to studies that it has.

    Raises ValueError for a study that is unknown, sealed, the source of a constant, or without a check.
    """
    studies = published()
    if names is None:
        return [study for study in studies.values() if _kept(study) is None]
    found = []
    for name in names:
        if name not in studies:
            raise ValueError(f"study '{name}' is unknown; {nearest(name, list(studies))}")
        reason = _kept(studies[name])
        if reason:
            raise ValueError(f"study '{name}' {reason}; expected one that is fitted")
        found.append(studies[name])
    return found


def _kept(study: Experiment) -> str | None:
    """Say why a study is kept from calibration."""
    if sealed(study):
        return "is sealed"
    if study.circular is not None:
        return "is the source of a constant, so that it proves nothing"
    return None if any(check.required for check in study.checks) else "has no check that is required"


def _keys(_: Mapping, place: Place) -> list[str]:
    """Return the valid keys beside the last one of `place`."""
    return keys_of(Prior if place[:1] == ("candidates",) and len(place) == 3 else Calibration)


def load_calibration(path: str | Path) -> Calibration:
    """Read and check a calibration file.

    Raises CalibrationError, whose message is "FILE: line N: key.path = value: what was expected".
    """
    path = Path(path)
    calibration, data = read(path, "a calibration file", Calibration, _keys, CalibrationError)
    for k, name in enumerate(calibration.studies):
        try:
            fitted([name])
        except ValueError as error:
            raise CalibrationError(f"{path}: {complaint(data, ('studies', k), str(error))}") from None
    return calibration
