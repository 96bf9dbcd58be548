"""Which life every row of a batch lives: its seed, and how many episodes it has begun with it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from plastenv.envs.batch import PatientBatch, is_whole
from plastenv.therapy.protocol import nearest


def options_of(given: dict[str, Any] | None, known: Sequence[str]) -> dict[str, Any]:
    """Return the options given at reset, or raise ValueError for one that is not `known`."""
    if given is not None and not isinstance(given, dict):
        raise ValueError(f"options = {given!r:.60}: expected a dictionary with {', '.join(known)}")
    for name in given or {}:
        if name not in known:
            raise ValueError(f"unknown reset option '{name}'; {nearest(str(name), list(known))}")
    return dict(given or {})


class Lives:
    """Seeds and episodes of every row: the n-th episode of a row depends on (its seed, n) only."""

    def __init__(self, batch: PatientBatch) -> None:
        """Draw seeds that count until others are set."""
        self.batch = batch
        first = int(np.random.SeedSequence().generate_state(1)[0])
        self.seeds = [first + row for row in range(batch.rows)]
        self.episodes = [-1] * batch.rows

    def begin(
        self,
        rows: Sequence[int] | None = None,
        patients: Sequence[int | None] | None = None,
        seeds: int | Sequence[int | None] | None = None,
    ) -> np.ndarray:
        """Begin the next episode of `rows` (default: all) and return the observations of all rows.

        `patients`, one for each of `rows`, names who is treated; None leaves it to the seed. `seeds` lets row k live
        seed + k, or the k-th of them, from now on; None goes on with the seed of before. Raises ValueError, before
        anything has changed, for a patient or a seed that does not fit.
        """
        which = list(range(self.batch.rows)) if rows is None else list(rows)
        given = self._checked(seeds)
        lives = [
            (self.seeds[row], self.episodes[row] + 1) if (own := given[row]) is None else (own, 0) for row in which
        ]
        lived, episodes = [seed for seed, _ in lives], [episode for _, episode in lives]
        observation = self.batch.reset(lived, episodes, which, patients)
        for row, seed, episode in zip(which, lived, episodes, strict=True):
            self.seeds[row], self.episodes[row] = seed, episode
        return observation

    def _checked(self, seeds: int | Sequence[int | None] | None) -> list[int | None]:
        """Return one seed per row."""
        rows = self.batch.rows
        if seeds is None:
            return [None] * rows
        each = [int(seeds) + row for row in range(rows)] if is_whole(seeds, 0) else seeds  # type: ignore[arg-type]
        if not isinstance(each, list | tuple) or len(each) != rows:
            raise ValueError(f"seed = {seeds!r:.60}: expected a whole number, or one for each of {rows} rows")
        for row, own in enumerate(each):
            if own is not None and (not is_whole(own, 0) or own >= 2**62):
                raise ValueError(f"seed of row {row} = {own!r:.60}: expected a whole number from 0 to 2^62")
        return [None if own is None else int(own) for own in each]
