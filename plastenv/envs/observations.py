"""What an agent sees: named channels with units and ranges."""

from typing import NamedTuple

import numpy as np
from gymnasium import spaces

from plastenv import rng
from plastenv.envs.biomarkers import BIOMARKERS, assay
from plastenv.kernel import kernel
from plastenv.model.measure import Measurements
from plastenv.model.types import DAY, ModelState
from plastenv.molecular.pharmacology import COMPOUND_INDEX
from plastenv.scenarios.scenario import Scenario
from plastenv.therapy.interventions import BY_NAME
from plastenv.therapy.limits import CHANNEL_INDEX, CHANNELS, Record

KINDS = ("clinic", "biomarkers", "state")
LATENT = ("function", "capture", "memories", "nets", "nogo", "acetylation", "bdnf", "early", "unsettled")
ERRORS = ("gamma_error", "evoked_error", "bdnf_error", "slow_wave_error")  # of the biomarkers
MEMORY_DAYS = 28.0  # an intervention longer ago than this looks like never


class Channel(NamedTuple):
    """One observed number."""

    name: str
    unit: str
    low: float
    high: float


def channels(scenario: Scenario, kind: str) -> tuple[Channel, ...]:
    """Return the channels of an observation kind, in order."""
    when = (Channel("day", "share of treatment", 0, 1), Channel("left", "share of treatment", 0, 1))
    record = tuple(
        Channel(f"{what} {name}/{target}", unit, 0, 1)
        for what, unit in (("since", f"of {MEMORY_DAYS:g} d"), ("given", "share of course"))
        for name, target in scenario.channels
    )
    if kind != "state":
        seen = (
            Channel("symptoms", "rating, 0 none to 1 worst", 0, 1),
            Channel("visit", "1 = came", 0, 1),
            Channel("side effects", "share of what makes patients drop out", 0, 1),
        )
        assayed = (
            Channel("gamma", "power, 1 = adult circuit at its set point", 0, 5),
            Channel("evoked", "induction of a paired stimulus, 1 = typical", 0, 5),
            Channel("bdnf", "serum, 1 = reference", 0, 10),
            Channel("slow waves", "of the night before, weight units", 0, 10),
        )
        return seen + (assayed if kind == "biomarkers" else ()) + when + record
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
    offered = [name for name in scenario.interventions if name in COMPOUND_INDEX]
    drugs = tuple(Channel(f"{site} {c}", "study doses", 0, 50) for site in ("plasma", "effect") for c in offered)
    return latent + drugs + when + record


def observation_space(scenario: Scenario, kind: str) -> spaces.Box:
    """Return the space of one patient's observation."""
    listed = channels(scenario, kind)
    low, high = (np.array([getattr(c, edge) for c in listed], np.float32) for edge in ("low", "high"))
    return spaces.Box(low, high, dtype=np.float32)


def ratings(rows: int) -> np.ndarray:
    """Allocate what was last found of every row, (rows, 1 + biomarkers): symptoms, then biomarkers."""
    return np.zeros((rows, 1 + len(BIOMARKERS)))


@kernel
def _normal(key: np.uint64, tick: int) -> float:
    size = np.sqrt(-2.0 * np.log(1.0 - rng.uniform(key, 2 * tick, rng.RATING)))
    return size * np.cos(2.0 * np.pi * rng.uniform(key, 2 * tick + 1, rng.RATING))


@kernel
def visit(
    key: np.ndarray,
    clock: np.ndarray,
    truth: np.ndarray,
    errors: np.ndarray,
    missed: float,
    rated: np.ndarray,
    came: np.ndarray,
) -> None:
    """Update what is found of those who come to their visit; write who did (1 or 0) to `came`, (rows,).

    `truth`, (rows, 1 + k), holds symptoms and k biomarkers; their errors are an SD, of the biomarkers relative ones.
    Noise is keyed by patient and time, so looking twice shows the same. Everyone comes to the first visit.
    """
    for row in range(len(clock)):
        now = clock[row]
        if now != 0 and rng.uniform(key[row], now, rng.VISIT) < missed:
            came[row] = 0.0
            continue
        came[row] = 1.0
        rated[row, 0] = max(0.0, min(1.0, truth[row, 0] + errors[0] * _normal(key[row], now)))
        for k in range(1, truth.shape[1]):
            rated[row, k] = truth[row, k] * np.exp(errors[k] * _normal(rng.combine(key[row], k), now))


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
    rated: np.ndarray,
) -> np.ndarray:
    """Return what is seen of every row, (rows, channels), not yet clipped to its ranges.

    `rated`, see `ratings`, is what was last found of a row, which a missed visit shows again; it is updated.
    """
    clock = state.clock
    if kind != "state":
        truth, came = (1.0 - measured.function)[:, None], np.empty(len(clock))
        if kind == "biomarkers":
            truth = np.hstack([truth, assay(state, scenario.params, measured.early)])
        seeing = scenario.observation
        errors = np.array([seeing.rating_error, *(getattr(seeing, error) for error in ERRORS)])
        visit(state.key, clock, truth, errors, seeing.missed, rated, came)
        seen = [rated[:, 0], came, burden / scenario.objective.dropout, *rated[:, 1 : truth.shape[1]].T]
    else:
        latent = (getattr(measured, name) for name in LATENT)
        offered = [COMPOUND_INDEX[name] for name in scenario.interventions if name in COMPOUND_INDEX]
        seen = [*latent, *state.molecules.plasma[:, offered].T, *state.molecules.effect[:, offered].T]
    day = clock / (scenario.horizon_days * DAY)
    since, given = np.full((len(clock), len(CHANNELS)), MEMORY_DAYS * DAY), np.zeros((len(clock), len(CHANNELS)))
    _treatments(clock, kept, since, given)
    own = [CHANNEL_INDEX[pair] for pair in scenario.channels]
    courses = np.array([BY_NAME[name].course for name, _ in scenario.channels])
    record = [since[:, own] / (MEMORY_DAYS * DAY), given[:, own] / courses]
    return np.concatenate([np.stack([*seen, day, 1.0 - day], 1), *record], 1)
