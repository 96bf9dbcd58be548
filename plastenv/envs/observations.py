"""What an agent sees: named channels with units and ranges."""

from typing import NamedTuple

import numpy as np
from gymnasium import spaces

from plastenv import rng
from plastenv.kernel import kernel
from plastenv.model.measure import Measurements
from plastenv.model.types import DAY, ModelState
from plastenv.molecular.pharmacology import COMPOUNDS
from plastenv.scenarios.scenario import Scenario
from plastenv.therapy.interventions import BY_NAME
from plastenv.therapy.limits import CHANNEL_INDEX, CHANNELS, Record

RATING_ERROR = 0.08  # SD of a symptom rating, on its 0..1 scale
MISSED = 0.1  # probability that a visit is missed
LATENT = ("function", "capture", "memories", "nets", "nogo", "acetylation", "bdnf", "early", "unsettled")
MEMORY_DAYS = 28.0  # an intervention longer ago than this looks like never


class Channel(NamedTuple):
    """One observed number."""

    name: str
    unit: str
    low: float
    high: float


def channels(scenario: Scenario, kind: str) -> tuple[Channel, ...]:
    """Return the channels of observation kind `clinic` or `state`, in order."""
    when = (Channel("day", "share of treatment", 0, 1), Channel("left", "share of treatment", 0, 1))
    record = tuple(
        Channel(f"{what} {name}/{target}", unit, 0, 1)
        for what, unit in (("since", f"of {MEMORY_DAYS:g} d"), ("given", "share of course"))
        for name, target in scenario.channels
    )
    if kind == "clinic":
        seen = (
            Channel("symptoms", "rating, 0 none to 1 worst", 0, 1),
            Channel("visit", "1 = came", 0, 1),
            Channel("side effects", "share of what makes patients drop out", 0, 1),
        )
        return seen + when + record
    latent = (
        Channel("function", "0..1", 0, 1),
        Channel("capture", "share of probes", 0, 1),
        Channel("memories", "0..1", 0, 1),
        Channel("nets", "1 = adult", 0, 1.5),
        Channel("nogo", "1 = adult", 0, 1.5),
        Channel("acetylation", "share", 0, 1),
        Channel("bdnf", "1 = reference", 0, 10),
        Channel("early", "weight units", 0, 10),
        Channel("unsettled", "weight units", 0, 10),
    )
    drugs = tuple(Channel(f"{site} {c.name}", "study doses", 0, 50) for site in ("plasma", "effect") for c in COMPOUNDS)
    return latent + drugs + when + record


def observation_space(scenario: Scenario, kind: str) -> spaces.Box:
    """Return the space of one patient's observation."""
    listed = channels(scenario, kind)
    low, high = (np.array([getattr(c, edge) for c in listed], np.float32) for edge in ("low", "high"))
    return spaces.Box(low, high, dtype=np.float32)


@kernel
def rate_symptoms(
    key: np.ndarray,
    clock: np.ndarray,
    function: np.ndarray,
    error: float,
    missed: float,
    rating: np.ndarray,
    came: np.ndarray,
) -> None:
    """Update the latest symptom `rating`, (rows,), of those who come to their visit; write who did (1 or 0) to `came`.

    Noise is keyed by patient and time, so looking twice shows the same. Everyone comes to the first visit.
    """
    for row in range(len(clock)):
        now = clock[row]
        if now != 0 and rng.uniform(key[row], now, rng.VISIT) < missed:
            came[row] = 0.0
            continue
        came[row] = 1.0
        size = np.sqrt(-2.0 * np.log(1.0 - rng.uniform(key[row], 2 * now, rng.RATING)))
        noise = size * np.cos(2.0 * np.pi * rng.uniform(key[row], 2 * now + 1, rng.RATING))
        rating[row] = max(0.0, min(1.0, 1.0 - function[row] + error * noise))


@kernel
def _treatments(clock: np.ndarray, kept: Record, since: np.ndarray, given: np.ndarray) -> None:
    """Write how long ago (s) and how much (study doses) of every channel was given, (rows, channels) each."""
    for row in range(len(clock)):
        for k in range(kept.number[row]):
            if kept.time[row, k] <= clock[row]:
                channel = kept.channel[row, k]
                since[row, channel] = min(since[row, channel], clock[row] - kept.time[row, k])
                given[row, channel] += kept.dose[row, k]


def observe(
    kind: str,
    scenario: Scenario,
    state: ModelState,
    measured: Measurements,
    burden: np.ndarray,
    kept: Record,
    rating: np.ndarray,
) -> np.ndarray:
    """Return what is seen of every row, (rows, channels), not yet clipped to its ranges.

    `rating`, (rows,), is the latest symptom rating, which a missed visit shows again; it is updated.
    """
    clock = state.clock
    if kind == "clinic":
        came = np.empty(len(clock))
        rate_symptoms(state.key, clock, measured.function, RATING_ERROR, MISSED, rating, came)
        seen = [rating, came, burden / scenario.objective.dropout]
    else:
        latent = (getattr(measured, name) for name in LATENT)
        seen = [*latent, *state.molecules.plasma.T, *state.molecules.effect.T]
    day = clock / (scenario.horizon_days * DAY)
    since, given = np.full((len(clock), len(CHANNELS)), MEMORY_DAYS * DAY), np.zeros((len(clock), len(CHANNELS)))
    _treatments(clock, kept, since, given)
    own = [CHANNEL_INDEX[pair] for pair in scenario.channels]
    courses = np.array([BY_NAME[name].course for name, _ in scenario.channels])
    record = [since[:, own] / (MEMORY_DAYS * DAY), given[:, own] / courses]
    return np.concatenate([np.stack([*seen, day, 1.0 - day], 1), *record], 1)
