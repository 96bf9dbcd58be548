"""Patients before they are born: traits, how they are distributed, and disjoint splits."""

from dataclasses import dataclass

import numpy as np

from plastenv import rng
from plastenv.model.types import Traits

SPLITS = {"train": 512, "validation": 128, "test": 128, "shift": 128}


@dataclass(frozen=True, slots=True)
class Population:
    """Distribution of traits. Spreads are standard deviations of the logarithm unless a unit is given."""

    induction: float  # spread of the rate of early change
    protein_threshold: float  # spread
    clearance: float  # spread
    avoidance: tuple[float, float]  # expectation at which cues are avoided, range
    habit: tuple[float, float]  # share of cues on which avoidance is possible, range
    brakes: tuple[float, float]  # Nogo signalling that maturation reaches, range
    adversity: tuple[float, float]  # adverse hours per affected cue, range of the patient's mean
    unevenness: float  # half-range of a cue's share of that mean
    affected: tuple[int, ...]  # cues that adversity hits
    shift: float  # factor on adversity in the 'shift' split

    def key(self, split: str, candidate: int) -> np.uint64:
        """Return the key of one candidate; splits never share one. Raises ValueError for an unknown split."""
        if split not in SPLITS:
            raise ValueError(f"unknown split '{split}'; expected one of: {', '.join(SPLITS)}")
        return rng.derive(2026, list(SPLITS).index(split), candidate)

    def sample(self, split: str, candidates: range, cues: int) -> tuple[np.ndarray, Traits]:
        """Draw the keys, (n,), and traits of `candidates` of a split, the same every time."""
        keys = np.array([self.key(split, candidate) for candidate in candidates], np.uint64)
        drawn = [self._draw(int(key), cues, self.shift if split == "shift" else 1.0) for key in keys]
        return keys, Traits(*(np.array(column) for column in zip(*drawn, strict=True)))

    def _draw(self, key: int, cues: int, dose: float) -> tuple:
        draw = rng.generator(key, rng.TRAITS)
        factors = np.exp(draw.standard_normal(3) * (self.induction, self.protein_threshold, self.clearance))
        share = 1.0 + self.unevenness * draw.uniform(-1.0, 1.0, cues)
        hours = np.round(dose * draw.uniform(*self.adversity) * share)
        hours[np.isin(np.arange(cues), self.affected, invert=True)] = 0.0
        ranges = (self.avoidance, self.habit, self.brakes)
        avoidance, habit, brakes = (draw.uniform(*limits) for limits in ranges)
        return (*factors, avoidance, habit, hours, brakes)
