"""Where a sliding window of convolution or pooling falls: output extents and the padding that is really used."""
from __future__ import annotations

from lite.errors import ShapeError
from lite.ops.enums import PadMode, RoundMode
from lite.records import dataclass

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Window:
    """output: (height, width), -1 where unknown. pads: (top, bottom, left, right), 0 where unknown.

    The window of output (i, j) starts at input (i * stride_h - top, j * stride_w - left). With RoundMode.CEIL the last
    window may reach beyond the padding; bottom and right are then less than it needs.
    """

    output: Pair
    pads: tuple[int, int, int, int]


def place_window(
    op: str,
    size: Pair,
    kernel: Pair,
    strides: Pair,
    dilations: Pair,
    pad_mode: PadMode,
    pads: tuple[int, ...],
    round_mode: RoundMode = RoundMode.FLOOR,
) -> Window:
    """The windows over an input of `size` (height, width; -1 where unknown).

    PAD uses `pads` (top, bottom, left, right; empty means none), VALID none, SAME those that give ceil(size / stride)
    outputs, the odd one at the end. CEIL rounds the number of windows up as long as the last one starts within the
    input or the padding before it. Raises ShapeError where the window is larger than the padded input; but as for
    MindSpore, one that is only by its dilation, and by no more than a stride, has no place, and the output is empty.
    """
    given = pads if pad_mode == PadMode.PAD and pads else (0, 0, 0, 0)
    outputs: list[int] = []
    placed: list[int] = []
    for axis in (0, 1):
        before, after = given[2 * axis], given[2 * axis + 1]
        extent = (kernel[axis] - 1) * dilations[axis] + 1
        if size[axis] < 0:
            outputs.append(-1)
        elif pad_mode == PadMode.SAME:
            outputs.append(-(-size[axis] // strides[axis]))
            total = max((outputs[-1] - 1) * strides[axis] + extent - size[axis], 0)
            before, after = total // 2, total - total // 2
        else:
            padded = size[axis] + before + after
            room = padded - extent
            empty = kernel[axis] <= padded and -strides[axis] <= room < 0 and round_mode == RoundMode.FLOOR
            if room < 0 and not empty:
                raise ShapeError(
                    f"{op} window of {extent} {('rows', 'columns')[axis]} (kernel {kernel}, dilation {dilations}) "
                    f"does not fit input {size} padded by {given}"
                )
            if round_mode == RoundMode.CEIL:
                count = -(-room // strides[axis]) + 1
                outputs.append(count - ((count - 1) * strides[axis] >= size[axis] + before))
            else:
                outputs.append(room // strides[axis] + 1)
        placed += [before, after]
    return Window((outputs[0], outputs[1]), (placed[0], placed[1], placed[2], placed[3]))


def inside(offset: int, stride: int, size: int, count: int) -> tuple[slice, slice]:
    """Which i of [0, count) have 0 <= i * stride + offset < size, and the i * stride + offset they have; as slices.

    So one tap of a filter reads the image without a padded copy of it, whose size a model could make absurd.
    """
    first = max(-(offset // stride), 0)
    end = max(min((size - 1 - offset) // stride + 1, count), first)
    start = first * stride + offset
    return slice(first, end), slice(start, start + (end - first) * stride, stride)
