"""State of the molecules, patients first."""

from typing import NamedTuple

import numpy as np


class MolecularState(NamedTuple):
    """Drugs, growth factors, proteins, chromatin and brakes of every patient; levels are relative, 1 = reference."""

    depot: np.ndarray  # (patients, compounds), study doses not yet absorbed
    plasma: np.ndarray  # (patients, compounds), study doses
    effect: np.ndarray  # (patients, compounds), study doses, slow effect site
    tolerance: np.ndarray  # (patients, compounds), study doses the body has adapted to
    bath: np.ndarray  # (patients, targets), action at a constant level: bath drugs, genotype, clamped parts
    bdnf: np.ndarray  # (patients,), 1 = young adult at rest
    creb: np.ndarray  # (patients,), phosphorylated share, 0..1
    acetylation: np.ndarray  # (patients,), acetylated share of histones, 0..1
    methylation: np.ndarray  # (patients,), methylated share of plasticity genes, 0..1
    suppressor: np.ndarray  # (patients,), expressed share of memory-suppressor genes, 0..1
    messenger: np.ndarray  # (patients,), messengers that stand in dendrites, as many as chromatin permits
    microrna: np.ndarray  # (patients,), microRNA-132, 1 = adult at rest
    dserine: np.ndarray  # (patients,), D-serine that astrocytes keep at the synapse, 1 = awake at rest
    nets: np.ndarray  # (patients,), perineuronal nets, 1 = adult
    nogo: np.ndarray  # (patients,), Nogo-A carried by myelin, 1 = adult
    protein: np.ndarray  # (patients, units), plasticity-related proteins


def infant(patients: int, units: int, compounds: int, targets: int) -> MolecularState:
    """Return the molecules of newborn patients: no drug, no brake."""
    drugs = (patients, compounds)
    return MolecularState(
        depot=np.zeros(drugs),
        plasma=np.zeros(drugs),
        effect=np.zeros(drugs),
        tolerance=np.zeros(drugs),
        bath=np.zeros((patients, targets)),
        bdnf=np.ones(patients),
        creb=np.full(patients, 0.5),
        acetylation=np.full(patients, 0.8),
        methylation=np.full(patients, 0.45),
        suppressor=np.full(patients, 0.5),
        messenger=np.full(patients, 0.737),
        microrna=np.ones(patients),
        dserine=np.ones(patients),
        nets=np.zeros(patients),
        nogo=np.zeros(patients),
        protein=np.zeros((patients, units)),
    )
