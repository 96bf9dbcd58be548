"""What the commands of the laboratory leave behind."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from plastenv.console.output import only_json, terminal
from plastenv.evaluation.comparison import write_json
from plastenv.report.battery import write_page


def publish(results: Mapping[str, Any], page: str, out: Path, json_path: Path | None) -> Console:
    """Write results.json and report.html to `out`, results to `json_path` as well; return a console for tables."""
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "results.json", results)
    write_page(page, out / "report.html")
    return terminal(160, quiet=only_json(results, json_path))
