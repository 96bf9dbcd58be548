"""PatientBatch: the environment is a batch of patients; the shells for one patient and for vectors are thin."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from plastenv import arrays, rng
from plastenv.envs import actions as act
from plastenv.envs.observations import KINDS, observation_space, observe, ratings
from plastenv.envs.witness import Witness, live_on
from plastenv.model.advance import admit, announce, remembering
from plastenv.model.calendar import COLUMNS, join, merge, table
from plastenv.model.measure import Measurements, Probes, measure
from plastenv.model.types import HOUR, Events, ModelState
from plastenv.patients.cohort import Patients, Report
from plastenv.patients.population import SPLITS
from plastenv.scenarios.objective import RewardTerms, harm, restored, reward_space
from plastenv.scenarios.scenario import Scenario, load_scenario
from plastenv.therapy.interventions import Administration, timetable
from plastenv.therapy.limits import LIMITS, burdens, enter, entries, menu_masks, record, with_room
from plastenv.therapy.protocol import Protocol, nearest

NOTHING = np.zeros((0, COLUMNS))  # an empty calendar
ENDINGS = ("", "horizon", "seizure", "drop-out")
CHUNK = 64  # rows followed up at a time


def is_whole(value: object, least: int = 1) -> bool:
    """Say whether `value` is a whole number, not a truth value, from `least`."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


class FollowUp(NamedTuple):
    """Results after follow-up, (rows,) each; NaN for rows that have not ended."""

    score: np.ndarray  # points
    function: np.ndarray  # 0..1
    memories: np.ndarray  # 0..1
    restored: np.ndarray  # R
    harm: np.ndarray  # points
    burden: np.ndarray  # points
    seizures: np.ndarray

    def of(self, row: int) -> dict[str, float]:
        """Return the results of one row as plain numbers."""
        return {name: float(column[row]) for name, column in zip(self._fields, self, strict=True)}


class Step(NamedTuple):
    """What a step returns, one row per patient."""

    observation: np.ndarray  # (rows, channels) float32
    reward: np.ndarray  # (rows,), units of 100 points; (rows, terms) if it is paid as a vector
    terminated: np.ndarray  # (rows,) bool
    terms: RewardTerms
    refused: np.ndarray  # (rows,) int64, wishes that limits or contraindications forbade
    followup: FollowUp

    def report(self) -> dict[str, Any]:
        """Return the terms of the reward and the costs in points, itemised and in sum, (rows,) each."""
        costs = {name: -100.0 * getattr(self.terms, name) for name in ("burden", "refused", "harm")}
        return {"terms": self.terms._asdict(), "costs": costs, "cost": sum(costs.values()), "refused": self.refused}


class PatientBatch:
    """`rows` patients of a scenario, treated side by side and independent of one another.

    Keyword arguments other than the defaults leave the ranked task. `terminations=False` keeps patients in
    treatment through seizures and burden. The rows are shared between `threads`; nothing else depends on them.
    """

    def __init__(
        self,
        scenario: str | Scenario = "Fear",
        rows: int = 1,
        *,
        patients: str = "train",
        among: int | None = None,
        observe: str = "clinic",
        actions: str = "menu",
        decision_hours: int = 24,
        reward: str = "dense",
        fidelity: str = "rate",
        terminations: bool = True,
        threads: int = 1,
    ) -> None:
        """Raises ValueError for an argument that is not one of its choices, naming the nearest.

        `among` lets patients be drawn from the first so many of the split (default: all of them), so that no others
        have to be grown.
        """
        choices = {
            "patients": (patients, tuple(SPLITS)),
            "observe": (observe, KINDS),
            "actions": (actions, ("menu", "doses")),
            "reward": (reward, ("dense", "sparse", "vector")),
            "fidelity": (fidelity, ("rate",)),
        }
        for argument, (value, valid) in choices.items():
            if not isinstance(value, str) or value not in valid:
                raise ValueError(f"{argument} = {value!r:.60}: {nearest(str(value)[:60], valid)}")
        if not is_whole(decision_hours) or 24 % decision_hours:
            raise ValueError(f"decision_hours = {decision_hours!r:.60}: expected a whole divisor of 24")
        for argument, number in (("rows", rows), ("threads", threads)):
            if not is_whole(number):
                raise ValueError(f"{argument} = {number!r:.60}: expected a whole number from 1")
        if not isinstance(terminations, bool):
            raise ValueError(f"terminations = {terminations!r:.60}: expected True or False")
        rows, threads, decision_hours = int(rows), int(threads), int(decision_hours)
        self.scenario = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
        self.rows, self.decision_hours, self.threads = rows, decision_hours, threads
        self.options = {
            "patients": patients,
            "among": among,
            "observe": observe,
            "actions": actions,
            "decision_hours": decision_hours,
            "reward": reward,
            "fidelity": fidelity,
            "terminations": terminations,
            "threads": threads,
        }
        self.observes, self.acts, self.pays, self.terminations = observe, actions, reward, terminations
        self.patients = Patients(self.scenario.recipe, patients)
        self.among = self.patients.size if among is None else among
        if not is_whole(self.among) or self.among > self.patients.size:
            raise ValueError(f"among = {among!r:.60}: split '{patients}' has 1 to {self.patients.size} patients")
        self.among = self.options["among"] = int(self.among)
        self.observation_space = observation_space(self.scenario, observe)
        self.action_space = act.action_space(self.scenario, actions)
        self.reward_space = reward_space(reward)
        self._calendars = [NOTHING] * rows  # tables of what is still to come
        self._laid: Events | None = None  # the calendars as arrays
        self._menu = act.menu(self.scenario)
        self._daily = self.scenario.read_outs
        if observe != "state":  # nothing else looks at other memories before the end
            self._daily = self._daily._replace(others=np.zeros(0, np.int64))
        self._record = record(rows)
        self.ended = np.zeros(rows, np.int64)  # index into ENDINGS; 0 = still in treatment
        self.burden = np.zeros(rows)
        self._start = np.zeros(rows)
        self._rated = ratings(rows)
        self.state: ModelState | None = None
        self.witness: Witness | None = None  # looks on while rows live

    def reset(
        self,
        seeds: Sequence[int],
        episodes: Sequence[int],
        rows: Sequence[int] | None = None,
        patients: Sequence[int | None] | None = None,
        report: Report | None = None,
    ) -> np.ndarray:
        """Put new patients into `rows` (default: all) and return the observations of all rows.

        Row by row, `seeds` and `episodes` decide the random life and, unless `patients` names an index of the
        split, who is drawn. Raises ValueError, before anything has changed, for a patient that the split does not have.
        """
        which = list(range(self.rows)) if rows is None else list(rows)
        keys = [rng.derive(seed, rng.EPISODE, episode) for seed, episode in zip(seeds, episodes, strict=True)]
        named = [None] * len(which) if patients is None else list(patients)
        indices = [self._drawn(key, own) for key, own in zip(keys, named, strict=True)]
        if self.state is None and len(which) != self.rows:
            raise RuntimeError("the first reset must cover every row")
        announce()
        intake = self.patients.intake(indices, report)
        intake.patient.key[:] = keys
        measured = self._measure(intake.patient, self._daily)
        if self.state is None:
            self.state = remembering(intake.patient, self.scenario.params)
            self.reference, self.measured = intake.reference, measured
        else:
            admit(self.state, which, intake.patient)
            arrays.put(self.reference, which, intake.reference)
            self.measured = arrays.copy(self.measured)
            arrays.put(self.measured, which, measured)
        for row in which:
            self._calendars[row], self._laid = NOTHING, None
        self._record.number[which] = 0
        self.ended[which] = 0
        self.burden[which] = 0.0
        self._restored = restored(self.measured.function, self.reference)
        self._start[which] = self._restored[which]
        return self.seen()

    def _drawn(self, key: np.uint64, named: object) -> int:
        """Return the patient that was named, or else the one that `key` draws."""
        if named is None:
            return int(rng.uniform(key, 0, rng.EPISODE) * self.among)
        size = self.patients.size
        if not is_whole(named, 0) or int(named) >= size:  # type: ignore[call-overload]
            split = self.patients.split
            raise ValueError(
                f"patient {named!r:.60} is not in split '{split}'; expected a whole number, 0 to {size - 1}"
            )
        return int(named)  # type: ignore[call-overload]

    def _measure(self, state: ModelState, seen: Probes, rows: Sequence[int] | np.ndarray | None = None) -> Measurements:
        return measure(state, self.scenario.params, seen, threads=self.threads, rows=rows)

    def _measured_again(self, live: np.ndarray) -> Measurements:
        """Return the measurements of all rows, of which only `live` have lived on."""
        assert self.state is not None
        if len(live) == self.rows:
            return self._measure(self.state, self._daily)
        known = arrays.copy(self.measured)
        arrays.put(known, live, self._measure(self.state, self._daily, live))
        return known

    def given(self, row: int) -> list[Administration]:
        """Return what `row` has been given, in the order in which it was decided."""
        return entries(self._record, row)

    def prescribe(self, rows: Sequence[int], protocol: Protocol) -> None:
        """Put a whole protocol on the calendars of `rows`, at its exact times; its burden is paid as it is given."""
        self._record = with_room(self._record, len(protocol.administrations))
        for row in rows:
            for administration in protocol.administrations:
                enter(administration, row, self._record)
        whole = self._timetable(protocol.administrations)
        for row in rows:
            self._schedule(row, whole)

    def _timetable(self, given: Sequence[Administration]) -> np.ndarray:
        own = (timetable(administration, self.scenario.cues, self.scenario.aversive) for administration in given)
        return merge([NOTHING, *own])

    def _schedule(self, row: int, coming: np.ndarray) -> None:
        """Add events to a row's calendar, and forget those that are over."""
        assert self.state is not None, "reset comes first"
        if len(coming):
            old = self._calendars[row]
            ahead = old[np.searchsorted(old[:, 0], self.state.clock[row]) :]
            self._calendars[row] = merge([ahead, coming]) if len(ahead) else coming
            self._laid = None

    def masks(self) -> np.ndarray:
        """Return which menu actions are legal now, (rows, actions) int8."""
        assert self.state is not None, "reset comes first"
        self._record = with_room(self._record, len(self._menu.time))
        legal = np.empty((self.rows, len(self.scenario.menu)), np.int8)
        menu_masks(self.state.clock, self._record, self._menu, LIMITS, self.scenario.end, legal)
        return legal

    def step(self, actions: Any) -> Step:
        """Treat every row that is still in treatment for one decision interval.

        Raises ActionError, before anything has changed, for actions that are misshapen, not finite or not in the
        space, and RuntimeError before the first reset.
        """
        if self.state is None:
            raise RuntimeError("step was called before reset")
        checked = act.check(actions, self.action_space, self.rows)
        live = np.flatnonzero(self.ended == 0)
        refused = np.zeros(self.rows, np.int64)
        before, until = self.state.clock.copy(), self.state.clock.copy()
        until[live] += self.decision_hours * HOUR
        idle = checked == 0 if self.acts == "menu" else np.zeros(self.rows, bool)
        for row in live[~idle[live]].tolist():
            refused[row] = self._treat(row, checked[row], int(before[row]))
        seizures = self.state.seizures.copy()
        everyone = np.arange(self.rows)
        live_on(everyone, self.state, self._events(), self.scenario.params, until, self.threads, self.witness)
        self.measured = self._measured_again(live)
        if self.witness is not None:
            self.witness.see(everyone, self.state, self.measured)

        paid, fined = self._paid(before, until), self.scenario.objective.refused * refused
        self.burden += paid + fined
        self.ended[live] = self._endings(live, seizures)
        terminated = np.zeros(self.rows, bool)
        terminated[live] = self.ended[live] > 0
        followup = self._follow_up(np.flatnonzero(terminated))
        now = np.where(terminated, followup.restored, restored(self.measured.function, self.reference))
        terms = RewardTerms(
            function=np.where((self.ended == 0) | terminated, now - self._restored, 0.0),
            harm=np.where(terminated, -followup.harm / 100.0, 0.0),
            burden=-paid / 100.0,
            refused=-fined / 100.0,
        )
        self._restored = now
        reward = np.stack(terms, 1)
        if self.pays != "vector":
            reward = reward.sum(1)
        if self.pays == "sparse":
            reward = np.where(terminated, followup.score / 100.0 - self._start, 0.0)
        return Step(self.seen(), reward, terminated, terms, refused, followup)

    def _treat(self, row: int, action: np.ndarray, now: int) -> int:
        """Put on a row's calendar what its action asks for; return how many wishes were refused."""
        asked = act.wishes(action, self.scenario, self.acts, now, self.decision_hours)
        self._record = with_room(self._record, len(asked))
        given = act.decode(asked, row, self._record, self.scenario.end, self.acts == "menu")
        if given:
            self._schedule(row, self._timetable(given))
        return len(asked) - len(given)

    def _events(self) -> Events:
        """Lay out the calendars, when something has been added to them."""
        if self._laid is None:
            self._laid = join(self._calendars)
        return self._laid

    def _paid(self, before: np.ndarray, until: np.ndarray) -> np.ndarray:
        """Return the burden of what begins between `before` and `until`, (rows,), points."""
        paid = np.zeros(self.rows)
        burdens(self._record, before, until, paid)
        return self.scenario.objective.burden * paid

    def _endings(self, live: np.ndarray, seizures: np.ndarray) -> np.ndarray:
        assert self.state is not None
        endings = np.zeros(len(live), np.int64)
        if self.terminations:
            endings[self.burden[live] > self.scenario.objective.dropout] = ENDINGS.index("drop-out")
            endings[self.state.seizures[live] > seizures[live]] = ENDINGS.index("seizure")
        endings[self.state.clock[live] >= self.scenario.end] = ENDINGS.index("horizon")
        return endings

    def _follow_up(self, rows: np.ndarray) -> FollowUp:
        """Let `rows` live on untreated, challenge them, and measure what has lasted; a chunk of rows at a time."""
        result = FollowUp(*(np.full(self.rows, np.nan) for _ in FollowUp._fields))
        for first in range(0, len(rows), CHUNK):
            chunk = rows[first : first + CHUNK]
            for field, column in zip(result, self._later(chunk), strict=True):
                field[chunk] = column
        return result

    def _later(self, rows: np.ndarray) -> FollowUp:
        """Return the results of `rows`, (len(rows),) each."""
        assert self.state is not None
        later = arrays.take(self.state, rows)
        challenges = join([table(self.scenario.challenge)] * len(rows))
        live_on(rows, later, challenges, self.scenario.params, self.scenario.followup, self.threads, self.witness)
        measured = self._measure(later, self.scenario.read_outs)
        if self.witness is not None:
            self.witness.see(rows, later, measured)
        reference = arrays.take(self.reference, rows)
        share = restored(measured.function, reference)
        ended = self._measure(self.state, self.scenario.read_outs, rows).memories
        harmed = harm(ended, measured.memories, later.seizures, reference, self.scenario.objective)
        return FollowUp(
            100.0 * share - harmed - self.burden[rows],
            measured.function,
            measured.memories,
            share,
            harmed,
            self.burden[rows],
            later.seizures,
        )

    def kept(self) -> dict[str, Any]:
        """Return everything that what follows depends on, by name, not copied."""
        return {
            "state": self.state,
            "reference": self.reference,
            "measured": self.measured,
            "record": self._record,
            "calendars": self._calendars,
            "ended": self.ended,
            "burden": self.burden,
            "restored": self._restored,
            "start": self._start,
            "rated": self._rated,
        }

    def put_back(self, kept: dict[str, Any]) -> None:
        """Go on from what `kept` returned, for a batch like this one; keeps no copy."""
        self.state, self.reference, self.measured = kept["state"], kept["reference"], kept["measured"]
        self._record, self._calendars, self._laid = kept["record"], kept["calendars"], None
        self.ended, self.burden = kept["ended"], kept["burden"]
        self._restored, self._start, self._rated = kept["restored"], kept["start"], kept["rated"]

    def seen(self) -> np.ndarray:
        """Return the observations of all rows, (rows, channels) float32; looking again shows the same."""
        assert self.state is not None, "reset comes first"
        seen = observe(self.observes, self.scenario, self.state, self.measured, self.burden, self._record, self._rated)
        space = self.observation_space
        return np.clip(seen, space.low, space.high).astype(np.float32)

    def depth(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return how deep the captor's basin is in `rows` now, 0..1; see model.measure.Measurements."""
        assert self.state is not None, "reset comes first"
        return measure(self.state, self.scenario.params, self.scenario.read_outs, True, self.threads, rows).depth
