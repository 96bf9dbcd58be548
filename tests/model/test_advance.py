import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from plastenv import arrays
from plastenv.circuit.episodes import INDEX
from plastenv.model.advance import advance
from plastenv.model.calendar import Event, lay_out
from plastenv.model.measure import measure
from plastenv.model.types import DAY, HOUR
from plastenv.therapy.interventions import events
from plastenv.therapy.protocol import library
from tests.conftest import same


def calendars(fear, number):
    protocol = next(p for p in library() if p.name == "window-then-massed-training")
    calendar = [event for given in protocol.administrations for event in events(given, fear.cues, fear.aversive)]
    return lay_out([calendar] * number)


@pytest.mark.parametrize("hours", [1, 4, 12])
def test_who_looks_and_how_often_changes_nothing(fear, patients, hours):
    whole, parts = arrays.copy(patients.patient), arrays.copy(patients.patient)
    events = calendars(fear, 4)
    advance(whole, events, fear.params, 10 * DAY)
    for until in range(0, 10 * DAY + 1, hours * HOUR):
        advance(parts, events, fear.params, until)
    assert same(whole, parts)


def test_patients_do_not_feel_one_another(fear, patients):
    together, alone = arrays.copy(patients.patient), arrays.take(patients.patient, [2])
    advance(together, calendars(fear, 4), fear.params, 9 * DAY)
    advance(alone, calendars(fear, 1), fear.params, 9 * DAY)
    assert same(arrays.take(together, [2]), alone)


def test_each_patient_has_its_own_clock(fear, patients):
    state = arrays.copy(patients.patient)
    advance(state, lay_out([[]] * 4), fear.params, np.array([0, HOUR, DAY, 3 * DAY]))
    assert state.clock.tolist() == [0, HOUR, DAY, 3 * DAY]


def test_a_time_off_the_grid_is_refused(fear, patients):
    with pytest.raises(ValueError, match="3601 s is not a full hour"):
        advance(patients.patient, lay_out([[]] * 4), fear.params, 3601)


def test_calendars_are_sorted_doses_first():
    events = lay_out([[Event(60, episode=1), Event(60, compound=2, dose=1.0), Event(5, episode=3)], [Event(7)]])
    assert events.offsets.tolist() == [0, 3, 4]
    assert events.time.tolist() == [5, 60, 60, 7] and events.compound.tolist() == [-1, 2, -1, -1]


def test_an_nmda_antagonist_blocks_induction_not_expression(fear, patients):
    """Function now is what it was, while a pairing writes next to nothing."""
    free, blocked = arrays.copy(patients.patient), arrays.copy(patients.patient)
    blocked.molecules.plasma[:, 0] = 5.0  # rapid opener
    before = measure(blocked, fear.params, fear.read_outs).function
    assert np.array_equal(before, measure(free, fear.params, fear.read_outs).function)
    pairing = lay_out([[Event(1800, episode=INDEX["pairing"], cue=0, outcome=7)]] * 4)
    for state in (free, blocked):
        state.circuit.turnover[:] = 0.0
        advance(state, pairing, fear.params, HOUR)
    assert (blocked.circuit.turnover < 0.05 * free.circuit.turnover).all()


def test_adversity_worsens_and_a_new_memory_can_be_learned(fear, cohort):
    state = arrays.copy(cohort.patient)
    before = measure(state, fear.params, fear.read_outs)
    row, novel = INDEX["pairing"], 6
    adverse = [
        Event(d * DAY + h * HOUR + 60 * c, episode=row, cue=c, outcome=7, context=1, intensity=1.5)
        for d in range(3) for h in range(8, 20) for c in range(4)
    ]  # fmt: skip
    advance(state, lay_out([adverse] * 8), fear.params, 3 * DAY)
    after = measure(state, fear.params, fear.read_outs)
    assert after.function.mean() < before.function.mean() - 0.05

    learner = arrays.copy(cohort.patient)
    lessons = [Event(10 * HOUR + 120 * k, episode=row, cue=novel, outcome=novel) for k in range(24)]
    lessons += [Event(DAY + event.time, episode=row, cue=novel, outcome=novel) for event in lessons]
    advance(learner, lay_out([lessons] * 8), fear.params, 3 * DAY)
    axons = 64 + np.flatnonzero(fear.params.anatomy.cues[novel])
    units = np.flatnonzero(fear.params.anatomy.assemblies[novel])
    block = np.ix_(range(8), axons, units)
    assert learner.circuit.late[block].mean() > 2.0 * cohort.patient.circuit.late[block].mean()


def test_no_neuron_connects_to_itself(cohort):
    diagonal = np.arange(64)
    for state in (cohort.patient, cohort.sibling):
        assert not state.circuit.late[:, diagonal, diagonal].any()
        assert not state.circuit.early[:, diagonal, diagonal].any()


def announced(cache: Path) -> str:
    code = "from plastenv.model import advance as a; a.announce(); a.announce(); print(a.CACHE_FOLDER)"
    env = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    (Path(done.stdout.strip()) / "advance._advance-1.nbi").touch()
    return done.stderr


def test_a_cold_start_is_announced_once_and_a_warm_one_is_not(tmp_path):
    assert announced(tmp_path).count("compiling kernels") == 1
    assert announced(tmp_path) == ""
