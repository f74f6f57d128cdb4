"""Rows of a table that is stored in 8-bit codes: those that are picked are decoded, and no others."""
from __future__ import annotations

import numpy as np

from lite.kernels.declare import Int, Pointer, f32, i8, i32, i64, kernel


@kernel
def gather_codes_f32(
    codes: Pointer,
    scale: Pointer,
    offset: Pointer,
    indices: Pointer,
    y: Pointer,
    index_bytes: Int,
    extent: Int,
    count: Int,
    groups: Int,
    size: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y[count, groups, size] = codes[index, groups, size] * scale[index, groups] + offset[index, groups].

    index_bytes: 4 for int32, 8 for int64. A negative index counts from the end; one outside [-extent, extent) gives
    zeros. Units: blocks of `block` of count.
    """
    for place in range(begin * block, min(end * block, count)):
        index = i64(indices)[place] if index_bytes == 8 else i32(indices)[place]
        if index < 0:
            index += extent
        inside = 0 <= index < extent
        for group in range(groups):
            target = y + (place * groups + group) * size * 4
            if inside:
                at = index * groups + group
                factor, added = f32(scale)[at], f32(offset)[at]
                source = codes + at * size
                for i in range(size):
                    f32(target)[i] = np.float32(i8(source)[i]) * factor + added
            else:
                for i in range(size):
                    f32(target)[i] = np.float32(0)
