"""Everyday life: what a day brings and when, and what sleep replays; the same for whoever asks, and whenever."""

from typing import NamedTuple

import numpy as np

from plastenv import rng
from plastenv.kernel import kernel
from plastenv.model.types import DAY, HOUR, Everyday, ModelParams


class Day(NamedTuple):
    """Everyday events of one day, in order of time; scratch."""

    time: np.ndarray  # (slots,) int64
    cue: np.ndarray  # (slots,) int64, which of the everyday cues, -1 = the one that replay finds
    order: np.ndarray  # (slots,) int64


def blank(life: Everyday) -> Day:
    """Allocate a `Day` of this life."""
    slots = len(life.cues) + life.extra + life.replays
    return Day(*np.zeros((3, slots), np.int64))


@kernel
def plan_day(day: int, key: np.uint64, params: ModelParams, plan: Day) -> None:
    """Draw the times and cues of everyday life on `day`; the same for the same key, whenever it is asked."""
    life = params.everyday
    cues = life.cues.shape[0]
    waking = cues + life.extra
    first = day * DAY
    for slot in range(plan.time.shape[0]):
        tick = day * 1024 + slot
        if slot < waking:
            span = (life.bed - life.wake) * HOUR
            plan.time[slot] = first + life.wake * HOUR + int(rng.uniform(key, tick, rng.EVERYDAY_TIME) * span)
            plan.cue[slot] = slot if slot < cues else int(rng.uniform(key, tick, rng.EVERYDAY_CUE) * cues)
        else:
            plan.time[slot] = first + (slot - waking) * HOUR + HOUR + HOUR // 2
            plan.cue[slot] = -1
        if first < life.start:
            plan.time[slot] = first - 1
    for slot in range(plan.time.shape[0]):  # sorted by insertion
        place = slot
        while place > 0 and plan.time[plan.order[place - 1]] > plan.time[slot]:
            plan.order[place] = plan.order[place - 1]
            place -= 1
        plan.order[place] = slot


@kernel
def skip(clock: int, day: Day) -> int:
    """Return the first slot of the day that is not over."""
    slot = 0
    while slot < day.time.shape[0] and day.time[day.order[slot]] < clock:
        slot += 1
    return slot


@kernel
def replayed_cue(early: np.ndarray, key: np.uint64, tick: int, params: ModelParams, load: np.ndarray) -> int:
    """Pick which everyday cue sleep replays: in proportion to the early change that its axons carry.

    `load`, (cues,), is scratch.
    """
    cues, units = params.everyday.cues, early.shape[1]
    load[:] = 0.0
    for k in range(params.anatomy.cues.shape[1]):
        carried = np.float32(0.0)
        for i in range(units):
            carried += abs(early[units + k, i])
        for c in range(cues.shape[0]):
            if params.anatomy.cues[cues[c], k] > 0.0:
                load[c] += carried
    left = rng.uniform(key, tick, rng.REPLAY) * load.sum()
    for c in range(cues.shape[0]):
        left -= load[c]
        if left < 0.0:
            return c
    return 0
