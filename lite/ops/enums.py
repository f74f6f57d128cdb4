"""Enumerations of the `.ms` schema that attributes of several operators use; names and values are the schema's."""
from __future__ import annotations

from enum import IntEnum


class ActivationType(IntEnum):
    """Element-wise functions; see lite.ops.activation for their formulas."""

    NO_ACTIVATION = 0
    RELU = 1
    SIGMOID = 2
    RELU6 = 3
    ELU = 4
    LEAKY_RELU = 5
    ABS = 6
    RELU1 = 7
    SOFTSIGN = 8
    SOFTPLUS = 9
    TANH = 10
    SELU = 11
    HSWISH = 12
    HSIGMOID = 13
    THRESHOLDRELU = 14
    LINEAR = 15
    HARD_TANH = 16
    SIGN = 17
    SWISH = 18
    GELU = 19
    FAST_GELU = 20
    UNKNOWN = 21


class PadMode(IntEnum):
    """Where a window's padding comes from: the attribute, computed to keep ceil(in / stride), or none."""

    PAD = 0
    SAME = 1
    VALID = 2


class RoundMode(IntEnum):
    """Rounding of a pooling window's output extent."""

    FLOOR = 0
    CEIL = 1
