"""How a mechanism is taken out, where a parameter alone cannot do it, and what states stand at untreated."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, get_type_hints

import numpy as np

from plastenv import rng
from plastenv.circuit.episodes import INDEX
from plastenv.circuit.params import Anatomy, CircuitParams
from plastenv.lab import steps
from plastenv.lab.subject import Subject
from plastenv.molecular.params import MolecularParams

NEVER = 1e12  # of any unit; a time constant or a limit that is never felt
INTACT_MOLECULES, INTACT_CIRCUIT = MolecularParams(), CircuitParams()


class Untreated(NamedTuple):
    """Means of states that do not stand at their reference: in the five days after t0 to which no step belongs.

    Those of fast states are over the seconds of the episodes that come by themselves.
    """

    modulator: float  # what plasticity is multiplied by at a tone of 1; a preparation without outcomes has the tonic
    inhibition: float  # of the PV pool on each unit, units of input
    departure: float  # of running activity from its set-point, relative
    room: float  # share of dendritic resources that is free
    bdnf: float  # 1 = young adult at rest
    suppressor: float  # expressed share of memory suppressors


UNTREATED: dict[steps.Kind, Untreated] = {
    "slice": Untreated(0.062, 0.0, -0.54, 0.96, 0.80, 1.0),
    "network": Untreated(0.062, 0.035, -0.005, 0.67, 0.80, 1.0),
    "eyes": Untreated(0.062, 0.55, -0.055, 0.39, 0.97, 0.0),
    "map": Untreated(0.0656, 1.90, -0.38, 0.52, 0.80, 0.14),
    "animal": Untreated(0.062, 0.97, -0.82, 0.60, 0.80, 0.93),  # at home it meets no cue, and sleep replays none
    "patient": Untreated(0.0627, 1.47, -0.39, 0.60, 0.80, 0.48),
}
Value = float | Callable[[Untreated], float]


@dataclass(frozen=True, slots=True)
class Mechanism:
    """What can be taken out, and how."""

    row: int  # of the physics table
    file: str  # where it lives
    does: str  # what taking it out does
    sets: Mapping[str, Value] = field(default_factory=dict)  # parameter, by its path in ModelParams -> value
    inert: tuple[str, ...] = ()  # actions that no longer have an effect, whatever brings them
    circuit: Callable[[CircuitParams, Untreated], CircuitParams] | None = None  # what depends on other parameters
    anatomy: Callable[[Anatomy], Anatomy] | None = None
    subject: Callable[[Subject], Subject] | None = None
    parts: tuple[str, ...] = ()  # mechanisms that it consists of and that go with it


def clocks(fast: bool) -> dict[str, Value]:
    """Return one time constant, the geometric mean, for all that run within episodes, s, or all that run between."""
    found: dict[str, tuple[float, str]] = {}
    tables = {f"molecular.{name}": table for name, table in INTACT_MOLECULES._asdict().items()}
    tables |= {f"circuit.{name}": table for name, table in INTACT_CIRCUIT._asdict().items()}
    for path, table in tables.items():
        for name, hint in get_type_hints(type(table), include_extras=True).items():
            unit = hint.__metadata__[0].unit
            if name.split("_")[0] == "tau" and (unit == "s") == fast:
                found[f"{path}.{name}"] = getattr(table, name), unit
    length = {"s": 1.0, "h": 3600.0, "d": 86400.0}
    seconds = [value * length[unit] for value, unit in found.values()]
    mean = float(np.exp(np.mean(np.log(seconds))))
    return {path: mean / length[unit] for path, (_, unit) in found.items()}


def orderless(circuit: CircuitParams, untreated: Untreated) -> CircuitParams:
    """Narrow the windows to a step of the episode, so that only rates at the same time count; areas are kept."""
    rule, dt = circuit.plasticity, circuit.neuron.dt
    before, after = rule.tau_plus / dt, rule.tau_minus / dt
    rule = rule._replace(
        tau_plus=dt,
        tau_minus=dt,
        a2_plus=rule.a2_plus * before,
        a3_plus=rule.a3_plus * before,
        a2_minus=rule.a2_minus * after,
    )
    return circuit._replace(plasticity=rule)


def fixed_threshold(circuit: CircuitParams, untreated: Untreated) -> CircuitParams:
    """Hold the threshold of depression at its mean; depression carries it once it no longer slides."""
    rule = circuit.plasticity
    held = 1.0 + rule.threshold_gain * untreated.departure
    return circuit._replace(plasticity=rule._replace(threshold_gain=0.0, a2_minus=rule.a2_minus * held))


def feared(anatomy: Anatomy) -> np.ndarray:
    """Return which units expect an aversive outcome, (units,) bool: the assembly that captures."""
    return np.any(anatomy.outcome_read[anatomy.omission_gain > 0.0] > 0.0, axis=0, keepdims=True)[0]


def feedforward(anatomy: Anatomy) -> Anatomy:
    """Keep the aversive assembly's axons from growing synapses; those that it has are `loosened`."""
    return anatomy._replace(projects=np.where(feared(anatomy), 0.0, anatomy.projects).astype(np.float32))


def loosened(subject: Subject) -> Subject:
    """Take out the synapses within the aversive assembly, in place."""
    units = np.flatnonzero(feared(subject.params.anatomy))
    circuit = subject.state.circuit
    for synapses in (circuit.early, circuit.late, circuit.structure, circuit.refractory):
        synapses[:, units[:, None], units] = 0.0
    subject.state.memo.known[:] = False
    return subject


def shuffled(subject: Subject) -> Subject:
    """Let every trial bring a cue at random, and deal the outcomes anew among the trials of a kind.

    Times, doses and numbers of trials stay. What is written as spikes has no cue and stays as it is.
    """
    draw, cues = rng.generator(16, rng.HISTORY), len(subject.params.anatomy.cues)
    events = list(subject.events)
    trials = [k for k, event in enumerate(events) if event.compound == -1 and event.cue >= 0]
    for kind in sorted({events[k].episode for k in trials}):
        alike = [k for k in trials if events[k].episode == kind]
        for k, other in zip(alike, draw.permutation(alike), strict=True):
            outcome, intensity = subject.events[other].outcome, subject.events[other].intensity
            cue = int(draw.integers(cues))
            events[k] = replace(events[k], cue=cue, outcome=outcome, intensity=intensity)
    return subject._replace(events=events)


def unaroused(subject: Subject) -> Subject:
    """Let stimulation recruit no neuromodulators; trains then find the tone of everyday life."""
    episodes = subject.params.episodes.copy()
    episodes[INDEX["stimulation-train"], -1] = 1.0
    return subject._replace(params=subject.params._replace(episodes=episodes))
