"""Binds normalizations and what has one number a channel: layer norm, batch norm, scale, bias."""
from __future__ import annotations

import math
from typing import Any

import numpy as np

from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out, Packed
from lite.delegates.cpu.elementwise import binary_step
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, bounds, split
from lite.ops.enums import ActivationType
from lite.types import Array, DType, TensorSpec

_NONE = ActivationType.NO_ACTIVATION
_GROUP_CHANNELS = 64  # that one thread takes at least of an image


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """float32."""
    if any(x.dtype != DType.FLOAT32 for x in operation.inputs):
        return None
    return _BINDERS[operation.op](operation)


def _layer_norm(operation: Operation) -> NativeClaim | None:
    attrs: Any = operation.attrs
    x, *factors = operation.inputs
    axis = attrs.begin_norm_axis % x.rank
    rows, n = math.prod(x.shape[:axis]), math.prod(x.shape[axis:])
    if any(factor.size != n for factor in factors):  # parameters of fewer axes than are normalized
        return None
    units = split(rows, 16 * n * BYTE)
    step = NativeStep(
        "layer_norm_f32",
        {
            "x": In(0),
            "gamma": In(1) if factors else 0,
            "beta": In(2) if factors else 0,
            "y": Out(0),
            "rows": rows,
            "n": n,
            "affine": int(bool(factors)),
            "epsilon": attrs.epsilon,
            "row_block": units.block,
        },
        units.count,
    )
    return NativeClaim((step,), in_place=0)


def _group_norm(operation: Operation) -> NativeClaim:
    """InstanceNorm is a group a channel."""
    attrs: Any = operation.attrs
    x, *factors = operation.inputs
    groups = x.shape[-1] if operation.op == "InstanceNorm" else attrs.num_groups
    channels, pixels = x.shape[-1] // groups, math.prod(x.shape[1:-1])
    blocks = split(-(-groups * channels // _GROUP_CHANNELS), 20 * pixels * _GROUP_CHANNELS * BYTE)
    group_block = min(groups, max(blocks.block * _GROUP_CHANNELS // channels, 1))
    step = NativeStep(
        "group_norm_f32",
        {
            "x": In(0),
            "gamma": In(1) if factors else 0,
            "beta": In(2) if factors else 0,
            "y": Out(0),
            "images": x.shape[0],
            "pixels": pixels,
            "groups": groups,
            "channels": channels,
            "group_block": group_block,
            "affine": int(bool(factors)),
            "epsilon": attrs.epsilon,
        },
        x.shape[0] * -(-groups // group_block),
        scratch=12 * group_block * channels,
    )
    return NativeClaim((step,), in_place=0)


def _batch_norm(operation: Operation) -> NativeClaim | None:
    """BatchNorm(x, mean, variance) and FusedBatchNorm(x, scale, offset, mean, variance) with constant statistics."""
    attrs: Any = operation.attrs
    x, *given = operation.inputs
    known = [spec.value for spec in given if spec.value is not None]
    if len(known) < len(given) or getattr(attrs, "is_training", False):
        return None
    mean, variance = (value.astype(np.float64) for value in known[-2:])
    scale = 1 / np.sqrt(variance + attrs.epsilon)
    offset: Array | float = 0.0
    if len(known) == 4:
        scale, offset = scale * known[0], known[1]
    shift = offset - mean * scale
    factors = (Packed(scale.astype(np.float32)), Packed(shift.astype(np.float32)))
    return NativeClaim((_scale_shift(x, scale.size, *factors, _NONE),), in_place=0)


def _scale(operation: Operation) -> NativeClaim:
    attrs: Any = operation.attrs
    x, scale, *rest = operation.inputs
    axis = attrs.axis % x.rank
    if axis + scale.rank == x.rank and scale.size:
        shift: Argument = In(2) if rest else Packed(np.zeros(scale.size, np.float32))
        return NativeClaim((_scale_shift(x, scale.size, In(1), shift, attrs.activation_type),), in_place=0)
    along = scale.shape + (1,) * (x.rank - axis - scale.rank)
    first = binary_step("mul", (x.shape, along), x.shape, _NONE if rest else attrs.activation_type)
    if not rest:
        return NativeClaim((first,), in_place=0)
    second = binary_step("add", (x.shape, along), x.shape, attrs.activation_type, (Out(0), In(2)))
    return NativeClaim((first, second), in_place=0)


def _bias_add(operation: Operation) -> NativeClaim:
    x, bias = operation.inputs
    return NativeClaim((binary_step("add", (x.shape, bias.shape), x.shape, _NONE),), in_place=0)


def _scale_shift(
    x: TensorSpec, channels: int, scale: Argument, shift: Argument, activation: ActivationType
) -> NativeStep:
    rows = x.size // channels
    units = split(rows, 8 * channels * BYTE)
    return NativeStep(
        "scale_shift_f32",
        {
            "x": In(0),
            "scale": scale,
            "shift": shift,
            "y": Out(0),
            "rows": rows,
            "n": channels,
            "row_block": units.block,
            **bounds(activation),
        },
        units.count,
    )


_BINDERS = {
    "BatchNorm": _batch_norm,
    "BiasAdd": _bias_add,
    "FusedBatchNorm": _batch_norm,
    "GroupNormFusion": _group_norm,
    "InstanceNorm": _group_norm,
    "LayerNormFusion": _layer_norm,
    "ScaleFusion": _scale,
}
