"""Studies with other numbers: everything grows up with them, and shipped ones change nothing."""

import numpy as np
import pytest

from plastenv.circuit.params import CircuitParams
from plastenv.lab import animal, patient, steps
from plastenv.lab.bench import run
from plastenv.lab.experiment import Experiment, battery
from plastenv.molecular.params import MolecularParams
from plastenv.scenarios.parameters import known

NAME = "molecular.consolidation.tau_early"
STUDIES = {
    "slice": "early-late-ltp-frey-1988-huang-1994",
    "network": "synaptic-scaling-turrigiano-1998",
    "map": "ng-fluoxetine-stroke-2015",
    "animal": "nader-2000-reconsolidation",
    "patient": "ressler-2004-dcs-exposure",
}


def study(kind: str) -> Experiment:
    (found,) = (each for each in battery() if each.id == STUDIES[kind])
    assert found.preparation.kind == kind
    return found


@pytest.mark.parametrize("kind", STUDIES)
def test_a_study_runs_with_other_numbers_and_shipped_ones_change_nothing(kind):
    shipped, same, other = (
        run(study(kind), range(4), parameters=values).values
        for values in ({}, {NAME: known()[NAME].value}, {NAME: 0.5 * known()[NAME].value})
    )
    assert all(np.array_equal(shipped[key], same[key]) for key in shipped)
    assert any(not np.array_equal(shipped[key], other[key]) for key in shipped)


@pytest.mark.parametrize(
    ("module", "spec"), [(animal, steps.Animal(kind="animal")), (patient, steps.Patient(kind="patient"))]
)
def test_the_same_individuals_grow_up_again(module, spec):
    def made(parameters: dict[str, float]):
        return module.subject(spec, (), range(1, 3), MolecularParams(), CircuitParams(), parameters).state

    shipped, other = made({}), made({NAME: 1.0})
    assert np.array_equal(shipped.key, other.key)
    assert np.array_equal(shipped.traits.protein_threshold, other.traits.protein_threshold)
    assert not np.array_equal(shipped.circuit.structure, other.circuit.structure)
    again = made({NAME: 1.0})
    again.circuit.structure[:] = 0.0  # arms share what has grown, none may change it
    assert np.array_equal(made({NAME: 1.0}).circuit.structure, other.circuit.structure)
