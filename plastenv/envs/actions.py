"""From actions to administrations: the menu and the doses, checked against limits and contraindications."""

import numpy as np
from gymnasium import spaces

from plastenv.model.types import HOUR
from plastenv.scenarios.scenario import Scenario
from plastenv.therapy.interventions import BY_NAME, Administration
from plastenv.therapy.limits import CHANNEL_INDEX, Menu, Record, enter, next_start, refusal


class ActionError(ValueError):
    """An action that is not finite, of the wrong shape, or not in the action space."""


def menu(scenario: Scenario) -> Menu:
    """Return the scenario's menu as arrays."""
    parts = [part for action in scenario.actions for part in action]
    return Menu(
        np.cumsum([0, *(len(action) for action in scenario.actions)]).astype(np.int64),
        np.array([part.time for part in parts], np.int64),
        np.array([part.seconds for part in parts], np.int64),
        np.array([CHANNEL_INDEX[part.intervention, part.target] for part in parts], np.int64),
        np.array([part.dose for part in parts], float),
    )


def action_space(scenario: Scenario, kind: str) -> spaces.Space:
    """Return the action space of one patient.

    `menu`: Discrete, 0 = wait. `doses`: Box [-1, 1], first one dose per channel (0 or less = nothing, 1 = the
    channel's limit), then one onset per channel (-1 = now, 1 = the end of the decision interval).
    """
    if kind == "menu":
        return spaces.Discrete(len(scenario.menu))
    return spaces.Box(-1.0, 1.0, (2 * len(scenario.channels),), np.float32)


def check(actions: object, space: spaces.Space, rows: int) -> np.ndarray:
    """Return `actions` as an array with one row per patient, or raise ActionError and leave everything as it is."""
    menu = isinstance(space, spaces.Discrete)
    kind, expected = ("menu", (rows,)) if menu else ("dose", (rows, *(space.shape or ())))
    try:
        array = np.asarray(actions) if menu else np.asarray(actions, np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ActionError(f"{kind} actions are not numbers: {actions!r:.60}") from None
    if array.shape != expected or (menu and array.dtype.kind not in "iu"):
        what = "whole numbers" if menu else "numbers"
        raise ActionError(f"{kind} actions: got shape {array.shape}, {array.dtype}; expected {what}, {expected}")
    if isinstance(space, spaces.Discrete):
        _refuse(kind, array, (array < 0) | (array >= space.n), f"is not on the menu; expected 0 to {space.n - 1}")
        return array.astype(np.int64)
    _refuse(kind, array, ~np.isfinite(array), "is not finite")
    _refuse(kind, array, np.abs(array) > 1.0, "lies outside [-1, 1]")
    return array


def _refuse(kind: str, array: np.ndarray, wrong: np.ndarray, problem: str) -> None:
    """Raise ActionError, naming its place, for the first action that is `wrong`."""
    if wrong.any():
        place = tuple(int(k) for k in np.argwhere(wrong)[0])
        where = f"row {place[0]}" + (f", entry {place[1]}" if len(place) > 1 else "")
        raise ActionError(f"{kind} action of {where}: {array[place]!s} {problem}")


def wishes(action: np.ndarray, scenario: Scenario, kind: str, now: int, decision_hours: int) -> list[Administration]:
    """Return the administrations that one checked action asks for at time `now` (s)."""
    if kind == "menu":
        return [
            Administration(next_start(now, item.time), item.seconds, item.intervention, item.target, item.dose)
            for item in scenario.actions[int(action)]
        ]
    number = len(scenario.channels)
    asked = []
    for (name, target), amount, onset in zip(scenario.channels, action[:number], action[number:], strict=True):
        if amount > 0.0:
            what = BY_NAME[name]
            start = now + int(round((onset + 1.0) / 2.0 * (decision_hours * HOUR - 60)))
            asked.append(Administration(start, what.minutes * 60, name, target, float(amount) * what.max_dose))
    return sorted(asked, key=lambda a: a.time)


def decode(asked: list[Administration], row: int, kept: Record, end: int, whole: bool) -> list[Administration]:
    """Enter what may be given of what is `asked` for `row` and return it; `whole` refuses all if one part is.

    `end` is the end of treatment (s); `kept` must have room.
    """
    before = kept.number[row]
    given = []
    for administration in asked:
        if refusal(administration, row, kept, end) is None:
            enter(administration, row, kept)
            given.append(administration)
    if whole and len(given) < len(asked):
        kept.number[row] = before
        return []
    return given
