"""The search for a parameter set: trials of a sampler in a journal that outlasts interruptions.

What a trial draws follows from how many are complete, so that a search that was stopped tries what it would have tried.
The first trial is where the search starts, and no trial is farther from it than `FAR`. CMA-ES spreads from there; TPE,
which would try anything in reach, is given its first trials.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import optuna
import yaml
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.samplers import BaseSampler, CmaEsSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from plastenv import rng
from plastenv.evaluation.comparison import write_json
from plastenv.files import whole
from plastenv.lab.battery import Runner
from plastenv.lab.calibration import Calibration
from plastenv.lab.objective import Score, independent, score

JOURNAL, BEST, DETAILS = "journal.log", "best.yaml", "best.json"
SAMPLER, FIRST = 18, 19  # words of the keys of samplers and of first trials
FAR = 1.0  # SD from the start, as far as a search goes
NEAR, NEIGHBOURS = 0.2, 10  # SD from the start of the first trials, and how many TPE is given
Report = Callable[[int, float, float], None]  # trials in the journal, loss of the last one, lowest loss


def _sampler(calibration: Calibration, done: int) -> BaseSampler:
    """Return the sampler for the trial after `done` others."""
    seed = int(rng.derive(SAMPLER, calibration.seed, done)) % 2**31
    return TPESampler(seed=seed) if calibration.sampler == "tpe" else CmaEsSampler(seed=seed)


def _reach(calibration: Calibration, name: str, place: float) -> FloatDistribution:
    """Return how far the search may move a parameter that starts at `place`, in SD from the shipped number."""
    low, high = calibration.candidates[name].range(name)
    return FloatDistribution(max(low, place - FAR), min(high, place + FAR))


def _given(calibration: Calibration, done: int, start: dict[str, float]) -> dict[str, float] | None:
    """Return the trial after `done` others, places by name, if it is not the sampler's to choose."""
    if done == 0:
        return start
    if calibration.sampler != "tpe" or done >= NEIGHBOURS:
        return None
    draw = rng.generator(int(rng.derive(FIRST, calibration.seed)), done)
    near = {}
    for name, place in start.items():
        reach = _reach(calibration, name, place)
        near[name] = min(max(place + NEAR * float(draw.standard_normal()), reach.low), reach.high)
    return near


def check_freedom(calibration: Calibration) -> int:
    """Return how many independent checks there are. Raises ValueError if there are more free parameters."""
    checks, free = independent(calibration.experiments), len(calibration.free)
    if free > checks:
        raise ValueError(
            f"free: {free} parameters, but {checks} independent checks; expected at most as many parameters"
        )
    return checks


def opened(calibration: Calibration, folder: Path) -> optuna.Study:
    """Return the search that `folder` holds, or a new one. Raises ValueError if it is another one's."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    folder.mkdir(parents=True, exist_ok=True)
    journal, digest = folder / JOURNAL, calibration.digest()
    try:
        storage = JournalStorage(JournalFileBackend(str(journal)))
        study = optuna.create_study(storage=storage, study_name="calibration", load_if_exists=True)
    except (json.JSONDecodeError, KeyError, TypeError):
        raise ValueError(f"{journal}: is no journal of a search; expected another name or folder") from None
    if study.user_attrs.get("digest", digest) != digest:
        raise ValueError(
            f"{journal}: has trials with other studies, priors, numbers or code; expected another name or folder"
        )
    study.set_user_attr("digest", digest)
    return study


def complete(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that are complete."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def search(
    calibration: Calibration,
    folder: Path,
    report: Report,
    start: dict[str, float] | None = None,
    runner: Runner | None = None,
) -> None:
    """Try parameter sets until `folder` holds as many trials as `calibration` asks for; write the best at the end.

    The first trial is `start`, places by name, or the shipped numbers. Raises ValueError for more free parameters than
    independent checks and if a study cannot be run with those of the first trial.
    """
    checks = check_freedom(calibration)
    study = opened(calibration, folder)
    for left in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):  # by an interruption
        study.tell(left.number, state=TrialState.FAIL)
    begin = {name: (start or {}).get(name, 0.0) for name in calibration.free}
    space: dict[str, BaseDistribution] = {name: _reach(calibration, name, place) for name, place in begin.items()}
    try:
        while (done := len(complete(study))) < calibration.trials:
            study.sampler = _sampler(calibration, done)
            given = _given(calibration, done, begin)
            if given and not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
                study.enqueue_trial(given)
            trial = study.ask(space)
            found = score(calibration, trial.params, runner)
            if done == 0 and found.broken:
                study.tell(trial, state=TrialState.FAIL)
                raise ValueError("; ".join(f"{name} cannot be run: {why}" for name, why in found.broken.items()))
            trial.set_user_attr("score", asdict(found))
            study.tell(trial, found.loss)
            report(done + 1, found.loss, study.best_value)
    finally:
        if complete(study):
            write_best(calibration, study, folder, checks)


def write_best(calibration: Calibration, study: optuna.Study, folder: Path, checks: int) -> None:
    """Write the best set of a search to `folder`: best.yaml as a file of parameters, best.json with its margins."""
    trials = complete(study)
    first, best = trials[0], study.best_trial
    found = Score(**best.user_attrs["score"])
    values = calibration.values(best.params)
    details: dict[str, Any] = {
        "name": calibration.name,
        "trials": len(trials),
        "trial": best.number,
        "independent_checks": checks,
        "free_parameters": len(values),
        "first_loss": first.value,
        "loss": found.loss,
        "misfit": found.misfit,
        "penalty": found.penalty,
        "parameters": values,
        "places": best.params,
        "studies": found.studies,
        "checks": found.margins,
        "broken": found.broken,
        "digest": calibration.digest(),
    }
    write_json(folder / DETAILS, details)
    margins = {name: "not told" if margin is None else f"{margin:+.2f}" for name, margin in found.studies.items()}
    lines = [
        f"# Best of {len(trials)} trials of '{calibration.name}': loss {found.loss:.4f} (studies {found.misfit:.4f}, "
        f"priors {found.penalty:.4f}); the first trial had {first.value:.4f}.",
        "# Margin of every study, its worst check's:",
        *(f"#   {name}: {margin}" for name, margin in margins.items()),
        yaml.safe_dump(values, sort_keys=False),
    ]
    with whole(folder / BEST) as temporary:
        temporary.write_text("\n".join(lines), "utf-8")
