"""Logged treatment for offline learning: a Minari dataset with behaviour probabilities and counterfactual truth.

Episode k lives the life of seed + k. Beside what Minari keeps, `infos` hold, aligned with the observations, which
actions were legal and how likely the behaviour made each (zeros at the end). The truth that off-policy estimates are
judged by comes from twins: the same lives, treated by other policies; returns are not discounted.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import gymnasium as gym
import minari
import numpy as np
from minari.data_collector import EpisodeBuffer

import plastenv
from plastenv import rng
from plastenv.envs.batch import PatientBatch
from plastenv_agents.behaviour import TOGETHER as MIXTURE
from plastenv_agents.behaviour import Behaviour, Mixture

TOGETHER = 64  # episodes lived side by side
Tick = Callable[[int], None]


class Logged(NamedTuple):
    """What happened to patients who lived side by side; steps first, (steps, rows, ...)."""

    observations: np.ndarray  # one more than steps
    actions: np.ndarray
    rewards: np.ndarray
    live: np.ndarray  # bool, the row was still in treatment when the step began
    masks: np.ndarray  # legal actions, one more than steps
    probabilities: np.ndarray  # of every action, one more than steps


def choose(probabilities: np.ndarray, keys: np.ndarray, day: int, draw: int) -> np.ndarray:
    """Draw one action per row by (patient, day, `draw`), whoever else draws."""
    below = np.cumsum(probabilities, 1)
    level = [rng.uniform(rng.derive(key, draw), day, rng.ENVIRONMENT) for key in keys]
    return (np.array(level)[:, None] * below[:, -1:] >= below).sum(1)


def live(batch: PatientBatch, behaviour: Behaviour, seeds: Sequence[int], draw: int) -> Logged:
    """Let the patients of `seeds` live through treatment and follow-up."""
    seen = [batch.reset(seeds, [0] * len(seeds))]
    assert batch.state is not None
    keys, day = batch.state.key.copy(), 0
    actions: list[np.ndarray] = []
    rewards, lived, masks, likely = [], [], [batch.masks()], []
    while not batch.ended.all():
        likely.append(behaviour.probabilities(seen[-1], masks[-1], day))
        actions.append(choose(likely[-1], keys, day, draw))
        lived.append(batch.ended == 0)
        step = batch.step(actions[-1])
        seen.append(step.observation)
        rewards.append(step.reward)
        masks.append(batch.masks())
        day += 1
    likely.append(np.zeros_like(likely[0]))
    return Logged(*(np.stack(column) for column in (seen, actions, rewards, lived, masks, likely)))


def buffers(logged: Logged, seeds: Sequence[int], first: int) -> list[EpisodeBuffer]:
    """Return one episode per row, numbered from `first`."""
    found = []
    for row, seed in enumerate(seeds):
        steps = int(logged.live[:, row].sum())
        likely = logged.probabilities[: steps + 1, row].copy()
        likely[steps] = 0.0
        found.append(
            EpisodeBuffer(
                id=first + row,
                seed=seed,
                observations=logged.observations[: steps + 1, row],
                actions=logged.actions[:steps, row],
                rewards=logged.rewards[:steps, row],
                terminations=np.arange(1, steps + 1) == steps,
                truncations=np.zeros(steps, bool),
                infos={"action_mask": logged.masks[: steps + 1, row], "probabilities": likely},
            )
        )
    return found


def truths(
    batch: PatientBatch, targets: dict[str, Behaviour], seeds: Sequence[int], draws: int, tick: Tick
) -> dict[str, np.ndarray]:
    """Return the mean return of every twin under each of `targets`, (rows,), over so many `draws` of its actions."""
    found = {}
    for name, target in targets.items():
        returns = [live(batch, target, seeds, 1 + draw).rewards.sum(0) for draw in range(draws)]
        found[name] = np.mean(returns, 0)
        tick(len(seeds))
    return found


def record(
    name: str, env: gym.Env, mixed: Mixture, episodes: int, seed: int, draws: int, tick: Tick
) -> minari.MinariDataset:
    """Let `episodes` patients of `env` be treated by `mixed`, and keep them as the Minari dataset `name`.

    Twins are treated by the parts of the mixture, and by the mixture itself if it has several, `draws` times each.
    `tick` is told of every episode and of every twin.
    """
    unwrapped: Any = env.unwrapped
    own, kept, values = unwrapped.batch, [], []
    targets: dict[str, Behaviour] = dict(mixed.parts)
    if len(mixed.parts) > 1:
        targets[MIXTURE] = mixed
    for first in range(0, episodes, TOGETHER):
        seeds = range(seed + first, seed + min(first + TOGETHER, episodes))
        batch = PatientBatch(own.scenario, len(seeds), **own.options)
        kept += buffers(live(batch, mixed, seeds, 0), seeds, first)
        tick(len(seeds))
        values.append(truths(batch, targets, seeds, draws, tick))
    true = {target: np.concatenate([part[target] for part in values]) for target in targets}
    each = [{"twin_returns": {target: float(returns[k]) for target, returns in true.items()}} for k in range(episodes)]
    means = {
        target: {"mean": float(returns.mean()), "standard_error": float(returns.std(ddof=1) / np.sqrt(episodes))}
        for target, returns in true.items()
    }
    try:
        dataset = minari.create_dataset_from_buffers(
            name,
            kept,
            env=env,
            eval_env=env.spec,
            algorithm_name=", ".join(
                f"{part}={weight:g}" for part, weight in zip(mixed.parts, mixed.weights, strict=True)
            ),
            author="plastenv",
            author_email="none",
            code_permalink="none",
            description="Treatments of simulated patients, with behaviour probabilities and the returns of twins.",
            data_format="arrow",
            requirements=[f"plastenv=={plastenv.__version__}"],
        )
        dataset.storage.update_episode_metadata(each)
        dataset.storage.update_metadata({"counterfactual_values": means, "draws": draws})
    except BaseException:  # a dataset without its truth must not stay
        if name in minari.list_local_datasets():
            minari.delete_dataset(name)
        raise
    return dataset
