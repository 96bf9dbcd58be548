"""Parameters of the rate circuit and of its plasticity rule."""

from typing import Annotated, NamedTuple

import numpy as np

from plastenv.parameters import PROJECT, Par

PFISTER = "Pfister & Gerstner 2006, J Neurosci 26:9673, visual cortex, minimal all-to-all"


class NeuronParams(NamedTuple):
    """Excitatory rate units and the parvalbumin (PV) pool; rates in units of 100 Hz."""

    dt: Annotated[float, Par("step inside an episode", "s", PROJECT)] = 0.005
    tau: Annotated[float, Par("membrane time constant", "s", "Wilson & Cowan 1972, Biophys J 12:1")] = 0.020
    tau_pv: Annotated[float, Par("time constant of the PV pool", "s", "PV cells are faster; Hu 2014")] = 0.010
    pv_gain: Annotated[float, Par("inhibition per summed rate of one assembly of eight", "1", PROJECT)] = 1.80
    threshold: Annotated[float, Par("rheobase in units of input", "1", PROJECT)] = 0.10


class PlasticityParams(NamedTuple):
    """Triplet spike-timing rule read on millisecond rates, with its third factor."""

    tau_plus: Annotated[float, Par("presynaptic trace", "s", PFISTER)] = 0.0168
    tau_minus: Annotated[float, Par("postsynaptic trace of depression", "s", PFISTER)] = 0.0337
    tau_y: Annotated[float, Par("slow postsynaptic trace", "s", PFISTER)] = 0.114
    a3_plus: Annotated[float, Par("triplet potentiation", "1", PFISTER)] = 6.5e-3
    a2_minus: Annotated[float, Par("pair depression", "1", PFISTER)] = 7.1e-3
    weight_unit: Annotated[float, Par("weight of one typical synapse, h0", "1", PROJECT)] = 0.1
    efficacy: Annotated[float, Par("early change per unit of rule drive, in weight units", "1", PROJECT)] = 0.4
    early_max: Annotated[float, Par("soft limit of the early phase", "1", PROJECT)] = 6.0
    tau_refractory: Annotated[
        float, Par("recovery of induction after a train", "h", "Kramar 2012, PNAS 109:5121 (~60 min spacing)")
    ] = 0.5
    refractory_dose: Annotated[float, Par("rule drive that spends induction", "1", PROJECT)] = 10.0
    refractory_half: Annotated[float, Par("spent fraction that halves induction", "1", PROJECT)] = 0.3
    modulator_tonic: Annotated[float, Par("plasticity without prediction error", "1", PROJECT)] = 0.062
    modulator_phasic: Annotated[float, Par("plasticity per unit of prediction error", "1", PROJECT)] = 15.0
    reversal: Annotated[
        float,
        Par(
            "depotentiation of a mistaken expectation per omission, over the gain of others",
            "1",
            "Kim 2007, PNAS 104:20955 (depotentiation in extinction); size " + PROJECT,
        ),
    ] = 0.5
    tau_eligibility: Annotated[float, Par("eligibility trace", "s", "Izhikevich 2007, Cereb Cortex 17:2443")] = 1.0
    tau_modulator: Annotated[float, Par("clearance of the phasic modulator", "s", "Izhikevich 2007")] = 0.2
    tau_expectation: Annotated[float, Par("read-out of the expected outcome", "s", PROJECT)] = 0.05
    omission_onset: Annotated[
        float, Par("time after cue onset when the outcome is due", "s", "everyday and training cues share it")
    ] = 0.25
    threshold_gain: Annotated[
        float, Par("share of the sliding (BCM) threshold that acts on depression", "1", "Bienenstock 1982; partial")
    ] = 0.6


class CircuitParams(NamedTuple):
    """All parameters of the fast circuit."""

    neuron: NeuronParams = NeuronParams()
    plasticity: PlasticityParams = PlasticityParams()


class Anatomy(NamedTuple):
    """Fixed wiring of a scenario: who receives which input and which outcome signal. Arrays are float32."""

    cues: np.ndarray  # (cues, inputs), input rates per cue
    contexts: np.ndarray  # (contexts, inputs), input rates per context
    outcome_drive: np.ndarray  # (outcomes, units), current while an outcome is delivered
    outcome_read: np.ndarray  # (outcomes, units), read-out of the expected outcome
    surprise_gain: np.ndarray  # (outcomes,), modulator per unexpected delivery
    omission_gain: np.ndarray  # (outcomes,), modulator per omitted delivery
    omission_drive: np.ndarray  # (outcomes, units), current per omitted delivery
    stimulation: np.ndarray  # (targets, units), current of a stimulator at amplitude 1
    cue_outcome: np.ndarray  # (cues,) int64, the outcome that a cue predicts in ordinary life
    assemblies: np.ndarray  # (assemblies, units), membership (read-outs only)
    cue_assembly: np.ndarray  # (cues,) int64, which assembly answers a cue well (read-outs only)
