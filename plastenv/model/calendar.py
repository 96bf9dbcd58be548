"""Events on a calendar in whole seconds, and their layout for the kernel."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from plastenv.model.types import Events


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens to a patient: a dose (`compound` >= 0), an episode of the circuit (-1), or a constant
    action of level `dose` on the molecular target -2 - `compound` from now on.
    """

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
COLUMNS = 11


def table(events: Sequence[Event]) -> np.ndarray:
    """Return events as the rows of a table, (events, COLUMNS), in order."""
    return merge([np.array([astuple(event) for event in events], np.float64).reshape(-1, COLUMNS)])


def merge(tables: Sequence[np.ndarray]) -> np.ndarray:
    """Join tables of events into one sorted by time, doses first where times agree."""
    joined = np.concatenate(tables)
    return joined[np.lexsort((joined[:, 1] == -1, joined[:, 0]))]


def join(tables: Sequence[np.ndarray]) -> Events:
    """Lay one sorted table per patient out as arrays."""
    offsets = np.concatenate([[0], np.cumsum([len(rows) for rows in tables])]).astype(np.int64)
    joined = np.concatenate(tables)
    columns = [joined[:, c].astype(np.int64) if c in INTEGERS else joined[:, c].copy() for c in range(COLUMNS)]
    return Events(offsets, *columns)


def lay_out(calendars: Sequence[Sequence[Event]]) -> Events:
    """Lay one calendar per patient out as arrays, sorted by time, doses first where times agree."""
    return join([table(calendar) for calendar in calendars])
