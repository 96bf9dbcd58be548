"""Compounds: one-compartment kinetics, a slow effect site, tolerance, Hill dynamics on molecular targets.

    depot' = -ka depot;  plasma' = ka depot - ke plasma;  effect' = ke plasma - effect/tau_effect
    tolerance' = (effect - tolerance)/tau_tolerance
    action on a target = max x^n/(x^n + ec50^n),   x = level / (1 + adaptation * tolerance)

Levels are in study doses (1 = the standard dose of the studies cited), so a compound is data: a row here and
a row in therapy/interventions.py. Strang splitting over a step (order 2). No compound knows of training.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from plastenv.kernel import kernel

TARGETS = (
    "NMDA receptor, block",
    "NMDA receptor, co-agonist site",
    "Nogo receptor signalling, relief",
    "histone deacetylases, block",
    "perineuronal nets, digestion",
    "protein synthesis, block",
    "GABA-A receptors, potentiation",
    "TrkB, BDNF release",
    "GABA-A receptors, block",
    "sodium channels, block",
    "transcription, block",
    "BDNF, supply",
    "BDNF, loss",
    "glutamate uptake, block",
    "astrocytes, D-serine release, block",
    "DNA methyltransferases, block",
    "microRNA-132, block",
    "neuromodulatory gain",
    "glucocorticoid stress",
    "sleep",
)
ACTIONS = {
    name: row
    for row, name in enumerate(
        (
            "nmda-block", "nmda-coagonist", "nogo-relief", "deacetylase-block", "net-digestion", "synthesis-block",
            "inhibition-boost", "trkb", "inhibition-block", "spike-block", "transcription-block", "bdnf-supply",
            "bdnf-loss", "uptake-block", "glia-clamp", "methyltransferase-block", "microrna-block", "gain", "stress",
            "sleep",
        )
    )
}  # fmt: skip
(
    NMDA_BLOCK, NMDA_BOOST, NOGO_RELIEF, DEACETYLASE_BLOCK, NET_DIGESTION, SYNTHESIS_BLOCK, INHIBITION, TRKB,
    INHIBITION_BLOCK, SPIKE_BLOCK, TRANSCRIPTION_BLOCK, BDNF_SUPPLY, BDNF_LOSS, UPTAKE_BLOCK, GLIA_CLAMP,
    METHYL_BLOCK, MICRORNA_BLOCK, GAIN, STRESS, SLEEP,
) = range(len(TARGETS))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Action:
    """What a compound does to one target: maximum, half-effective level (study doses), Hill exponent, site."""

    target: int
    maximum: float
    ec50: float
    hill: float = 2.0
    site: str = "plasma"  # or "effect"


@dataclass(frozen=True, slots=True)
class Compound:
    """Kinetics (hours) and actions of one compound, with sources."""

    name: str
    absorption_h: float  # h, time constant
    elimination_h: float  # h, time constant (half-life / ln 2)
    effect_h: float  # h, decay of the effect site
    actions: tuple[Action, ...]
    source: str
    adaptation: float = 0.0  # loss of potency per study dose adapted to
    tolerance_h: float = 240.0  # h, build-up and recovery of tolerance


WINDOW_PER_DAY = 24.0  # h of the effect's time constant per day for which the published window stays open


def _reopener(name: str, days: float) -> Compound:
    """Return a psychedelic whose window stays open for `days`; all share one constant and the actions of the opener."""
    return Compound(
        name,
        0.5,
        6.0,
        WINDOW_PER_DAY * days,
        (Action(NOGO_RELIEF, 0.95, 0.3, 2.0, "effect"), Action(TRKB, 0.4, 0.6, 2.0, "effect")),
        "Window of social reward learning (Nardou 2023 Nature 618:790); TrkB (Moliner 2023 Nat Neurosci 26:1032)",
    )


COMPOUNDS = (
    Compound(
        "rapid-opener",
        0.3,
        24.0,
        48.0,
        (
            Action(NMDA_BLOCK, 1.0, 0.45),
            Action(NOGO_RELIEF, 0.95, 0.3, 2.0, "effect"),
            Action(TRKB, 0.4, 0.6, 2.0, "effect"),
        ),
        "Ketamine-like: NMDA block while active metabolites last; spine growth and an open window of about two days "
        "(Li 2010 Science 329:959; Moda-Sava 2019 Science 364:eaat8078; Nardou 2023 Nature 618:790)",
    ),
    Compound(
        "slow-opener",
        2.0,
        72.0,
        240.0,
        (
            Action(NOGO_RELIEF, 0.85, 3.5, 2.0, "effect"),
            Action(TRKB, 0.6, 3.0, 2.0, "effect"),
            Action(NET_DIGESTION, 0.002, 3.0, 2.0, "effect"),
        ),
        "Fluoxetine-like: weeks of daily dosing re-open adult cortex (Maya Vetencourt 2008 Science 320:385; "
        "Castren & Antila 2017 Mol Psychiatry 22:1085)",
    ),
    Compound(
        "deacetylase-inhibitor",
        0.5,
        4.0,
        12.0,
        (Action(DEACETYLASE_BLOCK, 0.9, 0.4),),
        "Class I inhibitor, hours (Levenson 2004 J Biol Chem 279:40545; Graff 2014 Cell 156:261)",
    ),
    Compound(
        "net-enzyme",
        12.0,
        24.0,
        72.0,
        (Action(NET_DIGESTION, 0.04, 0.4, 2.0, "effect"),),
        "Chondroitinase ABC, local; nets re-form over weeks (Pizzorusso 2002 Science 298:1248)",
    ),
    Compound(
        "nmda-coagonist",
        0.5,
        10.0,
        12.0,
        (Action(NMDA_BOOST, 1.0, 0.2),),
        "D-cycloserine before exposure; chronic dosing abolishes the gain (Walker 2002 J Neurosci 22:2343; "
        "Parnas 2005 Neurobiol Learn Mem 83:224)",
        adaptation=12.0,
        tolerance_h=120.0,
    ),
    Compound(
        "synthesis-blocker",
        0.2,
        3.0,
        4.0,
        (Action(SYNTHESIS_BLOCK, 0.95, 0.25, 3.0),),
        "Anisomycin-like, local, hours (Nader 2000 Nature 406:722)",
    ),
    Compound(
        "anxiolytic",
        0.5,
        14.0,
        24.0,
        (Action(INHIBITION, 0.6, 1.0),),
        "Benzodiazepine: potentiates GABA-A; tolerance in weeks (Hensch 1998 Science 282:1504 for its use as opener)",
        adaptation=0.5,
        tolerance_h=240.0,
    ),
    *(_reopener(name, days) for name, days in (("psilocybin", 14), ("mdma", 14), ("lsd", 21), ("ibogaine", 28))),
    Compound(
        "cocaine",
        0.2,
        1.5,
        6.0,
        (Action(GAIN, 0.3, 0.5),),
        "Raises dopamine for an hour and re-opens nothing (Nardou 2019 Nature 569:116)",
    ),
    Compound(
        "nogo-antibody",
        12.0,
        24.0,
        336.0,
        (Action(NOGO_RELIEF, 0.9, 0.3, 2.0, "effect"),),
        "Anti-Nogo-A antibody, intrathecal; acts for weeks (Wahl 2014 Science 344:1250; half-life of antibodies)",
    ),
)
COMPOUND_INDEX = {compound.name: row for row, compound in enumerate(COMPOUNDS)}


class Pharmacology(NamedTuple):
    """The compounds as arrays for the kernel."""

    absorption: np.ndarray  # (compounds,), 1/h
    elimination: np.ndarray  # (compounds,), 1/h
    effect: np.ndarray  # (compounds,), 1/h
    tolerance: np.ndarray  # (compounds,), 1/h
    adaptation: np.ndarray  # (compounds,), per study dose
    maximum: np.ndarray  # (compounds, targets)
    ec50: np.ndarray  # (compounds, targets), study doses
    hill: np.ndarray  # (compounds, targets)
    slow_site: np.ndarray  # (compounds, targets), 1 = effect site


def pharmacology(compounds: tuple[Compound, ...] = COMPOUNDS) -> Pharmacology:
    """Lay `compounds` out as arrays."""
    shape = (len(compounds), len(TARGETS))
    maximum, ec50, hill, slow = np.zeros(shape), np.ones(shape), np.ones(shape), np.zeros(shape)
    for row, compound in enumerate(compounds):
        for action in compound.actions:
            maximum[row, action.target] = action.maximum
            ec50[row, action.target] = action.ec50
            hill[row, action.target] = action.hill
            slow[row, action.target] = action.site == "effect"
    return Pharmacology(
        np.array([1 / c.absorption_h for c in compounds]),
        np.array([1 / c.elimination_h for c in compounds]),
        np.array([1 / c.effect_h for c in compounds]),
        np.array([1 / c.tolerance_h for c in compounds]),
        np.array([c.adaptation for c in compounds]),
        maximum,
        ec50,
        hill,
        slow,
    )


@kernel
def advance_drugs(
    depot: np.ndarray,
    plasma: np.ndarray,
    effect: np.ndarray,
    tolerance: np.ndarray,
    clearance: float,
    hours: float,
    drugs: Pharmacology,
) -> None:
    """Advance one patient's drug levels, (compounds,), by `hours`; `clearance` scales elimination."""
    for d in range(depot.shape[0]):
        if depot[d] == 0.0 and plasma[d] == 0.0 and effect[d] == 0.0 and tolerance[d] == 0.0:
            continue
        ke = drugs.elimination[d] * clearance
        absorbed = depot[d] * (1.0 - np.exp(-drugs.absorption[d] * hours))
        half = np.exp(-0.5 * ke * hours)
        middle = plasma[d] * half + 0.5 * absorbed
        cleared = plasma[d] + absorbed - (plasma[d] * half + absorbed) * half
        half_effect = np.exp(-0.5 * drugs.effect[d] * hours)
        settled = np.exp(-drugs.tolerance[d] * hours)
        arrived = (effect[d] * half_effect + cleared) * half_effect
        tolerance[d] = tolerance[d] * settled + 0.5 * (effect[d] + arrived) * (1.0 - settled)
        effect[d] = arrived
        plasma[d] = (plasma[d] * half + absorbed) * half
        depot[d] -= absorbed
        if middle + effect[d] + tolerance[d] + depot[d] < 1e-9:
            depot[d] = plasma[d] = effect[d] = tolerance[d] = 0.0


@kernel
def actions(
    bath: np.ndarray,
    plasma: np.ndarray,
    effect: np.ndarray,
    tolerance: np.ndarray,
    drugs: Pharmacology,
    acting: np.ndarray,
) -> None:
    """Write the joint action on every target into `acting`, (targets,); actions on a target combine independently.

    `bath`, (targets,), is what acts at a constant level: a drug in the bath, a genotype, a clamped part.
    """
    for t in range(acting.shape[0]):
        acting[t] = bath[t]
    for d in range(plasma.shape[0]):
        if plasma[d] < 1e-6 and effect[d] < 1e-6:
            continue
        potency = 1.0 / (1.0 + drugs.adaptation[d] * tolerance[d])
        for t in range(acting.shape[0]):
            if drugs.maximum[d, t] > 0.0:
                level = (effect[d] if drugs.slow_site[d, t] > 0.0 else plasma[d]) * potency
                level = (level / drugs.ec50[d, t]) ** drugs.hill[d, t]
                action = drugs.maximum[d, t] * level / (1.0 + level)
                acting[t] = 1.0 - (1.0 - acting[t]) * (1.0 - action) if action < 1.0 else 1.0
