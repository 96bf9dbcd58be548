from typing import NamedTuple

import numpy as np
import pytest

from plastenv import arrays


class Leaf(NamedTuple):
    x: np.ndarray


class Tree(NamedTuple):
    leaf: Leaf
    y: np.ndarray


def tree() -> Tree:
    return Tree(Leaf(np.arange(6.0).reshape(3, 2)), np.arange(3))


def test_take_copies():
    original = tree()
    taken = arrays.take(original, [2, 0])
    taken.leaf.x[:] = -1
    assert original.leaf.x.min() == 0 and taken.y.tolist() == [2, 0]


def test_rows_that_are_taken_begin_with_a_cache_line_and_none_is_made_up():
    taken = arrays.take(tree(), np.array([False, True, True]))
    assert taken.y.tolist() == [1, 2]
    assert all(leaf.ctypes.data % arrays.LINE == 0 for leaf in (taken.leaf.x, taken.y))
    with pytest.raises(IndexError):
        arrays.take(tree(), [0, 3])


def test_put_writes_only_the_rows_named():
    target = tree()
    arrays.put(target, [1], arrays.take(tree(), [2]))
    assert target.y.tolist() == [0, 2, 2] and target.leaf.x[0].tolist() == [0.0, 1.0]


def test_concatenate_undoes_take():
    parts = [arrays.take(tree(), [k]) for k in range(3)]
    assert np.array_equal(arrays.concatenate(parts).leaf.x, tree().leaf.x)


def test_flatten_round_trip_and_missing_array():
    named = arrays.flatten(tree())
    assert set(named) == {"leaf.x", "y"}
    assert np.array_equal(arrays.unflatten(Tree, named).leaf.x, tree().leaf.x)
    with pytest.raises(KeyError):
        arrays.unflatten(Tree, {"y": named["y"]})
