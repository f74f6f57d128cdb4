"""Weights fitted so that products compute on samples what they did before.

For one product after another, in the order of the graph: its inputs as they now are, its sums as they were, and between
them the weights with the least squared error, held a little to what they are (ridge). Where an activation follows, sums
count only as far as it lets them through: a negative one may be any negative one before a RELU.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from converter.ir.graph import Graph, Node, Value
from converter.prune.observe import MOST_FEATURES, Product, Rows, observe
from converter.prune.settings import Pruning, Sample
from lite.ops.enums import ActivationType
from lite.types import Array

_ROUNDS = 6  # of sums that an activation cuts off being set to what they may be
_STEPS = 20  # of conjugate gradients

Twins = dict[Node, tuple[Node, Array]]


def refit(
    graph: Graph,
    before: Graph,
    twins: Twins,
    samples: Sequence[Sample],
    settings: Pruning,
    progress: Callable[[str], None] | None = None,
) -> None:
    """Fit the graph's products, in place.

    twins: of each product to fit the one of the graph before, and which of its outputs are left.
    """
    rows = Rows(settings.seed, len(samples))
    for count, node in enumerate(twins):
        product = Product.of(node)
        twin, outputs = twins[node]
        old = Product.of(twin)
        if product is None or old is None or product.weights.shape[1] > MOST_FEATURES:
            continue
        if progress is not None:
            progress(f"fit: {node.name or node.op}, {count + 1} of {len(twins)}")
        width = old.weights.shape[0] * old.weights.shape[1]
        now = seen(graph, product, samples, rows, width)
        was = seen(before, old, samples, rows, width).astype(np.float64)
        sums = (was @ old.weights + old.bias).transpose(1, 0, 2).reshape(was.shape[1], -1)[:, outputs]
        groups = len(product.weights)
        target = sums.reshape(len(sums), groups, -1).transpose(1, 0, 2)
        weights, bias = fit(product, now.astype(np.float64), target, settings.ridge)
        replace_constant(node, 1, product.stored(weights))
        if len(node.inputs) > 2:
            replace_constant(node, 2, bias.reshape(-1).astype(np.float32))


def fit(
    product: Product, features: Array, target: Array, ridge: float, mask: Array | None = None
) -> tuple[Array, Array]:
    """Weights and bias with which the product of the features is nearest to the target. All have a group in front.

    mask: where weights are not 0, and so may change.
    """
    groups, count, width = features.shape
    x = np.concatenate([features, np.ones((groups, count, 1))], axis=2)
    w = np.concatenate([product.weights, product.bias], axis=1).astype(np.float64)
    has_bias = len(product.node.inputs) > 2
    if not has_bias:
        x[:, :, -1] = 0
    gram = x.transpose(0, 2, 1) @ x
    diagonal = np.arange(width + 1)
    mean = np.maximum(gram[:, diagonal[:-1], diagonal[:-1]].mean(axis=1, keepdims=True), 1e-30)
    held = gram.copy()
    held[:, diagonal, diagonal] += ridge * mean
    solve = _solver(held, mask)
    for _ in range(1 if product.activation == ActivationType.NO_ACTIVATION else _ROUNDS):
        sums = x @ w
        w = w + solve(x.transpose(0, 2, 1) @ (_wanted(product.activation, target, sums) - sums))
    return w[:, :-1], w[:, -1:]


def _solver(held: Array, mask: Array | None) -> Callable[[Array], Array]:
    """Solves the normal equations, for the weights that a mask leaves."""
    if mask is None:
        inverse = np.linalg.inv(held)
        return lambda right: inverse @ right
    always = np.ones((mask.shape[0], 1, mask.shape[2]), bool)
    left = np.concatenate([mask, always], axis=1)
    diagonal = np.diagonal(held, axis1=1, axis2=2)[:, :, None]

    def solve(right: Array) -> Array:
        """By conjugate gradients, all outputs at once."""
        step = np.zeros_like(right)
        rest = right * left
        way = rest / diagonal
        size = np.sum(rest * way, axis=1, keepdims=True)
        for _ in range(_STEPS):
            ahead = (held @ way) * left
            far = size / np.maximum(np.sum(way * ahead, axis=1, keepdims=True), 1e-300)
            step += far * way
            rest -= far * ahead
            next_way = rest / diagonal
            before, size = size, np.sum(rest * next_way, axis=1, keepdims=True)
            way = next_way + size / np.maximum(before, 1e-300) * way
        return step

    return solve


def _wanted(activation: ActivationType, target: Array, sums: Array) -> Array:
    """The target, and where the activation makes the sum and the target the same, the sum."""
    if activation == ActivationType.NO_ACTIVATION:
        return target
    low = (target <= 0) & (sums <= 0)
    if activation == ActivationType.RELU6:
        low |= (target >= 6) & (sums >= 6)
    return np.where(low, sums, target)


def seen(graph: Graph, product: Product, samples: Sequence[Sample], rows: Rows, wide: int) -> Array:
    """The product's features on the samples. wide: as in Rows."""
    x = product.node.inputs[0]
    seen = [rows.of(product.features(array), wide) for (array,) in observe(graph, [x], samples)]
    return np.concatenate(seen, axis=1)


def replace_constant(node: Node, position: int, data: Array) -> None:
    """Give a node another constant in place of one of its own."""
    old = node.inputs[position]
    new = Value.constant(data, old.name)
    old.users.remove(node)
    new.users.append(node)
    node.inputs[position] = new
