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
from plastenv.therapy.protocol import LIBRARY, ProtocolError, library, load

GOOD = """
name: good
title: A title
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


def entry(text: str) -> str:
    return f"name: x\nentries:\n  - intervention: rapid-opener\n    days: 1\n{text}"


BROKEN = {
    "unknown key": (entry("    does: 1\n"), "line 5: does", "did you mean 'dose'"),
    "unknown top key": ("name: x\nentry: []\n", "line 2: entry", "did you mean 'entries'"),
    "unknown intervention": (entry("").replace("rapid", "rapit"), "line 3: intervention", "mean 'rapid-opener'"),
    "unknown target": (entry("    target: knee\n"), "line 5: target", "systemic"),
    "wrong unit": (entry("    dose: 10 mg\n"), "line 5: dose = '10 mg'", "no mg"),
    "negative dose": (entry("    dose: -1\n"), "line 5: dose = '-1'", "0 or more"),
    "dose not a number": (entry("    dose: .nan\n"), "line 5: dose = 'nan'", "finite"),
    "infinite dose": (entry("    dose: .inf\n"), "line 5: dose = 'inf'", "finite"),
    "dose zero": (entry("    dose: 0\n"), "line 3", "outside 0 to 1.5"),
    "dose true": (entry("    dose: true\n"), "line 5: dose", "finite"),
    "dose above limit": (entry("    dose: 9\n"), "line 3", "outside 0 to 1.5"),
    "day zero": (entry("").replace("days: 1", "days: 0"), "line 4: days", "from 1"),
    "day backwards": (entry("").replace("days: 1", "days: 9-3"), "line 4: days", "not a range"),
    "day words": (entry("").replace("days: 1", "days: monday"), "line 4: days", "expected days"),
    "day beyond the horizon": (entry("").replace("days: 1", "days: 57"), "line 3", "outside the 56 days"),
    "days missing": (entry("").replace("    days: 1\n", ""), "line 3: days", "missing"),
    "hour too late": (entry("    hour: 24\n"), "line 5: hour", "0 to 24"),
    "hour as text": (entry("    hour: noon\n"), "line 5: hour", "0 to 24"),
    "too close": (entry("").replace("days: 1", "days: 1, 2"), "line 3", "at least 48 h"),
    "overlap": (
        "name: x\nentries:\n" + 2 * "  - intervention: extinction-training\n    days: 1\n", "line 5", "overlaps",
    ),
    "duration without unit": (entry("    duration: 60\n"), "line 5: duration", "with a unit"),
    "duration of a drug": (entry("    duration: 60 min\n"), "line 5: duration", "at once"),
    "contraindicated": (entry("  - intervention: anxiolytic\n    days: 1\n"), "line", "contraindicated within 24 h"),
    "repeats": (entry("    repeats: 0\n"), "line 5: repeats", "whole number"),
    "empty": ("", "is empty", "expected"),
    "blank": ("  \n\n", "is empty", "expected"),
    "not a mapping": ("- 1\n", "line 1", "expected the keys"),
    "no entries": ("name: x\n", "entries", "expected a list"),
    "entry is a word": ("name: x\nentries: [hello]\n", "entries", "expected entries with the keys"),
    "bad name": ("name: My Schedule\nentries: []\n", "line 1: name", "small letters"),
    "key twice": ("name: x\nname: y\nentries: []\n", "line 2", "given twice"),
    "not yaml": ("name: [x\n", "line", "is not YAML"),
    "tag that runs code": ("name: !!python/object/apply:os.system [ls]\n", "line 1", "tag"),
    "alias bomb": ("name: x\na: &a [1,1]\nb: &b [*a,*a]\nentries: [*b,*b]\n", "line 2", "aliases"),
}  # fmt: skip


def test_a_good_file_reads_as_it_is_written(schedule):
    protocol = load(schedule(GOOD))
    assert (protocol.name, protocol.title, protocol.source) == ("good", "A title", "somewhere")
    training = [a for a in protocol.administrations if a.intervention == "extinction-training"]
    assert [a.time for a in training[:2]] == [DAY + 10 * HOUR + 1800, DAY + 13 * HOUR + 1800]
    assert len(training) == 6 and training[0].seconds == 1800
    assert [a.dose for a in protocol.administrations if a.intervention == "rapid-opener"] == [0.5, 0.5]


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_with_its_place_and_what_was_expected(schedule, case):
    text, *expected = BROKEN[case]
    path = schedule(text)
    with pytest.raises(ProtocolError) as error:
        load(path)
    message = str(error.value)
    assert str(path) in message and "\n" not in message
    for part in expected:
        assert part in message, message


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
    names = {p.name for p in protocols}
    assert {path.stem for path in LIBRARY.glob("*.yaml")} == names and len(names) >= 12
    assert sum("hand-designed" not in p.source for p in protocols) >= 2
    assert all(p.title and p.rationale for p in protocols)


def test_schedules_that_share_a_word_share_what_they_give():
    given = {p.name: p.administrations for p in library()}

    def amounts(name, intervention):
        return [(a.dose, a.target) for a in given[name] if a.intervention == intervention]

    windows = ["window-alone", "window-then-training", "training-then-window", "window-long-before-training"]
    assert len({str(amounts(name, "rapid-opener")) for name in [*windows, "window-then-massed-training"]}) == 1
    hours = {
        name: sum(a.seconds for a in given[name] if a.intervention == "extinction-training")
        for name in [*windows[1:], "training-spaced", "training-massed", "window-then-massed-training",
                     "stimulation-with-training", "reactivation-then-extinction"]
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
    assert "8 h that a clinic has in a day" in (refusal(more, 0, kept, 56 * DAY) or "")
    assert refusal(replace(more, time=more.time + DAY), 0, kept, 56 * DAY) is None


FIELDS = ("name", "title", "source", "entries", "intervention", "days", "hour", "dose", "repeats", "every", "duration")
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
