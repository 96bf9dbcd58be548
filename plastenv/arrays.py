"""Rows of patients: copy, take, put and join NamedTuples of arrays whose first axis is the patient."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import DTypeLike

T = TypeVar("T", bound=tuple)  # a NamedTuple of arrays, or of such NamedTuples
LINE = 64  # bytes of a cache line; kernels take a third longer over rows that straddle lines


def zeros(shape: int | Sequence[int], dtype: DTypeLike = float) -> np.ndarray:
    """Return an array of zeros that begins with a cache line."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    room = np.zeros(size + LINE, np.uint8)
    first = -room.__array_interface__["data"][0] % LINE
    return room[first : first + size].view(dtype).reshape(shape)


def take(tree: T, index: slice | np.ndarray | Sequence[int]) -> T:
    """Return a contiguous copy of the rows `index` of every array in `tree`."""
    leaves = (take(leaf, index) if hasattr(leaf, "_fields") else _rows(leaf, index) for leaf in tree)
    return type(tree)(*leaves)


def _rows(leaf: np.ndarray, index: slice | np.ndarray | Sequence[int]) -> np.ndarray:
    which = np.arange(len(leaf))[index]  # raises what an index out of range raises
    return np.take(leaf, which, 0, zeros((len(which), *leaf.shape[1:]), leaf.dtype), "clip")


def put(tree: tuple, index: slice | np.ndarray | Sequence[int], rows: tuple) -> None:
    """Write `rows` into the rows `index` of every array in `tree`, in place."""
    for leaf, row in zip(tree, rows, strict=True):
        if hasattr(leaf, "_fields"):
            put(leaf, index, row)
        else:
            leaf[index] = row


def copy(tree: T) -> T:
    """Return a deep copy of `tree`."""
    return take(tree, slice(None))


def concatenate(trees: Sequence[T]) -> T:
    """Join `trees` along the patient axis."""
    first = trees[0]
    leaves = (
        concatenate([tree[i] for tree in trees])
        if hasattr(first[i], "_fields")
        else np.concatenate([tree[i] for tree in trees])
        for i in range(len(first))
    )
    return type(first)(*leaves)


def flatten(tree: tuple, prefix: str = "") -> dict[str, np.ndarray]:
    """Name every array in `tree` by its path ('circuit.early'), for files and comparisons."""
    named: dict[str, np.ndarray] = {}
    for field, leaf in zip(tree._fields, tree, strict=True):  # type: ignore[attr-defined]
        if hasattr(leaf, "_fields"):
            named |= flatten(leaf, f"{prefix}{field}.")
        else:
            named[prefix + field] = leaf
    return named


def unflatten(kind: type[T], named: dict[str, np.ndarray], prefix: str = "") -> T:
    """Rebuild a `kind` from the names that `flatten` gave; a missing array raises KeyError."""
    leaves = (
        unflatten(hint, named, f"{prefix}{field}.") if hasattr(hint, "_fields") else named[prefix + field]
        for field, hint in kind.__annotations__.items()
    )
    return kind(*leaves)


def share(work: Callable[[int, int], None], rows: int, threads: int) -> None:
    """Call `work(first, last)` on parts of the rows, each part in a thread of its own."""
    threads = min(threads, rows)
    if threads < 2:
        work(0, rows)
        return
    edges = [rows * k // threads for k in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, edges[:-1], edges[1:]))
