import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from plastenv import cli
from plastenv.cli import app
from plastenv.evaluation.comparison import schedules
from plastenv.evaluation.rollout import run
from plastenv.scenarios.scenario import load_scenario

GOOD = "name: mine\nentries:\n  - {intervention: extinction-training, days: 2}\n"


def plastenv(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from plastenv.cli import app; app()", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=400)


CASES = {
    "patients": (["--patients", "-3"], "--patients -3"),
    "scenario": (["--scenario", "Faer"], "did you mean 'Fear'"),
    "split": (["--split", "tests"], "unknown split 'tests'"),
    "seed": (["--seed", "-1"], "--seed -1"),
    "missing file": (["nowhere.yaml"], "nowhere.yaml"),
    "directory": (["."], "is a directory"),
    "broken file": (["broken.yaml"], "broken.yaml, line 3"),
    "out is a file": (["good.yaml", "--out", "good.yaml/sub"], "is not a folder"),
    "json is a folder": (["good.yaml", "--json", "."], "is a folder"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_one_message_and_leaves_nothing_behind(tmp_path, case):
    arguments, expected = CASES[case]
    (tmp_path / "good.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "broken.yaml").write_text(GOOD.replace("extinction", "extinktion"), "utf-8")
    before = sorted(tmp_path.iterdir())
    result = plastenv("compare", *arguments, cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert expected in result.stderr and "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before


def test_warmup_says_where_kernels_and_patients_are(tmp_path):
    done = plastenv("warmup", "--scenario", "Fear-easy", "--patients", 4, cwd=tmp_path)
    assert done.returncode == 0 and "kernels are in" in done.stdout and "4 train patients" in done.stdout
    assert "compiling" not in done.stderr  # some were on disk
    refused = plastenv("warmup", "--patients", 0, cwd=tmp_path)
    assert refused.returncode == 2 and "--patients 0" in refused.stderr


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder_is_refused(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    result = plastenv("compare", "--out", tmp_path / "locked" / "out", cwd=tmp_path)
    assert result.returncode == 2 and "not writable" in result.stderr


def test_compare_runs_a_file_and_writes_what_it_promises(tmp_path):
    (tmp_path / "good.yaml").write_text(GOOD, "utf-8")
    arguments = ["good.yaml", "--scenario", "Fear-easy", "--patients", 2, "--split", "train", "--json", "mine.json"]
    result = plastenv("compare", *arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    out = tmp_path / "runs" / "compare"
    assert sorted(p.name for p in out.iterdir()) == ["episodes.parquet", "figure.png", "results.json"]
    assert json.loads((tmp_path / "mine.json").read_text("utf-8")) == json.loads(
        (out / "results.json").read_text("utf-8")
    )
    assert "mine" in result.stdout and "untreated" in result.stdout and "Traceback" not in result.stderr


WATCHED = {
    "patient": (["--patient", "999"], "--patient 999"),
    "scenario": (["--scenario", "Faer"], "did you mean 'Fear'"),
    "split": (["--split", "tests"], "did you mean 'test'"),
    "seed": (["--seed", "-1"], "--seed -1"),
    "schedule": (["untraeted"], "did you mean 'untreated'"),
    "missing file": (["nowhere.yaml"], "nowhere.yaml"),
    "too long": (["window-alone", "--scenario", "Fear-easy"], "does not fit into the 14 days"),
    "gif is no gif": (["--gif", "frame.png"], "ends in .gif"),
    "gif in a file": (["--gif", "good.yaml/a.gif"], "--gif good.yaml"),
    "fps": (["--fps", "0"], "--fps 0"),
}


@pytest.mark.parametrize("case", WATCHED)
def test_a_mistake_in_watching_is_one_message_and_leaves_nothing_behind(tmp_path, monkeypatch, case):
    arguments, expected = WATCHED[case]
    (tmp_path / "good.yaml").write_text(GOOD, "utf-8")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["watch", *arguments])
    assert result.exit_code == 2, result.output
    assert expected in result.stderr and len(result.stderr.strip().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["good.yaml"]


def test_watch_shows_the_last_day_and_writes_a_gif(tmp_path, monkeypatch):
    (tmp_path / "good.yaml").write_text(GOOD, "utf-8")
    monkeypatch.chdir(tmp_path)
    arguments = ["good.yaml", "--scenario", "Fear-easy", "--split", "train", "--patient", "1", "--gif", "mine.gif"]
    result = CliRunner().invoke(app, ["watch", *arguments])
    assert result.exit_code == 0, result.stderr
    assert "day 14 of 14" in result.stdout and "mine: score" in result.stdout.splitlines()[-1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.yaml", "mine.gif"]
    with Image.open(tmp_path / "mine.gif") as gif:
        assert gif.n_frames == 15 and gif.size == (800, 600)
        assert gif.info["duration"] == 250
        gif.seek(14)
        assert gif.info["duration"] == 4000


def test_a_quiet_watch_says_what_a_comparison_says(tmp_path):
    (tmp_path / "good.yaml").write_text(GOOD, "utf-8")
    task = load_scenario("Fear-easy")
    outcome = run(task, schedules([tmp_path / "good.yaml"], task)[1], "train", [0, 1], 3)
    file, who = str(tmp_path / "good.yaml"), ["--split", "train", "--patient", "1", "--seed", "3"]
    printed = CliRunner().invoke(app, ["watch", file, "--scenario", "Fear-easy", *who, "--quiet"]).stdout
    assert printed.startswith(f"mine: score {outcome.score[1]:.1f} (".replace("-", "−"))
    assert len(printed.splitlines()) == 1


def test_a_command_of_another_package_that_cannot_be_loaded_says_why(monkeypatch):
    broken = EntryPoints([EntryPoint("other", "nowhere:run", cli.GROUP)])
    monkeypatch.setattr(cli, "entry_points", lambda **wanted: broken.select(**wanted))
    result = CliRunner().invoke(cli.app, ["other", "--flag", "value"])
    assert result.exit_code == 2
    assert result.stderr.startswith("plastenv: command 'other' cannot be loaded from nowhere:run: No module named")
    listed = CliRunner().invoke(cli.app, ["--help"])
    assert listed.exit_code == 0 and "compare" in listed.output and "other" in listed.output
    assert CliRunner().invoke(cli.app, ["nothing"]).exit_code == 2


def test_version_and_help(tmp_path):
    assert plastenv("--version", cwd=tmp_path).stdout.startswith("plastenv ")
    assert "--patients" in plastenv("compare", "--help", cwd=tmp_path).stdout
