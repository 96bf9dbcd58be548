"""Play one episode of a schedule: in the terminal as it goes, and as a GIF."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from rich.console import Console
from rich.live import Live
from rich.text import Text

from plastenv.envs.batch import PatientBatch
from plastenv.envs.render import text
from plastenv.envs.scene import Scene
from plastenv.envs.viewer import Viewer
from plastenv.files import whole
from plastenv.patients.population import SPLITS
from plastenv.report.progress import bars, grow
from plastenv.scenarios.scenario import Scenario, load_scenario
from plastenv.therapy.protocol import Protocol, find, nearest

LAST = 4.0  # s for which a GIF rests on what came of it
PACES = (0.1, 50.0)  # frames a second; a GIF counts in hundredths of a second, and players want two of them


class Episode(NamedTuple):
    """What is played: a schedule, on one patient of a split, who lives as in a comparison with the same seed."""

    scenario: Scenario
    protocol: Protocol
    split: str
    patient: int
    seed: int


def find_episode(schedule: str, scenario: str, split: str, patient: int, seed: int) -> Episode:
    """Return the episode that these name; `schedule` is a name in the library or a file.

    Raises ValueError (ProtocolError, ScenarioError) for what does not exist or does not fit, and says what would.
    """
    task = load_scenario(scenario)
    if split not in SPLITS:
        raise ValueError(f"unknown split '{split}'; {nearest(split, tuple(SPLITS))}")
    if not 0 <= patient < SPLITS[split]:
        raise ValueError(f"--patient {patient}: split '{split}' has patients 0 to {SPLITS[split] - 1}")
    if not 0 <= seed < 2**62:
        raise ValueError(f"--seed {seed}: expected a whole number from 0")
    protocol = find(schedule, task.horizon_days, task.interventions)
    return Episode(task, protocol, split, patient, seed)


def scenes(episode: Episode, viewer: Viewer) -> Iterator[Scene]:
    """Play an episode on the viewer's batch of one; yield what there is to see before the first day and after each."""
    batch, note = viewer.batch, f"{episode.protocol.name}, {episode.split} patient {episode.patient}"
    batch.reset([episode.seed + episode.patient], [0], patients=[episode.patient])
    batch.prescribe([0], episode.protocol)
    viewer.note()
    yield viewer.scenes(note)[0]
    while not batch.ended[0]:
        viewer.note(batch.step(np.zeros(1, np.int64)))
        yield viewer.scenes(note)[0]


def play(episode: Episode, console: Console, gif: Path | None, fps: float) -> Scene:
    """Play an episode and return its last scene.

    A terminal shows every day for 1 / `fps` seconds; anything else is given the last day only, and a quiet console
    nothing. `gif` is written once the episode is over, whole or not at all.
    """
    viewer = Viewer(PatientBatch(episode.scenario, 1, patients=episode.split), "ansi")
    with bars(quiet=console.quiet) as progress:
        grow(viewer.batch.patients, range(episode.patient, episode.patient + 1), progress)
    pause = 1.0 / fps if console.is_terminal and not console.quiet else 0.0
    frames = []
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        for scene in scenes(episode, viewer):
            shown = time.monotonic()
            live.update(Text(text(scene) + "\n", no_wrap=True, overflow="crop"), refresh=True)
            if gif is not None:
                frames.append(viewer.frame(scene))
            time.sleep(max(0.0, pause - (time.monotonic() - shown)))
    if gif is not None:
        write_gif(gif, frames, fps)
    return scene


def write_gif(path: Path, frames: Sequence[np.ndarray], fps: float) -> None:
    """Write `frames`, (height, width, 3) uint8 each, as an endless GIF that rests on the last; whole or not at all."""
    several = np.concatenate([frames[0], frames[len(frames) // 2], frames[-1]])
    palette = Image.fromarray(several).quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1)
    images = [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    durations = [round(1000.0 / fps)] * (len(images) - 1) + [round(1000.0 * LAST)]
    with whole(path) as temporary:
        images[0].save(temporary, "GIF", save_all=True, append_images=images[1:], duration=durations, loop=0)
