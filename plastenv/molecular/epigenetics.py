"""Chromatin: one acetylation state; deacetylase activity, which grows as tissue matures, is its only brake."""

from typing import Annotated, NamedTuple

import numpy as np

from plastenv.kernel import kernel
from plastenv.parameters import PROJECT, Par


class ChromatinParams(NamedTuple):
    """Turnover and set-points of histone acetylation."""

    tau: Annotated[float, Par("acetylation turnover", "h", "hours; Levenson 2004, J Biol Chem 279:40545")] = 4.0
    deacetylase_young: Annotated[
        float, Par("deacetylase activity over acetylase activity, newborn", "1", "Putignano 2007, Neuron 53:747")
    ] = 0.25
    deacetylase_adult: Annotated[float, Par("the same, adult", "1", "Putignano 2007, Neuron 53:747")] = 1.0
    half: Annotated[float, Par("acetylation that half-permits transcription", "1", PROJECT)] = 0.5


@kernel
def advance_acetylation(level: float, mature: float, block: float, hours: float, chromatin: ChromatinParams) -> float:
    """Advance the acetylated share by `hours`; `block` is the share of deacetylase activity inhibited."""
    young, adult = chromatin.deacetylase_young, chromatin.deacetylase_adult
    deacetylase = (young + (adult - young) * mature) * (1.0 - block)
    target = 1.0 / (1.0 + deacetylase)
    return target + (level - target) * np.exp(-hours / chromatin.tau)


@kernel
def permission(level: float, chromatin: ChromatinParams) -> float:
    """Return how far chromatin permits transcription, 0..1 (Hill 2)."""
    return level * level / (level * level + chromatin.half * chromatin.half)
