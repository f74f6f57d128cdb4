"""Sums, extremes, norms, products of matrices and recurrences."""
from __future__ import annotations

from typing import Any

import numpy as np

from converter.exporters.mindir.builder import Op, Row
from converter.exporters.mindir.rows.elementwise import activated
from converter.exporters.refusals import Unsupported
from lite.ops.reduce import ReduceMode, reduced_axes
from lite.types import DType, TensorSpec

# What is applied first, the reduction, and what is applied to its result.
_REDUCTIONS: dict[ReduceMode, tuple[str, str, str]] = {
    ReduceMode.ReduceMean: ("", "ReduceMean", ""),
    ReduceMode.ReduceMax: ("", "ReduceMax", ""),
    ReduceMode.ReduceMin: ("", "ReduceMin", ""),
    ReduceMode.ReduceProd: ("", "ReduceProd", ""),
    ReduceMode.ReduceSum: ("", "ReduceSum", ""),
    ReduceMode.ReduceSumSquare: ("Square", "ReduceSum", ""),
    ReduceMode.ReduceASum: ("Abs", "ReduceSum", ""),
    ReduceMode.ReduceAll: ("", "ReduceAll", ""),
    ReduceMode.ReduceL2: ("Square", "ReduceSum", "Sqrt"),
}


def reduce(op: Op) -> str:
    """Over axes that are known."""
    a = op.attrs
    axes = reduced_axes(a, op.inputs[0], op.known(1, "axes") if len(op.inputs) > 1 else ())
    before, primitive, after = _REDUCTIONS[a.mode]
    x = op.call(before, op.x(), out=op.inputs[0]) if before else op.x()
    y = op.call(primitive, x, axes, a.keep_dims, *([False] if primitive == "ReduceSum" else []))
    y = op.call(after, y) if after else y
    return op.call("Mul", y, op.number(a.coeff)) if a.reduce_to_end and abs(a.coeff) > 1e-5 else y


def extremum(primitive: str) -> Row:
    """The index of the best along an axis."""

    def row(op: Op) -> str:
        a, x = op.attrs, op.inputs[0]
        if a.top_k > 1 or a.out_max_value:
            raise Unsupported("it gives several indices, or values")
        axis = a.axis % x.rank
        few = op.out.like((*x.shape[:axis], *x.shape[axis + 1 :]))
        y = op.call(primitive, op.x(), axis, int(DType.INT32), out=few)
        return op.call("Reshape", y, op.out.shape) if a.keep_dims else y

    return row


def top_k(op: Op) -> list[str]:
    """The largest along the last axis."""
    (k,) = op.known(1, "k")
    if not op.attrs.largest or op.attrs.axis % op.inputs[0].rank != op.inputs[0].rank - 1:
        raise Unsupported("it finds the smallest, or along another axis than the last")
    names = {"sorted": True, "input_names": ["input", "k"], "output_names": ["values", "indices"]}
    return op.item("TopK", [op.x(), k], op.outputs, 0, 1, attributes=names)


def accumulated(primitive: str) -> Row:
    """The axis is a number."""
    return lambda op: op.call(primitive, op.x(), op.known(1, "axis")[0], op.attrs.exclusive, op.attrs.reverse)


def layer_norm(op: Op) -> str:
    """Over the axes from one on; mean and variance are results, too."""
    op.static()
    a, x = op.attrs, op.inputs[0]
    first, factors_from = a.begin_norm_axis % x.rank, a.begin_params_axis % x.rank
    few = x.like((*x.shape[:first], *(1 for _ in x.shape[first:])))
    factors: list[Any] = op.some(1)
    if not factors:
        factors, factors_from = [op.tensor(np.full(x.shape[first:], v), x.dtype.dtype) for v in (1, 0)], first
    return op.item("LayerNorm", [op.x(), *factors, first, factors_from, float(a.epsilon)], [x.like(), few, few], 0)[0]


def l2_normalize(op: Op) -> str:
    """x / sqrt(max(sum x^2, epsilon))"""
    x = op.inputs[0]
    axes = {axis % x.rank for axis in op.attrs.axis} or set(range(x.rank))
    few = x.like(tuple(1 if i in axes else d for i, d in enumerate(x.shape)))
    total = op.call("ReduceSum", op.call("Square", op.x(), out=x), tuple(sorted(axes)), True, False, out=few)
    norm = op.call("Sqrt", op.call("Maximum", total, op.number(op.attrs.epsilon), out=few), out=few)
    return activated(op, op.call("RealDiv", op.x(), norm))


def batch_norm(op: Op) -> str:
    """(x - mean) / sqrt(variance + epsilon), channels last; the statistics of the batch itself in training."""
    x = op.x()
    vector = op.inputs[1].like()
    if op.attrs.is_training:
        axes = tuple(range(op.inputs[0].rank - 1))
        mean = op.call("ReduceMean", x, axes, False, out=vector)
        variance = op.call("ReduceMean", op.call("Square", op.call("Sub", x, mean)), axes, False, out=vector)
    else:
        mean, variance = op.some(1)
    deviation = op.call("Sqrt", op.call("Add", variance, op.number(op.attrs.epsilon), out=vector), out=vector)
    return op.call("RealDiv", op.call("Sub", x, mean), deviation)


def scale(op: Op) -> str:
    """x * scale + offset, laid along a run of axes."""
    x, factor = op.inputs[:2]
    along = (*factor.shape, *(1,) * (x.rank - op.attrs.axis % x.rank - factor.rank))
    y = op.call("Mul", op.x(), op.reshaped(1, along))
    return activated(op, y if len(op.inputs) == 2 else op.call("Add", y, op.reshaped(2, along)))


def matmul(op: Op) -> str:
    """Two matrices, two batches of them, or a batch times a matrix, which is one longer matrix."""
    op.static()
    a, (left, right) = op.attrs, op.inputs[:2]
    if left.rank == right.rank == 2:
        y = op.call("MatMul", *op.some(0, 2), a.transpose_a, a.transpose_b)
    elif left.shape[:-2] == right.shape[:-2]:
        y = op.call("BatchMatMul", *op.some(0, 2), a.transpose_a, a.transpose_b)
    elif right.rank == 2 and not a.transpose_a:
        rows = op.reshaped(0, (-1 if left.size else 0, left.shape[-1]))
        flat = op.out.like((op.out.size // max(op.out.shape[-1], 1), op.out.shape[-1]))
        y = op.call("Reshape", op.call("MatMul", rows, op.x(1), False, a.transpose_b, out=flat), op.out.shape)
    else:
        batch = op.out.shape[:-2]
        operands = [
            op.call("BroadcastTo", name, (*batch, *spec.shape[-2:]), out=spec.like((*batch, *spec.shape[-2:])))
            for name, spec in zip(op.some(0, 2), op.inputs[:2], strict=True)
        ]
        y = op.call("BatchMatMul", *operands, a.transpose_a, a.transpose_b)
    return activated(op, y if len(op.inputs) == 2 else op.call("Add", y, op.x(2)))


def full_connection(op: Op) -> str:
    """x as a matrix, times the transposed weights."""
    op.static()
    weights = op.inputs[1]
    flat = op.out.like((op.out.size // weights.shape[0], weights.shape[0]))
    x = op.reshaped(0, (flat.shape[0], weights.shape[1]))
    y = op.call("MatMul", x, op.x(1), False, True, out=flat)
    y = y if len(op.inputs) == 2 else op.call("Add", y, op.x(2), out=flat)
    return activated(op, op.call("Reshape", y, op.out.shape))


def lstm(op: Op) -> list[str]:
    """The weights are one vector in both; two more results are for training."""
    a = op.attrs
    weights = op.reshaped(3, (op.inputs[3].size, 1, 1))
    unused = TensorSpec(DType.FLOAT32, (1, 1))
    attributes = {
        "input_size": a.input_size, "hidden_size": a.hidden_size, "num_layers": 1, "has_bias": a.has_bias,
        "bidirectional": False, "dropout": 0.0, "proj_size": 0,
    }  # fmt: skip
    return op.item("LSTM", [*op.some(0, 3), weights], [*op.outputs, unused, unused], 0, 1, 2, attributes=attributes)
