"""Einstein's sums, as transposes, products of matrices and sums.

Operands are combined from the left, two at a time. Labels that both have and that nobody needs later are multiplied and
summed by a product of matrices, [shared, left, summed] @ [shared, summed, right]; where there are none, elements are
multiplied. Dimensions of one label are equal: MindSpore repeats none.
"""
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from string import ascii_letters

from converter.errors import ParseError
from converter.ir.graph import Value
from converter.mindir.lowering import Dims, Lowering, Unsupported
from converter.mindir.operands import Operand
from converter.mindir.primitives.dimensions import product, shape_of
from lite.ops.reduce import ReduceMode

_DOTS = "..."


@dataclass(frozen=True, slots=True)
class _Term:
    """A tensor, and a label for each of its dimensions."""

    value: Value
    labels: str


def einsum(op: Lowering, xs: tuple[Value, ...], *, equation: str) -> Operand:
    """The sum of products that the equation says; without an arrow the labels that occur once are left, in order."""
    terms, result = _read(op, xs, equation)
    total, *others = terms
    for i, term in enumerate(others, 1):
        later = {label for other in terms[i + 1 :] for label in other.labels}
        total = _combined(op, total, term, later.union(result), f"step{i}")
    total = _summed(op, total, result, "sum")
    return _ordered(op, total, result, "")


def _read(op: Lowering, xs: Sequence[Value], equation: str) -> tuple[list[_Term], str]:
    """The operands with their labels, and the labels of the result; an ellipsis stands for labels of its own."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    names = left.split(",")
    if len(names) != len(xs):
        raise ParseError(f"{op.name}: {equation!r} is of {len(names)} operands, there are {len(xs)}")
    unused = [label for label in ascii_letters if label not in equation]
    terms: list[_Term] = []
    broadcast = ""
    for x, name in zip(xs, names, strict=True):
        count = x.spec.rank - len(name.replace(_DOTS, "", 1))
        if count < 0 or (count and _DOTS not in name):
            raise ParseError(f"{op.name}: {equation!r} does not fit {x.spec}")
        whole = "".join(unused[:count][::-1])  # from the last dimension on
        broadcast = max(broadcast, whole, key=len)
        terms.append(_Term(x, name.replace(_DOTS, whole)))
        if not set(terms[-1].labels) <= set(ascii_letters):
            raise ParseError(f"{op.name}: {equation!r} has labels that are no letters")
        if len(set(terms[-1].labels)) < x.spec.rank:
            raise Unsupported(f"takes the diagonal of {x.spec.like()} in {equation!r}: use ops.diagonal before")
    once = [label for label in sorted(set(left) - {",", "."}) if left.count(label) == 1]
    result = right.replace(_DOTS, broadcast) if arrow else broadcast + "".join(once)
    if len(set(result)) < len(result) or not set(result) <= {label for term in terms for label in term.labels}:
        raise ParseError(f"{op.name}: {equation!r} has a result that is not of labels of its operands, each once")
    return terms, result


def _combined(op: Lowering, x: _Term, y: _Term, needed: Collection[str], label: str) -> _Term:
    """The product of two, summed over the labels that are not needed any more."""
    x = _summed(op, x, {*needed, *y.labels}, f"{label}/x")
    y = _summed(op, y, {*needed, *x.labels}, f"{label}/y")
    shared = "".join(name for name in x.labels if name in y.labels and name in needed)
    summed = "".join(name for name in x.labels if name in y.labels and name not in needed)
    left = "".join(name for name in x.labels if name not in y.labels)
    right = "".join(name for name in y.labels if name not in x.labels)
    rows = _ordered(op, x, shared + left + summed, f"{label}/rows")
    columns = _ordered(op, y, shared + summed + right, f"{label}/columns")
    sizes = _sizes(op, x, y)
    batch, height, depth, width = (tuple(sizes[name] for name in names) for names in (shared, left, summed, right))
    if (len(height), len(depth)) != (1, 1):
        rows = _reshaped(op, rows, (*batch, product(op, height), product(op, depth)), f"{label}/left")
    if (len(depth), len(width)) != (1, 1):
        columns = _reshaped(op, columns, (*batch, product(op, depth), product(op, width)), f"{label}/right")
    z = op.emit("MatMulFusion" if summed else "MulFusion", *op.operands(rows, columns), label=f"{label}/product")
    if (len(height), len(width)) != (1, 1):
        z = _reshaped(op, z, (*batch, *height, *width), label)
    return _Term(z, shared + left + right)


def _sizes(op: Lowering, *terms: _Term) -> dict[str, int | Value]:
    """How long the dimension of each label is, as a number where any of the tensors says it."""
    sizes: dict[str, int | Value] = {}
    for term in terms:
        for name, size in zip(term.labels, shape_of(op, term.value), strict=True):
            sizes[name] = sizes[name] if isinstance(sizes.get(name), int) else size
    return sizes


def _summed(op: Lowering, x: _Term, kept: Collection[str], label: str) -> _Term:
    """Without the labels that are not kept."""
    axes = [i for i, name in enumerate(x.labels) if name not in kept]
    if not axes:
        return x
    total = op.emit("ReduceFusion", x.value, op.ints(axes, f"{label}/axes"), mode=ReduceMode.ReduceSum, label=label)
    return _Term(total, "".join(name for name in x.labels if name in kept))


def _ordered(op: Lowering, x: _Term, labels: str, label: str) -> Value:
    """With the dimensions in this order."""
    if x.labels == labels:
        return x.value
    return op.transpose(x.value, [x.labels.index(name) for name in labels], label)


def _reshaped(op: Lowering, x: Value, shape: Dims, label: str) -> Value:
    return x if shape == x.spec.shape else op.emit("Reshape", x, op.dims(shape, f"{label}/shape"), label=label)
