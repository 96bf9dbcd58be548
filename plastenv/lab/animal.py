"""A healthy adult of the Fear circuit that never met adversity; at home it meets none of its cues."""

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
from plastenv.patients.cohort import BLOCK, Patients
from plastenv.patients.development import develop
from plastenv.scenarios.parameters import SHIPPED, models
from plastenv.scenarios.scenario import load_scenario

CUES = {1: 6, 2: 1, 3: 3, 4: 4, 5: 2, 6: 5, 7: 6}  # what is conditioned or taught is a cue that the animal never met
HEALTHY = 0.9  # function of an animal that takes part; siblings whose assemblies merged in youth do not


@lru_cache(4)
def _healthy(number: int, parameters: tuple[tuple[str, float], ...] = ()) -> tuple[ModelState, np.ndarray]:
    """Return the first `number` healthy siblings of train patients, and their function.

    With `parameters` the same ones grow up again, whatever becomes of them.
    """
    task = load_scenario("Fear", **models(dict(parameters)))
    if parameters:
        same, _ = _healthy(number)
        _, sibling, _ = develop(same.key, same.traits, task.params, task.youth, task.adversity_context)
        return sibling, measure(sibling, task.params, task.read_outs).function
    source, blocks, found = Patients(task.recipe, "train"), 0, 0
    animals, functions = [], []
    while found < number:
        cohort = source.take(range(blocks * BLOCK, (blocks + 1) * BLOCK))
        fit = np.flatnonzero(cohort.sibling_function >= HEALTHY)
        animals.append(arrays.take(cohort.sibling, fit))
        functions.append(cohort.sibling_function[fit])
        found, blocks = found + len(fit), blocks + 1
    return arrays.take(arrays.concatenate(animals), slice(0, number)), np.concatenate(functions)[:number]


def subject(
    spec: steps.Animal,
    schedule: tuple[steps.Step, ...],
    seeds: range,
    molecular: MolecularParams,
    circuit: CircuitParams,
    parameters: Mapping[str, float] = SHIPPED,
) -> Subject:
    """Return animals, one per seed, that grew up with the set `parameters`, before the first step of `schedule`."""
    task = load_scenario("Fear")
    everyone, function = _healthy(seeds.stop, tuple(parameters.items()))
    rows = np.array(seeds)
    life = task.params.everyday
    # Nights with their replays, but no cue by day.
    known = np.arange(len(task.params.anatomy.cues))
    params = task.params._replace(everyday=life._replace(cues=known, extra=-len(known)))
    state = arrays.take(everyone, rows)
    return fear.subject(task, params, state, function[rows], schedule, CUES, dict(spec.clamps), molecular, circuit)
