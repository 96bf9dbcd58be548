"""What animals and patients of the Fear circuit share: procedures as calendar events, and how they are read."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from plastenv import arrays, rng
from plastenv.circuit.episodes import INDEX
from plastenv.circuit.params import CircuitParams
from plastenv.circuit.spiking import no_patterns
from plastenv.lab import steps
from plastenv.lab.procedures import number
from plastenv.lab.subject import Operation, Subject, acts, clamp, drugs, first_hour, repeated
from plastenv.model.advance import glimpse, remembering
from plastenv.model.calendar import Event, lay_out
from plastenv.model.look import look
from plastenv.model.measure import measure
from plastenv.model.types import DAY, HOUR, ModelParams, ModelState
from plastenv.molecular.params import MolecularParams
from plastenv.scenarios.anatomy import RECALL_RATE
from plastenv.scenarios.scenario import Scenario
from plastenv.therapy.interventions import REGIONS, Administration, events

MORNING = 8 * HOUR  # s, time of day of t0
CONTEXTS = {"home": 0, "outside": 1, "clinic": 2}
FULL = 0.92  # share of the rates of itself, its rival and 5 Hz that an assembly has which wins entirely


def _spread(at: float, minutes: float, count: int) -> Iterable[tuple[int, int]]:
    return ((k, round(at + k * 60 * minutes / count)) for k in range(count))


class Life(NamedTuple):
    """A scenario, and which of its cues a study's names stand for."""

    task: Scenario
    cue: dict[int, int]  # number in a study -> cue of the circuit
    t0: int  # s

    def cues(self, named: int | str) -> tuple[int, ...]:
        """Return the cues of the circuit that a step names."""
        return self.task.cues if named == "all" else (self.cue[int(named)],)


def _condition(step: steps.Condition, life: Life) -> list[Event]:
    return [
        Event(
            at,
            episode=INDEX["pairing"],
            cue=life.cue[step.cue],
            context=CONTEXTS[step.context],
            outcome=life.task.aversive,
            strength=0.8 + 0.1 * (k % 4),
            intensity=number("foot-shock"),
        )
        for k, at in _spread(step.at, step.minutes, step.trials)
    ]


def _unreinforced(cues: tuple[int, ...], at: float, minutes: float, count: int, context: str) -> list[Event]:
    return [
        Event(
            when,
            episode=INDEX["exposure-trial"],
            cue=cues[k % len(cues)],
            context=CONTEXTS[context],
            strength=0.7 + 0.1 * (k // len(cues) % 4),
        )
        for k, when in _spread(at, minutes, count)
    ]


def _extinguish(step: steps.Extinguish, life: Life) -> list[Event]:
    trials = _unreinforced(life.cues(step.cue), step.at, step.minutes, step.trials, step.context)
    if step.ends == "badly":
        last = trials.pop()
        trials += [
            Event(
                last.time,
                episode=INDEX["pairing"],
                cue=last.cue,
                context=last.context,
                outcome=life.task.aversive,
                intensity=number("foot-shock"),
            )
        ]
    return trials


def _teach(step: steps.Teach, at: float, life: Life) -> list[Event]:
    cue, release = life.cue[step.cue], number("release")
    taught: list[Event] = []
    for k, when in _spread(at, step.minutes, step.trials):
        paired = step.release == "paired"
        taught.append(
            Event(
                when,
                episode=INDEX["reinforced-trial" if paired else "pairing"],
                cue=cue,
                outcome=cue,
                target=-2 if paired else -1,
                strength=0.7 + 0.1 * (k % 4),
                amplitude=release if paired else 0.0,
            )
        )
        if step.release == "delayed":
            late = when + round(HOUR * number("release-delay"))
            taught.append(Event(late, episode=INDEX["release"], target=-2, amplitude=release))
    return taught


def _surroundings(step: steps.Surroundings, life: Life) -> list[Event]:
    days = range(round(step.at) // DAY, -(-round(step.until) // DAY))
    given: list[Event] = []
    for day in days:
        what = Administration(
            (day * DAY + life.t0) // DAY * DAY, DAY, f"{step.quality}-environment", "surroundings", 1.0
        )
        given += [
            e for e in events(what, life.task.cues, life.task.aversive) if step.at <= e.time - life.t0 < step.until
        ]
    return [replace(event, time=event.time - life.t0) for event in given]


def _stimulate(step: steps.Stimulate, at: float) -> list[Event]:
    return [
        Event(
            when,
            episode=INDEX["stimulation-train"],
            context=CONTEXTS["clinic"],
            target=REGIONS[step.target],
            amplitude=step.amplitude,
        )
        for _, when in _spread(at, step.minutes, step.trains)
    ]


def _happening(step: steps.Step, life: Life) -> tuple[list[Event], float]:
    """Return the events of a step, s after t0, and its end."""
    match step:
        case steps.Condition():
            return _condition(step, life), step.at + 60 * step.minutes
        case steps.Retrieve():
            cues = life.cues(step.cue)
            return _unreinforced(cues, step.at, len(cues) / 6, len(cues), step.context), step.at + 10 * len(cues)
        case steps.Extinguish():
            return _extinguish(step, life), step.at + 60 * step.minutes
        case steps.Shock():
            row = INDEX["unsignalled-outcome"]
            shocks = [
                Event(round(step.at) + 60 * k, episode=row, outcome=life.task.aversive, intensity=number("foot-shock"))
                for k in range(step.count)
            ]
            return shocks, step.at + 60 * step.count
        case steps.Teach():
            times = repeated(step)
            return [e for at in times for e in _teach(step, at, life)], times[-1] + 60 * step.minutes
        case steps.Surroundings():
            return _surroundings(step, life), step.until
        case steps.Sleep():
            end = step.at + 60 * step.minutes
            return [acts("sleep", 1.0, step.at), acts("sleep", 0.0, end)], end
        case steps.Stimulate():
            times = repeated(step)
            return [e for at in times for e in _stimulate(step, at)], times[-1] + 60 * step.minutes
    return [], step.at


def _erase(what: str, before: np.ndarray, state: ModelState) -> None:
    """Remove late weight that has grown over `before`, or as much from synapses at random."""
    late, structure = state.circuit.late, state.circuit.structure
    grown = np.maximum(late - before, 0.0)
    if what == "random":
        for p, key in enumerate(state.key):
            shuffled = rng.generator(int(key), rng.WIRING).permutation(grown[p].ravel()).reshape(grown[p].shape)
            grown[p] = np.minimum(shuffled, late[p])
    late -= grown
    np.minimum(structure, late, out=structure, where=grown > 0)


def subject(
    task: Scenario,
    params: ModelParams,
    state: ModelState,
    reference: np.ndarray,
    schedule: tuple[steps.Step, ...],
    cue: dict[int, int],
    clamps: dict[str, float],
    molecular: MolecularParams,
    circuit: CircuitParams,
) -> Subject:
    """Return patients of `task` as a subject; t0 is a morning after whatever the schedule has before it.

    `state` stands at the start of the calendar, `reference` is the function of healthy circuits, (seeds,), `cue` says
    which cue of the circuit a number in a study stands for.
    """
    lead = -first_hour(schedule) - HOUR
    t0 = -(-lead // DAY) * DAY + MORNING
    life = Life(task, cue, t0)
    params = params._replace(molecular=molecular, circuit=circuit, patterns=no_patterns())
    state = remembering(state, params)
    clamp(state, clamps)
    given = [drugs(step, clamps) or _happening(step, life) for step in schedule]
    planned = [event for some, _ in given for event in some]
    start = glimpse(state, lay_out([[]] * len(state.key)), params, t0)
    before = arrays.copy(start.circuit)
    ill = measure(start, params, task.read_outs).function
    operations = [
        Operation(round(step.at), partial(_erase, step.what, before.late))
        for step in schedule
        if isinstance(step, steps.Erase)
    ]
    outside = task.read_outs._replace(contexts=np.array([CONTEXTS["home"]]))

    def read(now: ModelState, name: str, of: str | None) -> np.ndarray:
        if name in {"fear", "learned"}:
            answers = look(now, params, outside)
            asked = cue[int((of or "cue-1").removeprefix("cue-"))]
            if name == "fear":  # how far the feared outcome is expected, as avoidance reads it
                return np.minimum(1.0, answers[:, asked, task.aversive] / RECALL_RATE)
            winner = int(params.anatomy.cue_assembly[asked])
            won, rivals = answers[:, asked, winner], np.delete(answers[:, asked], winner, 1)
            return np.clip(won / (won + rivals.max(1) + 0.05) / FULL, 0.0, 1.0)
        found = measure(now, params, task.read_outs)
        if name in {"maladaptive", "recovery"}:
            left = (reference - found.function) / np.maximum(reference - ill, 0.05)
            return left if name == "maladaptive" else 1.0 - left
        if name == "synapses":
            return now.circuit.late.sum((1, 2)) / before.late.sum((1, 2)) - 1.0
        return np.array(getattr(found, name))

    return Subject(state, params, planned, operations, [end for _, end in given], read, t0)
