import numpy as np
import pytest

from plastenv.circuit.params import CircuitParams
from plastenv.lab import network, steps
from plastenv.lab.subject import Subject
from plastenv.model.advance import advance
from plastenv.model.calendar import lay_out
from plastenv.model.types import HOUR
from plastenv.molecular.params import MolecularParams

SEEDS = range(3)


def culture(*schedule: steps.Step) -> Subject:
    return network.subject(steps.Network(kind="network"), schedule, SEEDS, MolecularParams(), CircuitParams())


def bath(action: str) -> steps.Bath:
    return steps.Bath(do="bath", action=action, at="0 h", until="48 h")


def read(subject: Subject, measure: str, hours: int) -> np.ndarray:
    advance(subject.state, lay_out([subject.events] * len(SEEDS)), subject.params, hours * HOUR)
    return subject.read(subject.state, measure, None)


def test_an_untouched_culture_stays_as_it_is():
    subject = culture()
    assert read(subject, "quantal", 48) == pytest.approx(1.0, abs=0.01)
    assert read(subject, "rate", 48) == pytest.approx(1.0, abs=0.05)


def test_silence_scales_every_synapse_up_by_one_factor_and_takes_more_than_an_hour():
    subject = culture(bath("spike-block"))
    assert read(subject, "quantal", 1) == pytest.approx(1.0, abs=0.05)
    assert read(subject, "rate", 2) == pytest.approx(0.0)
    assert (read(subject, "slope", 48) > 1.3).all()
    assert (read(subject, "fit", 48) > 0.99).all()
    assert subject.read(subject.state, "quantal", None) == pytest.approx(subject.read(subject.state, "slope", None))


def test_without_inhibition_it_fires_more_at_once_and_scales_down_in_days():
    subject = culture(bath("inhibition-block"))
    early, late = read(subject, "rate", 1), read(subject, "rate", 48)
    assert (early > 2.0).all()
    assert (late < early).all()
    assert (subject.read(subject.state, "quantal", None) < 0.97).all()


def test_cultures_differ_in_their_wiring_and_lack_inhibition_beside_what_is_clamped():
    subject = culture()
    assert not np.array_equal(subject.state.circuit.late[0], subject.state.circuit.late[1])
    spec = steps.Network(kind="network", clamps={"inhibition-block": 0.5, "bdnf-loss": 0.5})
    clamped = network.subject(spec, (), range(1), MolecularParams(), CircuitParams())
    held = dict(zip(network.ACTIONS, clamped.state.molecules.bath[0], strict=True))
    assert held["inhibition-block"] == pytest.approx(1.0 - 0.2 * 0.5)
    assert held["bdnf-loss"] == pytest.approx(0.5)


def test_arms_that_share_their_youth_do_not_touch_each_other():
    first = culture(bath("spike-block"))
    read(first, "quantal", 48)
    assert (culture().state.circuit.gain < 1.1).all()
