"""plastenv explain: one patient's story, in words and as a figure."""

import shutil
import sys
from pathlib import Path

import typer

import plastenv
from plastenv.console.options import writable, writable_json
from plastenv.console.output import only_json
from plastenv.evaluation.case import live
from plastenv.evaluation.story import number, tell
from plastenv.files import whole
from plastenv.model.types import DAY
from plastenv.patients.cohort import Patients
from plastenv.report.patient import account, figures
from plastenv.report.progress import bars, grow
from plastenv.report.watch import find_episode

WIDTH, NARROW = 100, 50  # letters in a line of story.txt and of what is printed; in a narrow terminal


def run(
    schedule: str,
    scenario: str,
    patient: int,
    split: str,
    seed: int,
    out: Path | None,
    json_path: Path | None,
    quiet: bool,
) -> None:
    """Treat one patient, tell the story and draw it into `out`; `quiet` says only the score.

    Raises ValueError for an option that cannot be met.
    """
    episode = find_episode(schedule, scenario, split, patient, seed)
    task, name = episode.scenario, episode.protocol.name
    folder = out or Path("runs/explain") / f"{task.name}-{name}-{split}-{patient}-{seed}".lower()
    writable(folder)
    writable_json(json_path)
    with bars(quiet=quiet) as progress:
        grow(Patients(task.recipe, split), range(patient, patient + 1), progress)
        living = progress.add_task("days lived", total=task.followup // DAY)
        case = live(task, episode.protocol, split, patient, seed, lambda days: progress.advance(living, days))
    title = f"{name}, {split} patient {patient}, seed {seed}: score {number(float(case.outcome.score[0]), 1)}"
    statements = tell(case)
    folder.mkdir(parents=True, exist_ok=True)
    figures(case, title, folder)
    with whole(folder / "story.txt") as temporary:
        temporary.write_text(account(title, statements, WIDTH), "utf-8")
    about = {"scenario": task.name, "schedule": name, "split": split, "patient": patient, "seed": seed}
    told = [statement._asdict() for statement in statements]
    if only_json(about | {"version": plastenv.__version__, "statements": told}, json_path):
        return
    width = max(NARROW, min(WIDTH, shutil.get_terminal_size().columns)) if sys.stdout.isatty() else WIDTH
    typer.echo(title if quiet else account(title, statements, width))
    if not quiet:
        typer.echo(f"story.txt, figure.png and figure.svg are in {folder}")
