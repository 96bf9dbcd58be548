"""State of the molecules, patients first."""

from typing import NamedTuple

import numpy as np


class MolecularState(NamedTuple):
    """Drugs, growth factors, proteins, chromatin and brakes of every patient; levels are relative, 1 = reference."""

    depot: np.ndarray  # (patients, compounds), study doses not yet absorbed
    plasma: np.ndarray  # (patients, compounds), study doses
    effect: np.ndarray  # (patients, compounds), study doses, slow effect site
    tolerance: np.ndarray  # (patients, compounds), study doses the body has adapted to
    bdnf: np.ndarray  # (patients,), 1 = young adult at rest
    creb: np.ndarray  # (patients,), phosphorylated share, 0..1
    acetylation: np.ndarray  # (patients,), acetylated share of histones, 0..1
    nets: np.ndarray  # (patients,), perineuronal nets, 1 = adult
    nogo: np.ndarray  # (patients,), Nogo-A carried by myelin, 1 = adult
    protein: np.ndarray  # (patients, units), plasticity-related proteins


def infant(patients: int, units: int, compounds: int) -> MolecularState:
    """Return the molecules of newborn patients: no drug, no brake."""
    drugs = (patients, compounds)
    return MolecularState(
        depot=np.zeros(drugs),
        plasma=np.zeros(drugs),
        effect=np.zeros(drugs),
        tolerance=np.zeros(drugs),
        bdnf=np.ones(patients),
        creb=np.full(patients, 0.5),
        acetylation=np.full(patients, 0.8),
        nets=np.zeros(patients),
        nogo=np.zeros(patients),
        protein=np.zeros((patients, units)),
    )
