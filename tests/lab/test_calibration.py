"""Calibration: what it may look at, what a set is worth, and that a search goes on where it was stopped."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from plastenv.cli import app
from plastenv.lab import calibration as module
from plastenv.lab.battery import run_battery
from plastenv.lab.calibration import Calibration, CalibrationError, Prior, fitted, load_calibration
from plastenv.lab.checks import StudyResult, evaluate, passed
from plastenv.lab.experiment import Experiment, battery, sealed
from plastenv.lab.objective import independent, score, shortfall
from plastenv.lab.screen import screen
from plastenv.lab.search import BEST, DETAILS, complete, opened, search
from plastenv.molecular.params import MolecularParams
from plastenv.scenarios.parameters import known, read_parameters

SHIPPED = Path(__file__).parents[2] / "configs" / "calibration.yaml"
GAIN, HALF, IDLE = "circuit.plasticity.efficacy", "molecular.glia.half", "molecular.consolidation.tau_late"


def toy(name: str, cluster: str = "synaptic", *checks: dict, **changes) -> Experiment:
    asked = checks or ({"quantity": "drug - vehicle", "at_least": 0.3},)
    fields = {
        "id": name, "title": "t", "citation": "c", "group": "synaptic", "cluster": cluster, "rows": [11],
        "system": "s", "confidence": "high", "published": "p", "preparation": {"kind": "slice"},
        "arms": {"drug": {}, "vehicle": {}}, "readouts": {"late": {"measure": "epsp", "of": "S1", "at": "6 h"}},
        "checks": [{"name": f"check {k}", **check} for k, check in enumerate(asked)],
    }  # fmt: skip
    return Experiment.model_validate(fields | changes)


TOYS = [
    toy("strong"),
    toy("even", "glia", {"quantity": "drug - vehicle", "between": [0.2, 0.6]}, {"quantity": "drug", "at_least": 1}),
    toy("source", circular="It gave the gain."),
]


class Bench:
    """Stands in for the bench: the drug adds the gain less half of what glia do. Counts runs; stops after `lasts`."""

    def __init__(self, lasts: float = math.inf) -> None:
        self.lasts, self.seen = lasts, list[tuple[str, range, dict]]()

    def __call__(self, study: Experiment, seeds: range, ablate: tuple[str, ...], parameters: dict) -> StudyResult:
        if len(self.seen) >= self.lasts:
            raise KeyboardInterrupt
        self.seen.append((study.id, seeds, dict(parameters)))
        noise = 0.01 * np.array(seeds)
        gain = parameters.get(GAIN, 0.4) - 0.5 * parameters.get(HALF, 0.3)
        values = {"drug@late": 1.0 + noise + gain, "vehicle@late": 1.0 - noise}
        checks = evaluate(study, values)
        return StudyResult(study.id, "t", "g", study.cluster, False, False, passed(checks), values, checks)


def broken(study: Experiment, seeds: range, ablate: tuple[str, ...], parameters: dict) -> StudyResult:
    raise RuntimeError("no such preparation")


@pytest.fixture(autouse=True)
def toys(request, monkeypatch):
    if "real" not in request.fixturenames:
        monkeypatch.setattr(module, "published", lambda: {study.id: study for study in TOYS})


@pytest.fixture
def real():
    """The studies that ship, not the toys."""


def calibration(**changes) -> Calibration:
    fields = {
        "name": "toy",
        "studies": ["strong", "even"],
        "trials": 12,
        "free": [GAIN, HALF],
        "candidates": {
            GAIN: {"log_sd": 0.5, "source": "s"},
            HALF: {"bounds": [0.1, 0.9], "source": "s"},
            IDLE: {"log_sd": 0.2, "source": "s"},
        },
    }
    return Calibration.model_validate(fields | changes)


def silent(*_: object) -> None:
    pass


def test_sealed_studies_and_sources_of_constants_cannot_be_asked_for(real):
    kept = {study.id for study in battery() if sealed(study) or study.circular}
    assert len([study for study in battery() if sealed(study)]) >= 10
    for name in kept:
        with pytest.raises(ValueError, match=f"study '{name}' is (sealed|the source of a constant)"):
            fitted(["massey-uptake-ltd-2004", name])
        with pytest.raises(ValueError, match=name):
            _ = calibration(studies=[name]).experiments
    free = {study.id for study in fitted()}
    assert free and not free & kept
    assert [study.id for study in fitted(["yang-dserine-culture-2003"])] == ["yang-dserine-culture-2003"]
    with pytest.raises(ValueError, match="'massey-uptake-2004' is unknown; did you mean 'massey-uptake-ltd-2004'"):
        fitted(["massey-uptake-2004"])


def test_the_shipped_file_spans_the_mechanisms_and_asks_no_more_than_studies_can_tell(real):
    shipped = load_calibration(SHIPPED)
    families = {name.rsplit(".", 1)[0] for name in shipped.candidates}
    assert {f"molecular.{family}" for family in MolecularParams._fields} <= families
    assert {"circuit.neuron", "circuit.plasticity", "circuit.spike"} <= families
    assert len(shipped.free) <= independent(shipped.experiments)
    assert shipped.values(dict.fromkeys(shipped.candidates, 0.0)) == {
        name: pytest.approx(known()[name].value, rel=1e-6) for name in shipped.candidates
    }


def test_a_prior_has_the_shipped_number_in_its_middle():
    wide, even = Prior(log_sd=0.5, source="s"), Prior(bounds=(0.1, 0.9), source="s")
    gain, half = known()[GAIN].value, known()[HALF].value
    assert wide.at(GAIN, 0.0) == gain and wide.at(GAIN, 1.0) == pytest.approx(gain * math.exp(0.5), rel=1e-6)
    assert even.at(HALF, 0.0) == half and even.at(HALF, 1.0) == pytest.approx(half + 0.8 / math.sqrt(12), rel=1e-6)
    assert [even.at(HALF, z) for z in even.range(HALF)] == [0.1, 0.9] == [even.at(HALF, z) for z in (-9, 9)]
    assert (wide.penalty(-2.0), even.penalty(-2.0)) == (4.0, 0.0)


def test_a_shortfall_grows_to_one_and_is_none_beyond_the_target():
    assert shortfall(0.3, 0.25) == 0.0 and shortfall(None, 0.25) == shortfall(math.nan, 0.25) == 1.0
    assert 0.0 < shortfall(0.2, 0.25) < shortfall(-1.0, 0.25) < shortfall(-50.0, 0.25) < 1.0


def test_a_score_is_the_mean_over_studies_of_the_worst_check_and_the_price_of_distance():
    bench, given = Bench(), calibration(first_seed=5, prior_weight=0.1)
    found = score(given, {GAIN: 1.0, HALF: 1.0}, bench)
    assert {seeds for _, seeds, _ in bench.seen} == {range(5, 8)}
    (values,) = {tuple(parameters.items()) for _, _, parameters in bench.seen}
    assert dict(values) == given.values({GAIN: 1.0, HALF: 1.0})
    outcomes = run_battery(given.experiments, 3, jobs=1, runner=Bench(), first=5, parameters=dict(values))
    assert found.studies == {name: outcome.margin for name, outcome in outcomes.items()}
    lacking = [max(0.0, 0.25 - margin) for margin in found.studies.values()]
    assert found.misfit == pytest.approx(np.mean([each / (1 + each) for each in lacking]))
    assert found.penalty == pytest.approx(0.1) and found.loss == found.misfit + found.penalty


def test_what_cannot_be_run_is_worth_nothing_and_says_why():
    found = score(calibration(), {}, broken)
    assert found.misfit == 1.0 and found.broken["strong"] == "RuntimeError: no such preparation"
    assert found.studies == {"strong": None, "even": None}


def test_checks_of_the_same_thing_are_one():
    once, gain = {"quantity": "drug - vehicle", "at_least": 0.1}, {"quantity": "2 * drug - 2 * vehicle", "within": 1}
    assert independent([toy("a", "c", once)]) == independent([toy("a", "c", once, gain)]) == 1
    assert independent([toy("a", "c", once, {"quantity": "drug", "at_least": 1})]) == 2
    assert independent([toy("a", "c", once, {"quantity": "drug", "at_least": 1, "required": False})]) == 1
    assert independent([toy("a", "c", once, {"quantity": "drug", "of": "vehicle", "between": [0.5, 1.5]})]) == 1
    assert independent([toy("a", "c", once), toy("b", "c", once)]) == 2


@pytest.mark.parametrize("sampler", ["tpe", "cma-es"])
def test_a_search_finds_what_passes_and_writes_a_set(tmp_path, sampler):
    told = []
    search(calibration(sampler=sampler, trials=30), tmp_path, lambda *each: told.append(each), runner=Bench())
    assert [number for number, _, _ in told] == list(range(1, 31))
    details = json.loads((tmp_path / DETAILS).read_text("utf-8"))
    assert details["loss"] == min(loss for _, loss, _ in told) < details["first_loss"] == told[0][1]
    assert min(details["studies"].values()) > 0.0 and details["independent_checks"] == 3
    assert read_parameters(tmp_path / BEST) == details["parameters"]
    again = score(calibration(), details["places"], Bench())
    assert again.loss == details["loss"]
    assert "even: +" in (tmp_path / BEST).read_text("utf-8")


def points(folder: Path) -> list[tuple]:
    return [tuple(trial.params.items()) for trial in complete(opened(calibration(), folder))]


def test_a_search_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    search(calibration(), whole, silent, runner=Bench())
    for lasts, left in ((1, 0), (7, 3), (1, 3), (16, 11)):  # runs of a study; two are a trial
        with pytest.raises(KeyboardInterrupt):
            search(calibration(), parts, silent, runner=Bench(lasts))
        assert points(parts) == points(whole)[:left] and (parts / DETAILS).exists() == (left > 0)
    bench = Bench()
    search(calibration(), parts, silent, runner=bench)
    assert points(parts) == points(whole) and len(bench.seen) == 2 and points(whole)[0] == ((GAIN, 0.0), (HALF, 0.0))
    assert (parts / BEST).read_text("utf-8") == (whole / BEST).read_text("utf-8")
    search(calibration(trials=5), parts, silent, runner=bench)
    assert len(bench.seen) == 2 and len(points(parts)) == 12


def test_a_search_may_start_elsewhere_and_looks_near_its_start_first(tmp_path):
    bench = Bench()
    search(calibration(trials=10), tmp_path, silent, {GAIN: 1.0}, bench)
    assert bench.seen[0][2] == calibration().values({GAIN: 1.0, HALF: 0.0})
    tried = np.array([dict(point)[GAIN] for point in points(tmp_path)])
    assert len(set(tried)) == 10 and abs(tried.mean() - 1.0) < 0.5 and tried.std() < 0.8


def test_more_free_parameters_than_independent_checks_are_refused(tmp_path):
    with pytest.raises(ValueError, match="free: 2 parameters, but 1 independent checks"):
        search(calibration(studies=["strong"]), tmp_path, silent, runner=Bench())
    assert list(tmp_path.iterdir()) == []


def test_trials_of_another_calibration_are_left_alone(tmp_path):
    search(calibration(trials=1), tmp_path, silent, runner=Bench())
    with pytest.raises(ValueError, match=r"journal\.log: has trials with other studies"):
        search(calibration(trials=2, seeds=4), tmp_path, silent, runner=Bench())
    (tmp_path / "journal.log").write_text('{"a": 1}\n', "utf-8")
    with pytest.raises(ValueError, match=r"journal\.log: is no journal of a search"):
        search(calibration(), tmp_path, silent, runner=Bench())


def test_a_study_that_cannot_be_run_at_all_stops_search_and_screen(tmp_path):
    with pytest.raises(ValueError, match="strong cannot be run: RuntimeError: no such preparation"):
        search(calibration(), tmp_path, silent, runner=broken)
    with pytest.raises(ValueError, match="even cannot be run"):
        screen(calibration(), tmp_path / "screen.json", silent, broken)


def test_a_screen_ranks_candidates_and_keeps_what_it_has(tmp_path):
    path, bench = tmp_path / "new" / "screen.json", Bench(9)
    with pytest.raises(KeyboardInterrupt):
        screen(calibration(), path, silent, bench)
    bench.lasts = math.inf
    found = screen(calibration(), path, silent, bench)
    assert len(bench.seen) == 9 + 6  # seven scores of two studies each, and one run that was lost
    names = [each["name"] for each in found["candidates"]]
    assert names == [GAIN, HALF, IDLE] and [each["free"] for each in found["candidates"]] == [True, True, False]
    gain, _, idle = found["candidates"]
    assert gain["loss_change"]["down"] > 0.0 > gain["loss_change"]["up"] and gain["lost"] == ["even"]
    assert idle["loss_effect"] == idle["margin_effect"] == 0.0
    written = json.loads(path.read_text("utf-8"))
    assert written["candidates"] == found["candidates"]
    screen(calibration(free=[GAIN]), path, silent, bench)
    assert len(bench.seen) == 15
    screen(calibration(seeds=4), path, silent, bench)
    assert len(bench.seen) == 15 + 14


def test_a_cluster_can_be_left_out():
    left = calibration().without("glia")
    assert left.studies == ("strong",) and left.name == "toy-without-glia"
    with pytest.raises(ValueError, match="--leave-out gla: no study is of it; did you mean 'glia'"):
        calibration().without("gla")
    with pytest.raises(ValueError, match="all studies are of it"):
        left.without("synaptic")


GOOD = f"""name: toy
studies: [strong, even]
trials: 2
free: [{GAIN}]
candidates:
  {GAIN}: {{log_sd: 0.5, source: s}}
  {HALF}: {{bounds: [0.1, 0.9], source: s}}
"""
MISTAKES = {
    "unknown key": (("trials: 2", "trails: 2"), "line 3: trails = '2': unknown key; did you mean 'trials'"),
    "missing": (("name: toy\n", ""), "name: is missing"),
    "sampler": (("trials: 2", "sampler: cmaes"), "line 3: sampler = 'cmaes': did you mean 'cma-es'"),
    "one seed": (("trials: 2", "seeds: 1"), "seeds = '1'"),
    "no trials": (("trials: 2", "trials: 0"), "trials = '0'"),
    "nan": (("trials: 2", "target: .nan"), "target = 'nan': expected a finite number"),
    "unknown study": (("[strong, even]", "[strong, evn]"), "studies.1 = 'evn': study 'evn' is unknown"),
    "source": (("[strong, even]", "[source]"), "studies.0 = 'source': study 'source' is the source of a constant"),
    "study twice": (("[strong, even]", "[even, even]"), "studies.1 = 'even': is listed twice"),
    "no studies": (("[strong, even]", "[]"), "line 2: studies"),
    "not a candidate": ((f"free: [{GAIN}]", "free: [circuit.plasticity.efficiacy]"), f"did you mean '{GAIN}'"),
    "unknown parameter": (
        (f"  {HALF}", "  molecular.glia.hlf"),
        "line 7: candidates.molecular.glia.hlf: unknown",
    ),
    "both kinds": (("{log_sd: 0.5,", "{log_sd: 0.5, bounds: [0.1, 1],"), "expected either log_sd or bounds"),
    "no kind": (("log_sd: 0.5, ", ""), "line 6"),
    "no width": (("log_sd: 0.5", "log_sd: 0"), "log_sd = '0'"),
    "no source": ((", source: s}\n  m", "}\n  m"), "source: is missing"),
    "bounds turned": (("[0.1, 0.9]", "[0.9, 0.1]"), "bounds: expected [low, high], the lower first"),
    "bounds beside": (("[0.1, 0.9]", "[0.5, 0.9]"), "expected one on either side of the shipped 0.3"),
    "bounds of the wrong sign": (("[0.1, 0.9]", "[-0.1, 0.9]"), "expected a number above 0"),
    "log of nothing": ((f"  {HALF}: {{bounds: [0.1, 0.9]", "  circuit.plasticity.a2_plus: {log_sd: 1"), "number is 0"),
    "one for cma-es": (("trials: 2", "sampler: cma-es"), "sampler = 'cma-es': needs two free parameters"),
    "not YAML": (("[strong, even]", "[strong"), "is not YAML"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_in_a_file_is_one_message_and_leaves_nothing_behind(tmp_path, monkeypatch, case):
    (old, new), expected = MISTAKES[case]
    assert old in GOOD
    (tmp_path / "toy.yaml").write_text(GOOD.replace(old, new), "utf-8")
    with pytest.raises(CalibrationError):
        load_calibration(tmp_path / "toy.yaml")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["calibrate", "toy.yaml"])
    assert done.exit_code == 2 and expected in done.stderr, done.stderr
    assert done.stderr.startswith("plastenv: toy.yaml: line ") and len(done.stderr.strip().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["toy.yaml"]


ASKED = {
    "no file": (["nowhere.yaml"], "nowhere.yaml: No such file"),
    "trials": (["toy.yaml", "--trials", "0"], "--trials 0"),
    "jobs": (["toy.yaml", "--confirm", "--jobs", "0"], "--jobs 0"),
    "cluster": (["toy.yaml", "--leave-out", "gla"], "--leave-out gla"),
    "nothing to confirm": (["toy.yaml", "--confirm"], "no search has left a best set"),
    "out": (["toy.yaml", "--out", "toy.yaml/sub"], "is not a folder"),
}


@pytest.mark.parametrize("case", ASKED)
def test_a_mistake_on_the_command_line_is_one_message(tmp_path, monkeypatch, case):
    arguments, expected = ASKED[case]
    (tmp_path / "toy.yaml").write_text(GOOD, "utf-8")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["calibrate", *arguments])
    assert done.exit_code == 2 and expected in done.stderr, done.output
    assert len(done.stderr.strip().splitlines()) == 1 and [path.name for path in tmp_path.iterdir()] == ["toy.yaml"]


def test_the_command_screens_searches_and_confirms_on_other_seeds(tmp_path, monkeypatch):
    bench = Bench()
    monkeypatch.setattr("plastenv.lab.battery.bench", bench)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.yaml").write_text(GOOD, "utf-8")
    done = CliRunner().invoke(app, ["calibrate", "toy.yaml", "--screen"])
    assert done.exit_code == 0 and f"{GAIN} *" in done.stdout, done.output
    folder = tmp_path / "runs" / "calibration" / "toy"
    assert [path.name for path in folder.iterdir()] == ["screen.json"]
    done = CliRunner().invoke(app, ["calibrate", "toy.yaml", "--trials", "3", "--confirm", "--jobs", "1"])
    assert done.exit_code == 0 and "best of 3 trials" in done.stdout, done.output
    assert "of 2 studies passed: fitted" in done.stdout  # not the source of a constant
    results = json.loads((folder / "confirm" / "results.json").read_text("utf-8"))
    assert results["parameters"] == read_parameters(folder / BEST)
    assert {seeds for _, seeds, _ in bench.seen} == {range(3), range(3, 15)}
    bench.lasts = 0
    stopped = CliRunner().invoke(app, ["calibrate", "toy.yaml", "--trials", "4"])
    assert stopped.exit_code == 130 and "the same command goes on" in stopped.stderr
