"""What commands say when they are asked for little, and on a narrow terminal."""

import json

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from plastenv.cli import app
from plastenv.evaluation.comparison import Comparison, schedules
from plastenv.evaluation.courses import Courses
from plastenv.evaluation.rollout import Outcome
from plastenv.report.tables import MIDDLE, WIDE, best_line, comparison_table, notes, own_line
from plastenv.scenarios.scenario import load_scenario

EASY = ["--scenario", "Fear-easy", "--split", "train"]
ASKED = {
    "compare": ["compare", "training-massed", "--patients", "2", *EASY],
    "explain": ["explain", "training-massed", "--patient", "1", *EASY],
    "warmup": ["warmup", "--patients", "2", *EASY],
    "validate": ["validate", "--only", "reymann-nmda-induction-1989", "--seeds", "2", "--jobs", "1"],
}


@pytest.mark.parametrize("command", ASKED)
def test_quiet_says_in_a_line_what_came_of_it(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(app, [*ASKED[command], "--quiet"])
    assert told.exit_code == 0, told.output
    assert len(told.stdout.strip().splitlines()) == 1, told.stdout


@pytest.mark.parametrize("command", ["compare", "explain", "validate"])
def test_json_on_standard_output_stands_alone(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(app, [*ASKED[command], "--json", "-"])
    assert told.exit_code == 0, told.output
    assert isinstance(json.loads(told.stdout), dict)


def test_the_ranking_fits_a_narrow_terminal():
    task = load_scenario("Fear")
    comparison, names = Comparison(task, "test", range(3), 0, "cohort"), ("untreated", "window-long-before-training")
    for schedule in schedules([], task):
        if schedule.name in names:
            columns = dict.fromkeys(Outcome._fields, np.full(3, 0.5))
            comparison.outcomes[schedule.name] = Outcome(**columns)
            comparison.schedules[schedule.name] = schedule
    for width in (60, MIDDLE, WIDE):
        console = Console(width=width)
        with console.capture() as shown:
            console.print(comparison_table(comparison, width))
        lines = shown.get().splitlines()
        assert all(any(line.strip(" │").startswith(name) for line in lines) for name in names)  # in one piece
        assert "…" not in shown.get() and max(map(len, lines)) <= width
        assert ("minus twin" in shown.get()) == (width >= WIDE)
    assert best_line(comparison).startswith(
        "best of 2: untreated, 0.5 (0.5 to 0.5) points; 0.0 (0.0 to 0.0) above window-"
    )
    assert best_line(comparison).endswith("either may be the better one")
    behind = "2 of 2, 0.0 (0.0 to 0.0) below untreated on the same patients"
    assert own_line(comparison, names[1]) == f"{names[1]}: {behind}"
    comparison.wanted = [*names, "other"]
    assert notes(comparison)[0] == "Stopped before the end; not finished: other."
    comparison.wanted = []
    assert [line.split(":")[0] for line in notes(comparison)] == ["untreated"]
    calm = Courses(np.zeros(1), {}, {}, {"seizure": 2})
    comparison._rows.clear()
    comparison.courses[names[1]] = calm
    assert notes(comparison)[1] == f"{names[1]}: treatment ended early by seizure in 2 of 3 patients."
