"""Moving elements without computing: copies with strides, transposes, gathers and fills, of 1, 2, 4 or 8 bytes each.

Concat, split, slice, stack, pad, tile and broadcasting are copies of rows whose addresses follow from strides
(index.py). A transpose moves square blocks of as many rows as a vector has lanes through registers (4-byte elements;
log2(lanes) rounds that exchange ever nearer neighbors), 2 to 8 rows, such as the planes of an image, by smaller
squares, 2 to 4 rows of bytes 16 columns at a time, the edges and other sizes element by element.
"""
from __future__ import annotations

from functools import partial

from llvmlite import ir

from lite.kernels.declare import Int, Pointer, constant, i32, i64, kernel, routine, u8, u16, u32
from lite.kernels.index import inner_stride, row_offset, rows_left
from lite.kernels.simd import Simd, micro
from lite.kernels.value import I8, Value

_UNROLLED = 4  # vectors of a long copy
_PIECE = 16  # columns, that interleave_bytes takes at once; it may write into as many beyond the last
_NARROW = 8  # rows, that interleave_f32 takes at most; it may write into as many columns beyond the last

LANES = constant("lanes", lambda target: target.lanes)


@micro("copy_words", Pointer, Pointer, Int)
def copy_words(s: Simd, x: Value, y: Value, n: Value) -> None:
    """n words of 4 bytes, at any alignment, from x to y."""

    def block(i: Value, vectors: int, lanes: Value | None) -> None:
        loaded = [s.load(x + 4 * i + v * s.vector_bytes, lanes) for v in range(vectors)]
        for v, value in enumerate(loaded):
            s.store(value, y + 4 * i + v * s.vector_bytes, lanes)

    s.blocks(n, 4, block)


@micro("zero_words", Pointer, Int)
def zero_words(s: Simd, y: Value, n: Value) -> None:
    """y[n] = 0, n words of 4 bytes."""
    zero = s.splat(0.0)
    s.span(n, lambda i, lanes: s.store(zero, y + 4 * i, lanes))


@micro("transpose_block_f32", Pointer, Int, Pointer, Int)
def transpose_block_f32(s: Simd, x: Value, x_bytes: Value, y: Value, y_bytes: Value) -> None:
    """A block of lanes x lanes words: row r of x (x_bytes apart) becomes column r of y (rows y_bytes apart)."""
    rows = [s.load(x + r * x_bytes) for r in range(s.lanes)]
    for c, column in enumerate(s.transpose(rows)):
        s.store(column, y + c * y_bytes)


@micro("interleave_f32", Int, Pointer, Int, Pointer, Int)
def interleave_f32(s: Simd, rows: Value, x: Value, x_bytes: Value, y: Value, columns: Value) -> None:
    """y[columns, rows] from x[rows, columns], 2 to 8 rows, as many whole vectors of columns as `columns` has.

    Each column is stored as 4 or 8 words, of which the next one takes back what is too much; so the last one writes
    beyond itself.
    """

    def narrow(side: int) -> None:
        def block(i: Value) -> None:
            planes = []
            place = x + 4 * i
            for r in range(side):
                planes.append(s.load(place))
                place = s.select(rows > r + 1, place + x_bytes, place)
            squares = [s.transpose(planes[r : r + s.lanes]) for r in range(0, side, s.lanes)]
            for c in range(s.lanes):
                part = min(side, s.lanes)
                for number, square in enumerate(squares):
                    target = y + (i + c) * rows * 4 + number * part * 4
                    s.store_part(square[c % part], c // part * part, part, target)

        s.loop(columns & -s.lanes, block, step=s.lanes)

    s.either(rows <= 4, lambda: narrow(4), lambda: narrow(8))


@micro("interleave_bytes", Int, Pointer, Int, Pointer, Int)
def interleave_bytes(s: Simd, rows: Value, x: Value, x_bytes: Value, y: Value, columns: Value) -> None:
    """y[columns, rows] from x[rows, columns], bytes, 2 to 4 rows; columns: a multiple of _PIECE.

    Four columns are stored as 16 bytes, of which the next ones take back what is too much.
    """
    kind = ir.VectorType(I8, _PIECE)
    half = _PIECE // 2

    def zipped(a: Value, b: Value, size: int) -> list[Value]:
        """Elements of `size` bytes of a and b in turn, those of their first halves, then those of their second."""
        found = []
        for start in (0, half):
            pairs = [(i, _PIECE + i) for i in range(start, start + half, size)]
            found.append(s.shuffle(a, b, [first + k for pair in pairs for first in pair for k in range(size)]))
        return found

    def narrow(count: int) -> None:
        dense = [4 * (k // count) + k % count if k < 4 * count else 0 for k in range(_PIECE)]

        def block(i: Value) -> None:
            planes = [s.load_as(kind, x + r * x_bytes + i) for r in range(count)]
            a, b, c, d = (planes * 2)[:4]
            low, high = zipped(a, b, 1), zipped(c, d, 1)
            pixels = [four for pair in zip(low, high, strict=True) for four in zipped(*pair, 2)]
            for number, four in enumerate(pixels):
                place = y + (i + 4 * number) * count
                s.store_as(s.shuffle(four, four, dense), place)

        s.loop(columns, block, step=_PIECE)

    s.switch(rows, [partial(narrow, count) for count in (2, 3, 4)], first=2)


@micro("copy_bytes", Pointer, Pointer, Int)
def copy_bytes(s: Simd, x: Value, y: Value, n: Value) -> None:
    """n bytes from x to y; they must not overlap. The last piece reaches back over bytes that are copied already."""

    def move(size: int, *places: Value) -> None:
        kind = ir.VectorType(I8, size)
        loaded = [s.load_as(kind, x + place) for place in places]
        for piece, place in zip(loaded, places, strict=True):
            s.store_as(piece, y + place)

    def long(size: int) -> None:
        many = n & -(_UNROLLED * size)
        s.loop(many, lambda i: move(size, *(i + k * size for k in range(_UNROLLED))), step=_UNROLLED * size)
        s.loop(n - size, lambda i: move(size, i), start=many, step=size)
        move(size, n - size)

    def short(size: int) -> None:
        smaller = size // 2 if size > 4 else 1
        if size == 1:
            s.loop(n, lambda i: move(1, i))
        else:
            s.either(n >= size, lambda: move(size, s.constant(0), n - size), lambda: short(smaller))

    s.either(n >= s.vector_bytes, lambda: long(s.vector_bytes), lambda: short(s.vector_bytes // 2))


@routine
def copy_elements(x: int, step: int, y: int, y_step: int, n: int, size: int) -> None:
    """n elements of `size` bytes, `step` bytes apart in x and y_step in y."""
    if size == 4:
        for i in range(n):
            u32(y + i * y_step)[0] = u32(x + i * step)[0]
    elif size == 8:
        for i in range(n):
            i64(y + i * y_step)[0] = i64(x + i * step)[0]
    elif size == 2:
        for i in range(n):
            u16(y + i * y_step)[0] = u16(x + i * step)[0]
    else:
        for i in range(n):
            u8(y + i * y_step)[0] = u8(x + i * step)[0]


@kernel
def copy_rows(
    x: Pointer,
    y: Pointer,
    x_offset: Int,
    y_offset: Int,
    dims: Pointer,
    rows: Int,
    n: Int,
    x_step: Int,
    y_step: Int,
    size: Int,
    row_block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """Rows of n elements of `size` bytes, x_step bytes apart in x and y_step in y. Offsets in bytes.

    dims: the dimensions over rows, for index.row_offset (strides of x, then of y). Units: blocks of row_block rows.
    """
    x_inner = inner_stride(dims, 0)
    y_inner = inner_stride(dims, 1)
    row = begin * row_block
    last = min(end * row_block, rows)
    while row < last:
        source = x + x_offset + row_offset(dims, row, 0)
        target = y + y_offset + row_offset(dims, row, 1)
        following = min(row + rows_left(dims, row), last)
        while row < following:
            if x_step == size and y_step == size:
                copy_bytes(source, target, n * size)
            else:
                copy_elements(source, x_step, target, y_step, n, size)
            source += x_inner
            target += y_inner
            row += 1


@kernel
def transpose(
    x: Pointer,
    y: Pointer,
    x_offset: Int,
    y_offset: Int,
    dims: Pointer,
    planes: Int,
    rows: Int,
    columns: Int,
    x_bytes: Int,
    y_bytes: Int,
    size: Int,
    row_block: Int,
    parts: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y[c, r] = x[r, c] in every plane; rows of x are x_bytes apart, rows of y (columns of x) y_bytes apart.

    x_offset, y_offset: bytes to the first plane.
    dims: the dimensions over planes, for index.row_offset (strides of x, then of y).
    Units: `parts` parts each, of planes x blocks of row_block rows of x.
    """
    blocks = (rows + row_block - 1) // row_block
    for part in range(begin * parts, min(end * parts, planes * blocks)):
        plane = part // blocks
        first = part % blocks * row_block
        last = min(first + row_block, rows)
        source = x + x_offset + row_offset(dims, plane, 0)
        target = y + y_offset + row_offset(dims, plane, 1)
        edge = first
        left = columns
        if size == 4 and 2 <= rows <= _NARROW and blocks == 1 and y_bytes == rows * 4:
            done = max(columns - _NARROW, 0) // LANES() * LANES()
            interleave_f32(rows, source, x_bytes, target, done)
            source += done * 4
            target += done * y_bytes
            left -= done
        elif size == 1 and 2 <= rows <= 4 and blocks == 1 and y_bytes == rows:
            done = max(columns - _PIECE, 0) // _PIECE * _PIECE
            interleave_bytes(rows, source, x_bytes, target, done)
            source += done
            target += done * y_bytes
            left -= done
        if size == 4 and left >= LANES():
            while edge + LANES() <= last:
                c = 0
                while c + LANES() <= left:
                    block = source + edge * x_bytes + c * 4
                    transpose_block_f32(block, x_bytes, target + c * y_bytes + edge * 4, y_bytes)
                    c += LANES()
                for r in range(edge, edge + LANES()):
                    rest = source + r * x_bytes + c * 4
                    copy_elements(rest, 4, target + c * y_bytes + r * 4, y_bytes, left - c, 4)
                edge += LANES()
        if left < last - edge:
            for c in range(left):
                copy_elements(
                    source + edge * x_bytes + c * size,
                    x_bytes,
                    target + c * y_bytes + edge * size,
                    size,
                    last - edge,
                    size,
                )
        else:
            for r in range(edge, last):
                copy_elements(source + r * x_bytes, size, target + r * size, y_bytes, left, size)


@kernel
def gather(
    x: Pointer,
    indices: Pointer,
    y: Pointer,
    index_bytes: Int,
    outer: Int,
    extent: Int,
    count: Int,
    run: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y[outer, count, run bytes] = x[outer, indices[count], run bytes].

    index_bytes: 4 for int32, 8 for int64.
    A negative index counts from the end; one outside [-extent, extent) gives zeros. Units: blocks of `block` of
    outer x count.
    """
    for place in range(begin * block, min(end * block, outer * count)):
        o = place // count
        k = place - o * count
        index = i64(indices)[k] if index_bytes == 8 else i32(indices)[k]
        if index < 0:
            index += extent
        target = y + place * run
        if 0 <= index < extent:
            copy_bytes(x + (o * extent + index) * run, target, run)
        else:
            for i in range(run):
                u8(target)[i] = 0


@kernel
def fill(y: Pointer, value: Pointer, n: Int, size: Int, block: Int, begin: Int, end: Int, scratch: Pointer) -> None:
    """n elements of `size` bytes, all equal to the one at `value`. Units: blocks of `block` elements."""
    first, last = begin * block, min(end * block, n)
    if size == 4:
        word = u32(value)[0]
        for i in range(first, last):
            u32(y)[i] = word
    else:
        copy_elements(value, 0, y + first * size, size, last - first, size)
