import numpy as np

from plastenv import arrays
from plastenv.model.advance import advance, remembering
from plastenv.model.calendar import lay_out
from plastenv.model.measure import measure
from plastenv.model.types import DAY, HOUR
from tests.conftest import same


def test_remembered_everyday_episodes_do_as_simulated_ones_do(fear, cohort):
    """Eight weeks of everyday life, every episode simulated against episodes recalled while they still hold."""
    exact, recalled = arrays.copy(cohort.patient), remembering(arrays.copy(cohort.patient), fear.params)
    for state in (exact, recalled):
        advance(state, lay_out([[]] * 8), fear.params, 56 * DAY)
    assert recalled.memo.known.any(1).all()
    functions = [measure(state, fear.params, fear.read_outs).function for state in (exact, recalled)]
    assert abs(functions[0] - functions[1]).mean() < 0.02
    turned = [state.circuit.turnover - cohort.patient.circuit.turnover for state in (exact, recalled)]
    assert np.allclose(*turned, rtol=0.05)


def test_an_episode_is_simulated_anew_once_its_weights_have_moved(fear, patients):
    state = remembering(arrays.copy(patients.patient), fear.params)
    nobody = lay_out([[]] * 4)
    advance(state, nobody, fear.params, 14 * DAY)
    before = arrays.copy(state.memo)
    np.multiply(state.circuit.late, 1.2, out=state.circuit.late)
    advance(state, nobody, fear.params, 28 * DAY)
    assert (state.memo.outside[before.known] != before.outside[before.known]).any(-1).mean() > 0.9


def test_memory_goes_on_where_it_was_left(fear, patients):
    whole = remembering(arrays.copy(patients.patient), fear.params)
    parts = arrays.copy(whole)
    nobody = lay_out([[]] * 4)
    advance(whole, nobody, fear.params, 5 * DAY)
    for until in range(0, 5 * DAY + 1, 7 * HOUR):
        advance(parts, nobody, fear.params, until)
        parts = arrays.copy(parts)
    advance(parts, nobody, fear.params, 5 * DAY)
    assert same(whole, parts)
