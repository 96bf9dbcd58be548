import json
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from plastenv.cli import app
from plastenv.evaluation.comparison import schedules
from plastenv.evaluation.rollout import run
from plastenv.model.types import DAY
from plastenv.report.schedules import days_text, entries, span, timeline
from plastenv.scenarios.scenario import load_scenario
from plastenv.therapy.protocol import GROUPS, LIBRARY, library, load

BROKEN = sorted((Path(__file__).parents[1] / "therapy" / "broken").glob("*.yaml"))
SHIPPED = {protocol.name: protocol for protocol in library()}


def protocols(*arguments: object):
    return CliRunner().invoke(app, ["protocols", *map(str, arguments)])


def test_the_list_names_every_schedule_under_its_group():
    printed = protocols("list")
    assert printed.exit_code == 0 and f"for Fear: {len(SHIPPED)}" in printed.stdout
    group, under = "", {}
    for line in printed.stdout.splitlines():
        words = line.split()
        if line.rstrip() in GROUPS:
            group = line.rstrip()
        elif words and words[0] in SHIPPED:
            under[words[0]] = group
    assert under == {name: protocol.group for name, protocol in SHIPPED.items()}
    assert list(dict.fromkeys(under.values())) == list(GROUPS)


def test_lists_as_json_hold_what_fits_into_the_scenario():
    everything = json.loads(protocols("list", "--json", "-").stdout)
    assert {row["name"]: row["burden"] for row in everything} == {p.name: p.burden for p in SHIPPED.values()}
    easy = {row["name"] for row in json.loads(protocols("list", "--scenario", "Fear-easy", "--json", "-").stdout)}
    assert easy == {protocol.name for protocol in library(14)}


@pytest.mark.parametrize("name", SHIPPED)
def test_entries_written_as_a_file_give_the_same(schedule, name):
    rows = [
        {"intervention": e.intervention, "target": e.target, "days": days_text(e.days), "dose": e.dose}
        | ({"hour": e.start / 3600} if e.seconds < DAY else {})
        | ({"duration": span(e.seconds)} if 0 < e.seconds < DAY else {})
        for e in entries(SHIPPED[name])
    ]  # fmt: skip
    again = load(schedule(yaml.safe_dump({"name": name, "entries": rows})))
    assert again.administrations == SHIPPED[name].administrations
    assert sum(e.burden for e in entries(again)) == pytest.approx(again.burden)


def lanes(lines: list[str]) -> dict[str, str]:
    return {line.split("▕")[0].strip(): line.split("▕")[1].rstrip("▏") for line in lines if "▕" in line}


def test_a_timeline_has_a_lane_per_target_and_a_column_per_day(schedule):
    path = schedule(
        "name: x\nentries:\n"
        "  - {intervention: rapid-opener, days: 2, dose: 0.75}\n"
        "  - {intervention: rapid-opener, days: 5, dose: 1.5}\n"
        "  - {intervention: excitatory-stimulation, target: broad, days: 3, dose: 1}\n"
        "  - {intervention: excitatory-stimulation, target: prefrontal, days: 4, dose: 2}\n"
        "  - {intervention: extinction-training, days: 1-2, repeats: 2, every: 3 h, duration: 30 min}\n"
    )
    ruler, *lines = timeline(load(path, 14), 14, 100)
    assert lanes(lines) == {
        "rapid-opener, systemic             2 × 0.75–1.5": "·▄··█·········",
        "excitatory-stimulation, broad        1 × 20 min": "··▄···········",
        "excitatory-stimulation, prefrontal   1 × 20 min": "···█··········",
        "extinction-training, all-cues        4 × 30 min": "██············",
    }
    assert ruler.index("1") == lines[0].index("▕") + 1 and ruler.index("8") == ruler.index("1") + 7


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("name", ["everything-at-maximum", "window-then-training", "untreated"])
def test_a_timeline_keeps_within_its_width_and_drops_nothing(name, width):
    lines = timeline(SHIPPED[name], 56, width)
    assert all(len(line) <= width for line in lines)
    given = {(a.intervention, a.target) for a in SHIPPED[name].administrations}
    assert {tuple(re.split(r", | {2,}| \d", label)[:2]) for label in lanes(lines)} == given
    assert all(cells.strip("·") for cells in lanes(lines).values())


def test_show_draws_a_schedule_and_says_why_and_whose_it_is():
    printed = protocols("show", "ressler-2004-coagonist")
    assert printed.exit_code == 0 and "D-cycloserine before two exposure sessions" in printed.stdout
    assert "source: Ressler KJ et al. 2004" in printed.stdout and "published" in printed.stdout
    assert "In the study fear" in printed.stdout and "▕█······█·" in printed.stdout
    assert "nothing is given" in protocols("show", "untreated").stdout
    assert "\x1b" not in printed.stdout


def test_show_takes_files_and_gives_everything_as_json(tmp_path):
    path, out = LIBRARY / "window-alone.yaml", tmp_path / "sub" / "shown.json"
    assert "▕" in protocols("show", path, "--json", out).stdout
    shown = json.loads(out.read_text("utf-8"))
    assert shown == json.loads(protocols("show", "window-alone", "--json", "-").stdout)
    assert [(a["day"], a["hour"], a["dose"]) for a in shown["administrations"]] == [
        (7, 9.0, 1.0), (10, 9.0, 1.0), (13, 9.0, 1.0), (16, 9.0, 1.0),
    ]  # fmt: skip


def test_check_accepts_the_library_a_line_for_each_file():
    files = sorted(LIBRARY.glob("*.yaml"))
    checked = protocols("check", *files)
    assert checked.exit_code == 0, checked.stdout
    lines = checked.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"✔ {path}" for path in files]
    assert protocols("check", "--quiet", *files).stdout == ""


def test_check_refuses_every_broken_file_and_names_its_line():
    assert len(BROKEN) >= 30
    good = LIBRARY / "untreated.yaml"
    checked = protocols("check", *BROKEN, good)
    assert checked.exit_code == 2 and checked.stderr == ""
    *refused, accepted = checked.stdout.splitlines()
    assert accepted.startswith(f"✔ {good}: untreated, 0 administrations")
    for path, line in zip(BROKEN, refused, strict=True):
        assert re.match(rf"✘ {re.escape(str(path))}, line \d+: ", line), line
    found = json.loads(protocols("check", "--json", "-", good, *BROKEN).stdout)
    assert [each["accepted"] for each in found] == [True] + [False] * len(BROKEN)


def test_check_holds_a_schedule_against_the_scenario():
    path = LIBRARY / "window-then-training.yaml"
    assert protocols("check", path, "--scenario", "Fear").exit_code == 0
    refused = protocols("check", path, "--scenario", "Fear-easy")
    assert refused.exit_code == 2 and "beyond the 14 days" in refused.stdout


@pytest.mark.parametrize(
    ("file", "name"), [("mine.yaml", "mine"), ("My Ides of 2024.yml", "my-ides-of-2024"), ("2024.yaml", "2024"),
                       ("on.yaml", "on"), ("__.yaml", "my-schedule")]
)  # fmt: skip
def test_new_writes_a_file_that_check_accepts(tmp_path, monkeypatch, file, name):
    monkeypatch.chdir(tmp_path)
    assert protocols("new", file).exit_code == 0
    for scenario in ("Fear", "Fear-easy"):
        assert protocols("check", file, "--scenario", scenario).stdout.startswith(f"✔ {file}: {name}, 15 ")
    assert all(len(line) <= 120 for line in (tmp_path / file).read_text("utf-8").splitlines())


def test_new_gives_what_the_readme_s_example_gives(tmp_path):
    protocols("new", tmp_path / "deep" / "mine.yaml")
    example = load(Path(__file__).parents[2] / "configs" / "protocols" / "example.yaml")
    assert load(tmp_path / "deep" / "mine.yaml").administrations == example.administrations


def test_new_is_no_reason_to_lose_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("precious", "utf-8")
    refused = protocols("new", "mine.yaml")
    assert refused.exit_code == 2 and "--force" in refused.stderr and Path("mine.yaml").read_text() == "precious"
    assert protocols("new", "mine.yaml", "--force").exit_code == 0 and load("mine.yaml").name == "mine"
    for name, problem in (("mine", "ends in .yaml"), ("mine.yaml/a.yaml", "is not a folder")):
        refused = protocols("new", name)
        assert refused.exit_code == 2 and problem in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


def test_a_new_schedule_runs_beside_those_of_the_library(tmp_path):
    path = tmp_path / "mine.yaml"
    protocols("new", path)
    task = load_scenario("Fear-easy")
    found = schedules([path, "training-massed"], task)
    assert [schedule.name for schedule in found] == ["untreated", "mine", "training-massed"]
    assert run(task, found[1], "train", [0], 0).burden.tolist() == [9.0]
    everything = [schedule.name for schedule in schedules([path, "library"], task)]
    assert sorted(everything) == sorted(["mine", *(schedule.name for schedule in schedules([], task))])
    with pytest.raises(ValueError, match="two schedules are called 'untreated'"):
        schedules(["library", "untreated"], task)
