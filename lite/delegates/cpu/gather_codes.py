"""Binds Gather of the rows of a table in codes: the table stays in codes of 8 bits, where it is mapped if it can."""
from __future__ import annotations

import numpy as np

from lite.coded import Coded
from lite.delegates.base import In, NativeClaim, NativeStep, Operation, Out, Packed
from lite.delegates.cpu.work import BYTE, split
from lite.ops.shapes import integers
from lite.types import Array


def bind(operation: Operation) -> NativeClaim | None:
    """Whole rows, codes of 8 bits or less, one scale, or one for each row or group within it."""
    table, positions, where = operation.inputs
    data = table.data
    if not isinstance(data, Coded) or data.bits > 8 or table.size == 0:
        return None
    if where.value is None or integers(where.value)[0] % table.rank:
        return None
    extent, row = table.shape[0], table.size // table.shape[0]
    outer, channels, size = data.blocks
    if channels == 1:
        channels, size = extent, row
    if outer != 1 or row % size:
        return None
    with np.errstate(all="ignore"):  # a file may say anything
        scale = data.scale * data.var_corr
        offset = data.mean_corr - data.zero_point * scale
    units = split(positions.size, row * 5 * BYTE + 10)
    step = NativeStep(
        "gather_codes_f32",
        {
            "codes": Packed(data.codes().reshape(-1), replaces=0 if data.words.dtype == np.uint8 else -1),
            "scale": Packed(_each(scale, channels)),
            "offset": Packed(_each(offset, channels)),
            "indices": In(1),
            "y": Out(0),
            "index_bytes": positions.dtype.itemsize,
            "extent": extent,
            "count": positions.size,
            "groups": row // size,
            "size": size,
            "block": units.block,
        },
        units.count,
    )
    return NativeClaim((step,))


def _each(numbers: Array, channels: int) -> Array:
    """float32 [channels]."""
    return np.ascontiguousarray(np.broadcast_to(numbers.astype(np.float32), (channels,)))
