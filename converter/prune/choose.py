"""Choose the channels to remove.

By magnitude, a channel is worth the norm of the weights that compute it and of those that read it; by activation, the
norm of those that read it times the magnitude of the channel on the samples. By error, channels are removed one after
the other: each time the one whose removal costs the sums of the products that read it the least on the samples, after
the weights of the other channels have made up for it as well as they can. With C the covariance of the features and W
the weights, that is

    trace(W_c' inv(inv(C)_cc) W_c) / energy of the sums        W, inv(C) <- with the features c eliminated

Once it is known how many channels stay, they are chosen again, from the network's end to its beginning: then the sums
of removed channels do not count, and other sums count by the weights that read them.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from converter.errors import PruneError
from converter.ir.graph import Graph, Node
from converter.prune.channels import Channels, Family
from converter.prune.observe import MOST_FEATURES, Product, observe
from converter.prune.settings import Pruning, Sample
from lite.ops.matmul import MatMulFusion
from lite.types import Array

_STEPS = 128  # channels of a family are eliminated in about as many steps
_TOUCH = 4  # multiplications that writing and reading an element takes as long as
_DAMPING = 1e-3  # of the covariance's mean diagonal: what samples never showed is not certain

Ranking = list[tuple[float, int]]  # what goes first, and what that costs
Worth = dict[int, float]  # classes of channels -> how much an error of theirs counts in what comes later


def choose(
    graph: Graph,
    channels: Channels,
    samples: Sequence[Sample],
    settings: Pruning,
    progress: Callable[[str], None] | None = None,
) -> set[int]:
    """The classes of channels that go. Each family keeps at least one."""
    families = channels.families()
    if not families:
        raise PruneError(f"{graph.name}: nothing to prune: {_obstacles(channels)}; single weights can be set to 0 all "
            "the same, with --prune-weights SHARE (in Python: Pruning(weights=SHARE))")
    how = settings.importance or ("error" if samples else "l2")
    rankings: list[Ranking] = []
    for count, family in enumerate(families):
        if progress is not None:
            progress(f"channels: {count + 1} of {len(families)}")
        readers = _readers(graph, channels, family)
        pairs = _pairs(graph, channels, family)
        if how == "error" and readers:
            rankings.append(_by_error(graph, channels, family, readers, samples, {}))
        elif how == "error" and pairs:
            rankings.append(_by_pair(graph, channels, family, pairs, samples))
        else:
            rankings.append(_by_magnitude(graph, channels, family, readers, samples, how))
    if settings.scope == "layer":
        counts = [_kept(len(r) - _share(settings.channels, len(r)), len(r), settings.multiple) for r in rankings]
    else:
        work = _work(graph, channels)
        mean = [sum(work.get(c, 1.0) for c in family.classes) / len(family.classes) for family in families]
        counts = _spread(rankings, mean, [_tied(channels, family) for family in families], settings)
    gone: set[int] = set()
    worth: Worth = {}
    for family, ranking, kept in reversed(list(zip(families, rankings, counts, strict=True))):
        readers = _readers(graph, channels, family)
        if how == "error" and readers and kept < len(ranking):
            ranking = _by_error(graph, channels, family, readers, samples, worth)
        lost = {c for _, c in ranking[: len(ranking) - kept]}
        worth |= {**_worth(channels, family, readers, worth), **dict.fromkeys(lost, 0.0)}
        gone |= lost
    return gone


def _obstacles(channels: Channels) -> str:
    """Why no channel may go."""
    if not channels.producers:
        return "no layer computes channels with constant weights in float32"
    names: dict[str, int] = {}
    for node in channels.readers:
        names[node.op] = names.get(node.op, 0) + 1
    if not names:
        return "the channels of all layers are outputs of the network, or tied to them"
    first = channels.readers[0]
    listed = ", ".join(f"{name} ({count})" for name, count in sorted(names.items(), key=lambda item: -item[1])[:5])
    return f"channels cannot go where operators look at all of them together: {listed}, first {first.name or first.op}"


def _spread(rankings: Sequence[Ranking], work: Sequence[float], tied: Sequence[float], settings: Pruning) -> list[int]:
    """How many classes each family keeps: those are removed first that save work at the least cost.

    tied: how many channels of products a class of each family is; of these a share goes.
    """
    steps = []
    for i, ranking in enumerate(rankings):
        kept, dearest = len(ranking), 0.0
        while kept > 1:
            least = (kept - 1) // settings.multiple * settings.multiple or kept // 2
            lost = sum(cost for cost, _ in ranking[len(ranking) - kept : len(ranking) - least])
            dearest = max(dearest, lost / (kept - least) / work[i])
            steps.append((dearest, i, least))
            kept = least
    counts = [len(ranking) for ranking in rankings]
    total = sum(count * size for count, size in zip(counts, tied, strict=True))
    gone = 0.0
    for _, i, least in sorted(steps):
        if gone >= int(settings.channels * total + 0.5):
            break
        gone += (counts[i] - least) * tied[i]
        counts[i] = least
    return counts


def _tied(channels: Channels, family: Family) -> float:
    """How many channels of products are removed together, on average."""
    own = set(family.classes)
    found = [channels.root(int(n)) for node in family.producers for n in channels.producers[node]]
    return sum(c in own for c in found) / len(own)


def _work(graph: Graph, channels: Channels) -> dict[int, float]:
    """About how many multiplications a class of channels takes, with all other classes there."""
    work: dict[int, float] = {}
    for node in graph.nodes:
        product = Product.of(node)
        for value in node.outputs:
            if value in channels.along and value.spec.is_static:
                of = channels.classes(value)
                each = value.spec.size / len(of) * (_TOUCH if product is None else product.weights.shape[1])
                for c in of.tolist():
                    work[c] = work.get(c, 0.0) + each
        x = node.inputs[0] if node.inputs else None
        if product is not None and x in channels.along and node in channels.producers and x.spec.is_static:
            each = node.outputs[0].spec.size / len(product.weights)
            for c in _features(channels, product).reshape(-1).tolist():
                work[c] = work.get(c, 0.0) + each
    return work


def _kept(count: int, of: int, multiple: int) -> int:
    """The nearest multiple to `count`, where that is some of the channels, but not all."""
    near = round(count / multiple) * multiple
    return near if 0 < near < of else count


def _share(share: float, count: int) -> int:
    return min(int(share * count + 0.5), count - 1)


def _readers(graph: Graph, channels: Channels, family: Family) -> list[Product]:
    """The products that sum over the family's channels."""
    own = set(family.classes)
    found = []
    for node in graph.nodes:
        x = node.inputs[0] if node.inputs else None
        if x not in channels.along or node not in channels.producers:
            continue
        product = Product.of(node)
        if product is not None and own.intersection(channels.classes(x).tolist()):
            found.append(product)
    return found


def _pairs(graph: Graph, channels: Channels, family: Family) -> list[Node]:
    """The products of two computed matrices that sum over the family's channels."""
    own = set(family.classes)
    return [
        node
        for node in graph.nodes
        if isinstance(node.attrs, MatMulFusion)
        and all(value in channels.along for value in node.inputs)
        and own.intersection(channels.classes(node.inputs[0]).tolist())
    ]


def _by_pair(
    graph: Graph, channels: Channels, family: Family, pairs: Sequence[Node], samples: Sequence[Sample]
) -> Ranking:
    """What is the least share of the pairs' sums first; what all columns of one have alike does not count."""
    place = {c: i for i, c in enumerate(family.classes)}
    score = np.zeros(len(place))
    for node in pairs:
        attrs: Any = node.attrs
        of = [place.get(c, -1) for c in channels.classes(node.inputs[0]).tolist()]
        lost, energy = np.zeros(len(of)), 0.0
        for a, b in observe(graph, list(node.inputs), samples):
            a, b = (a.swapaxes(-1, -2) if attrs.transpose_a else a), (b if attrs.transpose_b else b.swapaxes(-1, -2))
            a, b = a.astype(np.float64), b.astype(np.float64)
            b = b - b.mean(axis=-2, keepdims=True)  # [..., columns, depth]
            sizes = (a**2).sum(axis=-2) * (b**2).sum(axis=-2)
            lost += sizes.reshape(-1, len(of)).sum(axis=0)
            energy += float(((a @ b.swapaxes(-1, -2)) ** 2).sum())
        for i, value in zip(of, (lost / max(energy, 1e-30)).tolist(), strict=True):
            if i >= 0:
                score[i] += value
    return sorted((float(score[i]), c) for c, i in place.items())


def _by_magnitude(
    graph: Graph, channels: Channels, family: Family, readers: Sequence[Product], samples: Sequence[Sample], how: str
) -> Ranking:
    """The least magnitude first."""
    order = 1 if how == "l1" else 2
    place = {c: i for i, c in enumerate(family.classes)}
    score = np.zeros(len(place))
    for product in [] if how == "activation" else map(Product.of, family.producers):
        if product is not None:
            size = (np.abs(product.weights.astype(np.float64)) ** order).sum(axis=1).reshape(-1)
            _add(score, place, [channels.root(int(n)) for n in channels.producers[product.node]], size)
    for product in readers:
        size = (np.abs(product.weights.astype(np.float64)) ** order).sum(axis=2)  # [groups, features]
        if how == "activation" and samples:
            size *= _energy(graph, product, samples)
        for g, of in enumerate(_features(channels, product)):
            _add(score, place, of.tolist(), size[g])
    score /= max(score.mean(), 1e-30)
    return sorted((float(score[i]), c) for c, i in place.items())


def _add(score: Array, place: dict[int, int], of: Sequence[int], size: Array) -> None:
    for c, value in zip(of, size.tolist(), strict=True):
        if c in place:
            score[place[c]] += value


def _features(channels: Channels, product: Product) -> Array:
    """For each group and feature of a product the class of its channel."""
    groups, width, _ = product.weights.shape
    classes = channels.classes(product.node.inputs[0]).reshape(groups, -1)
    return np.tile(classes, (1, width // classes.shape[1]))


def _energy(graph: Graph, product: Product, samples: Sequence[Sample]) -> Array:
    """The mean square of each feature, [groups, features]."""
    total = np.zeros(product.weights.shape[:2])
    for (x,) in observe(graph, [product.node.inputs[0]], samples):
        total += (product.features(x).astype(np.float64) ** 2).mean(axis=1)
    return total / len(samples)


class _Reader:
    """A product, or a group of one, some of whose features have been eliminated."""

    def __init__(self, covariance: Array, weights: Array, of: Array, place: dict[int, int]) -> None:
        """of: the class of each feature. place: the family's classes, numbered."""
        self.weights = weights.astype(np.float64)
        self.energy = max(float(np.einsum("io,ij,jo->", self.weights, covariance, self.weights)), 1e-30)
        mean = max(float(np.diagonal(covariance).mean()), 1e-30)
        self.inverse = np.linalg.inv(covariance + _DAMPING * mean * np.eye(len(covariance)))
        self.features = {i: np.flatnonzero(of == c) for c, i in place.items()}

    def cost(self, classes: Sequence[int]) -> Array:
        """The share of its sums that is lost without each of these classes alone."""
        found = np.zeros(len(classes))
        by_size: dict[int, list[int]] = {}
        for at, c in enumerate(classes):
            by_size.setdefault(len(self.features[c]), []).append(at)
        for size, places in by_size.items():
            if size:
                rows = np.stack([self.features[classes[i]] for i in places])  # [classes, size]
                w = self.weights[rows]
                block = self.inverse[rows[:, :, None], rows[:, None, :]]
                found[places] = (w * np.linalg.solve(block, w)).sum(axis=(1, 2))
        return found / self.energy

    def eliminate(self, classes: Sequence[int]) -> None:
        """Remove these classes, and let the other weights make up for them."""
        gone = np.concatenate([self.features[c] for c in classes])
        if not len(gone):
            return
        columns = self.inverse[:, gone]
        block = self.inverse[np.ix_(gone, gone)]
        self.weights -= columns @ np.linalg.solve(block, self.weights[gone])
        self.inverse -= columns @ np.linalg.solve(block, columns.T)
        self.inverse[gone, gone] = 1  # out of the way: their weights are 0
        self.weights[gone] = 0


def _by_error(
    graph: Graph,
    channels: Channels,
    family: Family,
    readers: Sequence[Product],
    samples: Sequence[Sample],
    worth: Worth,
) -> Ranking:
    """What products lose the least without first; costs never fall."""
    place = {c: i for i, c in enumerate(family.classes)}
    parts: list[_Reader] = []
    for product in readers:
        if product.weights.shape[1] > MOST_FEATURES:
            continue
        covariance = _covariance(graph, product, samples)
        of = _features(channels, product)
        weights = product.weights * np.sqrt(_outputs_worth(channels, product, worth))
        parts += [_Reader(c, w, f, place) for c, w, f in zip(covariance, weights, of, strict=True)]
    left = list(place.values())
    ranking: Ranking = []
    dearest = 0.0
    step = -(-len(left) // _STEPS)
    while left:
        cost = np.sum([part.cost(left) for part in parts], axis=0) if parts else np.zeros(len(left))
        now = np.argsort(cost, kind="stable")[:step].tolist()
        for at in now:
            dearest = max(dearest, float(cost[at]))
            ranking.append((dearest, family.classes[left[at]]))
        gone = [left[at] for at in now]
        for part in parts:
            part.eliminate(gone)
        left = [c for c in left if c not in gone]
    return ranking


def _worth(channels: Channels, family: Family, readers: Sequence[Product], worth: Worth) -> Worth:
    """What the family's channels are worth, 1 on average: the squares of what reads them, by its own worth."""
    found = dict.fromkeys(family.classes, 0.0)
    for product in readers:
        size = (product.weights.astype(np.float64) ** 2 * _outputs_worth(channels, product, worth)).sum(axis=2)
        for classes, of in zip(_features(channels, product), size, strict=True):
            for c, value in zip(classes.tolist(), of.tolist(), strict=True):
                if c in found:
                    found[c] += value
    mean = sum(found.values()) / len(found)
    return {c: value / mean if mean else 1.0 for c, value in found.items()}


def _outputs_worth(channels: Channels, product: Product, worth: Worth) -> Array:
    """Of a product's sums, [groups, 1, outputs]; 1 where nothing is known of it."""
    groups, _, outputs = product.weights.shape
    (y,) = product.node.outputs
    if y not in channels.along:
        return np.ones((groups, 1, outputs))
    return np.array([worth.get(c, 1.0) for c in channels.classes(y).tolist()]).reshape(groups, 1, outputs)


def _covariance(graph: Graph, product: Product, samples: Sequence[Sample]) -> Array:
    """Of the product's features, [groups, features, features]."""
    groups, width, _ = product.weights.shape
    gram, total, count = np.zeros((groups, width, width)), np.zeros((groups, 1, width)), 0
    for (x,) in observe(graph, [product.node.inputs[0]], samples):
        f = product.features(x)
        gram += f.transpose(0, 2, 1) @ f
        total += f.sum(axis=1, keepdims=True)
        count += f.shape[1]
    covariance: Array = gram / count - (total / count).transpose(0, 2, 1) @ (total / count)
    return covariance
