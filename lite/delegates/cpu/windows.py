"""Where the windows of a convolution or pool fall, as its kernel is told."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lite.delegates.base import Packed
from lite.ops.window import Window


def geometry(
    shape: Sequence[int],
    outputs: int,
    place: Window,
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int] = (1, 1),
) -> Packed:
    """The numbers of lite.kernels.windows, in its order; shape: of the input [N, H, W, C], outputs: its channels."""
    numbers = [*shape, *place.output, outputs, *kernel, *stride, *dilation, place.pads[0], place.pads[2]]
    return Packed(np.array(numbers, np.int64))
