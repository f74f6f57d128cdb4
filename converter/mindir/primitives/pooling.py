"""Pooling. MindIR has images as NCHW, the schema as NHWC."""
from __future__ import annotations

from collections.abc import Callable

from converter.errors import ParseError
from converter.ir.graph import Value
from converter.mindir.lowering import TO_NHWC, Ints, Lower, Lowering, Unsupported
from converter.mindir.operands import Missing, Operand
from converter.mindir.primitives.convolution import check_nchw, pad_mode_of, pair
from lite.ops.enums import PadMode, RoundMode
from lite.ops.reduce import ReduceMode

_MOST_PARTS = 1024  # each is some operators
INDICES = "uses the indices of a max pooling: they are not computed"


def pool(schema_op: str) -> Lower:
    """Max or average pooling of x [N, C, H, W]; padding never counts."""

    def lower(
        op: Lowering,
        x: Value,
        kernel_size: Ints,
        strides: Ints,
        pad_mode: int | str = "valid",
        format: int | str = "NCHW",
    ) -> Operand:
        check_nchw(format)
        mode = pad_mode_of(op, pad_mode)
        if mode is PadMode.PAD:
            raise Unsupported("pads explicitly: use pad_mode 'same' or 'valid', with a Pad before it")
        fields = {"kernel_size": pair(op, kernel_size, "kernel_size"), "strides": pair(op, strides, "strides")}
        return over_nhwc(op, x, lambda y: op.emit(schema_op, y, label="pool", pad_mode=mode, **fields))

    return lower


def max_pool_with_argmax(
    op: Lowering, x: Value, *, ksize: Ints, strides: Ints, pad_mode: int | str = "valid"
) -> Operand:
    """x [N, C, H, W] -> the largest element of each window, and its index, which is not computed.

    ksize and strides are written (1, height, width, 1), whatever the layout of the data.
    """
    if len(ksize) != 4 or len(strides) != 4:
        raise ParseError(f"{op.name}: ksize {ksize} and strides {strides} are not (1, height, width, 1)")
    mode = pad_mode_of(op, pad_mode)
    if mode is not PadMode.VALID and max(strides) > 1:  # MindSpore's result is not what its definition says
        raise Unsupported("pads with a stride above 1: use MaxPool2d")
    fields = {"kernel_size": ksize[1:3], "strides": strides[1:3], "pad_mode": mode}
    y = over_nhwc(op, x, lambda y: op.emit("MaxPoolFusion", y, label="pool", **fields))
    return (y, Missing(INDICES))


def over_nhwc(op: Lowering, x: Value, body: Callable[[Value], Value], label: str = "") -> Value:
    """body over x [N, C, H, W] as NHWC, its result as NCHW."""
    return op.to_first(body(op.transpose(x, TO_NHWC, "to_nhwc")), label)


def adaptive_avg_pool(op: Lowering, x: Value, output_size: Ints) -> Operand:
    """x [..., H, W] to that size: the mean of each part."""
    return _adaptive(op, x, output_size, ReduceMode.ReduceMean)


def adaptive_avg_pool_1d(op: Lowering, x: Value, output_size: Ints) -> Operand:
    """x [..., W] to that size: the mean of each part."""
    return _adaptive(op, x, output_size, ReduceMode.ReduceMean, 1)


def adaptive_avg_pool_3d(op: Lowering, x: Value, output_size: Ints) -> Operand:
    """x [..., D, H, W] to that size: the mean of each part."""
    return _adaptive(op, x, output_size, ReduceMode.ReduceMean, 3)


def adaptive_max_pool(op: Lowering, x: Value, output_size: Ints) -> Operand:
    """x [..., H, W] to that size: the largest of each part, and its index, which is not computed."""
    return (_adaptive(op, x, output_size, ReduceMode.ReduceMax), Missing(INDICES))


def adaptive_max_pool_3d(op: Lowering, x: Value, output_size: Ints) -> Operand:
    """x [..., D, H, W] to that size: the largest of each part, and its index, which is not computed."""
    return (_adaptive(op, x, output_size, ReduceMode.ReduceMax, 3), Missing(INDICES))


def _adaptive(op: Lowering, x: Value, output_size: Ints, mode: ReduceMode, count: int = 2) -> Value:
    """Part i of n along a side of s pixels goes from floor(i s / n) up to ceil((i + 1) s / n).

    All of these are boxes, so the sides, the last `count` dimensions, are combined one after the other; -1 leaves a
    side as it is.
    """
    rank = x.spec.rank
    sides = output_size if len(output_size) == count else output_size * count
    if len(sides) != count or rank <= count or not all(side == -1 or side > 0 for side in sides):
        raise Unsupported(f"pools {x.spec.like()} to {output_size}: only images and volumes are supported")
    axes = tuple(range(rank - count, rank))
    if set(sides) == {1}:
        return op.emit("ReduceFusion", x, op.ints(axes, "axes"), mode=mode, keep_dims=True)
    if min(x.spec.shape[-count:]) < 1:
        raise Unsupported(f"pools {x.spec.like()} to {output_size}: fix its height and width")
    for axis, parts in zip(axes, sides, strict=True):
        if parts not in (-1, x.spec.shape[axis]):
            x = _parts(op, x, axis, parts, mode)
    return x


def _parts(op: Lowering, x: Value, axis: int, count: int, mode: ReduceMode) -> Value:
    """The parts of one axis, combined: in one step where all are as long, and one by one else."""
    size, shape = x.spec.shape[axis], x.spec.shape
    if size % count == 0 and x.spec.is_static:
        cut = op.ints((*shape[:axis], count, size // count, *shape[axis + 1 :]), f"{axis}/shape")
        together = op.emit("Reshape", x, cut, label=f"cut{axis}")
        return op.emit("ReduceFusion", together, op.ints((axis + 1,), f"{axis}/axes"), mode=mode, label=f"pool{axis}")
    if count > _MOST_PARTS:
        raise Unsupported(f"pools {size} elements to {count} parts of different lengths: at most {_MOST_PARTS}")
    pieces: list[Value] = []
    for i in range(count):
        first, last = i * size // count, -(-(i + 1) * size // count)
        bounds = (op.ints((first,), f"{axis}/{i}/begin"), op.ints((last - first,), f"{axis}/{i}/size"))
        part = op.emit("SliceFusion", x, *bounds, axes=(axis,), label=f"part{axis}_{i}")
        where = op.ints((axis,), f"{axis}/{i}/axes")
        pieces.append(op.emit("ReduceFusion", part, where, mode=mode, keep_dims=True, label=f"pool{axis}_{i}"))
    return op.emit("Concat", *pieces, axis=axis, label=f"together{axis}")


def max_pool_v2(
    op: Lowering,
    x: Value,
    *,
    kernel_size: Ints,
    strides: Ints,
    pads: Ints,
    dilation: Ints = (1, 1, 1, 1),
    ceil_mode: bool = False,
) -> Operand:
    """x [N, C, H, W] -> the largest element of each window, and its index, which is not computed."""
    if set(dilation) != {1}:
        raise Unsupported(f"pools with dilation {dilation}: only 1 is supported")
    if not len(kernel_size) == len(strides) == len(pads) == 4:
        raise ParseError(f"{op.name}: {kernel_size}, {strides} and {pads} are not (1, 1, height, width)")
    fields = {
        "kernel_size": kernel_size[2:],
        "strides": strides[2:],
        "pad": (pads[2], pads[2], pads[3], pads[3]),
        "round_mode": RoundMode.CEIL if ceil_mode else RoundMode.FLOOR,
    }
    return (over_nhwc(op, x, lambda y: op.emit("MaxPoolFusion", y, label="pool", **fields)), Missing(INDICES))


def channel_shuffle(op: Lowering, x: Value, *, group: int) -> Operand:
    """Channel j of group i becomes channel i of group j; channels are dimension 1."""
    batch, channels, *sides = x.spec.shape
    if min(channels, *sides) < 0 or group < 1 or channels % group:
        raise Unsupported(f"shuffles {x.spec.like()} in {group} groups: fix its shape")
    grouped = op.emit("Reshape", x, op.ints((-1, group, channels // group, *sides), "groups/shape"), label="groups")
    order = (0, 2, 1, *range(3, 3 + len(sides)))
    return op.emit("Reshape", op.transpose(grouped, order, "order"), op.ints((batch, channels, *sides), "shape"))
