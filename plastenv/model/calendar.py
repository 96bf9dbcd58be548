"""Events on a calendar in whole seconds, and their layout for the kernel."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from plastenv.model.types import Events


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens to a patient: a dose (`compound` >= 0) or an episode of the circuit."""

    time: int  # s since the first day of treatment, 00:00
    compound: int = -1
    dose: float = 0.0  # study doses
    episode: int = 0  # row of the event table
    cue: int = -1
    context: int = 0
    outcome: int = -1
    target: int = -1
    strength: float = 1.0
    intensity: float = 1.0
    amplitude: float = 0.0


INTEGERS = (0, 1, 3, 4, 5, 6, 7)  # fields of Event that are indices


def lay_out(calendars: Sequence[Sequence[Event]]) -> Events:
    """Lay one calendar per patient out as arrays, sorted by time, doses first where times agree."""
    ordered = [sorted(calendar, key=lambda e: (e.time, e.compound < 0)) for calendar in calendars]
    offsets = np.concatenate([[0], np.cumsum([len(calendar) for calendar in ordered])]).astype(np.int64)
    table = np.array([astuple(event) for calendar in ordered for event in calendar], np.float64).reshape(-1, 11)
    columns = [table[:, c].astype(np.int64) if c in INTEGERS else table[:, c].copy() for c in range(11)]
    return Events(offsets, *columns)
