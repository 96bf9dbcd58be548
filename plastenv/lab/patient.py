"""A patient of a scenario, with the maladaptive attractor that youth has left, and an everyday life."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from plastenv import arrays
from plastenv.circuit.params import CircuitParams
from plastenv.lab import fear, steps
from plastenv.lab.subject import Subject
from plastenv.model.measure import measure
from plastenv.model.types import ModelState
from plastenv.molecular.params import MolecularParams
from plastenv.patients.cohort import Patients
from plastenv.patients.development import develop
from plastenv.scenarios.parameters import SHIPPED, models
from plastenv.scenarios.scenario import load_scenario


@lru_cache(4)
def _grown(
    scenario: str, split: str, seeds: range, parameters: tuple[tuple[str, float], ...]
) -> tuple[ModelState, np.ndarray]:
    """Return the patients `seeds` of a split, and their function before adversity; copy before changing.

    With `parameters` the same ones grow up again, whatever becomes of them.
    """
    cohort = Patients(load_scenario(scenario).recipe, split).take(seeds)
    if not parameters:
        return cohort.patient, cohort.premorbid_function
    task, same = load_scenario(scenario, **models(dict(parameters))), cohort.patient
    premorbid, _, patient = develop(same.key, same.traits, task.params, task.youth, task.adversity_context)
    return patient, measure(premorbid, task.params, task.read_outs).function


def subject(
    spec: steps.Patient,
    schedule: tuple[steps.Step, ...],
    seeds: range,
    molecular: MolecularParams,
    circuit: CircuitParams,
    parameters: Mapping[str, float] = SHIPPED,
) -> Subject:
    """Return patients of a split, one per seed, that grew up with `parameters`, before the first step of `schedule`."""
    task = load_scenario(spec.scenario)
    state, premorbid = _grown(spec.scenario, spec.split, seeds, tuple(parameters.items()))
    return fear.subject(
        task,
        task.params,
        arrays.copy(state),
        premorbid,
        schedule,
        {number: number - 1 for number in range(1, len(task.params.anatomy.cues) + 1)},
        dict(spec.clamps),
        molecular,
        circuit,
    )
