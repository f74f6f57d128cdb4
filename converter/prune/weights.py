"""Set single weights to 0, and fit the others to make up for them.

A weight w of feature x costs about w^2 var(x) of the energy of what its product sums; without samples, w^2. Globally,
those go that cost the least share of their product's energy, times what the network's outputs are seen to lose when
that product alone is pruned. With samples, product after product in the order of the
graph: with W the weights that fit what it now reads to what it computed before, and C the covariance of what it reads,

    minimize trace((V - W)' C (V - W)) over V with so many zeros

by splitting (ADMM): V is the least squares without zeros, held to Z, which has them; zeros move while V and Z disagree.
Features are scaled to a variance of 1, so that magnitudes say what weights cost. What then is left is fitted once more,
with the zeros where they are (`refit.py`).
"""
from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from converter.errors import PruneError
from converter.ir.graph import Graph, Node
from converter.prune.channels import Channels
from converter.prune.cut import cut
from converter.prune.normal import Normal
from converter.prune.observe import MOST_FEATURES, Product, Rows, observe
from converter.prune.refit import Fitting, replace_constant, seen
from converter.prune.settings import Pruning, Sample
from lite.types import Array

LEAST = 256  # weights of a product that is pruned
_MOST_SHARE = 0.98  # of a product's weights
_ROUNDS = 30  # of splitting; zeros may move in the first of them
_MOVING = 20
_MEASURED = 16  # samples that tell what a product counts
_DAMPING = 1e-2  # of a variance of 1

Progress = Callable[[str], None]


def without_weights(
    graph: Graph, samples: Sequence[Sample], settings: Pruning, progress: Progress | None = None
) -> tuple[Graph, float]:
    """The graph with zeros among its weights, and of the product that loses the most, the share of their squares.

    Raises PruneError where there is nothing to prune.
    """
    products = _prunable(graph, settings)
    if not products:
        raise PruneError(f"{graph.name}: nothing to prune: there are no products with {LEAST} weights or more")
    masks = _masks(graph, products, samples, settings)
    small, nodes = cut(graph, Channels(graph), set())
    rows = Rows(settings.seed, len(samples))
    for count, (old, mask) in enumerate(zip(products, masks, strict=True)):
        node = nodes[old.node]
        if progress is not None:
            progress(f"weights: {node.name or node.op}, {count + 1} of {len(products)}")
        if samples and mask.shape[1] <= MOST_FEATURES:
            _fit(small, node, graph, old, mask, samples, settings, rows)
        else:
            replace_constant(node, 1, old.stored(old.weights * mask))
    return small, max(_lost(old.weights, mask) for old, mask in zip(products, masks, strict=True))


def _lost(weights: Array, mask: Array) -> float:
    """The share of the squares of weights that the mask takes away."""
    squares = np.square(weights, dtype=np.float64)
    return float(squares[~mask].sum() / max(float(squares.sum()), 1e-300))


def kept(score: Array, share: float, pattern: tuple[int, int] | None) -> Array:
    """Which weights of a product, [groups, features, outputs], stay: those with the highest score.

    pattern: n of every m that follow one another along the features, in place of a share of all that go.
    """
    if pattern is None:
        gone = round(share * score.size)
        mask = np.ones(score.size, bool)
        mask[np.argpartition(score.reshape(-1), gone - 1)[:gone] if gone else []] = False
        return mask.reshape(score.shape)
    n, m = pattern
    groups, width, outputs = score.shape
    whole = width // m * m
    mask = np.ones(score.shape, bool)
    runs = score[:, :whole].reshape(groups, -1, m, outputs)
    rank = np.argsort(np.argsort(-runs, axis=2, kind="stable"), axis=2, kind="stable")
    mask[:, :whole] = (rank < n).reshape(groups, whole, outputs)
    return mask


def split(w: Array, x: Array, share: float, pattern: tuple[int, int] | None) -> tuple[Array, Array]:
    """Weights [groups, features, outputs] with zeros that lose little of x @ w, and where they are not.

    x: [groups, rows, features], of mean 0 where a bias makes up for it.
    """
    size = np.sqrt(np.maximum(np.square(x).mean(axis=1), 1e-30))[:, :, None]
    scaled = x / (size.transpose(0, 2, 1) * np.sqrt(x.shape[1]))
    normal = Normal(scaled, np.full((len(x), 1, 1), 1 + _DAMPING))
    wide = w * size
    right = normal.times(wide) - wide
    dual = np.zeros_like(wide)
    z, mask = wide, np.ones(wide.shape, bool)
    for step in range(_ROUNDS):
        v = normal.solve(right + z - dual)
        if step < _MOVING:
            ahead = 1 - (1 - (step + 1) / _MOVING) ** 3
            mask = kept(np.abs(v + dual), share * ahead, pattern)
        z = (v + dual) * mask
        dual += v - z
    return z / size, mask


def _prunable(graph: Graph, settings: Pruning) -> list[Product]:
    """Products with enough weights that no other node reads; in depthwise convolutions each weight counts too much."""
    found = []
    for node in graph.nodes:
        product = None if node.name in settings.skip_nodes else Product.of(node)
        if product is None or product.weights.size < LEAST or len(node.inputs[1].users) > 1:
            continue
        groups, _, outputs = product.weights.shape
        if groups == 1 or outputs > 1:
            found.append(product)
    return found


def _masks(
    graph: Graph, products: Sequence[Product], samples: Sequence[Sample], settings: Pruning
) -> list[Array]:
    """For each product which weights stay; with samples only how many do counts."""
    pattern = settings.of_each()
    scores = [np.square(product.weights, dtype=np.float64) for product in products]
    for score, variance in zip(scores, _variances(graph, products, samples), strict=True):
        score *= variance[:, :, None]
        score /= max(float(score.sum()), 1e-300)
    shares = [settings.weights] * len(scores)
    if settings.scope == "global" and pattern is None:
        if samples:
            for product, score in zip(products, scores, strict=True):
                mask = kept(score, settings.weights, None)
                score *= _share_lost(graph, product, mask, samples) / max(float(score[~mask].sum()), 1e-300)
        every = np.concatenate([score.reshape(-1) for score in scores])
        gone = round(settings.weights * len(every))
        limit = np.partition(every, gone - 1)[gone - 1] if gone else -1.0
        shares = [min(float((score <= limit).mean()), _MOST_SHARE) for score in scores]
    return [kept(score, share, pattern) for score, share in zip(scores, shares, strict=True)]


def _variances(graph: Graph, products: Sequence[Product], samples: Sequence[Sample]) -> list[Array]:
    """Of each product's features, [groups, features]; ones without samples."""
    if not samples:
        return [np.ones(product.weights.shape[:2]) for product in products]
    sums = [np.zeros((3, *product.weights.shape[:2])) for product in products]
    inputs = list(dict.fromkeys(product.node.inputs[0] for product in products))
    for arrays in observe(graph, inputs, samples):
        seen_now = dict(zip(inputs, arrays, strict=True))
        for product, total in zip(products, sums, strict=True):
            f = product.features(seen_now[product.node.inputs[0]])
            total[0] += f.shape[1]
            total[1] += f.sum(axis=1, dtype=np.float64)
            total[2] += np.einsum("grf,grf->gf", f, f)
    return [np.maximum(square / count - (total / count) ** 2, 0) for count, total, square in sums]


def _share_lost(graph: Graph, product: Product, mask: Array, samples: Sequence[Sample]) -> float:
    """The share of the energy of the network's outputs that is lost where this product alone is pruned."""
    some = samples[:_MEASURED]
    exact = list(observe(graph, graph.outputs, some))
    own = product.node.inputs[1].data
    assert own is not None, "a product's weights are constant"
    replace_constant(product.node, 1, product.stored(product.weights * mask))
    noise = signal = 0.0
    for wanted, found in zip(exact, observe(graph, graph.outputs, some), strict=True):
        for x, y in zip(wanted, found, strict=True):
            if x.size:
                exactly = x.astype(np.float64)
                noise += float(np.square(exactly - y).sum())
                signal += float(np.square(exactly - exactly.mean()).sum())
    replace_constant(product.node, 1, own)
    return noise / max(signal, 1e-300)


def _fit(
    graph: Graph,
    node: Node,
    before: Graph,
    old: Product,
    mask: Array,
    samples: Sequence[Sample],
    settings: Pruning,
    rows: Rows,
) -> None:
    """Give a product of the graph as many zeros as the mask has, so that it computes what it did before."""
    product = Product.of(node)
    assert product is not None, "the old one is a product"
    width = mask.shape[0] * mask.shape[1]
    now = seen(graph, product, samples, rows, width).astype(np.float64)
    target = seen(before, old, samples, rows, width).astype(np.float64) @ old.weights + old.bias
    fitting = Fitting(now, settings.ridge, has_bias=len(node.inputs) > 2)
    weights, bias = fitting.fit(product, target)
    mean = now.mean(axis=1, keepdims=True) if len(node.inputs) > 2 else np.zeros(())
    sparse, mask = split(weights, now - mean, 1 - float(mask.mean()), settings.of_each())
    bias = bias + (mean @ (weights - sparse) if len(node.inputs) > 2 else 0)
    weights, bias = fitting.fit(Product(node, sparse, bias), target, mask)
    replace_constant(node, 1, product.stored(weights * mask))
    if len(node.inputs) > 2:
        replace_constant(node, 2, bias.reshape(-1).astype(np.float32))
