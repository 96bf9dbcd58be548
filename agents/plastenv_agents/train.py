"""Train PPO on a scenario and compare it with the hand-designed schedules.

Reads from top to bottom: what a run leaves behind, what is logged, then `run`: patients, folder, network, training,
comparison. The arguments stand in config.py.
"""

import platform
import shutil
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
import yaml
from rich.progress import Progress
from sb3_contrib import MaskablePPO
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import CSVOutputFormat, Logger, TensorBoardOutputFormat
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.utils import LinearSchedule

import plastenv
from plastenv.evaluation.comparison import Comparison, schedules, write_json
from plastenv.evaluation.kept import task_hash
from plastenv.evaluation.rollout import Schedule
from plastenv.evaluation.statistics import interval
from plastenv.files import whole
from plastenv.lab.battery import commit
from plastenv.patients.cohort import Patients
from plastenv.report.progress import bars, grow
from plastenv.scenarios.scenario import Scenario
from plastenv_agents.config import TrainingConfig
from plastenv_agents.features import ScaledFeatures
from plastenv_agents.policies import TrainedPolicy
from plastenv_agents.sb3 import PatientVecEnv

ALGORITHMS: dict[str, type[OnPolicyAlgorithm]] = {"ppo": PPO, "maskable-ppo": MaskablePPO}
CONFIG, META, METRICS, MODEL, EVALUATION = "config.yaml", "meta.json", "metrics.csv", "model.zip", "evaluation.json"
TENSORBOARD = "tensorboard"  # folder of event files
LOGGED = {"score": "score", "harm": "harm", "burden": "burden", "function_followup": "function"}  # tag: of FollowUp


class FollowUpLog(BaseCallback):
    """Logs what follow-up found of the patients who ended since the last update, and moves the progress bar."""

    def __init__(self, tick: Callable[[int, float], None]) -> None:
        """`tick` is told the decisions so far and the latest mean score."""
        super().__init__()
        self._tick = tick
        self._found: list[dict[str, float]] = []
        self._score = float("nan")

    def _on_step(self) -> bool:
        self._found += [info["followup"] for info in self.locals["infos"] if "followup" in info]
        self._tick(self.num_timesteps, self._score)
        return True

    def _on_rollout_end(self) -> None:
        if self._found:
            for tag, field in LOGGED.items():
                self.logger.record(f"plastenv/{tag}", float(np.mean([found[field] for found in self._found])))
            self._score = float(np.mean([found["score"] for found in self._found]))
            self._found = []


def describe(config: TrainingConfig, task: Scenario, patients: Patients) -> dict[str, Any]:
    """Say what is run, where and on what."""
    return {
        "command": sys.argv,
        "version": plastenv.__version__,
        "commit": commit(),
        "task_hash": task_hash(task, patients.split, patients.hash),
        "seed": config.seed,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "machine": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "finished": False,
    }


def emptied(out: Path) -> None:
    """Make the folder of a run, without what an earlier run left in it."""
    out.mkdir(parents=True, exist_ok=True)
    for name in (CONFIG, META, METRICS, MODEL, EVALUATION):
        (out / name).unlink(missing_ok=True)
    shutil.rmtree(out / TENSORBOARD, ignore_errors=True)


def model_of(config: TrainingConfig, env: PatientVecEnv) -> OnPolicyAlgorithm:
    """Return an untrained model: two networks, policy and value, over scaled observations."""
    ppo = config.ppo
    settings = ppo.model_dump(exclude={"anneal", "hidden", "learning_rate"})
    rate = LinearSchedule(ppo.learning_rate, 0.0, 1.0) if ppo.anneal else ppo.learning_rate
    layers = {"features_extractor_class": ScaledFeatures, "net_arch": list(ppo.hidden)}
    make = ALGORITHMS[config.algorithm]
    return make("MlpPolicy", env, rate, seed=config.seed, device="cpu", policy_kwargs=layers, **settings)


def compared(
    comparison: Comparison, trained: Schedule, opponents: list[Schedule], config: TrainingConfig, progress: Progress
) -> dict[str, Any]:
    """Treat the same patients by all; return the results, and how far the trained one is ahead of the best other."""
    treating = progress.add_task("treating", total=len(comparison.patients) * (1 + len(opponents)))
    for schedule in (trained, *opponents):
        progress.update(treating, description=f"treating: {schedule.name}")
        options = config.environment.options if schedule is trained else {}
        comparison.add(schedule, partial(progress.advance, treating), **options)
    best = next(name for name in comparison.ranked() if name != trained.name)
    ahead = comparison.outcomes[trained.name].score - comparison.outcomes[best].score
    return {
        "trained": trained.name,
        "best_hand_designed": best,
        "difference": interval(ahead, comparison.seed)._asdict(),
        **comparison.results(),
    }


def run(config: TrainingConfig, out: Path) -> dict[str, Any]:
    """Train as `config` says, leave everything in `out` and return the evaluation.

    Raises ValueError for a configuration that does not fit, before anything is written.
    """
    # What could be wrong shows here.
    place = config.environment
    torch.set_num_threads(config.torch_threads)
    env = PatientVecEnv(
        place.rows,
        place.scenario,
        among=place.among,
        patients=place.patients,
        observe=place.observe,
        actions=place.actions,
        reward=place.reward,
        threads=place.threads,
    )
    task, tests = env.batch.scenario, config.evaluation
    opponents = schedules([], task)
    opponents += [s for s in schedules(tests.schedules, task) if tests.schedules and s.name != opponents[0].name]
    names = [config.name, *(schedule.name for schedule in opponents)]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two competitors are called '{name}'; expected different names")
    held_out = Patients(task.recipe, tests.split)
    model = model_of(config, env)

    # The folder of the run, and whom it is about.
    begun = time.monotonic()
    emptied(out)
    meta = describe(config, task, env.batch.patients)
    with whole(out / CONFIG) as temporary:
        temporary.write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False), "utf-8")
    write_json(out / META, meta)
    with bars() as progress:
        grow(env.batch.patients, range(env.batch.among), progress)
        grow(held_out, range(tests.patients), progress)
        grown = time.monotonic()

        # Training.
        model.set_logger(
            Logger(str(out), [CSVOutputFormat(str(out / METRICS)), TensorBoardOutputFormat(str(out / TENSORBOARD))])
        )
        training = progress.add_task("training", total=config.steps)

        def tick(steps: int, score: float) -> None:
            said = "training" if np.isnan(score) else f"training: score {score:.1f}"
            progress.update(training, completed=steps, description=said)

        try:
            model.learn(config.steps, callback=FollowUpLog(tick))
        except KeyboardInterrupt:
            progress.stop()
            typer.echo(f"stopped after {model.num_timesteps} decisions; what was logged is in {out}", err=True)
            raise typer.Exit(130) from None
        finally:
            model.logger.close()
        learned = time.monotonic()
        with whole(out / MODEL) as temporary, open(temporary, "wb") as file:
            model.save(file)

        # The comparison.
        trained = Schedule(config.name, "trained", f"{config.algorithm}, trained", policy=TrainedPolicy(model))
        comparison = Comparison(task, tests.split, range(tests.patients), tests.seed, held_out.hash)
        evaluation = compared(comparison, trained, opponents, config, progress)
    write_json(out / EVALUATION, evaluation)
    seconds = {
        "growing": grown - begun,
        "training": learned - grown,
        "comparison": time.monotonic() - learned,
        "total": time.monotonic() - begun,
    }
    write_json(out / META, meta | {"finished": True, "steps": model.num_timesteps, "seconds": seconds})
    best, ahead = evaluation["best_hand_designed"], evaluation["difference"]
    typer.echo(f"{config.name}: score {np.mean(comparison.outcomes[config.name].score):.1f}")
    typer.echo(f"ahead of {best} by {ahead['mean']:.1f} [{ahead['low']:.1f}, {ahead['high']:.1f}] points")
    typer.echo(f"{', '.join((CONFIG, META, METRICS, MODEL, EVALUATION, TENSORBOARD))} are in {out}")
    return evaluation
