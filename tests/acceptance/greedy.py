"""One-step look-ahead on snapshots, full state and dense reward (gamma = 0), against the best hand-designed schedule.

    python tests/acceptance/greedy.py [--patients 64]

Every day every legal action is tried from a snapshot, and the one is taken that pays most at once; ties go to the
first. Writes docs/evidence/greedy.json. A few minutes on two cores.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from evidence import origin, tell

from plastenv.envs.vector import PatientVectorEnv
from plastenv.evaluation.comparison import Comparison, schedules, write_json
from plastenv.evaluation.statistics import interval
from plastenv.patients.cohort import Patients
from plastenv.scenarios.scenario import load_scenario

ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT / "docs" / "evidence" / "greedy.json"
BEHIND = 15.0  # points that short sight has to cost


def greedy(patients: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return scores, (patients,), and how often each action was taken, (actions,)."""
    env = PatientVectorEnv(patients, "Fear", autoreset_mode="Disabled", patients="test", observe="state", threads=2)
    _, info = env.reset(seed=seed, options={"patients": list(range(patients))})
    score, taken = np.full(patients, np.nan), np.zeros(env.single_action_space.n, np.int64)
    for _ in range(env.batch.scenario.horizon_days):
        kept, mask = env.snapshot(), info["action_mask"]
        paid = np.full(mask.T.shape, -np.inf)
        for action in np.flatnonzero(mask.any(0)):
            step = env.batch.step(np.where(mask[:, action] > 0, action, 0))
            paid[action] = np.where(mask[:, action] > 0, step.reward, -np.inf)
            env.restore(kept)
        chosen = paid.argmax(0)
        step = env.batch.step(chosen)
        taken += np.bincount(chosen[step.terminated | (env.batch.ended == 0)], minlength=len(taken))
        score = np.where(step.terminated, step.followup.score, score)
        info = {"action_mask": env.batch.masks()}
        if env.batch.ended.all():
            break
    return score, taken


def main() -> None:
    """Compare, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--patients", type=int, default=64)
    patients, begun, task = parser.parse_args().patients, time.time(), load_scenario("Fear")
    score, taken = greedy(patients, 0)
    comparison = Comparison(task, "test", range(patients), 0, Patients(task.recipe, "test").hash)
    for schedule in schedules([], task):
        comparison.add(schedule)
    best = comparison.ranked()[0]
    behind = interval(comparison.outcomes[best].score - score)
    evidence = {
        **origin(begun),
        "holds": behind.mean >= BEHIND,
        "greedy": interval(score)._asdict(),
        "best": {"name": best, **interval(comparison.outcomes[best].score)._asdict()},
        "behind": behind._asdict(),
        "taken": {name: int(n) for name, n in zip(task.menu, taken, strict=True) if n},
    }
    write_json(EVIDENCE, evidence)
    for key in ("greedy", "best", "behind", "taken"):
        print(key, evidence[key])
    tell({"behind the best": behind.mean >= BEHIND})


if __name__ == "__main__":
    main()
