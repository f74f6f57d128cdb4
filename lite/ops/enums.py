"""Enumerations of the `.ms` schema that operator attributes use; names and values are the schema's."""
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


class ReduceMode(IntEnum):
    """What ReduceFusion computes over its axes; see lite.ops.reduce for the formulas."""

    ReduceMean = 0
    ReduceMax = 1
    ReduceMin = 2
    ReduceProd = 3
    ReduceSum = 4
    ReduceSumSquare = 5
    ReduceASum = 6
    ReduceAll = 7
    ReduceL2 = 8


class PaddingMode(IntEnum):
    """What PadFusion writes outside its input."""

    CONSTANT = 0
    REFLECT = 1
    SYMMETRIC = 2
    MODE_RESERVED = 3


class ResizeMethod(IntEnum):
    """Interpolation of Resize."""

    UNKNOWN = -1
    LINEAR = 0
    NEAREST = 1
    CUBIC = 2


class CoordinateTransformMode(IntEnum):
    """How Resize maps an output index to an input coordinate."""

    ASYMMETRIC = 0
    ALIGN_CORNERS = 1
    HALF_PIXEL = 2


class NearestMode(IntEnum):
    """How Resize rounds a coordinate to a pixel when the method is NEAREST."""

    NORMAL = 0
    ROUND_HALF_DOWN = 1
    ROUND_HALF_UP = 2
    FLOOR = 3
    CEIL = 4


class EltwiseMode(IntEnum):
    """What Eltwise computes of its inputs."""

    PROD = 0
    SUM = 1
    MAXIMUM = 2
    UNKNOWN = 3


class PoolMode(IntEnum):
    """Kinds of pooling."""

    MAX_POOLING = 0
    MEAN_POOLING = 1
