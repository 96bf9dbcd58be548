"""Run an experiment: prepare every arm, lead it through its schedule, read it out, check what came of it."""

import time
from collections.abc import Iterable, Mapping
from importlib import import_module

import numpy as np

from plastenv.circuit.params import CircuitParams
from plastenv.lab.ablation import ablated, known, unclamped, without
from plastenv.lab.checks import StudyResult, evaluate, passed
from plastenv.lab.experiment import Experiment, sealed
from plastenv.lab.subject import Subject
from plastenv.model.advance import advance, glimpse
from plastenv.model.calendar import join, table
from plastenv.model.types import HOUR, Events
from plastenv.molecular.params import MolecularParams
from plastenv.scenarios.parameters import SHIPPED, applied

COHORTS = ("animal", "patient")  # preparations that are individuals of one


def _subject(
    experiment: Experiment, arm: str, seeds: range, ablate: tuple[str, ...], parameters: Mapping[str, float]
) -> Subject:
    """Prepare an arm, without the mechanisms `ablate`; a preparation's module is named after its kind.

    Everything grows up with the set `parameters`; individuals of a cohort, who are always the same, do so intact.
    """
    spec, schedule = unclamped(experiment.prepared(arm), ablate), experiment.arms[arm].schedule
    module = import_module(f"plastenv.lab.{spec.kind}")
    molecular = ablated(applied(MolecularParams(), parameters), ablate, spec.kind)
    circuit = applied(CircuitParams(), parameters)
    if spec.kind != "slice":
        circuit = ablated(circuit, ablate, spec.kind)
    grown = (parameters,) if spec.kind in COHORTS else ()
    subject: Subject = module.subject(spec, schedule, seeds, molecular, circuit, *grown)
    return without(subject, ablate, spec.kind)


def _moments(experiment: Experiment, arm: str, ends: list[float]) -> list[tuple[int, str]]:
    """Return when, s after t0, which read-out of an arm is due, in order of time."""
    marks, due = experiment.marks(arm), []
    for name, readout in experiment.readouts.items():
        if readout.after is None or readout.after in marks:
            start = 0.0 if readout.after is None else ends[marks[readout.after]]
            due.append((round(start + readout.at), name))
    return sorted(due)


def _to(subject: Subject, events: Events, until: int, done: set[int]) -> None:
    """Lead the subject to the full hour `until`, s on its clock, through its events and operations."""
    for k, operation in enumerate(subject.operations):
        hour = -(-(operation.time + subject.t0) // HOUR) * HOUR
        if k not in done and hour <= until:
            advance(subject.state, events, subject.params, hour)
            operation.do(subject.state)
            done.add(k)
    advance(subject.state, events, subject.params, until)


def run_arm(
    experiment: Experiment,
    arm: str,
    seeds: range,
    ablate: tuple[str, ...] = (),
    parameters: Mapping[str, float] = SHIPPED,
) -> dict[str, np.ndarray]:
    """Return what every read-out of `arm` finds, (seeds,) each, by "arm@readout".

    It runs without the mechanisms `ablate` and with the set `parameters`.
    """
    subject = _subject(experiment, arm, seeds, ablate, parameters)
    calendar = table(subject.events)
    calendar[:, 0] += subject.t0
    events, done, found = join([calendar] * len(seeds)), set[int](), {}
    for moment, name in _moments(experiment, arm, subject.ends):
        at = moment + subject.t0
        _to(subject, events, max(at // HOUR * HOUR, int(subject.state.clock[0])), done)
        seen = glimpse(subject.state, events, subject.params, at)
        readout = experiment.readouts[name]
        found[f"{arm}@{name}"] = subject.read(seen, readout.measure, readout.of)
    return found


def run(
    experiment: Experiment,
    seeds: range | None = None,
    ablate: Iterable[str] = (),
    parameters: Mapping[str, float] = SHIPPED,
) -> StudyResult:
    """Run every arm of `experiment` on the same `seeds` (default: as many as it says) and check what came of it.

    `ablate` names mechanisms to take out (lab/ablation.py), at means that were measured with the shipped numbers;
    `parameters` are numbers that differ from these (scenarios/parameters.py). Raises ValueError for unknown names.
    """
    without_these = known(ablate)
    begun, values = time.perf_counter(), dict[str, np.ndarray]()
    for arm in experiment.arms:
        values |= run_arm(
            experiment, arm, range(experiment.seeds) if seeds is None else seeds, without_these, parameters
        )
    results = evaluate(experiment, values)
    return StudyResult(
        experiment.id,
        experiment.title,
        experiment.group,
        experiment.cluster,
        sealed(experiment),
        experiment.circular is not None,
        passed(results),
        values,
        results,
        list(experiment.not_covered),
        time.perf_counter() - begun,
    )
