from dataclasses import replace

import numpy as np
import pytest

from plastenv.evaluation.case import Case, live, spans
from plastenv.evaluation.rollout import Schedule, run
from plastenv.evaluation.story import days, tell
from plastenv.model.types import DAY, HOUR
from plastenv.therapy.protocol import load

MINE = """
name: mine
entries:
  - {intervention: rapid-opener, days: 2, hour: 9}
  - {intervention: extinction-training, days: 3-5, hour: 10}
"""


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    path = tmp_path_factory.mktemp("story") / "mine.yaml"
    path.write_text(MINE, "utf-8")
    return load(path)


@pytest.fixture(scope="module")
def case(easy, mine) -> Case:
    return live(easy, mine, "train", 1, 3)


def told(case: Case) -> dict[str, str]:
    return {statement.topic: statement.text.replace("\u00a0", " ") for statement in tell(case)}


def with_trace(case: Case, **fields: object) -> Case:
    """Return the case with parts of its trace set to a value, or changed by a function of (array, days)."""
    trace = case.trace
    for name, new in fields.items():
        old = getattr(trace, name)
        given = new(old.copy(), trace.time / DAY) if callable(new) else np.full_like(old, new)
        trace = trace._replace(**{name: given})
    return replace(case, trace=trace)


def with_outcome(case: Case, **fields: float) -> Case:
    changed = {name: np.full_like(getattr(case.outcome, name), value) for name, value in fields.items()}
    return replace(case, outcome=case.outcome._replace(**changed))


def during(first: float, last: float, inside: float, outside: float | None = None):
    """Return a change: `inside` between two days, `outside` (or what was there) at other times."""

    def change(old, time):
        at = (time >= first) & (time < last)
        old[:] = old if outside is None else outside
        old[at] = inside
        return old

    return change


def faded(old, time):
    """Let a weight double in treatment and be as before at follow-up."""
    old[:] = old[0]
    old[(time > 3) & (time < 10)] *= 2.0
    return old


def grown(factor):
    def change(old, time):
        old[:] = old[0]
        old[time >= 4] *= factor
        return old

    return change


def cue(number, value):
    def change(old, _):
        old[:] = 0.0
        old[..., number - 1] = value
        return old

    return change


def drug(old, time):
    old[:] = 0.0
    old[(time >= 20) & (time < 22), :, 4] = 1.5
    return old


CHANGES = {
    "before": [
        (lambda c: with_trace(c, symptoms=0.62), "Symptoms are 0.62"),
        (lambda c: with_trace(c, premorbid=0.11), "0.11 before adversity"),
        (
            lambda c: with_trace(c, cue_capture=cue(3, 0.5), cue_symptoms=cue(3, 0.5)),
            "captures 50 % of cue-3 (shares of probes); cue-1",
        ),
        (lambda c: with_trace(c, cue_capture=0.0, cue_symptoms=cue(2, 1.0)), "makes symptoms, for cue-2 (1.00)."),
    ],
    "treatment": [
        (lambda c: replace(c, planned=c.planned[1:]), "Given: 3 sessions of extinction-training on days 3–5."),
        (lambda c: replace(c, planned=()), "Nothing was given."),
        (lambda c: with_trace(c, ended=3 * DAY, ending=2), "ended after day 3 by seizure; 2 planned admin"),
    ],
    "in the blood": [(lambda c: with_trace(c, plasma=drug), "held nmda-coagonist on days 21–22, at most 1.50")],
    "window": [
        (lambda c: with_trace(c, nogo=0.97), "The window never opened: Nogo-A signalling stayed at 0.97"),
        (lambda c: with_trace(c, nogo=during(6, 9, 0.2, 1.0)), "opened on day 7 and closed on day 10, open for 3 days"),
        (lambda c: with_trace(c, nogo=during(6, 999, 0.2, 1.0)), "opened on day 7 and was still open at follow-up"),
    ],
    "nets": [
        (lambda c: with_trace(c, nets=0.8), "Perineuronal nets stayed at 0.80."),
        (lambda c: with_trace(c, nets=during(5, 6, 0.3, 1.0)), "fell from 1.00 to 0.30 (day 6); at follow-up 1.00"),
    ],
    "acetylation": [(lambda c: with_trace(c, acetylation=during(7, 8, 0.9)), "rose from 0.50 to 0.90 (day 8)")],
    "bdnf": [(lambda c: with_trace(c, bdnf=during(1, 2, 0.1)), "BDNF fell from")],
    "training": [
        (lambda c: with_trace(c, nogo=1.0), "Training on days 3–5 met no open window."),
        (lambda c: with_trace(c, nogo=during(8, 9, 0.2, 1.0)), "Training on days 3–5 fell outside the window."),
        (lambda c: with_trace(c, nogo=during(3, 4, 0.2, 1.0)), "on day 4 fell inside the window, on days 3 and 5 out"),
        (lambda c: replace(c, planned=c.planned[:1]), "no training; only everyday life could use the window"),
        (lambda c: with_trace(replace(c, planned=()), nogo=1.0), "There was no training."),
    ],
    "tags": [
        (lambda c: with_trace(c, tag_own=0.75, tag_captor=0.25), "a mean tag of 0.75 on the cues' synapses"),
        (lambda c: with_trace(c, tag_own=during(3, 4, 0.0, 0.5)), "1 session, on day 4, hardly left any"),
        (lambda c: replace(with_trace(c, tag_own=0.3), planned=()), "by 0.30 on average"),
    ],
    "proteins": [
        (lambda c: with_trace(c, protein_own=during(6.5, 6.55, 0.9)), "treatment 0.90 on day 7 at 12:00"),
        (lambda c: with_trace(c, protein_captor=during(8, 9, 0.8)), "treatment 0.80 on day 9 at 0:00"),
        (lambda c: with_trace(c, protein_captor=during(92, 93, 0.7)), "and later 0.70 on day 93 at 0:00."),
        (lambda c: with_trace(c, protein_own=during(92, 93, 0.6)), "later 0.60 on day 93 at 0:00; in the fear memory"),
        (lambda c: with_trace(c, protein_captor=during(14.05, 999, 0.0)), "and later hardly any."),
    ],
    "safety trace": [
        (lambda c: with_trace(c, late_own=grown(1.5), structure_own=grown(1.3)), "was consolidated"),
        (lambda c: with_trace(c, late_own=faded, structure_own=grown(1.0)), "was formed and not consolidated"),
        (lambda c: with_trace(c, late_own=0.4, structure_own=0.4), "went from 0.400 to 0.400 at the end"),
        (lambda c: with_trace(c, structure_own=grown(0.8)), "The safety trace was worn down"),
    ],
    "fear trace": [
        (lambda c: with_trace(c, late_captor=grown(0.7)), "The fear trace was weakened"),
        (lambda c: with_trace(c, late_captor=grown(1.2)), "The fear trace was strengthened"),
        (lambda c: with_trace(c, late_captor=grown(1.01)), "at follow-up (+1 %)"),
    ],
    "balance": [
        (lambda c: with_trace(c, late_own=0.3, late_captor=0.1), "3.0 times as strong"),
        (
            lambda c: with_trace(c, late_own=0.3, late_captor=lambda old, _: cue(2, 0.2)(old, _) + 0.1),
            "least for cue-2",
        ),
    ],
    "basin": [(lambda c: with_trace(c, depth=0.345), "was 0.345 before treatment, 0.345 at its end and 0.345")],
    "end": [
        (lambda c: with_trace(c, symptoms=0.43), "After day 14 symptoms are 0.43"),
        (lambda c: with_trace(c, ended=3 * DAY), "After day 3 symptoms are"),
        (
            lambda c: with_trace(c, cue_capture=cue(4, 1.0)),
            "captures 100 % of cue-4 (shares of probes); cue-1, cue-2 and",
        ),
    ],
    "challenge": [
        (lambda c: with_trace(c, symptoms=during(92, 99, 0.9, 0.2)), "on day 92 took symptoms from 0.20 to 0.90"),
        (lambda c: with_trace(c, symptoms=0.31), "on day 92 left symptoms at 0.31"),
    ],
    "follow-up": [
        (lambda c: with_trace(c, symptoms=0.77, untreated=0.88), "symptoms are 0.77 (0.88 on the untreated course)"),
        (
            lambda c: with_trace(c, cue_capture=cue(1, 0.5)),
            "captures 50 % of cue-1 (shares of probes); cue-2, cue-3 and",
        ),
    ],
    "score": [
        (lambda c: with_outcome(c, score=-12.34, burden=56.7), "−12.3 = "),
        (lambda c: with_outcome(c, restored_end=0.9, restored_followup=0.1), "lost again: a relapse"),
        (lambda c: with_outcome(c, restored_end=0.1, restored_followup=0.1), "= 10.0 restored"),
        (lambda c: with_outcome(c, restored_end=0.1, restored_followup=0.9), "more by follow-up"),
        (lambda c: with_outcome(c, harm=12.0, memories=0.6, seizures=1.0), "(clarity at follow-up 0.60 of 1)"),
        (lambda c: with_outcome(c, harm=12.0, seizures=1.0), "for 1 seizure."),
        (lambda c: with_outcome(c, restored_end=0.1, restored_followup=0.3), "Less than half of what adversity"),
        (lambda c: with_outcome(c, restored_end=0.1, restored_followup=-0.2), "is worse off than on the untreated"),
    ],
}


@pytest.mark.parametrize(
    ("topic", "change", "expected"),
    [(topic, *each) for topic, several in CHANGES.items() for each in several],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_statement_follows_the_patient(case, topic, change, expected):
    assert expected not in told(case)[topic]
    assert expected in told(change(case))[topic]


def test_no_statement_is_left_untried(case):
    assert set(told(case)) == set(CHANGES)


def test_what_is_told_of_a_patient(case):
    text = told(case)
    assert (
        text["treatment"] == "Given: 1 dose of rapid-opener on day 2 and 3 sessions of extinction-training on days 3–5."
    )
    assert text["window"].startswith("The window opened on day 2 and closed on day ")
    assert text["training"] == "Training on days 3–5 fell inside the window."
    assert "on days 2–" in text["in the blood"]


def test_the_same_patient_and_seed_come_to_the_same_score(easy, mine, case):
    outcome = run(easy, Schedule("mine", "", "", protocol=mine), "train", [0, 1], 3)
    assert case.outcome.score[0] == outcome.score[1]
    assert told(case)["score"].startswith(f"{outcome.score[1]:.1f} = ".replace("-", "−"))


def test_the_name_of_a_schedule_says_nothing(easy, mine, case):
    other = replace(mine, name="window-after-training", title="No window", rationale="Fails", source="none")
    assert tell(live(easy, other, "train", 1, 3)) == tell(case)


def test_days_are_named_as_in_schedule_files():
    assert days([3]) == "day 3"
    assert days([5, 3, 4, 8]) == "days 3–5 and 8"
    assert days(range(1, 30, 3)) == "10 days from 1 to 28"


def test_spans_begin_and_end_with_what_holds():
    time = np.arange(6) * HOUR
    holds = np.array([True, False, True, True, False, True])
    assert spans(holds, time) == [(0, HOUR), (2 * HOUR, 4 * HOUR), (5 * HOUR, 5 * HOUR)]
    assert spans(np.zeros(6, bool), time) == []
