"""Multi-head attention and the feed-forward layers around it (Vaswani et al., 2017). Tokens are rows, [N * T, C]."""
from __future__ import annotations

import math

from mindspore import Tensor, nn, ops


class Attention(nn.Cell):
    """construct: x [N * T, C] looks at memory [N * S, C] where mask [N, T, S] (or [N, 1, S]) is 1."""

    def __init__(self, width: int, heads: int, has_bias: bool) -> None:
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.query, self.key, self.value, self.output = (nn.Dense(width, width, has_bias=has_bias) for _ in range(4))
        self.scores = ops.BatchMatMul(transpose_b=True)
        self.mix = ops.BatchMatMul()
        self.mul = ops.Mul()
        self.softmax = nn.Softmax(axis=-1)
        self.scale = 1 / math.sqrt(self.size)

    def split(self, x: Tensor, batch: int) -> Tensor:
        """[N * T, C] -> [N, H, T, C / H]"""
        return x.reshape((batch, -1, self.heads, self.size)).transpose((0, 2, 1, 3))

    def construct(self, x: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
        batch = mask.shape[0]
        query = self.split(self.query(x), batch)
        key, value = self.split(self.key(memory), batch), self.split(self.value(memory), batch)
        bias = self.mul(1.0 - mask.expand_dims(1), -10000.0)
        weights = self.softmax(self.mul(self.scores(query, key), self.scale) + bias)
        y = self.mix(weights, value).transpose((0, 2, 1, 3))
        return self.output(y.reshape((-1, self.heads * self.size)))


class PostNormLayer(nn.Cell):
    """An encoder layer as BERT has it: each half is added to its input, then normalized."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.attention = Attention(width, heads, has_bias=True)
        self.norm1 = nn.LayerNorm((width,), epsilon=1e-7)
        self.expand, self.gelu, self.contract = nn.Dense(width, hidden), nn.GELU(), nn.Dense(hidden, width)
        self.norm2 = nn.LayerNorm((width,), epsilon=1e-7)

    def construct(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.norm1(x + self.attention(x, x, mask))
        return self.norm2(x + self.contract(self.gelu(self.expand(x))))


class FeedForward(nn.Cell):
    """x plus two fully connected layers of the normalized x."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm((width,), epsilon=1e-7)
        self.expand, self.relu, self.contract = nn.Dense(width, hidden), nn.ReLU(), nn.Dense(hidden, width)

    def construct(self, x: Tensor) -> Tensor:
        return x + self.contract(self.relu(self.expand(self.norm(x))))


class PreNormEncoderLayer(nn.Cell):
    """Each half works on its normalized input and is added to it."""

    def __init__(self, width: int, heads: int, hidden: int, has_bias: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm((width,), epsilon=1e-7)
        self.attention = Attention(width, heads, has_bias)
        self.feed_forward = FeedForward(width, hidden)

    def construct(self, x: Tensor, mask: Tensor) -> Tensor:
        y = self.norm(x)
        return self.feed_forward(x + self.attention(y, y, mask))


class PreNormDecoderLayer(nn.Cell):
    """As the encoder's, and between the halves attention to what the encoder made."""

    def __init__(self, width: int, heads: int, hidden: int, has_bias: bool) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm((width,), epsilon=1e-7)
        self.attention = Attention(width, heads, has_bias)
        self.norm2 = nn.LayerNorm((width,), epsilon=1e-7)
        self.cross_attention = Attention(width, heads, has_bias)
        self.feed_forward = FeedForward(width, hidden)

    def construct(self, x: Tensor, mask: Tensor, memory: Tensor, memory_mask: Tensor) -> Tensor:
        y = self.norm1(x)
        x = x + self.attention(y, y, mask)
        return self.feed_forward(x + self.cross_attention(self.norm2(x), memory, memory_mask))
