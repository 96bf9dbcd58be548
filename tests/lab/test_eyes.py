import numpy as np
import pytest

from plastenv.circuit.episodes import EPISODES
from plastenv.circuit.params import CircuitParams
from plastenv.lab import eyes, steps
from plastenv.lab.subject import Subject
from plastenv.model.advance import advance
from plastenv.model.calendar import lay_out
from plastenv.model.types import DAY, HOUR
from plastenv.molecular.params import MolecularParams

SEEDS = range(3)


def see(left: str, right: str, until: str | None = "3 d", enriched: bool = False, at: str = "0 d") -> steps.See:
    return steps.See(do="see", at=at, left=left, right=right, until=until, enriched=enriched)


def animals(age: str, *schedule: steps.Step) -> Subject:
    return eyes.subject(steps.Eyes(kind="eyes", age=age), schedule, SEEDS, MolecularParams(), CircuitParams())


def after(subject: Subject, days: int, measure: str = "dominance-shift") -> np.ndarray:
    advance(subject.state, lay_out([subject.events] * len(SEEDS)), subject.params, days * DAY)
    return subject.read(subject.state, measure, None)


def test_deprivation_shifts_the_young_and_hardly_adults():
    young, adult = (
        after(animals("critical-period", see("closed", "open")), 3),
        after(animals("adult", see("closed", "open")), 3),
    )
    assert (young > 0.08).all()
    assert adult.mean() < 0.5 * young.mean()


def test_the_shift_goes_to_whichever_eye_is_open_and_costs_the_other_acuity():
    subject = animals("critical-period", see("open", "closed"))
    assert (after(subject, 3) > 0.05).all()
    assert (subject.read(subject.state, "acuity", None) < 0.95).all()


@pytest.mark.parametrize("sight", ["open", "closed", "dark"])
def test_eyes_that_see_alike_keep_their_balance(sight):
    assert after(animals("critical-period", see(sight, sight)), 3) == pytest.approx(0.0, abs=0.04)


def test_an_eye_that_opens_again_wins_cells_back():
    subject = animals("critical-period", see("closed", "open"))
    shifted = after(subject, 3)
    assert after(subject, 9).mean() < 0.9 * shifted.mean()


def test_seeing_makes_cells_selective():
    subject = animals("critical-period")
    grown, reference = subject.state, eyes.answers(subject.state, subject.params)
    born = eyes._newborn(grown.key, subject.params)
    born.clock[:] = grown.clock
    at_birth = eyes.answers(born, subject.params)

    def contrast(seen):
        best = seen.max(2)
        return (best - seen.min(2))[best > 0.1].mean()

    assert contrast(reference) > 1.5 * contrast(at_birth)


def test_a_closed_eye_keeps_the_mean_rate_of_an_open_one_and_darkness_lowers_it():
    subject = animals("critical-period")
    cue, anatomy = EPISODES[eyes.GAZE], subject.params.anatomy
    on = (cue.cue[1] - cue.cue[0]) / cue.duration
    closed = anatomy.contexts[len(eyes.STATES) * eyes.STATES.index("closed"), : eyes.AXONS]
    dark = anatomy.contexts[len(eyes.STATES) * eyes.STATES.index("dark"), : eyes.AXONS]
    assert closed.mean() == pytest.approx(on * eyes.patterns().mean())
    assert dark.mean() < closed.mean()


def test_gazes_bring_patterns_to_open_eyes_only():
    day = (0, DAY)
    assert {e.cue // eyes.ORIENTATIONS for e in eyes.gazes(*day)} == {0}
    assert {e.cue // eyes.ORIENTATIONS for e in eyes.gazes(*day, (see("open", "closed"),))} == {1}
    assert {e.cue // eyes.ORIENTATIONS for e in eyes.gazes(*day, (see("closed", "open"),))} == {2}
    assert {e.cue for e in eyes.gazes(*day, (see("dark", "dark"),))} == {-1}


def test_gazes_are_the_same_whoever_asks_and_twice_as_many_in_enriched_surroundings():
    whole = eyes.gazes(0, 2 * DAY)
    assert whole == eyes.gazes(0, 9 * HOUR) + eyes.gazes(9 * HOUR, 2 * DAY)
    enriched = eyes.gazes(0, 2 * DAY, (see("open", "open", enriched=True),))
    assert len(enriched) == 2 * len(whole)
    assert {e.time for e in whole} <= {e.time for e in enriched}


def test_a_rearing_lasts_until_its_end_or_the_next_one():
    steps_ = (see("dark", "dark", until=None), see("closed", "open", at="1 d", until="2 d"))
    first, second, third = (eyes.gazes(day * DAY, (day + 1) * DAY, steps_) for day in range(3))
    assert {e.cue for e in first} == {-1}
    assert {e.cue // eyes.ORIENTATIONS for e in second} == {2}
    assert {e.cue // eyes.ORIENTATIONS for e in third} == {0}
