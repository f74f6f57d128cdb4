"""Sums, extremes, norms, products of matrices and recurrences."""
from __future__ import annotations

import numpy as np

from converter.exporters.onnx.builder import Op, Row
from converter.exporters.onnx.rows.elementwise import activated
from converter.exporters.refusals import Unsupported
from lite.ops.reduce import ReduceMode, reduced_axes
from lite.types import DType

_REDUCTIONS = {
    ReduceMode.ReduceMean: "ReduceMean", ReduceMode.ReduceMax: "ReduceMax", ReduceMode.ReduceMin: "ReduceMin",
    ReduceMode.ReduceProd: "ReduceProd", ReduceMode.ReduceSum: "ReduceSum", ReduceMode.ReduceASum: "ReduceL1",
    ReduceMode.ReduceSumSquare: "ReduceSumSquare", ReduceMode.ReduceL2: "ReduceL2", ReduceMode.ReduceAll: "ReduceMin",
}  # fmt: skip


def reduce(op: Op) -> str:
    """Over axes that are known."""
    a = op.attrs
    axes = reduced_axes(a, op.inputs[0], op.known(1, "axes") if len(op.inputs) > 1 else ())
    x = op.cast(op.x(), DType.INT32) if a.mode == ReduceMode.ReduceAll else op.x()
    y = op.emit(_REDUCTIONS[a.mode], x, *([op.ints(*axes)] if axes else []), keepdims=int(a.keep_dims))
    if a.mode == ReduceMode.ReduceAll:
        return op.cast(y, DType.BOOL)
    return op.emit("Mul", y, op.number(a.coeff)) if a.reduce_to_end and abs(a.coeff) > 1e-5 else y


def extremum(largest: bool) -> Row:
    """Indices, or values, of the best along an axis."""

    def row(op: Op) -> str:
        a, count = op.attrs, max(op.attrs.top_k, 1)
        if count > 1:
            return _best(op, op.ints(count), a.axis, largest)[0 if a.out_max_value else 1]
        if a.out_max_value:
            return op.emit("ReduceMax" if largest else "ReduceMin", op.x(), op.ints(a.axis), keepdims=int(a.keep_dims))
        found = op.emit("ArgMax" if largest else "ArgMin", op.x(), axis=a.axis, keepdims=int(a.keep_dims))
        return op.cast(found, DType.INT32)

    return row


def top_k(op: Op) -> list[str]:
    """Values and indices, best first."""
    k = op.emit("Reshape", op.wide(1), op.ints(1)) if op.inputs[1].value is None else op.ints(*op.known(1, "k"))
    return _best(op, k, op.attrs.axis, op.attrs.largest != 0)


def _best(op: Op, k: str, axis: int, largest: bool) -> list[str]:
    values, indices = op.emit_all("TopK", [op.x(), k], 2, axis=axis, largest=int(largest))
    return [values, op.cast(indices, DType.INT32)]


def cumulative_sum(op: Op) -> str:
    """The axis is an input in both."""
    settings = {"exclusive": int(op.attrs.exclusive), "reverse": int(op.attrs.reverse)}
    return op.emit("CumSum", op.x(), op.reshaped(1, ()), **settings)


def softmax(op: Op) -> str:
    """Along one axis."""
    return op.emit("Softmax", op.x(), axis=op.attrs.axis[0])


def log_softmax(op: Op) -> str:
    """Along one axis."""
    return op.emit("LogSoftmax", op.x(), axis=op.attrs.axis)


def layer_norm(op: Op) -> str:
    """Over the axes from one on; factors over other axes are applied afterwards."""
    a, x = op.attrs, op.inputs[0]
    first = a.begin_norm_axis % x.rank
    fits = len(op.inputs) == 3 and a.begin_params_axis % x.rank == first
    if fits:
        return op.emit("LayerNormalization", *op.names, axis=first, epsilon=a.epsilon)
    if min(x.shape[first:], default=1) < 0:
        raise Unsupported("the size of what it normalizes is not known: fix it with the option input_shapes")
    one = op.constant(np.ones(x.shape[first:]), x.dtype.dtype)
    y = op.emit("LayerNormalization", op.x(), one, axis=first, epsilon=a.epsilon)
    return y if len(op.inputs) == 1 else op.emit("Add", op.emit("Mul", y, op.x(1)), op.x(2))


def l2_normalize(op: Op) -> str:
    """x / sqrt(max(sum x^2, epsilon))"""
    axes = [op.ints(*op.attrs.axis)] if op.attrs.axis else []
    total = op.emit("ReduceSumSquare", op.x(), *axes, keepdims=1)
    return activated(op, op.emit("Div", op.x(), op.emit("Sqrt", op.emit("Max", total, op.number(op.attrs.epsilon)))))


def lp_normalize(op: Op) -> str:
    """x / norm"""
    norm = op.emit(f"ReduceL{op.attrs.p}", op.x(), op.ints(op.attrs.axis), keepdims=1)
    return op.emit("Div", op.x(), norm)


def batch_norm(op: Op) -> str:
    """(x - mean) / sqrt(variance + epsilon), channels last; the statistics of the batch itself in training."""
    x = op.x()
    if op.attrs.is_training:
        axes = op.ints(*range(op.inputs[0].rank - 1))
        mean = op.emit("ReduceMean", x, axes, keepdims=1)
        centered = op.emit("Sub", x, mean)
        variance = op.emit("ReduceMean", op.emit("Mul", centered, centered), axes, keepdims=1)
    else:
        mean, variance = op.some(1)
    deviation = op.emit("Sqrt", op.emit("Add", variance, op.number(op.attrs.epsilon)))
    return op.emit("Div", op.emit("Sub", x, mean), deviation)


def scale(op: Op) -> str:
    """x * scale + offset, laid along a run of axes."""
    x, factor = op.inputs[:2]
    after = x.rank - op.attrs.axis % x.rank - factor.rank
    along = (*factor.shape, *(1,) * after)
    if sum(d < 0 for d in along) > 1:
        raise Unsupported("the shape of its factors is not known")
    y = op.emit("Mul", op.x(), op.reshaped(1, along))
    return activated(op, y if len(op.inputs) == 2 else op.emit("Add", y, op.reshaped(2, along)))


def matmul(op: Op) -> str:
    """Gemm for two matrices of numbers with a point; else the transposes are made."""
    a = op.attrs
    left, right = op.inputs[:2]
    if left.rank == right.rank == 2 and left.dtype.dtype.kind == "f":
        return activated(op, op.emit("Gemm", *op.names, transA=int(a.transpose_a), transB=int(a.transpose_b)))
    operands = [
        op.transposed(i, (*range(spec.rank - 2), spec.rank - 1, spec.rank - 2)) if swapped else op.x(i)
        for i, (spec, swapped) in enumerate(((left, a.transpose_a), (right, a.transpose_b)))
    ]
    y = op.emit("MatMul", *operands)
    return activated(op, y if len(op.inputs) == 2 else op.emit("Add", y, op.x(2)))


def full_connection(op: Op) -> str:
    """x as a matrix, times the transposed weights."""
    x = op.emit("Reshape", op.x(), op.ints(-1, op.inputs[1].shape[1]))
    y = activated(op, op.emit("Gemm", x, *op.some(1), transB=1))
    return y if op.out.rank == 2 else op.emit("Reshape", y, op.target())


def lstm(op: Op) -> list[str]:
    """Gates i, f, g, o become i, o, f, g; the weights are one vector in both parts' order."""
    a, weights = op.attrs, op.inputs[3].value
    if weights is None:
        raise Unsupported("its weights are computed while the network runs")
    hidden, channels = a.hidden_size, a.input_size
    parts = np.split(weights, [4 * hidden * channels, 4 * hidden * (channels + hidden)])
    w, r = (_gates(part.reshape(4, hidden, -1)) for part in parts[:2])
    inputs = [op.x(), op.constant(w), op.constant(r), "", "", op.x(1), op.x(2)]
    if a.has_bias:
        bias = _gates(parts[2].reshape(4, hidden, 1)).reshape(1, -1)
        inputs[3] = op.constant(np.concatenate([bias, np.zeros_like(bias)], axis=1))
    y, h, c = op.emit_all("LSTM", inputs, 3, hidden_size=hidden)
    return [op.emit("Squeeze", y, op.ints(1)), h, c]


def _gates(parts: np.ndarray) -> np.ndarray:
    return parts[[0, 3, 1, 2]].reshape(1, 4 * parts.shape[1], -1)
