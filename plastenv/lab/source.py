"""What a simulated study depends on."""

import hashlib
from pathlib import Path

import plastenv

SOURCES = ("circuit", "molecular", "model", "patients", "scenarios", "therapy", "lab")
IDLE = (  # which move no value of a study
    "cli.py",
    "battery.py",
    "matrix.py",
    "mentions.py",
    "tables.py",
    "calibration.py",
    "objective.py",
    "screen.py",
    "search.py",
    "source.py",
    "ensemble.yaml",
)


def identity() -> str:
    """Identify all that values of a study depend on besides its file: source of the simulation, parameters included."""
    root, digest = Path(plastenv.__file__).parent, hashlib.sha256()
    files = [*root.glob("*.py"), *(path for part in SOURCES for path in (root / part).glob("*.*"))]
    for path in sorted(files):
        if path.suffix in (".py", ".yaml") and path.name not in IDLE:
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]
