"""Permutations of dimensions, and the Transpose and Reshape nodes that carry them out.

A permutation is written as Transpose takes it: y = transpose(x, p) has y.shape[i] = x.shape[p[i]].
"""
from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from converter.ir.graph import Node, Value, make_node
from lite.ops.registry import Attributes
from lite.ops.reshape import Reshape
from lite.ops.transpose import Transpose
from lite.types import Array

Permutation = tuple[int, ...]
Shape = tuple[int, ...]


def identity(rank: int) -> Permutation:
    """The permutation that changes nothing."""
    return tuple(range(rank))


def compose(first: Permutation, then: Permutation) -> Permutation:
    """One permutation for transpose(transpose(x, first), then)."""
    return tuple(first[i] for i in then)


def inverse(perm: Permutation) -> Permutation:
    """The permutation that undoes it."""
    return tuple(sorted(range(len(perm)), key=perm.__getitem__))


def permuted(items: Sequence[int], perm: Permutation) -> tuple[int, ...]:
    """transpose's effect on a shape, or on anything with one item a dimension."""
    return tuple(items[i] for i in perm)


def moves_data(shape: Shape, perm: Permutation) -> bool:
    """False where only dimensions of size 1 change places: such a transpose is a reshape."""
    order = [i for i in perm if shape[i] != 1]
    return order != sorted(order)


def reshape_target(source: Shape, target: Shape) -> Array | None:
    """Reshape's shape operand that turns `source` into `target`, or None where they are not known well enough.

    The first dimension is left open where it stays the same, so that a session can resize the batch.
    """
    dims = list(target)
    if 0 in source or 0 in target:  # a 0 in the operand is the source's dimension at that place
        copied = all(d or (i < len(source) and source[i] == 0) for i, d in enumerate(target))
        return np.array(dims, np.int32) if copied and min(*source, *target) >= 0 else None
    keeps_batch = bool(source) and bool(target) and source[0] == target[0]
    rest = source[1:], target[1:]
    if keeps_batch and min(*rest[0], *rest[1], 1, 1) > 0 and math.prod(rest[0]) == math.prod(rest[1]):
        dims[0] = -1
        return np.array(dims, np.int32)
    unknown = sum(d < 0 for d in source), sum(d < 0 for d in target)
    if unknown == (0, 0):
        return np.array(dims, np.int32) if math.prod(source) == math.prod(target) else None
    known = math.prod(d for d in source if d > 0), math.prod(d for d in target if d > 0)
    return np.array(dims, np.int32) if unknown == (1, 1) and known[0] == known[1] else None


def make_reshape(value: Value, shape: Shape, like: Node | None = None) -> Node | None:
    """A Reshape of `value` to `shape`, named like another node; None where unknown dimensions prevent it."""
    target = reshape_target(value.spec.shape, shape)
    return None if target is None else _make(Reshape(), value, target, like)


def make_transpose(value: Value, perm: Permutation, like: Node | None = None) -> Node:
    """A Transpose of `value`, or a Reshape where that does; named like another node."""
    shape = value.spec.shape
    reshape = None if moves_data(shape, perm) else make_reshape(value, permuted(shape, perm), like)
    return reshape or _make(Transpose(), value, np.array(perm, np.int32), like)


def _make(attrs: Attributes, value: Value, setting: Array, like: Node | None) -> Node:
    name, origin = (value.name, "") if like is None else (like.name, like.origin)
    return make_node(attrs, [value, Value.constant(setting)], name, origin)


def transpose_of(node: Node | None) -> Permutation | None:
    """The permutation where the node is a Transpose by a constant, else None."""
    if node is None or node.op != "Transpose" or node.inputs[1].data is None:
        return None
    rank = node.inputs[0].spec.rank
    return tuple(int(i) % rank for i in node.inputs[1].data.ravel())
