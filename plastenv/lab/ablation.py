"""Knock-outs: every row of the physics table can be taken out, to see which results it bears.

A mechanism is removed by clamping its state at the mean that it has in the same preparation untreated: it stays as
strong as it is on average and answers to nothing. Where a state stands at its reference untreated (receptors that can
open, chromatin of an adult), that is the mean; where it does not, it was measured (`UNTREATED`). Clamping is done by
parameters, by making the actions on a mechanism inert, and, for what lies in the wiring or in the calendar, on the
subject. Animals and patients come from cohorts that grew up intact, so the ablation acts from the first step on;
slices, cultures, eyes and maps grow up ablated (slices without an episode, so that only their molecules differ).
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from plastenv.circuit.params import Anatomy, CircuitParams
from plastenv.lab import knockouts, steps
from plastenv.lab.knockouts import INTACT_CIRCUIT, INTACT_MOLECULES, NEVER, UNTREATED, Mechanism
from plastenv.lab.subject import Subject
from plastenv.model.types import Everyday, ModelParams
from plastenv.molecular.params import MolecularParams
from plastenv.molecular.pharmacology import ACTIONS, Pharmacology
from plastenv.scenarios.parameters import replaced
from plastenv.therapy.protocol import nearest

P = TypeVar("P", bound=ModelParams | MolecularParams | CircuitParams | Pharmacology | Anatomy | Everyday)
S = TypeVar("S", bound=steps.Slice | steps.Network | steps.Eyes | steps.Map | steps.Animal | steps.Patient)
LACKING = {ACTIONS["inhibition-block"]}  # by what cultures lack by nature
PARTS: dict[type, str] = {
    MolecularParams: "molecular",
    CircuitParams: "circuit",
    Pharmacology: "drugs",
    Anatomy: "anatomy",
    Everyday: "everyday",
}  # of ModelParams, that mechanisms live in


RULE, CIRCUIT = "circuit/plasticity.py", "circuit/neurons.py"
LASTING, GENES, BRAKES = "molecular/consolidation.py", "molecular/epigenetics.py", "molecular/brakes.py"
RULES, LATE = "circuit.plasticity", "molecular.consolidation"
ADULT, LATE_UNIT = INTACT_MOLECULES.methylation.adult, INTACT_MOLECULES.consolidation.late_unit

MECHANISMS: dict[str, Mechanism] = {
    "neuromodulation": Mechanism(
        1,
        RULE,
        "neither an unexpected outcome nor stimulation releases anything; plasticity always meets the mean modulator",
        {f"{RULES}.modulator_tonic": lambda mean: mean.modulator, f"{RULES}.modulator_phasic": 0.0},
        subject=knockouts.unaroused,
    ),
    "timescales": Mechanism(
        2,
        "model/advance.py",
        "all clocks within episodes, and all between them, run alike",
        parts=("fast-clocks", "slow-clocks"),
    ),
    "fast-clocks": Mechanism(
        2,
        CIRCUIT,
        "everything within an episode has one time constant, the geometric mean",
        knockouts.clocks(fast=True),
    ),
    "slow-clocks": Mechanism(
        2,
        "model/advance.py",
        "everything between episodes has one time constant, the geometric mean",
        knockouts.clocks(fast=False),
    ),
    "hebbian": Mechanism(3, RULE, "no coincidence changes a synapse", {f"{RULES}.efficacy": 0.0}),
    "soft-limits": Mechanism(
        3,
        RULE,
        "neither phase of a synapse slows down as it grows",
        {f"{RULES}.early_max": NEVER, f"{LATE}.late_max": NEVER},
    ),
    "resource": Mechanism(
        3,
        LASTING,
        "dendritic resources never run out; growth is as slow as it is on average",
        {f"{LATE}.resource": NEVER, f"{LATE}.late_unit": lambda mean: LATE_UNIT * mean.room},
    ),
    "competition": Mechanism(
        3, LASTING, "an axon's other synapses lose nothing when one grows", {f"{LATE}.competition": 0.0}
    ),
    "timing": Mechanism(
        4, RULE, "only rates at the same time count, order within the windows does not", circuit=knockouts.orderless
    ),
    "nmda": Mechanism(
        5,
        "molecular/glia.py",
        "as many receptors can open as in an awake circuit without drugs",
        inert=("nmda-block", "nmda-coagonist"),
        parts=("dserine",),
    ),
    "scaling": Mechanism(
        6, "molecular/homeostasis.py", "scaling factors stay as they are", {"molecular.homeostasis.tau_scaling": NEVER}
    ),
    "threshold": Mechanism(
        7,
        "molecular/homeostasis.py",
        "the threshold of depression stays at its mean",
        circuit=knockouts.fixed_threshold,
    ),
    "inhibition": Mechanism(
        8,
        CIRCUIT,
        "the PV pool holds its mean and follows nobody; volleys meet what a slice at rest has, none",
        {
            "circuit.neuron.pv_gain": 0.0,
            "circuit.neuron.threshold": lambda mean: INTACT_CIRCUIT.neuron.threshold + mean.inhibition,
            "circuit.spike.inhibition": 0.0,
            "circuit.spike.fatigue": 0.0,
            "circuit.spike.autoreceptor": 0.0,
            "molecular.brakes.nets_pv": 0.0,
            "molecular.brakes.inhibition_age": -NEVER,
        },
        ("inhibition-boost", "inhibition-block"),
    ),
    "inhibition-timing": Mechanism(
        8,
        CIRCUIT,
        "inhibition is as strong and smeared over a tenth of a second",
        {
            "circuit.neuron.tau_pv": 0.1,
            "circuit.spike.tau_inhibition": 0.1,
            "circuit.spike.inhibition": INTACT_CIRCUIT.spike.inhibition * INTACT_CIRCUIT.spike.tau_inhibition / 0.1,
        },
    ),
    "glia": Mechanism(
        9,
        "molecular/glia.py",
        "astrocytes keep D-serine and glutamate as in an awake circuit at rest",
        parts=("uptake", "dserine"),
    ),
    "uptake": Mechanism(
        9,
        "molecular/glia.py",
        "no glutamate reaches extrasynaptic receptors, which is the mean to a thousandth",
        {"molecular.glia.spill_depression": 0.0},
        ("uptake-block",),
    ),
    "dserine": Mechanism(
        9, "molecular/glia.py", "D-serine stays as awake", {"molecular.glia.dserine_asleep": 1.0}, ("glia-clamp",)
    ),
    "early": Mechanism(
        10, LASTING, "what is induced is gone within seconds, before it can be tagged", {f"{LATE}.tau_early": 1e-3}
    ),
    "refractory": Mechanism(10, RULE, "no train spends the induction of the next", {f"{RULES}.refractory_dose": NEVER}),
    "late": Mechanism(
        11, LASTING, "proteins change nothing: what is tagged is not captured", {f"{LATE}.late_rate": 0.0}
    ),
    "bdnf": Mechanism(
        11,
        LASTING,
        "BDNF holds its mean and follows neither activity nor CREB, stress or drugs",
        {
            f"{LATE}.bdnf_basal": lambda mean: mean.bdnf,
            f"{LATE}.bdnf_release": 0.0,
            f"{LATE}.bdnf_feedback": 0.0,
            f"{LATE}.bdnf_stress": 0.0,
        },
        ("trkb", "bdnf-loss", "bdnf-supply"),
    ),
    "epigenetics": Mechanism(
        12,
        GENES,
        "chromatin, methylation and microRNA stay as in an untreated adult",
        parts=("acetylation", "methylation", "microrna"),
    ),
    "acetylation": Mechanism(
        12,
        GENES,
        "histones are acetylated as an adult's",
        {"molecular.chromatin.deacetylase_young": INTACT_MOLECULES.chromatin.deacetylase_adult},
        ("deacetylase-block",),
    ),
    "methylation": Mechanism(
        12,
        GENES,
        "plasticity genes stay methylated as an adult's, memory suppressors stay at their mean",
        {
            "molecular.methylation.young": ADULT,
            "molecular.methylation.stress": 0.0,
            # Without silencing all suppressors are on; their mean share of the strength then stands for them.
            "molecular.methylation.suppressor_rate": 0.0,
            "molecular.methylation.suppressor_strength": lambda mean: (
                INTACT_MOLECULES.methylation.suppressor_strength * mean.suppressor
            ),
        },
        ("methyltransferase-block",),
    ),
    "microrna": Mechanism(
        12,
        GENES,
        "translation reaches spines as in an adult at rest",
        {"molecular.microrna.half": 1e-9},
        ("microrna-block",),
    ),
    "critical-period": Mechanism(
        13,
        BRAKES,
        "tissue matures as an adult's from birth on",
        {"molecular.brakes.closure_age": -NEVER, "molecular.brakes.inhibition_age": -NEVER},
    ),
    "brakes": Mechanism(14, BRAKES, "nets and Nogo-A stay as an adult's", parts=("nets", "nogo")),
    "nets": Mechanism(
        14,
        BRAKES,
        "no net is digested, and PV cells are driven as under an adult's nets",
        {"molecular.brakes.nets_pv": 0.0},
        ("net-digestion",),
    ),
    "nogo": Mechanism(
        14,
        BRAKES,
        "structure is as closed as under an adult's Nogo-A",
        {"molecular.brakes.structure_steepness": NEVER},
        ("nogo-relief",),
    ),
    "attractors": Mechanism(
        15,
        "scenarios/anatomy.py",
        "the aversive assembly has no synapses on itself",
        anatomy=knockouts.feedforward,
        subject=knockouts.loosened,
    ),
    "content": Mechanism(
        16,
        "therapy/interventions.py",
        "trials come when they come, with cues and outcomes at random",
        subject=knockouts.shuffled,
    ),
    "reconsolidation": Mechanism(
        17,
        LASTING,
        "what is reactivated neither depends on synthesis, lets structure follow nor can be removed",
        {f"{LATE}.labile_loss": 0.0, f"{LATE}.labile_structure": 0.0, f"{LATE}.removal": NEVER},
    ),
    "arousal": Mechanism(17, LASTING, "no aversive surprise imprints what it left", {f"{LATE}.imprinting": 0.0}),
    "sleep": Mechanism(
        18,
        "model/everyday.py",
        "nights are as days: nothing is replayed, scaled down or translated more",
        {
            f"{LATE}.sleep_translation": 1.0,
            f"{LATE}.sleep_downscaling": 1.0,
            "molecular.glia.dserine_asleep": 1.0,
            "everyday.replays": 0,
        },
        ("sleep",),
    ),
}


def known(names: Iterable[str]) -> tuple[str, ...]:
    """Return `names` as they are. Raises ValueError, which names the nearest, if one is no mechanism."""
    asked = tuple(names)
    for name in asked:
        if name not in MECHANISMS:
            raise ValueError(f"--ablate {name}: unknown mechanism; {nearest(name, list(MECHANISMS))}")
    return asked


def _chosen(names: Iterable[str]) -> list[Mechanism]:
    """Return the mechanisms `names` and what they consist of, each once."""
    found: dict[str, Mechanism] = {}
    for name in known(names):
        mechanism = MECHANISMS[name]
        found |= {name: mechanism} | {part: MECHANISMS[part] for part in mechanism.parts}
    return list(found.values())


def ablated(params: P, names: Iterable[str], kind: steps.Kind = "patient") -> P:
    """Return `params`, all of a model or one part of it, without the mechanisms `names`.

    `kind` is the preparation whose untreated means count. Raises ValueError for an unknown mechanism.
    """
    mechanisms, mean = _chosen(names), UNTREATED[kind]
    changed: Any = params
    if isinstance(params, ModelParams):
        return changed._replace(**{part: ablated(getattr(params, part), names, kind) for part in PARTS.values()})
    for mechanism in mechanisms:
        for path, value in mechanism.sets.items():
            part, _, rest = path.partition(".")
            if part == PARTS[type(params)]:
                changed = replaced(changed, rest, value(mean) if callable(value) else value)
    for mechanism in mechanisms:  # these go by what stands there by now
        if mechanism.circuit and isinstance(params, CircuitParams):
            changed = mechanism.circuit(changed, mean)
        if mechanism.anatomy and isinstance(params, Anatomy):
            changed = mechanism.anatomy(changed)
    if isinstance(params, Pharmacology):
        changed = params._replace(maximum=params.maximum.copy())
        changed.maximum[:, [ACTIONS[action] for action in _inert(mechanisms)]] = 0.0
    return changed


def _inert(mechanisms: Iterable[Mechanism]) -> list[str]:
    """Return the actions that have no effect without `mechanisms`."""
    return [action for mechanism in mechanisms for action in mechanism.inert]


def unclamped(spec: S, names: Iterable[str]) -> S:
    """Return the preparation `spec` without clamps of actions that have no effect without the mechanisms `names`."""
    inert = _inert(_chosen(names))
    clamps: dict[str, float] = dict(spec.clamps)
    changed: Any = spec.model_copy(update={"clamps": {a: level for a, level in clamps.items() if a not in inert}})
    return changed


def without(subject: Subject, names: Iterable[str], kind: steps.Kind) -> Subject:
    """Return a preparation that was made of `ablated` parameters without what these could not take out of it.

    That is what drugs, wiring, everyday life and the calendar do. A slice, which has its own rule of plasticity, is
    made of intact circuit parameters; they are ablated here. Changes the state of `subject` in place.
    """
    mechanisms = _chosen(names)
    if not mechanisms:
        return subject
    params = subject.params
    parts = ["drugs", "anatomy", "everyday"] + (["circuit"] if kind == "slice" else [])
    params = params._replace(**{part: ablated(getattr(params, part), names, kind) for part in parts})
    targets = {ACTIONS[action] for action in _inert(mechanisms)}
    events = [event for event in subject.events if -2 - event.compound not in targets]
    for target in targets - LACKING:
        subject.state.molecules.bath[:, target] = 0.0
    subject = subject._replace(params=params, events=events)
    for mechanism in mechanisms:
        if mechanism.subject:
            subject = mechanism.subject(subject)
    return subject
