"""Build the wiring of a circuit whose cues compete for healthy assemblies and one aversive assembly.

Tables hold for circuits of 64 units. In one of more units a neuron has as many more synapses, each as much weaker.
"""

import numpy as np

from plastenv.circuit.params import Anatomy, CircuitParams
from plastenv.molecular.params import MolecularParams

TABLED = 64  # units
CUE_WIDTH, CUE_STRIDE, CONTEXT_WIDTH = 6, 4, 3  # axons of a circuit of 64 units; neighbouring cues share two
SURPRISE = 0.036  # modulator per unexpected outcome, against 1 per omitted aversive one
RECALL_RATE = 0.6  # 100 Hz; an assembly at this rate expects its outcome fully


def synapses_of(
    units: int, circuit: CircuitParams, molecular: MolecularParams
) -> tuple[CircuitParams, MolecularParams]:
    """Return the parameters with what is measured in weights of single synapses as it is in a circuit of `units`."""
    share, rule, late = TABLED / units, circuit.plasticity, molecular.consolidation
    return (
        circuit._replace(
            plasticity=rule._replace(weight_unit=rule.weight_unit * share, early_max=rule.early_max * share)
        ),
        molecular._replace(
            consolidation=late._replace(
                tag=late.tag * share,
                late_unit=late.late_unit * share,
                late_max=late.late_max * share,
                removal=late.removal * share,
            )
        ),
    )


def fear_anatomy(
    units: int,
    cues: int,
    contexts: int,
    teaching: float,
    relief: float,
    restraint: float,
    suppression: float,
    context_rate: float,
) -> Anatomy:
    """Wire one assembly per cue, an eighth of `units` each, and one aversive assembly a quarter larger.

    The last cue is novel; its assembly is what is left over. `teaching` is the current of an outcome on its
    assembly, `suppression` that of the aversive outcome on the others, `relief` and `restraint` those of its
    omission on the others and on itself; `context_rate` is in units of 100 Hz.
    """
    size = units // 8
    spare = cues - 1
    width, stride, place = (axons * units // TABLED for axons in (CUE_WIDTH, CUE_STRIDE, CONTEXT_WIDTH))
    inputs = stride * cues + (width - stride) + place * contexts
    patterns = np.zeros((cues, inputs), np.float32)
    for cue in range(cues):
        patterns[cue, stride * cue : stride * cue + width] = 1.0
    places = np.zeros((contexts, inputs), np.float32)
    first = inputs - place * contexts
    for context in range(contexts):
        places[context, first + place * context : first + place * (context + 1)] = context_rate
    assemblies = np.zeros((cues + 1, units), np.float32)  # one per cue, then the aversive one
    aversive = size + size // 4
    for a in range(spare):
        assemblies[a, size * a : size * (a + 1)] = 1.0
    assemblies[cues, size * spare : size * spare + aversive] = 1.0
    assemblies[spare, size * spare + aversive :] = 1.0
    read = assemblies / assemblies.sum(1, keepdims=True) / RECALL_RATE
    omission = np.zeros(cues + 1, np.float32)
    omission[cues] = 1.0
    relieved = np.zeros((cues + 1, units), np.float32)
    relieved[cues] = relief * assemblies[:spare].sum(0) - restraint * assemblies[cues]
    drive = (teaching * assemblies).astype(np.float32)
    drive[cues] -= np.float32(suppression) * assemblies[:spare].sum(0)
    return Anatomy(
        cues=patterns,
        contexts=places,
        outcome_drive=drive,
        outcome_read=read.astype(np.float32),
        surprise_gain=np.full(cues + 1, SURPRISE, np.float32),
        omission_gain=omission,
        omission_drive=relieved.astype(np.float32),
        stimulation=np.stack([assemblies[:spare].sum(0), assemblies[cues], np.ones(units, np.float32)]).astype(
            np.float32
        ),
        cue_outcome=np.arange(cues, dtype=np.int64),
        projects=np.ones(units, np.float32),
        receives=np.ones(units, np.float32),
        assemblies=assemblies,
        cue_assembly=np.arange(cues, dtype=np.int64),
    )
