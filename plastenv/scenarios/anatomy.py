"""Build the wiring of a circuit whose cues compete for healthy assemblies and one aversive assembly."""

import numpy as np

from plastenv.circuit.params import Anatomy

CUE_WIDTH, CUE_STRIDE, CONTEXT_WIDTH = 6, 4, 3  # axons; neighbouring cues share two
SURPRISE = 0.036  # modulator per unexpected outcome, against 1 per omitted aversive one
RECALL_RATE = 0.6  # 100 Hz; an assembly at this rate expects its outcome fully


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
    inputs = CUE_STRIDE * cues + (CUE_WIDTH - CUE_STRIDE) + CONTEXT_WIDTH * contexts
    patterns = np.zeros((cues, inputs), np.float32)
    for cue in range(cues):
        patterns[cue, CUE_STRIDE * cue : CUE_STRIDE * cue + CUE_WIDTH] = 1.0
    places = np.zeros((contexts, inputs), np.float32)
    first = inputs - CONTEXT_WIDTH * contexts
    for context in range(contexts):
        places[context, first + CONTEXT_WIDTH * context : first + CONTEXT_WIDTH * (context + 1)] = context_rate
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
