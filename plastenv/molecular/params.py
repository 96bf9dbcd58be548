"""All molecular parameters, one table per mechanism family."""

from typing import NamedTuple

from plastenv.molecular.brakes import BrakeParams
from plastenv.molecular.consolidation import ConsolidationParams
from plastenv.molecular.epigenetics import ChromatinParams, MethylationParams, MicroRNAParams
from plastenv.molecular.glia import GliaParams
from plastenv.molecular.homeostasis import HomeostasisParams


class MolecularParams(NamedTuple):
    """The parameters of every mechanism between fast activity and lasting change."""

    consolidation: ConsolidationParams = ConsolidationParams()
    chromatin: ChromatinParams = ChromatinParams()
    methylation: MethylationParams = MethylationParams()
    microrna: MicroRNAParams = MicroRNAParams()
    glia: GliaParams = GliaParams()
    brakes: BrakeParams = BrakeParams()
    homeostasis: HomeostasisParams = HomeostasisParams()
