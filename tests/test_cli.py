import json
import os
import signal
import subprocess
import sys
import time
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from plastenv import cli
from plastenv.circuit.params import CircuitParams
from plastenv.cli import app
from plastenv.evaluation.comparison import Comparison, schedules
from plastenv.evaluation.rollout import run
from plastenv.lab import procedures
from plastenv.lab.checks import StudyResult, evaluate, passed
from plastenv.lab.experiment import Experiment
from plastenv.molecular.params import MolecularParams
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
    "no other set": (["--ensemble", "0"], "--ensemble 0: expected 1 to "),
    "more sets than there are": (["--ensemble", "1000"], "--ensemble 1000: expected 1 to "),
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
    assert "treating 2 train patients by each of 2 schedules ..." in result.stderr
    out = tmp_path / "runs" / "compare"
    assert sorted(p.name for p in out.iterdir()) == ["episodes.parquet", "figure.png", "report.html", "results.json"]
    assert json.loads((tmp_path / "mine.json").read_text("utf-8")) == json.loads(
        (out / "results.json").read_text("utf-8")
    )
    assert "mine" in result.stdout and "untreated" in result.stdout and "Traceback" not in result.stderr


def test_compare_says_how_often_the_order_holds_under_other_sets_and_goes_on(tmp_path, monkeypatch):
    (tmp_path / "good.yaml").write_text(GOOD, "utf-8")
    sets = [{"circuit.plasticity.efficacy": CircuitParams().plasticity.efficacy}, {}]  # shipped numbers: no new cohort
    monkeypatch.setattr("plastenv.console.ensemble.read_ensemble", lambda: sets)
    monkeypatch.chdir(tmp_path)
    arguments = ["compare", "good.yaml", "--scenario", "Fear-easy", "--patients", "2", "--split", "train"]
    done = CliRunner().invoke(app, [*arguments, "--ensemble", "2"])
    assert done.exit_code == 0, done.output
    assert "Under other parameter sets: 2" in done.stdout and "set 2 of 2" in done.stderr
    results = json.loads((tmp_path / "runs" / "compare" / "results.json").read_text("utf-8"))
    scores = {row["name"]: row["score"]["mean"] for row in results["schedules"]}
    assert {row["name"]: row["scores"] for row in results["ensemble"]["schedules"]} == {
        name: [score, score] for name, score in scores.items()
    }
    assert [pair["holds"] for pair in results["ensemble"]["pairs"]] == [1.0]
    monkeypatch.setattr("plastenv.evaluation.ensemble.run", None)  # nothing is run a second time
    assert CliRunner().invoke(app, [*arguments, "--ensemble", "2"]).exit_code == 0


def test_a_comparison_that_is_stopped_reports_what_has_finished_and_nothing_of_an_earlier_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["compare", "window-alone", "--patients", "1", "--split", "train"]
    whole = CliRunner().invoke(app, [*arguments, "--seed", "7"])
    page, figure = Path("runs/compare/report.html"), Path("runs/compare/figure.png")
    assert whole.exit_code == 0 and "window-alone" in page.read_text("utf-8") and figure.exists(), whole.output
    compared = Comparison.add

    def stopped_at(name):
        def add(self, schedule, *given, **options):
            if schedule.name == name:
                raise KeyboardInterrupt
            return compared(self, schedule, *given, **options)

        return add

    monkeypatch.setattr(Comparison, "add", stopped_at("window-alone"))
    half = CliRunner().invoke(app, arguments)
    assert half.exit_code == 130 and half.stderr.endswith(f"finished schedules are in {page.parent}: untreated\n")
    assert "not finished: window-alone." in page.read_text("utf-8")
    results = json.loads(page.with_name("results.json").read_text("utf-8"))
    assert [row["name"] for row in results["schedules"]] == ["untreated"] and results["unfinished"] == ["window-alone"]
    left = {path: path.read_bytes() for path in page.parent.iterdir()}
    monkeypatch.setattr(Comparison, "add", stopped_at("untreated"))
    nothing = CliRunner().invoke(app, arguments)
    assert nothing.exit_code == 130 and "no schedule had finished" in nothing.stderr
    assert {path: path.read_bytes() for path in left} == left


def test_a_schedule_that_gives_something_cannot_pass_for_the_natural_course(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(GOOD.replace("name: mine", "name: untreated"), "utf-8")
    refused = CliRunner().invoke(app, ["compare", "mine.yaml", "--patients", "1", "--split", "train"])
    assert refused.exit_code == 2 and "called 'untreated'" in refused.stderr and not Path("runs").exists()


ONE_PATIENT = {  # command and case -> arguments, what is said
    "watch: patient": (["--patient", "999"], "--patient 999"),
    "watch: scenario": (["--scenario", "Faer"], "did you mean 'Fear'"),
    "watch: split": (["--split", "tests"], "did you mean 'test'"),
    "watch: seed": (["--seed", "-1"], "--seed -1"),
    "watch: schedule": (["untraeted"], "did you mean 'untreated'"),
    "watch: missing file": (["nowhere.yaml"], "nowhere.yaml"),
    "watch: too long": (["window-alone", "--scenario", "Fear-easy"], "does not fit into the 14 days"),
    "watch: gif is no gif": (["--gif", "frame.png"], "ends in .gif"),
    "watch: gif in a file": (["--gif", "good.yaml/a.gif"], "--gif good.yaml"),
    "watch: fps": (["--fps", "0"], "--fps 0"),
    "explain: patient": (["--patient", "999"], "--patient 999"),
    "explain: schedule": (["untraeted"], "did you mean 'untreated'"),
    "explain: out in a file": (["good.yaml", "--out", "good.yaml/a"], "--out good.yaml"),
    "explain: json is a folder": (["good.yaml", "--json", "."], "--json .: is a folder"),
}


@pytest.mark.parametrize("case", ONE_PATIENT)
def test_a_mistake_about_one_patient_is_one_message_and_leaves_nothing_behind(tmp_path, monkeypatch, case):
    arguments, expected = ONE_PATIENT[case]
    (tmp_path / "good.yaml").write_text(GOOD, "utf-8")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, [case.split(":")[0], *arguments])
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


STUDY = """
title: The drug helps
citation: Nobody (2000) Nowhere 1:1
group: synaptic
rows: [11]
system: slice
confidence: high
published: It helps.
seeds: 4
preparation: {kind: slice}
arms: {drug: {}, vehicle: {}}
readouts: {late: {measure: epsp, of: S1, at: 6 h}}
checks: [{name: it helps, quantity: drug - vehicle, at_least: 0.2}]
"""


def result(study: Experiment, seeds: range, ablate: tuple[str, ...], parameters: dict[str, float]) -> StudyResult:
    """Stand in for the bench: the drug helps by `efficacy`, except in 'bad'; 'broken' cannot be run."""
    if study.id == "broken":
        raise RuntimeError("no such preparation")
    noise = 0.01 * np.array(seeds)
    helps = parameters.get("circuit.plasticity.efficacy", 0.5)
    values = {"drug@late": noise + (0.9 if study.id == "bad" else 1.0 + helps), "vehicle@late": noise + 1.0}
    checks = evaluate(study, values)
    return StudyResult(study.id, study.title, "synaptic", "synaptic", False, False, passed(checks), values, checks)


@pytest.fixture
def studies(tmp_path, monkeypatch):
    """A folder with two studies, in an empty folder that is the current one; the bench is a stand-in."""
    folder = tmp_path / "studies"
    folder.mkdir()
    for name in ("good", "bad"):
        (folder / f"{name}.yaml").write_text(f"id: {name}{STUDY}", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("plastenv.lab.battery.bench", result)
    return folder


def test_validate_runs_a_folder_and_a_study_that_fails_is_a_result(studies, tmp_path):
    arguments = ["--experiments", str(studies), "--jobs", "1", "--json", "else/where.json", "--ablate", "nets,nogo"]
    done = CliRunner().invoke(app, ["validate", *arguments])
    assert done.exit_code == 0 and done.stderr == "", done.output
    assert "1 of 2 studies passed: fitted 1 of 2" in done.stdout
    assert "✔ it helps" in done.stdout and "✘ it helps" in done.stdout
    out = tmp_path / "runs" / "validate"
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "results.json"]
    written = json.loads((out / "results.json").read_text("utf-8"))
    assert written == json.loads((tmp_path / "else" / "where.json").read_text("utf-8"))
    assert [study["id"] for study in written["studies"]] == ["bad", "good"] and written["ablate"] == ["nets", "nogo"]


def test_validate_takes_other_numbers_from_a_file(studies, tmp_path):
    (tmp_path / "mine.yaml").write_text("circuit.plasticity.efficacy: 0.1\n", "utf-8")
    arguments = ["validate", "--experiments", str(studies), "--jobs", "1", "--parameters", "mine.yaml"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0 and "0 of 2 studies passed" in done.stdout, done.output
    written = json.loads((tmp_path / "runs" / "validate" / "results.json").read_text("utf-8"))
    assert written["parameters"] == {"circuit.plasticity.efficacy": 0.1}


def test_validate_says_what_could_not_be_run(studies, tmp_path):
    (studies / "broken.yaml").write_text(f"id: broken{STUDY}", "utf-8")
    done = CliRunner().invoke(app, ["validate", "--experiments", str(studies), "--jobs", "1", "--out", "out"])
    assert done.exit_code == 1
    assert done.stderr == "plastenv: broken could not be run: RuntimeError: no such preparation\n"
    assert len(json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))["studies"]) == 2


VALIDATED = {
    "only": (["--only", "god"], "--only god: unknown study; did you mean 'good'"),
    "seeds": (["--seeds", "0"], "--seeds 0"),
    "first seed": (["--first-seed", "-1"], "--first-seed -1"),
    "jobs": (["--jobs", "0"], "--jobs 0"),
    "ablate": (["--ablate", "nets,scalng"], "--ablate scalng: unknown mechanism; did you mean 'scaling'"),
    "parameters": (["--parameters", "studies/good.yaml"], "good.yaml, line 1: id = 'good': unknown parameter"),
    "all and others": (["--ablate", "all,nets"], "--ablate all: takes each mechanism out by itself"),
    "ablated parameters": (["--parameters", "x.yaml", "--ablate", "nets"], "--ablate with --parameters"),
    "no folder": (["--experiments", "nowhere"], "nowhere: expected a folder"),
    "out is a file": (["--out", "studies/good.yaml"], "is not a folder"),
    "json is a folder": (["--json", "studies"], "is a folder"),
}


@pytest.mark.parametrize("case", VALIDATED)
def test_a_mistake_in_validating_is_one_message_and_leaves_nothing_behind(studies, tmp_path, case):
    arguments, expected = VALIDATED[case]
    done = CliRunner().invoke(app, ["validate", "--experiments", str(studies), *arguments])
    assert done.exit_code == 2, done.output
    assert expected in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["studies"]


def test_every_mechanism_is_taken_out_and_what_finished_is_kept(studies, tmp_path, monkeypatch):
    monkeypatch.setattr("plastenv.lab.matrix.bench", result)
    arguments = ["validate", "--experiments", str(studies), "--jobs", "1", "--ablate", "all", "--json", "mine.json"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "0 of 18 rows are load-bearing in the 1 studies" in done.stdout and "without sleep: 3" in done.stderr
    out = tmp_path / "runs" / "ablation"
    (kept,) = (path for path in out.iterdir() if path.is_dir())
    assert {path.name for path in out.iterdir()} == {kept.name, "report.html", "results.json"}
    written = json.loads((tmp_path / "mine.json").read_text("utf-8"))
    assert {cell["verdict"] for cell in written["cells"]} == {"untouched", "fails intact"}
    monkeypatch.setattr("plastenv.lab.matrix.bench", None)  # nothing is run a second time
    again = CliRunner().invoke(app, arguments)
    assert again.exit_code == 0 and again.stderr == ""
    assert json.loads((tmp_path / "mine.json").read_text("utf-8"))["cells"] == written["cells"]


def test_ctrl_c_keeps_the_studies_that_have_finished(studies, tmp_path):
    script = tmp_path / "interrupted.py"
    script.write_text(
        f"import sys, time\nsys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import plastenv.lab.battery\nfrom test_cli import app, result\n"
        "def bench(study, seeds, ablate, parameters):\n"
        "    time.sleep(100 if study.id == 'good' else 0)\n"
        "    return result(study, seeds, ablate, parameters)\n"
        "if __name__ == '__main__':\n"
        "    plastenv.lab.battery.bench = bench\n    app()\n",
        "utf-8",
    )
    command = [sys.executable, script, "validate", "--experiments", studies]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, deadline = tmp_path / "runs" / "validate", time.monotonic() + 60
    while not (out / "results.json").exists():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert errors == "stopped; 1 of 2 studies had finished\n" and "0 of 1 studies passed" in printed
    kept = json.loads((out / "results.json").read_text("utf-8"))
    assert [study["id"] for study in kept["studies"]] == ["bad"] and kept["unfinished"] == ["good"]
    assert "Stopped before the end" in (out / "report.html").read_text("utf-8")


def test_validate_runs_a_shipped_study_from_end_to_end(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["validate", "--only", "stdp-window-bi-poo-1998", "--seeds", "3"])
    assert done.exit_code == 0, done.output
    (study,) = json.loads((tmp_path / "runs" / "validate" / "results.json").read_text("utf-8"))["studies"]
    assert study["seeds"] == 3 and study["covered"] and all(value["mean"] > 0 for value in study["values"].values())
    assert "data:image/svg+xml" in (tmp_path / "runs" / "validate" / "report.html").read_text("utf-8")


def test_the_schema_of_an_experiment_file_is_printed_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["validate", "--schema"])
    assert done.exit_code == 0 and {"id", "arms", "checks"} <= set(json.loads(done.stdout)["properties"])
    assert not list(tmp_path.iterdir())


def test_parameters_prints_and_writes_every_number_with_its_source(tmp_path):
    path = tmp_path / "new" / "parameters.json"
    done = CliRunner().invoke(app, ["parameters", "--json", str(path)])
    assert done.exit_code == 0, done.output
    tables = json.loads(path.read_text("utf-8"))["tables"]
    for params in (*CircuitParams(), *MolecularParams()):
        table = tables[type(params).__name__]
        assert [(row["name"], row["value"]) for row in table] == list(params._asdict().items())
    for name, table in tables.items():
        assert f"{name}, {len(table)} numbers" in done.stdout
        assert all(row["unit"] and row["meaning"] and row["source"] for row in table), name
    compounds = {row["name"]: row for row in tables["Compounds"]}
    assert compounds["rapid-opener.elimination_h"]["value"] == 24.0
    assert "Nogo" in compounds["rapid-opener.nogo-relief.ec50"]["meaning"]
    events = {row["name"]: row["value"] for row in tables["Events"]}
    assert events["pairing.outcome_on"] == 0.25 and "exposure-trial.outcome_on" not in events
    assert {row["name"] for row in tables["Procedures"]} == set(procedures.TABLE)


def test_parameters_shows_one_table_or_names_the_nearest():
    done = CliRunner().invoke(app, ["parameters", "--table", "NeuronParams"])
    assert done.exit_code == 0 and "NeuronParams" in done.stdout and "PlasticityParams" not in done.stdout
    refused = CliRunner().invoke(app, ["parameters", "--table", "NeuronParam"])
    assert refused.exit_code == 2 and "did you mean 'NeuronParams'" in refused.stderr


def test_version_and_help(tmp_path):
    assert plastenv("--version", cwd=tmp_path).stdout.startswith("plastenv ")
    assert "--patients" in plastenv("compare", "--help", cwd=tmp_path).stdout


def test_explain_tells_prints_and_draws_what_watch_scores(tmp_path, monkeypatch):
    (tmp_path / "good.yaml").write_text(GOOD, "utf-8")
    monkeypatch.chdir(tmp_path)
    who = ["good.yaml", "--scenario", "Fear-easy", "--split", "train", "--patient", "1", "--seed", "3"]
    result = CliRunner().invoke(app, ["explain", *who, "--json", "told.json"])
    assert result.exit_code == 0, result.stderr
    folder = tmp_path / "runs" / "explain" / "fear-easy-mine-train-1-3"
    assert sorted(path.name for path in folder.iterdir()) == ["figure.png", "figure.svg", "story.txt"]
    told = json.loads((tmp_path / "told.json").read_text("utf-8"))
    assert told["patient"] == 1 and told["statements"][0]["topic"] == "before"
    text = (folder / "story.txt").read_text("utf-8")
    assert result.stdout.startswith(text) and max(len(line) for line in text.splitlines()) <= 100
    with Image.open(folder / "figure.png") as image:
        assert image.width == 1575
    svg = (folder / "figure.svg").read_text("utf-8")
    watched = CliRunner().invoke(app, ["watch", *who, "--quiet"]).stdout
    score = f"score {told['statements'][-1]['values']['score']:.1f}".replace("-", "−")
    assert score in watched and score in text.splitlines()[0] and svg.startswith("<?xml")
    again = CliRunner().invoke(app, ["explain", *who, "--quiet", "--out", "other"])
    assert again.stdout == text.splitlines()[0] + "\n"
    assert (tmp_path / "other" / "figure.png").read_bytes() == (folder / "figure.png").read_bytes()
