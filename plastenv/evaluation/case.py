"""One patient's case: who is told of by evaluation/story.py and drawn by report/patient.py."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from plastenv.evaluation.rollout import Outcome, Schedule, recorded
from plastenv.evaluation.trace import Trace
from plastenv.model.types import DAY
from plastenv.molecular.brakes import structural_opening
from plastenv.scenarios.scenario import Scenario
from plastenv.therapy.interventions import BY_NAME, Administration
from plastenv.therapy.protocol import Protocol

OPEN = 0.1  # share of its full rate from which structural plasticity counts as a window


class Span(NamedTuple):
    """Seconds on the calendar from `start` to before `stop`."""

    start: int
    stop: int


@dataclass(frozen=True)
class Case:
    """What is told of: one patient, seen hourly."""

    scenario: Scenario
    planned: tuple[Administration, ...]  # in order of time
    trace: Trace  # of one patient
    outcome: Outcome  # of one patient

    @property
    def ended(self) -> int:
        """When treatment was over, s on the calendar."""
        return int(self.trace.ended[0])

    @property
    def given(self) -> tuple[Administration, ...]:
        """What was begun before treatment was over."""
        return tuple(item for item in self.planned if item.time < self.ended)

    @property
    def training(self) -> tuple[Administration, ...]:
        """The training sessions that were given."""
        return tuple(item for item in self.given if BY_NAME[item.intervention].kind == "training")

    @cached_property
    def opening(self) -> np.ndarray:
        """Rate of structural plasticity over its full rate, (times,)."""
        brakes = self.scenario.params.molecular.brakes
        return np.array([structural_opening(level, 0.0, brakes) for level in self.trace.nogo[:, 0].tolist()])

    @property
    def windows(self) -> list[Span]:
        """When structural plasticity was open."""
        return spans(self.opening >= OPEN, self.trace.time)

    def at(self, second: int) -> int:
        """Return the row of the trace that shows the patient at `second`, or at the last look before."""
        return int(np.searchsorted(self.trace.time, second, "right")) - 1


def live(
    scenario: Scenario,
    protocol: Protocol,
    split: str,
    patient: int,
    seed: int,
    day: Callable[[int], None] | None = None,
) -> Case:
    """Treat one patient of `split` by `protocol`, who lives as in a comparison with the same `seed`, and follow up.

    `day` is called after every day that has been lived.
    """
    schedule = Schedule(protocol.name, protocol.source, protocol.title, protocol=protocol)
    outcome, trace = recorded(
        scenario, schedule, split, [patient], seed + patient, threads=1, hours=1, probing=True, day=day
    )
    return Case(scenario, protocol.administrations, trace, outcome)


def spans(holds: np.ndarray, time: np.ndarray) -> list[Span]:
    """Return when something holds, given whether it does at each `time` (s); the last lasts to the last time."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(int)))
    after = np.append(time, time[-1])
    return [Span(int(time[first]), int(after[last])) for first, last in edges.reshape(-1, 2)]


def day_of(second: int) -> int:
    """Return the day on which a second of the calendar falls, from 1."""
    return int(second) // DAY + 1
