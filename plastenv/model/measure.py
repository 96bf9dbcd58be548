"""What can be measured of patients now: probes of the circuit and levels of its molecules. Leaves no trace."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from plastenv.arrays import share
from plastenv.circuit.neurons import load_weights, show
from plastenv.circuit.probes import Bench, bench, clarity, depth, probe
from plastenv.kernel import kernel
from plastenv.model.advance import excitability, pv_scale
from plastenv.model.types import ModelParams, ModelState
from plastenv.molecular.pharmacology import NOGO_RELIEF, TARGETS, actions


class Probes(NamedTuple):
    """Which cues a scenario's read-outs show, at which strengths, in which contexts."""

    function: np.ndarray  # (cues,) int64, cues whose answers make up function
    others: np.ndarray  # (cues,) int64, independent healthy memories
    captor: int  # assembly that captures
    contexts: np.ndarray  # (contexts,) int64
    strengths: np.ndarray  # (strengths,)


class Measurements(NamedTuple):
    """Read-outs of every patient at its clock."""

    function: np.ndarray  # (patients,), 0..1
    capture: np.ndarray  # (patients,), share of function probes that the captor wins
    memories: np.ndarray  # (patients,), clarity of the independent healthy memories, 0..1; NaN if none is shown
    depth: np.ndarray  # (patients,), mean push that frees a captured cue, 0..1; NaN unless asked for
    nets: np.ndarray  # (patients,), 1 = adult
    nogo: np.ndarray  # (patients,), Nogo-A signalling after drugs, 1 = adult
    acetylation: np.ndarray  # (patients,), share
    bdnf: np.ndarray  # (patients,), 1 = reference
    early: np.ndarray  # (patients,), mean absolute early change, weight units
    unsettled: np.ndarray  # (patients,), mean distance of late weights from structure, weight units
    seizures: np.ndarray  # (patients,)


@kernel
def _measure(
    rows: np.ndarray,
    state: ModelState,
    params: ModelParams,
    probes: Probes,
    deep: bool,
    out: Measurements,
    lent: Bench,
    acting: np.ndarray,
) -> None:
    anatomy, circuit, molecules = params.anatomy, state.circuit, state.molecules
    units = circuit.gain.shape[1]
    for row in range(rows.shape[0]):
        p = rows[row]
        actions(
            molecules.bath[p], molecules.plasma[p], molecules.effect[p], molecules.tolerance[p], params.drugs, acting
        )
        excitable = excitability(acting)
        load_weights(circuit.early[p], circuit.late[p], circuit.gain[p], excitable, lent.total, lent.weights)
        pv = pv_scale(p, state, acting, params)
        function, capture, memories, push = 0.0, 0.0, 0.0, 0.0
        for context in probes.contexts:
            show(anatomy.contexts[context], 1.0, lent.weights, lent.context)
            for cue in probes.function:
                show(anatomy.cues[cue], 1.0, lent.weights, lent.cue)
                for strength in probes.strengths:
                    probe(strength, -1, 0.0, pv, anatomy, params.circuit, lent)
                    function += clarity(lent.answer, anatomy.cue_assembly[cue])
                    capture += 1.0 if clarity(lent.answer, probes.captor) > 0.0 else 0.0
                if deep:
                    push += depth(cue, 1.0, pv, anatomy, params.circuit, lent)
            for cue in probes.others:
                show(anatomy.cues[cue], 1.0, lent.weights, lent.cue)
                for strength in probes.strengths:
                    probe(strength, -1, 0.0, pv, anatomy, params.circuit, lent)
                    memories += clarity(lent.answer, anatomy.cue_assembly[cue])
        conditions = probes.contexts.shape[0] * probes.strengths.shape[0]
        out.function[row] = function / (conditions * probes.function.shape[0])
        out.capture[row] = capture / (conditions * probes.function.shape[0])
        out.memories[row] = memories / (conditions * probes.others.shape[0])
        out.depth[row] = push / (probes.contexts.shape[0] * probes.function.shape[0]) if deep else np.nan
        out.nets[row] = molecules.nets[p]
        out.nogo[row] = molecules.nogo[p] * state.traits.brakes[p] * (1.0 - acting[NOGO_RELIEF])
        out.acetylation[row] = molecules.acetylation[p]
        out.bdnf[row] = molecules.bdnf[p]
        early = 0.0
        unsettled = 0.0
        for j in range(circuit.early.shape[1]):
            for i in range(units):
                early += abs(circuit.early[p, j, i])
                unsettled += abs(circuit.late[p, j, i] - circuit.structure[p, j, i])
        synapses = circuit.early.shape[1] * units * params.circuit.plasticity.weight_unit
        out.early[row] = early / synapses
        out.unsettled[row] = unsettled / synapses
        out.seizures[row] = state.seizures[p]


def measure(
    state: ModelState,
    params: ModelParams,
    probes: Probes,
    deep: bool = False,
    threads: int = 1,
    rows: Sequence[int] | np.ndarray | None = None,
) -> Measurements:
    """Measure the patients `rows` of `state` (default: all), one result each.

    `deep` adds the depth of the captor's basin, which costs most.
    """
    which = np.arange(len(state.clock)) if rows is None else np.asarray(rows, np.int64)
    out = Measurements(*(np.zeros(len(which)) for _ in Measurements._fields))

    def part(first: int, last: int) -> None:
        own, mine = which[first:last], Measurements(*(column[first:last] for column in out))
        _measure(own, state, params, probes, deep, mine, bench(params.anatomy), np.zeros(len(TARGETS)))

    share(part, len(which), threads)
    return out
