"""Find a patient's traits from what a clinic and its laboratory see; write docs/evidence/recovery.json and .png.

    python tests/acceptance/recovery.py [--train 256] [--test 64]

Patients of the train split are probed for two weeks: five days as they are, one dose of the rapid opener, one day of
training. What is seen (ratings and biomarkers, with their errors and missed visits) is averaged over phases of the
fortnight, and a ridge regression, its strength chosen by cross-validation, learns each trait from that. Patients of
the test split say how well. The same without errors and missed visits tells what more or better visits could find: a
trait that is not found then either leaves no trace that is linear in these means or has too small a spread to matter.
"""

import argparse
import time
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from evidence import ROOT, origin
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from plastenv.envs.batch import PatientBatch
from plastenv.envs.biomarkers import BIOMARKERS
from plastenv.envs.observations import channels
from plastenv.evaluation.comparison import write_json
from plastenv.model.types import Traits
from plastenv.scenarios.scenario import Scenario, load_scenario

EVIDENCE = ROOT / "docs" / "evidence" / "recovery.json"
PROBES = {5: "rapid-opener", 9: "training-twice"}  # day -> action of the menu; on others the patient waits
DAYS = 14
PHASES = {  # looks, each at the midnight that ends a day; 0 = before the first
    "before": range(0, 6),
    "dose": range(6, 7),
    "days after the dose": range(7, 10),
    "training": range(10, 11),
    "days after training": range(11, DAYS + 1),
}
SEEN = ("symptoms", *BIOMARKERS)
LOGARITHMIC = ("induction", "protein_threshold", "clearance")  # traits that are factors
PENALTIES = np.logspace(-2, 4, 25)
FOLDS, RESAMPLES = 8, 2000
COLOURS = {"as seen": "#0072B2", "without errors": "#D55E00"}


class Fit(NamedTuple):
    """A ridge regression of one trait on standardised features."""

    centre: np.ndarray  # (features,)
    scale: np.ndarray  # (features,)
    weights: np.ndarray  # (features,)
    mean: float
    penalty: float

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Return what is expected of the trait, (patients,)."""
        return self.mean + (features - self.centre) / self.scale @ self.weights


def exact(task: Scenario) -> Scenario:
    """Return the task without errors of measurement and missed visits; its patients stay the same."""
    errors = dict.fromkeys(type(task.observation).model_fields, 0.0)
    return task.model_copy(update={"observation": task.observation.model_copy(update=errors)})


def probed(task: Scenario, split: str, number: int) -> tuple[np.ndarray, Traits]:
    """Return what is seen of the first patients of a split, (patients, looks, channels), and their traits."""
    batch = PatientBatch(task, number, patients=split, observe="biomarkers")
    names = [channel.name for channel in channels(task, "biomarkers")]
    columns, menu = [names.index(name) for name in SEEN], list(task.menu)
    looks = [batch.reset(range(number), [0] * number, patients=range(number))[:, columns]]
    for day in range(DAYS):
        action = menu.index(PROBES.get(day, "wait"))
        looks.append(batch.step(np.full(number, action)).observation[:, columns])
    assert batch.state is not None
    return np.stack(looks, 1).astype(float), batch.state.traits


def summarised(looks: np.ndarray) -> np.ndarray:
    """Return the mean of every channel over every phase, but for the first less that of the first."""
    means = np.stack([looks[:, list(phase)].mean(1) for phase in PHASES.values()], 1)
    means[:, 1:] -= means[:, :1]
    return means.reshape(len(means), -1)


def truth(traits: Traits, affected: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Return every trait, (patients,): factors as logarithms, adversity as the mean over the cues that it hits."""
    found = {name: np.asarray(value, float) for name, value in traits._asdict().items() if name != "adversity"}
    found |= {name: np.log(found[name]) for name in LOGARITHMIC}
    return found | {"adversity": traits.adversity[:, list(affected)].mean(1)}


def ridge(features: np.ndarray, target: np.ndarray, penalty: float) -> Fit:
    """Fit `target`, (patients,), by ridge regression."""
    centre, spread = features.mean(0), features.std(0)
    scale = np.where(spread > 0.0, spread, 1.0)
    standard = (features - centre) / scale
    gram = standard.T @ standard + penalty * np.eye(standard.shape[1])
    return Fit(centre, scale, np.linalg.solve(gram, standard.T @ (target - target.mean())), target.mean(), penalty)


def fitted(features: np.ndarray, target: np.ndarray) -> Fit:
    """Fit `target` with the penalty that predicts best what is left out of the fit, `FOLDS` times."""
    folds = np.random.default_rng(0).permutation(len(target)) % FOLDS

    def error(penalty: float) -> float:
        missed = [
            ridge(features[folds != fold], target[folds != fold], penalty)(features[folds == fold])
            - target[folds == fold]
            for fold in range(FOLDS)
        ]
        return float(np.mean(np.concatenate(missed) ** 2))

    return ridge(features, target, min(PENALTIES, key=error))


def agreement(true: np.ndarray, found: np.ndarray, usual: float) -> dict[str, Any]:
    """Return R² over the guess `usual`, and the rank correlation, each with its 95 % bootstrap interval."""

    def explained(rows: np.ndarray) -> float:
        return float(1.0 - np.sum((true - found)[rows] ** 2) / np.sum((true[rows] - usual) ** 2))

    def ranked(rows: np.ndarray) -> float:
        return float(stats.spearmanr(true[rows], found[rows]).statistic) if np.ptp(found[rows]) > 0.0 else 0.0

    draws = np.random.default_rng(0).integers(len(true), size=(RESAMPLES, len(true)))
    everyone, results = np.arange(len(true)), {}
    for name, measure in (("r2", explained), ("rank", ranked)):
        low, high = np.quantile([measure(rows) for rows in draws], (0.025, 0.975))
        results[name] = {"mean": measure(everyone), "low": float(low), "high": float(high)}
    return results


def scatter(panel: Axes, name: str, true: np.ndarray, found: np.ndarray, result: dict[str, Any]) -> None:
    """Draw what was found of a trait over what is true."""
    edges = (min(true.min(), found.min()), max(true.max(), found.max()))
    panel.plot(edges, edges, color="#bbbbbb", linewidth=0.8, zorder=0)
    panel.plot(true, found, "o", color=COLOURS["as seen"], markersize=3.5, alpha=0.7)
    unit = "log " if name in LOGARITHMIC else ""
    panel.set_title(f"{unit}{name.replace('_', ' ')}", loc="left")
    panel.text(0.03, 0.97, f"R² {result['r2']['mean']:.2f}\nrank {result['rank']['mean']:.2f}", va="top",
               transform=panel.transAxes)  # fmt: skip
    panel.locator_params(nbins=4)
    panel.set_xlabel("true")
    panel.set_ylabel("estimated")


def draw(found: dict[str, tuple[np.ndarray, np.ndarray]], results: dict[str, Any], path: Path) -> None:
    """Draw a panel for each trait and one that compares R² with and without errors of measurement."""
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(11.5, 5.6), layout="constrained")
        panels = figure.subplots(2, 4).flat
        for panel, (name, (true, guess)) in zip(panels, found.items(), strict=False):
            scatter(panel, name, true, guess, results[name]["as seen"])
        last = figure.axes[-1]
        for shift, (how, colour) in zip((-0.15, 0.15), COLOURS.items(), strict=True):
            for place, name in enumerate(results):
                r2 = results[name][how]["r2"]
                low, high = (float(np.clip(r2[edge], -0.5, 1.0)) for edge in ("low", "high"))
                last.plot((low, high), (place + shift,) * 2, color=colour, linewidth=2.0)
                last.plot(
                    max(r2["mean"], -0.5),
                    place + shift,
                    "o",
                    color=colour,
                    markersize=4,
                    label=how if not place else None,
                )
        last.set_yticks(range(len(results)), [name.replace("_", " ") for name in results])
        last.invert_yaxis()
        last.axvline(0.0, color="#bbbbbb", linewidth=0.8, zorder=0)
        last.set_title("R² on test patients", loc="left")
        last.legend(frameon=False, fontsize=8)
        figure.savefig(path, dpi=150, format="png")


def main() -> None:
    """Probe, regress, and write the evidence."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--train", type=int, default=256)
    parser.add_argument("--test", type=int, default=64)
    arguments = parser.parse_args()
    begun, task = time.time(), load_scenario("Fear")
    results: dict[str, dict[str, Any]] = {}
    shown: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for how, scenario in (("as seen", task), ("without errors", exact(task))):
        parts = {split: probed(scenario, split, number) for split, number in vars(arguments).items()}
        features = {split: summarised(looks) for split, (looks, _) in parts.items()}
        traits = {split: truth(own, task.population.affected) for split, (_, own) in parts.items()}
        for name, target in traits["train"].items():
            fit = fitted(features["train"], target)
            true, guess = traits["test"][name], fit(features["test"])
            result = agreement(true, guess, fit.mean) | {"penalty": fit.penalty}
            results.setdefault(name, {})[how] = result
            if how == "as seen":
                shown[name] = true, guess
            print(f"{how}: {name}: R2 {result['r2']['mean']:.2f}, rank {result['rank']['mean']:.2f}", flush=True)
    write_json(
        EVIDENCE,
        {
            **origin(begun),
            "patients": vars(arguments),
            "probes": {f"day {day}": action for day, action in PROBES.items()},
            "days": DAYS,
            "channels": list(SEEN),
            "phases": list(PHASES),
            "traits": results,
        },
    )
    draw(shown, results, EVIDENCE.with_suffix(".png"))


if __name__ == "__main__":
    main()
