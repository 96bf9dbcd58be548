"""Representative episodes: what everyday episodes did the last time they were simulated.

An everyday episode is simulated anew only when the input that its own course of rates would receive has moved by
more than `TOLERANCE` for any unit since it was last simulated; otherwise it drives synapses as it did then. The
synapses' own state (early, late, refractory, thresholds, receptors) counts at the time of the episode either way.
Order: does it still hold, keep, recall.
"""

from typing import NamedTuple

import numpy as np

from plastenv.arrays import zeros
from plastenv.circuit.neurons import FAINT, Stimulus, Trace
from plastenv.circuit.params import Anatomy
from plastenv.circuit.plasticity import BLOCK, Response
from plastenv.kernel import kernel, transfer

TOLERANCE = np.float32(0.08)  # units of input; a recalled cue drives its assembly by 1 to 2
ROOM = 5 / 8  # share of units that may take part; a fuller episode is simulated every time


class Memo(NamedTuple):
    """Remembered episodes of every patient, (patients, slots, ...); without slots nothing is remembered."""

    known: np.ndarray  # (patients, slots) bool
    pv: np.ndarray  # (patients, slots), scale of inhibition at the time
    outside: np.ndarray  # (patients, slots, units) float32, input from cue and context at the time
    inside: np.ndarray  # (patients, slots, units) float32, input from the circuit itself at mean rates
    response: Response  # the same arrays with (patients, slots) before


def memo(patients: int, slots: int, units: int) -> Memo:
    """Allocate room for `slots` episodes of each patient."""
    width = int(ROOM * units) // BLOCK * BLOCK
    shape = (patients, slots)
    response = Response(
        steps=np.zeros((*shape, 1), np.int64),
        error=np.zeros((*shape, 2)),
        mean=zeros((*shape, units), np.float32),
        blocks=np.zeros((*shape, 1 + width // BLOCK), np.int64),
        fired=zeros((*shape, width), np.float32),
        up=zeros((*shape, width + 2, width), np.float32),
        down=zeros((*shape, width + 2, width), np.float32),
    )
    outside, inside = zeros((*shape, units), np.float32), zeros((*shape, units), np.float32)
    return Memo(np.zeros(shape, np.bool_), np.zeros(shape), outside, inside, response)


@kernel
def _inputs(
    early: np.ndarray,
    late: np.ndarray,
    gain: np.ndarray,
    stimulus: Stimulus,
    mean: np.ndarray,
    anatomy: Anatomy,
    outside: np.ndarray,
    inside: np.ndarray,
) -> None:
    """Write the input that every unit would receive from outside, and from the circuit at the rates `mean`."""
    units = mean.shape[0]
    outside[:] = 0.0
    inside[:] = 0.0
    for k in range(anatomy.cues.shape[1]):
        level = anatomy.contexts[stimulus.context, k]
        if stimulus.cue >= 0:
            level += anatomy.cues[stimulus.cue, k] * np.float32(stimulus.strength)
        if level > 0.0:
            for i in range(units):
                outside[i] += level * (early[units + k, i] + late[units + k, i])
    for j in range(units):
        level = mean[j]
        if level > FAINT:
            for i in range(units):
                inside[i] += level * (early[j, i] + late[j, i])
    for i in range(units):
        outside[i] *= np.float32(gain[i])
        inside[i] *= np.float32(gain[i])


@kernel
def recall(memo: Memo, p: int, slot: int) -> Response:
    """Return the remembered response of patient `p`."""
    kept = memo.response
    return Response(
        kept.steps[p, slot],
        kept.error[p, slot],
        kept.mean[p, slot],
        kept.blocks[p, slot],
        kept.fired[p, slot],
        kept.up[p, slot],
        kept.down[p, slot],
    )


@kernel
def holds(
    memo: Memo,
    p: int,
    slot: int,
    early: np.ndarray,
    late: np.ndarray,
    gain: np.ndarray,
    pv: float,
    stimulus: Stimulus,
    anatomy: Anatomy,
    trace: Trace,
) -> bool:
    """Say whether what is remembered of an episode still stands for it; `trace` lends room for the inputs."""
    if not memo.known[p, slot] or abs(pv - memo.pv[p, slot]) > 0.5 * TOLERANCE:
        return False
    outside, inside = trace.shown, trace.total
    _inputs(early, late, gain, stimulus, memo.response.mean[p, slot], anatomy, outside, inside)
    then_outside, then_inside = memo.outside[p, slot], memo.inside[p, slot]
    moved = 0
    for i in range(outside.shape[0]):
        moved += 1 if abs(outside[i] - then_outside[i]) > TOLERANCE else 0
        moved += 1 if abs(inside[i] - then_inside[i]) > TOLERANCE else 0
    return moved == 0


@kernel
def keep(
    memo: Memo,
    p: int,
    slot: int,
    response: Response,
    early: np.ndarray,
    late: np.ndarray,
    gain: np.ndarray,
    pv: float,
    stimulus: Stimulus,
    anatomy: Anatomy,
) -> None:
    """Remember `response`, unless too many units took part."""
    own = recall(memo, p, slot)
    number = response.blocks[0]
    width = number * BLOCK
    memo.known[p, slot] = number < own.blocks.shape[0]
    if not memo.known[p, slot]:
        return
    memo.pv[p, slot] = pv
    own.steps[0] = response.steps[0]
    own.error[0], own.error[1] = response.error[0], response.error[1]
    transfer(response.mean, own.mean, response.mean.shape[0])
    transfer(response.blocks, own.blocks, 1 + number)
    transfer(response.fired, own.fired, width)
    for c in range(width):
        if response.fired[c] > 0.0:
            transfer(response.up[c], own.up[c], width)
            transfer(response.down[c], own.down[c], width)
    for k in range(1, 3):
        transfer(response.up[response.up.shape[0] - k], own.up[own.up.shape[0] - k], width)
        transfer(response.down[response.down.shape[0] - k], own.down[own.down.shape[0] - k], width)
    _inputs(early, late, gain, stimulus, own.mean, anatomy, memo.outside[p, slot], memo.inside[p, slot])
