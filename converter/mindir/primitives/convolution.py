"""Convolution. MindIR has images as NCHW and filters as [outputs, inputs, kh, kw]; the schema is NHWC."""
from __future__ import annotations

from collections.abc import Sequence

from converter.errors import ParseError
from converter.ir.graph import Value
from converter.mindir.lowering import TO_NHWC, Ints, Lowering, Unsupported
from converter.mindir.operands import Operand
from lite.ops.enums import PadMode

# Names in exports of different ages and operators, and the ids that operators with inputs use.
PAD_MODES: dict[int | str, PadMode] = {
    "pad": PadMode.PAD, "calculated": PadMode.PAD, "same": PadMode.SAME, "valid": PadMode.VALID,
    0: PadMode.PAD, 1: PadMode.SAME, 2: PadMode.VALID,
}  # fmt: skip
NCHW_NAMES: tuple[int | str, ...] = ("NCHW", 0)
NCDHW_NAMES: tuple[int | str, ...] = ("NCDHW", 14)


def pad_mode_of(op: Lowering, pad_mode: int | str) -> PadMode:
    """The schema's padding mode for a name or an id."""
    key = pad_mode.lower() if isinstance(pad_mode, str) else pad_mode
    if key not in PAD_MODES:
        raise ParseError(f"{op.name}: pad_mode {pad_mode!r} is none of {', '.join(map(str, PAD_MODES))}")
    return PAD_MODES[key]


def check_nchw(data_format: int | str) -> None:
    """Images must be NCHW; exports for CPU always are."""
    if data_format not in NCHW_NAMES:
        raise Unsupported(f"is laid out as {data_format}: build the network with data_format='NCHW'")


def pair(op: Lowering, values: Ints, what: str) -> Ints:
    """(height, width) of one number for both, of (height, width), or of (1, 1, height, width)."""
    if len(values) == 4 and values[:2] == (1, 1):
        return values[2:]
    if len(values) not in (1, 2):
        raise ParseError(f"{op.name}: {what} {values} is neither one number nor (height, width)")
    return values * 2 if len(values) == 1 else values


def pads_of(op: Lowering, mode: PadMode, pad_list: Ints, pad: Ints) -> Ints:
    """(top, bottom, left, right) for PAD, else none: the other modes compute theirs, for resized inputs too.

    pad_list is what MindSpore computed for the exported size, -1 where that was dynamic; pad is what was asked for.
    """
    if mode is not PadMode.PAD:
        return ()
    pads = pad_list if len(pad_list) == 4 and min(pad_list) >= 0 else pad
    if len(pads) == 1:
        pads *= 4
    if len(pads) != 4 or min(pads) < 0:
        raise ParseError(f"{op.name}: padding {pads} is not (top, bottom, left, right)")
    return pads


def conv2d(
    op: Lowering,
    x: Value,
    w: Value,
    *,
    pad_mode: int | str = "valid",
    pad_list: Ints = (),
    pad: Ints = (0, 0, 0, 0),
    stride: Ints = (1,),
    dilation: Ints = (1,),
    group: int = 1,
    format: int | str = "NCHW",
) -> Operand:
    """x [N, C, H, W], w [O, C / group, kh, kw]; a bias is a BiasAdd of its own."""
    check_nchw(format)
    mode = pad_mode_of(op, pad_mode)
    filters = op.transpose(w, TO_NHWC, "filters")
    outputs, kernel_h, kernel_w, inputs = filters.spec.shape
    y = op.emit(
        "Conv2DFusion",
        op.transpose(x, TO_NHWC, "to_nhwc"),
        filters,
        label="conv",
        kernel_size=(kernel_h, kernel_w),
        stride=pair(op, stride, "stride"),
        dilation=pair(op, dilation, "dilation"),
        pad_mode=mode,
        pad_list=pads_of(op, mode, pad_list, pad),
        group=group,
        in_channel=inputs * group,
        out_channel=outputs,
    )
    return op.to_first(y)


def conv2d_transpose(
    op: Lowering,
    x: Value,
    w: Value,
    input_sizes: Ints,
    *,
    pad_list: Ints,
    pad_mode: int | str = "valid",
    pad: Ints = (0, 0, 0, 0),
    stride: Ints = (1,),
    dilation: Ints = (1,),
    group: int = 1,
    format: int | str = "NCHW",
) -> Operand:
    """x [N, C, H, W], w [C, O / group, kh, kw] -> the shape given, which says how much is added to the output.

    pad_list is what MindSpore computed for the exported size, -1 where that was dynamic.
    """
    check_nchw(format)
    filters = op.transpose(w, TO_NHWC, "filters")
    inputs, kernel_h, kernel_w, outputs = filters.spec.shape
    strides, dilations = pair(op, stride, "stride"), pair(op, dilation, "dilation")
    if len(input_sizes) != 4 or len(pad_list) != 4:
        raise ParseError(f"{op.name}: output shape {input_sizes} and padding {pad_list} should have four numbers each")
    if min(input_sizes[2:]) < 0 or not x.spec.is_static:
        raise Unsupported("has a dynamic output size: fix the shapes of the inputs")
    whole = [
        (size - 1) * strides[i] + (kernel - 1) * dilations[i] + 1
        for i, (size, kernel) in enumerate(zip(x.spec.shape[2:], (kernel_h, kernel_w), strict=True))
    ]
    if min(pad_list) < 0:
        pad_list = _transpose_pads(op, pad_mode_of(op, pad_mode), pad, whole, input_sizes[2:])
    extents = [extent - pad_list[2 * i] - pad_list[2 * i + 1] for i, extent in enumerate(whole)]
    y = op.emit(
        "Conv2dTransposeFusion",
        op.transpose(x, TO_NHWC, "to_nhwc"),
        filters,
        label="conv_transpose",
        kernel_size=(kernel_h, kernel_w),
        stride=strides,
        dilation=dilations,
        pad_mode=PadMode.PAD,
        pad_list=pad_list,
        group=group,
        in_channel=inputs,
        out_channel=outputs * group,
        output_paddings=tuple(wanted - extent for wanted, extent in zip(input_sizes[2:], extents, strict=True)),
    )
    return op.to_first(y)


def _transpose_pads(op: Lowering, mode: PadMode, pad: Ints, whole: Sequence[int], wanted: Sequence[int]) -> Ints:
    """(top, bottom, left, right) of what is cut from a whole output; SAME cuts as much as there is too much."""
    if mode is PadMode.SAME:
        cut = [max(extent - size, 0) for extent, size in zip(whole, wanted, strict=True)]
        return tuple(part for much in cut for part in (much // 2, much - much // 2))
    return pads_of(op, mode, (), pad) or (0, 0, 0, 0)


def space_to_depth(op: Lowering, x: Value, *, block_size: int) -> Operand:
    """Blocks of pixels become channels; the channels of a block's first pixel come first."""
    y = op.emit("SpaceToDepth", op.transpose(x, TO_NHWC, "to_nhwc"), label="blocks", block_size=block_size)
    return op.to_first(y)


def depth_to_space(op: Lowering, x: Value, *, block_size: int) -> Operand:
    """The inverse of space_to_depth."""
    y = op.emit("DepthToSpace", op.transpose(x, TO_NHWC, "to_nhwc"), label="blocks", block_size=block_size, mode="DCR")
    return op.to_first(y)


