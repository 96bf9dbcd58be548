"""Scenarios: one data file each, read into typed parts."""

import math
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from plastenv.circuit import episodes
from plastenv.circuit.params import CircuitParams
from plastenv.circuit.spiking import no_patterns
from plastenv.model.calendar import Event
from plastenv.model.measure import Probes
from plastenv.model.types import DAY, HOUR, Everyday, ModelParams
from plastenv.molecular.params import MolecularParams
from plastenv.molecular.pharmacology import pharmacology
from plastenv.patients.cohort import Recipe
from plastenv.patients.development import Youth
from plastenv.patients.population import Population
from plastenv.scenarios.anatomy import TABLED, fear_anatomy, synapses_of
from plastenv.therapy.interventions import BY_NAME, Administration, channels
from plastenv.therapy.protocol import nearest

FOLDER = Path(__file__).parent
FILES = {"Fear": "fear", "Fear-easy": "fear-easy"}
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Hour = Annotated[int, Field(ge=0, le=24)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AnatomyPart(_Part):
    """Wiring; see scenarios/anatomy.py."""

    units: Annotated[int, Field(gt=0, multiple_of=8)]
    cues: Annotated[int, Field(gt=0)]
    contexts: Annotated[int, Field(gt=0)]
    teaching: Positive
    suppression: Positive
    relief: Positive
    restraint: Positive
    context_rate: Positive


class EverydayPart(_Part):
    """Everyday life; see model.types.Everyday."""

    cues: Annotated[int, Field(gt=0)]
    extra: Count
    contexts: list[Count]
    benign: Annotated[float, Field(ge=0, le=1)]
    strength: Positive
    wake: Hour
    bed: Hour
    replays: Count


class ProbesPart(_Part):
    """Read-outs; see model.measure.Probes."""

    function: list[Count]
    others: list[Count]
    contexts: list[Count]
    strengths: list[Positive]


class ObjectivePart(_Part):
    """Published weights of the score, in points."""

    memory: NotNegative
    seizure: NotNegative
    burden: NotNegative
    refused: NotNegative
    dropout: Positive
    budget: Positive


class ObservationPart(_Part):
    """What visits and laboratories get wrong; see envs/observations.py."""

    missed: Annotated[float, Field(ge=0, le=1)]
    rating_error: NotNegative
    gamma_error: NotNegative
    evoked_error: NotNegative
    bdnf_error: NotNegative
    slow_wave_error: NotNegative


class ScenarioError(ValueError):
    """A scenario that does not exist or whose file is wrong."""


class Scenario(_Part):
    """Population, interventions, horizon, objective and observed channels of one task."""

    name: str
    horizon_days: Annotated[int, Field(gt=0)]
    followup_days: Annotated[int, Field(gt=0)]
    challenge_days: int
    anatomy: AnatomyPart
    everyday: EverydayPart
    youth: Youth
    adversity_context: int
    population: Population
    probes: ProbesPart
    observation: ObservationPart
    objective: ObjectivePart
    interventions: tuple[str, ...]
    menu: dict[str, list[list[Any]]]
    circuit: CircuitParams = CircuitParams()
    molecular: MolecularParams = MolecularParams()

    @cached_property
    def params(self) -> ModelParams:
        """The frozen parameter set with this scenario's anatomy and everyday life."""
        a, life, birth = self.anatomy, self.everyday, -self.youth.days * DAY
        everyday = Everyday(
            birth + self.youth.infancy * DAY,
            birth,
            np.arange(life.cues),
            life.extra,
            np.array(life.contexts),
            life.benign,
            life.strength,
            life.wake,
            life.bed,
            life.replays,
        )
        wiring = fear_anatomy(
            a.units, a.cues, a.contexts, a.teaching, a.relief, a.restraint, a.suppression, a.context_rate
        )
        circuit, molecular = synapses_of(a.units, self.circuit, self.molecular)
        return ModelParams(circuit, molecular, pharmacology(), wiring, everyday, episodes.table(), no_patterns())

    @cached_property
    def read_outs(self) -> Probes:
        """What is measured."""
        p = self.probes
        return Probes(
            np.array(p.function), np.array(p.others), self.aversive, np.array(p.contexts), np.array(p.strengths)
        )

    @property
    def cues(self) -> tuple[int, ...]:
        """The cues that training and surroundings bring."""
        return tuple(self.probes.function)

    @property
    def aversive(self) -> int:
        """The feared outcome, and the assembly that it drives."""
        return self.anatomy.cues

    @property
    def end(self) -> int:
        """End of treatment, s on the calendar."""
        return self.horizon_days * DAY

    @property
    def followup(self) -> int:
        """Time of follow-up, s on the calendar."""
        return (self.horizon_days + self.followup_days) * DAY

    @property
    def challenge(self) -> tuple[Event, ...]:
        """The reinstatement challenge before follow-up: three unsignalled aversive outcomes, ten minutes apart."""
        first = (self.horizon_days + self.challenge_days) * DAY + 12 * HOUR
        row = episodes.INDEX["unsignalled-outcome"]
        return tuple(Event(first + k * 600, episode=row, outcome=self.aversive) for k in range(3))

    @cached_property
    def recipe(self) -> Recipe:
        """What the scenario's patients follow from."""
        return Recipe(
            self.params,
            self.read_outs,
            self.population,
            replace(self.youth, birth_weight=self.youth.birth_weight * TABLED / self.anatomy.units),
            self.adversity_context,
            self.challenge,
            self.followup,
        )

    @property
    def channels(self) -> tuple[tuple[str, str], ...]:
        """Intervention-target pairs, the channels of dose actions."""
        return channels(self.interventions)

    @cached_property
    def actions(self) -> tuple[tuple[Administration, ...], ...]:
        """The menu; times are seconds after midnight."""
        return tuple(tuple(_administration(item) for item in items) for items in self.menu.values())


def _administration(item: list[Any]) -> Administration:
    name, hour, dose, *rest = item
    what, options = BY_NAME[name], rest[0] if rest else {}
    minutes = options.get("minutes", what.minutes)
    return Administration(round(hour * HOUR), minutes * 60, name, options.get("target", what.targets[0]), float(dose))


def load_scenario(name: str, **changes: Any) -> Scenario:
    """Return the scenario `name` ('Fear', 'Fear-easy'); `changes` replace top-level parts of its file.

    Raises ScenarioError for an unknown name (naming the nearest) or a file that does not fit.
    """
    if not isinstance(name, str) or name not in FILES:
        raise ScenarioError(f"unknown scenario {name!r:.60}; {nearest(str(name)[:60], list(FILES))}")
    fields: dict[str, Any] = {}
    file: str | None = FILES[name]
    layers = []
    while file:
        layers.append(yaml.safe_load((FOLDER / f"{file}.yaml").read_text("utf-8")))
        file = layers[-1].pop("extends", None)
    for layer in reversed(layers):
        fields |= layer
    try:
        scenario = Scenario(**(fields | changes))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ScenarioError(f"scenario '{name}': {where} = {first['input']!r}: {first['msg']}") from None
    for intervention in scenario.interventions:
        if intervention not in BY_NAME:
            hint = nearest(intervention, list(BY_NAME))
            raise ScenarioError(f"scenario '{name}': interventions: '{intervention}' is unknown; {hint}")
    if not 1 <= len(scenario.menu) <= 32 or any(math.isnan(g.dose) for items in scenario.actions for g in items):
        raise ScenarioError(f"scenario '{name}': the menu has {len(scenario.menu)} actions, expected 1 to 32")
    return scenario
