"""Astrocytes: D-serine at the NMDA receptor's co-agonist site, glutamate uptake and what spills past it.

    D' = (target - D) / tau,   target = (1 - clamp) x (1 awake, less asleep)
    occupancy = D / (D + K), and a co-agonist given from outside fills what is left
    G = release x mean rate / (clearance (1 - block)),   spill = G^3 / (1 + G^3),   depression x (1 + gain spill)
    left' = x - left / tau_linger,   depression + gain spill block A2- left y

Extrasynaptic NMDA receptors favour depression (Valtcheva & Venance 2016, Nat Commun 7:13845). What inhibited uptake
does not take away lingers at them: postsynaptic spikes depress that come after presynaptic ones, by as much as those
before (circuit/plasticity.py). How much escapes uptake, and what D-serine gates, is defined by this project for lack
of an accepted equation.
"""

from typing import Annotated, NamedTuple

import numpy as np

from plastenv.kernel import kernel
from plastenv.parameters import PROJECT, Par


class GliaParams(NamedTuple):
    """Release of D-serine and uptake of glutamate."""

    tau_dserine: Annotated[float, Par("turnover of synaptic D-serine", "h", "minutes to an hour; Papouin 2017")] = 0.5
    dserine_asleep: Annotated[
        float, Par("D-serine asleep over awake", "1", "Papouin 2017, Neuron 94:840 (follows wakefulness)")
    ] = 0.8
    half: Annotated[
        float, Par("D-serine that fills half of the sites", "1", "sites are not full; Henneberger 2010, Nature 463:232")
    ] = 0.3
    clearance: Annotated[float, Par("glutamate uptake by EAAT", "1/s", "Stimberg 2018, arXiv 1812.04969")] = 40.0
    release: Annotated[float, Par("glutamate per spike that reaches astrocytes", "1", PROJECT)] = 0.6
    spill_depression: Annotated[
        float, Par("depression added where uptake is overrun", "1", "Valtcheva & Venance 2016; size " + PROJECT)
    ] = 2.0
    tau_linger: Annotated[
        float,
        Par("stay of glutamate at receptors, uptake inhibited", "s", "Romanos 2019, Commun Biol 2:127 (94 ms in DHK)"),
    ] = 0.094


@kernel
def advance_dserine(level: float, clamp: float, asleep: bool, hours: float, glia: GliaParams) -> float:
    """Advance the D-serine that astrocytes keep at the synapse by `hours`; `clamp` is the share of release stopped."""
    target = (1.0 - clamp) * (glia.dserine_asleep if asleep else 1.0)
    return target + (level - target) * np.exp(-hours / glia.tau_dserine)


@kernel
def available(dserine: float, coagonist: float, block: float, glia: GliaParams) -> float:
    """Return the NMDA receptors that can open, over those of an awake circuit without drugs.

    `coagonist` is the share of free co-agonist sites that a drug fills, `block` of receptors that one blocks.
    """
    bound = dserine / (dserine + glia.half)
    return (1.0 - block) * (bound + (1.0 - bound) * coagonist) * (1.0 + glia.half)


@kernel
def spillover(rate: float, block: float, glia: GliaParams) -> float:
    """Return how far glutamate reaches extrasynaptic receptors, 0..1, at the mean `rate`, 100 Hz.

    `block` is the share of uptake inhibited.
    """
    left = 100.0 * rate * glia.release / (glia.clearance * max(1e-3, 1.0 - block))
    cubic = left * left * left
    return cubic / (1.0 + cubic)


@kernel
def lingering(spilled: float, block: float, glia: GliaParams) -> float:
    """Return the depression by glutamate that lingers, over all that `spilled` leaves of timed depression.

    `block` is the share of uptake inhibited; without, nothing lingers.
    """
    added = glia.spill_depression * spilled
    return block * added / (1.0 + added)
