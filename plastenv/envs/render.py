"""Scenes as frames (pixels) and as text (plain Unicode, for terminals and logs)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from plastenv.envs.scene import CAPTOR, Lane, Scene
from plastenv.model.types import DAY

if TYPE_CHECKING:
    from plastenv.envs.picture import Picture

COLUMNS = 56  # of a course; a day each where the horizon allows it
RISING = " ▁▂▃▄▅▆▇█"
SHADES = " ░▒▓█"
HALF = 14  # columns for 100 Hz


def frame(scene: Scene, picture: "Picture | None" = None) -> np.ndarray:
    """Draw a scene, (600, 800, 3) uint8; a `picture` that is kept and handed in again makes it faster."""
    if picture is None:
        from plastenv.envs.picture import Picture

        picture = Picture()
    return picture.draw(scene)


def text(scene: Scene) -> str:
    """Write a scene as lines of at most 100 columns."""
    return "\n".join(line.rstrip() for line in [*_head(scene), *_courses(scene), *_treatment(scene), *_circuit(scene)])


def _head(scene: Scene) -> list[str]:
    first, second = scene.headline
    over = f", over: {scene.ending}" if scene.ending else ""
    note = f"   {scene.note}" if scene.note else ""
    return [f"{scene.title}, day {scene.day:g} of {scene.horizon}{over}{note}"[:100], f"{first} ({second})", ""]


def _columns(scene: Scene) -> int:
    return min(COLUMNS, scene.horizon)


def _track(label: str, value: str, cells: str, scene: Scene) -> str:
    return f"  {label:<24}{value:>6} ▕{cells:<{_columns(scene)}}▏"


def _spark(scene: Scene, values: Sequence[float], top: float) -> str:
    """Draw a course as blocks, one column per day (or per few), the first at the end of its day."""
    cells = [" "] * _columns(scene)
    for moment, value in zip(scene.course, values, strict=True):
        place = max(0, -(-moment.clock * len(cells) // (scene.horizon * DAY)) - 1)
        cells[place] = RISING[1 + round(7 * min(1.0, max(0.0, value / top)))]
    return "".join(cells)


def _courses(scene: Scene) -> list[str]:
    later = f"; on day {scene.followup}: {1.0 - scene.results['function']:.2f}" if scene.results else ""
    lines = [f"SYMPTOMS, 0 to 1 (untreated {scene.untreated:.2f}, before adversity {scene.premorbid:.2f}){later}"]
    for label, name in (("symptoms", "symptoms"), ("memories lost", "lost")):
        values = [getattr(moment, name) for moment in scene.course]
        lines.append(_track(label, f"{values[-1]:.2f}", _spark(scene, values, 1.0), scene))
    lines += ["", "BRAKES AND GROWTH, 1 = adult (acetylation: a share)"]
    shown = (("perineuronal nets", "nets"), ("Nogo-A signalling", "nogo"), ("acetylation", "acetylation"))
    for label, name in (*shown, ("BDNF", "bdnf")):
        values = [getattr(moment, name) for moment in scene.course]
        lines.append(_track(label, f"{values[-1]:.2f}", _spark(scene, values, 2.0), scene))
    return [*lines, ""]


def _lane(lane: Lane, scene: Scene) -> str:
    cells = ["·"] * _columns(scene)
    for given in lane.given:
        place = min(len(cells) - 1, given.time * len(cells) // (scene.horizon * DAY))
        cells[place] = "█" if given.time < scene.now.clock else "░"
    level = "" if lane.level is None else f"{lane.level[-1]:.2f}"
    return _track(lane.name, level, "".join(cells), scene)


def _treatment(scene: Scene) -> list[str]:
    lanes = [_lane(lane, scene) for lane in scene.lanes]
    title = "TREATMENT, █ given, ░ planned (drugs: plasma level now, in study doses)"
    if not lanes:
        return [title, "  nothing has been given", ""]
    week = _columns(scene) * 7 // scene.horizon or 1
    days = "".join(f"{1 + k * scene.horizon // _columns(scene):<{week}}" for k in range(0, _columns(scene), week))
    return [title, *lanes, _track("", "day", days[: _columns(scene)], scene), ""]


def _circuit(scene: Scene) -> list[str]:
    """Return where cues lead and, beside it, how strongly every source drives every assembly."""
    title = "WHERE EACH CUE LEADS, mean rate"
    left = [title, f"  {'':<9}{CAPTOR + ' ◂':>{HALF}} ▸ its own"]
    for cue, name in enumerate(scene.cues):
        captured, own, _ = scene.rates(cue)
        bars = f"{'█' * round(HALF * captured):>{HALF}}│{'█' * round(HALF * own):<{HALF}}"
        left.append(f"  {name:<9}{bars} {' + '.join(scene.leads(cue))[:18]}")
    blocks = scene.blocks
    shades = np.minimum(len(SHADES) - 1, (len(SHADES) * blocks / max(float(blocks.max()), 1e-9)).astype(int))
    ends = np.cumsum([len(scene.members), len(scene.cues)])
    right = ["WEIGHTS, to (rows) from (columns)", f"{'':<9}{'memories':<9} {'cues':<7} places"]
    for to, name in scene.assemblies.items():
        row = "".join(SHADES[shade] for shade in shades[:, to])
        right.append(f"{name:<9}{row[: ends[0]]} {row[ends[0] : ends[1]]} {row[ends[1] :]}")
    left += [""] * (len(right) - len(left))
    return [f"{a:<60}{b}" for a, b in zip(left, right, strict=True)]
