import json
import pickle
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plastenv.lab.experiment import (
    SPLIT,
    ExperimentError,
    battery,
    load,
    load_folder,
    schema,
    sealed,
)
from plastenv.lab.steps import PREPARATIONS, STEPS, check_step
from plastenv.lab.units import UNITS, MisfitError, seconds

GOOD = """\
id: study
title: A title
citation: 'Somebody (2000) A title. A journal 1:1'
group: synaptic
rows: [4, 5]
system: rat slice
confidence: high
published: Something was found.
values: {size: 1.5, unknown: null}
seeds: 4
preparation: {kind: slice, pathways: [S1, S2], rearing: [[dark, 35 d], [light, 2 d]]}
arms:
  control:
    note: nothing is done
  treated:
    preparation: {age: juvenile, clamps: {bdnf-loss: 0.5}}
    schedule:
      - {at: -1 h, do: bath, action: synthesis-block, until: 30 min}
      - {at: 0 min, do: tetanus, pathway: S2, trains: 3, interval: 5 min, strength: weak}
      - {at: 10 min, do: pair, lag: -10 ms, with: S2, mark: pairing}
      - {at: 1 h, do: dose, compound: none, every: 1 d, until: 3 d}
readouts:
  early: {measure: epsp, of: S1, at: 60 min}
  late: {measure: epsp, of: S2, after: pairing, at: 3.5 h}
checks:
  - {name: grows, quantity: treated@early - control@early, at_least: 0.2}
  - {name: stays, quantity: 2 * treated@late - 1, of: treated@early - control@early, within: 0.3, interval: 1.5}
"""
MAP = (
    GOOD.replace("{kind: slice, pathways: [S1, S2], rearing: [[dark, 35 d], [light, 2 d]]}", "{kind: map}")
    .replace("    preparation: {age: juvenile, clamps: {bdnf-loss: 0.5}}\n", "")
    .replace("tetanus, pathway: S2, trains: 3, interval: 5 min, strength: weak", "teach, until: 7 d")
    .replace("pair, lag: -10 ms, with: S2", "lesion, share: 0.25")
    .replace("epsp, of: S1", "skill")
    .replace("epsp, of: S2", "spread")
)
ANIMAL = (
    MAP.replace("kind: map", "kind: animal")
    .replace("teach, until: 7 d", "teach, trials: 3")
    .replace("lesion, share: 0.25", "retrieve, cue: all")
    .replace("measure: skill", "measure: fear, of: cue-1")
    .replace("measure: spread", "measure: recovery")
)
BROKEN = {  # what is replaced in the good file, by what, and what the message says
    "unknown key": ("title:", "titel:", "line 2: titel", "did you mean 'title'?"),
    "missing key": ("citation: 'Somebody (2000) A title. A journal 1:1'\n", "", "line 1: citation: is missing"),
    "key twice": ("title: A", "id: other\ntitle: A", "line 2: key 'id' is given twice"),
    "key twice in an arm": ("  treated:", "  control:", "line 15: key 'control' is given twice"),
    "key that is no word": ("  treated:", "  no:", "line 15: key False is not a word"),
    "a tab": ("  control:", "\tcontrol:", "line 13", "a tab, expected spaces"),
    "an alias": ("rows: [4, 5]", "rows: &a [4, 5]", "line 5", "aliases (& and *) are not allowed"),
    "not YAML": ("rows: [4, 5]", "rows: [4, 5", "is not YAML"),
    "name of the file": ("id: study", "id: other", "line 1: id = 'other'", "expected the name of the file, 'study'"),
    "id with capitals": ("id: study", "id: Study", "line 1: id = 'Study'", "expected small letters"),
    "empty title": ("title: A title", "title: ''", "line 2: title = ''", "expected text"),
    "number as title": ("title: A title", "title: 7", "line 2: title = '7'", "expected text"),
    "row of no table": ("rows: [4, 5]", "rows: [4, 19]", "line 5: rows.1 = '19'", "less than or equal to 18"),
    "rows as one": ("rows: [4, 5]", "rows: 4", "line 5: rows = '4'", "expected a list"),
    "confidence": ("confidence: high", "confidence: hihg", "line 7: confidence = 'hihg'", "did you mean 'high'?"),
    "NaN": ("size: 1.5", "size: .nan", "line 9: values.size = 'nan'", "expected a finite number"),
    "infinity": ("at_least: 0.2", "at_least: .inf", "checks.0.at_least = 'inf'", "expected a finite number"),
    "seeds as truth": ("seeds: 4", "seeds: true", "line 10: seeds = 'True'", "expected a valid integer"),
    "no seeds": ("seeds: 4", "seeds: 0", "line 10: seeds = '0'", "expected greater than or equal to 1"),
    "no kind": ("kind: slice, ", "", "line 11: preparation.kind", "expected one of: slice, network, eyes, map"),
    "unknown kind": ("kind: slice", "kind: slcie", "line 11: preparation.kind = 'slcie'", "did you mean 'slice'?"),
    "option of another kind": ("{kind: slice, ", "{kind: slice, split: train, ", "line 11: preparation.split",
                               "unknown key"),
    "preparation as a word": ("{kind: slice, pathways: [S1, S2], rearing: [[dark, 35 d], [light, 2 d]]}", "slice",
                              "line 11: preparation = 'slice'", "expected keys and values"),
    "no pathways": ("pathways: [S1, S2]", "pathways: []", "line 11: preparation.pathways", "at least 1 item"),
    "rearing": ("[dark, 35 d]", "[dusk, 35 d]", "preparation.rearing.0.0 = 'dusk'", "did you mean 'dark'"),
    "arm with a hyphen": ("  treated:", "  was-treated:", "line 15: arms.was-treated", "digits and underscores"),
    "arm like a number": ("  treated:", "  '7':", "line 15: arms.7", "does not read as a number"),
    "arm as a word": ("    note: nothing is done", "    nothing", "arms.control = 'nothing'", "keys and values"),
    "unknown key of an arm": ("note:", "notes:", "line 14: arms.control.notes", "did you mean 'note'?"),
    "kind in an arm": ("{age: juvenile,", "{kind: map,", "line 16: arms.treated.preparation.kind", "cannot change"),
    "arm's preparation": ("age: juvenile", "age: old", "line 16: arms.treated.preparation.age = 'old'", "adult"),
    "arm's key": ("age: juvenile", "aeg: adult", "line 16: arms.treated.preparation.aeg", "did you mean 'age'?"),
    "unknown clamp": ("bdnf-loss: 0.5", "bdnf-los: 0.5", "arms.treated.preparation.clamps.bdnf-los", "'bdnf-loss'?"),
    "clamp above 1": ("bdnf-loss: 0.5", "bdnf-loss: 5", "clamps.bdnf-loss = '5'", "less than or equal to 1"),
    "unknown step": ("do: tetanus", "do: tetanos", "line 19: arms.treated.schedule.1.do = 'tetanos'", "'tetanus'?"),
    "step without do": ("do: tetanus, ", "", "line 19: arms.treated.schedule.1.do", "is missing", "tetanus, theta"),
    "step as a word": ("{at: 0 min, do: tetanus, pathway: S2, trains: 3, interval: 5 min, strength: weak}", "tetanus",
                       "line 17: arms.treated.schedule.1 = 'tetanus'", "expected keys and values"),
    "step of another kind": ("do: tetanus, pathway: S2, trains: 3, interval: 5 min, strength: weak", "do: lesion",
                             "schedule.1.do = 'lesion'", "does not suit a preparation 'slice'", "tetanus"),
    "cortex only": ("tetanus, pathway: S2, trains: 3, interval: 5 min, strength: weak", "itbs",
                    "schedule.1.do = 'itbs'", "expected tissue: cortex, not hippocampus"),
    "unknown option": ("trains: 3", "train: 3", "line 19: arms.treated.schedule.1.train", "did you mean 'trains'?"),
    "fields as numbers": ("trains: 3", "trains: true", "schedule.1.trains = 'True'", "expected a valid integer"),
    "half a train": ("trains: 3", "trains: 1.5", "schedule.1.trains = '1.5'", "expected a valid integer"),
    "unknown action": ("action: synthesis-block", "action: synthesis", "schedule.0.action", "'synthesis-block'?"),
    "unknown compound": ("compound: none", "compound: rapid-opner", "schedule.3.compound", "mean 'rapid-opener'?"),
    "unknown pathway": ("pathway: S2", "pathway: S3", "schedule.1.pathway = 'S3'", "unknown pathway 'S3'"),
    "pairs with itself": ("with: S2", "with: S1", "schedule.2.with = 'S1'", "expected another pathway"),
    "volleys and a release": ("with: S2", "with: S2, release: 1 s", "schedule.2.release = '1 s'", "`uncaged: true`"),
    "late release": ("with: S2", "uncaged: true, release: 1 min", "schedule.2.release = '1 min'", "within 10 s"),
    "long uncaging": ("with: S2", "uncaged: true, count: 600", "schedule.2.count = '600'", "at most 5 s"),
    "long lag": ("lag: -10 ms", "lag: -10 s", "schedule.2.lag = '-10 s'", "at most 1 s"),
    "time without unit": ("at: 0 min", "at: 0", "line 19: arms.treated.schedule.1.at = '0'", "with a unit (ms, s,"),
    "time as a clock": ("at: 0 min", "at: 10:30", "schedule.1.at = '630'", "with a unit"),
    "unknown unit": ("at: 0 min", "at: 0 hours", "schedule.1.at = '0 hours'", "such as '20 min'"),
    "negative interval": ("interval: 5 min", "interval: -5 min", "schedule.1.interval", "expected a duration above 0"),
    "no interval": ("every: 1 d", "every: 0 d", "schedule.3.every = '0 d'", "expected a duration above 0"),
    "until before at": ("until: 30 min", "until: -2 h", "schedule.0.until = '-2 h'", "expected a time after `at`"),
    "every without until": ("every: 1 d, until: 3 d", "every: 1 d", "schedule.3.until", "is missing"),
    "until without every": ("every: 1 d, until: 3 d", "until: 3 d", "schedule.3.until = '3 d'", "expected `every`"),
    "mark twice": ("strength: weak", "mark: pairing", "schedule.1.mark = 'pairing'", "cannot give a mark twice"),
    "unknown measure": ("{measure: epsp, of: S1", "{measure: espp, of: S1", "readouts.early.measure", "'epsp'?"),
    "measure of another kind": ("measure: epsp, of: S1", "measure: skill", "line 23: readouts.early.measure = 'skill'",
                                "does not suit a preparation 'slice'; expected one of: epsp, spikes"),
    "measure of nothing": ("epsp, of: S1", "epsp", "line 23: readouts.early.of", "expected one of: S1, S2"),
    "measure of no pathway": ("epsp, of: S1", "epsp, of: S9", "readouts.early.of = 'S9'", "did you mean 'S"),
    "unknown mark": ("after: pairing", "after: pairng", "readouts.late.after = 'pairng'", "did you mean 'pairing'?"),
    "read-out without time": ("of: S1, at: 60 min", "of: S1", "line 23: readouts.early.at", "is missing"),
    "arm without the mark": ("2 * treated@late", "2 * control@late", "checks.1.quantity", "which 'control' lacks"),
    "unknown arm": ("treated@early - c", "treted@early - c", "line 26: checks.0.quantity", "did you mean 'treated'?"),
    "unknown arm in of": ("of: treated@early", "of: treted@early", "line 27: checks.1.of", "did you mean 'treated'?"),
    "unknown read-out": ("2 * treated@late", "2 * treated@lat", "checks.1.quantity", "did you mean 'late'?"),
    "arm alone": ("2 * treated@late", "2 * treated", "checks.1.quantity", "expected treated@readout"),
    "no spaces": ("@early - control", "@early -control", "checks.0.quantity", "joined by ' + ' and ' - '"),
    "no arm": ("2 * treated@late - 1", "1 - 0.5", "checks.1.quantity = '1 - 0.5'", "at least one arm@readout"),
    "no bound": (", at_least: 0.2", "", "line 26: checks.0", "exactly one of at_least, within, between, not 0"),
    "two bounds": ("at_least: 0.2", "at_least: 0.2, within: 1", "line 26: checks.0.within = '1'", "not 2"),
    "bound as truth": ("at_least: 0.2", "at_least: true", "checks.0.at_least = 'True'", "expected a valid number"),
    "bound as text": ("at_least: 0.2", "at_least: 1e-1", "checks.0.at_least = '1e-1'", "expected a valid number"),
    "bounds upside down": ("at_least: 0.2", "between: [2, 1]", "checks.0.between", "the lower first"),
    "between a number": ("at_least: 0.2", "between: 2", "checks.0.between = '2'", "expected a list"),
    "negative within": ("within: 0.3", "within: -0.3", "checks.1.within = '-0.3'", "greater than or equal to 0"),
    "interval alone": ("within: 0.3", "at_least: 0.3", "checks.1.interval = '1.5'", "goes with within only"),
    "significant within": ("interval: 1.5", "significant: false", "checks.1.significant", "goes with at_least only"),
    "required as text": ("interval: 1.5", "required: maybe", "checks.1.required = 'maybe'", "expected true or false"),
    "check twice": ("name: stays", "name: grows", "line 27: checks.1.name = 'grows'", "a name of its own"),
}  # fmt: skip


@pytest.fixture
def study(tmp_path: Path):
    """Write an experiment file and return its path."""

    def write(text: str | bytes, name: str = "study.yaml") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def swapped(old: str, new: str, text: str = GOOD) -> str:
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)


def refused(path: Path) -> str:
    with pytest.raises(ExperimentError) as error:
        load(path)
    message = str(error.value)
    assert message.startswith(f"{path}: ") and "\n" not in message, message
    return message


def test_a_good_file_reads_as_it_is_written(study):
    experiment = load(study(GOOD))
    assert (experiment.id, experiment.cluster, experiment.seeds, experiment.rows) == ("study", "synaptic", 4, (4, 5))
    bath, tetanus, pair, dose = experiment.arms["treated"].schedule
    assert (bath.do, bath.at, bath.until, bath.level) == ("bath", -3600.0, 1800.0, 1.0)
    assert (tetanus.rate, tetanus.trains, tetanus.interval) == (100.0, 3, 300.0)
    assert (pair.lag, pair.partner, pair.mark) == (-0.010, "S2", "pairing")
    assert (dose.compound, dose.every, dose.until) == ("none", 86400.0, 259200.0)
    assert experiment.readouts["late"].at == 12600.0 and experiment.marks("treated") == {"pairing": 2}
    assert experiment.checks[1].required and experiment.checks[1].interval == 1.5


def test_an_arm_changes_single_keys_of_the_preparation(study):
    experiment = load(study(GOOD))
    control, treated = experiment.prepared("control"), experiment.prepared("treated")
    assert control == experiment.preparation and control.age == "adult" and control.clamps == {}
    assert treated.age == "juvenile" and treated.clamps == {"bdnf-loss": 0.5}
    assert treated.pathways == ("S1", "S2") and treated.rearing == (("dark", 3024000.0), ("light", 172800.0))


def test_a_map_is_taught_an_hour_a_day_and_an_animal_ten_minutes_once(study):
    practice = load(study(MAP)).arms["treated"].schedule[1]
    assert (practice.minutes, practice.every, practice.until) == (60.0, 86400.0, 604800.0)
    lesson = load(study(ANIMAL)).arms["treated"].schedule[1]
    assert (lesson.cue, lesson.trials, lesson.minutes, lesson.every) == (7, 3, 10.0, None)
    short = load(study(swapped("teach, until", "teach, minutes: 5, every: 2 d, until", MAP))).arms["treated"]
    assert (short.schedule[1].minutes, short.schedule[1].every) == (5.0, 172800.0)


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_with_its_place_and_what_was_expected(study, case):
    old, new, *expected = BROKEN[case]
    message = refused(study(swapped(old, new)))
    for part in expected:
        assert part in message, message


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        (MAP, "teach, until: 7 d", "teach, cue: 7, until: 7 d", "schedule.1.cue = '7': is no option of teaching"),
        (MAP, "teach, until: 7 d", "teach", "schedule.1.until: is missing"),
        (ANIMAL, "teach, trials: 3", "teach, enriched: false", "schedule.1.enriched = 'False': is no option"),
        (ANIMAL, "teach, trials: 3", "teach, release: extra", "schedule.1.release = 'extra': expected one of: none,"),
        (ANIMAL, "cue: all", "cue: 8", "schedule.2.cue = '8': expected a cue from 1 to 7, or all"),
        (ANIMAL, "cue: all", "cue: true", "schedule.2.cue = 'True': expected a cue"),
        (ANIMAL, "of: cue-1", "of: cue-9", "readouts.early.of = 'cue-9': did you mean 'cue-"),
        (ANIMAL, "fear, of: cue-1", "fear", "readouts.early.of: 'fear' is measured of one of them; expected"),
        (ANIMAL, "recovery,", "recovery, of: cue-1,", "readouts.late.of = 'cue-1': 'recovery' is of the whole"),
    ],
)
def test_what_suits_one_preparation_is_refused_in_another(study, text, old, new, expected):
    assert load(study(text))
    assert expected in refused(study(swapped(old, new, text)))


@pytest.mark.parametrize("name", STEPS)
def test_a_step_suits_the_preparations_that_it_says_and_no_other(name):
    options = {"compound": "none", "action": "trkb", "polarity": "anodal", "quality": "benign", "target": "broad",
               "what": "new", "until": "9 d"}  # fmt: skip
    step_class = STEPS[name]
    fields = {key: value for key, value in options.items() if key in step_class.model_fields}
    if "every" in step_class.model_fields:
        fields["every"] = "1 d"
    step = step_class.model_validate({"at": "0 s", "do": name, **fields})
    for kind, preparation_class in PREPARATIONS.items():
        tissue = {"tissue": "cortex"} if kind == "slice" else {}
        preparation = preparation_class.model_validate({"kind": kind, **tissue})
        if kind in step.kinds:
            check_step(step, preparation)
        else:
            with pytest.raises(MisfitError, match="does not suit"):
                check_step(step, preparation)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty, expected the keys id, title"),
        (b" \n\n", "is empty"),
        (b"- 1\n", "line 1: expected the keys id, title"),
        (b"just text\n", "line 1: expected the keys"),
        (b"id: caf\xe9\n", "is not text (UTF-8), expected an experiment file"),
        (b"\x00" * 100, "is not YAML"),
        (b"[" * 100_000, "line 1: more than 50 lists and mappings inside each other"),
        (b"id: 2000-02-31\n", "is not YAML: day is out of range"),
        (GOOD.encode() + b"#" * 300_000, "bytes; an experiment file has at most"),
        (b"id: !!python/object/apply:os.system [ls]\n", "line 1: tag"),
        (b"id: study\n---\nid: study\n", "line 2: a second document, begun by '---', expected one"),
    ],
)
def test_files_that_are_no_experiments_at_all_are_refused(study, content, expected):
    assert expected in refused(study(content))


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path):
    assert "No such file" in refused(tmp_path / "nowhere.yaml")
    assert "is a directory" in refused(tmp_path)


def test_a_study_without_required_checks_says_what_it_does_not_cover(study):
    checks = GOOD.index("checks:")
    assert "checks: expected at least one that is required" in refused(study(GOOD[:checks]))
    experiment = load(study(GOOD[:checks] + "not_covered: ['All of it: there is no olfactory bulb.']\n"))
    assert experiment.checks == () and len(experiment.not_covered) == 1


def test_the_unknown_key_is_named_rather_than_the_one_that_is_missing_for_it(study):
    text = swapped("system:", "sistem:", swapped("seeds: 4", "seeds: no"))
    assert "line 6: sistem = 'rat slice': unknown key; did you mean 'system'?" in refused(study(text))


def test_a_folder_is_read_in_order_of_id_with_its_sub_folders(study, tmp_path: Path):
    (tmp_path / "deeper").mkdir()
    study(GOOD.replace("id: study", "id: b"), "b.yaml")
    study(GOOD.replace("id: study", "id: a"), "deeper/a.yaml")
    study("not read", "notes.txt")
    assert [experiment.id for experiment in load_folder(tmp_path)] == ["a", "b"]
    study(GOOD.replace("id: study", "id: b"), "deeper/b.yaml")
    with pytest.raises(ExperimentError, match=r"b\.yaml: id = 'b': is that of .*b\.yaml too"):
        load_folder(tmp_path)


def test_a_folder_without_experiments_is_refused(tmp_path: Path):
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ExperimentError, match="expected a folder with experiment files"):
            load_folder(path)


def test_the_battery_is_valid_and_covers_the_split():
    studies = {experiment.id: experiment for experiment in battery()}
    split = yaml.safe_load(SPLIT.read_text("utf-8"))
    drawn = {study for side in split.values() for studies in side.values() for study in studies}
    assert drawn <= set(studies)
    for experiment in studies.values():
        assert sealed(experiment) == (experiment.cluster in split["sealed"]), experiment.id
    for name in ("sealed", "fitted"):
        for cluster, members in split[name].items():
            assert {studies[member].cluster for member in members} == {cluster}


def test_a_study_is_sealed_by_its_cluster_by_its_group_and_by_its_id(study):
    fitted = load(study(GOOD))
    assert not sealed(fitted)
    assert sealed(load(study(swapped("group: synaptic", "group: sleep"))))
    assert sealed(load(study(swapped("group: synaptic", "group: synaptic\ncluster: homeostasis"))))
    assert not sealed(load(study(swapped("group: synaptic", "group: sleep\ncluster: spacing"))))
    known = "return-of-fear-triad"
    assert sealed(load(study(swapped("id: study", f"id: {known}"), f"{known}.yaml")))


@pytest.mark.parametrize("text", [GOOD, MAP, ANIMAL], ids=["slice", "map", "animal"])
def test_an_experiment_written_out_reads_as_the_same(study, text):
    experiment = load(study(text))
    content = experiment.model_dump(mode="json", by_alias=True, exclude_unset=True)
    again = load(study(yaml.safe_dump(content, sort_keys=False)))
    assert again == experiment
    assert pickle.loads(pickle.dumps(experiment)) == experiment


@pytest.mark.parametrize(
    ("text", "value"),
    [("20 min", 1200.0), ("1.5 h", 5400.0), ("-2 d", -172800.0), ("10 ms", 0.01), ("1 month", 2592000.0),
     ("6 wk", 3628800.0), ("3 s", 3.0), ("2e1min", 1200.0)],
)  # fmt: skip
def test_times_are_read_in_seconds(text, value):
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["", "5", "min", "5 m", "5 minutes", "1 h 5 min", "+1 h", "- 1 h", ".5 h", "5 min\n", "nan s", "inf d",
             "9999 d", "1e999 d", "٣ h", 5, 0.0, True, None, ["1 h"]],
)  # fmt: skip
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="expected a time with a unit"):
        seconds(text)


@given(st.floats(-1e8, 1e8), st.sampled_from([*UNITS]))
def test_any_time_is_read_back_from_its_seconds(number, unit):
    value = number * UNITS[unit]
    if abs(value) <= 3e8:
        assert seconds(f"{value!r} s") == value


FIELDS = (
    ("id",), ("rows",), ("values",), ("seeds",), ("preparation",), ("preparation", "pathways"),
    ("preparation", "rearing"), ("preparation", "clamps"), ("arms",), ("arms", "treated"),
    ("arms", "treated", "preparation"), ("arms", "treated", "preparation", "clamps"), ("arms", "treated", "schedule"),
    ("arms", "treated", "schedule", 1), ("arms", "treated", "schedule", 1, "do"),
    ("arms", "treated", "schedule", 1, "at"), ("arms", "treated", "schedule", 1, "trains"),
    ("arms", "treated", "schedule", 1, "rate"), ("arms", "treated", "schedule", 3, "until"),
    ("readouts",), ("readouts", "late"), ("readouts", "late", "of"), ("readouts", "late", "after"), ("checks",),
    ("checks", 0), ("checks", 0, "quantity"), ("checks", 0, "of"), ("checks", 0, "between"), ("checks", 1, "interval"),
)  # fmt: skip
ODD = st.one_of(
    st.sampled_from([float("nan"), float("inf"), -1, 0, 10**400, True, None, "", "S1", "1 d", "1", [], [None], {},
                     {"a": 1}, {"do": "dose"}, {"kind": "map"}, [[]], "control@early"]),
    st.floats(),
    st.integers(),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12),
)  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(field=st.sampled_from(FIELDS), value=ODD)
def test_any_value_of_a_file_is_sound_or_named_with_its_line(tmp_path, field, value):
    content = yaml.safe_load(GOOD)
    here = content
    for part in field[:-1]:
        here = here.setdefault(part, {}) if isinstance(here, dict) else here[part]
    here[field[-1]] = value
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), "utf-8")
    try:
        experiment = load(path)
    except ExperimentError as error:
        assert re.match(re.escape(f"{path}: line ") + r"\d+: \S", str(error)), error
        return
    assert experiment.id == "study"
    for arm in experiment.arms:
        experiment.prepared(arm)


def test_the_schema_describes_every_key_of_a_good_file():
    described = json.loads(json.dumps(schema(), allow_nan=False))
    assert described["$schema"].startswith("https://json-schema.org/") and described["title"]
    parts = described["$defs"]
    mapping = parts["Arm"]["properties"]["schedule"]["items"]["discriminator"]["mapping"]
    assert set(mapping) == set(STEPS)
    content = yaml.safe_load(GOOD)
    cases = [(described, content), (parts["Slice"], content["preparation"])]
    cases += [(parts["Arm"], arm) for arm in content["arms"].values()]
    cases += [(parts["Readout"], readout) for readout in content["readouts"].values()]
    cases += [(parts["Check"], check) for check in content["checks"]]
    cases += [(parts[mapping[step["do"]].rsplit("/", 1)[1]], step) for step in content["arms"]["treated"]["schedule"]]
    for part, given_keys in cases:
        assert set(part.get("required", ())) <= set(given_keys) <= set(part["properties"])
        for key, value in given_keys.items():
            pattern = part["properties"][key].get("pattern")
            assert pattern is None or re.search(pattern, value), key
    assert not any(part.get("additionalProperties", False) for part in parts.values() if "properties" in part)
    assert all("description" in part for part in parts.values() if "properties" in part)
    assert "Hz" in parts["Tetanus"]["properties"]["rate"]["description"]


PATTERN = schema()["$defs"]["Bath"]["properties"]["at"]["pattern"]


@given(st.one_of(st.text("0123456789.-e+ minsdhwk", max_size=9), st.from_regex(PATTERN, fullmatch=True)))
def test_the_schema_and_the_loader_agree_on_what_a_time_is(text):
    found = re.fullmatch(PATTERN, text)
    try:
        value = seconds(text)
    except ValueError:
        assert not found or abs(float(found[1])) * UNITS[found[2]] > 3e8
    else:
        assert found and value == float(found[1]) * UNITS[found[2]]
