"""Binds Resize, all methods: what each output row and column is made of is computed once, here."""
from __future__ import annotations

import numpy as np

from lite.delegates.base import In, NativeClaim, NativeStep, Operation, Out, Packed
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, split
from lite.ops.resize import Resize, taps
from lite.types import DType


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """float32."""
    x, y = operation.inputs[0], operation.outputs[0]
    attrs = operation.attrs
    assert isinstance(attrs, Resize), "the index names this module for it alone"
    if x.dtype != DType.FLOAT32:
        return None
    (images, in_height, in_width, channels), (height, width) = x.shape, y.shape[1:3]
    rows, row_weights = taps(attrs, in_height, height)
    columns, column_weights = taps(attrs, in_width, width)
    count = rows.shape[1]
    units = split(images * height, width * (channels * 4 * (count * count + 1) * BYTE + 10))
    step = NativeStep(
        "resize_f32",
        {
            "x": In(0),
            "y": Out(0),
            "rows": Packed(np.ascontiguousarray(rows * (in_width * channels * 4))),
            "row_weights": Packed(row_weights.astype(np.float32)),
            "columns": Packed(np.ascontiguousarray(columns * (channels * 4))),
            "column_weights": Packed(column_weights.astype(np.float32)),
            "taps": count,
            "images": images,
            "image_bytes": in_height * in_width * channels * 4,
            "height": height,
            "width": width,
            "channels": channels,
            "row_block": units.block,
        },
        units.count,
    )
    return NativeClaim((step,))
