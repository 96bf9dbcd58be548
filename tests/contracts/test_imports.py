import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "plastenv"
FLOORS = (
    {"cli"}, {"console"}, {"benchmark", "lab"}, {"report"}, {"evaluation"}, {"envs"}, {"scenarios"},
    {"therapy", "patients"}, {"model"}, {"circuit", "molecular"}, {"arrays", "files", "rng", "kernel", "parameters"},
)  # fmt: skip


def floor(part: str) -> int:
    return next(level for level, parts in enumerate(FLOORS) if part in parts)


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = (
                [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "plastenv" else [node.module]
            )
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name for name in names if name.split(".")[0].startswith("plastenv")}
    return found


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path):
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if own == "__init__":
        assert not imported(path)
        return
    for name in imported(path):
        assert not name.startswith("plastenv_agents"), f"{path} imports agents"
        parts = name.split(".")
        other = parts[1] if len(parts) > 1 else own
        if other in ("__version__", own):
            continue
        lowest = {"arrays", "files", "rng", "kernel", "parameters"}
        assert floor(other) > floor(own) or (own in lowest and other in lowest), f"{path.name}: {own} imports {other}"


@pytest.mark.parametrize(
    "statement", ["import plastenv", "from plastenv.cli import app; app(['--help'], standalone_mode=False)"]
)
def test_importing_plastenv_and_asking_for_help_load_nothing_heavy(statement):
    heavy = ("numba", "torch", "pandas", "matplotlib", "scipy", "optuna", "pyarrow")
    code = f"import sys; {statement}; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).splitlines()[-1] == "[]"


def test_environments_are_registered_as_strings():
    code = (
        "import gymnasium, plastenv, sys; spec = gymnasium.spec('plastenv/Fear-v0');"
        "print(spec.entry_point, spec.vector_entry_point, 'plastenv.envs' in sys.modules)"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert printed == ["plastenv.envs.single:PatientEnv", "plastenv.envs.vector:PatientVectorEnv", "False"]
