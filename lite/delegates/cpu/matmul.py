"""Binds MatMulFusion and FullConnection to the matrix kernels; 1x1 convolutions come here too.

What is added after a product of computed matrices may be the same for all rows, as an attention mask is: then it takes
the place of the bias, which every row starts with.
"""
from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out, Packed, Temp
from lite.delegates.cpu.finish import finish, residual
from lite.delegates.cpu.strides import Walk, broadcast, contiguous, offsets, ordered
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, FLOP, split
from lite.ops.full_connection import FullConnection
from lite.ops.matmul import MatMulFusion
from lite.types import Array, DType, TensorSpec

_ROW_BLOCK = 256  # rows that pass while a panel of weights is in cache
_NEAR = 512 << 10  # bytes of weights that each of two threads may read whole, to keep its half of the rows to itself
_ALIAS = 4096  # bytes between rows at which they compete for the same few cache lines
_ALIAS_PANELS = 4  # from which number on it pays to move the rows apart
_STREAMS = 4  # panels of a vector's weights that are read at once
_A, _B, _SPREAD, _BIAS = range(4)  # keys of temporaries
_PLAIN = Operation("", MatMulFusion(), (), ())  # a product and nothing besides


class Extents(NamedTuple):
    """Of `batches` products [rows, depth] @ [depth, columns]."""

    batches: int
    rows: int
    columns: int
    depth: int


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """float32 operands; a bias must be constant."""
    if any(x.dtype != DType.FLOAT32 for x in operation.inputs):
        return None
    bias = operation.operands[2] if len(operation.operands) > 2 else None
    if bias is not None and bias.value is None:
        return None
    if operation.inputs[1].stored is not None:
        from lite.delegates.cpu import gemv_coded  # few networks have codes

        coded = gemv_coded.bind(operation, bias, tile)
        if coded is not None:
            return coded
    attrs = operation.attrs
    if isinstance(attrs, FullConnection):
        w = operation.inputs[1]
        if w.value is None:
            return None
        rows = operation.outputs[0].size // w.shape[0]
        return constant_product(operation, In(0), rows, w.value, bias, tile)
    assert isinstance(attrs, MatMulFusion), "the index names this module for these two"
    return _bind_matmul(operation, attrs, bias, tile)


def constant_product(
    operation: Operation,
    a: Argument,
    rows: int,
    w: Array,
    bias: TensorSpec | None,
    tile: Tile,
    places: Walk | None = None,
) -> NativeClaim:
    """Output 0 [rows, columns] = a [rows, depth] @ w.T + bias, and what the operation does besides.

    w: constant input 1 as [columns, depth], which is packed. places: where the rows of a are, the first one at its
    start; None where they follow each other.
    """
    if rows > 1:
        steps = product_steps(a, rows, w, None if bias is None else bias.value, Out(0), tile, operation, places)
        return NativeClaim(steps, operation.epilogue.residual)
    added = None if bias is None else bias.value
    return NativeClaim((_vector_step(operation, a, w, added, tile),), operation.epilogue.residual)


def product_steps(
    a: Argument,
    rows: int,
    w: Array,
    bias: Array | None,
    y: Argument,
    tile: Tile,
    operation: Operation = _PLAIN,
    places: Walk | None = None,
    replaces: int = 1,
) -> tuple[NativeStep, ...]:
    """y [rows, columns] = a [rows, depth] @ w.T + bias for constant w [columns, depth].

    operation: says what is done besides. places: as for constant_product. replaces: the input that w is, see Packed.
    """
    columns, depth = w.shape
    packed = Packed(tile.pack_weights(w), replaces=replaces)
    padded = Packed(tile.pack_bias(bias, 1, columns))
    steps = []
    stride = depth * 4
    apart = stride % _ALIAS == 0 and tile.panels(columns) >= _ALIAS_PANELS
    if apart or places is not None:
        stride += 64 * apart
        spread = Temp(_SPREAD, rows * stride)
        steps.append(_spread_step(a, places or Walk((rows,), ((depth * 4,),)), depth * 4, spread, stride))
        a = spread
    extents = Extents(1, rows, columns, depth)
    batches = Packed(np.zeros(4, np.int64))
    ends = {"y_stride": columns * 4, "residual": residual(operation), **finish(operation)}
    return (*steps, _product_step(a, stride, packed, padded, y, batches, extents, ends, tile))


def _vector_step(operation: Operation, a: Argument, w: Array, bias: Array | None, tile: Tile) -> NativeStep:
    """Output 0 of one row: few columns by dot_f32, which reads no more weights than there are."""
    columns, depth = w.shape
    arguments: dict[str, Argument] = {
        "a": a,
        "bias": Packed(tile.pack_bias(bias, 1, columns)),
        "y": Out(0),
        "columns": columns,
        "depth": depth,
        "residual": residual(operation),
        **finish(operation),
    }
    if columns <= tile.columns:
        units = split(columns, depth * 4 * BYTE / 3)
        weights = Packed(np.ascontiguousarray(w), replaces=1)
        return NativeStep("dot_f32", {**arguments, "w": weights, "column_block": units.block}, units.count)
    cost = depth * tile.columns * 4 * BYTE / 3  # of a panel
    units = split(-(-tile.panels(columns) // _STREAMS), cost * _STREAMS)
    weights = Packed(tile.pack_pairs(w), replaces=1)
    return NativeStep("gemv_f32", {**arguments, "b": weights, "panel_block": units.block * _STREAMS}, units.count)


def _product_step(
    a: Argument,
    a_stride: int,
    b: Argument,
    bias: Argument,
    y: Argument,
    batches: Packed,
    extents: Extents,
    ends: Mapping[str, Argument],
    tile: Tile,
) -> NativeStep:
    """ends: what the kernel is told of how rows are written."""
    count, rows, columns, depth = extents
    panels = tile.panels(columns)
    row_block = _even(rows, _ROW_BLOCK, tile.rows)
    if count == 1 and row_block == rows >= 2 * tile.rows and columns * depth * 4 <= _NEAR:
        row_block = -(-rows // 2)  # the halves of an image, which operations around this one share by rows too
    row_blocks = count * -(-rows // row_block)
    cost = 2 * row_block * depth * tile.columns * FLOP  # of a panel
    # Few rows: the panels are what threads share.
    panel_block = panels if row_blocks >= 8 else split(panels, cost).block
    parts = row_blocks * -(-panels // panel_block)
    units = split(parts, cost * panel_block)
    return NativeStep(
        "matmul_f32",
        {
            "a": a,
            "b": b,
            "bias": bias,
            "y": y,
            "batches": batches,
            "batch_count": count,
            "rows": rows,
            "columns": columns,
            "depth": depth,
            "a_stride": a_stride,
            "row_block": row_block,
            "panel_block": panel_block,
            "parts": units.block,
            **ends,
        },
        units.count,
        scratch=8 * tile.rows,
    )


def _even(extent: int, most: int, multiple: int) -> int:
    """The size of equal blocks of at most about `most`, a multiple of `multiple` where there are several."""
    blocks = -(-extent // most)
    return extent if blocks <= 1 else -(-extent // (blocks * multiple)) * multiple


def _spread_step(a: Argument, places: Walk, row_bytes: int, target: Temp, stride: int) -> NativeStep:
    """target: the rows of a, which are at these places, `stride` bytes apart."""
    rows = math.prod(places.extents)
    units = split(rows, 2 * row_bytes * BYTE)
    return NativeStep(
        "copy_rows",
        {
            "x": a,
            "y": target,
            "x_offset": 0,
            "y_offset": 0,
            "dims": Walk(places.extents, (*places.strides, contiguous(places.extents, stride))).table(),
            "rows": rows,
            "n": row_bytes // 4,
            "x_step": 4,
            "y_step": 4,
            "size": 4,
            "row_block": units.block,
        },
        units.count,
    )


def _bind_matmul(
    operation: Operation, attrs: MatMulFusion, bias: TensorSpec | None, tile: Tile
) -> NativeClaim | None:
    a, b = operation.inputs[:2]
    outer, (rows, columns) = operation.outputs[0].shape[:-2], operation.outputs[0].shape[-2:]
    depth = a.shape[-2] if attrs.transpose_a else a.shape[-1]
    if operation.adds_broadcast and (bias is not None or b.value is not None or not _adds_row(operation)):
        return None
    steps: list[NativeStep] = []
    left: Argument = In(0)
    a_strides = ordered(a.shape, operation.input_order(0), 4)
    if attrs.transpose_a:
        a_strides = _swapped(a_strides)
    if a_strides[-1] != 4 and depth > 1:
        left = Temp(_A, a.nbytes)
        steps.append(_transpose_step(math.prod(a.shape[:-2]), depth, rows, left))
        a_strides = contiguous((*a.shape[:-2], rows, depth), 4)
    b_count = math.prod(b.shape[:-2])
    if b.value is not None:
        w = b.value if attrs.transpose_b else np.swapaxes(b.value, -1, -2)
        if b_count == 1:  # the batches of a are just more rows
            claim = constant_product(
                operation, left, math.prod(outer) * rows, w.reshape(columns, depth), bias, tile
            )
            return NativeClaim((*steps, *claim.steps), claim.in_place)
        right: Argument = Packed(tile.pack_weights(w), replaces=1)
    else:
        right = Temp(_B, b_count * tile.panels(columns) * tile.columns * depth * 4)
        strides = ordered(b.shape, operation.input_order(1), 4)
        strides = _swapped(strides) if attrs.transpose_b else strides
        steps.append(_pack_step(b.shape[:-2], depth, columns, strides, right, tile))
    padded: Argument = Packed(tile.pack_bias(None if bias is None else bias.value, 1, columns))
    bias_strides = (0,) * len(outer)
    ends = {"residual": residual(operation), **finish(operation)}
    if operation.adds_broadcast:
        added = operation.inputs[operation.epilogue.residual]
        padded, ends["residual"] = In(operation.epilogue.residual), 0
        bias_strides = broadcast(added.shape, operation.outputs[0].shape, 4)[:-2]
        if columns % tile.columns:  # the kernel reads whole panels
            count, stride = math.prod(added.shape[:-1]), tile.panels(columns) * tile.columns * 4
            wider = Temp(_BIAS, count * stride)
            steps.append(_spread_step(padded, Walk((count,), ((columns * 4,),)), columns * 4, wider, stride))
            padded = wider
            bias_strides = tuple(s // (columns * 4) * stride for s in bias_strides)
    y_strides = ordered((*outer, rows, columns), operation.orders.output, 4)
    packed = (*b.shape[:-2], tile.panels(columns) * tile.columns * depth)
    batches = [
        offsets(a.shape[:-2], a_strides[:-2]),
        offsets(b.shape[:-2], contiguous(packed, 4)[:-1]),
        offsets(outer, y_strides[:-2]),
        offsets(outer, bias_strides),
    ]
    extents = Extents(math.prod(outer), rows, columns, depth)
    table = Packed(np.stack([np.broadcast_to(x, outer).reshape(-1) for x in batches], axis=-1))
    ends["y_stride"] = y_strides[-2]
    steps.append(_product_step(left, a_strides[-2], right, padded, Out(0), table, extents, ends, tile))
    return NativeClaim(tuple(steps), -1 if operation.adds_broadcast else operation.epilogue.residual)


def _adds_row(operation: Operation) -> bool:
    """Whether what is added is one row for all rows of a matrix."""
    shape = operation.inputs[operation.epilogue.residual].shape
    return shape[-1:] == operation.outputs[0].shape[-1:] and math.prod(shape[-2:-1]) == 1


def _swapped(strides: tuple[int, ...]) -> tuple[int, ...]:
    return (*strides[:-2], strides[-1], strides[-2])


def _transpose_step(matrices: int, depth: int, rows: int, target: Temp) -> NativeStep:
    """target [matrices, rows, depth] from input 0 [matrices, depth, rows]."""
    planes = Walk((matrices,), ((depth * rows * 4,),) * 2)
    units = split(matrices, depth * rows * 8 * BYTE)
    return NativeStep(
        "transpose",
        {
            "x": In(0),
            "y": target,
            "x_offset": 0,
            "y_offset": 0,
            "dims": planes.table(),
            "planes": matrices,
            "rows": depth,
            "columns": rows,
            "x_bytes": rows * 4,
            "y_bytes": depth * 4,
            "size": 4,
            "row_block": depth,
            "parts": units.block,
        },
        units.count,
    )


def _pack_step(
    outer: tuple[int, ...], depth: int, columns: int, strides: tuple[int, ...], target: Temp, tile: Tile
) -> NativeStep:
    """target: input 1, [*outer, depth, columns] by these strides, packed."""
    panels = math.prod(outer) * tile.panels(columns)
    units = split(panels, depth * tile.columns * 8 * BYTE)
    return NativeStep(
        "pack_columns",
        {
            "b": In(1),
            "packed": target,
            "matrices": Packed(offsets(outer, strides[:-2]).reshape(-1)),
            "depth": depth,
            "columns": columns,
            "depth_stride": strides[-2],
            "column_stride": strides[-1],
            "width": tile.columns,
            "abreast": 1,
            "panel_count": panels,
            "block": units.block,
        },
        units.count,
    )
