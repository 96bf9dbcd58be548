"""plastenv protocols: the library and a user's own schedules, listed, drawn, checked and begun."""

import json
import re
import shlex
import textwrap
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import typer
import yaml
from rich.text import Text

from plastenv.console.options import writable, writable_json
from plastenv.console.output import only_json, terminal
from plastenv.files import whole
from plastenv.report import schedules
from plastenv.scenarios.scenario import Scenario, load_scenario
from plastenv.therapy.protocol import ProtocolError, find, library, load

SUFFIXES = (".yaml", ".yml")


def listing(scenario: str, json_path: Path | None) -> None:
    """Print the schedules of the library that fit into a scenario, by group."""
    task = load_scenario(scenario)
    writable_json(json_path)
    shipped = schedules.grouped(library(task.horizon_days))
    if not only_json([schedules.summary(protocol) for protocol in shipped], json_path):
        console = terminal()
        console.print(schedules.schedules_table(shipped, task.name))
        console.print("'plastenv compare library' adds 'random': a legal action by chance on a third of the days.")


def show(schedule: str, scenario: str, json_path: Path | None) -> None:
    """Draw a schedule of the library or of a file.

    Raises ValueError (ProtocolError) for what does not exist or cannot be used.
    """
    task = load_scenario(scenario)
    protocol = find(schedule, task.horizon_days, task.interventions)
    writable_json(json_path)
    if only_json(schedules.as_json(protocol), json_path):
        return
    console = terminal()
    console.print(Text(f"{protocol.name}: {protocol.title}", style="bold"))
    facts = [protocol.group, f"source: {protocol.source}", f"burden {protocol.burden:.1f} points"]
    console.print(Text(" · ".join(filter(None, facts))))
    told = textwrap.wrap(protocol.rationale, console.width - 4)
    drawn = schedules.timeline(protocol, task.horizon_days, console.width)
    for line in [*(["", *(f"  {part}" for part in told)] if told else []), "", *drawn]:
        console.print(Text(line, no_wrap=True, overflow="crop"))
    if protocol.administrations:
        console.print()
        console.print(schedules.entry_table(protocol))


def check(files: list[Path], scenario: str, json_path: Path | None, quiet: bool) -> bool:
    """Check files and print a line for each, or if `quiet` for each that is refused; say whether all are accepted."""
    task = load_scenario(scenario)
    writable_json(json_path)
    found = [_checked(path, task) for path in files]
    if not only_json(found, json_path):
        for each in found:
            if not each["accepted"]:
                typer.echo("\n".join(f"✘ {problem}" for problem in each["problem"].splitlines()))
            elif not quiet:
                number, burden = each["administrations"], each["burden"]
                given = f"{number} administration{'' if number == 1 else 's'}"
                typer.echo(f"✔ {each['file']}: {each['name']}, {given}, burden {burden:.1f} points")
    return all(each["accepted"] for each in found)


def _checked(path: Path, task: Scenario) -> dict[str, Any]:
    try:
        protocol = load(path, task.horizon_days, task.interventions)
    except ProtocolError as error:
        return {"file": str(path), "accepted": False, "problem": str(error)}
    known = {"name": protocol.name, "administrations": len(protocol.administrations), "burden": float(protocol.burden)}
    return {"file": str(path), "accepted": True} | known


def new(path: Path, force: bool) -> None:
    """Write a commented schedule to begin with, called as its file.

    Raises ValueError for a file that exists, unless forced, or that cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES or path.is_dir():
        raise ValueError(f"{path}: expected a file whose name ends in {' or '.join(SUFFIXES)}")
    if path.exists() and not force:
        raise ValueError(f"{path}: exists already; expected another name, or --force to overwrite it")
    writable(path.parent, "folder")
    file = shlex.quote(str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as temporary:
        temporary.write_text(_starting(path.stem, file), "utf-8")
    typer.echo(f"{path} is written; once it is changed: plastenv protocols check {file}")


def _starting(stem: str, file: str) -> str:
    """Return the text of a schedule to begin with, called like the stem of its file."""
    text = resources("plastenv.therapy").joinpath("starting.yaml").read_text("utf-8")
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:64] or "my-schedule"
    shown = name if isinstance(yaml.safe_load(name), str) else json.dumps(name)  # YAML reads 2024 as a number
    old, new = (f"name: {each}".ljust(28) for each in ("my-schedule", shown))
    return text.replace("my-schedule.yaml", file).replace(old, new)
