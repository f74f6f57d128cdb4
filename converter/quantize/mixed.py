"""Choose the bits of weights layer by layer: few where they change the network's outputs little.

One layer after the other is stored in few bits, and what the outputs lose on samples is measured. What it loses in
other bits follows from how far its sums are off then, with H the sum of x x^T over what the weights W are multiplied
with, and Q what the codes stand for:

    loss(bits) = loss measured * trace((W - Q) H (W - Q)') in these bits / the same in the bits it was measured in

Losses are squares and add up. From the fewest bits for all on, each step gives more to the layer where a byte gains the
most, as far as the size allows, or until the error is small enough; both are measured.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise

import numpy as np

from converter.compact import stored_bytes
from converter.emit.graph import emit_parts
from converter.errors import GIVE_SAMPLES, Field, QuantizeError
from converter.ir.graph import Graph, Value
from converter.quantize.measure import SAMPLES, Distance, judged, outputs, session_of
from converter.quantize.settings import Quantization
from converter.quantize.weights import Weights, chosen, encode
from lite.coded import Coded
from lite.types import Array, DType, TensorSpec

BITS = (2, 3, 4, 5, 6, 8)
_FLOAT = 32
_MEASURED = 3  # bits that a layer's loss is measured in

Progress = Callable[[str], None]
Hessians = Mapping[Value, Array]


@dataclass(frozen=True, slots=True)
class Choice:
    """A constant in some number of bits, or as it is. nbytes: of the constant; loss: squared error of the outputs."""

    bits: int
    nbytes: float
    loss: float
    stored: Coded | Array | None = field(default=None, repr=False)


class _Judge:
    """Measures the error of the outputs on the first samples."""

    def __init__(self, graph: Graph, settings: Quantization) -> None:
        self._samples = list(islice(settings.samples, SAMPLES))
        if not self._samples:
            raise QuantizeError(f"there are no samples, which show what layers of few bits lose: {GIVE_SAMPLES}")
        with session_of(graph, judged(graph)) as session:
            self._wanted = [outputs(session, sample, i) for i, sample in enumerate(self._samples)]

    def error(self, graph: Graph) -> float:
        """The relative error of the worst output."""
        distances = [Distance() for _ in judged(graph)]
        with session_of(graph, judged(graph)) as session:
            for i, (sample, wanted) in enumerate(zip(self._samples, self._wanted, strict=True)):
                for distance, x, y in zip(distances, wanted, outputs(session, sample, i), strict=True):
                    distance.add(x, y)
        return max((distance.error for distance in distances), default=0.0)


def mixed_bits(
    graph: Graph, settings: Quantization, hessians: Hessians, progress: Progress | None = None
) -> dict[Value, int]:
    """Of the constants that `chosen` names those that become codes, each with its bits.

    Raises QuantizeError where no bits keep the size that settings ask for, or there are no samples.
    """
    constants, judge = chosen(graph, settings), _Judge(graph, settings)
    tables = []
    for count, weights in enumerate(constants):
        if progress is not None:
            progress(f"bits: {weights.value.name or 'weights'}, {count + 1} of {len(constants)}")
        tables.append(_choices(graph, weights, settings, hessians.get(weights.value), judge))
    taken = _taken(graph, constants, tables, settings, judge, progress)
    pairs = zip(constants, taken, strict=True)
    return {weights.value: choice.bits for weights, choice in pairs if choice.bits < _FLOAT}


def _choices(
    graph: Graph, weights: Weights, settings: Quantization, hessian: Array | None, judge: _Judge
) -> list[Choice]:
    """A constant in each of BITS, and as it is: by bytes, without choices that others beat per byte."""
    value = weights.value
    w = value.data
    assert w is not None, "chosen has looked"
    widest = 7 if settings.spacing == "clustered" else 8
    stored = {
        bits: encode(w, weights.axis, replace(settings, weight_bits=bits)) for bits in BITS if bits <= widest
    }
    noise = {bits: _noise(w, coded.decode(), hessian) for bits, coded in stored.items()}
    with _stored([weights], [stored[_MEASURED]]):
        each = judge.error(graph) ** 2 / max(noise[_MEASURED], 1e-300)
    found = [
        Choice(bits, stored_bytes(coded), noise[bits] * each, coded)
        for bits, coded in stored.items()
    ]
    return _hull([*found, Choice(_FLOAT, w.nbytes, 0.0, w)])


@contextmanager
def _stored(constants: Sequence[Weights], forms: Sequence[Coded | Array | None]) -> Iterator[None]:
    """Give the graph's constants these forms, within the context."""
    specs = [weights.value.spec for weights in constants]
    for weights, spec, form in zip(constants, specs, forms, strict=True):
        weights.value.spec = TensorSpec(DType.FLOAT32, spec.shape, spec.name, form)
    try:
        yield
    finally:
        for weights, spec in zip(constants, specs, strict=True):
            weights.value.spec = spec


def _noise(w: Array, q: Array, hessian: Array | None) -> float:
    """The squared error of the sums of products."""
    off = (w - q).astype(np.float64)
    if hessian is None:
        return float(np.square(off).sum())
    rows = off.reshape(-1, len(hessian))
    return float(np.einsum("ri,ri->", rows @ hessian, rows))


def _hull(choices: Sequence[Choice]) -> list[Choice]:
    """The choices on the convex hull: each gains less per byte than the one before it."""
    found: list[Choice] = []
    for choice in sorted(choices, key=lambda c: (c.nbytes, c.loss)):
        if found and choice.loss >= found[-1].loss:
            continue
        while len(found) > 1 and _gain(found[-2], found[-1]) <= _gain(found[-1], choice):
            found.pop()
        found.append(choice)
    return found


def _gain(a: Choice, b: Choice) -> float:
    return (a.loss - b.loss) / (b.nbytes - a.nbytes) if b.nbytes > a.nbytes else float("inf")


def _steps(tables: Sequence[Sequence[Choice]]) -> list[int]:
    """The constants in the order in which each gets its next choice: the largest gain per byte first."""
    steps = [
        (-_gain(a, b), place, number)
        for place, table in enumerate(tables)
        for number, (a, b) in enumerate(pairwise(table))
    ]
    return [place for _, place, _ in sorted(steps)]


def _taken(
    graph: Graph,
    constants: Sequence[Weights],
    tables: Sequence[Sequence[Choice]],
    settings: Quantization,
    judge: _Judge,
    progress: Progress | None,
) -> list[Choice]:
    """The choices after the most steps that keep the size, or the fewest that keep the error; each try is measured."""
    steps = _steps(tables)
    whole = sum(len(part) for part in emit_parts(graph))

    def after(count: int) -> list[Choice]:
        at = np.bincount(np.array(steps[:count], np.int64), minlength=len(tables)).tolist()
        return [table[number] for table, number in zip(tables, at, strict=True)]

    def measured(count: int) -> tuple[float, float]:
        """The share of the float32 file's bytes, and the error, both measured."""
        choices = after(count)
        if progress is not None:
            progress(f"bits: {sum(choice.bits for choice in choices) / len(choices):.1f} on average")
        with _stored(constants, [choice.stored for choice in choices]):
            share = sum(len(part) for part in emit_parts(graph)) / whole
            return share, judge.error(graph) if settings.error_budget is not None else 0.0

    if settings.size_budget is not None and (least := measured(0)[0]) > settings.size_budget:
        raise QuantizeError(
            Field("quantization", "size_budget"),
            f" is {settings.size_budget:g} of the float32 file's bytes, but with the fewest bits for all weights the "
            f"file is {least:.3f} of them: give no less, or prune before that",
        )
    low, high = (0, len(steps) + 1) if settings.size_budget is not None else (-1, len(steps))
    while high - low > 1:
        middle = (low + high) // 2
        share, error = measured(middle)
        if settings.size_budget is not None:
            is_enough = share > settings.size_budget
        else:
            assert settings.error_budget is not None, "one of the budgets is given"
            is_enough = error <= settings.error_budget
        low, high = (low, middle) if is_enough else (middle, high)
    return after(low if settings.size_budget is not None else high)
