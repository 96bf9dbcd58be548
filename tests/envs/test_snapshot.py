"""Whatever goes on from a snapshot goes on bit for bit."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from plastenv import arrays
from plastenv.envs.single import PatientEnv
from plastenv.envs.snapshot import Snapshot, SnapshotError
from plastenv.envs.vector import PatientVectorEnv
from tests.conftest import same

OPTIONS = {"observe": "state", "among": 8}
ELSEWHERE = """
import sys
import numpy as np
from plastenv.envs.vector import PatientVectorEnv
from plastenv.envs.snapshot import Snapshot
from plastenv.scenarios.scenario import load_scenario
env = PatientVectorEnv(3, load_scenario("Fear-easy"), observe="state", among=8)
env.restore(Snapshot.load(sys.argv[1]))
np.save(sys.argv[2], np.concatenate([env.step(action)[0] for action in np.load(sys.argv[3])]))
"""


def drawn(space, steps, seed=0):
    space.seed(seed)
    return np.stack([space.sample() for _ in range(steps)])


def lived(env, actions):
    return np.concatenate([env.step(action)[0] for action in actions])


def test_a_vector_goes_on_in_process_by_file_and_elsewhere(easy, tmp_path):
    env = PatientVectorEnv(3, easy, **OPTIONS)
    env.reset(seed=2)
    actions = drawn(env.action_space, 24)
    lived(env, actions[:9])
    kept = env.snapshot()
    twin = env.clone()
    rest = lived(env, actions[9:])
    assert np.array_equal(lived(twin, actions[9:]), rest)
    env.restore(kept)
    assert np.array_equal(lived(env, actions[9:]), rest)
    kept.save(tmp_path / "kept.npz")
    other = PatientVectorEnv(3, easy, **OPTIONS)
    other.restore(Snapshot.load(tmp_path / "kept.npz"))
    assert np.array_equal(lived(other, actions[9:]), rest)
    assert same(other.batch.state, env.batch.state)
    np.save(tmp_path / "actions.npy", actions[9:])
    paths = [str(tmp_path / name) for name in ("kept.npz", "seen.npy", "actions.npy")]
    subprocess.run([sys.executable, "-c", ELSEWHERE, *paths], check=True, timeout=300)
    assert np.array_equal(np.load(tmp_path / "seen.npy"), rest)


def test_a_snapshot_is_a_copy(easy):
    env = PatientEnv(easy, **OPTIONS)
    first, _ = env.reset(seed=1)
    kept = env.snapshot()
    then = {name: array.copy() for name, array in kept.named.items()}
    twin = env.clone()
    for _ in range(3):
        env.step(3)
    assert all(array.tobytes() == kept.named[name].tobytes() for name, array in then.items())
    assert np.array_equal(twin.batch.seen()[0], first)
    env.restore(kept)
    env.step(3)
    assert all(array.tobytes() == kept.named[name].tobytes() for name, array in then.items())


def test_there_is_nothing_to_keep_before_reset(easy):
    with pytest.raises(RuntimeError, match="before reset"):
        PatientEnv(easy).snapshot()


@pytest.mark.parametrize(
    ("change", "message"),
    [({"observe": "clinic"}, "observe"), ({"decision_hours": 12}, "decision_hours"), ({"among": 4}, "among")],
)
def test_a_snapshot_of_another_task_is_refused(easy, change, message):
    env = PatientEnv(easy, **OPTIONS)
    env.reset(seed=0)
    other = PatientEnv(easy, **(OPTIONS | change))
    other.reset(seed=0)
    before = arrays.copy(other.batch.state)
    with pytest.raises(SnapshotError, match=message):
        other.restore(env.snapshot())
    assert same(before, other.batch.state)


def damaged(path: Path, kind: str) -> None:
    content = path.read_bytes()
    if kind == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif kind == "text":
        path.write_text("no snapshot at all", "utf-8")
    elif kind == "flipped":
        middle = len(content) // 2
        path.write_bytes(
            content[:middle] + bytes(255 - byte for byte in content[middle : middle + 64]) + content[middle + 64 :]
        )
    elif kind == "empty":
        path.write_bytes(b"")
    else:
        with np.load(path) as file:
            named = {name: file[name] for name in file.files}
        if kind == "changed":
            named["burden"] = named["burden"] + 1.0
        elif kind == "missing":
            del named["about"]
        elif kind == "object":
            named["about"] = np.array([{}], object)
        np.savez(path, **named)


@pytest.mark.parametrize("kind", ["cut", "text", "flipped", "empty", "changed", "missing", "object"])
def test_a_damaged_file_is_named(easy, tmp_path, kind):
    env = PatientEnv(easy, **OPTIONS)
    env.reset(seed=0)
    path = tmp_path / "kept.npz"
    env.snapshot().save(path)
    damaged(path, kind)
    with pytest.raises(SnapshotError, match=r"kept\.npz"):
        Snapshot.load(path)
