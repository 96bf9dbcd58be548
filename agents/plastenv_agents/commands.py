"""Commands that this package adds to `plastenv`. Heavy imports stay inside them."""

from pathlib import Path
from typing import Annotated

import typer

from plastenv.cli import complaints, writable

HEAVY = ("torch", "stable_baselines3", "sb3_contrib", "tensorboard")  # of the extra 'agents'


def train(
    config: Annotated[Path, typer.Option(help="What to train, and how: a file such as configs/agents/*.yaml.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the run. Default: runs/<name of the config>.")] = None,
    seed: Annotated[int | None, typer.Option(help="Replaces the config's seed.")] = None,
    steps: Annotated[int | None, typer.Option(help="Replaces the config's number of steps.")] = None,
) -> None:
    """Train an agent and compare it with the hand-designed schedules.

    Example: plastenv train --config configs/agents/ppo-fear-easy.yaml
    """
    with complaints():
        from plastenv_agents.config import load_config

        chosen = load_config(config, seed=seed, steps=steps)
        folder = out or Path("runs") / chosen.name
        writable(folder)
        try:
            from plastenv_agents.train import run
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] not in HEAVY:
                raise
            raise ValueError(f"training needs {error.name}; pip install plastenv[agents]") from None
        run(chosen, folder)
