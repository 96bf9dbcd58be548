"""The environment contract at length; write docs/evidence/contract.json.

    python tests/acceptance/contract.py [--ends 10000] [--cuts 200] [--steps 100000]

Checkers on every id and kind, random steps, autoreset of every mode and Stable-Baselines3 against single environments
stepped by hand, snapshots in process, by file and in a new process, and what must not matter: batch size, order of
patients, threads, worker processes. Ten minutes on two cores.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from evidence import origin
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.env_checker import check_env as check_sb3
from stable_baselines3.common.vec_env import SubprocVecEnv

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from plastenv.envs.batch import PatientBatch  # noqa: E402
from plastenv.envs.observations import KINDS  # noqa: E402
from plastenv.envs.single import PatientEnv  # noqa: E402
from plastenv.envs.snapshot import Snapshot  # noqa: E402
from plastenv.envs.vector import PatientVectorEnv  # noqa: E402
from plastenv.evaluation.comparison import write_json  # noqa: E402
from plastenv.scenarios.scenario import Scenario, load_scenario  # noqa: E402
from plastenv_agents.sb3 import PatientVecEnv  # noqa: E402
from tests.agents.test_sb3 import Oracle  # noqa: E402
from tests.envs.test_vector import Row, equal, own  # noqa: E402

EVIDENCE = ROOT / "docs" / "evidence" / "contract.json"
IDS = ("plastenv/Fear-v0", "plastenv/Fear-easy-v0")
ROWS, AMONG = 25, 16


def brief() -> Scenario:
    """Return Fear-easy of three days with impatient patients, who are those of Fear-easy: many ends."""
    easy = load_scenario("Fear-easy")
    recipe = easy.recipe  # computed before copying: the copy keeps it, and with it the patients
    objective = easy.objective.model_copy(update={"dropout": 2.0})
    course = easy.model_copy(
        update={"horizon_days": 3, "followup_days": 1, "challenge_days": 0, "objective": objective}
    )
    assert course.recipe is recipe
    return course


def checkers() -> int:
    """Run both checkers on every id with one reward, observation and action kind; warnings are errors."""
    done = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in IDS:
            for observe in KINDS:
                for actions in ("menu", "doses"):
                    env = gym.make(name, observe=observe, actions=actions, among=AMONG)
                    check_env(env.unwrapped, skip_render_check=True)
                    check_sb3(gym.make(name, observe=observe, actions=actions, among=AMONG).unwrapped)
                    done += 1
    return done


def random_steps(steps: int) -> int:
    """Take legal random steps of every kind; raise AssertionError for what is not finite or outside its space."""
    taken = 0
    kinds = [(observe, actions) for observe in KINDS for actions in ("menu", "doses")]
    for observe, actions in kinds:
        env = PatientVectorEnv(64, "Fear", observe=observe, actions=actions, among=64, threads=2)
        env.action_space.seed(0)
        _, info = env.reset(seed=0)
        rng = np.random.default_rng(0)
        for _ in range(-(-steps // (64 * len(kinds)))):
            action = env.action_space.sample()
            if actions == "menu":
                mask = info["action_mask"]
                action = np.array([rng.choice(np.flatnonzero(legal)) for legal in mask])
            seen, reward, *_, info = env.step(action)
            assert np.isfinite(seen).all() and np.isfinite(reward).all()
            assert env.observation_space.contains(seen)
            taken += 64
    return taken


def autoreset(mode: AutoresetMode, ends: int, scenario: Scenario) -> int:
    """Compare a vector with single environments until so many episodes have ended."""
    options = {"observe": "state", "among": AMONG}
    vector = PatientVectorEnv(ROWS, scenario, autoreset_mode=mode, **options)
    rows = [Row(mode, scenario, 5 + row, **options) for row in range(ROWS)]
    vector.reset(seed=5)
    vector.action_space.seed(0)
    found = 0
    while found < ends:
        action = vector.action_space.sample()
        seen, reward, done, truncated, info = vector.step(action)
        assert not truncated.any()
        for row, single in enumerate(rows):
            mine, paid, over, said = single.step(action[row])
            assert np.array_equal(seen[row], mine) and reward[row] == paid and done[row] == over
            assert equal(own(info, row) | {"action_mask": 0}, said | {"action_mask": 0})
        found += int(done.sum())
        if mode is AutoresetMode.DISABLED and done.any():
            seen, _ = vector.reset(options={"reset_mask": done})
            for row in np.flatnonzero(done):
                assert np.array_equal(seen[row], rows[row].env.reset()[0])
    return found


def sb3(ends: int, scenario: Scenario) -> int:
    """Compare the Stable-Baselines3 vector with single environments until so many episodes have ended."""
    options = {"observe": "state", "among": AMONG}
    env = PatientVecEnv(ROWS, scenario, **options)
    oracle = Oracle([PatientEnv(scenario, **options) for _ in range(ROWS)], 5)
    env.seed(5)
    assert np.array_equal(env.reset(), oracle.seen)
    env.action_space.seed(0)
    found = 0
    while found < ends:
        chosen = np.array([env.action_space.sample() for _ in range(ROWS)])
        seen, rewards, dones, infos = env.step(chosen)
        for row, (observation, reward, done, info) in enumerate(oracle.step(chosen)):
            assert np.array_equal(seen[row], observation) and rewards[row] == reward and dones[row] == done
            if done:
                last, mine = infos[row].pop("terminal_observation"), info.pop("terminal_observation")
                assert np.array_equal(last, mine) and infos[row]["episode"].pop("t") > 0.0
            assert infos[row] == info
        found += int(dones.sum())
    return found


def lived(env: PatientVectorEnv, actions: np.ndarray) -> np.ndarray:
    """Return all that is seen and paid."""
    steps = [env.step(action)[:2] for action in actions]
    return np.concatenate([np.column_stack([seen, reward]) for seen, reward in steps])


ELSEWHERE = """
import sys
from pathlib import Path
import numpy as np
from plastenv.envs.snapshot import Snapshot
from plastenv.envs.vector import PatientVectorEnv
env = PatientVectorEnv(4, "Fear", observe="state", among=16)
for path in sorted(Path(sys.argv[1]).glob("*.npz")):
    env.restore(Snapshot.load(path))
    steps = [env.step(action)[:2] for action in np.load(path.with_suffix(".actions.npy"))]
    np.save(path.with_suffix(".seen.npy"), np.concatenate([np.column_stack(step) for step in steps]))
"""


def cuts(number: int) -> int:
    """Cut episodes at random days; compare what follows in process, by file and in a new process."""
    env = PatientVectorEnv(4, "Fear", observe="state", among=AMONG)
    other, rng = PatientVectorEnv(4, "Fear", observe="state", among=AMONG), np.random.default_rng(0)
    expected = {}
    with tempfile.TemporaryDirectory() as folder:
        for cut in range(number):
            env.action_space.seed(cut)
            actions = np.array([env.action_space.sample() for _ in range(56)])
            day = int(rng.integers(0, 56))
            env.reset(seed=1000 * cut)
            if day:
                lived(env, actions[:day])
            kept, path = env.snapshot(), Path(folder) / f"{cut:04d}.npz"
            kept.save(path)
            np.save(path.with_suffix(".actions.npy"), actions[day:])
            expected[path] = lived(env, actions[day:])
            env.restore(kept)
            assert np.array_equal(lived(env, actions[day:]), expected[path])
            other.restore(Snapshot.load(path))
            assert np.array_equal(lived(other, actions[day:]), expected[path])
        subprocess.run([sys.executable, "-c", ELSEWHERE, folder], check=True, cwd=ROOT)
        for path, seen in expected.items():
            assert np.array_equal(np.load(path.with_suffix(".seen.npy")), seen)
    return len(expected)


def trail(rows: list[int], actions: np.ndarray, threads: int = 1) -> np.ndarray:
    """Return what patients see and are paid, (days, patients, ...); row k of the batch is patient `rows[k]`."""
    batch = PatientBatch("Fear", len(rows), observe="state", threads=threads)
    batch.reset(rows, [0] * len(rows), patients=rows)
    found = []
    for action in actions:
        step = batch.step(action[rows])
        found.append(np.column_stack([step.observation, step.reward]))
    return np.stack(found)


def one(seed: int) -> gym.Env:
    """Return a single patient, for a worker process."""
    return PatientEnv("Fear", observe="state", patients="train")


def indifferent() -> dict[str, bool]:
    """Compare 32 patients in every arrangement, bit for bit."""
    every, rng = list(range(32)), np.random.default_rng(1)
    actions = rng.integers(0, 26, (56, 32))
    together, order = trail(every, actions), rng.permutation(32).tolist()
    alone = np.concatenate([trail([row], actions) for row in every], 1)
    found = {
        "threads": np.array_equal(trail(every, actions, 2), together),
        "order": np.array_equal(trail(order, actions), together[:, order]),
        "batch size": np.array_equal(alone, together),
        "halves": np.array_equal(np.concatenate([trail(every[:7], actions), trail(every[7:], actions)], 1), together),
    }
    for method in ("spawn", "forkserver"):
        workers = SubprocVecEnv([partial(one, row) for row in range(4)], start_method=method)
        workers.seed(0)
        workers.set_options([{"patient": row} for row in range(4)])
        workers.reset()
        same = True
        for day in range(10):
            seen, reward, *_ = workers.step(actions[day, :4])
            same &= np.array_equal(
                np.column_stack([seen, reward.astype(np.float64)]).astype(np.float32),
                together[day, :4].astype(np.float32),
            )
        workers.close()
        found[f"SubprocVecEnv, {method}"] = bool(same)
    return found  # fmt: skip


def main() -> None:
    """Run everything, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ends", type=int, default=10_000)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--steps", type=int, default=100_000)
    arguments, begun, short = parser.parse_args(), time.time(), brief()
    parts: dict[str, Callable[[], Any]] = {
        "checked kinds": checkers,
        "random steps": partial(random_steps, arguments.steps),
        **{f"ends, {mode.value}": partial(autoreset, mode, arguments.ends, short) for mode in AutoresetMode},
        "ends, Stable-Baselines3": partial(sb3, arguments.ends, short),
        "cuts": partial(cuts, arguments.cuts),
        "indifferent to": indifferent,
    }
    found, seconds = {}, {}
    for name, part in parts.items():
        start = time.time()
        try:
            found[name] = part()
        except Exception as error:  # a checker that warns, a vector that raises: all of it is a failure
            found[name] = f"FAILS: {error!r:.200}"
        seconds[name] = round(time.time() - start)
        print(name, found[name], f"{seconds[name]} s", flush=True)
    evidence = {
        **origin(begun),
        "found": found,
        "seconds_each": seconds,
    }
    write_json(EVIDENCE, evidence)
    if any(str(value).startswith("FAILS") for value in found.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
