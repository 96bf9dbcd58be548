import json
import os
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from plastenv.lab.battery import chosen, collect, record, run_battery
from plastenv.lab.checks import CheckResult, StudyResult, evaluate, passed
from plastenv.lab.experiment import Experiment, battery
from plastenv.report.battery import battery_table, number, page, spread, study_figure, summary_line

HERE = Path(__file__).parent


def experiment(name: str = "one", **changes) -> Experiment:
    fields = {
        "id": name,
        "title": "Drug <b>helps</b> & lasts",
        "citation": "Nobody (2000) Nowhere 1:1",
        "group": "synaptic",
        "rows": [11],
        "system": "slice",
        "confidence": "high",
        "published": "It <script>alert(1)</script> helps.",
        "values": {"ratio": 1.5, "window": [10, 20]},
        "seeds": 4,
        "preparation": {"kind": "slice"},
        "arms": {"drug": {"note": "at once"}, "vehicle": {}},
        "readouts": {
            "early": {"measure": "epsp", "of": "S1", "at": "1 h"},
            "late": {"measure": "epsp", "of": "S1", "at": "6 h"},
        },
        "checks": [
            {"name": "it helps", "quantity": "drug@late - vehicle@late", "at_least": 0.2},
            {"name": "much", "quantity": "drug@late - vehicle@late", "at_least": 2, "required": False},
        ],
    }
    return Experiment.model_validate(fields | changes)


def fake(study: Experiment, seeds: range, ablate: tuple[str, ...], parameters: dict[str, float]) -> StudyResult:
    """Stand in for the bench: the drug adds `gain` unless its mechanism is taken out; says which process it ran in."""
    if study.id == "broken":
        raise RuntimeError("no such preparation")
    if study.id == "dead":
        os._exit(1)
    if study.id == "slow":
        time.sleep(0.3)
    base = 1.0 + 0.01 * np.array(seeds)
    gain = 0.0 if "drug" in ablate else parameters.get("gain", 0.5)
    values = {"drug@early": base + gain, "drug@late": base + gain, "vehicle@early": base, "vehicle@late": base}
    if study.id == "lost":
        values["drug@late"] = np.where(np.array(seeds) == seeds[0], np.nan, values["drug@late"])
    checks = evaluate(study, values)
    verdict = passed(checks)
    sides = {"sealed": study.id == "sealed", "circular": study.circular is not None}
    return StudyResult(
        study.id, study.title, study.group, study.cluster, passed=verdict, values=values, checks=checks,
        not_covered=list(study.not_covered), seconds=float(os.getpid()), **sides,
    )  # fmt: skip


def results(*studies: Experiment, ablate: tuple[str, ...] = ()) -> dict:
    return collect(studies, run_battery(studies, ablate=ablate, jobs=1, runner=fake), ablate, 1.0)


SET = [
    experiment("one"),
    experiment("sealed"),
    experiment("circle", circular="It gave tau."),
    experiment("open", checks=[], not_covered=["The <i>rest</i>."]),
    experiment("lost", diagnosis="Because of <u>this</u>."),
]


def test_every_study_runs_on_its_seeds_and_comes_back_in_order():
    seen = []
    studies = [experiment("slow"), experiment("quick", seeds=6)]
    outcomes = run_battery(studies, first=7, jobs=2, report=lambda e, o: seen.append(e.id), runner=fake)
    assert list(outcomes) == ["slow", "quick"] and sorted(seen) == ["quick", "slow"]
    np.testing.assert_allclose(outcomes["quick"].values["vehicle@late"], 1.0 + 0.01 * np.arange(7, 13))
    assert len(outcomes["slow"].values["vehicle@late"]) == 4
    fewer = run_battery(studies, seeds=2, jobs=1, runner=fake)
    assert [len(outcome.values["drug@late"]) for outcome in fewer.values()] == [2, 2]


def test_processes_are_others_and_change_nothing():
    studies = [experiment("slow"), experiment("one")]
    alone, shared = (run_battery(studies, jobs=jobs, runner=fake) for jobs in (1, 2))
    assert {outcome.seconds for outcome in alone.values()} == {os.getpid()}
    assert len({outcome.seconds for outcome in shared.values()} | {os.getpid()}) == 3
    for name in alone:
        assert alone[name].checks == shared[name].checks


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_study_that_cannot_be_run_takes_no_other_with_it(jobs):
    studies = [experiment("broken"), experiment("one")]
    found = collect(studies, run_battery(studies, jobs=jobs, runner=fake), (), 1.0)
    assert found["broken"] == [{"id": "broken", "error": "RuntimeError: no such preparation"}]
    assert [study["id"] for study in found["studies"]] == ["one"] and found["unfinished"] == []
    assert "RuntimeError: no such preparation" in page(found)


def test_a_process_that_dies_is_said_and_does_not_hang():
    outcomes = run_battery([experiment("dead"), experiment("slow")], jobs=2, runner=fake)
    assert isinstance(outcomes["dead"], Exception) and set(outcomes) == {"dead", "slow"}


def test_what_is_left_out_is_handed_to_the_bench():
    assert results(SET[0])["studies"][0]["passed"] is True
    found = results(SET[0], ablate=("drug",))
    assert found["studies"][0]["passed"] is False and found["ablate"] == ["drug"]
    assert "Without:</strong> drug" in page(found)


def test_other_numbers_are_handed_to_the_bench_and_told():
    gains = {"gain": 0.1}
    for jobs in (1, 2):
        outcomes = run_battery([experiment("one"), experiment("two")], jobs=jobs, runner=fake, parameters=gains)
        assert [outcome.passed for outcome in outcomes.values()] == [False, False]
    found = collect(SET[:1], {"one": outcomes["one"]}, (), 1.0, gains)
    assert found["parameters"] == gains and "With:</strong> gain = 0.1." in " ".join(page(found).split())
    assert "With:" not in page(results(SET[0]))


def test_interrupted_processes_end_at_once(tmp_path):
    script = tmp_path / "interrupted.py"
    script.write_text(
        "import sys, time, pathlib\n"
        f"sys.path.insert(0, {str(HERE)!r})\n"
        "from test_battery import experiment, run_battery\n"
        "def hang(study, seeds, ablate, parameters):\n"
        "    pathlib.Path(study.id).write_text(str(__import__('os').getpid()))\n"
        "    time.sleep(100)\n"
        "if __name__ == '__main__':\n"
        "    run_battery([experiment('a'), experiment('b'), experiment('c')], jobs=2, runner=hang)\n",
        "utf-8",
    )
    process = subprocess.Popen([sys.executable, script], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not all((tmp_path / name).exists() and (tmp_path / name).read_text() for name in "ab"):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode != 0 and errors.rstrip().endswith("KeyboardInterrupt")
    assert not (tmp_path / "c").exists()
    for name in "ab":
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / name).read_text()), 0)


def test_an_unknown_study_is_refused_with_the_nearest():
    assert chosen(SET, []) == SET and [e.id for e in chosen(SET, ["sealed", "one"])] == ["one", "sealed"]
    with pytest.raises(ValueError, match="--only seeled: unknown study; did you mean 'sealed'"):
        chosen(SET, ["one", "seeled"])
    with pytest.raises(ValueError, match="did you mean 'circle'"):  # a part of the name is near enough
        chosen(SET, ["irc"])


def test_results_are_plain_json_and_count_every_study_once():
    found = results(*SET)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    summary = found["summary"]
    assert [summary[key] for key in ("studies", "passed", "failed", "not_covered")] == [5, 3, 1, 1]
    assert summary["fitted"] == {"studies": 3, "passed": 1, "failed": 1, "not_covered": 1}
    assert summary["sealed"]["passed"] == summary["circular"]["passed"] == 1
    assert summary_line(found) == (
        "3 of 5 studies passed (1 not covered): fitted 1 of 3 (1 not covered), sealed 1 of 1, circular 1 of 1"
    )
    lost = found["studies"][-1]
    assert lost["values"]["drug@late"] == {"mean": None, "sd": None} and lost["checks"][0]["mean"] is None
    assert lost["covered"] and not found["studies"][3]["covered"]


def test_a_circular_study_counts_as_nothing_else():
    result = fake(SET[2], range(4), (), {})
    both = StudyResult(**{name: getattr(result, name) for name in result.__slots__} | {"sealed": True})
    assert record(SET[2], both)["kind"] == "circular"


def test_what_has_not_finished_is_listed():
    found = collect(SET, run_battery(SET[:1], jobs=1, runner=fake), (), 1.0)
    assert found["unfinished"] == ["sealed", "circle", "open", "lost"] and len(found["studies"]) == 1
    assert "4 more studies were asked for" in page(found)
    nothing = collect(SET, {}, (), 1.0)
    assert summary_line(nothing) == "No study has finished" and "No study has finished" in page(nothing)


class Reader(HTMLParser):
    """Collects the elements, ids and links of a page, and whether every element is closed."""

    VOID = {"meta", "img", "br", "link"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_escaped_and_needs_no_network():
    text = page(results(*SET))
    reader = Reader(text)
    assert reader.open == []
    tags = [tag for tag, _ in reader.seen]
    assert tags.count("article") == 5 and tags.count("img") == 5
    assert not {"script", "i", "u", "link"} & set(tags)
    assert "&lt;script&gt;" in text and "<b>helps" not in text and "The &lt;i&gt;rest" in text
    ids = [attributes["id"] for _, attributes in reader.seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in reader.seen:
        for name in ("src", "href"):
            value = attributes.get(name, "#overview")
            assert value.startswith("data:image/svg+xml;base64,") or value[1:] in ids, (tag, value)
        assert tag != "img" or attributes["alt"]
    assert "http" not in re.sub(r"base64,[^\"]*", "", text)


def test_the_page_says_why_a_study_fails_and_only_then():
    text = page(results(*SET))
    assert text.count("Why it fails.") == 1 and "Because of &lt;u&gt;this" in text
    passing = experiment("one", diagnosis="It used to fail.")
    assert "It used to fail" not in page(results(passing))


def test_the_table_shows_every_check_with_its_mark():
    found = results(*SET)
    console = Console(width=160)
    with console.capture() as captured:
        console.print(battery_table(found))
    text = captured.get()
    assert text.count("✔ it helps: 0.5 (>= 0.2)") == 3 and text.count("✘ much: 0.5 (>= 2) (not required)") == 3
    assert "✘ it helps: – (>= 0.2)" in text and "– not covered" in text
    assert "✔ passed S" in text and "✔ passed C" in text and "ratio 1.5" in text and "window 10, 20" in text
    assert "drug@late 1.5" in text or "drug@late 1.51" in text


def test_a_figure_has_a_panel_per_readout_and_says_what_is_missing():
    whole, lost = (results(experiment(name))["studies"][0] for name in ("one", "lost"))
    drawn = study_figure(whole)
    assert drawn == study_figure(whole) and drawn.startswith("<?xml") and "<!-- early (epsp) -->" in drawn
    assert "<!-- vehicle -->" in drawn and "not measurable" not in drawn
    assert study_figure(lost).count("<!-- not measurable -->") == 1


def test_arm_intervals_are_students():
    mean, low, high = spread({"mean": 1.0, "sd": 2.0}, 4)
    assert (mean, high - mean) == (1.0, pytest.approx(3.1824, abs=1e-4)) and low == pytest.approx(2.0 - high)
    assert spread({"mean": 1.0, "sd": 0.0}, 1) == (1.0, 1.0, 1.0) and spread({"mean": None, "sd": None}, 4) is None
    assert number(-0.0123456) == "−0.0123" and number(None) == number(float("nan")) == "–"


def test_the_shipped_battery_can_be_reported():
    studies = battery()
    outcomes = {}
    for study in studies:
        values = {f"{arm}@{name}": np.array([0.4, 0.6]) for arm in study.arms for name in study.readouts}
        checks = [CheckResult(c.name, True, c.required, c.quantity, 0.5, 0.4, 0.6, ">= 0.2", "") for c in study.checks]
        outcomes[study.id] = StudyResult(
            study.id, study.title, study.group, study.cluster, False, False, passed(checks), values, checks
        )
    text = page(collect(studies, outcomes, (), 1.0))
    assert Reader(text).open == [] and all(f'id="{study.id}"' in text for study in studies)
