"""What stands in README.md and docs/ holds: code runs, commands parse, files load, links lead somewhere.

A comment above a block, which readers do not see, says how to run it here:

    <!-- quick: OLD => NEW -->    another text in the place of OLD, such as fewer patients; may be repeated
    <!-- skip: REASON -->         why it is not run
    <!-- file: NAME -->           the block is this file for the other blocks of its page

Blocks of a page run one after the other in one empty folder. Installing is not done but checked against pyproject.toml.
Pages that a program writes are judged by that program's tests.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from typer.testing import CliRunner

from plastenv.cli import app
from plastenv.lab import experiment
from plastenv.scenarios import scenario
from plastenv.scenarios.parameters import read_parameters
from plastenv.therapy import protocol

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WRITTEN = re.compile(r"This page is written by `([^`]+)`")
BLOCK = re.compile(r"^((?:<!-- (?:quick|skip|file): [^\n]+ -->\n)*)```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LANGUAGES = {"sh", "python", "yaml", "text", "{toctree}"}
# Commands are those of this source; what installs, would not end or is a step of .ci/run is left out.
SHELL = """
set -euo pipefail
plastenv() { "$PYTHON" -c 'from plastenv.cli import app; app()' "$@"; }
sphinx-build() { true; }
pip() { true; }
tensorboard() { true; }
"""


class Block(NamedTuple):
    """One block of code of a page."""

    page: Path
    line: int
    language: str
    text: str
    notes: tuple[tuple[str, str], ...]  # such as ("skip", "takes an hour")

    def note(self, key: str) -> list[str]:
        return [value for name, value in self.notes if name == key]

    @property
    def quick(self) -> str:
        """The text as it is run here."""
        text = self.text
        for change in self.note("quick"):
            old, new = change.split(" => ")
            assert old in text, f"{self.page.name}, line {self.line}: '{old}' is not in the block"
            text = text.replace(old, new)
        return text


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    found = []
    for match in BLOCK.finditer(text):
        notes = tuple(re.findall(r"<!-- (\w+): (.+?) -->", match[1]))
        found.append(Block(page, text.count("\n", 0, match.start()) + 1, match[2], match[3], notes))
    return found


def written(page: Path) -> str | None:
    """Return the program that writes a page, if one does."""
    found = WRITTEN.search(page.read_text("utf-8"))
    return found[1] if found else None


BY_HAND = [page for page in PAGES if written(page) is None]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_is_found_and_says_what_it_is(page):
    found = blocks(page)
    assert len(re.findall(r"^\s*(?:```|~~~)", page.read_text("utf-8"), re.MULTILINE)) == 2 * len(found)
    assert {block.language for block in found} <= LANGUAGES
    assert all(len(reason.split()) > 2 for block in found for reason in block.note("skip"))


def test_pages_that_a_program_writes_name_one_that_exists():
    found = [program for program in map(written, PAGES) if program]
    assert len(found) >= 2 and all((ROOT / program).exists() for program in found)


@pytest.mark.parametrize("page", BY_HAND, ids=name)
def test_blocks_of_a_page_run_one_after_the_other(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = blocks(page)
    for block in found:
        for file in block.note("file"):
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_text(block.text, "utf-8")
    namespace: dict[str, object] = {"__name__": "page"}
    environment = os.environ | {"PYTHON": sys.executable, "COLUMNS": "100"}
    for block in found:
        if block.note("skip"):
            continue
        if block.language == "python":
            exec(compile(f"{chr(10) * block.line}{block.quick}", page, "exec"), namespace)
        elif block.language == "sh":
            command = ["bash", "-c", SHELL + block.quick]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400)
            assert done.returncode == 0, f"{name(page)}, line {block.line}: {done.stdout}{done.stderr}"


FILES = [block for page in BY_HAND for block in blocks(page) if block.language == "yaml"]


@pytest.mark.parametrize("block", FILES, ids=lambda block: f"{block.page.stem}-{block.line}")
def test_a_file_is_taken_by_what_reads_it(block, tmp_path, monkeypatch):
    fields = yaml.safe_load(block.text)
    path = tmp_path / f"{fields.get('id', fields.get('name', 'set'))}.yaml".lower()
    path.write_text(block.text, "utf-8")
    if "entries" in fields:
        assert protocol.load(path).name == fields["name"]
    elif "preparation" in fields:
        assert experiment.load(path).id == fields["id"]
    elif "extends" in fields:
        for shipped in scenario.FOLDER.glob("*.yaml"):
            shutil.copy(shipped, tmp_path)
        monkeypatch.setattr(scenario, "FOLDER", tmp_path)
        monkeypatch.setitem(scenario.FILES, fields["name"], path.stem)
        assert scenario.load_scenario(fields["name"]).horizon_days == fields["horizon_days"]
    else:
        assert read_parameters(path) == fields


def said(page: Path) -> Iterator[tuple[str, int]]:
    """Give every command that a page shows, in blocks or within a line, and where."""
    text = page.read_text("utf-8")
    for block in blocks(page):
        if block.language == "sh":
            for line in block.text.replace("\\\n", " ").splitlines():
                for part in re.split(r"&&|;", line):
                    yield part.strip(), block.line
    for match in re.finditer(r"`((?:plastenv|pip|python) [^`]+)`", BLOCK.sub("", text)):
        yield " ".join(match[1].split()), text.count("\n", 0, text.index(match[0])) + 1


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_have_the_options_that_a_page_gives_them(page):
    for command, line in said(page):
        words = shlex.split(re.sub(r"[\[\]]", "", command), comments=True)
        if words[:1] == ["plastenv"]:
            asked = CliRunner().invoke(app, [*words[1:], "--help"])  # read whole, and nothing run
            assert asked.exit_code == 0, f"{name(page)}, near line {line}: {command}: {asked.output}"
        elif words[:1] == ["python"] and words[1].endswith(".py"):
            assert (ROOT / words[1]).exists(), f"{name(page)}, near line {line}: {words[1]}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_is_installed_is_in_the_project(page):
    for command, line in said(page):
        words = shlex.split(command, comments=True)
        if words[:2] != ["pip", "install"]:
            assert words[:1] != ["apt-get"] or words[1] == "install", f"{name(page)}, line {line}: {command}"
            continue
        for word in words[2:]:
            if word.endswith(".txt"):
                assert (ROOT / word).exists()
            elif not word.startswith("-"):
                asked = re.fullmatch(r"(?:\.|plastenv)(?:\[([a-z,]+)\])?", word)
                assert asked, f"{name(page)}, line {line}: {word}"
                extras = set(asked[1].split(",")) if asked[1] else set()
                assert extras <= set(PROJECT["optional-dependencies"]), f"{name(page)}, line {line}: {word}"


MARKDOWN = MarkdownIt("commonmark").enable("table")


def tokens(page: Path) -> Iterator[Token]:
    for token in MARKDOWN.parse(page.read_text("utf-8")):
        yield token
        yield from token.children or []


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings as GitHub makes them."""
    flat = list(tokens(page))
    found: list[str] = []
    for heading, inline in zip(flat, flat[1:], strict=False):
        if heading.type == "heading_open":
            words = "".join(part.content for part in inline.children or [])
            slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
    return set(found)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=name)
def test_every_link_leads_somewhere(page):
    for token in tokens(page):
        target = token.attrs.get("href") or token.attrs.get("src")
        if not isinstance(target, str):
            continue
        link = urlsplit(target)
        if link.scheme:
            assert link.scheme == "https" and "." in link.netloc, f"{name(page)}: {target}"
            continue
        there = (page.parent / unquote(link.path)).resolve() if link.path else page
        assert there.is_file() and there.is_relative_to(ROOT), f"{name(page)}: {target}"
        if link.fragment:
            assert link.fragment in anchors(there), f"{name(page)}: {target}"


def test_every_page_stands_in_the_navigation():
    listed = re.findall(r"^([a-z-]+)$", "".join(b.text for b in blocks(ROOT / "docs" / "index.md")), re.MULTILINE)
    assert sorted([*listed, "index"]) == sorted(page.stem for page in PAGES[1:])
