"""The ablation matrix: every mechanism taken out of every study that passes intact, and what falls without it.

A cell is one study without one mechanism. Studies run intact first; those that fail cannot fall and are left out. Every
cell is kept in a file of its own as soon as it has finished, in a folder named after all that it depends on, so that
an interrupted run goes on where it stopped.
"""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from plastenv.files import whole
from plastenv.lab.ablation import MECHANISMS
from plastenv.lab.battery import Outcome, Runner, bench, origin, run_all, worth
from plastenv.lab.checks import StudyResult
from plastenv.lab.experiment import Experiment, sealed
from plastenv.lab.mentions import mentions
from plastenv.lab.source import identity
from plastenv.scenarios.parameters import SHIPPED

INTACT = "intact"  # stands for a mechanism where nothing is taken out
Key = tuple[str, str]  # mechanism, study


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of a study without a mechanism."""

    passed: bool | None  # None = not covered
    margin: float | None  # of the required check that comes closest to failing; None = it cannot be told
    values: str  # digest of every value, to the last bit
    seconds: float  # of computing


class Matrix:
    """Cells of studies and mechanisms, as they come in, and what follows from them."""

    def __init__(
        self, studies: Sequence[Experiment], mechanisms: Sequence[str], seeds: int | None = None, first: int = 0
    ) -> None:
        """Every study runs on the seeds first, first + 1, ...: `seeds` of them, or as many as its file asks for."""
        self.studies = {study.id: study for study in studies}
        self.mechanisms = list(mechanisms)
        self.seeds = {study.id: range(first, first + (seeds or study.seeds)) for study in studies}
        self.cells: dict[Key, Cell] = {}
        self.broken: dict[Key, str] = {}  # why a cell could not be run

    @property
    def passing(self) -> list[str]:
        """The studies that are known to pass intact."""
        return [name for name in self.studies if (cell := self.cells.get((INTACT, name))) and cell.passed]

    @property
    def total(self) -> int:
        """Number of cells, the intact ones included; smaller once it is known which studies pass intact."""
        known = sum(mechanism == INTACT for mechanism, _ in (*self.cells, *self.broken))
        able = len(self.studies) - known + len(self.passing)
        return len(self.studies) + able * len(self.mechanisms)

    @property
    def left(self) -> float:
        """Seconds of computing that are left, one cell at a time, by those that the intact studies took."""
        waiting = [study for name in self.mechanisms for study in self.passing if (name, study) not in self.cells]
        return sum(self.cells[INTACT, study].seconds for study in waiting)

    def verdict(self, mechanism: str, study: str) -> str | None:
        """Return what came of a cell; None = it has not finished.

        'untouched' has the values of the intact study to the last bit: what is taken out takes no part in it.
        """
        intact, cell = self.cells.get((INTACT, study)), self.cells.get((mechanism, study))
        if intact and not intact.passed:
            return "not covered" if intact.passed is None else "fails intact"
        if (mechanism, study) in self.broken or (INTACT, study) in self.broken:
            return "broken"
        if not intact or not cell:
            return None
        if cell.values == intact.values:
            return "untouched"
        return "stands" if cell.passed else "fell"

    def drop(self, mechanism: str, study: str) -> float | None:
        """Return by how much nearer to failing a study is without a mechanism, in the unit of margins of checks."""
        intact, cell = self.cells.get((INTACT, study)), self.cells.get((mechanism, study))
        if not intact or not cell or intact.margin is None or cell.margin is None:
            return None
        return intact.margin - cell.margin


class Shelf:
    """Where cells are kept: a file for each, which appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        """Keep cells in a folder of `folder` that is named after `identity`."""
        self.folder = folder / identity()

    def _path(self, matrix: Matrix, key: Key) -> Path:
        mechanism, study = key
        given = f"{matrix.studies[study].model_dump_json()} {matrix.seeds[study]}"
        return self.folder / mechanism / f"{study}-{hashlib.sha256(given.encode()).hexdigest()[:8]}.json"

    def find(self, matrix: Matrix, key: Key) -> Cell | None:
        """Return a cell that has finished before."""
        path = self._path(matrix, key)
        return Cell(**json.loads(path.read_text("utf-8"))) if path.exists() else None

    def keep(self, matrix: Matrix, key: Key) -> None:
        """Keep a cell of `matrix`."""
        path = self._path(matrix, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as temporary:
            temporary.write_text(json.dumps(asdict(matrix.cells[key])) + "\n", "utf-8")


def run_matrix(
    matrix: Matrix,
    shelf: Shelf,
    jobs: int = 2,
    report: Callable[[Key], None] | None = None,
    runner: Runner | None = None,
) -> None:
    """Fill `matrix`, `jobs` cells at a time, with what stands on `shelf` and by running the rest.

    `report((mechanism, study))` is called as cells are run. `runner` is that of `run_battery`. What cannot be run takes
    no other with it and is tried again next time.
    """
    _fill(matrix, [(INTACT, study) for study in matrix.studies], shelf, jobs, report, runner or bench)
    able = [(mechanism, study) for mechanism in matrix.mechanisms for study in matrix.passing]
    _fill(matrix, able, shelf, jobs, report, runner or bench)


def _fill(
    matrix: Matrix,
    keys: Sequence[Key],
    shelf: Shelf,
    jobs: int,
    report: Callable[[Key], None] | None,
    runner: Runner,
) -> None:
    matrix.cells |= {key: cell for key in keys if (cell := shelf.find(matrix, key))}

    def finished(key: Key, outcome: Outcome) -> None:
        if isinstance(outcome, StudyResult):
            matrix.cells[key] = _cell(outcome)
            shelf.keep(matrix, key)
        else:
            matrix.broken[key] = f"{type(outcome).__name__}: {outcome}"
        if report:
            report(key)

    calls = {}
    for key in keys:
        mechanism, study = key
        if key not in matrix.cells:
            ablate = () if mechanism == INTACT else (mechanism,)
            calls[key] = partial(runner, matrix.studies[study], matrix.seeds[study], ablate, SHIPPED)
    run_all(calls, jobs, finished)


def _cell(result: StudyResult) -> Cell:
    digest = hashlib.sha256()
    for name in sorted(result.values):
        digest.update(name.encode() + np.ascontiguousarray(result.values[name]).tobytes())
    margin = result.margin if math.isfinite(result.margin) else None
    return Cell(result.passed, margin, digest.hexdigest()[:16], result.seconds)


def _row(number: int, cells: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what fell without the mechanisms of a row of the physics table: first what does not name them."""
    own = [cell for cell in cells if cell["row"] == number]
    fallen = [
        {name: cell[name] for name in ("study", "mechanism", "margin", "names_it")}
        for cell in own
        if cell["verdict"] == "fell"
    ]
    return {
        "row": number,
        "mechanisms": list(dict.fromkeys(cell["mechanism"] for cell in own)),
        "load_bearing": not all(fall["names_it"] for fall in fallen),
        "fallen": sorted(fallen, key=lambda fall: (fall["names_it"], -(fall["margin"] or 0.0))),
    }


def collect_matrix(matrix: Matrix, seconds: float) -> dict[str, Any]:
    """Return everything that results.json holds, for the cells that have finished."""
    cells: list[dict[str, Any]] = [
        {
            "mechanism": name,
            "row": MECHANISMS[name].row,
            "study": study.id,
            "verdict": matrix.verdict(name, study.id),
            "margin": matrix.drop(name, study.id),
            "names_it": mentions(study, name),
        }
        for name in matrix.mechanisms
        for study in matrix.studies.values()
    ]
    studies = []
    for study in matrix.studies.values():
        intact, seeds = matrix.cells.get((INTACT, study.id)), matrix.seeds[study.id]
        studies.append(
            {
                "id": study.id,
                "title": study.title,
                "kind": worth(study.circular is not None, sealed(study)),
                "rows": list(study.rows),
                "seeds": len(seeds),
                "passed": intact.passed if intact else None,
                "margin": intact.margin if intact else None,
            }
        )
    return {
        "rows": [_row(number, cells) for number in sorted({cell["row"] for cell in cells})],
        "cells": cells,
        "mechanisms": [
            {"name": name, "row": MECHANISMS[name].row, "does": MECHANISMS[name].does} for name in matrix.mechanisms
        ],
        "studies": studies,
        "broken": [{"mechanism": key[0], "study": key[1], "error": error} for key, error in matrix.broken.items()],
        "unfinished": sum(cell["verdict"] is None for cell in cells),
        **origin(seconds),
    }
