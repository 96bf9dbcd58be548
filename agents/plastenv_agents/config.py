"""Training configurations: YAML files read into typed parts, checked strictly before anything else happens."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from plastenv.files import Mapping
from plastenv.lab.faults import Place, read
from plastenv.lab.units import MisfitError, among
from plastenv.patients.population import SPLITS
from plastenv.scenarios.scenario import FILES

Count = Annotated[int, Field(ge=1, strict=True)]
Seed = Annotated[int, Field(ge=0, lt=2**32, strict=True)]
Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Split = Annotated[str, AfterValidator(among(SPLITS, "split"))]


class ConfigError(ValueError):
    """A configuration that cannot be used: which file, line and key, and what was expected."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EnvironmentPart(_Part):
    """Who is treated, and what the agent sees and does; see PatientBatch."""

    scenario: Annotated[str, AfterValidator(among(FILES, "scenario"))] = "Fear-easy"
    observe: Literal["state", "biomarkers", "clinic"] = "state"
    actions: Literal["menu", "doses"] = "menu"
    reward: Literal["dense", "sparse"] = "dense"
    patients: Split = "train"
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

    split: Split = "test"
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
            raise MisfitError(("environment", "actions"), "'maskable-ppo' chooses from a menu, expected menu")
        collected = self.environment.rows * self.ppo.n_steps
        if self.ppo.batch_size > collected:
            given = [("ppo", key) for key in ("batch_size", "n_steps") if key in self.ppo.model_fields_set]
            raise MisfitError(
                [*given, ("environment", "rows")][0],
                f"ppo.batch_size {self.ppo.batch_size} is more than is collected between updates, "
                f"environment.rows x ppo.n_steps = {collected}",
            )
        for place, number, split in (
            (("environment", "among"), self.environment.among or 1, self.environment.patients),
            (("evaluation", "patients"), self.evaluation.patients, self.evaluation.split),
        ):
            if number > SPLITS[split]:
                raise MisfitError(place, f"split '{split}' has {SPLITS[split]}")
        return self


def _keys(_: Mapping, place: Place) -> list[str]:
    """Return the valid keys beside the last one of `place`; none in a list."""
    part: Any = TrainingConfig
    for key in place[:-1]:
        part = part.model_fields[key].annotation
    return list(getattr(part, "model_fields", ()))


def load_config(file: Path, **changes: Any) -> TrainingConfig:
    """Read and check a configuration; those of `changes` that are not None replace its top-level values.

    Raises ConfigError, which names the file, the line, the key and what was expected, or the changed value.
    """
    config, _ = read(file, "a configuration", TrainingConfig, _keys, ConfigError)
    for key, value in changes.items():
        if value is not None:
            try:
                config = TrainingConfig.model_validate(config.model_dump() | {key: value})
            except ValidationError as error:
                raise ConfigError(f"--{key} {value}: {error.errors()[0]['msg'].lower()}") from None
    schedules = tuple((file.parent / path).resolve() for path in config.evaluation.schedules)
    evaluation = config.evaluation.model_copy(update={"schedules": schedules})
    return config.model_copy(update={"evaluation": evaluation})
