import signal
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from plastenv import arrays
from plastenv.patients.cohort import BLOCK, Cohort, Patients
from plastenv.patients.population import SPLITS
from plastenv.scenarios.scenario import Scenario, load_scenario


@pytest.fixture(scope="session", autouse=True)
def first_block_only() -> None:
    """Let random draws of train patients fall into the first block, so that no other has to be grown."""
    SPLITS["train"] = BLOCK


@pytest.fixture(scope="session", autouse=True)
def heed_interrupts() -> None:
    """Let processes that tests start heed interrupts even where a shell runs the tests in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def fear() -> Scenario:
    return load_scenario("Fear")


@pytest.fixture(scope="session")
def easy() -> Scenario:
    return load_scenario("Fear-easy")


@pytest.fixture(scope="session")
def cohort(easy: Scenario) -> Cohort:
    """Eight train patients; copy before changing."""
    return Patients(easy.recipe, "train").take(range(8))


@pytest.fixture
def patients(cohort: Cohort) -> Cohort:
    """Four patients of one's own."""
    return arrays.take(cohort, slice(0, 4))


@pytest.fixture
def schedule(tmp_path: Path):
    """Write a schedule file and return its path."""

    def write(text: str | bytes, name: str = "schedule.yaml") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def acceptance(monkeypatch):
    """Import a script of tests/acceptance and return it."""
    monkeypatch.syspath_prepend(Path(__file__).parent / "acceptance")
    return import_module


def same(a: tuple, b: tuple) -> bool:
    """Say whether two trees of arrays agree bit for bit."""
    left, right = arrays.flatten(a), arrays.flatten(b)
    return all(np.array_equal(left[name], right[name], equal_nan=True) for name in left)
