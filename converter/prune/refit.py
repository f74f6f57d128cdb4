"""Fit weights so that products compute on samples what they did before pruning.

For one product after another, in the order of the graph: its inputs as they now are, its sums as they were, and between
them the weights with the least squared error, held a little to what they are (ridge). Where an activation follows, sums
count only as far as it lets them through: a negative one may be any negative one before a RELU.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from converter.ir.graph import Graph, Node, Value
from converter.prune.normal import Normal
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
        fitting = Fitting(now.astype(np.float64), settings.ridge, has_bias=len(node.inputs) > 2)
        weights, bias = fitting.fit(product, target)
        replace_constant(node, 1, product.stored(weights))
        if len(node.inputs) > 2:
            replace_constant(node, 2, bias.reshape(-1).astype(np.float32))


class Fitting:
    """Least squares over features, [groups, rows, features]. ridge: how far weights are held to what they are."""

    def __init__(self, features: Array, ridge: float, *, has_bias: bool) -> None:
        groups, count, _ = features.shape
        ones = np.full((groups, count, 1), float(has_bias))
        self._x = np.concatenate([features, ones], axis=2)
        mean = np.square(features).sum(axis=1).mean(axis=1)
        self._normal = Normal(self._x, ridge * np.maximum(mean, 1e-30)[:, None, None])

    def fit(self, product: Product, target: Array, mask: Array | None = None) -> tuple[Array, Array]:
        """Weights and bias with which the product of the features is nearest to the target, [groups, rows, outputs].

        mask: where weights are not 0, and so may change.
        """
        x = self._x
        w = np.concatenate([product.weights, product.bias], axis=1).astype(np.float64)
        for _ in range(1 if product.activation == ActivationType.NO_ACTIVATION else _ROUNDS):
            sums = x @ w
            right = x.transpose(0, 2, 1) @ (_wanted(product.activation, target, sums) - sums)
            w = w + (self._normal.solve(right) if mask is None else self._solve_some(right, mask))
        return w[:, :-1], w[:, -1:]

    def _solve_some(self, right: Array, mask: Array) -> Array:
        """For the weights that a mask leaves, by conjugate gradients, all outputs at once."""
        left = np.concatenate([mask, np.ones((mask.shape[0], 1, mask.shape[2]), bool)], axis=1)
        diagonal = self._normal.diagonal
        step = np.zeros_like(right)
        rest = right * left
        way = rest / diagonal
        size = np.sum(rest * way, axis=1, keepdims=True)
        for _ in range(_STEPS):
            ahead = self._normal.times(way) * left
            far = size / np.maximum(np.sum(way * ahead, axis=1, keepdims=True), 1e-300)
            step += far * way
            rest -= far * ahead
            next_way = rest / diagonal
            before, size = size, np.sum(rest * next_way, axis=1, keepdims=True)
            way = next_way + size / np.maximum(before, 1e-300) * way
        return step


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
