"""Picking and putting elements by index."""
from __future__ import annotations

import numpy as np

from converter.exporters.onnx.builder import Op, Row
from converter.exporters.refusals import Unsupported
from lite.types import DType


def gather(op: Op) -> str:
    """Along an axis that is known."""
    (axis,) = op.known(2, "axis")
    return op.emit("Gather", op.x(), op.x(1), axis=axis)


def gather_elements(op: Op) -> str:
    """The axis is the second input."""
    (axis,) = op.known(1, "axis")
    return op.emit("GatherElements", op.x(), op.x(2), axis=axis)


def gather_nd(op: Op) -> str:
    """Indices are int64 in ONNX."""
    return op.emit("GatherND", op.x(), op.wide(1))


def scatter_nd(op: Op) -> str:
    """Added to zeros."""
    zeros = op.emit("Expand", op.number(0, op.inputs[1]), op.wide(2))
    return op.emit("ScatterND", zeros, op.wide(0), op.x(1), reduction="add")


def scatter_update(reduction: str) -> Row:
    """Into x, in place of what is there or added to it."""
    return lambda op: op.emit("ScatterND", op.x(), op.wide(1), op.x(2), reduction=reduction)


def scatter_divided(op: Op) -> str:
    """Multiplied by the reciprocals."""
    return op.emit("ScatterND", op.x(), op.wide(1), op.emit("Reciprocal", op.x(2)), reduction="mul")


def scatter_elements(op: Op) -> str:
    """Along an axis."""
    return op.emit("ScatterElements", *op.names, axis=op.attrs.axis)


def one_hot(op: Op) -> str:
    """Where the index is the place: ONNX's own operator takes negative indices from the end."""
    if len(op.inputs) == 3:
        raise Unsupported("its two values are one tensor")
    (depth,) = op.known(1, "depth")
    rank = op.inputs[0].rank
    axis = op.attrs.axis % (rank + 1)
    places = np.arange(depth, dtype=op.inputs[0].dtype.dtype).reshape((-1,) + (1,) * (rank - axis))
    found = op.emit("Equal", op.emit("Unsqueeze", op.x(), op.ints(axis)), op.constant(places))
    return op.emit("Where", found, op.reshaped(2, ()), op.reshaped(3, ()))


def triangle(upper: bool) -> Row:
    """The diagonal is 0 where it is no input."""

    def row(op: Op) -> str:
        diagonal = [op.ints(*op.known(1, "diagonal"))] if len(op.inputs) == 2 else []
        return op.emit("Trilu", op.x(), *(op.emit("Squeeze", d) for d in diagonal), upper=int(upper))

    return row


def unique(op: Op) -> list[str]:
    """In order of first appearance."""
    values, _, inverse = op.emit_all("Unique", [op.x()], 3, sorted=0)
    return [values, op.cast(inverse, DType.INT32)]


def non_max_suppression(op: Op) -> str:
    """Boxes, scores and up to three limits, in the same order."""
    limits = [op.wide(2)] if len(op.inputs) > 2 else []
    found = op.emit(
        "NonMaxSuppression", op.x(), op.x(1), *limits, *op.some(3), center_point_box=op.attrs.center_point_box
    )
    return op.cast(found, op.out.dtype)
