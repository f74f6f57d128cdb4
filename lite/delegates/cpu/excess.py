"""Weights of products with codes of 7 bits, split where sums of products could leave int16.

lite.kernels.gemm_i7 adds the products of two unsigned codes with two weights as int16, or of four with four where steps
are doubled. These cannot leave int16 if the weights of one sign among them are 258 together at most: 127 * 258 is below
2^15. What weights have beyond that is taken off them, and becomes vectors of weights that are multiplied with the same
codes once more. So results are exact whatever the codes are.
"""
from __future__ import annotations

import numpy as np

from lite.delegates.cpu.tile import Tile
from lite.types import Array

_LIMIT = 258
_DOUBLED = 0.8  # time of a step of a double, of that of a step alone; a vector of excess takes as long as the latter
_CHUNK = 1 << 22  # weights that are looked at at once


def pack_split(quads: Array, tile: Tile) -> tuple[Array, int, int]:
    """The weights as gemm_tile_i7 takes them, its `doubles` and `tap_bytes`; quads: int8 [rows, steps, lanes, 4].

    A row is a tap of a panel. `quads` is overwritten.
    """
    rows, steps, vector = len(quads), quads.shape[1], quads[0, 0].size
    doubles = steps // 2 if _is_doubling_faster(quads) else 0
    parts = [_split(quads[:, : 2 * doubles], 2), _split(quads[:, 2 * doubles :], 1, first=2 * doubles)]
    row, step, excess = (np.concatenate(parts) for parts in zip(*parts, strict=True))
    order = np.lexsort((step, row))
    row, step, excess = row[order], step[order], excess[order]
    counts = np.bincount(row, minlength=rows)
    place = np.arange(len(row)) - (np.cumsum(counts) - counts)[row]
    header = (4 * counts + 4 + vector - 1) // vector
    tap = steps + int((header + counts).max())
    packed = tile.slabs.allocate(rows * tap * vector).view(np.int8)
    vectors, words = packed.reshape(rows, tap, vector), packed.view(np.int32).reshape(rows, -1)
    vectors[:, :steps] = quads.reshape(rows, steps, vector)
    vectors[:, steps:] = 0
    words[:, steps * vector // 4] = counts
    words[row, steps * vector // 4 + 1 + place] = 4 * step
    vectors[row, steps + header[row] + place] = excess
    return packed, doubles, tap * vector


def _is_doubling_faster(quads: Array) -> bool:
    """By how many sums of two and of four products are too large, in a part of the rows."""
    steps = quads.shape[1]
    some = quads[:: -(-quads.size // _CHUNK), : steps // 2 * 2]
    if not some.size:
        return False
    single, double = (float(_is_over(some.reshape(-1, n, *quads.shape[2:])).mean()) / n for n in (1, 2))
    return _DOUBLED + 2 * double < 1 + single


def _is_over(sums: Array) -> Array:
    """Which of these steps, [n, steps that are joined, lanes, 4], have sums that are too large."""
    pairs = sums.reshape(*sums.shape[:3], 2, 2)
    over = np.zeros(len(sums), bool)
    for part in (np.maximum(pairs, 0), np.minimum(pairs, 0)):
        total = part.sum(axis=(1, 4), dtype=np.int16)
        over |= (np.abs(total) > _LIMIT).any(axis=(1, 2))
    return over


def _split(quads: Array, joined: int, first: int = 0) -> tuple[Array, Array, Array]:
    """Takes the excess off [rows, steps, lanes, 4]; gives its rows, its steps counted from `first`, and its vectors."""
    rows, steps, lanes, _ = quads.shape
    found = []
    if steps:
        for start in range(0, rows, block := max(1, _CHUNK // (steps * lanes * 4))):
            part = quads[start : start + block]
            sums = part.reshape(-1, joined, lanes, 4)  # a copy where steps were left out
            over = np.nonzero(_is_over(sums))[0]
            kept = _kept(sums[over])
            rest = (sums[over].astype(np.int16) - kept).reshape(-1, lanes, 4)
            sums[over] = kept
            part[...] = sums.reshape(part.shape)
            at = (over[:, None] * joined + np.arange(joined)).reshape(-1)
            while len(at):
                some = rest.any(axis=(1, 2))
                at, rest = at[some], rest[some]
                kept = _kept(rest[:, None])[:, 0]
                found.append((start + at // steps, first + at % steps, kept.reshape(-1, lanes * 4).astype(np.int8)))
                rest = rest - kept
    empty = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, lanes * 4), np.int8))
    return tuple(np.concatenate(parts) for parts in zip(empty, *found, strict=True))  # type: ignore[return-value]


def _kept(sums: Array) -> Array:
    """Of [n, joined, lanes, 4] as much as sums may have, the first steps first; int16."""
    n, joined, lanes, _ = sums.shape
    ordered = sums.astype(np.int16).reshape(n, joined, lanes, 2, 2).transpose(0, 2, 3, 1, 4)
    together = ordered.reshape(n, lanes, 2, 2 * joined)
    kept = np.zeros_like(together)
    for sign in (1, -1):
        total = np.minimum(np.cumsum(np.maximum(sign * together, 0), axis=-1), _LIMIT)
        kept += sign * np.diff(total, axis=-1, prepend=0).astype(np.int16)
    return kept.reshape(n, lanes, 2, joined, 2).transpose(0, 3, 1, 2, 4).reshape(sums.shape)
