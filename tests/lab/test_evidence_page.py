"""docs/evidence.md is what its generator writes of the committed evidence, and hides no study."""

import re
from pathlib import Path

import pytest

from plastenv.lab.experiment import battery, sealed

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "evidence.md"


@pytest.fixture
def generator(acceptance):
    return acceptance("evidence_page")


def test_the_page_is_up_to_date(generator):
    assert PAGE.read_text("utf-8") == generator.page(), (
        "docs/evidence.md is out of date: python tests/acceptance/evidence_page.py"
    )


def test_every_study_is_listed_and_every_failure_named(generator):
    text = PAGE.read_text("utf-8")
    table = text.split("## Study by study")[1].split("## ")[0]
    assert set(re.findall(r"^\| \[([^\]]+)\]\(", table, re.MULTILINE)) == {study.id for study in battery()}
    failing = text.split("## What fails, and why")[1].split("## ")[0]
    sets = [run["passed"] for name, run in generator.read("repeats")["runs"].items() if name.startswith("seeds")]
    for study in battery():
        fails = any(passed[study.id] is False for passed in sets)
        assert (f"`{study.id}`" in failing) == fails, study.id
        assert not fails or sealed(study) or study.diagnosis, study.id
    for path in re.findall(r"\]\(([^)#]+)[)#]", text):
        assert (PAGE.parent / path).exists(), path


def test_counts_follow_the_evidence(generator):
    run = {
        "counts": {
            "given_passed": 2,
            "given": 3,
            "given_passed_weighted": 1.5,
            "given_weighted": 2.5,
            "sealed_passed": 1,
            "sealed": 4,
            "passed": 5,
            "of": 6,
        },
        "passed": {"a": True, "b": False},
    }
    other = {**run, "passed": {"a": True, "b": True}}
    text = "\n".join(generator.counts({"runs": {"one": run, "two": other}}))
    assert "| one | 2 of 3 | 1.5 of 2.5 | 1 of 4 | 5 of 6 |" in text
    assert "not the same in all runs: `b`." in text
