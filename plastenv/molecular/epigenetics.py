"""Histone acetylation, DNA methylation and microRNA-132: what may be transcribed and translated.

One acetylation state, in hours; deacetylase activity, which grows as tissue matures, is its only brake. Methylation
works on two classes of genes (Day & Sweatt 2010, Nat Neurosci 13:1319): plasticity genes, silenced over weeks as
tissue matures and under stress, and memory suppressors, which every learning silences within an hour and which
without methyltransferases stay on and hinder consolidation (Miller & Sweatt 2007, Neuron 53:857): protein phosphatase
1 silences CREB in a complex with a deacetylase, so not without one (Canettieri 2003, Nat Struct Biol 10:175).
Reminders need methyltransferases as learning does (Maddox & Schafe 2011, Learn Mem 18:579).
MicroRNA-132 follows CREB and lets translation reach spines. No accepted equations exist; first-order forms are defined
by this project.

    p' = (1 - p) / tau_p - k (1 - block) drive p,     late phase x (1 - strength p (1 - deacetylases inhibited))
    held = block strength p (1 - deacetylases inhibited),   of what restabilises a labile memory
    m' = (CREB / CREB at rest - m) / tau_m,           translation x (1 + K) m / (m + K)
"""

from typing import Annotated, NamedTuple

import numpy as np

from plastenv.kernel import kernel
from plastenv.parameters import PROJECT, Par


class ChromatinParams(NamedTuple):
    """Turnover and set-points of histone acetylation."""

    tau: Annotated[float, Par("acetylation turnover", "h", "hours; Levenson 2004, J Biol Chem 279:40545")] = 2.0
    deacetylase_young: Annotated[
        float, Par("deacetylase activity over acetylase activity, newborn", "1", "Putignano 2007, Neuron 53:747")
    ] = 0.25
    deacetylase_adult: Annotated[float, Par("the same, adult", "1", "Putignano 2007, Neuron 53:747")] = 1.0
    half: Annotated[float, Par("acetylation that half-permits transcription", "1", PROJECT)] = 0.5


class MethylationParams(NamedTuple):
    """DNA methylation of plasticity genes and of memory suppressors."""

    tau: Annotated[
        float, Par("methylation turnover at plasticity genes", "d", "weeks; Roth 2009, Biol Psychiatry 65:760")
    ] = 14.0
    young: Annotated[float, Par("methylated share, newborn", "1", PROJECT)] = 0.45
    adult: Annotated[float, Par("methylated share, adult", "1", PROJECT)] = 0.5
    stress: Annotated[float, Par("share that lasting stress adds", "1", "Roth 2009; size " + PROJECT)] = 0.3
    silencing: Annotated[float, Par("transcription lost where all is methylated", "1", PROJECT)] = 0.4
    tau_suppressor: Annotated[
        float, Par("return of memory suppressors", "h", "back within a day; Day & Sweatt 2010")
    ] = 8.0
    suppressor_rate: Annotated[
        float,
        Par("silencing of memory suppressors by a fully driven circuit", "1/h", "within an hour; Miller & Sweatt 2007"),
    ] = 200.0
    suppressor_strength: Annotated[
        float, Par("late phase that memory suppressors prevent", "1", "Miller & Sweatt 2007; size " + PROJECT)
    ] = 0.8


class MicroRNAParams(NamedTuple):
    """MicroRNA-132."""

    tau: Annotated[float, Par("turnover", "h", "Nudelman 2010, Hippocampus 20:492 (hours after activity)")] = 12.0
    creb_rest: Annotated[float, Par("phosphorylated CREB of an adult at rest", "1", "of this model")] = 0.39
    half: Annotated[
        float,
        Par("level that half-permits translation at spines", "1", "Mellios 2011, Nat Neurosci 14:1240; " + PROJECT),
    ] = 0.5


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


@kernel
def primed(mature: float, block: float, chromatin: ChromatinParams) -> float:
    """Return how much of an adult's deacetylase activity is missing, 0..1: it keeps old traces from being rewritten.

    A reminder lifts it from the chromatin of recent ones by itself (Graff 2014, Cell 156:261).
    """
    young = chromatin.deacetylase_young / chromatin.deacetylase_adult
    return 1.0 - (young + (1.0 - young) * mature) * (1.0 - block)


@kernel
def advance_methylation(
    level: float, mature: float, stress: float, block: float, hours: float, methylation: MethylationParams
) -> float:
    """Advance the methylated share of plasticity genes by `hours`; `block` is what is stopped of methyltransferases."""
    written = methylation.young + (methylation.adult - methylation.young) * mature + methylation.stress * stress
    target = written * (1.0 - block)
    return target + (level - target) * np.exp(-hours / (24.0 * methylation.tau))


@kernel
def unsilenced(level: float, methylation: MethylationParams) -> float:
    """Return what methylation leaves of transcription, over an unstressed adult's."""
    return (1.0 - methylation.silencing * level) / (1.0 - methylation.silencing * methylation.adult)


@kernel
def advance_suppressor(level: float, drive: float, block: float, hours: float, methylation: MethylationParams) -> float:
    """Advance the expressed share of memory suppressors by `hours`; `drive` is the circuit's mean protein drive."""
    back = 1.0 / methylation.tau_suppressor
    rate = back + methylation.suppressor_rate * (1.0 - block) * drive
    target = back / rate
    return target + (level - target) * np.exp(-rate * hours)


@kernel
def unsuppressed(level: float, block: float, methylation: MethylationParams) -> float:
    """Return the late phase that memory suppressors leave; a share `block` of their deacetylases is inhibited."""
    return 1.0 - methylation.suppressor_strength * level * (1.0 - block)


@kernel
def held_back(level: float, methyl_block: float, block: float, methylation: MethylationParams) -> float:
    """Return what memory suppressors take of the restabilisation of a labile memory.

    A reminder silences them as learning does, but for the share `methyl_block` that is stopped of methyltransferases.
    """
    return methyl_block * (1.0 - unsuppressed(level, block, methylation))


@kernel
def advance_microrna(level: float, creb: float, hours: float, microrna: MicroRNAParams) -> float:
    """Advance microRNA-132 by `hours` at this level of phosphorylated CREB."""
    target = creb / microrna.creb_rest
    return target + (level - target) * np.exp(-hours / microrna.tau)


@kernel
def reaching_spines(level: float, block: float, microrna: MicroRNAParams) -> float:
    """Return the translation that microRNA-132 lets reach spines, over an adult's at rest; a share `block` is bound."""
    free = level * (1.0 - block)
    return (1.0 + microrna.half) * free / (free + microrna.half)
