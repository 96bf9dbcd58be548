"""The ablation matrix: verdicts, what is kept, what names a mechanism, and what is drawn."""

import json

import numpy as np
import pytest
from rich.console import Console

from plastenv.lab.ablation import MECHANISMS
from plastenv.lab.checks import StudyResult, evaluate, passed
from plastenv.lab.experiment import Experiment, battery
from plastenv.lab.matrix import Matrix, Shelf, collect_matrix, run_matrix
from plastenv.lab.mentions import ACTED_ON, BROUGHT, GROWN, WORKED, mentions
from plastenv.lab.steps import STEPS
from plastenv.molecular.pharmacology import ACTIONS
from plastenv.report.matrix import FAINT, matrix_line, matrix_page, matrix_table
from tests.lab.test_battery import Reader, experiment

GAINS = {"late": 0.0, "bdnf": 0.4, "nogo": 0.1}  # what the drug adds without a mechanism; 0.5 without any other


def fake(study: Experiment, seeds: range, ablate: tuple[str, ...], parameters: dict[str, float]) -> StudyResult:
    """Stand in for the bench: the drug helps, by as much as `GAINS` says, except in the study 'weak'."""
    if study.id == "broken" and ablate == ("late",):
        raise RuntimeError("no such preparation")
    gain = 0.1 if study.id == "weak" else 0.5
    for name in ablate:
        gain = GAINS.get(name, gain)
    base = 1.0 + 0.01 * np.array(seeds)
    values = {f"{arm}@{at}": base + gain * (arm == "drug") for arm in study.arms for at in study.readouts}
    checks = evaluate(study, values)
    verdict = passed(checks)
    return StudyResult(study.id, study.title, "g", "c", False, False, verdict, values, checks, seconds=2.0)


class Bench:
    """Counts what is run, and is interrupted at the `last` study."""

    def __init__(self, last: int = 1000) -> None:
        self.last, self.run = last, []

    def __call__(self, study, seeds, ablate, parameters) -> StudyResult:
        if len(self.run) == self.last:
            raise KeyboardInterrupt
        self.run.append((*ablate, study.id))
        return fake(study, seeds, ablate, parameters)


STUDIES = [
    experiment("strong", rows=[14]),
    experiment("weak"),
    experiment("open", checks=[], not_covered=["The <i>rest</i>."]),
    experiment("broken", rows=[12], title="A <u>title</u>"),
]
NAMES = ["late", "bdnf", "nogo", "sleep"]


def filled(folder, bench=fake, studies=STUDIES, seeds: int | None = None) -> Matrix:
    matrix = Matrix(studies, NAMES, seeds)
    run_matrix(matrix, Shelf(folder), jobs=1, runner=bench)
    return matrix


@pytest.fixture
def matrix(tmp_path) -> Matrix:
    return filled(tmp_path)


def test_every_cell_has_a_verdict(matrix):
    verdicts = {study.id: [matrix.verdict(name, study.id) for name in NAMES] for study in STUDIES}
    assert verdicts == {
        "strong": ["fell", "stands", "fell", "untouched"],
        "weak": ["fails intact"] * 4,
        "open": ["not covered"] * 4,
        "broken": ["broken", "stands", "fell", "untouched"],
    }
    assert Matrix(STUDIES, NAMES).verdict("late", "strong") is None


def test_a_fall_is_measured_by_the_margin_of_the_worst_check(matrix):
    intact, without = (fake(STUDIES[0], range(4), names, {}).margin for names in ((), ("late",)))
    assert intact > 0.0 > without and matrix.drop("late", "strong") == pytest.approx(intact - without)
    assert matrix.drop("sleep", "strong") == 0.0 and matrix.drop("late", "broken") is None


def test_studies_that_fail_intact_are_not_run_again(tmp_path):
    bench = Bench()
    matrix = filled(tmp_path, bench)
    assert len(bench.run) == matrix.total == 4 + 2 * len(NAMES)
    assert {study for *names, study in bench.run if names} == {"strong", "broken"}
    assert Matrix(STUDIES, NAMES).total == 4 * (1 + len(NAMES))


@pytest.mark.parametrize("last", [0, 2, 4, 7, 11])
def test_an_interrupted_matrix_goes_on_where_it_stopped(tmp_path, matrix, last):
    first, second = Bench(last), Bench()
    with pytest.raises(KeyboardInterrupt):
        filled(tmp_path / "again", first)
    again = filled(tmp_path / "again", second)
    assert len(first.run) == last and not set(first.run) & set(second.run) - {("late", "broken")}
    assert len({*first.run, *second.run}) == matrix.total
    assert again.cells == matrix.cells and again.broken == matrix.broken


def test_what_is_kept_is_that_of_a_study_and_its_seeds_and_what_failed_is_tried_again(tmp_path):
    filled(tmp_path)
    bench = Bench()
    filled(tmp_path, bench)
    assert bench.run == [("late", "broken")]
    changed = experiment("strong", rows=[14], arms={"drug": {}, "vehicle": {}})
    filled(tmp_path, bench := Bench(), [changed, *STUDIES[1:]])
    assert {study for *_, study in bench.run} == {"strong", "broken"}
    filled(tmp_path, bench := Bench(), seeds=3)
    assert len(bench.run) == 4 + 2 * len(NAMES)


def test_what_is_left_is_told_by_what_intact_studies_took(tmp_path):
    matrix = Matrix(STUDIES, NAMES)
    left = []
    run_matrix(matrix, Shelf(tmp_path), 1, lambda key: left.append(matrix.left), fake)
    assert left[3] == 2.0 * 2 * len(NAMES) and left[4] == left[3] - 2.0 and left[-1] == 2.0  # the broken one stays


def test_rows_tell_what_falls_that_does_not_name_them(matrix):
    found = collect_matrix(matrix, 1.0)
    rows = {row["row"]: row for row in found["rows"]}
    assert list(rows) == [11, 14, 18] and rows[11]["mechanisms"] == ["late", "bdnf"]
    assert [(fall["study"], fall["mechanism"]) for fall in rows[11]["fallen"]] == [("strong", "late")]
    assert rows[11]["load_bearing"] and not rows[11]["fallen"][0]["names_it"]
    assert [fall["study"] for fall in rows[14]["fallen"]] == [
        "broken",
        "strong",
    ]  # 'strong' says that it is about row 14
    assert [fall["names_it"] for fall in rows[14]["fallen"]] == [False, True] and rows[14]["load_bearing"]
    assert rows[18]["fallen"] == [] and not rows[18]["load_bearing"]
    alone = collect_matrix(Matrix(STUDIES, ["nogo"]), 1.0)
    assert alone["unfinished"] == 4 and not alone["rows"][0]["load_bearing"]
    json.dumps(found, allow_nan=False)
    assert len(found["cells"]) == 16 and found["unfinished"] == 0
    assert found["broken"] == [{"mechanism": "late", "study": "broken", "error": "RuntimeError: no such preparation"}]


def mentioned(name: str, **changes) -> bool:
    return mentions(experiment("one", rows=[1], **changes), name)


def arms(*schedules: list[dict]) -> dict:
    return {name: {"schedule": list(steps)} for name, steps in zip(("drug", "vehicle"), schedules, strict=True)}


ANIMAL = {"preparation": {"kind": "animal"}, "readouts": {"late": {"measure": "fear", "of": "cue-1", "at": "1 d"}}}
DOSE = {"at": "0 h", "do": "dose", "compound": "rapid-opener"}
CLAMPED = {"clamps": {"microrna-block": 1.0}}
PAIR = {"at": "0 h", "do": "pair"}
BATH = {"at": "0 h", "do": "bath", "action": "synthesis-block"}
CASES = {
    "a bath on it": ("late", {"arms": arms([BATH], [])}, True),
    "a bath on something else": ("nogo", {"arms": arms([BATH], [])}, False),
    "a compound that acts on it": ("nogo", {"arms": arms([DOSE], [])}, True),
    "a compound that acts on a part of it": ("brakes", {"arms": arms([DOSE], [])}, True),
    "the vehicle": ("nogo", {"arms": arms([DOSE | {"compound": "none"}], [])}, False),
    "a clamp": ("microrna", {"preparation": {"kind": "slice"} | CLAMPED}, True),
    "a clamp of one arm": ("microrna", {"arms": {"drug": {"preparation": CLAMPED}, "vehicle": {}}}, True),
    "the young": ("critical-period", {"preparation": {"kind": "slice", "age": "juvenile"}}, True),
    "adults": ("critical-period", {}, False),
    "reared in the dark": ("threshold", {"preparation": {"kind": "slice", "rearing": [["dark", "9 d"]]}}, True),
    "other trials": ("content", ANIMAL | {"arms": arms([{"at": "0 h", "do": "condition"}], [])}, True),
    "the same trials": ("content", ANIMAL | {"arms": arms(*[[{"at": "0 h", "do": "condition"}]] * 2)}, False),
    "another lag": ("timing", {"arms": arms([PAIR], [PAIR | {"lag": "-10 ms"}])}, True),
    "the same lag": ("timing", {"arms": arms([PAIR], [PAIR | {"count": 30}])}, False),
    "sleep": ("sleep", ANIMAL | {"arms": arms(*[[{"at": "0 h", "do": "sleep"}]] * 2)}, True),
    "its row": ("neuromodulation", {}, True),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_study_manipulates_what_it_acts_on(case):
    name, changes, expected = CASES[case]
    assert mentioned(name, **changes) is expected


def test_a_study_names_the_rows_of_the_parts_too():
    assert mentions(experiment("one", rows=[9]), "nmda") and not mentions(experiment("one", rows=[9]), "timing")


def test_published_studies_mention_what_they_are_about():
    studies = {study.id: study for study in battery()}
    assert mentions(studies["nader-2000-reconsolidation"], "reconsolidation")
    assert not mentions(studies["nader-2000-reconsolidation"], "sleep")
    assert mentions(studies["li-2010-ketamine-synaptogenesis"], "nmda")  # by the drug, not by its rows
    share = np.mean([mentions(study, name) for study in studies.values() for name in MECHANISMS])
    assert 0.1 < share < 0.4


def test_tables_of_what_acts_on_mechanisms_use_known_names():
    assert {*ACTED_ON, *GROWN, *WORKED} <= set(MECHANISMS)
    assert {action for actions in (*ACTED_ON.values(), *BROUGHT.values()) for action in actions} <= set(ACTIONS)
    assert set(BROUGHT) <= set(STEPS)
    for do, _, option in (what.partition(".") for works in WORKED.values() for what in works):
        assert do in STEPS and (not option or option in STEPS[do].model_fields)


def test_the_page_is_whole_escaped_and_shows_every_cell_that_can_fall(matrix):
    text = matrix_page(collect_matrix(matrix, 1.0))
    reader = Reader(text)
    assert reader.open == [] and "<u>" not in text and "A &lt;u&gt;title" in text and "http" not in text
    drawn = [attributes["opacity"] for tag, attributes in reader.seen if tag == "g"]
    assert len(drawn) == 2 * len(NAMES) and all(FAINT <= float(opacity) <= 1.0 for opacity in drawn)
    kinds = [attributes.get("class") for tag, attributes in reader.seen if tag in ("rect", "circle", "path")]
    legend = 5
    assert (kinds.count("new"), kinds.count("known"), len(kinds)) == (2 + 1, 1 + 1, len(drawn) + legend)
    assert "fail intact and cannot fall: weak." in text and "broken without late: could not be run" in text
    assert "cells have not been run" not in text


def test_a_page_of_what_has_finished_says_what_has_not(tmp_path):
    matrix = Matrix(STUDIES, NAMES)
    with pytest.raises(KeyboardInterrupt):
        run_matrix(matrix, Shelf(tmp_path), 1, runner=Bench(6))
    found = collect_matrix(matrix, 1.0)
    assert found["unfinished"] == 6 and "6 cells have not been run" in matrix_page(found)
    nothing = collect_matrix(Matrix(STUDIES, NAMES), 1.0)
    assert Reader(matrix_page(nothing)).open == [] and nothing["unfinished"] == 16


def test_the_table_and_the_line_say_what_is_shown(matrix):
    found = collect_matrix(matrix, 1.0)
    console = Console(width=160)
    with console.capture() as captured:
        console.print(matrix_table(found))
    assert "strong (late, −" in captured.get() and "broken (nogo, −" in captured.get()
    assert matrix_line(found) == "2 of 3 rows are load-bearing in the 2 studies that pass intact; not shown of 18"
