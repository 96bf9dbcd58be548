"""The catalogue of interventions: what can be given, to which target, how much, how often, and what forbids it.

An intervention is data. What it does to the molecules stands in molecular/pharmacology.py, what it does to the
circuit in circuit/episodes.py; here it is only turned into calendar events.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache

import numpy as np

from plastenv.circuit.episodes import INDEX
from plastenv.model.calendar import Event, table
from plastenv.model.types import DAY, HOUR
from plastenv.molecular.pharmacology import COMPOUND_INDEX

TRIALS_PER_HOUR = 18  # exposure trials of a session at dose 1
TRAINS_PER_HOUR = 40  # stimulation trains at any amplitude
EPISODES_PER_DAY = 4  # environment at dose 1, per cue
WAKING = (8, 20)  # hours between which an environment acts


@dataclass(frozen=True, slots=True)
class Intervention:
    """One thing that can be done to a patient. Doses are in study doses, 1 = the standard of the source."""

    name: str
    kind: str  # drug | stimulation | training | environment
    what: str
    targets: tuple[str, ...]
    max_dose: float  # study doses per administration
    per_day: int  # administrations per calendar day
    interval_h: float  # h between two starts
    course: float  # study doses over the whole treatment
    minutes: int  # default duration, 0 = at once
    max_minutes: int
    burden: float  # points per study dose (and hour, where it takes time)
    source: str
    apart: dict[str, float] = field(default_factory=dict)  # contraindicated: other intervention -> hours apart
    sign: float = 1.0  # of a stimulator's current


CATALOGUE = (
    Intervention(
        "rapid-opener",
        "drug",
        "ketamine-like: blocks NMDA receptors for a day, loosens Nogo signalling for days",
        ("systemic",),
        1.5,
        1,
        48,
        20,
        0,
        0,
        1.0,  # two monitored hours at the clinic, each as heavy as an hour of training
        "Li 2010 Science 329:959; Wilkinson 2018 Am J Psychiatry 175:150",
        {"anxiolytic": 24.0},
    ),
    Intervention(
        "slow-opener",
        "drug",
        "fluoxetine-like: opens slowly with daily doses",
        ("systemic",),
        1.0,
        1,
        20,
        60,
        0,
        0,
        0.1,
        "Maya Vetencourt 2008 Science 320:385; Karpova 2011 Science 334:1731",
    ),
    Intervention(
        "deacetylase-inhibitor",
        "drug",
        "raises histone acetylation for hours",
        ("systemic",),
        1.5,
        1,
        20,
        60,
        0,
        0,
        0.3,
        "Graff 2014 Cell 156:261",
        {"synthesis-blocker": 24.0},
    ),
    Intervention(
        "net-enzyme",
        "drug",
        "digests perineuronal nets; they re-form in weeks",
        ("local",),
        1.0,
        1,
        14 * 24,
        3,
        0,
        0,
        4.0,
        "Gogolla 2009 Science 325:1258; Pizzorusso 2002 Science 298:1248",
    ),
    Intervention(
        "nmda-coagonist",
        "drug",
        "d-cycloserine-like: raises NMDA receptor function, with tolerance",
        ("systemic",),
        1.0,
        1,
        20,
        60,
        0,
        0,
        0.1,
        "Ressler 2004 Arch Gen Psychiatry 61:1136",
    ),
    Intervention(
        "synthesis-blocker",
        "drug",
        "blocks protein synthesis for hours",
        ("local",),
        1.0,
        1,
        48,
        12,
        0,
        0,
        2.0,
        "Nader 2000 Nature 406:722",
        {"deacetylase-inhibitor": 24.0},
    ),
    Intervention(
        "anxiolytic",
        "drug",
        "benzodiazepine-like: strengthens inhibition, with tolerance",
        ("systemic",),
        2.0,
        3,
        6,
        200,
        0,
        0,
        0.1,
        "Rothbaum 2014 Am J Psychiatry 171:640 (alprazolam hinders exposure)",
        {"rapid-opener": 24.0},
    ),
    Intervention(
        "excitatory-stimulation",
        "stimulation",
        "trains that drive a region",
        ("prefrontal", "broad"),
        2.0,
        2,
        2,
        400,
        20,
        60,
        0.2,
        "Cole 2022 Am J Psychiatry 179:132 (accelerated prefrontal stimulation)",
    ),
    Intervention(
        "inhibitory-stimulation",
        "stimulation",
        "trains that silence a region",
        ("amygdala",),
        2.0,
        2,
        2,
        400,
        20,
        60,
        0.2,
        "Gamboa 2010 Exp Brain Res 204:181 (continuous theta bursts)",
        sign=-1.0,
    ),
    Intervention(
        "extinction-training",
        "training",
        "prolonged cues without the feared outcome, avoidance prevented",
        ("all-cues", "cue-1", "cue-2", "cue-3", "cue-4"),
        1.0,
        4,
        1,
        200,
        60,
        600,
        0.5,
        "Craske 2014 Behav Res Ther 58:10; Urcelay 2009 Learn Behav 37:60",
    ),
    Intervention(
        "brief-reactivation",
        "training",
        "each cue once, without the feared outcome",
        ("all-cues",),
        3.0,
        3,
        1,
        60,
        5,
        10,
        0.2,
        "Monfils 2009 Science 324:951",
    ),
    Intervention(
        "benign-environment",
        "environment",
        "days in which cues keep their ordinary outcome",
        ("surroundings",),
        2.0,
        1,
        24,
        60,
        1440,
        1440,
        0.2,
        "Branchi 2011 Psychoneuroendocrinology 36:339 (fluoxetine amplifies surroundings)",
        {"adverse-environment": 24.0},
    ),
    Intervention(
        "adverse-environment",
        "environment",
        "days in which cues bring the feared outcome",
        ("surroundings",),
        2.0,
        1,
        24,
        60,
        1440,
        1440,
        0.0,
        "Alboni 2017 Mol Psychiatry 22:552 (fluoxetine in stress worsens)",
        {"benign-environment": 24.0},
    ),
)
BY_NAME = {intervention.name: intervention for intervention in CATALOGUE}
REGIONS = {"prefrontal": 0, "amygdala": 1, "broad": 2}  # rows of Anatomy.stimulation
CLINIC = 2  # row of Anatomy.contexts
OUTSIDE = 1


@dataclass(frozen=True, slots=True)
class Administration:
    """One intervention on one target, once: when (s on the calendar), for how long (s), how much (study doses)."""

    time: int
    seconds: int
    intervention: str
    target: str
    dose: float

    @property
    def burden(self) -> float:
        """Points that this administration costs the patient."""
        what = BY_NAME[self.intervention]
        hours = self.seconds / HOUR if what.kind in {"stimulation", "training"} else 1.0
        return what.burden * hours * (1.0 if what.kind == "training" else self.dose)


def _trials(given: Administration, number: int, cues: tuple[int, ...]) -> Iterator[Event]:
    for trial in range(number):
        strength = 0.7 + 0.1 * (trial // len(cues) % 4)
        yield Event(
            given.time + trial * given.seconds // number,
            episode=INDEX["exposure-trial"],
            cue=cues[trial % len(cues)],
            context=CLINIC,
            strength=strength,
        )


def _surroundings(given: Administration, cues: tuple[int, ...], aversive: int) -> Iterator[Event]:
    first = given.time // DAY * DAY
    number = round(EPISODES_PER_DAY * given.dose)
    for k in range(number):
        for turn, cue in enumerate(cues):
            at = (
                first
                + WAKING[0] * HOUR
                + (k * len(cues) + turn) * (WAKING[1] - WAKING[0]) * HOUR // (number * len(cues))
            )
            if at >= given.time:
                adverse = given.intervention == "adverse-environment"
                yield Event(
                    at,
                    episode=INDEX["pairing" if adverse else "everyday-outcome"],
                    cue=cue,
                    context=OUTSIDE,
                    outcome=aversive if adverse else cue,
                    strength=0.9,
                )


def events(given: Administration, cues: tuple[int, ...], aversive: int) -> list[Event]:
    """Turn one administration into calendar events.

    `cues` are the cues that training and surroundings bring, `aversive` is the outcome that is feared.
    """
    what = BY_NAME[given.intervention]
    if what.kind == "drug":
        return [Event(given.time, compound=COMPOUND_INDEX[what.name], dose=given.dose)]
    if what.kind == "stimulation":
        trains = round(TRAINS_PER_HOUR * given.seconds / HOUR)
        return [
            Event(
                given.time + k * HOUR // TRAINS_PER_HOUR,
                episode=INDEX["stimulation-train"],
                context=CLINIC,
                target=REGIONS[given.target],
                amplitude=what.sign * given.dose,
            )
            for k in range(trains)
        ]
    if what.kind == "environment":
        return list(_surroundings(given, cues, aversive))
    if given.target != "all-cues":
        cues = (cues[int(given.target.removeprefix("cue-")) - 1],)
    if what.name == "brief-reactivation":
        return list(_trials(given, round(given.dose) * len(cues), cues))
    return list(_trials(given, round(TRIALS_PER_HOUR * given.dose * given.seconds / HOUR), cues))


@lru_cache(maxsize=4096)
def _within_a_day(given: Administration, cues: tuple[int, ...], aversive: int) -> np.ndarray:
    return table(events(given, cues, aversive))


def timetable(given: Administration, cues: tuple[int, ...], aversive: int) -> np.ndarray:
    """Return the calendar events of one administration as a table of one's own, (events, columns of Event)."""
    day = given.time // DAY * DAY
    rows = _within_a_day(replace(given, time=given.time - day), cues, aversive).copy()
    rows[:, 0] += day
    return rows


@cache
def channels(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the intervention-target pairs of the interventions `names`, in catalogue order."""
    return tuple((i.name, target) for i in CATALOGUE if i.name in names for target in i.targets)
