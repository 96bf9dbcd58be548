import json
import os
import re
import shlex
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from plastenv import cli
from plastenv.console import complete
from plastenv.patients.population import SPLITS
from plastenv.scenarios.scenario import FILES
from plastenv.therapy.interventions import BY_NAME
from plastenv.therapy.protocol import library

COMMAND = [sys.executable, "-c", "from plastenv.cli import app; app(prog_name='plastenv')"]


def commands(group=None, path=()):
    """Yield every command with the words that call it."""
    group = group or typer.main.get_command(cli.app)
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        yield (*path, name), command
        if hasattr(command, "list_commands"):
            yield from commands(command, (*path, name))


COMMANDS = dict(commands())


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_s_help_has_an_example_that_can_be_given(words):
    found = re.search(r"Example: plastenv (.+)", COMMANDS[words].help)
    assert found, words
    given = shlex.split(found[1])
    assert tuple(given[: len(words)]) == words
    rest = given[len(words) :]
    command = COMMANDS[words]
    while hasattr(command, "list_commands"):
        command, rest = command.get_command(None, rest[0]), rest[1:]
    command.make_context(words[-1], rest)  # raises for an option or a number of arguments that it does not know
    assert found[0].split()[1] in CliRunner().invoke(cli.app, [*words, "--help"]).output


def test_the_help_tells_the_exit_codes():
    printed = CliRunner().invoke(cli.app, ["--help"]).output
    assert re.findall(r"^ *(\d+) \w+", printed.split("Exit codes:")[1], re.MULTILINE) == ["0", "1", "2", "130", "141"]


@pytest.mark.parametrize(("raised", "code"), [(KeyboardInterrupt(), 130), (ValueError("x"), 2), (OSError("x"), 2)])
def test_what_goes_wrong_decides_the_exit_code(monkeypatch, raised, code):
    def fail(*_):
        raise raised

    monkeypatch.setattr("plastenv.console.protocols.listing", fail)
    done = CliRunner().invoke(cli.app, ["protocols", "list"])
    assert done.exit_code == code and len(done.stderr.splitlines()) == 1


def test_output_that_nobody_reads_ends_a_command_without_a_word():
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*COMMAND, "parameters"], **pipes) as process:
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == "" and process.wait(60) == 141


def test_names_are_completed_from_their_source():
    assert complete.schedules("") == sorted(protocol.name for protocol in library())
    assert complete.schedules("window-then") == ["window-then-massed-training", "window-then-training"]
    assert complete.competitors("")[0] == "library" and complete.schedules("x") == []
    assert complete.interventions("") == list(BY_NAME) and complete.interventions("net") == ["net-enzyme"]
    assert complete.scenarios("") == list(FILES) and complete.splits("t") == [s for s in SPLITS if s.startswith("t")]


COMPLETED = {
    "compare mine.yaml window-then": ["window-then-massed-training", "window-then-training"],
    "watch window-al": ["window-alone"],
    "protocols show ressler": ["ressler-2004-coagonist"],
    "protocols list --scenario Fear-": ["Fear-easy"],
    "interventions rapid": ["rapid-opener"],
    "scenarios Fear-": ["Fear-easy"],
    "warmup --split va": ["validation"],
}


@pytest.mark.parametrize("typed", COMPLETED)
def test_a_shell_completes_names_where_arguments_take_them(typed):
    words = ["plastenv", *typed.split()]
    asked = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1), "_PLASTENV_COMPLETE": "complete_bash"}
    done = subprocess.run(COMMAND, env=os.environ | asked, capture_output=True, text=True, timeout=100)
    assert done.stdout.split() == COMPLETED[typed], done.stderr


def test_json_on_standard_output_stands_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = [
        "compare",
        "training-massed",
        "--scenario",
        "Fear-easy",
        "--split",
        "train",
        "--patients",
        "1",
        "--json",
        "-",
    ]
    printed = CliRunner().invoke(cli.app, asked)
    assert printed.exit_code == 0, printed.output
    assert json.loads(printed.stdout) == json.loads((tmp_path / "runs/compare/results.json").read_text("utf-8"))
    assert not (tmp_path / "-").exists()


def test_a_reader_who_has_had_enough_is_no_mistake():
    process = subprocess.Popen(
        [*COMMAND, "parameters", "--json", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout and process.stdout.readline() == "{\n"
    process.stdout.close()
    assert process.stderr and process.stderr.read() == "" and process.wait(100) != 2
