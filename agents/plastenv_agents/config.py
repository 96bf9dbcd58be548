"""Training configurations: YAML files read into typed parts, checked strictly before anything else happens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from plastenv.patients.population import SPLITS
from plastenv.therapy.protocol import nearest

Count = Annotated[int, Field(ge=1, strict=True)]
Seed = Annotated[int, Field(ge=0, lt=2**32, strict=True)]
Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Path_ = tuple[str | int, ...]  # keys and places in lists that lead to a value


class ConfigError(ValueError):
    """A configuration that cannot be used: which file, line and key, and what was expected."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EnvironmentPart(_Part):
    """Who is treated, and what the agent sees and does; see PatientBatch."""

    scenario: str = "Fear-easy"
    observe: str = "state"  # state, biomarkers, clinic
    actions: str = "menu"  # menu, doses
    reward: str = "dense"  # dense, sparse
    patients: str = "train"  # the split
    among: Count | None = None  # draw from the first so many of the split; default: all
    rows: Count = 64  # patients treated side by side
    threads: Count = 2  # that share the rows

    @property
    def options(self) -> dict[str, Any]:
        """What evaluation needs to see and do the same."""
        return {"observe": self.observe, "actions": self.actions}


class PpoPart(_Part):
    """Hyper-parameters of PPO, named as Stable-Baselines3 names them."""

    n_steps: Count = 14  # decisions of every row between updates
    batch_size: Count = 128
    n_epochs: Count = 10
    learning_rate: Positive = 1e-3
    anneal: bool = False  # the learning rate falls to 0 along training
    gamma: Share = 1.0
    gae_lambda: Share = 0.95
    clip_range: Positive = 0.2
    ent_coef: Amount = 0.01
    vf_coef: Amount = 0.5
    max_grad_norm: Positive = 0.5
    hidden: tuple[Count, ...] = (64, 64)  # units of each layer, of policy and of value


class EvaluationPart(_Part):
    """The comparison with hand-designed schedules that follows."""

    split: str = "test"
    patients: Count = 64  # the first so many
    seed: Seed = 0  # patient k lives seed + k
    schedules: tuple[Path, ...] = ()  # schedule files besides the library; paths start at the config's folder


class TrainingConfig(_Part):
    """One training run."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]  # of the folder in runs/
    algorithm: Literal["ppo", "maskable-ppo"] = "ppo"
    steps: Count = 17_920  # decisions, all rows together
    seed: Seed = 1000  # row k lives seed + k
    torch_threads: Count = 1
    environment: EnvironmentPart = EnvironmentPart()
    ppo: PpoPart = PpoPart()
    evaluation: EvaluationPart = EvaluationPart()

    @model_validator(mode="after")
    def _fits(self) -> "TrainingConfig":
        if self.algorithm == "maskable-ppo" and self.environment.actions != "menu":
            raise ValueError("algorithm 'maskable-ppo' chooses from a menu; expected environment.actions: menu")
        collected = self.environment.rows * self.ppo.n_steps
        if self.ppo.batch_size > collected:
            raise ValueError(
                f"ppo.batch_size {self.ppo.batch_size} is more than is collected between updates, "
                f"environment.rows x ppo.n_steps = {collected}"
            )
        if self.evaluation.split not in SPLITS:
            raise ValueError(f"evaluation.split '{self.evaluation.split}': {nearest(self.evaluation.split, [*SPLITS])}")
        if self.evaluation.patients > SPLITS[self.evaluation.split]:
            raise ValueError(
                f"evaluation.patients: split '{self.evaluation.split}' has {SPLITS[self.evaluation.split]}"
            )
        return self


def _lines(node: yaml.Node, path: Path_ = ()) -> Iterator[tuple[Path_, int]]:
    """Yield where every key stands, counted from 1."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), key.start_mark.line + 1
            yield from _lines(value, (*path, key.value))


def _read(file: Path) -> tuple[dict[str, Any], dict[Path_, int]]:
    """Return the content of a YAML file and the line of every key."""
    try:
        text = file.read_text("utf-8")
        node = yaml.compose(text, yaml.SafeLoader)
        content = yaml.safe_load(text)
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is not text (UTF-8), expected a configuration (YAML)") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{file}{where}: is not YAML: {getattr(error, 'problem', None) or error}") from None
    if node is None or not isinstance(content, dict):
        raise ConfigError(f"{file}: expected the keys {', '.join(TrainingConfig.model_fields)}")
    lines: dict[Path_, int] = {}
    for path, line in _lines(node):
        if path in lines:
            raise ConfigError(f"{file}, line {line}: key '{'.'.join(map(str, path))}' is given twice")
        lines[path] = line
    return content, lines


def _keys(path: Path_) -> list[str]:
    """Return the valid keys beside the last one of `path`."""
    part: type[BaseModel] = TrainingConfig
    for key in path[:-1]:
        part = part.model_fields[str(key)].annotation  # type: ignore[assignment]
    return list(part.model_fields)


def _complaint(error: ValidationError, file: Path, lines: dict[Path_, int], given: dict[str, Any]) -> ConfigError:
    first = error.errors()[0]
    said = first["msg"].removeprefix("Value error, ")
    path = first["loc"] or tuple(said.split()[0].split("."))  # a complaint about the whole begins with a key
    if path and path[0] in given:  # on the command line
        return ConfigError(f"--{path[0]} {first['input']}: {first['msg'].lower()}")
    known = next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), None)
    where = f"{file}, line {known}" if known else str(file)
    if not first["loc"]:
        return ConfigError(f"{where}: {said}")
    key = ".".join(str(part) for part in path)
    if first["type"] == "extra_forbidden":
        return ConfigError(f"{where}: unknown key '{key}'; {nearest(str(path[-1]), _keys(path))}")
    if first["type"] == "missing":
        return ConfigError(f"{where}: key '{key}' is missing")
    if first["type"] == "literal_error":
        choices = get_args(TrainingConfig.model_fields[key].annotation)
        return ConfigError(f"{where}: {key} = {first['input']!r}: {nearest(str(first['input']), choices)}")
    return ConfigError(f"{where}: {key} = {str(first['input'])[:60]!r}: {first['msg'].lower()}")


def load_config(file: Path, **changes: Any) -> TrainingConfig:
    """Read and check a configuration; those of `changes` that are not None replace its top-level values.

    Raises ConfigError, which names the file, the line, the key and what was expected.
    """
    content, lines = _read(file)
    given = {key: value for key, value in changes.items() if value is not None}
    try:
        config = TrainingConfig(**(content | given))
    except ValidationError as error:
        raise _complaint(error, file, lines, given) from None
    except TypeError:  # a key that is not a word
        raise ConfigError(f"{file}: expected the keys {', '.join(TrainingConfig.model_fields)}") from None
    schedules = tuple((file.parent / path).resolve() for path in config.evaluation.schedules)
    evaluation = config.evaluation.model_copy(update={"schedules": schedules})
    return config.model_copy(update={"evaluation": evaluation})
