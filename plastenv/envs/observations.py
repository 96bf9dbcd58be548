"""What an agent sees: named channels with units and ranges."""

from typing import NamedTuple

import numpy as np
from gymnasium import spaces

from plastenv import rng
from plastenv.model.measure import Measurements
from plastenv.model.types import DAY, ModelState
from plastenv.molecular.pharmacology import COMPOUNDS
from plastenv.scenarios.scenario import Scenario
from plastenv.therapy.interventions import BY_NAME, Administration

RATING_ERROR = 0.08  # SD of a symptom rating, on its 0..1 scale
MISSED = 0.1  # probability that a visit is missed
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


def _normal(key: np.uint64, tick: int) -> float:
    first = 1.0 - rng.uniform(key, 2 * tick, rng.RATING)
    second = rng.uniform(key, 2 * tick + 1, rng.RATING)
    return float(np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * np.pi * second))


def observe(
    kind: str,
    scenario: Scenario,
    row: int,
    state: ModelState,
    measured: Measurements,
    burden: float,
    given: list[Administration],
    last_rating: float,
) -> tuple[np.ndarray, float]:
    """Return one patient's observation, (channels,) float32, and its latest symptom rating.

    A missed visit shows the last rating again. Noise is keyed by patient and time, so looking twice shows the same.
    """
    now = int(state.clock[row])
    key, day = state.key[row], now / (scenario.horizon_days * DAY)
    values: list[float] = []
    if kind == "clinic":
        came = now == 0 or rng.uniform(key, now, rng.VISIT) >= MISSED
        if came:
            last_rating = float(np.clip(1.0 - measured.function[row] + RATING_ERROR * _normal(key, now), 0.0, 1.0))
        values += [last_rating, float(came), burden / scenario.objective.dropout]
    else:
        values += [
            float(getattr(measured, name)[row])
            for name in ("function", "capture", "memories", "nets", "nogo", "acetylation", "bdnf", "early", "unsettled")
        ]
        values += [*state.molecules.plasma[row], *state.molecules.effect[row]]
    values += [day, 1.0 - day]
    since, amount = [], []
    for name, target in scenario.channels:
        same = [g for g in given if g.intervention == name and g.target == target]
        since.append(min(1.0, (now - same[-1].time) / (MEMORY_DAYS * DAY)) if same else 1.0)
        amount.append(sum(g.dose for g in same) / BY_NAME[name].course)
    listed = channels(scenario, kind)
    low, high = ([getattr(c, edge) for c in listed] for edge in ("low", "high"))
    return np.clip(values + since + amount, low, high).astype(np.float32), last_rating
