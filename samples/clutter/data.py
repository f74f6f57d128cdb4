"""Images of 24x24 with one whole digit somewhere in them, large or small, turned, dim or bright, and pieces of others.

The digits are the 1797 that scikit-learn bundles, split as in samples/digits: what is composed for training and for
calibration takes every piece from one part, the held-out images from the other.
"""
from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SIZE = 24  # pixels of an image's side
LEVELS = 31  # the largest value of a pixel; 0 is dark
PIECES = 3  # of other digits in every image
SOURCE = 8  # pixels of a digit's side
BORDER = 2  # dark pixels around it
SPLIT_SEED = 7


def digits(held_out: bool) -> tuple[np.ndarray, np.ndarray]:
    """Pixels float32 [N,8,8] in 0..1 and labels int32 [N] of one part of the split."""
    pixels, labels = load_digits(return_X_y=True)
    kept, held = train_test_split(np.arange(len(labels)), test_size=0.2, random_state=SPLIT_SEED, stratify=labels)
    chosen = held if held_out else kept
    return np.float32(pixels[chosen] / 16).reshape(-1, SOURCE, SOURCE), labels[chosen].astype(np.int32)


def compose(count: int, pixels: np.ndarray, labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 [count,24,24] in 0..31, and their labels int32 [count].

    What lies around the digits is made for a quarter of them, and moved around the edges for the others.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, len(pixels), count)
    images = _place(rng, pixels[chosen], window=SOURCE, brightness=(0.7, 1.0))
    around = np.zeros((-(-count // 4), SIZE, SIZE), np.float32)
    for _ in range(PIECES):
        others = pixels[rng.integers(0, len(pixels), len(around))]
        around = np.maximum(around, _place(rng, others, window=3.5, brightness=(0.2, 0.6)))
    for image in images:
        moved = np.roll(around[rng.integers(len(around))], rng.integers(0, SIZE, 2), axis=(0, 1))
        np.maximum(image, moved, out=image)
    return np.round(images * LEVELS).astype(np.uint8), labels[chosen]


def _place(
    rng: np.random.Generator, sources: np.ndarray, window: float, brightness: tuple[float, float]
) -> np.ndarray:
    """float32 [N,24,24]: a square of `window` source pixels of each, scaled, turned, slanted and moved, else dark."""

    def uniform(low: float, high: float, *shape: int) -> np.ndarray:
        return rng.uniform(low, high, (*shape, len(sources), 1, 1)).astype(np.float32)

    scale, turn, slant = uniform(1.4, 2.2), uniform(-0.3, 0.3), uniform(-0.3, 0.3)
    room = np.maximum(SIZE - scale * window * 1.1, 0) / 2  # how far the middle may be from the image's
    middle = SIZE / 2 + room * uniform(-1, 1, 2)
    inside = SOURCE / 2 + (SOURCE - window) / 2 * uniform(-1, 1, 2)  # the window's middle in the digit

    along = np.arange(SIZE, dtype=np.float32) + 0.5
    down, right = (along[:, None] - middle[0]) / scale, (along - middle[1]) / scale
    y = np.cos(turn) * down - np.sin(turn) * right
    x = np.sin(turn) * down + np.cos(turn) * right + slant * y
    seen = (np.abs(y) < window / 2) & (np.abs(x) < window / 2)
    return _bilinear(sources, y + inside[0], x + inside[1]) * seen * uniform(*brightness)


def _bilinear(sources: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Each source at its own coordinates, pixel centres at halves; dark outside."""
    padded = np.pad(sources, ((0, 0), (BORDER, BORDER), (BORDER, BORDER))).reshape(len(sources), -1)
    side = SOURCE + 2 * BORDER
    y, x = (np.clip(v + np.float32(BORDER - 0.5), 0, np.float32(side - 1.01)) for v in (y, x))
    top, left = y.astype(np.int32), x.astype(np.int32)
    y, x = y - top, x - left
    corner = (top * side + left).reshape(len(sources), -1)

    def at(offset: int) -> np.ndarray:
        return np.take_along_axis(padded, corner + offset, axis=1).reshape(y.shape)

    upper, lower = at(0) * (1 - x) + at(1) * x, at(side) * (1 - x) + at(side + 1) * x
    return upper * (1 - y) + lower * y
