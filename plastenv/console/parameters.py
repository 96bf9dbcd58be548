"""plastenv parameters: every number of the simulator."""

import sys
from pathlib import Path

from rich.console import Console

from plastenv.console.options import writable_json
from plastenv.lab.tables import as_json, parameter_tables
from plastenv.report.parameters import parameter_table


def run(only: str | None, json_path: Path | None) -> None:
    """Print the tables, or `only` one of them, and write them to `json_path` if given.

    Raises ValueError for an unknown table.
    """
    tables = parameter_tables(only)
    writable_json(json_path)
    console = Console(width=None if sys.stdout.isatty() else 160)
    for name, rows in tables.items():
        console.print(parameter_table(name, rows))
    if json_path:
        from plastenv.evaluation.comparison import write_json

        json_path.parent.mkdir(parents=True, exist_ok=True)
        write_json(json_path, as_json(tables))
