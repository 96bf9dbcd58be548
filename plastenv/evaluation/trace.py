"""What patients' molecules and circuits do over treatment and follow-up, read from their state without a trace in it.

    outcome, trace = rollout.recorded(scenario, schedule, "test", range(32), seed=0)            # every midnight
    outcome, trace = rollout.recorded(scenario, schedule, "test", [7], 7, hours=1, probing=True)  # one patient's story

The outcome is what `rollout.run` returns, bit for bit. Probes cost time, so symptoms and capture are known where the
run itself has probed, at midnights of treatment and at follow-up, and are NaN elsewhere. With `probing` they are known
at every midnight, in follow-up too, and for each cue by itself. Times run to follow-up whenever treatment ended.

'Own' is the healthy assembly that answers a cue well, 'captor' the maladaptive assembly that captures it. A weight
here is the mean over the synapses from a cue's axons onto an assembly's neurons.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from plastenv.envs.batch import PatientBatch
from plastenv.envs.viewer import cue_names
from plastenv.model.measure import Measurements, measure
from plastenv.model.types import DAY, HOUR, ModelState
from plastenv.molecular.pharmacology import COMPOUND_INDEX, NOGO_RELIEF, TARGETS, actions
from plastenv.scenarios.scenario import Scenario

STAGES = ("before", "end", "follow-up")  # when the depth of the basin is probed: before and after treatment, later


class Trace(NamedTuple):
    """The course of every patient. Weights are in units of input, levels relative to a reference of 1."""

    time: np.ndarray  # (times,) int64, s on the calendar
    ended: np.ndarray  # (patients,) int64, s on the calendar, when treatment was over
    ending: np.ndarray  # (patients,) int64, why; index into ENDINGS of envs/batch.py
    premorbid: np.ndarray  # (patients,), symptoms before adversity, 0..1
    untreated: np.ndarray  # (patients,), mean symptoms at follow-up of the untreated course, 0..1
    depth: np.ndarray  # (stages, patients), depth of the captor's basin, 0..1; rows as in STAGES
    symptoms: np.ndarray  # (times, patients), 1 - function, 0..1
    capture: np.ndarray  # (times, patients), share of function probes that the captor wins
    cue_symptoms: np.ndarray  # (times, patients, cues), symptoms of one cue
    cue_capture: np.ndarray  # (times, patients, cues), share of the cue's probes that the captor wins
    plasma: np.ndarray  # (times, patients, drugs), study doses; in the order of drugs()
    nets: np.ndarray  # (times, patients), perineuronal nets, 1 = adult
    nogo: np.ndarray  # (times, patients), Nogo-A signalling after drugs, 1 = adult
    acetylation: np.ndarray  # (times, patients), acetylated share of histones
    bdnf: np.ndarray  # (times, patients), 1 = young adult at rest
    protein_own: np.ndarray  # (times, patients, cues), plasticity-related proteins, mean of the own assembly
    protein_captor: np.ndarray  # (times, patients), the same, of the captor
    tag_own: np.ndarray  # (times, patients, cues), mean tag, 0..1
    tag_captor: np.ndarray  # (times, patients, cues)
    early_own: np.ndarray  # (times, patients, cues), early-phase deviation
    early_captor: np.ndarray  # (times, patients, cues)
    late_own: np.ndarray  # (times, patients, cues), late-phase weight
    late_captor: np.ndarray  # (times, patients, cues)
    structure_own: np.ndarray  # (times, patients, cues), what the late phase relaxes to
    structure_captor: np.ndarray  # (times, patients, cues)


# Fields whose first axis is the patient; of the others, but for time, it is the second.
PATIENT_FIRST = ("ended", "ending", "premorbid", "untreated")


def drugs(scenario: Scenario) -> tuple[str, ...]:
    """Return the drugs of a scenario, in the order of `Trace.plasma`."""
    return tuple(name for name in scenario.interventions if name in COMPOUND_INDEX)


def cues(scenario: Scenario) -> tuple[str, ...]:
    """Return the names of the cues of a trace, as training targets them."""
    names = cue_names(scenario)
    return tuple(names[cue] for cue in scenario.cues)


def together(traces: Sequence[Trace]) -> Trace:
    """Join the traces of several groups of patients, seen at the same times."""
    joined = {
        name: np.concatenate(columns, 0 if name in PATIENT_FIRST else 1)
        for name, *columns in zip(Trace._fields, *traces, strict=True)
        if name != "time"
    }
    return Trace(time=traces[0].time, **joined)


class Recorder:
    """Sees a batch live, from its reset to follow-up, and writes down what it sees."""

    def __init__(
        self,
        scenario: Scenario,
        patients: int,
        hours: int = 24,
        probing: bool = False,
        day: Callable[[int], None] | None = None,
    ) -> None:
        """See `patients` every so many `hours`; `day` is told how many of them have lived through a day, each time.

        Raises ValueError for hours that do not divide a day.
        """
        if hours < 1 or 24 % hours:
            raise ValueError(f"hours = {hours}: expected a whole divisor of 24")
        self.scenario, self.hours, self.probing, self.day = scenario, hours, probing, day
        anatomy, probed, offered = scenario.params.anatomy, len(scenario.cues), len(drugs(scenario))
        patterns = (anatomy.cues[list(scenario.cues)] > 0.0).astype(np.float32)
        self._axons = patterns / patterns.sum(1, keepdims=True)  # (cues, inputs), shares of a mean
        self._members = anatomy.assemblies / anatomy.assemblies.sum(1, keepdims=True)  # (assemblies, units)
        self._own = anatomy.cue_assembly[list(scenario.cues)]
        time = np.arange(0, scenario.followup + 1, hours * HOUR)
        each = (len(time), patients)
        shapes = {"depth": (len(STAGES), patients), "plasma": (*each, offered)}
        shapes |= dict.fromkeys(("symptoms", "capture", "nets", "nogo", "acetylation", "bdnf", "protein_captor"), each)
        shapes |= dict.fromkeys(("premorbid", "untreated"), (patients,))
        rest = {name: np.full(shapes.get(name, (*each, probed)), np.nan) for name in Trace._fields[3:]}
        self.trace = Trace(time, *np.zeros((2, patients), np.int64), **rest)

    def attend(self, batch: PatientBatch) -> None:
        """Look on from now, the first moment of treatment, until follow-up is over."""
        assert batch.state is not None, "reset comes first"
        batch.witness = self
        self.trace.premorbid[:] = 1.0 - batch.reference.premorbid
        self.trace.untreated[:] = 1.0 - batch.reference.untreated
        everyone = np.arange(batch.rows)
        self.see(everyone, batch.state)
        self.see(everyone, batch.state, batch.measured)

    def close(self, rows: np.ndarray, batch: PatientBatch, depth: np.ndarray) -> None:
        """Note that the treatment of `rows` is over, and how deep the basin is now, one each."""
        assert batch.state is not None, "reset comes first"
        self.trace.ended[rows], self.trace.ending[rows] = batch.state.clock[rows], batch.ended[rows]
        self.trace.depth[STAGES.index("end"), rows] = depth

    def see(self, rows: np.ndarray, state: ModelState, measured: Measurements | None = None) -> None:
        """Write down how the patients of `state` are now, or what was `measured` of them, if it is time to."""
        stride = self.hours * HOUR
        due = np.flatnonzero(state.clock % stride == 0)
        at = state.clock[due] // stride, rows[due]
        if measured is not None:
            self.trace.symptoms[at] = 1.0 - measured.function[due]
            self.trace.capture[at] = measured.capture[due]
            for stage, when in (("before", 0), ("follow-up", self.scenario.followup)):
                there = np.flatnonzero(state.clock == when)
                if len(there):
                    self.trace.depth[STAGES.index(stage), rows[there]] = self._depth(state, there)
            return
        self._levels(at, due, state)
        self._weights(at, due, state)
        due = np.flatnonzero(state.clock % DAY == 0)
        if self.probing and len(due):
            self._probe((state.clock[due] // stride, rows[due]), due, state)
        if self.day is not None:
            self.day(int(np.count_nonzero(state.clock[due])))  # nobody has lived a day at the first look

    def _depth(self, state: ModelState, which: np.ndarray) -> np.ndarray:
        return measure(state, self.scenario.params, self.scenario.read_outs, True, rows=which).depth

    def _levels(self, at: tuple[np.ndarray, np.ndarray], which: np.ndarray, state: ModelState) -> None:
        molecules, params, trace = state.molecules, self.scenario.params, self.trace
        offered = [COMPOUND_INDEX[name] for name in drugs(self.scenario)]
        trace.plasma[at] = molecules.plasma[which][:, offered]
        for name in ("nets", "acetylation", "bdnf"):
            getattr(trace, name)[at] = getattr(molecules, name)[which]
        acting, relief = np.zeros(len(TARGETS)), np.zeros(len(which))
        for k, p in enumerate(which):
            levels = (molecules.bath[p], molecules.plasma[p], molecules.effect[p], molecules.tolerance[p])
            actions(*levels, params.drugs, acting)
            relief[k] = acting[NOGO_RELIEF]
        trace.nogo[at] = molecules.nogo[which] * state.traits.brakes[which] * (1.0 - relief)
        protein = molecules.protein[which] @ self._members.T  # (patients, assemblies)
        trace.protein_own[at] = protein[:, self._own]
        trace.protein_captor[at] = protein[:, self.scenario.aversive]

    def _weights(self, at: tuple[np.ndarray, np.ndarray], which: np.ndarray, state: ModelState) -> None:
        circuit, consolidation = state.circuit, self.scenario.params.molecular.consolidation
        units = circuit.gain.shape[1]
        early = circuit.early[which, units:]
        quartic = early**4
        tag = quartic / (quartic + np.float32(consolidation.tag**4))
        synapses = {"tag": tag, "early": early, "late": circuit.late[which, units:]}
        synapses["structure"] = circuit.structure[which, units:]
        each = np.arange(len(self._own))
        for name, own in synapses.items():
            means = self._axons @ own @ self._members.T  # (patients, cues, assemblies)
            getattr(self.trace, f"{name}_own")[at] = means[:, each, self._own]
            getattr(self.trace, f"{name}_captor")[at] = means[:, :, self.scenario.aversive]

    def _probe(self, at: tuple[np.ndarray, np.ndarray], which: np.ndarray, state: ModelState) -> None:
        """Probe cue by cue; over all cues the means are those of `measure`, but for rounding."""
        trace, none = self.trace, np.zeros(0, np.int64)
        for k, cue in enumerate(self.scenario.cues):
            seen = self.scenario.read_outs._replace(function=np.array([cue]), others=none)
            measured = measure(state, self.scenario.params, seen, rows=which)
            trace.cue_symptoms[(*at, k)] = 1.0 - measured.function
            trace.cue_capture[(*at, k)] = measured.capture
        trace.symptoms[at] = trace.cue_symptoms[at].mean(1)
        trace.capture[at] = trace.cue_capture[at].mean(1)
