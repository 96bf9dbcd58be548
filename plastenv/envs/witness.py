"""Who looks on while patients live: at set hours of treatment and follow-up, and touches nothing."""

from typing import Protocol as Interface

import numpy as np

from plastenv.model.advance import advance
from plastenv.model.measure import Measurements
from plastenv.model.types import HOUR, Events, ModelParams, ModelState


class Witness(Interface):
    """Sees patients while they live."""

    hours: int  # between two looks, which fall on multiples of it on the calendar

    def see(self, rows: np.ndarray, state: ModelState, measured: Measurements | None = None) -> None:
        """See the patients of `state`, the `rows` of a batch, as they are now, or what was just `measured` of them."""
        ...


def live_on(
    rows: np.ndarray,
    state: ModelState,
    events: Events,
    params: ModelParams,
    until: int | np.ndarray,
    threads: int,
    witness: Witness | None,
) -> None:
    """Advance `state`, whose patients are the `rows` of a batch, in place, to `until` (s), under a witness's eyes."""
    if witness is not None:
        stride = witness.hours * HOUR
        while (state.clock < until).any():
            stop = np.minimum((state.clock // stride + 1) * stride, until)
            advance(state, events, params, stop, threads)
            witness.see(rows, state)
    advance(state, events, params, until, threads)
