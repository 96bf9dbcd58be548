"""docs/physics.md is what its generator writes, and says something of every mechanism, parameter and study."""

import re
from pathlib import Path

import pytest

from plastenv.lab.ablation import MECHANISMS
from plastenv.lab.experiment import battery
from plastenv.lab.tables import parameter_tables

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "physics.md"


@pytest.fixture
def generator(acceptance):
    return acceptance("physics_page")


def sections() -> dict[int, str]:
    parts = re.split(r"^## (\d+)\. ", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return {int(number): text for number, text in zip(parts[::2], parts[1::2], strict=True)}


def test_the_page_is_up_to_date(generator):
    written = PAGE.read_text("utf-8")
    assert written == generator.page(generator.evidence()), (
        "docs/physics.md is out of date: python tests/acceptance/physics_page.py --no-figures"
    )


def test_every_row_has_an_equation_a_figure_and_what_takes_it_out():
    found = sections()
    assert list(found) == list(range(1, 19))
    for number, text in found.items():
        assert "```" in text, number
        (picture,) = re.findall(r"\]\((physics/[^)]+\.png)\)", text)
        assert (PAGE.parent / picture).stat().st_size > 5000
        knocked = set(re.findall(r"^- `([a-z-]+)`: ", text, re.MULTILINE))
        assert knocked == {name for name, each in MECHANISMS.items() if each.row == number}


def test_every_study_stands_under_each_of_its_rows():
    found = sections()
    for study in battery():
        assert study.rows, study.id
        linked = {number for number, text in found.items() if f"[{study.id}](" in text}
        assert linked == set(study.rows), study.id
    for path in re.findall(r"\]\((\.\./[^)]+)\)", PAGE.read_text("utf-8")):
        assert (PAGE.parent / path).exists(), path


def test_every_parameter_is_listed_once(generator):
    shown = re.findall(r"Parameters: (\w+), (\d+)</summary>\n\n(.*?)\n\n</details>", PAGE.read_text("utf-8"), re.DOTALL)
    listed: dict[str, list[str]] = {}
    for table, number, lines in shown:
        names = re.findall(r"^\| `([^`]+)` \|", lines, re.MULTILINE)
        assert len(names) == int(number)
        listed.setdefault(table, []).extend(names)
    wanted = {name: sorted(row.name for row in rows) for name, rows in parameter_tables().items()}
    assert {name: sorted(names) for name, names in listed.items()} == wanted


def test_equations_are_read_from_the_source(generator):
    block = generator.equation("circuit/plasticity drive")
    assert len(block.splitlines()) == 2 and block.startswith("drive+ = x  y  tau+")
    code = generator.equation("molecular/brakes:maturity")
    assert code.startswith("def maturity(") and "return 1.0 / " in code and '"""' not in code
    for missing in ("circuit/plasticity dX/dt", "molecular/brakes:nothing", "model/advance@nothing = 0"):
        with pytest.raises(ValueError, match="nothing is found"):
            generator.equation(missing)


def test_a_parameter_that_no_row_lists_is_named(generator, monkeypatch):
    short = generator.ROWS[14]._replace(parameters=("BrakeParams.tau_netz",))
    monkeypatch.setitem(generator.ROWS, 14, short)
    with pytest.raises(ValueError, match="disagree about BrakeParams, BrakeParams.tau_netz"):
        generator.parameters()


def test_outcomes_are_those_of_the_evidence(generator):
    summary = {"studies": 2, "passed": 1, "failed": 1, "not_covered": 0}
    studies = [
        {"id": "stdp-window-bi-poo-1998", "passed": True, "kind": "circular"},
        {"id": "sjostrom-rate-timing-2001", "passed": False, "kind": "fitted"},
    ]
    found = {"studies": studies, "commit": "abc", "summary": dict.fromkeys(("fitted", "sealed", "circular"), summary)}
    text = generator.page(found)
    assert "commit `abc`: 1 of 2 fitted, 1 of 2 sealed, 1 of 2 circular studies pass" in text
    assert re.search(r"stdp-window-bi-poo-1998\.yaml\).*\| passes, circular \|", text)
    assert re.search(r"sjostrom-rate-timing-2001\.yaml\).*\| \*\*fails\*\*, fitted \|", text)
    assert re.search(r"synaptic-scaling-turrigiano-1998\.yaml\).*\| not run \|", text)
