"""Commands that this package adds to `plastenv`. Heavy imports stay inside them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from plastenv.cli import SplitOption, complaints
from plastenv.console.options import writable

HEAVY = ("torch", "stable_baselines3", "sb3_contrib", "tensorboard", "minari")  # of the extra 'agents'


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


def dataset(
    policies: Annotated[str, typer.Argument(help="Who treats: 'random', schedules, runs; by weight, with commas.")],
    name: Annotated[str, typer.Option(help="Id of the dataset, such as plastenv/fear-random-v0.")],
    env: Annotated[str, typer.Option(help="Id of the environment.")] = "plastenv/Fear-v0",
    episodes: Annotated[int, typer.Option(help="How many patients are treated.")] = 256,
    split: SplitOption = "train",
    among: Annotated[int | None, typer.Option(help="Draw from the first so many of the split.")] = 64,
    observe: Annotated[str | None, typer.Option(help="clinic, biomarkers or state. Default: as the id has it.")] = None,
    seed: Annotated[int, typer.Option(help="Episode k lives seed + k.")] = 0,
    draws: Annotated[int, typer.Option(help="How often each twin is treated by each policy.")] = 4,
    root: Annotated[Path | None, typer.Option(help="Folder of datasets. Default: Minari's.")] = None,
) -> None:
    """Record a Minari dataset of treatments, with behaviour probabilities and the returns of twins.

    Example: plastenv dataset random=0.7,window-then-training=0.3 --name plastenv/fear-mixed-v0
    """
    import os

    with complaints():
        for option, number, least in (("episodes", episodes, 2), ("draws", draws, 1)):
            if number < least:
                raise ValueError(f"--{option} {number}: expected a whole number from {least}")
        if not 0 <= seed < 2**62:
            raise ValueError(f"--seed {seed}: expected a whole number from 0")
        if root is not None:
            writable(root, "--root")
            os.environ["MINARI_DATASETS_PATH"] = str(root.resolve())
        _dataset(policies, name, env, episodes, seed, draws, split, among, observe)


def _dataset(
    policies: str,
    name: str,
    env_id: str,
    episodes: int,
    seed: int,
    draws: int,
    split: str,
    among: int | None,
    observe: str | None,
) -> None:
    try:
        import minari
        from minari.dataset.minari_dataset import parse_dataset_id

        from plastenv_agents.dataset import record
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in HEAVY:
            raise
        raise ValueError(f"datasets need {error.name}; pip install plastenv[agents]") from None
    import gymnasium as gym

    from plastenv.report.progress import bars, grow
    from plastenv_agents.behaviour import mixture

    options: dict[str, Any] = {} if observe is None else {"observe": observe}
    parse_dataset_id(name)
    try:
        env = gym.make(env_id, patients=split, among=among, **options)
        batch = env.unwrapped.batch  # type: ignore[attr-defined]
    except (gym.error.Error, TypeError, AttributeError) as error:
        raise ValueError(f"--env {env_id}: is no environment of plastenv ({error})") from None
    if batch.acts != "menu" or batch.pays == "vector":
        raise ValueError(f"--env {env_id}: expected menu actions and a scalar reward")
    mixed = mixture(policies, batch.scenario)
    if name in minari.list_local_datasets():
        raise ValueError(f"--name {name}: there is a dataset of this name; expected another")
    with bars() as progress:
        grow(batch.patients, range(batch.among), progress)
        treating = progress.add_task(
            "treating patients and twins", total=episodes * (1 + len(mixed.parts) + (len(mixed.parts) > 1))
        )
        made = record(name, env, mixed, episodes, seed, draws, lambda number: progress.advance(treating, number))
    values = made.storage.metadata["counterfactual_values"]
    for target, value in values.items():
        typer.echo(f"true return of {target}: {value['mean']:+.3f} (SE {value['standard_error']:.3f})")
    typer.echo(f"{made.total_episodes} episodes, {made.total_steps} steps: minari.load_dataset('{name}')")
