"""Normalization with given or computed statistics, and softmax."""
from __future__ import annotations

from converter.ir.graph import Value
from converter.mindir.lowering import Ints, Lowering, Unsupported
from converter.mindir.operands import Missing, Operand
from converter.mindir.primitives.convolution import check_nchw
from lite.ops.reduce import ReduceMode

_TRAINING = (
    "batch norms take the statistics of the batch, as in training, so results depend on what else is in it; "
    "to use those that training found call set_train(False) on the network before its export"
)
_DYNAMIC = "normalizes with the statistics of a batch of unknown size: fix the shapes of the inputs"


def _first_of(y: Value, op: str, count: int) -> Operand:
    """A tuple of which inference computes item 0 only."""
    missing = Missing(f"uses a result of {op} that only training needs")
    return (y, *[missing] * (count - 1))


def batch_norm(
    op: Lowering,
    x: Value,
    scale: Value,
    bias: Value,
    mean: Value,
    variance: Value,
    is_training: bool = False,
    epsilon: float = 1e-5,
    momentum: float = 0.1,
    format: int | str = "NCHW",
) -> Operand:
    """(x - mean) / sqrt(variance + epsilon) * scale + bias for each channel, dimension 1.

    is_training: mean and variance are those of x itself, over all its pictures: an InstanceNorm of one.
    """
    check_nchw(format)
    if is_training:
        op.remarks[_TRAINING] = None
        return _first_of(_batch_statistics(op, x, scale, bias, epsilon), "BatchNorm", 5)
    inputs = (scale, bias, mean, variance)
    if x.spec.rank <= 2:
        return _first_of(op.emit("FusedBatchNorm", x, *inputs, epsilon=epsilon), "BatchNorm", 5)
    y = op.emit("FusedBatchNorm", op.to_last(x), *inputs, label="norm", epsilon=epsilon)
    return _first_of(op.to_first(y), "BatchNorm", 5)


def _batch_statistics(op: Lowering, x: Value, scale: Value, bias: Value, epsilon: float) -> Value:
    if not x.spec.is_static:
        raise Unsupported(_DYNAMIC)
    last = op.to_last(x)
    pixels = op.emit("Reshape", last, op.ints((1, -1, last.spec.shape[-1]), "pixels/shape"), label="pixels")
    y = op.emit("InstanceNorm", pixels, scale, bias, label="norm", epsilon=epsilon)
    return op.to_first(op.emit("Reshape", y, op.ints(last.spec.shape, "shape"), label="pictures"))


def layer_norm(
    op: Lowering,
    x: Value,
    gamma: Value,
    beta: Value,
    begin_norm_axis: int = 1,
    begin_params_axis: int = 1,
    epsilon: float = 1e-7,
) -> Operand:
    """Statistics over the dimensions from begin_norm_axis on."""
    y = op.emit(
        "LayerNormFusion",
        x,
        gamma,
        beta,
        begin_norm_axis=begin_norm_axis,
        begin_params_axis=begin_params_axis,
        epsilon=epsilon,
        elementwise_affine=True,
    )
    return _first_of(y, "LayerNorm", 3)


def log_softmax_ext(op: Lowering, x: Value, dim: int | None = None, dtype: int | None = None) -> Operand:
    """Along one axis: where none is said, the first of one or three dimensions and the second of others."""
    if dtype not in (None, x.spec.dtype):
        raise Unsupported("normalizes in another type: cast the tensor before")
    axis = (0 if x.spec.rank in (0, 1, 3) else 1) if dim is None else dim
    return op.emit("LogSoftmax", x, axis=axis)


def softmax(op: Lowering, x: Value, axis: Ints = (-1,)) -> Operand:
    """Along one axis."""
    if len(axis) != 1:
        raise Unsupported(f"normalizes over the axes {axis} together: only one axis is supported")
    return op.emit("Softmax", x, axis=axis)


def log_softmax(op: Lowering, x: Value, axis: int = -1) -> Operand:
    """log(softmax(x)) along one axis."""
    return op.emit("LogSoftmax", x, axis=axis)


def l2_normalize(op: Lowering, x: Value, *, axis: Ints, epsilon: float = 1e-4) -> Operand:
    """x / sqrt(max(sum x^2, epsilon)) along an axis."""
    return op.emit("L2NormalizeFusion", x, axis=axis, epsilon=epsilon)


def lrn(
    op: Lowering, x: Value, *, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5
) -> Operand:
    """x [N, C, H, W] divided by a power of the squares of neighboring channels."""
    fields = {"depth_radius": depth_radius, "bias": bias, "alpha": alpha, "beta": beta}
    return op.to_first(op.emit("LRN", op.to_last(x), label="lrn", norm_region="ACROSS_CHANNELS", **fields))


def instance_norm(
    op: Lowering,
    x: Value,
    gamma: Value,
    beta: Value,
    mean: Value,
    variance: Value,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.1,
) -> Operand:
    """Statistics over the pixels of each channel, dimension 1, of each picture; the averages take no part."""
    y = op.emit("InstanceNorm", op.to_last(x), gamma, beta, label="norm", epsilon=epsilon)
    return _first_of(op.to_first(y), "InstanceNorm", 3)


def group_norm(op: Lowering, x: Value, num_groups: int, gamma: Value, beta: Value, epsilon: float = 1e-5) -> Operand:
    """Statistics over the pixels and channels of each group; channels are dimension 1."""
    fields = {"num_groups": num_groups, "epsilon": epsilon, "affine": True}
    y = op.emit("GroupNormFusion", op.to_last(x), gamma, beta, label="norm" if x.spec.rank > 2 else "", **fields)
    return _first_of(op.to_first(y), "GroupNorm", 3)


def rms_norm(op: Lowering, x: Value, gamma: Value, epsilon: float = 1e-6) -> Operand:
    """x / sqrt(mean of x^2 + epsilon) * gamma, the mean over the dimensions of gamma."""
    axes: Ints = tuple(range(-gamma.spec.rank, 0))
    squares = op.emit("Square", x, label="squares")
    mean = op.emit(
        "ReduceFusion", squares, op.ints(axes, "axes"), mode=ReduceMode.ReduceMean, keep_dims=True, label="mean"
    )
    factor = op.emit("Rsqrt", op.emit("AddFusion", *op.operands(mean, epsilon), label="epsilon"), label="factor")
    normal = op.emit("MulFusion", x, factor, label="normal")
    y = op.emit("MulFusion", *op.operands(normal, gamma))
    return (y, Missing("uses a result of RmsNorm that only training needs"))
