"""Check what must emerge from the physics on test patients; write docs/evidence/emergent.json.

    python tests/acceptance/emergent.py [--patients 64] [--only NUMBER ...]

Seven properties, by number: 1 balance, 2 training alone, 3 window alone, 4 window with training and its order,
5 spacing and interval, 6 excess, 7 doses. Schedules come from the library, or from emergent_arms.py where the library
has none. Every explicit cost (burden, refusals, points per seizure) is zero and nobody's treatment ends early,
so what is left of a score is function restored and other memories lost. Intervals are of paired differences, 95 %.
Outcomes are kept in runs/emergent, so that an interrupted run goes on where it stopped.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from emergent_arms import SWEEPS, composed
from evidence import keep, origin, tell
from main_job import drift, kept

from plastenv import arrays
from plastenv.circuit.episodes import INDEX
from plastenv.evaluation.kept import outcome_path, task_hash
from plastenv.evaluation.rollout import Outcome, Schedule, run
from plastenv.evaluation.statistics import interval
from plastenv.model.advance import advance, remembering
from plastenv.model.calendar import Event, lay_out
from plastenv.model.measure import measure
from plastenv.model.types import DAY, HOUR, ModelState
from plastenv.molecular.pharmacology import COMPOUND_INDEX
from plastenv.patients.cohort import Cohort, Patients
from plastenv.scenarios.objective import restored
from plastenv.scenarios.scenario import load_scenario
from plastenv.therapy.interventions import events
from plastenv.therapy.protocol import library

ROOT = Path(__file__).parents[2]
EVIDENCE, KEPT = ROOT / "docs" / "evidence" / "emergent.json", ROOT / "runs" / "emergent"
SPLIT, NOVEL = "test", 6  # split; the cue that everyday life does not bring
LAST_SESSION, LATER = 18, 28  # d, last day of training in the library's schedules; how much later it is looked at again
CHALLENGED = 22  # d, while training alone still holds
REMISSION = 0.5  # share of lost function restored
NEVER = 10_000  # d, a day that does not come


class Arms:
    """Outcomes of schedules on the same patients and lives, run as they are asked for."""

    def __init__(self, patients: int) -> None:
        shipped = load_scenario("Fear")
        costs = {"burden": 0.0, "refused": 0.0, "seizure": 0.0}
        self.task = shipped.model_copy(update={"objective": shipped.objective.model_copy(update=costs)})
        self.patients = patients
        self.cohort: Cohort = Patients(self.task.recipe, SPLIT).take(range(patients))
        self.reference = self.cohort.intake.reference
        self.protocols = {protocol.name: protocol for protocol in [*library(), *composed()]}
        self.folder = KEPT / task_hash(self.task, SPLIT, self.task.recipe.hash)

    def __call__(self, name: str) -> Outcome:
        """Return the outcome of a schedule."""
        schedule = Schedule(name, "", "", protocol=self.protocols[name])
        path = outcome_path(self.folder, schedule, range(self.patients), 0)
        return kept(path, lambda: run(self.task, schedule, SPLIT, range(self.patients), 0, terminations=False))

    def course(self, name: str, day: int) -> np.ndarray:
        """Return the share of lost function restored at the midnight after `day`, (patients,)."""
        return restored(self(name).course[:, day], self.reference)


Claims = dict[str, tuple[bool, dict[str, Any]]]


def above(values: np.ndarray, least: float = 0.0) -> tuple[bool, dict[str, Any]]:
    """Say whether the mean of `values`, (patients,), lies above `least` for sure, and give its interval."""
    found = interval(values)
    return found.low > least, found._asdict()


def apart(values: np.ndarray) -> tuple[bool, dict[str, Any]]:
    """Say whether the mean of `values` differs from 0 for sure, in whichever direction."""
    found = interval(values)
    return found.low * found.high > 0.0, found._asdict()


def balance(arms: Arms) -> Claims:
    """1: untreated patients are in balance, not frozen."""
    moved = drift(arms.task, SPLIT, arms.patients)
    still = moved["mean"] < 0.05 and moved["p90_of_patients"] < 0.15
    untreated, trained = arms("untreated"), arms("training-spaced")
    quiet = float(untreated.turnover.mean()) / arms.task.horizon_days
    sessions = len(arms.protocols["training-spaced"].administrations)
    busy = quiet + float((trained.turnover - untreated.turnover).mean()) / sessions
    worse = arms.course("untreated", LAST_SESSION) - arms.course("adverse-alone", LAST_SESSION)
    return {
        "drift below 5 %, 90th percentile below 15 %": (still, moved),
        "everyday turnover at least 20 % of a training day": (quiet >= 0.2 * busy, {"share": quiet / busy}),
        "new adversity makes worse": above(worse),
        "a new memory can be learned": above(learned(arms)),
    }


def learned(arms: Arms) -> np.ndarray:
    """Return what three days of teaching a novel cue add to the clarity of its answer a day later, (patients,).

    Two sessions a day, each of ten pairings in ten minutes with the cue's ordinary outcome, as the laboratory teaches.
    """
    seen = arms.task.read_outs._replace(function=np.array([NOVEL]), others=np.zeros(0, np.int64))
    state = remembering(arrays.copy(arms.cohort.patient), arms.task.params)
    before = measure(state, arms.task.params, seen).function
    calendar = [
        Event(day * DAY + hour * HOUR + k * 60, episode=INDEX["pairing"], cue=NOVEL, outcome=NOVEL)
        for day in range(3)
        for hour in (10, 15)
        for k in range(10)
    ]
    advance(state, lay_out([calendar] * arms.patients), arms.task.params, 3 * DAY + 15 * HOUR)
    return measure(state, arms.task.params, seen).function - before


def training(arms: Arms) -> Claims:
    """2: training alone helps while it lasts, is partly lost, and relapses more than with a window."""
    after, later, loss, relapse = {}, {}, {}, {}
    for name in ("training-spaced", "window-then-training"):
        outcome = arms(name)
        after[name] = arms.course(name, LAST_SESSION)
        later[name] = arms.course(name, LAST_SESSION + LATER)
        loss[name] = after[name] - outcome.restored_followup
        remitted = after[name] >= REMISSION
        relapse[name] = float(np.mean(outcome.restored_followup[remitted] < REMISSION)) if remitted.any() else None
    alone, window = "training-spaced", "window-then-training"
    held, more = above(loss[alone] - loss[window])
    struck = {name: reinstated(arms, name) for name in (alone, window)}
    return {
        "training alone helps while it lasts": above(after[alone] - arms.course("untreated", LAST_SESSION)),
        "it is partly lost four weeks later": above(after[alone] - later[alone]),
        "it loses more by follow-up than window with training": (held, {**more, "relapse": relapse}),
        "reinstatement brings relapse after training alone": above(struck[alone]),
        "and more than after window with training": above(struck[alone] - struck[window]),
    }


def reinstated(arms: Arms, name: str) -> np.ndarray:
    """Return what the reinstatement challenge, days after a schedule's last session, takes of what was restored."""
    task, noon = arms.task, CHALLENGED * DAY + 12 * HOUR
    given = [event for each in arms.protocols[name].administrations for event in events(each, task.cues, task.aversive)]
    first = task.challenge[0].time
    challenge = [replace(event, time=noon + event.time - first) for event in task.challenge]

    def next_midnight(calendar: list[Event]) -> np.ndarray:
        state = remembering(arrays.copy(arms.cohort.patient), task.params)
        advance(state, lay_out([calendar] * arms.patients), task.params, (CHALLENGED + 1) * DAY)
        return restored(measure(state, task.params, task.read_outs).function, arms.reference)

    return next_midnight(given) - next_midnight(given + challenge)


def opened(arms: Arms) -> Claims:
    """3: a window alone does nothing by itself, and takes the sign of its surroundings."""
    base = arms("untreated").score
    good, bad = (arms(f"window-in-{kind}-fortnight").score for kind in ("benign", "adverse"))
    alone, slow = (interval(arms(name).restored_followup) for name in ("window-alone", "slow-window-alone"))
    better, worse = above(good - base), above(base - bad)
    surroundings = {
        "benign": better[1],
        "adverse": {key: -value for key, value in worse[1].items()},
        "benign_without_window": interval(arms("benign-alone").score - base)._asdict(),
        "adverse_without_window": interval(arms("adverse-alone").score - base)._asdict(),
        "three_adverse_days": interval(arms("window-in-adversity").score - base)._asdict(),
    }
    still = idle(arms)
    return {
        "window alone restores at most 5 % at follow-up": (alone.mean <= 0.05, alone._asdict()),
        "and so does four weeks' slow window": (slow.mean <= 0.05, slow._asdict()),
        "the same window helps in a benign and harms in an adverse environment": (better[0] and worse[0], surroundings),
        "in an idle circuit it changes at most 5 % in a week": (still["restored"] <= 0.05, still),
    }


def idle(arms: Arms) -> dict[str, float]:
    """Return by how much a dose changes a week without cues: function restored, and late weights, against no dose."""
    quiet = arms.task.params._replace(everyday=arms.task.params.everyday._replace(start=NEVER * DAY))
    dose = [Event(9 * HOUR, compound=COMPOUND_INDEX["rapid-opener"], dose=1.0)]

    def week(calendar: list[Event]) -> ModelState:
        state = arrays.copy(arms.cohort.patient)
        advance(state, lay_out([calendar] * arms.patients), quiet, 7 * DAY)
        return state

    ends = [week(calendar) for calendar in (dose, [])]
    shares = [restored(measure(end, quiet, arms.task.read_outs).function, arms.reference) for end in ends]
    late = [end.circuit.late for end in ends]
    return {
        "restored": float(np.mean(np.abs(shares[0] - shares[1]))),
        "weights": float(np.abs(late[0] - late[1]).sum() / late[1].sum()),
    }


def together(arms: Arms) -> Claims:
    """4: window with training inside lasts; in another order, or far apart, it does not."""
    best = arms("window-then-training")
    before, long_after = arms("training-then-window"), arms("window-long-before-training")
    return {
        "window with training inside it restores at follow-up": above(best.restored_followup),
        "training more than a day before opening is worse": above(best.score - before.score),
        "training long after closing is worse": above(best.score - long_after.score),
    }


def spacing(arms: Arms) -> Claims:
    """5: spacing and interval matter; massed against spaced at the end and at follow-up.

    With brakes closed neither leaves anything until follow-up (2), so that there they differ while they last.
    """
    claims: Claims = {}
    pairs = {
        "brakes closed": ("training-spaced", "training-massed"),
        "in a window": ("window-then-training", "window-then-massed-training"),
        "in a window, on the same days": ("window-then-split-training", "window-then-massed-training"),
    }
    for where, (spaced, massed) in pairs.items():
        then, soon = apart(arms.course(spaced, LAST_SESSION) - arms.course(massed, LAST_SESSION))
        later, lasting = apart(arms(spaced).restored_followup - arms(massed).restored_followup)
        claims[f"spaced and massed training differ, {where}"] = then if where == "brakes closed" else later, {
            "after_last_session": soon,
            "end": interval(arms(spaced).restored_end - arms(massed).restored_end)._asdict(),
            "followup": lasting,
            "means": {name: {"end": float(arms(name).restored_end.mean()),
                             "followup": float(arms(name).restored_followup.mean())} for name in (spaced, massed)},
        }  # fmt: skip
    dosed, next_day = arms("training-on-the-day-of-the-dose"), arms("window-then-split-training")
    soon, six = arms("reminder-blocker"), arms("reminder-blocker-six-hours")
    claims["training a day after the dose beats training on its day"] = above(next_day.score - dosed.score)
    claims["a blocker right after reminders differs from one six hours later"] = apart(soon.score - six.score)
    return claims


def excess(arms: Arms) -> Claims:
    """6: too much erodes other memories and reverses the gain, through the dynamics."""
    weeks, short, closed = arms("six-weeks-open"), arms("window-then-split-training"), arms("six-weeks-closed")
    driven, helped = arms("overdriven-open"), arms("window-then-training")
    moderate, both = arms("stimulation-with-training"), arms("overdriven-training")
    course = np.mean(restored(weeks.course.T, arms.reference), 1)
    others = ("one-cue", "one-cue-six-weeks-open", "one-cue-six-weeks-closed", "overdriven-closed")
    figures = {
        "scores": {name: float(arms(name).score.mean()) for name in others},
        "restored": {name: float(arms(name).restored_followup.mean()) for name in others},
        "harm": {name: float(arms(name).harm.mean()) for name in others},
        "peak_of_the_mean_course": float(course.max()),
        "end_of_the_mean_course": float(course[-1]),
        "seizures": float(driven.seizures.mean()),
    }
    erodes, lost = above(weeks.harm)
    return {
        "six weeks open, only feared cues trained: other memories erode": (erodes, {**lost, **figures}),
        "and more than by the same training without opener": above(weeks.harm - closed.harm),
        "and the gain reverses against a short window": above(short.restored_followup - weeks.restored_followup),
        "over-stimulation in a window: other memories erode": above(driven.harm),
        "and more than by moderate stimulation with training": above(driven.harm - moderate.harm),
        "and it reverses the gain of training": above(helped.restored_followup - both.restored_followup),
    }


def doses(arms: Arms) -> Claims:
    """7: an interior optimum of dose, of a drug and of stimulation."""
    limits = {"rapid-opener": 1.5, "stimulation": 2.0}
    closed = {dose: float(arms(f"stimulation-closed-{dose:g}").score.mean()) for dose in SWEEPS["stimulation-closed"]}
    claims: Claims = {}
    for name, limit in limits.items():
        scores = {dose: arms(f"{name}-{dose:g}").score for dose in SWEEPS[name]}
        held, figures = interior(scores)
        figures["within_limits"] = interior({dose: scores[dose] for dose in scores if dose <= limit})
        claims[f"{name}: an interior optimum of dose"] = held, figures
    claims["stimulation: an interior optimum of dose"][1]["brakes_closed"] = closed
    return claims


def interior(scores: dict[float, np.ndarray]) -> tuple[bool, dict[str, Any]]:
    """Say whether the best dose lies inside the sweep and beats both of its ends for sure."""
    means = {dose: float(points.mean()) for dose, points in scores.items()}
    least, most, best = min(means), max(means), max(means, key=means.__getitem__)
    if best in {least, most}:
        return False, {"best": best, "scores": means}
    over = [interval(scores[best] - scores[end]) for end in (least, most)]
    figures = {"best": best, "scores": means, "over_least": over[0]._asdict(), "over_most": over[1]._asdict()}
    return all(each.low > 0.0 for each in over), figures


PROPERTIES: dict[int, Callable[[Arms], Claims]] = {
    1: balance, 2: training, 3: opened, 4: together, 5: spacing, 6: excess, 7: doses,
}  # fmt: skip


def main() -> None:
    """Check every claim and write the evidence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=64)
    parser.add_argument("--only", nargs="+", type=int, choices=PROPERTIES, default=list(PROPERTIES))
    arguments = parser.parse_args()
    begun, arms = time.time(), Arms(arguments.patients)
    claims: dict[str, Any] = {}
    for number in arguments.only:
        started = time.time()
        for claim, (held, figures) in PROPERTIES[number](arms).items():
            claims[f"{number} {claim}"] = {"holds": bool(held), "figures": figures}
        print(f"{number}: {time.time() - started:.0f} s", flush=True)
    evidence = {
        **origin(begun), "patients": arguments.patients, "split": SPLIT,
        "holds": {claim: found["holds"] for claim, found in claims.items()}, "claims": claims,
    }  # fmt: skip
    if set(arguments.only) == set(PROPERTIES):
        keep(EVIDENCE, evidence)
    print(json.dumps(claims, indent=1, default=float))
    tell({claim: found["holds"] for claim, found in claims.items()})


if __name__ == "__main__":
    main()
