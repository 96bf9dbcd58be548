from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from pydantic import TypeAdapter

from plastenv.circuit.episodes import INDEX
from plastenv.circuit.neurons import RELEASE
from plastenv.circuit.params import CircuitParams
from plastenv.lab import map as maps
from plastenv.lab import steps
from plastenv.lab.subject import Subject
from plastenv.model.advance import advance
from plastenv.model.calendar import Event, lay_out
from plastenv.model.types import DAY, HOUR
from plastenv.molecular.params import MolecularParams

SEEDS = range(3)
LESION = {"at": "0 d", "do": "lesion", "share": 0.5}


def _practice(first: int, last: int, **more: object) -> dict:
    return {"at": f"{first} d", "do": "teach", "minutes": 60, "every": "1 d", "until": f"{last} d", **more}


def _prepared(*schedule: dict, history: str | None = None) -> Subject:
    given = TypeAdapter(tuple[steps.Step, ...]).validate_python(schedule)
    spec = steps.Map(kind="map", history=history)
    return maps.subject(spec, given, SEEDS, MolecularParams(), CircuitParams())


def _led(subject: Subject, days: int) -> Subject:
    """Lead a subject to `days` after t0, as the bench does."""
    moved = [replace(event, time=event.time + subject.t0) for event in subject.events]
    events = lay_out([moved] * len(SEEDS))
    for operation in subject.operations:
        advance(subject.state, events, subject.params, operation.time + subject.t0)
        operation.do(subject.state)
    advance(subject.state, events, subject.params, days * DAY + subject.t0)
    return subject


def _skill(subject: Subject) -> np.ndarray:
    return subject.read(subject.state, "skill", None)


@cache
def _recovered(first: int, last: int, history: str | None = None, release: str = "none") -> float:
    """Return the mean skill on the day `last` after practice from `first` on; the stroke is at t0 without a history."""
    stroke = [] if history else [LESION]
    subject = _prepared(*stroke, _practice(first, last, release=release), history=history)
    return float(_skill(_led(subject, last)).mean())


def _untrained(days: int) -> float:
    return float(_skill(_led(_prepared(LESION), days)).mean())


def test_an_intact_map_keeps_its_skill_and_its_order() -> None:
    idle, busy = _led(_prepared(), 35), _led(_prepared(_practice(0, 35, enriched=True)), 35)
    order = _prepared().read(_prepared().state, "spread", None)
    for subject in (idle, busy):
        assert (_skill(subject) > 0.95).all()
        assert (subject.read(subject.state, "spread", None) < order + 0.1).all()


def test_a_larger_stroke_takes_more_skill_from_the_middle_outward() -> None:
    left = [_skill(_led(_prepared(LESION | {"share": share}), 1)).mean() for share in (0.25, 0.5, 0.75)]
    assert 1.0 > left[0] > left[1] > left[2]
    assert sorted(maps.middle_out()) == list(range(maps.UNITS))
    assert set(maps.middle_out()[:4]) == {0, 16, 32, 48}


def test_dead_units_stay_dead_and_only_in_their_own_subject() -> None:
    intact = _prepared()
    subject = _led(_prepared(LESION, _practice(1, 4, release="extra")), 4)
    dead, circuit = maps.middle_out()[: maps.UNITS // 2], subject.state.circuit
    for synapses in (circuit.early, circuit.late, circuit.structure):
        assert not synapses[:, dead].any()
        assert not synapses[:, :, dead].any()
    assert not circuit.activity[:, dead].any()
    assert not subject.params.anatomy.outcome_drive[:, dead].any()
    assert intact.params.anatomy.receives.all()
    assert intact.params.anatomy.outcome_drive[:, dead].any()


def test_practice_restores_a_part_and_rest_hardly_any() -> None:
    at_once, rested = _untrained(1), _untrained(15)
    trained = _recovered(1, 15)
    assert rested - at_once < 0.2 * (1.0 - at_once)
    assert at_once + 0.3 * (1.0 - at_once) < trained < 1.0


def test_practice_helps_most_soon_after_the_stroke() -> None:
    assert _recovered(1, 15) > _recovered(0, 14, history="6 wk") + 0.1


def test_release_helps_with_success_and_not_alone() -> None:
    none, paired = _recovered(0, 28, "6 wk"), _recovered(0, 28, "6 wk", "paired")
    assert paired > none + 0.1
    assert _recovered(0, 28, "6 wk", "delayed") == pytest.approx(none, abs=0.02)


def test_injury_opens_growth_for_weeks() -> None:
    def opened(days: int) -> float:
        levels = [
            event.dose
            for event in sorted(_prepared(LESION).events, key=lambda event: event.time)
            if event.time <= days * DAY and event.compound == maps.acts("nogo-relief", 0.0, 0.0).compound
        ]
        return levels[-1]

    assert opened(1) > 0.9 * opened(0) > 0.0
    assert opened(16) < 0.6 * opened(0)
    assert opened(28) < 0.1 * opened(0)
    assert opened(60) == 0.0


def test_releases_come_with_success_two_hours_later_or_with_every_attempt() -> None:
    def split(release: str) -> tuple[list[Event], list[Event], list[Event]]:
        given = _prepared(_practice(0, 2, release=release)).events
        successes = [event for event in given if 0 <= event.outcome < maps.MOVEMENTS]
        failures = [event for event in given if event.outcome >= maps.MOVEMENTS]
        return successes, failures, [event for event in given if event.episode == INDEX["release"]]

    for release, with_success, with_failure in (
        ("none", False, False),
        ("paired", True, False),
        ("extra", True, True),
        ("delayed", False, False),
    ):
        successes, failures, alone = split(release)
        assert successes
        assert failures
        assert {event.target == RELEASE for event in successes} == {with_success}
        assert {event.target == RELEASE for event in failures} == {with_failure}
        assert all(event.cue == event.outcome for event in successes)
        assert all(event.cue != event.outcome - maps.MOVEMENTS for event in failures)
        later = [event.time + 2 * HOUR for event in successes] if release == "delayed" else []
        assert [event.time for event in alone] == later


def test_enriched_surroundings_add_attempts_while_the_animal_is_awake() -> None:
    plain = {event.time for event in _prepared(_practice(0, 5)).events}
    added = [event for event in _prepared(_practice(0, 5, enriched=True)).events if event.time not in plain]
    hours = [(event.time + _prepared().t0) // HOUR % 24 for event in added]
    assert added
    assert all(maps.WAKE <= hour < maps.BED for hour in hours)


def test_history_is_a_stroke_that_lies_behind() -> None:
    subject = _prepared(history="6 wk")
    assert 0.0 < _skill(subject).mean() < 0.6
    assert subject.params.anatomy.receives.mean() == 0.5
    assert not subject.events or subject.events[0].time >= -HOUR


def test_a_bath_beside_an_injury_is_refused() -> None:
    with pytest.raises(ValueError, match="trkb"):
        _prepared(LESION, {"at": "1 d", "do": "bath", "action": "trkb"})


def test_arms_begin_alike() -> None:
    one, other = _prepared(LESION), _prepared(LESION, _practice(1, 3))
    _led(one, 2)
    again = _prepared(LESION)
    assert np.array_equal(other.state.circuit.late, again.state.circuit.late)
    assert not np.array_equal(one.state.circuit.late, again.state.circuit.late)
