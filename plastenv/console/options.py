"""Checks of options that several commands share. Light to import."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from plastenv.console.output import STANDARD

if TYPE_CHECKING:
    from plastenv.patients.cohort import Patients


def writable(path: Path, option: str = "--out") -> None:
    """Refuse a folder that cannot be made or written, without making it; `option` asked for it."""
    nearest = path
    while not nearest.exists():
        nearest = nearest.parent
    if not nearest.is_dir():
        raise ValueError(f"{option} {path}: {nearest} is not a folder")
    if not os.access(nearest, os.W_OK):
        raise ValueError(f"{option} {path}: {nearest} is not writable")
    try:  # a read-only file system refuses even root
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        raise ValueError(f"{option} {path}: {nearest} is not writable ({error.strerror})") from None


def writable_json(path: Path | None) -> None:
    """Refuse a file for --json that cannot be written, without making anything; '-' always can."""
    if path is not None and path != STANDARD:
        writable(path.parent, "--json")
        if path.exists() and not path.is_file():  # a file takes its place, which a pipe or a device would not outlive
            kind = "a folder" if path.is_dir() else "no regular file"
            raise ValueError(f"--json {path}: is {kind}, expected a file, or - for standard output")


def within(source: "Patients", number: int) -> range:
    """Return the first `number` patients of a split, or refuse."""
    if not 1 <= number <= source.size:
        raise ValueError(f"--patients {number}: split '{source.split}' has 1 to {source.size} patients")
    return range(number)
