"""The event table: what each procedure does to the circuit, second by second. One table for every study.

A row is a stretch of fast time. Cue, outcome and stimulator are switched on and off inside it; which cue,
which outcome and which target are arguments of the event.
"""

from typing import NamedTuple

import numpy as np


class Episode(NamedTuple):
    """Timing of one kind of episode, in seconds from its start."""

    name: str
    duration: float  # s
    cue: tuple[float, float] = (0.0, 0.0)  # s, on and off
    outcome: tuple[float, float] = (0.0, 0.0)  # s
    stimulation: tuple[float, float] = (0.0, 0.0)  # s
    avoidable: bool = False  # the subject may end the cue once it expects an aversive outcome
    modulator: float = (
        1.0  # neuromodulatory tone, 1 = awake; volleys recruit release (Hays 2013, Prog Brain Res 207:275)
    )


EPISODES = (
    Episode("everyday-cue", 0.80, cue=(0.0, 0.8), avoidable=True),
    Episode("everyday-outcome", 0.80, cue=(0.0, 0.8), outcome=(0.25, 0.8), avoidable=True),
    Episode("pairing", 0.80, cue=(0.0, 0.8), outcome=(0.25, 0.8)),
    Episode("backward-pairing", 1.10, cue=(0.3, 1.1), outcome=(0.0, 0.3)),
    Episode("unsignalled-outcome", 0.60, outcome=(0.05, 0.6)),
    Episode("exposure-trial", 1.20, cue=(0.0, 1.2)),
    Episode("stimulation-train", 0.60, stimulation=(0.0, 0.5), modulator=5.0),
    Episode("replay", 0.40, cue=(0.0, 0.2), modulator=0.5),
    # Practice; with a success, or alone, the nuclei of neuromodulators may be driven for half a second.
    Episode("reinforced-trial", 0.80, cue=(0.0, 0.8), outcome=(0.25, 0.8), stimulation=(0.25, 0.75)),
    Episode("release", 0.60, stimulation=(0.0, 0.5)),
    # One of three gaze shifts a second, with 50 ms of answer from the thalamus. It stands for those of minutes, each of
    # which releases acetylcholine and noradrenaline; without them seeing teaches nothing (Bear & Singer 1986).
    Episode("gaze", 0.30, cue=(0.05, 0.10), modulator=395.0),
)
COLUMNS = ("duration", "cue_on", "cue_off", "outcome_on", "outcome_off", "stim_on", "stim_off", "avoidable", "tone")
INDEX = {episode.name: row for row, episode in enumerate(EPISODES)}
LONGEST = max(episode.duration for episode in EPISODES)


def table() -> np.ndarray:
    """Return the event table as numbers, (episodes, columns) in the order of `COLUMNS`."""
    rows = [(e.duration, *e.cue, *e.outcome, *e.stimulation, float(e.avoidable), e.modulator) for e in EPISODES]
    return np.array(rows, np.float64)
