"""Snapshots: patients as they are now, to go on from later, elsewhere, or twice.

A snapshot holds everything that what follows depends on; continuing from it is bit-identical, in this process, from a
file, or in another process. Files are NumPy archives without pickled objects, and carry a checksum and what they fit.
What was rendered, and the random generators of spaces, are no part of it.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import plastenv
from plastenv import arrays
from plastenv.envs.batch import PatientBatch
from plastenv.envs.lives import Lives
from plastenv.files import whole
from plastenv.kernel import source_hash
from plastenv.model.calendar import COLUMNS
from plastenv.model.measure import Measurements
from plastenv.model.types import ModelState
from plastenv.patients.cohort import References
from plastenv.therapy.interventions import CATALOGUE
from plastenv.therapy.limits import CHANNELS, Record

FORMAT = 1
TREES = {"state": ModelState, "reference": References, "measured": Measurements, "record": Record}
SCALARS = ("ended", "burden", "restored", "start", "rated")


class SnapshotError(ValueError):
    """A snapshot that is damaged, or that does not fit the environment it is put into."""


@dataclass(frozen=True)
class Snapshot:
    """Patients as they were; `about` says what they fit, `named` holds their arrays."""

    about: dict[str, Any]
    named: dict[str, np.ndarray]

    def save(self, path: Path | str) -> None:
        """Write a file that appears whole or not at all."""
        about = json.dumps(self.about | {"checksum": self._checksum()})
        with whole(Path(path)) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, allow_pickle=False, about=np.array(about), **self.named)

    @classmethod
    def load(cls, path: Path | str) -> "Snapshot":
        """Read a file. Raises SnapshotError for one that is damaged or no snapshot, and OSError."""
        try:
            with np.load(path, allow_pickle=False) as file:
                named = {name: file[name] for name in file.files}
            about = json.loads(str(named.pop("about")))
            checksum = about.pop("checksum")
        except OSError:
            raise
        except Exception as error:  # a damaged archive can make NumPy and zlib raise anything
            raise SnapshotError(f"{path}: is not a snapshot, or is damaged ({error})") from None
        snapshot = cls(about, named)
        if checksum != snapshot._checksum():
            raise SnapshotError(f"{path}: is damaged: its checksum does not fit")
        return snapshot

    def _checksum(self) -> str:
        digest = hashlib.sha256(json.dumps(self.about, sort_keys=True).encode())
        for name in sorted(self.named):
            array = self.named[name]
            digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def _about(batch: PatientBatch) -> dict[str, Any]:
    """Return what a snapshot has to fit."""
    task = json.dumps(batch.scenario.model_dump(mode="json"), sort_keys=True)
    return {
        "format": FORMAT,
        "version": plastenv.__version__,
        "kernels": source_hash(),
        "scenario": batch.scenario.name,
        "task": hashlib.sha256(task.encode()).hexdigest()[:16],
        "interventions": hashlib.sha256(repr((CHANNELS, CATALOGUE)).encode()).hexdigest()[:16],
        "rows": batch.rows,
        **{name: value for name, value in batch.options.items() if name != "threads"},
    }


def _named(batch: PatientBatch) -> dict[str, np.ndarray]:
    """Return everything that a batch keeps, not copied."""
    kept = batch.kept()
    named = {name: kept[name] for name in SCALARS}
    for name in TREES:
        named |= arrays.flatten(kept[name], f"{name}.")
    named["calendar"] = np.concatenate(kept["calendars"])
    named["events"] = np.array([len(calendar) for calendar in kept["calendars"]])
    return named


def _fits(batch: PatientBatch, named: dict[str, np.ndarray]) -> None:
    """Refuse arrays that are not of the shapes and types that this batch gives them."""
    like = dict.fromkeys(("seeds", "episodes"), np.zeros(batch.rows, np.int64))
    like |= {} if batch.state is None else _named(batch)
    for name, array in named.items():
        own = like.get(name, array)
        open_ended = 1 if name == "calendar" else 2 if name.startswith("record.") else array.ndim and own.ndim
        if name != "calendar" and array.shape[:1] != (batch.rows,):
            raise SnapshotError(f"snapshot: {name} has the shape {array.shape}, expected {batch.rows} rows")
        if array.dtype != own.dtype or array.ndim != own.ndim or array.shape[1:open_ended] != own.shape[1:open_ended]:
            expected = f"{own.shape}, {own.dtype}"
            raise SnapshotError(f"snapshot: {name} is {array.shape}, {array.dtype}, expected {expected}")
    if named["calendar"].shape != (named["events"].sum(), COLUMNS):
        raise SnapshotError(f"snapshot: calendar has the shape {named['calendar'].shape}, which does not fit events")


def take(lives: Lives) -> Snapshot:
    """Return the patients of a batch as they are now. Raises RuntimeError before the first reset."""
    batch = lives.batch
    if batch.state is None:
        raise RuntimeError("there is nothing to keep before reset")
    named = {name: array.copy() for name, array in _named(batch).items()}
    named["seeds"], named["episodes"] = np.array(lives.seeds, np.int64), np.array(lives.episodes, np.int64)
    return Snapshot(_about(batch), named)


def put_back(lives: Lives, snapshot: Snapshot) -> None:
    """Go on from `snapshot`. Raises SnapshotError, before anything has changed, for one that does not fit."""
    own, given = _about(lives.batch), snapshot.about
    for name in own.keys() | given.keys():
        if own.get(name) != given.get(name):
            raise SnapshotError(f"snapshot: {name} = {given.get(name)!r}, expected {own.get(name)!r}")
    named = snapshot.named
    try:
        _fits(lives.batch, named)
        kept: dict[str, Any] = {name: named[name].copy() for name in SCALARS}
        for name, kind in TREES.items():
            kept[name] = arrays.copy(arrays.unflatten(kind, named, f"{name}."))
        ends = np.cumsum(named["events"])[:-1]
        kept["calendars"] = [calendar.copy() for calendar in np.split(named["calendar"], ends)]
        seeds, episodes = named["seeds"].tolist(), named["episodes"].tolist()
    except KeyError as error:
        raise SnapshotError(f"snapshot: is incomplete ({error})") from None
    lives.batch.put_back(kept)
    lives.seeds, lives.episodes = seeds, episodes
