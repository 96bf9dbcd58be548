"""Smoke test of the installed wheel, run outside the repository: python wheel_smoke.py path/to/plastenv."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import plastenv
from plastenv.scenarios.parameters import read_ensemble
from plastenv.therapy.protocol import library


def main(command: str) -> None:
    """Check that data files came along and that the main command runs on two patients without torch."""
    assert "site-packages" in plastenv.__file__, plastenv.__file__
    assert len(library()) >= 24 and read_ensemble()
    with tempfile.TemporaryDirectory() as folder:
        schedule = Path(folder) / "mine.yaml"
        subprocess.run([command, "protocols", "new", str(schedule)], check=True)
        out = Path(folder) / "out"
        subprocess.run([command, "compare", str(schedule), "--patients", "2", "--out", str(out)], check=True)
        results = json.loads((out / "results.json").read_text("utf-8"))
        assert {row["name"] for row in results["schedules"]} == {"mine", "untreated"}
        assert (out / "figure.png").stat().st_size > 10_000
        assert "Plotly.react" in (out / "report.html").read_text("utf-8")
        config = Path(folder) / "config.yaml"
        config.write_text("name: mine\n", "utf-8")
        refused = subprocess.run([command, "train", "--config", str(config)], capture_output=True, text=True)
        assert refused.returncode == 2 and "pip install plastenv[agents]" in refused.stderr, refused.stderr
    try:
        import torch  # noqa: F401
    except ImportError:
        return
    raise AssertionError("torch was installed by the base package")


if __name__ == "__main__":
    main(sys.argv[1])
