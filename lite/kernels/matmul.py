"""Matrix product, fp32, on the register tile of gemm.py: y = clamp(a @ b + bias, low, high), batches broadcast.

`b` is packed (lite.kernels.panels): constants once, when a model is bound; computed ones into a temporary. An `a` whose
rows are not is transposed into a temporary first. A part is a block of rows x a block of column panels of one batch;
within it a panel of weights (depth x 16 floats), or a group of short ones, stays in cache while all rows of the block
pass; a tile's rows meet all panels of the group in turn.
One row alone (`gemv_f32`) is bound by memory: several panels are read at once, and its weights are packed in pairs of
panels side by side, [pair][depth][2][TILE_COLUMNS], for fewer and broader streams.
"""
from __future__ import annotations

from functools import partial

from lite.kernels.declare import Float, Int, Pointer, Target, constant, i64, kernel
from lite.kernels.elementwise import activate_rows
from lite.kernels.gemm import TILE_COLUMNS, TILE_ROWS, gemm_tile_f32, share, tile_vectors
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value

_ACTIVATED_PANELS = 8  # after as many what is done last is done, while they are in cache
PAIR = 2  # panels of a vector's weights that are side by side
_GROUP_BYTES = 16 << 10  # of panels that stay in the nearest cache together, with a tile's rows


def _gemv_panels(target: Target) -> int:
    """Panels of one row that are read at once: 8 sums in registers hide how long an addition takes."""
    return 8 // tile_vectors(target)


GEMV_PANELS = constant("gemv_panels", _gemv_panels)


@kernel
def matmul_f32(
    a: Pointer,
    b: Pointer,
    bias: Pointer,
    y: Pointer,
    batches: Pointer,
    batch_count: Int,
    rows: Int,
    columns: Int,
    depth: Int,
    a_stride: Int,
    y_stride: Int,
    row_block: Int,
    panel_block: Int,
    parts: Int,
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
    """y[batch, rows, columns] from a[..., rows, depth] and packed b. Scratch: TILE_ROWS addresses.

    batches: int64 quadruples, bytes from a, b, y and bias to those of each batch. a_stride, y_stride: bytes between
    rows.
    residual: laid out as y and added before the clamp, 0 for none; it may be y. function: index in codes.UNARY of what
    is done last, -1 for nothing; alpha, beta: its parameters.
    Units: `parts` parts each, of batches x row blocks x panel blocks.
    """
    panels = (columns + TILE_COLUMNS() - 1) // TILE_COLUMNS()
    panel_bytes = depth * TILE_COLUMNS() * 4
    group_panels = max(1, _GROUP_BYTES // panel_bytes)
    row_blocks = (rows + row_block - 1) // row_block
    panel_blocks = (panels + panel_block - 1) // panel_block
    for part in range(begin * parts, min(end * parts, batch_count * row_blocks * panel_blocks)):
        batch = part // (row_blocks * panel_blocks)
        block = part - batch * row_blocks * panel_blocks
        first_row = block // panel_blocks * row_block
        last_row = min(first_row + row_block, rows)
        first_panel = block % panel_blocks * panel_block
        last_panel = min(first_panel + panel_block, panels)
        a_batch = a + i64(batches)[4 * batch]
        b_batch = b + i64(batches)[4 * batch + 1]
        y_batch = y + i64(batches)[4 * batch + 2]
        bias_batch = bias + i64(batches)[4 * batch + 3]
        tiles = (last_row - first_row + TILE_ROWS() - 1) // TILE_ROWS()
        done = first_panel
        for group in range(first_panel, last_panel, group_panels):
            group_end = min(group + group_panels, last_panel)
            ahead = b_batch + group_end * panel_bytes
            row = first_row
            for tile in range(tiles):
                height = (last_row - row + tiles - tile - 1) // (tiles - tile)
                for r in range(height):
                    i64(scratch)[r] = a_batch + (row + r) * a_stride
                for panel in range(group, group_end):
                    column = panel * TILE_COLUMNS()
                    target = y_batch + row * y_stride + column * 4
                    gemm_tile_f32(
                        scratch,
                        height,
                        1,
                        depth,
                        b_batch + panel * panel_bytes,
                        target,
                        y_stride,
                        columns - column,
                        bias_batch + column * 4,
                        residual + (target - y) if residual != 0 else 0,
                        low,
                        high,
                        ahead,
                        share(tiles),
                    )
                    ahead += depth * share(tiles)
                row += height
            if group_end - done >= _ACTIVATED_PANELS or group_end == last_panel:
                column = done * TILE_COLUMNS()
                width = min(group_end * TILE_COLUMNS(), columns) - column
                start = y_batch + first_row * y_stride + column * 4
                activate_rows(start, last_row - first_row, y_stride, width, function, alpha, beta)
                done = group_end


def _panels(
    abreast: int,
    s: Simd,
    panels: Value,
    a: Value,
    depth: Value,
    weights: Value,
    y: Value,
    columns: Value,
    bias: Value,
    residual: Value,
    low: Value,
    high: Value,
) -> None:
    """y[:columns] of one row and 1 to GEMV_PANELS panels of weights; residual: 0 or as y.

    abreast: of how many panels the weights lie side by side, [group][depth][panel]; the last group may have fewer.
    """
    vectors = tile_vectors(s.target)
    width = vectors * s.vector_bytes
    floor, ceiling = s.splat(low), s.splat(high)

    def some(count: int) -> None:
        groups = [(p - p % abreast, min(abreast, count - p + p % abreast)) for p in range(count)]
        starts = [weights + depth * (first * width) + (p - first) * width for p, (first, _) in enumerate(groups)]
        cells = range(count * vectors)

        def step(k: Value, *sums: Value) -> tuple[Value, ...]:
            x = s.broadcast(a + 4 * k)
            offsets = {size: k * (size * width) for _, size in groups}
            places = [start + offsets[size] for start, (_, size) in zip(starts, groups, strict=True)]
            return tuple(
                s.fma(x, s.load(places[i // vectors] + i % vectors * s.vector_bytes), total)
                for i, total in enumerate(sums)
            )

        sums = s.loop(depth, step, *(s.load(bias + i * s.vector_bytes) for i in cells))

        def store(whole: bool, adding: bool) -> None:
            for i, total in enumerate(sums):
                lanes = None if whole else columns - i * s.lanes
                result = total + s.load(residual + i * s.vector_bytes, lanes) if adding else total
                s.store(s.min(s.max(result, floor), ceiling), y + i * s.vector_bytes, lanes)

        def add_and_store(whole: bool) -> None:
            s.either(residual.equals(0), partial(store, whole, False), partial(store, whole, True))

        s.either(columns >= len(cells) * s.lanes, partial(add_and_store, True), partial(add_and_store, False))

    s.switch(panels, [partial(some, count) for count in range(1, _gemv_panels(s.target) + 1)], first=1)


_PARAMETERS = (Int, Pointer, Int, Pointer, Pointer, Int, Pointer, Pointer, Float, Float)

gemv_panels_f32 = micro("gemv_panels_f32", *_PARAMETERS, home=__name__)(partial(_panels, 1))  # one after the other
gemv_pairs_f32 = micro("gemv_pairs_f32", *_PARAMETERS)(partial(_panels, PAIR))


@kernel
def gemv_f32(
    a: Pointer,
    b: Pointer,
    bias: Pointer,
    y: Pointer,
    columns: Int,
    depth: Int,
    panel_block: Int,
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
    """y[columns] of one row a[depth] and b packed in pairs of panels; residual, function, alpha, beta: see matmul_f32.

    Units: blocks of panel_block panels, an even number.
    """
    width = TILE_COLUMNS()
    panel = begin * panel_block
    stop = min(end * panel_block, (columns + width - 1) // width)
    while panel < stop:
        groups = (stop - panel + GEMV_PANELS() - 1) // GEMV_PANELS()
        count = min((stop - panel + PAIR * groups - 1) // (PAIR * groups) * PAIR, stop - panel)
        column = panel * width
        gemv_pairs_f32(
            count,
            a,
            depth,
            b + column * depth * 4,
            y + column * 4,
            columns - column,
            bias + column * 4,
            residual + column * 4 if residual != 0 else 0,
            low,
            high,
        )
        panel += count
    first = begin * panel_block * width
    activate_rows(y + first * 4, 1, 0, min(stop * width, columns) - first, function, alpha, beta)
