"""Biomarkers: what a laboratory could tell of a circuit whose state nobody sees. Leaves no trace.

Gamma power follows the fast-spiking (PV) pool: its drive per activity falls with the nets around it and rises under
drugs that inhibit (Lensjo 2017, Cell Rep; Carceller 2020). The evoked-plasticity probe, a paired associative stimulus,
shows how much induction synapses have to spend and NMDA receptors let them. Slow-wave activity in the night before
follows the early change that the day has left (Tononi & Cirelli 2014, Neuron 81:12). Serum BDNF follows BDNF.
"""

import numpy as np

from plastenv.kernel import kernel
from plastenv.model.advance import pv_scale
from plastenv.model.types import ModelParams, ModelState
from plastenv.molecular.glia import available
from plastenv.molecular.pharmacology import NMDA_BLOCK, NMDA_BOOST, TARGETS, actions

BIOMARKERS = ("gamma", "evoked", "bdnf", "slow waves")


@kernel
def _assay(state: ModelState, params: ModelParams, early: np.ndarray, acting: np.ndarray, found: np.ndarray) -> None:
    circuit, molecules = state.circuit, state.molecules
    half = np.float32(1.0 / params.circuit.plasticity.refractory_half)
    synapses = circuit.refractory.shape[1] * circuit.refractory.shape[2]
    for p in range(found.shape[0]):
        actions(
            molecules.bath[p], molecules.plasma[p], molecules.effect[p], molecules.tolerance[p], params.drugs, acting
        )
        active, usual, ready = 0.0, 0.0, np.float32(0.0)
        for i in range(circuit.activity.shape[1]):
            active += circuit.activity[p, i]
            usual += circuit.set_point[p, i]
        for j in range(circuit.refractory.shape[1]):
            for i in range(circuit.refractory.shape[2]):
                spent = circuit.refractory[p, j, i] * half
                ready += np.float32(1.0) / (np.float32(1.0) + spent * spent)
        glia = params.molecular.glia
        open_receptors = available(molecules.dserine[p], acting[NMDA_BOOST], acting[NMDA_BLOCK], glia)
        found[p, 0] = pv_scale(p, state, acting, params) * active / usual
        found[p, 1] = state.traits.induction[p] * open_receptors * ready / synapses
        found[p, 2] = molecules.bdnf[p]
        found[p, 3] = early[p]


def assay(state: ModelState, params: ModelParams, early: np.ndarray) -> np.ndarray:
    """Return the true level of every biomarker, (patients, biomarkers); `early`, (patients,), is mean early change."""
    found = np.empty((len(state.clock), len(BIOMARKERS)))
    _assay(state, params, early, np.zeros(len(TARGETS)), found)
    return found
