"""Fully connected layer: y = act(x @ transpose(w) + b), with x seen as a matrix."""
from __future__ import annotations

import math

from lite.errors import ShapeError
from lite.ops.activation import apply
from lite.ops.checks import FLOATS, check_dtype, check_fused_activation, check_rank, check_same_dtype, check_shape
from lite.ops.enums import ActivationType
from lite.ops.numerics import in_float32, wide
from lite.ops.registry import Attributes, op
from lite.ops.shapes import normalize_axis, product
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class FullConnection(Attributes):
    """use_axis: x's dimensions from `axis` on are the features, those before it stay. Else x is [-1, features].

    has_bias: written for other readers; the inputs say it.
    """

    has_bias: bool = False
    use_axis: bool = False
    axis: int = 0
    activation_type: ActivationType = ActivationType.NO_ACTIVATION

    def __post_init__(self) -> None:
        check_fused_activation(self)


@op(FullConnection)
def infer(attrs: FullConnection, x: TensorSpec, w: TensorSpec, b: TensorSpec | None = None) -> TensorSpec:
    """x of any rank, w [outputs, features], b [outputs] of one floating-point dtype -> [..., outputs]."""
    check_dtype(attrs.op, x, FLOATS)
    check_same_dtype(attrs.op, x, w)
    check_rank(attrs.op, w, 2)
    outputs, features = w.shape
    if b is not None:
        check_same_dtype(attrs.op, x, b)
        check_shape(attrs.op, "a bias", b, (outputs,))
    if attrs.use_axis:
        axis = normalize_axis(attrs.op, attrs.axis, x.rank, x)
        flat = product(x.shape[axis:])
        if flat != features and flat >= 0 and features >= 0:
            raise ShapeError(f"{attrs.op} weights {w} take {features} features, but {x} has {flat} from axis {axis} on")
        return x.like((*x.shape[:axis], outputs))
    total = product(x.shape)
    if total < 0 or features < 0:
        return x.like((-1, outputs))
    if features == 0 or total % features:
        raise ShapeError(f"{attrs.op} weights {w} take {features} features, which do not divide the {total} of {x}")
    return x.like((total // features, outputs))


@infer.reference
@in_float32
def reference(attrs: FullConnection, x: Array, w: Array, b: Array | None = None) -> Array:
    kept = x.shape[: attrs.axis] if attrs.use_axis else (x.size // w.shape[1],)
    y = wide(x).reshape(math.prod(kept), w.shape[1]) @ wide(w).T
    return apply(attrs.activation_type, y if b is None else y + b).astype(x.dtype).reshape(*kept, w.shape[0])
