import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plastenv.model.calendar import table
from plastenv.model.types import DAY, HOUR
from plastenv.therapy.interventions import BY_NAME, CATALOGUE, Administration, events, timetable
from plastenv.therapy.limits import enter, entries, record, refusal
from plastenv.therapy.protocol import GROUPS, LIBRARY, ProtocolError, find, library, load

GOOD = """
name: good
title: A title
group: order
source: somewhere
entries:
  - intervention: rapid-opener
    days: 1, 4
    hour: 9
    dose: 0.5
  - intervention: extinction-training
    days: 2-6 every 2
    hour: "10:30"
    repeats: 2
    every: 3 h
    duration: 30 min
"""


BROKEN = sorted((Path(__file__).parent / "broken").glob("*.yaml"))
MARK = re.compile(r"# refused, line (?P<line>\d+): (?P<says>.+)")


def test_a_good_file_reads_as_it_is_written(schedule):
    protocol = load(schedule(GOOD))
    assert (protocol.name, protocol.title, protocol.source) == ("good", "A title", "somewhere")
    assert protocol.group == "order" and load(schedule("name: x\nentries: []\n")).group == ""
    training = [a for a in protocol.administrations if a.intervention == "extinction-training"]
    assert [a.time for a in training[:2]] == [DAY + 10 * HOUR + 1800, DAY + 13 * HOUR + 1800]
    assert len(training) == 6 and training[0].seconds == 1800
    assert [a.dose for a in protocol.administrations if a.intervention == "rapid-opener"] == [0.5, 0.5]


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_is_refused_with_its_place_and_what_was_expected(path):
    marked = MARK.fullmatch(path.read_text("utf-8").splitlines()[0])
    assert marked
    with pytest.raises(ProtocolError) as error:
        load(path)
    message = str(error.value)
    assert message.startswith(f"{path}, line {marked['line']}: ") and "\n" not in message
    assert marked["says"] in message, message


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("7", [7]),
        ("1, 4-6", [1, 4, 5, 6]),
        ("1-9 every 4", [1, 5, 9]),
        ("2-6 except 3, 5", [2, 4, 6]),
        ("[1-5 except 3, 20, 21]", [1, 2, 4, 5, 20, 21]),  # each part of a list for itself
        ("[1-3, 2-4 except 4]", [1, 2, 3]),
    ],
)
def test_days_are_read_as_they_are_written(schedule, written, meant):
    file = f"name: x\nentries:\n  - intervention: benign-environment\n    days: {written}\n"
    assert [given.time // DAY + 1 for given in load(schedule(file)).administrations] == meant


def test_every_entry_that_cannot_be_used_is_named_at_once(schedule):
    path = schedule(GOOD.replace("rapid-opener", "rapid-openr").replace("2-6 every 2", "nonsense"))
    with pytest.raises(ProtocolError) as error:
        load(path)
    assert [line.split(": ")[:2] for line in str(error.value).splitlines()] == [
        [f"{path}, line 7", "intervention = 'rapid-openr'"],
        [f"{path}, line 12", "days = 'nonsense'"],
    ]


@pytest.mark.parametrize("content", ["", "  \n\n"])
def test_a_file_without_content_is_refused_with_what_it_may_hold(schedule, content):
    with pytest.raises(ProtocolError, match="is empty, expected the keys name, title"):
        load(schedule(content))


@pytest.mark.parametrize("content", [bytes(range(256)), b"name: x\n" + b"#" * 10_000_000, b"\x00" * 100, b"[" * 3000])
def test_binary_huge_and_deep_files_are_refused(schedule, content):
    with pytest.raises(ProtocolError):
        load(schedule(content))


def test_a_directory_and_a_missing_file_are_refused(tmp_path: Path):
    with pytest.raises(ProtocolError, match="is a directory"):
        load(tmp_path)
    with pytest.raises(ProtocolError, match="No such file"):
        load(tmp_path / "nowhere.yaml")


def test_the_library_is_valid_and_says_where_it_comes_from():
    protocols = library()
    assert {path.stem for path in LIBRARY.glob("*.yaml")} == {p.name for p in protocols} and len(protocols) >= 24
    for protocol in protocols:
        assert protocol.title and len(re.findall(r"\.(?: |$)", protocol.rationale)) == 2, protocol.name
        assert (protocol.source != "hand-designed") == (protocol.group == "published")
    assert {p.group for p in protocols} == set(GROUPS)
    assert min(sum(p.group == group for p in protocols) for group in GROUPS) >= 3


def test_a_schedule_is_found_by_name_or_as_a_file(schedule):
    assert find("window-alone") == load(LIBRARY / "window-alone.yaml")
    assert find(str(schedule(GOOD))).name == "good"
    with pytest.raises(ValueError, match="did you mean 'untreated'"):
        find("untraeted")
    with pytest.raises(
        ValueError, match="does not fit into the 14 days of treatment; expected a file or one of: .*graff"
    ):
        find("window-alone", 14)
    with pytest.raises(ProtocolError, match=r"nowhere\.yaml: No such file"):
        find("nowhere.yaml")


def test_schedules_that_share_a_word_share_what_they_give():
    given = {p.name: p.administrations for p in library()}

    def amounts(name, intervention):
        return [(a.dose, a.target) for a in given[name] if a.intervention == intervention]

    windows = ["window-alone", "window-then-training", "training-then-window", "window-long-before-training",
               "window-with-same-day-training", "window-weekly-with-training"]  # fmt: skip
    assert len({str(amounts(name, "rapid-opener")) for name in [*windows, "window-then-massed-training"]}) == 1
    hours = {
        name: sum(a.seconds for a in given[name] if a.intervention == "extinction-training")
        for name in [*windows[1:], "training-spaced", "training-massed", "window-then-massed-training",
                     "net-enzyme-then-training", "stimulation-with-training", "reactivation-then-extinction"]
    }  # fmt: skip
    assert len(set(hours.values())) == 1


def refused(given, before):
    kept = record(1, len(before))
    for administration in before:
        enter(administration, 0, kept)
    assert entries(kept, 0) == before
    return refusal(given, 0, kept, 56 * DAY)


@pytest.mark.parametrize("what", CATALOGUE, ids=lambda what: what.name)
def test_every_intervention_becomes_events_at_its_time(what):
    given = Administration(3 * DAY + 9 * HOUR, what.minutes * 60, what.name, what.targets[0], 1.0)
    assert refused(given, []) is None
    calendar = events(given, (0, 1, 2, 3), 7)
    assert calendar and all(event.time >= given.time for event in calendar)
    assert all(event.time < given.time + max(1, given.seconds) for event in calendar)
    assert (calendar[0].compound >= 0) == (what.kind == "drug")
    assert np.array_equal(timetable(given, (0, 1, 2, 3), 7), table(calendar))


def test_contraindications_and_course_limits_hold_whoever_comes_first():
    def give(name, day, dose=1.0):
        return Administration(day * DAY + 9 * HOUR, BY_NAME[name].minutes * 60, name, BY_NAME[name].targets[0], dose)

    benign, adverse = give("benign-environment", 3), give("adverse-environment", 3)
    assert "contraindicated" in str(refused(adverse, [benign]))
    assert "contraindicated" in str(refused(benign, [adverse]))
    blocker = [give("synthesis-blocker", 3 * k) for k in range(12)]
    assert "course" in str(refused(give("synthesis-blocker", 50), blocker))


def test_the_readme_s_schedule_is_the_example_and_is_valid(schedule):
    root = Path(__file__).parents[2]
    block = (root / "README.md").read_text("utf-8").split("```yaml\n")[1].split("```")[0]
    example = load(root / "configs" / "protocols" / "example.yaml")
    assert load(schedule(block)).administrations == example.administrations


def test_a_clinic_has_eight_hours_a_day():
    kept = record(1)
    target = BY_NAME["extinction-training"].targets[0]
    training = Administration(DAY + 8 * HOUR, 4 * HOUR, "extinction-training", target, 1.0)
    enter(training, 0, kept)
    what = BY_NAME["excitatory-stimulation"]
    for hour, target in ((13, what.targets[0]), (15, what.targets[-1])):
        enter(Administration(DAY + hour * HOUR, 2 * HOUR, what.name, target, 1.0), 0, kept)
    more = Administration(DAY + 18 * HOUR, 60, what.name, what.targets[0], 1.0)
    assert "8 h that a clinic has in a day" in str(refusal(more, 0, kept, 56 * DAY))
    assert refusal(replace(more, time=more.time + DAY), 0, kept, 56 * DAY) is None


FIELDS = (
    "name",
    "title",
    "group",
    "source",
    "entries",
    "intervention",
    "days",
    "hour",
    "dose",
    "repeats",
    "every",
    "duration",
)
ODD = st.one_of(
    st.sampled_from([np.nan, np.inf, -np.inf, -1, 0, 10**30, True, None, "", "x", "1 mg", [], [None], {}, {"a": 1}]),
    st.floats(),
    st.integers(),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12),
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(field=st.sampled_from(FIELDS), value=ODD)
def test_any_value_of_a_schedule_is_sound_or_named_with_its_line(tmp_path, field, value):
    content = yaml.safe_load(GOOD)
    (content if field in content else content["entries"][1])[field] = value
    path = tmp_path / "fuzzed.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), "utf-8")
    try:
        protocol = load(path)
    except ProtocolError as error:
        assert str(error).startswith(f"{path}, line ")
        return
    for administration in protocol.administrations:
        assert 0.0 < administration.dose < np.inf and 0 <= administration.time < 56 * DAY
        assert administration.intervention in BY_NAME
