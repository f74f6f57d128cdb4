"""Binds products of one row with weights in codes, which the kernel decodes: such a product is bound by memory."""
from __future__ import annotations

import numpy as np

from lite.coded import Coded
from lite.delegates.base import AS_IS, Argument, In, NativeClaim, NativeStep, Operation, Out, Packed
from lite.delegates.cpu.finish import finish, residual
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import FLOP, split
from lite.ops.matmul import MatMulFusion
from lite.types import Array, TensorSpec

_LEAST = 1 << 16  # weights; fewer stay in a near cache when they are decoded
_MOST = 1 << 20  # elements of a row whose sums fit int32
_STEP = 8  # what the kernel takes of a group at once
_NIBBLES = (0, 2, 4, 6, 1, 3, 5, 7)  # of a word, for these


def bind(operation: Operation, bias: TensorSpec | None, tile: Tile) -> NativeClaim | None:
    """One row, weights of 8 bits or less, a scale for each column or for groups along the depth."""
    x, weights = operation.inputs[:2]
    data, attrs = weights.data, operation.attrs
    if not isinstance(data, Coded) or data.bits > 8 or weights.rank != 2 or weights.size < _LEAST:
        return None
    if operation.orders != AS_IS or operation.adds_broadcast:
        return None
    swapped = isinstance(attrs, MatMulFusion) and not attrs.transpose_b
    columns, depth = weights.shape[::-1] if swapped else weights.shape
    groups = _groups(data, columns, depth, swapped)
    if x.size != depth or depth > _MOST or groups == 0:
        return None
    codes = data.codes().T if swapped else data.codes()
    offset = data.mean_corr - data.zero_point * data.scale * data.var_corr
    blocks = -(-columns // tile.gemv_columns)
    units = split(blocks, 2 * depth * tile.gemv_columns * FLOP)
    bits = 4 if data.bits <= 4 else 8
    arguments: dict[str, Argument] = {
        "a": In(0),
        "codes": Packed((_nibbles if bits == 4 else _bytes)(codes, tile), replaces=1),
        "scale": Packed(_by_block(data.scale * data.var_corr, columns, groups, tile)),
        "offset": Packed(_by_block(offset, columns, groups, tile)) if offset.any() else 0,
        "bias": Packed(_by_block(np.float32(0) if bias is None else bias.value, columns, 1, tile)),
        "y": Out(0),
        "bits": bits,
        "columns": columns,
        "depth": depth,
        "groups": groups,
        "column_blocks": units.block,
        "residual": residual(operation),
        **finish(operation),
    }
    scratch = 640 + 16 * groups + 3 * depth if bits == 4 else 0
    return NativeClaim((NativeStep("gemv_codes_f32", arguments, units.count, scratch),), operation.epilogue.residual)


def _groups(data: Coded, columns: int, depth: int, swapped: bool) -> int:
    """Groups along the depth; 0 where the kernel cannot have them."""
    outer, channels, inner = data.blocks
    if depth % _STEP:
        return 0
    if channels == 1 or (outer, channels, inner) == ((depth, columns, 1) if swapped else (1, columns, depth)):
        return 1
    return depth // inner if not swapped and outer == 1 and depth % inner == 0 and inner % _STEP == 0 else 0


def _by_block(numbers: Array | np.float32 | None, columns: int, groups: int, tile: Tile) -> Array:
    """One number, or [columns x groups], as float32 [block, groups, columns of a block], zeros beyond the last."""
    width = tile.gemv_columns
    padded = np.zeros((-(-columns // width) * width, groups), np.float32)
    given = np.asarray(numbers, np.float32)
    padded[:columns] = given.reshape(-1, groups) if given.size > 1 else given.reshape(-1)[0]
    return np.ascontiguousarray(padded.reshape(-1, width, groups).swapaxes(1, 2))


def _bytes(codes: Array, tile: Tile) -> Array:
    """int8 [block, depth, columns of a block] of codes [columns, depth]."""
    return _blocks(codes, tile, np.int8)


def _nibbles(codes: Array, tile: Tile) -> Array:
    """uint32 [block, depth / 8, columns of a block]: see lite.kernels.gemv_coded."""
    words = np.zeros((codes.shape[0], codes.shape[1] // _STEP), np.uint32)
    for j, place in enumerate(_NIBBLES):
        words |= ((codes[:, j::_STEP] & 15) ^ 8).astype(np.uint32) << np.uint32(4 * place)
    return _blocks(words, tile, np.uint32)


def _blocks(rows: Array, tile: Tile, dtype: type[np.integer]) -> Array:
    """[columns, n] -> [block, n, columns of a block], zeros beyond the last column."""
    columns, n = rows.shape
    width = tile.gemv_columns
    whole, left = divmod(columns, width)
    size = (whole + (left > 0)) * n * width
    packed = tile.slabs.allocate(size * np.dtype(dtype).itemsize).view(dtype).reshape(-1, n, width)
    packed[:whole] = rows[: whole * width].reshape(whole, width, n).swapaxes(1, 2)
    if left:
        packed[whole, :, :left] = rows[whole * width :].T
        packed[whole, :, left:] = 0
    return packed
