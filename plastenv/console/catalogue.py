"""plastenv interventions and plastenv scenarios: what exists."""

from pathlib import Path

from plastenv.console.options import writable_json
from plastenv.console.output import only_json, terminal
from plastenv.report import catalogue
from plastenv.scenarios.scenario import FILES, load_scenario
from plastenv.therapy.interventions import BY_NAME, CATALOGUE
from plastenv.therapy.protocol import nearest


def interventions(name: str | None, json_path: Path | None) -> None:
    """Print what can be given, or all that is known of one intervention.

    Raises ValueError for an unknown name.
    """
    if name is not None and name not in BY_NAME:
        raise ValueError(f"unknown intervention '{name}'; {nearest(name, list(BY_NAME))}")
    writable_json(json_path)
    chosen = CATALOGUE if name is None else (BY_NAME[name],)
    described = [catalogue.describe_intervention(what) for what in chosen]
    if not only_json(described if name is None else described[0], json_path):
        terminal().print(catalogue.interventions_table() if name is None else catalogue.page(described[0]))


def scenarios(name: str | None, json_path: Path | None) -> None:
    """Print the scenarios, or all that is known of one.

    Raises ScenarioError for an unknown name.
    """
    chosen = [load_scenario(each) for each in (FILES if name is None else [name])]
    writable_json(json_path)
    described = [catalogue.describe_scenario(scenario) for scenario in chosen]
    if not only_json(described if name is None else described[0], json_path):
        terminal().print(catalogue.scenarios_table(chosen) if name is None else catalogue.page(described[0]))
