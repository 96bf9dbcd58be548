"""Parameters of the rate circuit and of its plasticity rule."""

from typing import Annotated, NamedTuple

import numpy as np

from plastenv.parameters import PROJECT, Par

PFISTER = "Pfister & Gerstner 2006, J Neurosci 26:9673, visual cortex, minimal all-to-all"
HIPPOCAMPUS = "Pfister & Gerstner 2006, J Neurosci 26:9673, hippocampal culture, minimal all-to-all"


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
    a2_plus: Annotated[float, Par("pair potentiation without inhibition", "1", PFISTER)] = 0.0
    shunt: Annotated[
        float,
        Par("PV drive that keeps single spikes out of dendrites", "1", "Meredith 2003, J Neurosci 23:11142; adult = 1"),
    ] = 1.0
    a2_minus: Annotated[float, Par("pair depression", "1", PFISTER)] = 7.1e-3
    weight_unit: Annotated[float, Par("weight of one typical synapse, h0", "1", PROJECT)] = 0.1
    efficacy: Annotated[float, Par("early change per unit of rule drive, in weight units", "1", PROJECT)] = 0.405
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


class SpikeParams(NamedTuple):
    """A spiking neuron under stimulated pathways: leaky, with escape noise; potentials in units of the threshold."""

    tau: Annotated[float, Par("membrane time constant", "s", "Gerstner & Kistler 2002, Spiking Neuron Models")] = 0.020
    latency: Annotated[float, Par("from the stimulus to the synapse", "s", "1 to 3 ms; Andersen 1978")] = 0.002
    potential: Annotated[
        float, Par("EPSP of a volley over eight typical axons", "1", "below threshold; " + PROJECT)
    ] = 0.26
    slow: Annotated[
        float,
        Par("slow part of that EPSP", "1", "summates in trains; Collingridge 1988, J Physiol 399:283; " + PROJECT),
    ] = 0.34
    tau_slow: Annotated[float, Par("decay of the slow part", "s", "Lester 1990, Nature 346:565 (about 100 ms)")] = 0.100
    fatigue: Annotated[
        float, Par("inhibition that a volley takes from the next", "1", "Pearce 1995, J Physiol 484:425 (38 % at 5 ms)")
    ] = 0.38
    tau_fatigue: Annotated[float, Par("recovery of inhibition", "s", "Pearce 1995")] = 0.13
    autoreceptor: Annotated[
        float, Par("share of inhibition that GABA-B autoreceptors can stop", "1", "Pearce 1995 (at most half)")
    ] = 0.5
    onset_autoreceptor: Annotated[
        float, Par("onset of autoreceptors", "s", "late IPSP peaks at 0.14 s; Davies 1990, J Physiol 424:513")
    ] = 0.05
    tau_autoreceptor: Annotated[float, Par("their recovery", "s", "late IPSP lasts 0.7 s; Davies 1990")] = 0.8
    tau_inhibition: Annotated[float, Par("feed-forward PV inhibition", "s", "GABA-A, Buhl 1995")] = 0.010
    inhibition: Annotated[
        float, Par("inhibition per volley of eight axons", "1", "Pouille & Scanziani 2001; " + PROJECT)
    ] = 0.34
    resting_rate: Annotated[float, Par("firing at rest", "Hz", "1 to 2 Hz in slices and cultures")] = 1.5
    width: Annotated[float, Par("width of escape noise", "1", "Jolivet 2006, J Comput Neurosci 21:35")] = 0.18
    refractory: Annotated[
        float, Par("refractory time", "s", "at most 80 Hz; Lancaster & Adams 1986, J Neurophysiol 55:1268")
    ] = 0.012
    adaptation: Annotated[float, Par("after-hyperpolarisation per spike", "1", "Madison & Nicoll 1984; " + PROJECT)] = (
        0.74
    )
    tau_adaptation: Annotated[float, Par("decay of the after-hyperpolarisation", "s", "Madison & Nicoll 1984")] = 0.060
    plateau_threshold: Annotated[
        float,
        Par(
            "slow part of EPSPs over inhibition at which a dendrite fires",
            "1",
            "Golding 2002, Nature 418:326; size " + PROJECT,
        ),
    ] = 0.6
    plateau_drive: Annotated[
        float, Par("depolarisation by a plateau", "1", "makes bursts; Golding 2002; size " + PROJECT)
    ] = 3.0
    plateau: Annotated[float, Par("duration of a plateau", "s", "tens of ms; Schiller 2000, Nature 404:285")] = 0.030
    plateau_rest: Annotated[
        float, Par("time before a dendrite fires again", "s", "seconds; Colbert 1997, J Neurosci 17:6512")
    ] = 1.5
    burst_refractory: Annotated[
        float, Par("refractory time on a plateau", "s", "complex spikes; Ranck 1973, Exp Neurol 41:461")
    ] = 0.005


class CircuitParams(NamedTuple):
    """All parameters of the fast circuit."""

    neuron: NeuronParams = NeuronParams()
    plasticity: PlasticityParams = PlasticityParams()
    spike: SpikeParams = SpikeParams()


def hippocampal(rule: PlasticityParams) -> PlasticityParams:
    """Return the rule with the constants fitted to hippocampal cells; the defaults are those of visual cortex."""
    return rule._replace(a2_plus=5.3e-3, a2_minus=3.5e-3, a3_plus=8e-3, tau_y=0.040)


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
    projects: np.ndarray  # (units,), 1 = its axon has plastic synapses in the circuit
    receives: np.ndarray  # (units,), 1 = its dendrite has; 0 = its spikes come from outside
    assemblies: np.ndarray  # (assemblies, units), membership (read-outs only)
    cue_assembly: np.ndarray  # (cues,) int64, which assembly answers a cue well (read-outs only)
