"""What is drawn of a patient: a scene is plain data, and pictures and texts are functions of it."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from plastenv.model.types import DAY
from plastenv.molecular.pharmacology import COMPOUND_INDEX
from plastenv.therapy.interventions import CATALOGUE, Administration

CAPTOR = "fear"  # what the assembly that captures is called
NOTHING = "nothing"  # where a cue leads that no assembly answers
SHARE = 0.5  # of the strongest answer; what fires less does not count
SILENT = 0.05  # 100 Hz; an answer below it is none


class Moment(NamedTuple):
    """What is remembered of one look at a patient."""

    clock: int  # s on the calendar
    symptoms: float  # 1 - function, 0..1
    lost: float  # other memories lost against the untreated course, 0..1
    nets: float  # 1 = adult
    nogo: float  # signalling after drugs, 1 = adult
    acetylation: float  # share
    bdnf: float  # 1 = reference
    plasma: np.ndarray  # (compounds,), study doses


class Lane(NamedTuple):
    """One intervention on the timeline."""

    name: str
    kind: str
    given: tuple[Administration, ...]
    strength: float  # study doses, the catalogue's limit
    level: np.ndarray | None  # (moments,), plasma level of a drug, study doses


@dataclass(frozen=True)
class Scene:
    """A patient at one moment, and what led to it."""

    title: str  # scenario
    horizon: int  # d
    followup: int  # d, day of follow-up
    course: tuple[Moment, ...]  # up to now, in order of time
    untreated: float  # symptoms at follow-up on the untreated course
    premorbid: float  # symptoms before adversity
    cues: tuple[str, ...]
    own: tuple[int, ...]  # (cues,), the assembly that answers a cue well
    captor: int  # the assembly that captures
    answers: np.ndarray  # (cues, assemblies), 100 Hz, at the end of a cue
    weights: np.ndarray  # (pre, post), early + late, units of input
    members: np.ndarray  # (assemblies, post), who belongs to an assembly
    axons: np.ndarray  # (cues + contexts, pre), which axons a cue or a context sends on
    given: tuple[Administration, ...]  # in order of time; those after now are planned
    burden: float  # points so far
    restored: float  # R now; 0 = natural course, 1 = premorbid
    ending: str = ""  # why treatment is over
    results: dict[str, float] = field(default_factory=dict)  # of follow-up, once treatment is over
    note: str = ""  # what is played

    @property
    def now(self) -> Moment:
        """The last moment of the course."""
        return self.course[-1]

    @property
    def day(self) -> float:
        """Days of treatment that have passed."""
        return self.now.clock / DAY

    @property
    def lanes(self) -> list[Lane]:
        """What has been given or is planned, by intervention, in the order of the catalogue."""
        lanes = []
        for what in CATALOGUE:
            own = tuple(given for given in self.given if given.intervention == what.name)
            if own:
                compound = COMPOUND_INDEX.get(what.name)
                level = None if compound is None else np.array([moment.plasma[compound] for moment in self.course])
                lanes.append(Lane(what.name, what.kind, own, what.max_dose, level))
        return lanes

    @property
    def assemblies(self) -> dict[int, str]:
        """Name every assembly by the cue that it answers, and the captor by what it is."""
        return {assembly: cue for cue, assembly in zip(self.cues, self.own, strict=True)} | {self.captor: CAPTOR}

    @property
    def blocks(self) -> np.ndarray:
        """Mean weight from every assembly, cue and context (in this order) to every assembly, (sources, assemblies)."""
        outside = self.axons.shape[1] - self.members.shape[1]
        sources = np.concatenate([np.pad(self.members, ((0, 0), (0, outside))), self.axons])
        means = (sources / sources.sum(1, keepdims=True)) @ self.weights
        return means @ (self.members / self.members.sum(1, keepdims=True)).T

    @property
    def frame(self) -> tuple:
        """What stays the same in all scenes of one environment."""
        shape = (self.weights.shape, self.members.tobytes())
        return self.title, self.horizon, self.followup, self.cues, self.own, self.captor, shape

    def rates(self, cue: int) -> tuple[float, float, float]:
        """Return how strongly a cue drives the captor, its own memory and the strongest other memory, 100 Hz."""
        answer = self.answers[cue]
        known = (self.captor, self.own[cue])
        others = (rate for assembly, rate in enumerate(answer) if assembly not in known)
        return float(answer[self.captor]), float(answer[self.own[cue]]), float(max(others, default=0.0))

    def leads(self, cue: int) -> list[str]:
        """Name the assemblies that a cue leads to, the strongest first: those that fire at least half as much as it."""
        answer = self.answers[cue]
        names = self.assemblies | {self.own[cue]: "own"}
        strongest = float(answer.max())
        if strongest < SILENT:
            return [NOTHING]
        return [names[a] for a in np.argsort(-answer, kind="stable").tolist() if answer[a] >= strongest * SHARE]

    @property
    def headline(self) -> tuple[str, str]:
        """How far the patient is, in a few words, and what that is made of."""
        if self.results:
            share, harm, burden = 100.0 * self.results["restored"], self.results["harm"], self.results["burden"]
            parts = f"{share:.1f} restored − {harm:.1f} harm − {burden:.1f} burden, on day {self.followup}"
            return f"score {self.results['score']:.1f}".replace("-", "−"), parts.replace("-", "−")
        parts = f"0 % = untreated, 100 % = before adversity; burden so far {self.burden:.1f} points"
        return f"{round(100.0 * self.restored)} % restored".replace("-", "−"), parts
