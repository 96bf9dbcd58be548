"""A patient of a scenario, with the maladaptive attractor that youth has left, and an everyday life."""

from collections.abc import Mapping

from plastenv.circuit.params import CircuitParams
from plastenv.lab import fear, steps
from plastenv.lab.subject import Subject
from plastenv.molecular.params import MolecularParams
from plastenv.patients.cohort import Patients
from plastenv.scenarios.parameters import SHIPPED, models
from plastenv.scenarios.scenario import load_scenario


def subject(
    spec: steps.Patient,
    schedule: tuple[steps.Step, ...],
    seeds: range,
    molecular: MolecularParams,
    circuit: CircuitParams,
    parameters: Mapping[str, float] = SHIPPED,
) -> Subject:
    """Return patients of a split, one per seed, that grew up with `parameters`, before the first step of `schedule`."""
    task = load_scenario(spec.scenario, **models(parameters))
    cohort = Patients(task.recipe, spec.split).take(seeds)
    return fear.subject(
        task,
        task.params,
        cohort.patient,
        cohort.premorbid_function,
        schedule,
        {number: number - 1 for number in range(1, len(task.params.anatomy.cues) + 1)},
        dict(spec.clamps),
        molecular,
        circuit,
    )
