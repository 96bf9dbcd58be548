"""Brakes on plasticity: perineuronal nets and Nogo-A, built by maturation.

Nets raise the drive of PV cells and shield consolidated synapses; they never scale the excitatory learning
rate. Nogo-A closes the structural stage. Both are first-order gates that approach the maturity of the tissue
with measured recovery times; no accepted quantitative model exists, so the form is defined by this project.
"""

from typing import Annotated, NamedTuple

import numpy as np

from plastenv.kernel import kernel
from plastenv.parameters import PROJECT, Par


class BrakeParams(NamedTuple):
    """Maturation and recovery of the brakes."""

    closure_age: Annotated[
        float, Par("age at which the critical period is half closed", "d of compressed youth", PROJECT)
    ] = 31.0
    closure_width: Annotated[float, Par("width of closure", "d", PROJECT)] = 2.0
    inhibition_age: Annotated[
        float,
        Par(
            "age at which PV inhibition is half grown", "d of compressed youth", "before play; Huang 1999, Cell 98:739"
        ),
    ] = -8.0
    inhibition_width: Annotated[
        float, Par("width of its growth", "d", "two weeks in all; Hensch 2005, Nat Rev Neurosci 6:877")
    ] = 4.0
    tau_nets: Annotated[float, Par("re-formation of nets", "d", "Bruckner 1998, Exp Brain Res 121:300 (weeks)")] = 21.0
    tau_nogo: Annotated[float, Par("myelination in youth and turnover", "d", "McGee 2005, Science 309:2222")] = 4.0
    nets_pv: Annotated[float, Par("share of adult PV drive that nets add", "1", "Lensjo 2017, J Neurosci 37:1269")] = (
        0.15
    )
    nets_shield: Annotated[
        float, Par("share of late depression that nets prevent", "1", "Gogolla 2009, Science 325:1258")
    ] = 0.7
    structure_leak: Annotated[
        float, Par("structural turnover left under full Nogo-A signalling", "1", "Akbik 2013, Neuron 77:859")
    ] = 0.004
    structure_steepness: Annotated[float, Par("Hill exponent of structural opening", "1", PROJECT)] = 2.0


@kernel
def maturity(age_days: float, brakes: BrakeParams) -> float:
    """Return how mature the tissue is at `age_days`, 0..1."""
    return 1.0 / (1.0 + np.exp(-(age_days - brakes.closure_age) / brakes.closure_width))


@kernel
def grown_inhibition(age_days: float, brakes: BrakeParams) -> float:
    """Return PV inhibition at `age_days` over an adult's; its maturation opens the critical period."""
    return 1.0 / (1.0 + np.exp(-(age_days - brakes.inhibition_age) / brakes.inhibition_width))


@kernel
def advance_brakes(
    nets: float, nogo: float, mature: float, digestion: float, hours: float, brakes: BrakeParams
) -> tuple[float, float]:
    """Advance nets and Nogo-A by `hours`; `digestion` is a rate per hour. Exact for constant arguments."""
    form = 1.0 / (24.0 * brakes.tau_nets)
    rate = form + digestion
    target = mature * form / rate
    nets = target + (nets - target) * np.exp(-rate * hours)
    nogo = mature + (nogo - mature) * np.exp(-hours / (24.0 * brakes.tau_nogo))
    return nets, nogo


@kernel
def structural_opening(nogo: float, relief: float, brakes: BrakeParams) -> float:
    """Return how far the structural stage is open, 0..1, when a share `relief` of Nogo signalling is lifted."""
    free = max(0.0, 1.0 - nogo * (1.0 - relief))
    return brakes.structure_leak + (1.0 - brakes.structure_leak) * free**brakes.structure_steepness
