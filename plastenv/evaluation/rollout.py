"""Run a schedule or a policy over patients, on paired lives, and collect what came of it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple
from typing import Protocol as Interface

import numpy as np

from plastenv import rng
from plastenv.envs.batch import PatientBatch
from plastenv.evaluation.trace import Recorder, Trace, together
from plastenv.scenarios.objective import restored
from plastenv.scenarios.scenario import Scenario
from plastenv.therapy.protocol import Protocol

RESPONSE = 0.5  # share of lost function restored that counts as response; below it, as relapse
REMISSION = 0.8  # share that counts as remission: nearly what the patient was before adversity


class Policy(Interface):
    """Chooses menu actions from observations and masks, one row per patient."""

    def act(self, observation: np.ndarray, mask: np.ndarray, rows: np.ndarray, day: int) -> np.ndarray:
        """Return one menu action per row; `rows` are the patients' random keys, for policies that draw."""
        ...


TREATED = 1 / 3  # share of days on which the random policy treats: a burden like that of the designed schedules


class RandomPolicy:
    """On a third of the days one of the legal menu actions, each as likely as the others; else it waits."""

    def act(self, observation: np.ndarray, mask: np.ndarray, rows: np.ndarray, day: int) -> np.ndarray:
        """Draw by (patient, day), so that the same patient meets the same choices in every run."""
        chosen = []
        for legal, key in zip(mask, rows, strict=True):
            options = np.flatnonzero(legal)
            drawn = rng.uniform(key, day, rng.ENVIRONMENT) / TREATED
            chosen.append(options[int(drawn * len(options))] if drawn < 1.0 else 0)
        return np.array(chosen, np.int64)


@dataclass(frozen=True)
class Schedule:
    """A named competitor: a protocol, or a policy that acts on observations."""

    name: str
    source: str
    title: str
    protocol: Protocol | None = None
    policy: Policy | None = None


class Outcome(NamedTuple):
    """What came of a schedule, (patients,) each unless noted."""

    score: np.ndarray  # points
    function_end: np.ndarray  # 0..1, last day of treatment
    function_followup: np.ndarray  # 0..1
    restored_end: np.ndarray  # R
    restored_followup: np.ndarray  # R
    memories: np.ndarray  # 0..1 at follow-up
    harm: np.ndarray  # points
    burden: np.ndarray  # points
    seizures: np.ndarray
    resource: np.ndarray  # largest share of a neuron's synaptic resource in use at any midnight, 0..1
    turnover: np.ndarray  # L1 norm of early-weight change over treatment, weight units
    depth: np.ndarray  # basin depth at the end of treatment, 0..1
    course: np.ndarray  # (patients, days + 1), function at every midnight of treatment


def _run(
    scenario: Scenario,
    schedule: Schedule,
    split: str,
    indices: Sequence[int],
    seeds: Sequence[int],
    options: dict[str, Any],
    tick: Callable[[int], None] | None,
    recorder: Recorder | None,
) -> Outcome:
    batch = PatientBatch(scenario, len(indices), patients=split, **options)
    observation = batch.reset(seeds, [0] * len(indices), patients=indices)
    assert batch.state is not None
    if recorder is not None:
        recorder.attend(batch)
    if schedule.protocol:
        batch.prescribe(range(batch.rows), schedule.protocol)
    wait, actions = np.zeros(batch.rows, np.int64), None
    course = [batch.measured.function]
    outcome: list[np.ndarray] = [np.full(batch.rows, np.nan) for _ in Outcome._fields[:-1]]
    resource = np.zeros(batch.rows)
    days, limit = 0, scenario.molecular.consolidation.resource
    turned = batch.state.circuit.turnover.copy()
    while not batch.ended.all():
        actions = wait
        if schedule.policy:
            actions = schedule.policy.act(observation, batch.masks(), batch.state.key, days)
        live = batch.ended == 0
        step = batch.step(actions)
        observation = step.observation
        course.append(np.where(live, batch.measured.function, course[-1]))
        resource = np.maximum(resource, batch.state.circuit.late.sum(1).max(1) / limit)
        days += 1
        ending = np.flatnonzero(step.terminated)
        if len(ending):
            deep = np.full(batch.rows, np.nan)
            deep[ending] = batch.depth(ending)
            if recorder is not None:
                recorder.close(ending, batch, deep[ending])
            end = restored(batch.measured.function, batch.reference)
            done = step.followup
            columns = (
                done.score,
                batch.measured.function,
                done.function,
                end,
                done.restored,
                done.memories,
                done.harm,
                done.burden,
                done.seizures,
                resource,
                batch.state.circuit.turnover - turned,
                deep,
            )
            for target, column in zip(outcome, columns, strict=True):
                target[ending] = column[ending]
            if tick:
                tick(len(ending))
    course += [course[-1]] * (scenario.horizon_days * 24 // batch.decision_hours - days)  # all have ended early
    return Outcome(*[*outcome, np.stack(course, 1)])


def _shared(
    scenario: Scenario,
    schedule: Schedule,
    split: str,
    patients: Sequence[int],
    seed: int,
    tick: Callable[[int], None] | None,
    threads: int,
    recorders: Callable[[int], Recorder] | None,
    options: dict[str, Any],
) -> tuple[Outcome, list[Recorder]]:
    """Share the patients between `threads`; `recorders` makes one for so many patients."""
    parts = np.array_split(np.arange(len(patients)), min(threads, len(patients)))
    watching = [recorders(len(part)) for part in parts] if recorders else []

    def treat(k: int) -> Outcome:
        who, lives = [patients[i] for i in parts[k]], [seed + int(i) for i in parts[k]]
        return _run(scenario, schedule, split, who, lives, options, tick, watching[k] if watching else None)

    with ThreadPoolExecutor(threads) as pool:
        outcomes = list(pool.map(treat, range(len(parts))))
    return Outcome(*(np.concatenate(columns) for columns in zip(*outcomes, strict=True))), watching


def run(
    scenario: Scenario,
    schedule: Schedule,
    split: str,
    patients: Sequence[int],
    seed: int,
    tick: Callable[[int], None] | None = None,
    threads: int = 2,
    **options: Any,
) -> Outcome:
    """Treat `patients` of `split` by `schedule` and follow them up.

    Patient k lives the life of seed + k, whatever the schedule, so schedules are compared in pairs. The work is
    shared between `threads`; the result does not depend on them. `options` go to PatientBatch.
    """
    return _shared(scenario, schedule, split, patients, seed, tick, threads, None, options)[0]


def recorded(
    scenario: Scenario,
    schedule: Schedule,
    split: str,
    patients: Sequence[int],
    seed: int,
    tick: Callable[[int], None] | None = None,
    threads: int = 2,
    hours: int = 24,
    probing: bool = False,
    day: Callable[[int], None] | None = None,
    **options: Any,
) -> tuple[Outcome, Trace]:
    """Do what `run` does and return the patients' trace as well, seen every so many `hours`; see evaluation/trace.py.

    The outcome is the same, bit for bit. `probing` adds probes at midnights, per cue and in follow-up; `day` is told
    how many patients have lived through a day, each time.
    """
    outcome, watching = _shared(
        scenario,
        schedule,
        split,
        patients,
        seed,
        tick,
        threads,
        lambda number: Recorder(scenario, number, hours, probing, day),
        options,
    )
    return outcome, together([recorder.trace for recorder in watching])
