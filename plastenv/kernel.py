"""Compile kernels with a disk cache that is keyed by the source of all of them.

Numba's own cache looks only at the file that a function stands in, so a change in a callee from another file
would go unnoticed and old physics would run. Here the folder itself carries the hash of all of `plastenv`.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numba as nb
import numpy as np
import platformdirs
from numba.core.cpu import CPUTargetOptions
from numba.core.options import TargetOptions

P = ParamSpec("P")
R = TypeVar("R")

CPUTargetOptions.noalias = TargetOptions.Mapping("noalias")  # numba has the flag, but no option that sets it
OPTIONS: Any = {
    "cache": True,
    "nogil": True,
    "fastmath": {"reassoc", "contract", "nsz"},  # not 'fast': NaN checks must survive
    "error_model": "numpy",
    "noalias": True,  # arrays that are handed in do not overlap
    "_nrt": False,  # no reference counts
}


def source_hash() -> str:
    """Return a hash of the package's source that a simulated trajectory can depend on."""
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        if path.relative_to(root).parts[0] in {"circuit", "molecular", "model", "rng.py", "kernel.py"}:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _cache_folder() -> str:
    base = os.environ.get("NUMBA_CACHE_DIR") or str(platformdirs.user_cache_path("plastenv") / "kernels")
    folder = Path(base) / f"plastenv-{source_hash()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return str(folder)
    except OSError:
        pass
    return str(Path(tempfile.gettempdir()) / folder.name)


CACHE_FOLDER = _cache_folder()


def _compiled(function: Callable[P, R], **more: Any) -> Callable[P, R]:
    config: Any = nb.config
    was, config.CACHE_DIR = config.CACHE_DIR, CACHE_FOLDER
    try:
        compiled: Callable[P, R] = nb.njit(**(OPTIONS | more))(function)
    finally:
        config.CACHE_DIR = was
    return compiled


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` with numba: cached by source, releasing the GIL, reassociating but keeping NaN.

    Kernels may not allocate: their scratch comes from outside. That lets numba leave out reference counts, which
    cost more than the arithmetic wherever a whole patient is handed on.
    """
    return _compiled(function)


def core(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` as `kernel` does, and let the compiler put it into its callers whatever that costs.

    For the inside of loops, where handing arrays on costs more than what is done to them.
    """
    return _compiled(function, forceinline=True)


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` as `kernel` does, as a part of whoever calls it.

    For what takes the whole state and is called at every event: handing a thousand array fields on costs
    microseconds, and compiling them on every floor half a minute.
    """
    return _compiled(function, inline="always")


@kernel
def raised(base: float, exponent: float) -> float:
    """Return `base` to the power of `exponent`; the squares that most Hill functions need cost one product."""
    return base * base if exponent == 2.0 else base**exponent


@kernel
def transfer(source: np.ndarray, target: np.ndarray, number: int) -> None:
    """Copy the first `number` entries of a vector."""
    for k in range(number):
        target[k] = source[k]
