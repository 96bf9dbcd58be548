"""From actions to administrations: the menu and the doses, checked against limits and contraindications."""

from typing import NamedTuple

import numpy as np
from gymnasium import spaces

from plastenv.model.types import DAY, HOUR
from plastenv.scenarios.scenario import Scenario
from plastenv.therapy.interventions import BY_NAME, Administration, refusal


class ActionError(ValueError):
    """An action that is not finite, of the wrong shape, or not in the action space."""


class Command(NamedTuple):
    """What an action decodes to, for one patient: what is given, and how many wishes were refused."""

    given: tuple[Administration, ...]
    refused: int


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
    if isinstance(space, spaces.Discrete):
        array = np.asarray(actions)
        if array.shape != (rows,) or array.dtype.kind not in "iu":
            raise ActionError(f"menu actions: got shape {array.shape}, {array.dtype}; expected {rows} whole numbers")
        wrong = (array < 0) | (array >= space.n)
        if wrong.any():
            raise ActionError(f"menu action {array[wrong][0]} is not on the menu; expected 0 to {space.n - 1}")
        return array.astype(np.int64)
    try:
        array = np.asarray(actions, np.float64)
    except (TypeError, ValueError):
        raise ActionError(f"dose actions are not numbers: {actions!r:.60}") from None
    expected = (rows, *(space.shape or ()))
    if array.shape != expected:
        raise ActionError(f"dose actions: got shape {array.shape}, expected {expected}")
    if not np.isfinite(array).all():
        raise ActionError(f"dose action {array[~np.isfinite(array)][0]} is not finite")
    if (np.abs(array) > 1.0).any():
        raise ActionError(f"dose action {array[np.abs(array) > 1.0][0]:g} lies outside [-1, 1]")
    return array


def wishes(action: np.ndarray, scenario: Scenario, kind: str, now: int, decision_hours: int) -> list[Administration]:
    """Return the administrations that one checked action asks for at time `now` (s)."""
    if kind == "menu":
        asked = []
        for item in scenario.actions[int(action)]:
            start = now // DAY * DAY + item.time
            start += DAY if start < now else 0
            asked.append(Administration(start, item.seconds, item.intervention, item.target, item.dose))
        return asked
    number = len(scenario.channels)
    asked = []
    for (name, target), amount, onset in zip(scenario.channels, action[:number], action[number:], strict=True):
        if amount > 0.0:
            what = BY_NAME[name]
            start = now + int(round((onset + 1.0) / 2.0 * (decision_hours * HOUR - 60)))
            asked.append(Administration(start, what.minutes * 60, name, target, float(amount) * what.max_dose))
    return sorted(asked, key=lambda a: a.time)


def decode(asked: list[Administration], before: list[Administration], scenario: Scenario, whole: bool) -> Command:
    """Split what is asked into what may be given and what is refused; `whole` refuses all if one part is."""
    given: list[Administration] = []
    for administration in asked:
        if refusal(administration, before + given, scenario.horizon_days) is None:
            given.append(administration)
    refused = len(asked) - len(given)
    return Command((), refused) if refused and whole else Command(tuple(given), refused)


def menu_mask(before: list[Administration], scenario: Scenario, now: int, decision_hours: int) -> np.ndarray:
    """Return which menu actions are legal now, (actions,) int8; 0, to wait, always is."""
    legal = np.ones(len(scenario.menu), np.int8)
    for row in range(1, len(legal)):
        asked = wishes(np.array(row), scenario, "menu", now, decision_hours)
        legal[row] = decode(asked, before, scenario, True).refused == 0
    return legal
