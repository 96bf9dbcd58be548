"""State of the plastic circuit, patients first."""

from typing import NamedTuple

import numpy as np

from plastenv.arrays import zeros


class CircuitState(NamedTuple):
    """Every synapse and neuron of every patient. Synapses are (patients, pre, post), units of input.

    The presynaptic axis holds the circuit's own units first, then the input axons.
    The weight that acts is gain[post] * (early + late).
    """

    early: np.ndarray  # (patients, pre, post) float32, early-phase deviation
    late: np.ndarray  # (patients, pre, post) float32, late-phase weight
    structure: np.ndarray  # (patients, pre, post) float32, weight the late phase relaxes to
    refractory: np.ndarray  # (patients, pre, post) float32, spent share of induction, 0..1
    aroused: np.ndarray  # (patients,), arousal by aversive outcomes, which lets structure follow, 0..1
    labile_pre: np.ndarray  # (patients, pre), share of an axon's synapses made labile, 0..1
    labile_post: np.ndarray  # (patients, post), the same for the neurons that were reactivated
    exchanged: np.ndarray  # (patients, pre), share of an axon's receptors exchanged for ones that can be removed, 0..1
    recent: np.ndarray  # (patients, post), share of a neuron's late weight that is younger than about a week, 0..1
    gain: np.ndarray  # (patients, post), synaptic scaling factor
    activity: np.ndarray  # (patients, post), running average of activity
    set_point: np.ndarray  # (patients, post), activity that scaling defends
    turnover: np.ndarray  # (patients,), sum of absolute early change so far


def empty(patients: int, units: int, inputs: int) -> CircuitState:
    """Allocate the state of `patients` circuits without any synapse."""
    synapses = (patients, units + inputs, units)
    per_unit = (patients, units)
    return CircuitState(
        early=zeros(synapses, np.float32),
        late=zeros(synapses, np.float32),
        structure=zeros(synapses, np.float32),
        refractory=zeros(synapses, np.float32),
        aroused=np.zeros(patients),
        labile_pre=np.zeros((patients, units + inputs)),
        labile_post=np.zeros(per_unit),
        exchanged=np.zeros((patients, units + inputs)),
        recent=np.zeros(per_unit),
        gain=np.ones(per_unit),
        activity=np.zeros(per_unit),
        set_point=np.zeros(per_unit),
        turnover=np.zeros(patients),
    )
