"""Check the claims of the main job on 64 test patients and write docs/evidence/main_job.json.

    python tests/acceptance/main_job.py [--patients 64] [--split test]

Prints each claim with its figure; doubled limits are judged on twice as many patients. Ten minutes on two cores;
outcomes are kept in runs/main_job/, so that an interrupted run goes on where it stopped.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from evidence import keep, origin, tell

from plastenv import arrays, rng
from plastenv.envs.batch import PatientBatch
from plastenv.evaluation.comparison import Comparison, schedules
from plastenv.evaluation.kept import load_outcome, outcome_path, save_outcome, task_hash
from plastenv.evaluation.rollout import Outcome, Schedule, run
from plastenv.evaluation.statistics import interval
from plastenv.model.advance import advance, remembering
from plastenv.model.calendar import lay_out
from plastenv.model.measure import measure
from plastenv.model.types import DAY
from plastenv.patients.cohort import Patients
from plastenv.scenarios.scenario import Scenario, load_scenario

ROOT = Path(__file__).parents[2]
EVIDENCE, KEPT = ROOT / "docs" / "evidence" / "main_job.json", ROOT / "runs" / "main_job"
BEATEN = ("training-spaced", "training-then-window", "window-long-before-training", "window-alone")


def kept(path: Path, compute: Any) -> Outcome:
    """Return the outcome stored at `path`, or compute and store it."""
    if path.exists():
        return load_outcome(path)
    outcome: Outcome = compute()
    save_outcome(path, outcome)
    return outcome


def compared(task: Scenario, split: str, number: int) -> Comparison:
    """Run the library; what has been run before is not run again."""
    comparison = Comparison(task, split, range(number), 0, Patients(task.recipe, split).hash)
    for schedule in schedules([], task):
        name, path = schedule.name, outcome_path(KEPT / comparison.task_hash, schedule, range(number), 0)
        comparison.outcomes[name] = kept(path, lambda schedule=schedule: run(task, schedule, split, range(number), 0))
        comparison.schedules[name] = schedule
        print(f"  {name}: {np.mean(comparison.outcomes[name].score):.1f}", flush=True)
    return comparison


def near_limit(task: Scenario, late: np.ndarray) -> float:
    """Return the share of the late weights there are that lie within 1 % of their limit."""
    return float(np.mean(late[late > 1e-4] > 0.99 * task.molecular.consolidation.late_max))


def treated(task: Scenario, schedule: Schedule, split: str, number: int) -> np.ndarray:
    """Return late weights when treatment by `schedule` has ended."""
    batch = PatientBatch(task, number, patients=split)
    batch.reset(range(number), [0] * number, patients=range(number))
    assert schedule.protocol is not None
    batch.prescribe(range(number), schedule.protocol)
    while not batch.ended.all():
        batch.step(np.zeros(number, np.int64))
    return batch.state.circuit.late


def doubled(task: Scenario) -> Scenario:
    """Return the task with every limit of a synapse doubled; its cohort is developed anew."""
    rule, consolidation = task.circuit.plasticity, task.molecular.consolidation
    return load_scenario(
        task.name,
        circuit=task.circuit._replace(plasticity=rule._replace(early_max=2 * rule.early_max)),
        molecular=task.molecular._replace(consolidation=consolidation._replace(late_max=2 * consolidation.late_max)),
    )


def flips(results: dict[str, Any], outcomes: dict[str, Outcome]) -> list[str]:
    """Return the pairs whose interval excludes 0 in `results` and whose order is the other way in `outcomes`."""
    turned = []
    for pair in results["differences"]:
        other = float(np.mean(outcomes[pair["a"]].score - outcomes[pair["b"]].score))
        if pair["low"] * pair["high"] > 0.0 and other * pair["mean"] < 0.0:
            turned.append(f"{pair['a']} over {pair['b']}: {pair['mean']:.1f}, then {other:.1f}")
    return turned


def twins(split: str, number: int) -> float:
    """Run the untreated course in two processes and return the largest difference."""
    code = (
        "import sys, numpy as np; from plastenv.evaluation.comparison import schedules;"
        "from plastenv.evaluation.rollout import run; from plastenv.scenarios.scenario import load_scenario;"
        f"task = load_scenario('Fear'); s = next(s for s in schedules([], task) if s.name == 'untreated');"
        f"np.save(sys.argv[1], run(task, s, '{split}', range({number}), 0).function_followup)"
    )
    ends = []
    for k in range(2):
        path = Path(f"/tmp/plastenv-twin-{os.getpid()}-{k}.npy")
        subprocess.run([sys.executable, "-c", code, str(path)], check=True)
        ends.append(np.load(path))
        path.unlink()
    return float(np.abs(ends[0] - ends[1]).max())


def drift(task: Scenario, split: str, number: int) -> dict[str, float]:
    """Drift of raw untreated function over twelve weeks, per patient the mean of two noise seeds."""
    cohort = Patients(task.recipe, split).take(range(number))
    gap = cohort.premorbid_function - cohort.untreated
    before = measure(cohort.patient, task.params, task.read_outs).function
    each = []
    for seed in (1000, 2000):
        state = remembering(arrays.copy(cohort.patient), task.params)
        state.key[:] = [rng.derive(key, seed) for key in state.key]
        advance(state, lay_out([[]] * number), task.params, 84 * DAY)
        each.append((measure(state, task.params, task.read_outs).function - before) / gap)
    patients = np.abs(np.mean(each, 0))
    return {
        "mean": float(abs(np.mean(each))),
        "p90_of_patients": float(np.quantile(patients, 0.9)),
        "p90_of_patients_and_seeds": float(np.quantile(np.abs(each), 0.9)),
    }


def same(one: Outcome, other: Outcome) -> bool:
    """Say whether two outcomes agree in every bit, the course left out."""
    return all(a.tobytes() == b.tobytes() for a, b in zip(one[:-1], other[:-1], strict=True))


def rows_alone(task: Scenario, schedule: Schedule, split: str) -> bool:
    """Say whether every row of a batch of 32 is bit-identical to a batch of one over whole episodes."""
    together = run(task, schedule, split, range(32), 0, threads=1)
    return all(same(arrays.take(together, [k]), run(task, schedule, split, [k], k, threads=1)) for k in range(32))


def intervals_alike(task: Scenario, schedule: Schedule, split: str) -> bool:
    """Say whether decisions every 4, 12 and 24 hours give the same outcome, and a second run too."""
    first, *others = (
        run(task, schedule, split, range(8), 0, decision_hours=hours)._replace(resource=np.zeros(8), burden=np.zeros(8))
        for hours in (24, 24, 12, 4)
    )
    return all(same(first, other) for other in others)


def main() -> None:
    """Check every claim and write the evidence."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--patients", type=int, default=64)
    parser.add_argument("--split", default="test")
    arguments = parser.parse_args()
    number, split, begun = arguments.patients, arguments.split, time.time()
    task = load_scenario("Fear")
    comparison = compared(task, split, number)
    outcomes, results = comparison.outcomes, comparison.results()
    score = {row["name"]: row["score"]["mean"] for row in results["schedules"]}
    best, most = outcomes["window-then-training"], outcomes["everything-at-maximum"]
    differences = {name: interval(best.score - outcomes[name].score) for name in BEATEN}
    quiet, busy = outcomes["untreated"].turnover / task.horizon_days, outcomes["training-spaced"]
    protocol = next(s for s in schedules([], task) if s.name == "training-spaced").protocol
    assert protocol is not None
    sessions = len(protocol.administrations)
    training_day = (busy.turnover - outcomes["untreated"].turnover) / sessions + quiet

    objective = task.objective.model_copy(update={"burden": 0.0, "refused": 0.0, "seizure": 0.0})
    unpriced = task.model_copy(update={"objective": objective})
    everything = next(s for s in schedules([], task) if s.name == "everything-at-maximum")
    source = Patients(task.recipe, split)
    cohort = source.take(range(number))
    free = kept(
        outcome_path(KEPT / task_hash(unpriced, split, source.hash) / "free", everything, range(number), 0),
        lambda: run(unpriced, everything, split, range(number), 0, terminations=False),
    )
    memory_lost = most.harm - task.objective.seizure * most.seizures
    trained = next(s for s in schedules([], task) if s.name == "window-then-training")
    near = {
        "before": near_limit(task, arrays.flatten(cohort.patient)["circuit.late"]),
        "after window-then-training": near_limit(task, treated(task, trained, split, number)),
    }
    used = {name: float(outcome.resource.max()) for name, outcome in outcomes.items()}
    many = min(2 * number, Patients(task.recipe, split).size)  # scores of single patients move by 20 points either way
    wide, again = compared(task, split, many), compared(doubled(task), split, many)
    moved = {name: float(np.mean(again.outcomes[name].score - wide.outcomes[name].score)) for name in score}
    claims: dict[str, Any] = {
        "twin_difference": twins(split, number),
        "drift": drift(task, split, number),
        "everyday_turnover_share": float(quiet.mean() / training_day.mean()),
        "window_then_training": score["window-then-training"],
        "differences": {name: value._asdict() for name, value in differences.items()},
        "window_alone": score["window-alone"],
        "everything_at_maximum": {
            "score": float(most.score.mean()),
            "harm": float(most.harm.mean()),
            "harm_by_probes": float(memory_lost.mean()),
        },
        "everything_free_of_costs": {"score": float(free.score.mean()), "harm": float(free.harm.mean())},
        "weights_near_limit": near,
        "resource_used": used,
        "limits_doubled": {
            "patients": many,
            "score_moves_by": moved,
            "flipped": flips(wide.results(), again.outcomes),
        },
        "premorbid": float(cohort.premorbid_function.mean()),
        "untreated": float(cohort.untreated.mean()),
    }
    holds = {
        "rows of 32 are bit-identical to batches of one": rows_alone(task, trained, split),
        "the same at decisions every 4, 12 and 24 h, and twice": intervals_alike(task, trained, split),
        "twin is exact": claims["twin_difference"] == 0.0,
        "drift below 5 % and 15 %": claims["drift"]["mean"] < 0.05 and claims["drift"]["p90_of_patients"] < 0.15,
        "everyday turnover at least 20 % of a training day": claims["everyday_turnover_share"] >= 0.20,
        "window-then-training beats the four": all(value.low > 0.0 for value in differences.values()),
        "window-then-training scores at least 40": claims["window_then_training"] >= 40.0,
        "window-alone scores at most 5": claims["window_alone"] <= 5.0,
        "everything at maximum harms": most.score.mean() < 0.0 and memory_lost.mean() >= 10.0,
        "and without costs or terminations": free.score.mean() < 0.0 and free.harm.mean() >= 10.0,
        "doubled limits flip no pair": not claims["limits_doubled"]["flipped"],
        "doubled limits move no score by more than 5": max(map(abs, moved.values())) <= 5.0,
        "at most 0.1 % of weights near their limit": max(near.values()) <= 1e-3,
        "no neuron above 90 % of its resource": max(
            value for name, value in used.items() if name != "everything-at-maximum"
        ) <= 0.9,
    }  # fmt: skip
    evidence = {**origin(begun), "patients": number, "split": split, "holds": holds, "figures": claims}
    keep(EVIDENCE, evidence | {"results": results})
    print(json.dumps(claims, indent=1))
    tell(holds)


if __name__ == "__main__":
    main()
