"""Matrix product of one row with weights that are decoded on the way: y = clamp(a @ w + bias, low, high), fp32.

    w[k, column] = code * scale[group of k, column] + offset[group of k, column]

Such a product is bound by memory, so weights stay codes of 4 or 8 bits there. A block is STRIPS vectors of columns side
by side: 8-bit codes [block][depth][columns], 4-bit codes + 8 [block][depth / 8][columns] in words of eight along the
depth: byte i has that of element i as its lower and that of element 4 + i as its upper nibble. A group's sums are
scaled once it is done: scale and offset are [block][group][columns].

Products with nibbles are added as bytes where instructions do that: `a` becomes integers of 24 bits first, 2^-23 of its
largest element apart at most, which are three signed bytes each; their sums are exact. Elsewhere, and where an element
is infinite, NaN or close to that, nibble j is masked where it stands, an integer 16^j times its code, and what it is
multiplied with is 16^-j times an element of a, both exact.
"""
from __future__ import annotations

from functools import partial

from lite.kernels.codes8 import Codes
from lite.kernels.declare import Float, Int, Pointer, constant, f32, i32, kernel, routine
from lite.kernels.elementwise import activate_rows
from lite.kernels.gemv_digits import GEMV_DIGITS, STRIPS, finish_block, gemv_block_digits, row_digits, row_largest
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value

_STEP = 8  # elements of a row that are taken at once
_NIBBLES = (0, 2, 4, 6, 1, 3, 5, 7)  # of a step's elements in a word
_HEADER = 128  # bytes

GEMV_COLUMNS = constant("gemv_columns", lambda target: STRIPS * target.lanes)


def _block(
    bits: int,
    s: Simd,
    groups: Value,
    steps: Value,
    a: Value,
    codes: Value,
    scale: Value,
    offset: Value,
    bias: Value,
    residual: Value,
    y: Value,
    columns: Value,
    low: Value,
    high: Value,
) -> None:
    """y[:columns] of a block. steps: of a group, _STEP elements each. offset, residual: 0 for none."""
    c = Codes(s)
    width = STRIPS * s.vector_bytes
    strips = range(STRIPS)

    def weights(codes: Value) -> list[list[Value]]:
        """Of _STEP elements of the depth each strip's; 16^j times too large as nibble j, but for the highest."""
        if bits == 8:
            return [[c.load(codes + (j * STRIPS + v) * s.lanes) for v in strips] for j in range(_STEP)]
        words = [c.load_words(codes + v * s.vector_bytes) for v in strips]
        first = [[(word & (15 << 4 * j)) - (8 << 4 * j) for word in words] for j in _NIBBLES[:-1]]
        return [*first, [(word >> 28 & 15) - 8 for word in words]]

    def all_of(has_offset: bool) -> None:
        def group(g: Value, a: Value, codes: Value, *totals: Value) -> tuple[Value, ...]:
            def step(_: Value, a: Value, codes: Value, seen: Value, *sums: Value) -> tuple[Value, ...]:
                new = list(sums)
                for j, row in enumerate(weights(codes)):
                    x = s.broadcast(a + 4 * j)
                    seen = seen + x if has_offset else seen
                    factor = x * 16.0 ** -_NIBBLES[j] if bits == 4 and 0 < j < _STEP - 1 else x
                    new = [s.fma(factor, s.to_float(w), total) for w, total in zip(row, new, strict=True)]
                return a + 4 * _STEP, codes + _STEP * width * bits // 32, seen, *new

            a, codes, seen, *sums = s.loop(steps, step, a, codes, *[s.splat(0.0)] * (STRIPS + 1))
            here = [g * width + v * s.vector_bytes for v in strips]
            scaled = [s.fma(x, s.load(scale + i), total) for x, i, total in zip(sums, here, totals, strict=True)]
            if has_offset:
                scaled = [s.fma(seen, s.load(offset + i), total) for i, total in zip(here, scaled, strict=True)]
            return a, codes, *scaled

        start = [s.load(bias + v * s.vector_bytes) for v in strips]
        _, _, *totals = s.loop(groups, group, a, codes, *start)

        finish_block(s, totals, residual, y, columns, low, high)

    s.either(offset.equals(0), partial(all_of, False), partial(all_of, True))


_PARAMETERS = (Int, Int, *[Pointer] * 7, Int, Float, Float)

gemv_block_codes4 = micro("gemv_block_codes4", *_PARAMETERS)(partial(_block, 4))
gemv_block_codes8 = micro("gemv_block_codes8", *_PARAMETERS)(partial(_block, 8))


@routine
def stage_digits(a: int, depth: int, groups: int, scratch: int) -> int:
    """Writes the row as digits where that can be done: whether it is.

    To scratch: what they are scaled by, and its inverse, float32, then what row_digits writes.
    """
    row_largest(a, depth, scratch)
    largest = f32(scratch)[0]
    if not largest < 1e38:
        return 0
    f32(scratch)[0] = max(largest * 1.004, 1e-30)
    exponent = i32(scratch)[0] >> 23
    i32(scratch)[0] = (276 - exponent) << 23
    i32(scratch)[1] = (exponent - 22) << 23
    sums = scratch + _HEADER
    digits = sums + 16 * groups + _HEADER
    row_digits(a, depth // groups, groups, f32(scratch)[0], f32(scratch)[1], sums, digits, depth + _HEADER)
    return 1


@kernel
def gemv_codes_f32(
    a: Pointer,
    codes: Pointer,
    scale: Pointer,
    offset: Pointer,
    bias: Pointer,
    y: Pointer,
    bits: Int,
    columns: Int,
    depth: Int,
    groups: Int,
    column_blocks: Int,
    residual: Pointer,
    function: Int,
    alpha: Float,
    beta: Float,
    low: Float,
    high: Float,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y[columns] of one row a[depth]; residual, function, alpha, beta: see matmul_f32. offset: 0 for none.

    bits: 4 or 8. groups: of the depth, each a multiple of 8. Units: blocks of column_blocks blocks.
    Scratch: for 4 bits 640 bytes, 16 a group, and 3 x depth.
    """
    width = GEMV_COLUMNS()
    first = begin * column_blocks
    last = min(end * column_blocks, (columns + width - 1) // width)
    in_digits = stage_digits(a, depth, groups, scratch) if bits == 4 and GEMV_DIGITS() else 0
    sums = scratch + _HEADER
    digits = sums + 16 * groups + _HEADER
    for block in range(first, last):
        column = block * width
        place = column * groups * 4
        words = codes + column * depth * bits // 8
        offsets = offset + place if offset != 0 else 0
        added = residual + column * 4 if residual != 0 else 0
        left, target, start = columns - column, y + column * 4, bias + column * 4
        steps = depth // groups // 8
        if in_digits:
            gemv_block_digits(
                groups,
                steps,
                sums,
                digits,
                depth + _HEADER,
                f32(scratch)[1],
                words,
                scale + place,
                offsets,
                start,
                added,
                target,
                left,
                low,
                high,
            )
        elif bits == 4:
            gemv_block_codes4(groups, steps, a, words, scale + place, offsets, start, added, target, left, low, high)
        else:
            gemv_block_codes8(groups, steps, a, words, scale + place, offsets, start, added, target, left, low, high)
    activate_rows(y + first * width * 4, 1, 0, min(last * width, columns) - first * width, function, alpha, beta)
