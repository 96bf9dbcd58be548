"""PatientBatch: the environment is a batch of patients; the shells for one patient and for vectors are thin."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from plastenv import arrays, rng
from plastenv.envs import actions as act
from plastenv.envs.observations import observation_space, observe
from plastenv.model.advance import advance, remembering
from plastenv.model.calendar import Event, lay_out
from plastenv.model.measure import Measurements, measure
from plastenv.model.types import HOUR, Events, ModelState
from plastenv.patients.cohort import Cohort, Patients, Report
from plastenv.scenarios.objective import RewardTerms, harm, references, restored
from plastenv.scenarios.scenario import Scenario, load_scenario
from plastenv.therapy.interventions import Administration, events
from plastenv.therapy.protocol import Protocol, nearest

ENDINGS = ("", "horizon", "seizure", "drop-out")


class FollowUp(NamedTuple):
    """Results after follow-up, (rows,) each; NaN for rows that have not ended."""

    score: np.ndarray  # points
    function: np.ndarray  # 0..1
    memories: np.ndarray  # 0..1
    restored: np.ndarray  # R
    harm: np.ndarray  # points
    burden: np.ndarray  # points
    seizures: np.ndarray


class Step(NamedTuple):
    """What a step returns, one row per patient."""

    observation: np.ndarray  # (rows, channels) float32
    reward: np.ndarray  # (rows,), units of 100 points
    terminated: np.ndarray  # (rows,) bool
    terms: RewardTerms
    refused: np.ndarray  # (rows,) int64, wishes that limits or contraindications forbade
    followup: FollowUp


class PatientBatch:
    """`rows` patients of a scenario, treated side by side and independent of one another.

    Keyword arguments other than the defaults leave the ranked task. `terminations=False` keeps patients in
    treatment through seizures and burden.
    """

    def __init__(
        self,
        scenario: str | Scenario = "Fear",
        rows: int = 1,
        *,
        patients: str = "train",
        observe: str = "clinic",
        actions: str = "menu",
        decision_hours: int = 24,
        reward: str = "dense",
        fidelity: str = "rate",
        terminations: bool = True,
    ) -> None:
        """Raises ValueError for an argument that is not one of its choices, naming the nearest."""
        choices = {
            "observe": (observe, ("clinic", "state")),
            "actions": (actions, ("menu", "doses")),
            "reward": (reward, ("dense", "sparse")),
            "fidelity": (fidelity, ("rate",)),
        }
        for argument, (value, valid) in choices.items():
            if value not in valid:
                raise ValueError(f"{argument} = {value!r}: {nearest(str(value), valid)}")
        if not isinstance(decision_hours, int) or decision_hours < 1 or 24 % decision_hours:
            raise ValueError(f"decision_hours = {decision_hours!r}: expected a whole divisor of 24")
        if rows < 1:
            raise ValueError(f"rows = {rows!r}: expected 1 or more")
        self.scenario = load_scenario(scenario) if isinstance(scenario, str) else scenario
        self.rows, self.decision_hours = rows, decision_hours
        self.observes, self.acts, self.pays, self.terminations = observe, actions, reward, terminations
        self.patients = Patients(self.scenario.recipe, patients)
        self.observation_space = observation_space(self.scenario, observe)
        self.action_space = act.action_space(self.scenario, actions)
        self._calendars: list[list[Event]] = [[] for _ in range(rows)]
        self._laid: Events | None = None  # the calendars as arrays
        self.given: list[list[Administration]] = [[] for _ in range(rows)]
        self.ended = np.zeros(rows, np.int64)  # index into ENDINGS; 0 = still in treatment
        self.burden = np.zeros(rows)
        self._start = np.zeros(rows)
        self._rating = np.zeros(rows)
        self.state: ModelState | None = None

    def reset(
        self,
        seeds: Sequence[int],
        episodes: Sequence[int],
        rows: Sequence[int] | None = None,
        patients: Sequence[int] | None = None,
        report: Report | None = None,
    ) -> np.ndarray:
        """Put new patients into `rows` (default: all) and return the observations of all rows.

        Row by row, `seeds` and `episodes` decide the random life and, unless `patients` names indices of the
        split, who is drawn.
        """
        which = list(range(self.rows)) if rows is None else list(rows)
        keys = [rng.derive(seed, rng.EPISODE, episode) for seed, episode in zip(seeds, episodes, strict=True)]
        indices = patients
        if indices is None:
            indices = [int(rng.uniform(key, 0, rng.EPISODE) * self.patients.size) for key in keys]
        cohort = self.patients.take(indices, report)
        cohort.patient.key[:] = keys
        if self.state is None:
            if len(which) != self.rows:
                raise RuntimeError("the first reset must cover every row")
            self.cohort: Cohort = cohort
            self.state = remembering(arrays.copy(cohort.patient), self.scenario.params)
        else:
            arrays.put(self.cohort, which, cohort)
            arrays.put(self.state, which, remembering(cohort.patient, self.scenario.params))
        self.reference = references(self.cohort)
        for row in which:
            self._calendars[row], self.given[row], self._laid = [], [], None
        self.ended[which] = 0
        self.burden[which] = 0.0
        self.measured = measure(self.state, self.scenario.params, self.scenario.read_outs)
        self._restored = restored(self.measured.function, self.reference)
        self._start[which] = self._restored[which]
        return self._observe()

    def prescribe(self, row: int, protocol: Protocol) -> None:
        """Put a whole protocol on a row's calendar, at its exact times; its burden is paid as it is given."""
        self._give(row, protocol.administrations)

    def _give(self, row: int, given: Sequence[Administration]) -> None:
        if given:
            self._laid = None
        self.given[row] += given
        for administration in given:
            self._calendars[row] += events(administration, self.scenario.cues, self.scenario.aversive)

    def masks(self) -> np.ndarray:
        """Return which menu actions are legal now, (rows, actions) int8."""
        assert self.state is not None, "reset comes first"
        return np.stack(
            [
                act.menu_mask(self.given[row], self.scenario, int(self.state.clock[row]), self.decision_hours)
                for row in range(self.rows)
            ]
        )

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
        for row in live.tolist():
            asked = act.wishes(checked[row], self.scenario, self.acts, int(before[row]), self.decision_hours)
            command = act.decode(asked, self.given[row], self.scenario, self.acts == "menu")
            refused[row] = command.refused
            self._give(row, command.given)
            until[row] += self.decision_hours * HOUR
        seizures = self.state.seizures.copy()
        advance(self.state, self._events(), self.scenario.params, until)
        self.measured = measure(self.state, self.scenario.params, self.scenario.read_outs)

        paid = self._paid(before, until) + self.scenario.objective.refused * refused
        self.burden += paid
        self.ended[live] = self._endings(live, seizures)
        terminated = np.zeros(self.rows, bool)
        terminated[live] = self.ended[live] > 0
        followup = self._follow_up(np.flatnonzero(terminated))
        now = np.where(terminated, followup.restored, restored(self.measured.function, self.reference))
        terms = RewardTerms(
            function=np.where(self.ended == 0, now - self._restored, np.where(terminated, now - self._restored, 0.0)),
            harm=np.where(terminated, -followup.harm / 100.0, 0.0),
            burden=-paid / 100.0,
        )
        self._restored = now
        reward = terms.function + terms.harm + terms.burden
        if self.pays == "sparse":
            reward = np.where(terminated, followup.score / 100.0 - self._start, 0.0)
        return Step(self._observe(), reward, terminated, terms, refused, followup)

    def _events(self) -> Events:
        """Lay out the calendars, when something has been added to them."""
        if self._laid is None:
            self._laid = lay_out(self._calendars)
        return self._laid

    def _paid(self, before: np.ndarray, until: np.ndarray) -> np.ndarray:
        weight = self.scenario.objective.burden
        return np.array(
            [
                weight * sum(given.burden for given in self.given[row] if before[row] <= given.time < until[row])
                for row in range(self.rows)
            ]
        )

    def _endings(self, live: np.ndarray, seizures: np.ndarray) -> np.ndarray:
        assert self.state is not None
        endings = np.zeros(len(live), np.int64)
        if self.terminations:
            endings[self.burden[live] > self.scenario.objective.dropout] = ENDINGS.index("drop-out")
            endings[self.state.seizures[live] > seizures[live]] = ENDINGS.index("seizure")
        endings[self.state.clock[live] >= self.scenario.end] = ENDINGS.index("horizon")
        return endings

    def _follow_up(self, rows: np.ndarray) -> FollowUp:
        """Let the rest of the calendar of `rows` run untreated, challenge them, and measure what has lasted."""
        assert self.state is not None
        result = FollowUp(*(np.full(self.rows, np.nan) for _ in FollowUp._fields))
        if len(rows):
            later = arrays.take(self.state, rows)
            kept = [
                [event for event in self._calendars[row] if event.time >= later.clock[k]]
                if self.ended[row] == ENDINGS.index("horizon")
                else []
                for k, row in enumerate(rows)
            ]
            advance(
                later,
                lay_out([[*ahead, *self.scenario.challenge] for ahead in kept]),
                self.scenario.params,
                self.scenario.followup,
            )
            measured = measure(later, self.scenario.params, self.scenario.read_outs)
            reference = arrays.take(self.reference, rows)
            share = restored(measured.function, reference)
            ended = self.measured.memories[rows]
            harmed = harm(ended, measured.memories, later.seizures, reference, self.scenario.objective)
            columns = (
                100.0 * share - harmed - self.burden[rows],
                measured.function,
                measured.memories,
                share,
                harmed,
                self.burden[rows],
                later.seizures,
            )
            for field, column in zip(result, columns, strict=True):
                field[rows] = column
        return result

    def _observe(self) -> np.ndarray:
        assert self.state is not None
        rows = []
        for row in range(self.rows):
            seen, self._rating[row] = observe(
                self.observes,
                self.scenario,
                row,
                self.state,
                self.measured,
                self.burden[row],
                self.given[row],
                self._rating[row],
            )
            rows.append(seen)
        return np.stack(rows)

    def measurements(self, deep: bool = False) -> Measurements:
        """Measure every row now; `deep` adds the depth of the captor's basin."""
        assert self.state is not None, "reset comes first"
        return measure(self.state, self.scenario.params, self.scenario.read_outs, deep) if deep else self.measured
