"""Kernels in turn on a few rows of an image at a time, so that what is between them never leaves the cache.

Where a product of single pixels makes many channels of few, a filter over each channel follows, and another product,
what one writes and the next reads are the largest tensors of a network, and all three wait for memory. Here a thread
walks back from the next rows of the output to the rows that each of the others has to give for them, then runs all in
order. Rows that were given for the rows before are moved to the front, not computed again.
The kernels are called by address, with copies of their argument blocks, into which the addresses of the rows are put,
such that row 0 of the first image would be where it belongs.
"""
from __future__ import annotations

from lite.kernels.call import call_kernel
from lite.kernels.codes import CHAIN_ARGUMENTS, CHAIN_STATE
from lite.kernels.declare import Int, Pointer, i64, kernel
from lite.kernels.move import copy_words

_STAGE, _BETWEEN = 8 * 4, 8 * 6  # bytes that tell of a stage, and of what is between two
_COPY, _STATE = 8 * CHAIN_ARGUMENTS, 8 * CHAIN_STATE
_LOW = 0xFFFFFFFF


@kernel
def row_chain(
    stages: Pointer,
    count: Int,
    betweens: Pointer,
    out_rows: Int,
    block: Int,
    own: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """`count` stages, of which the last one makes out_rows rows an image.

    stages: for each its kernel, its argument block, the words of that, and among these the places, counted from 1, of
    the address of the rows that it reads, and, 32 bits higher, of those that it writes. A unit of each is a row.
    betweens: int64 for each but the last: rows an image, bytes of a row, bytes of scratch before them, and stride,
    above, reach: for row r the next stage needs rows [r * stride - above, + reach), as far as there are any.
    Units: blocks of `block` rows of output of an image. Scratch: CHAIN_ARGUMENTS words a stage, CHAIN_STATE words
    a between, from byte `own` what the kernels need themselves, then the rows.
    """
    copies, states = scratch, scratch + count * _COPY
    for stage in range(count):
        of = i64(stages + stage * _STAGE)
        copy_words(of[1], copies + stage * _COPY, 2 * of[2])
    blocks = (out_rows + block - 1) // block
    for unit in range(begin, end):
        image = unit // blocks
        row = (unit - image * blocks) * block
        stop = min(row + block, out_rows)
        fresh = unit == begin or row == 0
        low, high = row, stop
        for k in range(count - 2, -1, -1):
            between, state = i64(betweens + k * _BETWEEN), i64(states + k * _STATE)
            rows, row_bytes, stride, above, reach = between[0], between[1], between[3], between[4], between[5]
            kept, done = (0, 0) if fresh else (state[0], state[1])
            first, last = done, done
            if low < high:
                least = min(max(low * stride - above, 0), rows)
                first = max(done, least)
                last = max(min((high - 1) * stride - above + reach, rows), first)
                place = scratch + between[2]
                copy_words(place + (least - kept) * row_bytes, place, max(done - least, 0) * (row_bytes // 4))
                state[0] = least
            state[1], state[2], state[3] = last, first, last
            low, high = first, last
        for stage in range(count):
            of, arguments = i64(stages + stage * _STAGE), copies + stage * _COPY
            first, last, rows = row, stop, out_rows
            if stage < count - 1:
                between, state = i64(betweens + stage * _BETWEEN), i64(states + stage * _STATE)
                first, last, rows = state[2], state[3], between[0]
                missing = (image * rows + state[0]) * between[1]
                i64(arguments)[(of[3] >> 32) - 1] = scratch + between[2] - missing
            if stage > 0:
                between, state = i64(betweens + (stage - 1) * _BETWEEN), i64(states + (stage - 1) * _STATE)
                missing = (image * between[0] + state[0]) * between[1]
                i64(arguments)[(of[3] & _LOW) - 1] = scratch + between[2] - missing
            if first < last:
                call_kernel(of[0], arguments, image * rows + first, image * rows + last, scratch + own)
