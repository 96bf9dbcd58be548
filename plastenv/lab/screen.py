"""Which candidates matter: every one alone, an SD of its prior down and up, against the shipped numbers."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from plastenv.evaluation.comparison import write_json
from plastenv.lab.battery import Runner
from plastenv.lab.calibration import Calibration
from plastenv.lab.objective import Score, independent, score, worst
from plastenv.scenarios.parameters import row

STEPS = {"down": -1.0, "up": 1.0}  # SD
Report = Callable[[str], None]  # candidate that has been looked at


def bounded(margin: float | None) -> float:
    """Return a margin on a scale from -1 to 1, on which what is far from 0 counts little; -1 if it cannot be told."""
    return -1.0 if margin is None else margin / (1.0 + abs(margin))


def screen(calibration: Calibration, path: Path, report: Report, runner: Runner | None = None) -> dict[str, Any]:
    """Look at every candidate and return them in order of effect; `path` keeps the scores, so that a stop loses one.

    Raises ValueError if a study cannot be run with the shipped numbers, or for a file that no screen has left.
    """
    digest = calibration.digest("free", "sampler", "seed")
    kept = _kept(path, digest)

    def scored(key: str, places: dict[str, float]) -> Score:
        if key not in kept:
            kept[key] = asdict(score(calibration, places, runner))
            write_json(path, {"digest": digest, "scores": kept})
        return Score(**kept[key])

    path.parent.mkdir(parents=True, exist_ok=True)
    shipped = scored("shipped", {})
    if shipped.broken:
        raise ValueError("; ".join(f"{name} cannot be run: {why}" for name, why in shipped.broken.items()))
    candidates = []
    for name in calibration.candidates:
        moved = {step: scored(f"{name} {step}", {name: z}) for step, z in STEPS.items()}
        candidates.append(_effect(calibration, name, shipped, moved))
        report(name)
    candidates.sort(key=lambda each: (-each["loss_effect"], -each["margin_effect"]))
    found = {
        "name": calibration.name,
        "independent_checks": independent(calibration.experiments),
        "misfit": shipped.misfit,
        "studies": shipped.studies,
        "candidates": candidates,
    }
    write_json(path, {**found, "digest": digest, "scores": kept})
    return found


def _kept(path: Path, digest: str) -> dict[str, Any]:
    """Return the scores that an earlier screen of the same calibration has left at `path`.

    Raises ValueError for a file that no screen has left.
    """
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
        scores: dict[str, Any] = found["scores"] if found["digest"] == digest else {}
    except (ValueError, LookupError, TypeError):
        raise ValueError(f"{path}: is not what a screen leaves; move it, or choose another folder") from None
    return scores


def _effect(calibration: Calibration, name: str, shipped: Score, moved: dict[str, Score]) -> dict[str, Any]:
    """Say what a candidate does: to the studies' part of the loss, and to margins on the scale of `bounded`."""
    prior = calibration.candidates[name]
    shifts: dict[str, list[float]] = {}
    for other in moved.values():
        for study, checks in shipped.margins.items():
            now = other.margins[study]
            shifts.setdefault(study, []).extend(
                abs(bounded(now.get(check)) - bounded(margin)) for check, margin in checks.items()
            )
    most = max(shifts, key=lambda study: float(np.mean(shifts[study])))
    changes = {step: other.misfit - shipped.misfit for step, other in moved.items()}
    return {
        "name": name,
        "free": name in calibration.free,
        "shipped": row(name).value,
        "values": {step: prior.at(name, z) for step, z in STEPS.items()},
        "loss_change": changes,
        "loss_effect": float(np.mean(np.abs(list(changes.values())))),
        "margin_effect": float(np.mean([shift for each in shifts.values() for shift in each])),
        "most_moved": most,
        "lost": sorted({study for other in moved.values() for study in _lost(shipped, other)}),
    }


def _lost(shipped: Score, other: Score) -> list[str]:
    """Return the studies that pass with the shipped numbers and fail with the others."""
    return [
        study
        for study, checks in shipped.margins.items()
        if worst(list(checks.values())) >= 0.0 and not worst(list(other.margins[study].values())) >= 0.0
    ]
