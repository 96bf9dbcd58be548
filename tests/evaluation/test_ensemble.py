"""Comparisons under other parameter sets: shares, what is kept, and what is drawn."""

import numpy as np
import pytest

from plastenv.evaluation.comparison import Comparison, schedules
from plastenv.evaluation.ensemble import Ensemble
from plastenv.evaluation.kept import load_outcome, save_outcome, task_hash
from plastenv.evaluation.rollout import run
from plastenv.patients.cohort import Patients
from plastenv.report.figures import comparison_figure
from plastenv.report.tables import ensemble_table
from tests.conftest import same


def ensemble(*scores: dict[str, float], folder) -> Ensemble:
    found = Ensemble(folder, "train", range(2), 0)
    found.scores += scores
    return found


def test_shares_are_of_the_sets_in_which_the_order_holds(tmp_path):
    sets = ({"a": 3.0, "b": 2.0, "c": 1.0}, {"a": 1.0, "b": 2.0, "c": 0.0}, {"a": 5.0, "b": 1.0, "c": 3.0})
    results = ensemble(*sets, {"a": 1.0, "b": 1.0, "c": 0.0}, folder=tmp_path).results(["a", "b", "c"])
    assert results["sets"] == 4
    assert {row["name"]: row["best"] for row in results["schedules"]} == {"a": 0.75, "b": 0.25, "c": 0.0}
    assert results["schedules"][1]["scores"] == [2.0, 2.0, 1.0, 1.0]
    pairs = {(pair["a"], pair["b"]): pair["holds"] for pair in results["pairs"]}
    assert pairs == {("a", "b"): 0.5, ("a", "c"): 1.0, ("b", "c"): 0.75}  # a tie is not above
    assert [pair["reversed"] for pair in results["pairs"]] == [0.25, 0.0, 0.25]  # nor below
    assert ensemble(folder=tmp_path).results(["a"])["sets"] == 0


@pytest.fixture(scope="module")
def two(easy):
    return [schedule for schedule in schedules([], easy) if schedule.name in ("untreated", "random")]


def test_what_has_run_is_kept_by_task_and_schedule_and_is_the_same_again(easy, two, tmp_path, monkeypatch):
    ticks: list[tuple[str, int]] = []
    found = Ensemble(tmp_path, "train", range(2), 5)
    found.add(easy, "task", two[:1], lambda name, n: ticks.append((name, n)))
    assert found.scores == [{"untreated": pytest.approx(run(easy, two[0], "train", range(2), 5).score.mean())}]
    assert {name for name, _ in ticks} == {"untreated"} and sum(n for _, n in ticks) == 2
    ran = []

    def counted(*given, **options):
        ran.append(given[1].name)
        return run(*given, **options)

    monkeypatch.setattr("plastenv.evaluation.ensemble.run", counted)
    again = Ensemble(tmp_path, "train", range(2), 5)
    again.add(easy, "task", two, lambda name, n: ticks.append((name, n)))
    assert ran == ["random"] and again.scores[0]["untreated"] == found.scores[0]["untreated"]
    for task, patients, seed in (("other", range(2), 5), ("task", range(1), 5), ("task", range(2), 6)):
        Ensemble(tmp_path, "train", patients, seed).add(easy, task, two[:1], lambda name, n: None)
    assert ran == ["random", *["untreated"] * 3]


def test_a_task_is_known_by_its_patients_and_by_the_code_that_treats_and_scores_them(easy, tmp_path, monkeypatch):
    own = task_hash(easy, "train", "cohort")
    others = {task_hash(easy, "test", "cohort"), task_hash(easy, "train", "other")}
    (tmp_path / "envs").mkdir()
    monkeypatch.setattr("plastenv.evaluation.kept.ROOT", tmp_path)
    for text in ("pays = 1\n", "pays = 2\n"):
        (tmp_path / "envs" / "batch.py").write_text(text, "utf-8")
        others.add(task_hash(easy, "train", "cohort"))
    assert len(others | {own}) == 5


def test_outcomes_come_back_as_they_were(easy, two, tmp_path):
    outcome = run(easy, two[0], "train", range(2), 0)
    save_outcome(tmp_path / "new" / "untreated.npz", outcome)
    assert same(load_outcome(tmp_path / "new" / "untreated.npz"), outcome)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["untreated.npz"]


def test_results_table_and_figure_show_other_sets(easy, two, tmp_path):
    source = Patients(easy.recipe, "train")
    comparison = Comparison(easy, "train", range(2), 0, source.hash)
    for schedule in two:
        comparison.add(schedule)
    assert "ensemble" not in comparison.results()
    comparison_figure(comparison, tmp_path / "plain.png")
    comparison.ensemble = Ensemble(tmp_path, "train", range(2), 0)
    comparison.ensemble.add(easy, task_hash(easy, "train", source.hash), two, lambda name, n: None)
    results = comparison.results()
    means = {row["name"]: row["score"]["mean"] for row in results["schedules"]}
    assert {row["name"]: row["scores"] for row in results["ensemble"]["schedules"]} == {
        n: [m] for n, m in means.items()
    }
    columns = [list(column.cells) for column in ensemble_table(comparison).columns]
    assert columns[0] == comparison.ranked() and columns[1] == ["100 %", "0 %"] and columns[2] == ["100 %", "-"]
    comparison_figure(comparison, tmp_path / "ticks.png")
    assert (tmp_path / "ticks.png").read_bytes() != (tmp_path / "plain.png").read_bytes()
    assert np.isfinite(list(means.values())).all()
