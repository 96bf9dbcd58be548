"""What the commands of the laboratory leave behind."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from plastenv.evaluation.comparison import write_json
from plastenv.report.battery import write_page


def publish(results: Mapping[str, Any], page: str, out: Path, json_path: Path | None) -> Console:
    """Write results.json and report.html to `out`, results to `json_path` as well; return a console for tables."""
    for path in (out / "results.json", *([json_path] if json_path else [])):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, results)
    write_page(page, out / "report.html")
    return Console(width=None if sys.stdout.isatty() else 160)
