"""Experiments: published studies as YAML files that a neuroscientist can read, checked strictly and line by line.

    id: extinction-with-coagonist           # the file is <id>.yaml
    title: ...                              # and citation, group, rows, system, confidence, published
    preparation: {kind: animal}
    arms:
      drug:
        schedule:
          - {at: 0 d, do: condition, cue: 1}
          - {at: 1 d, do: dose, compound: nmda-coagonist}
          - {at: 1 d, do: extinguish, cue: 1, mark: training}
    readouts:
      test: {measure: fear, of: cue-1, after: training, at: 24 h}
    checks:
      - {name: the drug helps, quantity: vehicle - drug, at_least: 0.1}

`schema()` describes every key. Preparations and steps stand in `steps`, what checks mean in `checks`.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from plastenv.files import Mapping
from plastenv.lab.faults import Place, complaint, describe, keys_of, read
from plastenv.lab.quantity import is_number, quantity
from plastenv.lab.steps import (
    KINDS,
    MAP_TEACHING,
    PREPARATIONS,
    STEPS,
    Kind,
    Map,
    Preparation,
    Slice,
    Step,
    check_step,
    suiting,
)
from plastenv.lab.units import CUE_NAMES, Flag, MisfitError, Name, Number, Part, Positive, Slug, Text, Time, Word
from plastenv.therapy.protocol import nearest

BATTERY = Path(__file__).parent / "battery"
SPLIT = Path(__file__).parent / "split.yaml"
Measure = Literal[
    "epsp", "spikes", "quantal", "rate", "slope", "fit", "dominance-shift", "acuity", "skill", "spread", "fear",
    "maladaptive", "recovery", "synapses", "learned", "memories", "acetylation", "bdnf", "nets",
]  # fmt: skip
FEAR_MEASURES: tuple[Measure, ...] = get_args(Measure)[10:]
MEASURES: dict[Kind, tuple[Measure, ...]] = {
    "slice": ("epsp", "spikes"),
    "network": ("quantal", "rate", "slope", "fit"),
    "eyes": ("dominance-shift", "acuity"),
    "map": ("skill", "spread"),
    "animal": FEAR_MEASURES,
    "patient": FEAR_MEASURES,
}
BOUNDS = ("at_least", "within", "between")  # a check has one of them
OF_CUE, OF_PATHWAY = ("fear", "learned"), ("epsp", "spikes")  # measures that need an `of`


class ExperimentError(ValueError):
    """An experiment file that cannot be used: which file, line, key and value, and what was expected."""


def _linear(text: str) -> str:
    quantity(text)
    return text


Formula = Annotated[Text, AfterValidator(_linear)]


class Arm(Part):
    """One group of a study: what is done to its preparation."""

    note: str = Field("", description="what the arm stands for, where its name does not say so")
    preparation: dict[str, Any] = Field(
        {}, description="keys of the study's preparation that this arm changes; each replaces the study's value"
    )
    schedule: tuple[Step, ...] = Field((), description="what is done and when; in the order written at the same time")


class Readout(Part):
    """What is measured, and when; in every arm that has the mark it comes after."""

    measure: Measure
    of: Word | None = Field(None, description="epsp, spikes: the pathway; fear, learned: the cue, such as cue-1")
    after: Word | None = Field(None, description="a mark, the end of which `at` counts from; t0 without it")
    at: Time = Field(description="when, counted from t0 or from the mark")


class Check(Part):
    """What a quantity must be for the study to be reproduced: exactly one of at_least, within and between."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [key]} for key in BOUNDS]})

    name: Text
    quantity: Formula = Field(description="terms arm@readout, 2 * arm@readout or 0.5, joined by ' + ' and ' - '")
    of: Formula | None = Field(None, description="a contrast, written alike, that the bounds are multiples of")
    at_least: Number | None = Field(None, description="the mean is not below this")
    within: Number | None = Field(None, ge=0, description="the mean is no farther from 0 than this")
    between: tuple[Number, Number] | None = Field(None, description="[low, high]: the mean lies between these")
    interval: Positive | None = Field(
        None, description="with within: the 90 % confidence interval too is inside this many times the bound"
    )
    significant: Flag = Field(True, description="at_least: the mean is above 0 by more than 2 standard errors")
    required: Flag = Field(True, description="the study passes only if this check does")

    @model_validator(mode="after")
    def _one_bound(self) -> "Check":
        given = tuple(key for key in BOUNDS if getattr(self, key) is not None)
        if len(given) != 1:
            raise MisfitError(given[-1:], f"expected exactly one of {', '.join(BOUNDS)}, not {len(given)}")
        if self.between and self.between[0] >= self.between[1]:
            raise MisfitError(("between",), "expected [low, high], the lower first")
        if self.interval is not None and self.within is None:
            raise MisfitError(("interval",), "goes with within only")
        if not self.significant and self.at_least is None:
            raise MisfitError(("significant",), "goes with at_least only")
        if not quantity(self.quantity).terms:
            raise MisfitError(("quantity",), "expected at least one arm@readout")
        return self


class Experiment(Part):
    """A published study as data."""

    id: Slug = Field(description="the name of the file, without .yaml")
    title: Text = Field(description="what was found, in a line")
    citation: Text
    group: Slug = Field(description="heading under which the study is reported")
    cluster: Slug = Field(
        default_factory=lambda fields: fields.get("group", ""),
        description="studies that stay on one side of the sealed split; the group without it",
    )
    rows: tuple[Annotated[int, Field(strict=True, ge=1, le=18)], ...] = Field(
        description="rows of the physics table that the study speaks to"
    )
    system: Text = Field(description="species, preparation and method of the study")
    confidence: Literal["high", "medium", "low"] = Field(description="that the direction of the result is as described")
    circular: Text | None = Field(None, description="which constant of the simulator this paper is the source of")
    published: Text = Field(description="the published result, in a sentence or two")
    values: dict[str, JsonValue] = Field({}, description="published numbers")
    seeds: Annotated[int, Field(strict=True, ge=1, le=1000)] = Field(
        12, description="independent repetitions; alike in all arms, so that they pair"
    )
    preparation: Preparation = Field(description="what the study is done on")
    arms: dict[Name, Arm] = Field({}, description="name -> what is done")
    readouts: dict[Word, Readout] = Field({}, description="name -> what is measured, and when")
    checks: tuple[Check, ...] = Field((), description="what the study must show")
    not_covered: tuple[Text, ...] = Field((), description="published parts that the file cannot express, in sentences")
    diagnosis: Text | None = Field(None, description="of a study that fails: why")

    @field_validator("arms", mode="before")
    @classmethod
    def _usual_teaching(cls, arms: Any, info: ValidationInfo) -> Any:
        """Fill in how often and how long a map is taught where a step does not say so."""
        if not isinstance(info.data.get("preparation"), Map) or not isinstance(arms, dict):
            return arms

        def filled(step: Any) -> Any:
            teaches = isinstance(step, dict) and step.get("do") == "teach"
            return {**MAP_TEACHING, **step} if teaches else step

        return {
            name: {**arm, "schedule": [filled(step) for step in arm["schedule"]]}
            if isinstance(arm, dict) and isinstance(arm.get("schedule"), list | tuple)
            else arm
            for name, arm in arms.items()
        }

    @model_validator(mode="after")
    def _fits(self) -> "Experiment":
        if not any(check.required for check in self.checks) and not self.not_covered:
            raise MisfitError(("checks",), "expected at least one that is required, or a sentence in not_covered")
        for name in self.arms:
            self._check_arm(name)
        for name in self.readouts:
            self._check_readout(name)
        names = [check.name for check in self.checks]
        for k, check in enumerate(self.checks):
            if check.name in names[:k]:
                raise MisfitError(("checks", k, "name"), "expected a name of its own for each check")
            self._check_quantity(("checks", k, "quantity"), check.quantity)
            self._check_quantity(("checks", k, "of"), check.of or "1")
        return self

    def prepared(self, arm: str) -> Preparation:
        """Return the study's preparation with the changes of `arm`."""
        changes = self.arms[arm].preparation
        changed = type(self.preparation).model_validate({"kind": self.preparation.kind, **changes})
        return self.preparation.model_copy(update={key: getattr(changed, key) for key in changes})

    def marks(self, arm: str) -> dict[str, int]:
        """Return the marks of `arm` and the positions of their steps in its schedule."""
        return {step.mark: k for k, step in enumerate(self.arms[arm].schedule) if step.mark is not None}

    def _check_arm(self, name: str) -> None:
        place: Place = ("arms", name)
        arm = self.arms[name]
        if is_number(name):
            raise MisfitError(place, "expected a name that does not read as a number")
        if "kind" in arm.preparation:
            raise MisfitError((*place, "preparation", "kind"), "an arm cannot change the kind of the preparation")
        try:
            preparation = self.prepared(name)
        except ValidationError as error:
            keys = [key for key in keys_of(type(self.preparation)) if key != "kind"]
            inside, problem = describe(error.errors()[0], keys)
            raise MisfitError((*place, "preparation", *inside), problem) from None
        marks = self.marks(name)
        for k, step in enumerate(arm.schedule):
            try:
                check_step(step, preparation)
            except MisfitError as error:
                raise MisfitError((*place, "schedule", k, *error.place), error.problem) from None
            if step.mark is not None and marks[step.mark] != k:
                raise MisfitError((*place, "schedule", k, "mark"), "an arm cannot give a mark twice")

    def _check_readout(self, name: str) -> None:
        readout, kind = self.readouts[name], self.preparation.kind
        place: Place = ("readouts", name)
        if readout.measure not in MEASURES[kind]:
            valid = ", ".join(MEASURES[kind])
            raise MisfitError((*place, "measure"), f"does not suit a preparation '{kind}'; expected one of: {valid}")
        marks = sorted({mark for arm in self.arms for mark in self.marks(arm)})
        if readout.after is not None and readout.after not in marks:
            known = nearest(readout.after, marks) if marks else "no step of any arm has a mark"
            raise MisfitError((*place, "after"), f"unknown mark; {known}")
        for valid_names in self._of(readout):
            if readout.of not in valid_names:
                asked = f"'{readout.measure}' is measured of one of them; " if readout.of is None else ""
                raise MisfitError((*place, "of"), asked + nearest(readout.of or "", valid_names))
        if readout.of is not None and readout.measure not in (*OF_CUE, *OF_PATHWAY):
            raise MisfitError((*place, "of"), f"'{readout.measure}' is of the whole preparation")

    def _of(self, readout: Readout) -> Iterator[tuple[str, ...]]:
        """Yield what `of` may name, for every arm where arms may differ in it."""
        if readout.measure in OF_CUE:
            yield CUE_NAMES
        if readout.measure in OF_PATHWAY:
            for arm in self.arms:
                preparation = self.prepared(arm)
                if isinstance(preparation, Slice):
                    yield preparation.pathways

    def _check_quantity(self, place: Place, text: str) -> None:
        for term in quantity(text).terms:
            if term.arm not in self.arms:
                raise MisfitError(place, f"unknown arm '{term.arm}'; {nearest(term.arm, list(self.arms))}")
            if term.readout is None and len(self.readouts) != 1:
                raise MisfitError(
                    place, f"expected {term.arm}@readout, as the study has {len(self.readouts)} read-outs"
                )
            name = term.key(list(self.readouts)).split("@")[1]
            if name not in self.readouts:
                raise MisfitError(place, f"unknown read-out '{name}'; {nearest(name, list(self.readouts))}")
            after = self.readouts[name].after
            if after is not None and after not in self.marks(term.arm):
                raise MisfitError(place, f"read-out '{name}' comes after the mark '{after}', which '{term.arm}' lacks")


def _keys(data: Mapping, place: Place) -> list[str]:
    """Return the valid keys beside the last one of `place`, or the choices of the union there."""
    kind = data["preparation"].get("kind") if isinstance(data.get("preparation"), dict) else None
    match place:
        case ("preparation",):
            return list(KINDS)
        case ("preparation", _):
            return keys_of(PREPARATIONS[kind]) if kind in PREPARATIONS else []
        case ("arms", _, _):
            return keys_of(Arm)
        case ("arms", _, "schedule", int()):
            return suiting(kind) if kind in KINDS else list(STEPS)
        case ("arms", arm, "schedule", int(k), _):
            return keys_of(STEPS[data["arms"][arm]["schedule"][k]["do"]])
        case ("readouts", _, _):
            return keys_of(Readout)
        case ("checks", int(), _):
            return keys_of(Check)
    return keys_of(Experiment)


def load(path: str | Path) -> Experiment:
    """Read and check an experiment file.

    Raises ExperimentError, whose message is "FILE: line N: key.path = value: what was expected".
    """
    path = Path(path)
    experiment, data = read(path, "an experiment file", Experiment, _keys, ExperimentError)
    if experiment.id != path.stem:
        problem = f"expected the name of the file, '{path.stem}'"
        raise ExperimentError(f"{path}: {complaint(data, ('id',), problem)}")
    return experiment


def load_folder(path: str | Path) -> list[Experiment]:
    """Return the experiments of all .yaml files in a folder and its sub-folders, in order of id.

    Raises ExperimentError for a file that cannot be used, for two files of one id, and for a folder without any.
    """
    path = Path(path)
    files = sorted(path.rglob("*.yaml"))
    if not path.is_dir() or not files:
        raise ExperimentError(f"{path}: expected a folder with experiment files (*.yaml)")
    found: dict[str, Path] = {}
    experiments = []
    for file in files:
        experiment = load(file)
        if experiment.id in found:
            raise ExperimentError(f"{file}: id = '{experiment.id}': is that of {found[experiment.id]} too")
        found[experiment.id] = file
        experiments.append(experiment)
    return sorted(experiments, key=lambda experiment: experiment.id)


def battery() -> list[Experiment]:
    """Return the published studies that ship with plastenv, in order of id."""
    return load_folder(BATTERY)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of an experiment file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Experiment.model_json_schema(),
        "title": "plastenv experiment",
    }


@cache
def _sealed() -> frozenset[str]:
    split = yaml.safe_load(SPLIT.read_text("utf-8"))["sealed"]
    return frozenset(split) | {study for studies in split.values() for study in studies}


def sealed(experiment: Experiment) -> bool:
    """Say whether the experiment is kept from calibration: its cluster, or the experiment itself, is sealed."""
    return not _sealed().isdisjoint((experiment.cluster, experiment.id))
