"""The Transformer (Vaswani et al., 2017): encoder and decoder with beam search, unrolled for four words."""
from __future__ import annotations

import numpy as np
from mindspore import nn

from tests.conformance.networks.blocks.translation import Size, Translator, sentences

SMALL = Size(width=32, heads=4, layers=2, length=10, tokens=1000, has_bias=False)
FULL = Size(width=512, heads=8, layers=6, length=32, tokens=36560, has_bias=False)


def network(size: Size = SMALL, batch: int = 2) -> nn.Cell:
    """The cell to export."""
    return Translator(size, batch, with_scores=False)


def inputs(rng: np.random.Generator, size: Size = SMALL, lengths: tuple[int, ...] = (10, 6)) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments: sentences of some lengths."""
    return sentences(rng, size, lengths)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The base model and one sentence."""
    return network(FULL, 1), inputs(rng, FULL, (FULL.length,))
