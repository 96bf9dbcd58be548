"""Evidence: where every piece says that it comes from, and how it is written."""

import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from plastenv.evaluation.comparison import write_json
from plastenv.lab.battery import commit

ROOT = Path(__file__).parents[2]


def origin(begun: float) -> dict[str, Any]:
    """Return command, commit, machine and seconds since `begun`."""
    return {
        "command": " ".join(sys.argv),
        "commit": commit(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "seconds": round(time.time() - begun),
    }


def tell(holds: dict[str, bool]) -> NoReturn:
    """Print which claims hold; exit with 1 unless all do."""
    for claim, held in holds.items():
        print(f"{'holds' if held else 'FAILS'}  {claim}")
    sys.exit(not all(holds.values()))


def keep(path: Path, evidence: dict[str, Any]) -> None:
    """Write evidence, whose numbers may be numpy's, to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, json.loads(json.dumps(evidence, default=lambda value: value.item())))
