"""What every piece of evidence says of where it comes from."""

import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def origin(begun: float) -> dict[str, Any]:
    """Return command, commit, machine and seconds since `begun`."""
    commit = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    return {
        "command": " ".join(sys.argv),
        "commit": subprocess.run(commit, cwd=ROOT, capture_output=True, text=True).stdout.strip(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "seconds": round(time.time() - begun),
    }
