"""How a reshape works on the base of a transposed value.

    reshape([N, C, H, W] = transpose([N, H, W, C]), [N, g, C/g, H W])   ->   transpose(reshape(base, [N, H W, g, C/g]))
"""
from __future__ import annotations

from typing import NamedTuple

from converter.ir.graph import Node, Value
from converter.passes._layout import (
    Permutation,
    Shape,
    compose,
    identity,
    inverse,
    moves_data,
    permuted,
    reshape_target,
)
from converter.passes._view import Bench, View, views
from lite.ops.reshape import Reshape


def absorb_reshape(bench: Bench, node: Node) -> list[View] | None:
    """Dimensions that are merged or split together must be neighbours in the base.

    Where they are neighbours in another order they are put in order first: one transpose, as making the value real
    takes, but the view of the other dimensions is kept. Dimensions of size 1 go anywhere.
    """
    value, target = node.inputs[0], node.outputs[0].spec.shape
    base, perm = bench.view(value)
    if not moves_data(base.spec.shape, perm):
        return _reshaped(bench, node, identity(base.spec.rank), identity(len(target)))
    blocks = _blocks(value.spec.shape, target)
    if blocks is None:
        return None
    axes = [axis for axis, d in enumerate(base.spec.shape) if d != 1]
    placed = sorted(([axes.index(perm[i]) for i in block.source], block.target) for block in blocks)
    placed.sort(key=lambda item: min(item[0]))
    if any(max(places) - min(places) >= len(places) for places, _ in placed):
        return None
    ordered = dict(zip(axes, (axes[place] for places, _ in placed for place in places), strict=True))
    sort = tuple(ordered.get(axis, axis) for axis in range(len(perm)))
    sequence = [j for j, d in enumerate(target) if all(e == 1 for e in target[: j + 1])]
    sequence += [j for _, parts in placed for j in parts]
    return _reshaped(bench, node, sort, inverse(tuple(sequence)))


def _reshaped(bench: Bench, node: Node, sort: Permutation, perm: Permutation) -> list[View] | None:
    """Reshape the base, transposed by `sort`, so that the node's output is a transpose by `perm`."""
    base, before = bench.view(node.inputs[0])
    left = compose(inverse(sort), before)
    if left == identity(len(left)) and perm == identity(len(perm)):
        return None  # the value has to be made as it is
    target = permuted(node.outputs[0].spec.shape, inverse(perm))
    operand = reshape_target(permuted(base.spec.shape, sort), target)
    if operand is None:
        return None
    if sort != identity(len(sort)):
        base = bench.aligned(node.inputs[0], left)
    return views(bench.add(node, Reshape(), [base, Value.constant(operand)]), perm)


class _Block(NamedTuple):
    """Dimensions of a shape that become these of another. Those of size 1 are left out of `source`; in `target` they
    follow the dimension before them."""

    source: list[int]
    target: list[int]


def _blocks(source: Shape, target: Shape) -> list[_Block] | None:
    """The smallest blocks that a reshape falls into, or None where unknown or empty dimensions hide them.

    [8, 6, 5] -> [2, 4, 30] falls into [8] -> [2, 4] and [6, 5] -> [30].
    """
    if 0 in source or 0 in target:
        return None
    blocks: list[_Block] = []
    left = [i for i, d in enumerate(source) if d != 1]
    right = [j for j, d in enumerate(target) if d != 1]
    while left and right:
        block = _Block([left.pop(0)], [right.pop(0)])
        a, b = source[block.source[0]], target[block.target[0]]
        while a != b:
            if min(a, b) < 0 or not (left if a < b else right):
                return None
            if a < b:
                block.source.append(left.pop(0))
                a *= source[block.source[-1]]
            else:
                block.target.append(right.pop(0))
                b *= target[block.target[-1]]
        blocks.append(block)
    if left or right:
        return None
    ends = [block.target[0] for block in blocks[1:]] + [len(target)]
    return [_Block(block.source, list(range(block.target[0], end))) for block, end in zip(blocks, ends, strict=True)]
