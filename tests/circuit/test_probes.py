import numpy as np

from plastenv import arrays
from plastenv.circuit.probes import clarity
from plastenv.model.measure import measure
from tests.conftest import same


def test_measuring_leaves_no_trace(fear, patients):
    before = arrays.copy(patients.patient)
    measure(patients.patient, fear.params, fear.read_outs, deep=True)
    assert same(before, patients.patient)


def test_clarity_is_graded_and_bounded():
    rates = [clarity(np.array([right, 0.6]), 0) for right in np.linspace(0.0, 3.0, 40)]
    assert rates[0] == 0.0 and max(rates) <= 1.0
    assert all(b >= a for a, b in zip(rates, rates[1:], strict=False))
    assert clarity(np.zeros(2), 0) == 0.0


def test_a_push_frees_captured_cues_only(fear, cohort):
    measured = measure(cohort.patient, fear.params, fear.read_outs, deep=True)
    healthy = measure(cohort.sibling, fear.params, fear.read_outs, deep=True)
    assert (measured.depth > healthy.depth).all() and (healthy.depth < 0.05).mean() >= 0.5
