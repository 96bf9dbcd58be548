import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stable_baselines3.common.base_class import BaseAlgorithm
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from plastenv.evaluation.rollout import Schedule
from plastenv.evaluation.rollout import run as treat
from plastenv.patients.population import SPLITS
from plastenv_agents.config import ConfigError, PpoPart, load_config
from plastenv_agents.policies import TrainedPolicy
from plastenv_agents.train import ALGORITHMS, run

SHIPPED = Path(__file__).parents[2] / "configs" / "agents"
TINY = """
name: tiny
algorithm: maskable-ppo
steps: 112
environment: {among: 8, rows: 4}
ppo: {batch_size: 56, hidden: [8]}
evaluation: {split: train, patients: 2}
"""


@pytest.fixture
def config(tmp_path):
    """Write a configuration and return its path."""

    def write(text: str = TINY) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train a very small model once; return its configuration, its folder and what run returned."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "tiny.yaml").write_text(TINY, "utf-8")
    config = load_config(folder / "tiny.yaml")
    return config, folder / "out", run(config, folder / "out")


def test_a_run_leaves_what_it_promises(trained):
    config, out, evaluation = trained
    names = ["config.yaml", "evaluation.json", "meta.json", "metrics.csv", "model.zip", "tensorboard"]
    assert sorted(path.name for path in out.iterdir()) == names
    assert load_config(out / "config.yaml") == config
    meta = json.loads((out / "meta.json").read_text("utf-8"))
    assert meta["finished"] and meta["steps"] == 112 and meta["task_hash"] == evaluation["task_hash"]
    assert json.loads((out / "evaluation.json").read_text("utf-8")) == evaluation
    scores = {row["name"]: row["score"]["mean"] for row in evaluation["schedules"]}
    best = evaluation["best_hand_designed"]
    assert evaluation["trained"] == "tiny" and scores[best] == max(v for k, v in scores.items() if k != "tiny")
    assert evaluation["difference"]["mean"] == pytest.approx(scores["tiny"] - scores[best])


def test_event_files_hold_readable_tags(trained):
    _, out, _ = trained
    events = EventAccumulator(str(out / "tensorboard"))
    events.Reload()
    tags = {"rollout/ep_rew_mean", "time/fps", "train/entropy_loss"}
    tags |= {f"plastenv/{name}" for name in ("score", "harm", "burden", "function_followup")}
    assert tags <= set(events.Tags()["scalars"])
    scores = events.Scalars("plastenv/score")
    assert [event.step for event in scores] == [56, 112]
    assert all(np.isfinite(event.value) for event in scores)


def test_the_saved_model_acts_as_the_trained_one(trained, easy):
    config, out, evaluation = trained
    model: BaseAlgorithm = ALGORITHMS[config.algorithm].load(out / "model.zip", device="cpu")
    schedule = Schedule("tiny", "trained", "", policy=TrainedPolicy(model))
    outcome = treat(easy, schedule, "train", range(2), 0, observe="state")
    expected = next(row for row in evaluation["schedules"] if row["name"] == "tiny")
    assert outcome.score.mean() == expected["score"]["mean"]


def test_the_same_seed_trains_the_same_model(trained, tmp_path):
    config, out, evaluation = trained
    again = run(config, tmp_path / "again")
    assert again == evaluation
    other = run(config.model_copy(update={"seed": 1, "algorithm": "ppo"}), tmp_path / "again")
    assert other["difference"] != evaluation["difference"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: x\nstepps: 9", "line 2: stepps = '9': unknown key; did you mean 'steps'?"),
        ("name: x\nppo:\n  n_step: 9", "line 3: ppo.n_step = '9': unknown key; did you mean 'n_steps'?"),
        ("name: x\nsteps: 1\nsteps: 2", "line 3: key 'steps' is given twice"),
        ("name: x\nsteps: many", "line 2: steps = 'many'"),
        ("name: x\nppo: {learning_rate: .nan}", "line 2: ppo.learning_rate = 'nan'"),
        ("name: x\nppo: 3", "line 2: ppo = '3'"),
        ("name: x\nalgorithm: pop", "line 2: algorithm = 'pop': did you mean 'ppo'?"),
        (
            "name: x\nalgorithm: maskable-ppo\nenvironment: {actions: doses}",
            "line 3: environment.actions = 'doses': 'maskable",
        ),
        ("name: x\nenvironment:\n  observe: stat", "line 3: environment.observe = 'stat': did you mean 'state'?"),
        ("name: x\nenvironment: {scenario: Faer}", "unknown scenario; did you mean 'Fear'?"),
        ("name: x\nenvironment:\n  among: 513", "line 3: environment.among = '513': split 'train' has "),
        ("name: x\nenvironment: {rows: 1}", "rows x ppo.n_steps = 14"),
        ("name: x\nevaluation: {split: tset}", "did you mean 'test'?"),
        ("name: x\nevaluation: {patients: 999}", "has 128"),
        ("name: ../x", "line 1: name = '../x'"),
        ("steps: 3", "line 1: name: is missing"),
        ("name: [", "is not YAML"),
        ("3: x\nname: y", "line 1: key 3 is not a word"),
        ("", "expected the keys name, algorithm"),
    ],
)
def test_mistakes_name_file_line_and_key(config, text, expected):
    path = config(text)
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert str(error.value).startswith(str(path)) and expected in str(error.value)


def test_files_that_cannot_be_read(tmp_path):
    for path, expected in ((tmp_path, "directory"), (tmp_path / "none.yaml", "No such file")):
        with pytest.raises(ConfigError, match=expected):
            load_config(path)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_config(tmp_path / "binary.yaml")


def test_the_command_line_replaces_seed_and_steps(config):
    chosen = load_config(config(), seed=5, steps=None)
    assert chosen.seed == 5 and chosen.steps == 112
    with pytest.raises(ConfigError, match="^--steps 0: "):
        load_config(config(), steps=0)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_configurations_are_sound(monkeypatch, path):
    monkeypatch.setitem(SPLITS, "train", 512)  # which other tests keep small
    chosen = load_config(path)
    assert chosen.name == path.stem
    assert all(schedule.exists() for schedule in chosen.evaluation.schedules)


def plastenv(*arguments, cwd: Path, before: str = "pass") -> subprocess.CompletedProcess[str]:
    code = f"import sys; {before}; from plastenv.cli import app; app()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=400
    )


def refused(result, folder):
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr and len(result.stderr.strip().splitlines()) == 1
    assert sorted(path.name for path in folder.iterdir()) == ["config.yaml"]


MISFITS = {
    "observations": (TINY.replace("among: 8", "observe: stat"), "did you mean 'state'"),
    "scenario": (TINY.replace("among: 8", "scenario: Faer"), "did you mean 'Fear'"),
    "split": (TINY.replace("among: 8", "patients: trian"), "did you mean 'train'"),
    "among": (TINY.replace("among: 8", "among: 9999"), "among = '9999'"),
    "schedule file": (TINY.replace("patients: 2", "patients: 2, schedules: [gone.yaml]"), "gone.yaml"),
    "name of a schedule": (TINY.replace("name: tiny", "name: random"), "two competitors are called 'random'"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_what_does_not_fit_the_task_is_refused_before_anything_is_written(config, tmp_path, case):
    text, expected = MISFITS[case]
    with pytest.raises(ValueError, match=expected):
        run(load_config(config(text)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_mistake_is_one_message_and_leaves_nothing_behind(config, tmp_path):
    config(TINY.replace("steps", "stepps"))
    result = plastenv("train", "--config", "config.yaml", cwd=tmp_path)
    refused(result, tmp_path)
    assert "config.yaml: line 4: stepps = '112': unknown key; did you mean 'steps'?" in result.stderr


def test_without_torch_one_message_says_what_to_install(config, tmp_path):
    config()
    result = plastenv("train", "--config", "config.yaml", cwd=tmp_path, before="sys.modules['torch'] = None")
    refused(result, tmp_path)
    assert "pip install plastenv[agents]" in result.stderr


def test_the_command_line_says_where_everything_is(config, tmp_path):
    config()
    result = plastenv("train", "--config", "config.yaml", "--steps", 56, "--seed", 3, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "runs" / "tiny" / "model.zip").exists()
    assert "runs/tiny" in result.stdout and "ahead of" in result.stdout
    assert yaml.safe_load((tmp_path / "runs" / "tiny" / "config.yaml").read_text("utf-8"))["seed"] == 3


def test_commands_join_by_their_entry_point():
    names = importlib.metadata.entry_points(group="plastenv.commands").names
    assert "train" in names


ODD = st.sampled_from(
    [np.nan, np.inf, -np.inf, -1, -0.5, 10**30, "", "x", [], [None], [-1], {}, {"a": 1}, ["x"], "2026-01-01"]
)
SECTIONS = [
    (None, "name"), (None, "algorithm"), (None, "steps"), (None, "seed"), (None, "torch_threads"),
    *(("environment", key) for key in ("among", "rows", "threads")),
    *(("ppo", key) for key in PpoPart.model_fields),
    *(("evaluation", key) for key in ("split", "patients", "seed", "schedules")),
]  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(place=st.sampled_from(SECTIONS), value=ODD)
def test_any_value_of_a_configuration_is_sound_or_named_with_its_line(tmp_path, place, value):
    """None of these values fits, but for words where words are asked for, and empty lists."""
    section, key = place
    content = yaml.safe_load(TINY)
    (content if section is None else content.setdefault(section, {}))[key] = value
    path = tmp_path / "fuzzed.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    try:
        chosen = load_config(path)
    except ConfigError as error:
        assert str(error).startswith(f"{path}: line ") and key in str(error)
        return
    found = getattr(chosen if section is None else getattr(chosen, section), key)
    assert isinstance(found, str | tuple | list) or (isinstance(found, int | float) and 0 <= found < np.inf)
