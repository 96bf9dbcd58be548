"""Run the long commands whose results are evidence, and write these with where they come from to docs/evidence/.

    python tests/acceptance/commands.py ablation
    python tests/acceptance/commands.py ensemble_orders

Cells of the matrix, and outcomes under other sets, are kept under runs/ and not run again; `seconds` are those of the
last run.
"""

import argparse
import json
import os
import sys
import time

from evidence import ROOT, keep, origin

from plastenv.cli import app

COMMANDS = {
    "ablation": "validate --ablate all",
    "ensemble_orders": "compare --patients 16 --ensemble 20 --out runs/orders",
}


def main() -> None:
    """Run one command and write its evidence."""
    os.chdir(ROOT)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=COMMANDS)
    name, begun = parser.parse_args().name, time.time()
    found = ROOT / "runs" / f"{name}.json"
    if code := app([*COMMANDS[name].split(), "--json", str(found)], standalone_mode=False):
        sys.exit(code)
    keep(ROOT / "docs" / "evidence" / f"{name}.json", {**origin(begun), **json.loads(found.read_text("utf-8"))})


if __name__ == "__main__":
    main()
