"""Try to score without treating: CMA-ES under six restrictions; write docs/evidence/reward_hacking.json.

    python tests/acceptance/reward_hacking.py [--generations 30] [--only ATTACK ...]

An attack may give some interventions only, each as a course: first day, spacing, number, dose and hour. What limits
forbid is left out at no cost. Searched on train patients; what was found, the best candidate and the mean of the last
distribution, is scored on test patients. A quarter of an hour on two cores; finished attacks are kept in
runs/reward_hacking/ and not repeated.
"""

import argparse
import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cmaes import CMA
from evidence import origin, tell

from plastenv.envs.actions import decode
from plastenv.envs.batch import ENDINGS, PatientBatch
from plastenv.evaluation.comparison import write_json
from plastenv.evaluation.kept import task_hash
from plastenv.evaluation.statistics import interval
from plastenv.model.types import DAY, HOUR
from plastenv.scenarios.scenario import Scenario, load_scenario
from plastenv.therapy.interventions import BY_NAME, Administration
from plastenv.therapy.limits import record
from plastenv.therapy.protocol import Protocol

ROOT = Path(__file__).parents[2]
EVIDENCE, KEPT = ROOT / "docs" / "evidence" / "reward_hacking.json", ROOT / "runs" / "reward_hacking"
GENES, PATIENTS, TESTED, MOST = 5, 8, 64, 40  # per channel; patients searched and scored on; administrations
LIMIT = 10.0  # points that no attack may score
STAYED = -1000.0  # points of a patient who should have ended early and did not; burden brings it nearer


@dataclass(frozen=True)
class Attack:
    """What may be given, and at which doses (share of the largest)."""

    what: str
    kinds: tuple[str, ...] = ("drug", "stimulation")
    names: tuple[str, ...] | None = None  # of these kinds; None = all
    doses: tuple[float, float] = (0.0, 1.0)
    early: bool = False  # count patients only whose treatment ends early

    def channels(self, scenario: Scenario) -> list[tuple[str, str]]:
        """Return the channels that may be used."""
        return [
            (name, target)
            for name, target in scenario.channels
            if BY_NAME[name].kind in self.kinds and (self.names is None or name in self.names)
        ]


EVERYTHING = ("drug", "stimulation", "training", "environment")
ATTACKS = {
    "no-experience": Attack("every drug and stimulation; no training, no reminder, the usual environment"),
    "sedation": Attack("the anxiolytic alone", names=("anxiolytic",)),
    "silencing": Attack(
        "inhibition, sedation and blocked synthesis",
        names=("inhibitory-stimulation", "anxiolytic", "synthesis-blocker"),
    ),
    "early-drop-out": Attack("everything, counted only where treatment ends early", kinds=EVERYTHING, early=True),
    "sub-threshold": Attack(
        "a tenth of the largest dose at most, of everything",
        kinds=("drug", "stimulation", "training"),
        doses=(0.0, 0.1),
    ),
    "saturating-stimulation": Attack(
        "stimulation near its largest amplitude", kinds=("stimulation",), doses=(0.8, 1.0)
    ),
}


def schedule(genes: np.ndarray, attack: Attack, scenario: Scenario) -> Protocol:
    """Return the schedule that `genes`, (channels * 5,) in 0..1, stand for."""
    asked = []
    for (name, target), (first, spacing, number, dose, hour) in zip(
        attack.channels(scenario), genes.reshape(-1, GENES), strict=True
    ):
        what, (low, high) = BY_NAME[name], attack.doses
        every = max(1, round(what.interval_h / 24 + spacing * 7))
        for k in range(round(number * MOST)):
            day = int(first * scenario.horizon_days) + k * every
            start = day * DAY + (0 if what.kind == "environment" else int(8 + 8 * hour) * HOUR)
            amount = (low + dose * (high - low)) * what.max_dose
            asked.append(Administration(start, what.minutes * 60, name, target, amount))
    asked.sort(key=lambda given: given.time)
    given = decode(asked, 0, record(1, len(asked) + 1), scenario.end, False)
    return Protocol("attack", "", "", "", tuple(given))


def scores(protocols: list[Protocol], split: str, patients: int, scenario: Scenario) -> np.ndarray:
    """Return scores, whether treatment ended early, and burden, (3, protocols, patients)."""

    def part(own: list[Protocol]) -> np.ndarray:
        batch = PatientBatch(scenario, len(own) * patients, patients=split)
        batch.reset(list(range(patients)) * len(own), [0] * batch.rows, patients=list(range(patients)) * len(own))
        for k, protocol in enumerate(own):
            batch.prescribe(range(k * patients, (k + 1) * patients), protocol)
        score = np.full(batch.rows, np.nan)
        while not batch.ended.all():
            step = batch.step(np.zeros(batch.rows, np.int64))
            score = np.where(step.terminated, step.followup.score, score)
        early = batch.ended != ENDINGS.index("horizon")
        return np.stack([score, early, batch.burden]).reshape(3, -1, patients)

    halves = [protocols[0::2], protocols[1::2]]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(part, [half for half in halves if half]))
    whole = np.empty((3, len(protocols), patients))
    for k, half in enumerate(found):
        whole[:, k::2] = half
    return whole


def counted(attack: Attack, score: np.ndarray, early: np.ndarray, burden: np.ndarray) -> np.ndarray:
    """Return what the attack is paid, (protocols,)."""
    return (np.where(early > 0.0, score, STAYED + burden) if attack.early else score).mean(1)


def _said(given: Administration) -> str:
    when = f"day {given.time // DAY + 1}, {given.time % DAY // HOUR} h"
    return f"{when}: {given.intervention} {given.target} {given.dose:.2f}"


def search(name: str, generations: int, scenario: Scenario) -> dict:
    """Optimise one attack and score what it found."""
    attack, begun = ATTACKS[name], time.time()
    size = GENES * len(attack.channels(scenario))
    optimiser = CMA(mean=np.full(size, 0.4), sigma=0.3, bounds=np.array([[0.0, 1.0]] * size), seed=0)
    best, genes, course = -np.inf, np.full(size, 0.4), []
    for generation in range(generations):
        asked = [optimiser.ask() for _ in range(optimiser.population_size)]
        paid = counted(attack, *scores([schedule(x, attack, scenario) for x in asked], "train", PATIENTS, scenario))
        optimiser.tell([(x, -float(value)) for x, value in zip(asked, paid, strict=True)])
        if paid.max() > best:
            best, genes = float(paid.max()), asked[int(paid.argmax())]
        course.append({"best": float(paid.max()), "mean": float(paid.mean())})
        print(f"{name}, generation {generation + 1}: best {paid.max():.1f}, ever {best:.1f}", flush=True)
    found = [schedule(genes, attack, scenario), schedule(optimiser.mean.clip(0.0, 1.0), attack, scenario)]
    score, early, _ = scores(found, "test", TESTED, scenario)
    if attack.early:
        score = np.where(early > 0.0, score, np.nan)
    kept = [row[np.isfinite(row)] for row in score]
    return {
        "what": attack.what,
        "evaluated": generations * optimiser.population_size,
        "best_on_train": best,
        "test": [interval(row)._asdict() if len(row) > 1 else None for row in kept],
        "ended_early": early.mean(1).tolist(),
        "found": [[_said(given) for given in protocol.administrations] for protocol in found],
        "course": course,
        "seconds": round(time.time() - begun),
    }


def main() -> None:
    """Run what has not been run, check every attack and write the evidence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generations", type=int, default=30)
    parser.add_argument("--only", nargs="+", choices=ATTACKS, default=list(ATTACKS))
    arguments = parser.parse_args()
    scenario, begun, found = load_scenario("Fear"), time.time(), {}
    task = hashlib.sha256(Path(__file__).read_bytes() + task_hash(scenario, "test", scenario.recipe.hash).encode())
    for name in arguments.only:
        path = KEPT / f"{task.hexdigest()[:16]}-{arguments.generations}-{name}.json"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, search(name, arguments.generations, scenario))
        found[name] = json.loads(path.read_text("utf-8"))
    holds = {
        name: any(attack["test"]) and all(score is None or score["mean"] <= LIMIT for score in attack["test"])
        for name, attack in found.items()
    }
    evidence = {
        **origin(begun), "limit": LIMIT, "holds": holds, "attacks": found,
    }  # fmt: skip
    if set(arguments.only) == set(ATTACKS):
        write_json(EVIDENCE, evidence)
    for name, attack in found.items():
        each = ", ".join("nobody ended early" if s is None else f"{s['mean']:.1f}" for s in attack["test"])
        print(f"{name}: test scores {each} ({attack['evaluated']} schedules tried)")
    tell(holds)


if __name__ == "__main__":
    main()
