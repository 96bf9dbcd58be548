"""Where commands print to. Light to import."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

STANDARD = Path("-")  # for --json: standard output, and nothing else on it
PIPED = 120  # columns where there is no terminal


def terminal(piped: int = PIPED, quiet: bool = False) -> "Console":
    """Return a console as wide as the terminal or COLUMNS says, or of `piped` columns where neither does."""
    from rich.console import Console

    class Piped(Console):
        """Leaves a closed pipe to the command line; rich would end with the code of a failure."""

        def on_broken_pipe(self) -> None:
            raise

    columns = os.environ.get("COLUMNS", "")
    known = sys.stdout.isatty() or (columns.isdigit() and int(columns) > 0)
    return Piped(width=None if known else piped, quiet=quiet)


def only_json(content: Any, path: Path | None) -> bool:
    """Write `content` as JSON to `path` if given; say whether it went to standard output, so that no more is said."""
    if path == STANDARD:
        typer.echo(json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False))
    elif path is not None:
        from plastenv.evaluation.comparison import write_json

        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, content)
    return path == STANDARD
