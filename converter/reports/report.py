"""A report of pruning and quantization, as data: ranges, bits, errors, histograms, bytes and times of operators."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CODED, FLOAT, MOVE, CAST = ROLES = ("coded", "float", "move", "cast")
"""What an operator does.

coded: it computes with quantized tensors, or with weights that are stored as codes or in 16 bits. float: it computes
with float32. move: it moves, repeats or chooses elements, quantized or not. cast: it quantizes or dequantizes.
"""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many elements lie in each of the equal intervals between low and high."""

    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Numbers:
    """How far a tensor is from what float32 gives.

    sqnr: signal to quantization noise ratio, in decibels. cosine: of the angle between both. error: relative, the
    square root of noise over signal.
    """

    sqnr: float
    cosine: float
    error: float


@dataclass(frozen=True, slots=True)
class Row:
    """An operator of the converted network. Pairs are of before and after pruning and quantization.

    role: one of ROLES. shape: of its output. channels: how many the output has. weights: how many are not 0.
    weight_bits, activation_bits: 32 where these stay in float32; weight_bits is None without weights.
    scale, zero_point: of the output, where it is quantized. output: histogram of the output; histogram: of the weights.
    alone: the error of the output where this operator alone is quantized. accumulated: its error in the quantized
    network, with the errors of all operators before it.
    nbytes: of the constants.
    seconds: the measured time, with what is merged into the operator; 0 for a view, which does no work, None where the
    operator is merged into another or did not exist. merged: the name of that other operator, None without one.
    predicted: the floor of the time afterwards, by lite.bench; None for an operator that does no work of its own.
    delegates: who runs it, "reference" for numpy; None likewise.
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
    delegates: tuple[str | None, str | None]
    merged: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Report:
    """What pruning and quantization did to a network.

    pruned: whether it was pruned. kind: of quantization; None for none. samples: how many it was measured on, the first
    ones. nbytes: of the `.ms` files before and after. latency: median seconds with one thread, before and after.
    outputs: how far each is from what it was, by name, those of integers only where there are no others. rows: the
    operators, in the order of the network.
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
        """The relative error of the worst output."""
        return max((numbers.error for numbers in self.outputs.values()), default=0.0)

    @property
    def seconds(self) -> tuple[float, float]:
        """The sums of the times of all operators, before and after.

        They differ from the latencies: a run also copies inputs and outputs and makes calls, while each operator, timed
        by itself, takes about a microsecond more than within a run.
        """
        return sum(row.seconds[0] or 0.0 for row in self.rows), sum(row.seconds[1] or 0.0 for row in self.rows)

    def count(self, role: str) -> int:
        """How many operators have this role."""
        return sum(row.role == role for row in self.rows)
