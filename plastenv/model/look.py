"""Where every cue leads: the answers of all assemblies to all cues, for eyes rather than for scores."""

import numpy as np

from plastenv.circuit.neurons import load_weights, show
from plastenv.circuit.probes import Bench, bench, probe
from plastenv.kernel import kernel
from plastenv.model.advance import excitability, pv_scale
from plastenv.model.measure import Probes
from plastenv.model.types import ModelParams, ModelState
from plastenv.molecular.pharmacology import TARGETS, actions


@kernel
def _look(
    state: ModelState, params: ModelParams, probes: Probes, answers: np.ndarray, lent: Bench, acting: np.ndarray
) -> None:
    anatomy, circuit, molecules = params.anatomy, state.circuit, state.molecules
    conditions = probes.contexts.shape[0] * probes.strengths.shape[0]
    for p in range(answers.shape[0]):
        actions(
            molecules.bath[p], molecules.plasma[p], molecules.effect[p], molecules.tolerance[p], params.drugs, acting
        )
        excitable = excitability(acting)
        load_weights(circuit.early[p], circuit.late[p], circuit.gain[p], excitable, lent.total, lent.weights)
        pv = pv_scale(p, state, acting, params)
        for context in probes.contexts:
            show(anatomy.contexts[context], 1.0, lent.weights, lent.context)
            for cue in range(answers.shape[1]):
                show(anatomy.cues[cue], 1.0, lent.weights, lent.cue)
                for strength in probes.strengths:
                    probe(strength, -1, 0.0, pv, anatomy, params.circuit, lent)
                    for a in range(answers.shape[2]):
                        answers[p, cue, a] += lent.answer[a] / conditions


def look(state: ModelState, params: ModelParams, probes: Probes) -> np.ndarray:
    """Return the mean rate of every assembly at the end of every cue, (patients, cues, assemblies), 100 Hz.

    Cues are shown as the read-outs `probes` show theirs, and means are over their contexts and strengths. Leaves no
    trace in `state`.
    """
    answers = np.zeros((len(state.clock), params.anatomy.cues.shape[0], params.anatomy.assemblies.shape[0]))
    _look(state, params, probes, answers, bench(params.anatomy), np.zeros(len(TARGETS)))
    return answers
