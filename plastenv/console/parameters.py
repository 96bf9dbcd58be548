"""plastenv parameters: every number of the simulator."""

from pathlib import Path

from plastenv.console.options import writable_json
from plastenv.console.output import only_json, terminal
from plastenv.lab.tables import as_json, parameter_tables
from plastenv.report.parameters import parameter_table


def run(only: str | None, json_path: Path | None) -> None:
    """Print the tables, or `only` one of them, and write them to `json_path` if given.

    Raises ValueError for an unknown table.
    """
    tables = parameter_tables(only)
    writable_json(json_path)
    if only_json(as_json(tables), json_path):
        return
    console = terminal(160)
    for name, rows in tables.items():
        console.print(parameter_table(name, rows))
