"""The whole patient: circuit, molecules, traits, clock and random key; and the parameters that move it."""

from typing import NamedTuple

import numpy as np

from plastenv.circuit.memo import Memo
from plastenv.circuit.params import Anatomy, CircuitParams
from plastenv.circuit.spiking import Patterns
from plastenv.circuit.state import CircuitState
from plastenv.molecular.params import MolecularParams
from plastenv.molecular.pharmacology import Pharmacology
from plastenv.molecular.state import MolecularState

HOUR = 3600  # s; the model's grid
DAY = 24 * HOUR


class Traits(NamedTuple):
    """What makes patients differ and does not change; factors around 1 unless a unit is given."""

    induction: np.ndarray  # (patients,), rate of early change
    protein_threshold: np.ndarray  # (patients,), threshold of the protein drive
    clearance: np.ndarray  # (patients,), elimination of every compound
    avoidance: np.ndarray  # (patients,), expectation at which a cue is avoided, 0..1
    habit: np.ndarray  # (patients,), share of cues on which avoidance is possible, 0..1
    adversity: np.ndarray  # (patients, cues), adverse hours per cue in youth
    brakes: np.ndarray  # (patients,), Nogo signalling that maturation reaches


class ModelState(NamedTuple):
    """Everything that a patient is now."""

    clock: np.ndarray  # (patients,) int64, s since the first day of treatment, 00:00
    key: np.ndarray  # (patients,) uint64, key of the patient's random streams
    traits: Traits
    circuit: CircuitState
    memo: Memo
    molecules: MolecularState
    seizures: np.ndarray  # (patients,) int64
    last_seizure: np.ndarray  # (patients,) int64, s on the calendar


class Everyday(NamedTuple):
    """Everyday life: what a waking day brings and when sleep comes. A scenario sets it."""

    start: int  # s on the calendar; before it only what a calendar brings happens
    birth: int  # s on the calendar
    cues: np.ndarray  # (cues,) int64, met once a day each
    extra: int  # further cues a day, drawn from the same
    contexts: np.ndarray  # (contexts,) int64, where life happens
    benign: float  # probability that a cue brings its ordinary outcome
    strength: float  # of cues
    wake: int  # hour
    bed: int  # hour
    replays: int  # replay episodes per night


class ModelParams(NamedTuple):
    """The frozen parameter set, the scenario's anatomy and its everyday life."""

    circuit: CircuitParams
    molecular: MolecularParams
    drugs: Pharmacology
    anatomy: Anatomy
    everyday: Everyday
    episodes: np.ndarray  # the event table, (episodes, columns)
    patterns: Patterns  # of spikes; an event names them by numbers beyond the event table


class Events(NamedTuple):
    """Calendar events of all patients, each patient's in order of time; patient p owns offsets[p]:offsets[p+1]."""

    offsets: np.ndarray  # (patients + 1,) int64
    time: np.ndarray  # (events,) int64, s
    compound: np.ndarray  # (events,) int64, -1 = an episode, below that a constant action on target -2 - compound
    dose: np.ndarray  # (events,), study doses, or level of the action
    episode: np.ndarray  # (events,) int64, row of the event table, beyond it a pattern of spikes
    cue: np.ndarray  # (events,) int64
    context: np.ndarray  # (events,) int64
    outcome: np.ndarray  # (events,) int64
    target: np.ndarray  # (events,) int64
    strength: np.ndarray  # (events,)
    intensity: np.ndarray  # (events,)
    amplitude: np.ndarray  # (events,)
