"""What a report of pruning and quantization says: by operator what is left of it, its range, bits, errors alone and
accumulated, histograms, bytes and times.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CODED, FLOAT, MOVE, CAST = ROLES = ("coded", "float", "move", "cast")
"""What an operator is: it computes with codes, or with weights stored as codes or halves; it computes with plain
numbers; it moves, repeats or chooses elements, of codes or not; it turns numbers into codes or back.
"""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many elements lie in each of equal parts from low to high."""

    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Signal over noise in decibels, cosine of the angle to what float32 gives, and error, the root of noise over
    signal.
    """

    sqnr: float
    cosine: float
    error: float


@dataclass(frozen=True, slots=True)
class Row:
    """An operator of the network as it is. role: one of ROLES. shape: of what it computes. channels, weights: how many
    it has, before and after; of weights, other than 0. weight_bits, activation_bits: 32 where it stays float32, the
    former None where it has no weights. nbytes: of its constants, before and after.

    seconds: measured, before and after, with what is merged into it; 0 where it only renames dimensions, None where it
    is merged into another operator or was not there. merged: that operator's name, before and after, None for none.
    predicted: after, the floor that lite.bench says; None without work of its own.
    """

    name: str
    op: str
    role: str
    shape: tuple[int, ...]
    channels: tuple[int, int]
    weights: tuple[int, int]
    weight_bits: int | None
    activation_bits: int
    scale: float | None
    zero_point: int | None
    output: Histogram | None
    histogram: Histogram | None
    alone: Numbers | None
    accumulated: Numbers | None
    nbytes: tuple[int, int]
    seconds: tuple[float | None, float | None]
    predicted: float | None
    merged: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. pruned: whether the network was; kind: of quantization, None for none. samples: how many it was
    measured with, the first ones. nbytes: of the files, and latency: the medians with one thread, before and after.
    """

    network: str
    pruned: bool
    kind: str | None
    samples: int
    nbytes: tuple[int, int]
    latency: tuple[float, float]
    outputs: Mapping[str, Numbers]
    rows: tuple[Row, ...]

    @property
    def error(self) -> float:
        """Of the worst output."""
        return max((numbers.error for numbers in self.outputs.values()), default=0.0)

    @property
    def seconds(self) -> tuple[float, float]:
        """Of all operators, each measured by itself, before and after. What the latency has beside them is inputs,
        outputs and calls; what is measured by itself takes about a microsecond more than in a run.
        """
        return sum(row.seconds[0] or 0.0 for row in self.rows), sum(row.seconds[1] or 0.0 for row in self.rows)

    def count(self, role: str) -> int:
        """How many operators have a role."""
        return sum(row.role == role for row in self.rows)
