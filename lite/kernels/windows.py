"""Where the windows of convolutions and pools fall: numbers that kernels are given as one argument, `geometry`.

They are int64, in this order; lite.delegates.cpu.windows writes them.
"""
from __future__ import annotations

from typing import NamedTuple

from lite.kernels.declare import i64, routine


class Windows(NamedTuple):
    """Of images [in_height, in_width, in_channels] to [out_height, out_width, out_channels]; top, left: the padding."""

    images: int
    in_height: int
    in_width: int
    in_channels: int
    out_height: int
    out_width: int
    out_channels: int
    kernel_height: int
    kernel_width: int
    stride_height: int
    stride_width: int
    dilation_height: int
    dilation_width: int
    top: int
    left: int


@routine
def windows_at(address: int) -> Windows:
    """The numbers at an address."""
    at = i64(address)
    return Windows(
        at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7], at[8], at[9], at[10], at[11], at[12], at[13], at[14]
    )


@routine
def whole_windows(w: Windows) -> tuple[int, int]:
    """Windows [first, last) of a row of output that lie inside the image from left to right."""
    first = min((w.left + w.stride_width - 1) // w.stride_width, w.out_width)
    reach = w.in_width + w.left - (w.kernel_width - 1) * w.dilation_width
    return first, max(min((reach + w.stride_width - 1) // w.stride_width, w.out_width), first)
