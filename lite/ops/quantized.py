"""Operators on tensors of small integers: what int8 networks compute, to the last bit.

A quantized tensor stores codes: real = (code - zero_point) * scale. `Quantized` holds an operator and how each of its
operands is stored. `round` is to nearest, halves to even; float32 results are rounded after each multiplication and
each addition; M is computed in float64 and rounded to float32 once. s, z: scales and zero points; lo, hi: the least and
largest code of the output, and where RELU or RELU6 is fused, the codes of 0 and 6 where these are nearer.

    QuantDTypeCast     q = clamp(round(x * M) + z, lo, hi), M = 1 / s         x = float32(q - z) * s
    products           acc = sum of (x - zx) * (w - zw), + bias: exact, in int32; the bias' codes have scale sx * sw
                       y = clamp(round(float32(acc) * M) + zy, lo, hi)        M = sx * sw / sy, one an output channel
    AddFusion          y = clamp(round(float32(a - za) * Ma + float32(b - zb) * Mb) + zy, lo, hi)    M = s / sy
    MulFusion          y = clamp(round(float32((a - za) * (b - zb)) * M) + zy, lo, hi)               M = sa * sb / sy
    AvgPoolFusion      y = clamp(round(float32(sum of (x - zx)) * M) + zy, lo, hi)             M = sx / (sy * count)
    products by row    of float32 x and y, weights alone in codes: rows of x become codes first, see lite/ops/dynamic.py
    layers by row      LSTM, GRULayer, RNNLayer with no operand in codes: both products are by row
    operators that move, repeat or choose elements: the codes themselves, where all operands are stored alike
    all others         the float32 reference of what the codes stand for, and its result as QuantDTypeCast does it

Products are the convolutions, MatMulFusion and FullConnection; by row the latter two, and convolutions of a pixel.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from lite.errors import DTypeError
from lite.ops.activation import apply
from lite.ops.checks import check_dtype
from lite.ops.enums import ActivationType, PadMode
from lite.ops.registry import Attributes, Op, evaluate, infer, op
from lite.records import dataclass, replace
from lite.types import Array, DType, TensorSpec

if TYPE_CHECKING:
    from typing import TypeGuard

PRODUCTS = frozenset({"Conv2DFusion", "Conv2dTransposeFusion", "FullConnection", "MatMulFusion"})
RECURRENT = frozenset({"GRULayer", "LSTM", "RNNLayer"})
_CODES = frozenset({DType.INT8, DType.INT16})
# Every element of the result is an element of an input, or the real number 0.
MOVES = frozenset(
    {
        "BroadcastTo", "Concat", "Crop", "DepthToSpace", "ExpandDims", "Flatten", "Gather", "MaxPoolFusion", "Reshape",
        "SliceFusion", "SpaceToDepth", "Split", "Squeeze", "Stack", "StridedSlice", "TileFusion", "Transpose",
        "Unsqueeze", "Unstack",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Affine:
    """How codes stand for real numbers: one scale and zero point, or one for each element of `axis`.

    bits: of a code; codes are signed, in [-2^(bits - 1), 2^(bits - 1)).
    """

    scale: tuple[float, ...]
    zero_point: tuple[int, ...] = (0,)
    axis: int = 0
    bits: int = 8

    @property
    def low(self) -> int:
        """The least code."""
        return -(1 << (self.bits - 1))

    @property
    def high(self) -> int:
        """The largest code."""
        return (1 << (self.bits - 1)) - 1

    @property
    def dtype(self) -> DType:
        """The element type of codes."""
        return DType.INT8 if self.bits <= 8 else DType.INT16 if self.bits <= 16 else DType.INT32

    def spread(self, rank: int) -> tuple[Array, Array]:
        """scale (float64) and zero_point (int64) as arrays that broadcast against codes of this rank."""
        shape = [1] * rank
        if max(len(self.scale), len(self.zero_point)) > 1:
            shape[self.axis] = -1
        scale, zero_point = np.array(self.scale), np.array(self.zero_point, np.int64)
        return tuple(x if len(x) == 1 else x.reshape(shape) for x in (scale, zero_point))  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Quantized(Attributes):
    """An operator on codes. inputs, outputs: how each operand is stored, None for one that is not quantized."""

    is_quantized: ClassVar[bool] = True

    inner: Attributes
    inputs: tuple[Affine | None, ...]
    outputs: tuple[Affine | None, ...]

    @property
    def op(self) -> str:
        """The operator's schema name."""
        return self.inner.op

    def definition(self) -> Op:
        """Its shape inference and reference."""
        return _QUANTIZED


@dataclass(frozen=True, slots=True)
class QuantDTypeCast(Attributes):
    """From float32 to codes or back. src_t, dst_t: element types, values of DType."""

    ignored = ("axis",)

    src_t: int = 0
    dst_t: int = 0

    def __post_init__(self) -> None:
        if DType.FLOAT32 not in (self.src_t, self.dst_t) or not {self.src_t, self.dst_t} & _CODES:
            raise ValueError(f"QuantDTypeCast is from {self.src_t} to {self.dst_t}: expected float32 and int8 or int16")


@op(QuantDTypeCast)
def infer_cast(attrs: QuantDTypeCast, x: TensorSpec) -> TensorSpec:
    """x of type src_t -> x's shape in dst_t."""
    check_dtype(attrs.op, x, {DType(attrs.src_t)})
    return x.like(dtype=DType(attrs.dst_t))


@infer_cast.reference
def reference_cast(attrs: QuantDTypeCast, x: Array) -> Array:
    """Where the file says nothing else: scale 1 and zero point 0."""
    if attrs.dst_t == DType.FLOAT32:
        return x.astype(np.float32)
    return quantize(x, Affine((1.0,), bits=8 * DType(attrs.dst_t).itemsize))


def multiplier(attrs: Quantized, *, count: int = 1) -> Array:
    """M of a product, MulFusion or AvgPoolFusion: float32, one or one for each output channel."""
    operands = attrs.inputs[:2] if attrs.op in PRODUCTS or attrs.op == "MulFusion" else attrs.inputs[:1]
    scale = np.ones(1)
    for stored in operands:
        scale = scale * np.array(_stored(stored).scale)
    m: Array = (scale / (np.array(_stored(attrs.outputs[0]).scale) * count)).astype(np.float32)
    return m


def shares(attrs: Quantized) -> tuple[np.float32, np.float32]:
    """Ma and Mb of AddFusion."""
    a, b, y = (_stored(x).scale[0] for x in (*attrs.inputs[:2], attrs.outputs[0]))
    return np.float32(a / y), np.float32(b / y)


def bounds(y: Affine, activation: ActivationType = ActivationType.NO_ACTIVATION) -> tuple[int, int]:
    """lo and hi."""
    low, high = y.low, y.high
    if activation in (ActivationType.RELU, ActivationType.RELU6):
        low = max(low, min(y.zero_point[0], high))
    if activation == ActivationType.RELU6:
        high = min(high, max(low, round(6 / y.scale[0]) + y.zero_point[0]))
    return low, high


def quantize(x: Array, y: Affine) -> Array:
    """Codes of real numbers, as QuantDTypeCast gives them; NaN becomes the zero point."""
    scale, zero_point = y.spread(x.ndim)
    scaled = np.nan_to_num(x.astype(np.float32) * (1 / scale).astype(np.float32), nan=0.0)
    codes: Array = np.clip(np.rint(scaled) + zero_point, y.low, y.high)
    return codes.astype(y.dtype.dtype)


def dequantize(codes: Array, x: Affine) -> Array:
    """The real numbers that codes stand for, float32."""
    scale, zero_point = x.spread(codes.ndim)
    real: Array = (codes - zero_point).astype(np.float32) * scale.astype(np.float32)
    return real


def is_by_row(attrs: Attributes) -> TypeGuard[Quantized]:
    """Whether the operator is a product, or has products, whose rows become codes while it runs."""
    if not isinstance(attrs, Quantized):
        return False
    inner: Any = attrs.inner
    if inner.op in RECURRENT:
        return not any((*attrs.inputs, *attrs.outputs))
    if len(attrs.inputs) < 2 or attrs.outputs != (None,):
        return False
    if attrs.inputs[0] is not None or attrs.inputs[1] is None:
        return False
    if inner.op == "Conv2DFusion":
        padded = inner.pad_mode == PadMode.PAD and any(inner.pad_list)
        return bool(inner.group == 1 and inner.kernel_size == inner.stride == (1, 1)) and not padded
    return inner.op == "FullConnection" or (inner.op == "MatMulFusion" and not inner.transpose_a)


def moves_codes(attrs: Quantized) -> bool:
    """Whether the operator is done by moving codes as they are."""
    stored = [a for a in (*attrs.inputs, *attrs.outputs) if a is not None]
    plain = attrs.op in MOVES or (attrs.op == "Resize" and int(getattr(attrs.inner, "method", 0)) == 1)
    return plain and all(a == stored[0] for a in stored) and _activation(attrs) == ActivationType.NO_ACTIVATION


def _infer(attrs: Quantized, *inputs: TensorSpec) -> tuple[TensorSpec, ...]:
    """Codes of the types that Affine says; the shapes are the inner operator's."""
    seen = []
    for x, stored in zip(inputs, (*attrs.inputs, *[None] * len(inputs)), strict=False):
        if stored is not None and x.dtype != stored.dtype:
            raise DTypeError(f"quantized {attrs.op} expects {stored.dtype}, got {x}")
        seen.append(x if stored is None else TensorSpec(DType.FLOAT32, x.shape, x.name))
    if isinstance(attrs.inner, QuantDTypeCast):
        outputs: Sequence[TensorSpec] = (seen[0].like(dtype=DType.FLOAT32),)
    else:
        outputs = infer(attrs.inner, seen)
    stored_as = (*attrs.outputs, *[None] * len(outputs))
    return tuple(y if a is None else y.like(dtype=a.dtype) for y, a in zip(outputs, stored_as, strict=False))


def _reference(attrs: Quantized, *inputs: Array) -> tuple[Array, ...]:
    pairs = list(zip(inputs, (*attrs.inputs, *[None] * len(inputs)), strict=False))
    if isinstance(attrs.inner, QuantDTypeCast):
        real = [x if a is None else dequantize(x, a) for x, a in pairs]
        return tuple(y if a is None else quantize(y, a) for y, a in zip(real, attrs.outputs, strict=True))
    if moves_codes(attrs):
        return evaluate(attrs.inner, inputs)
    if is_by_row(attrs):
        return _layer_by_row(attrs.inner, *inputs) if attrs.op in RECURRENT else (_by_row(attrs, *inputs),)
    if all(a is not None for a in (*attrs.inputs, *attrs.outputs)):
        shifted = [x - a.spread(x.ndim)[1] for x, a in pairs if a is not None]
        if attrs.op in PRODUCTS:
            plain: Attributes = replace(cast(Any, attrs.inner), activation_type=ActivationType.NO_ACTIVATION)
            (total,) = evaluate(plain, [x.astype(np.float64) for x in shifted])
            return (_requantized(attrs, total, multiplier(attrs)),)
        if attrs.op == "AddFusion" and len(inputs) == 2:
            terms = [x.astype(np.float32) * m for x, m in zip(shifted, shares(attrs), strict=True)]
            return (_requantized(attrs, terms[0] + terms[1], np.float32(1)),)
        if attrs.op == "MulFusion":
            return (_requantized(attrs, shifted[0] * shifted[1], multiplier(attrs)),)
        if attrs.op == "AvgPoolFusion":
            return (_average(attrs, shifted[0]),)
    real = [x if a is None else dequantize(x, a) for x, a in pairs]
    outputs = evaluate(attrs.inner, real)
    stored_as = (*attrs.outputs, *[None] * len(outputs))
    return tuple(y if a is None else quantize(y, a) for y, a in zip(outputs, stored_as, strict=False))


def _layer_by_row(inner: Attributes, *inputs: Array) -> tuple[Array, ...]:
    from lite.ops import lstm, recurrent  # few networks have them
    from lite.ops.dynamic import row_product

    if isinstance(inner, recurrent.RNNLayer):
        return recurrent.rnn_layer(row_product, inner, *inputs)
    return (lstm.layer if inner.op == "LSTM" else recurrent.gru_layer)(row_product, cast(Any, inner), *inputs)


def _by_row(attrs: Quantized, x: Array, w: Array, bias: Array | None = None) -> Array:
    from lite.ops.dynamic import codes_of

    inner, stored = attrs.inner, _stored(attrs.inputs[1])
    rows = x.reshape(-1, w.shape[1]) if inner.op == "FullConnection" else x
    codes, zero, scale = codes_of(rows)
    plain: Attributes = replace(cast(Any, inner), activation_type=ActivationType.NO_ACTIVATION)
    real = (codes - zero).astype(np.float64).reshape(x.shape)
    (total,) = evaluate(plain, [real, (w - stored.spread(w.ndim)[1]).astype(np.float64)])
    m = scale.reshape(*total.shape[:-1], 1) * np.array(stored.scale, np.float32)
    return apply(_activation(attrs), total.astype(np.float32) * m + (np.float32(0) if bias is None else bias))


def _average(attrs: Quantized, x: Array) -> Array:
    from lite.ops import pool

    inner = attrs.inner
    assert isinstance(inner, pool.AvgPoolFusion), "the operator's name is the class's"
    rows, columns = pool.spans(inner, x.shape)
    tall = np.stack([x[:, first:end].sum(axis=1) for first, end in rows], axis=1)
    total = np.stack([tall[:, :, first:end].sum(axis=2) for first, end in columns], axis=2)
    counts = np.array([[(b - a) * (d - c) for c, d in columns] for a, b in rows])
    m = np.array([multiplier(attrs, count=int(n))[0] for n in counts.reshape(-1)]).reshape(*counts.shape, 1)
    return _requantized(attrs, total, m)


def _requantized(attrs: Quantized, total: Array, m: Array | np.float32) -> Array:
    y = _stored(attrs.outputs[0])
    low, high = bounds(y, _activation(attrs))
    codes: Array = np.clip(np.rint(total.astype(np.float32) * m) + y.zero_point[0], low, high)
    return codes.astype(y.dtype.dtype)


def _stored(affine: Affine | None) -> Affine:
    assert affine is not None, "operands of these operators are codes, or the operator is not computed in codes"
    return affine


def _activation(attrs: Quantized) -> ActivationType:
    if attrs.op == "Activation":
        return ActivationType.NO_ACTIVATION  # it is what the operator computes, not what is fused into one
    kind: ActivationType = getattr(attrs.inner, "activation_type", ActivationType.NO_ACTIVATION)
    return kind


_QUANTIZED = Op(Quantized, _infer)
_QUANTIZED.reference(_reference)
