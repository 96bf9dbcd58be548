import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from plastenv.evaluation.comparison import Comparison, schedules
from plastenv.evaluation.rollout import RandomPolicy, Schedule, run
from plastenv.evaluation.statistics import interval
from plastenv.patients.cohort import Patients
from plastenv.report.figures import comparison_figure
from plastenv.therapy.protocol import ProtocolError
from tests.conftest import same

MINE = "name: mine\nsource: me\nentries:\n  - {intervention: extinction-training, days: 2-3}\n"


def test_intervals_cover_the_mean_and_collapse_on_constants():
    values = np.random.default_rng(0).normal(3.0, 1.0, 60)
    mean, low, high = interval(values)
    assert low < mean < high and mean == pytest.approx(values.mean())
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(60), rel=0.2)
    assert interval(np.full(9, 2.0)) == (2.0, 2.0, 2.0)
    assert interval(values, seed=3) == interval(values, seed=3)


def test_bootstrap_coverage():
    draw = np.random.default_rng(1)
    inside = [
        low <= 0.0 <= high for _, low, high in (interval(draw.normal(size=40), resamples=600) for _ in range(150))
    ]
    assert np.mean(inside) > 0.88


@pytest.fixture(scope="module")
def compared(easy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    path = folder / "mine.yaml"
    path.write_text(MINE, "utf-8")
    comparison = Comparison(easy, "train", range(4), 7, Patients(easy.recipe, "train").hash)
    for schedule in schedules([path], easy):
        comparison.add(schedule)
    comparison.write(folder)
    return comparison, folder


def test_results_have_the_published_form(compared):
    _, folder = compared
    results = json.loads((folder / "results.json").read_text("utf-8"))
    assert {"scenario", "patients", "seed", "version", "task_hash", "schedules", "differences"} <= set(results)
    assert {row["name"] for row in results["schedules"]} == {"untreated", "mine"}
    for row in results["schedules"]:
        keys = {"name", "source", "score", "function_end", "function_followup", "relapse", "harm", "burden"}
        assert keys <= set(row) and set(row["score"]) == {"mean", "low", "high"}
    assert set(results["differences"][0]) == {"a", "b", "mean", "low", "high"}


def test_rows_and_figure_are_written_whole(compared):
    comparison, folder = compared
    table = pq.read_table(folder / "episodes.parquet")
    assert table.num_rows == 8 and {"schedule", "patient", "seed", "score"} <= set(table.column_names)
    comparison_figure(comparison, folder / "figure.png")
    assert (folder / "figure.png").read_bytes()[:4] == b"\x89PNG"
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_untreated_is_its_own_twin_and_threads_change_nothing(easy, compared):
    comparison, _ = compared
    twin = next(s for s in schedules([], easy) if s.name == "untreated")
    again = run(easy, twin, "train", range(4), 7, threads=1)
    assert same(again, comparison.outcomes["untreated"])
    row = comparison.row("untreated")["treated_minus_twin"]
    assert (row["mean"], row["low"], row["high"]) == (0.0, 0.0, 0.0)


def test_a_random_policy_meets_the_same_choices_again(easy):
    schedule = Schedule("random", "", "", policy=RandomPolicy())
    assert same(run(easy, schedule, "train", range(2), 0), run(easy, schedule, "train", range(2), 0, threads=1))


def test_two_schedules_of_one_name_and_one_beyond_the_horizon_are_refused(easy, tmp_path):
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(MINE, "utf-8")
    second.write_text(MINE, "utf-8")
    with pytest.raises(ValueError, match="called 'mine'"):
        schedules([first, second], easy)
    second.write_text(MINE.replace("2-3", "20"), "utf-8")
    with pytest.raises(ProtocolError, match="beyond the 14 days"):
        schedules([second], easy)
