"""docs/experiments.md says what the schema says, and the examples of the README and of the page run."""

import json
import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import yaml
from typer.testing import CliRunner

from plastenv.cli import app
from plastenv.lab.experiment import BOUNDS, MEASURES, Check, Experiment
from plastenv.lab.faults import keys_of
from plastenv.lab.steps import KINDS, PREPARATIONS, STEPS
from plastenv.lab.units import ACTION_NAMES, COMPOUND_NAMES, UNITS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "experiments.md").read_text("utf-8")
EVERYWHERE = {"kind", "clamps", "do", "at", "mark"}


def cells(heading: str) -> list[list[str]]:
    """Return the rows of the tables under a heading, without their heads."""
    part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def code(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def choices(annotation: Any) -> set[str]:
    """Return the words that an option may be, if it is one of a few."""
    if get_origin(annotation) is Literal:
        return {word for word in get_args(annotation) if isinstance(word, str)}
    return {word for part in get_args(annotation) for word in choices(part)}


@pytest.mark.parametrize(("heading", "parts"), [("Steps", STEPS), ("Preparations", PREPARATIONS)])
def test_every_step_and_preparation_is_listed_with_its_options(heading, parts):
    found = {row[0].strip("`"): row for row in cells(heading)}
    assert list(found) == list(parts)
    for name, part in parts.items():
        options = found[name][2]
        assert code(options) == set(keys_of(part)) - EVERYWHERE, name
        for key, field in part.model_fields.items():
            if key not in EVERYWHERE:
                for word in choices(field.annotation):
                    assert re.search(rf"\b{word}\b", options), f"{name}: {key} may be {word}"


def test_every_step_says_what_it_suits():
    for name, suits, _ in cells("Steps"):
        own = STEPS[name.strip("`")].kinds
        assert suits == ("all" if own == KINDS else ", ".join(own)), name


def test_defaults_are_those_of_the_steps():
    wanted = {
        (name, key): field.default
        for name, part in STEPS.items()
        for key, field in part.model_fields.items()
        if isinstance(field.default, int | float) and not isinstance(field.default, bool)
    }
    said = {name.strip("`"): dict(re.findall(r"`(\w+)` ([\d.]+)", options)) for name, _, options in cells("Steps")}
    units = {"interval": UNITS["min"], "lag": UNITS["ms"]}
    for (name, key), value in wanted.items():
        assert float(said[name][key]) * units.get(key, 1.0) == pytest.approx(value), f"{name}: {key}"


def test_measures_checks_and_names_are_complete():
    measures = {kind: code(row[1]) for row in cells("Measures") for kind in row[0].split(", ")}
    assert measures == {kind: set(names) for kind, names in MEASURES.items()}
    assert [code(row[0]) for row in cells("Checks")] == [{bound} for bound in BOUNDS]
    assert {key for row in cells("The head") for key in code(row[0])} == set(keys_of(Experiment))
    assert code(PAGE.split("\nCompounds, ")[1].split(".\n")[0]) == set(COMPOUND_NAMES)
    assert code(PAGE.split("\nActions, ")[1].split(".\n")[0]) == set(ACTION_NAMES)
    assert all(f"`{key}" in PAGE for key in keys_of(Check) if key != "name")
    assert all(re.search(rf"\b{unit}\b", PAGE) for unit in UNITS)


@pytest.mark.parametrize(
    ("page", "study"), [("README.md", "spaced-trains"), ("docs/experiments.md", "train-in-anisomycin")]
)
def test_the_example_runs_and_passes(page, study, tmp_path, monkeypatch):
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
    (example,) = [block for block in blocks if yaml.safe_load(block).get("id") == study]
    (tmp_path / "my-studies").mkdir()
    (tmp_path / "my-studies" / f"{study}.yaml").write_text(example, "utf-8")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["validate", "--experiments", "my-studies", "--jobs", "1"])
    assert done.exit_code == 0, done.output
    (found,) = json.loads((tmp_path / "runs" / "validate" / "results.json").read_text("utf-8"))["studies"]
    assert found["id"] == study and found["passed"], found["checks"]
