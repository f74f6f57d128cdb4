"""Weights with a scale for each group, for which the `.ms` format has no field: nodes compute them from codes.

    codes [groups, size] ─ MulFusion scales [groups, 1] ─ (AddFusion offsets [groups, 1]) ─ Reshape ─ weights

Any reader that runs these nodes computes the right weights. Here their result becomes a constant that is stored as
codes, so that none of the nodes runs, and nothing is decoded before a delegate needs it.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lite.coded import Coded
from lite.ops.binary import FusedBinary
from lite.ops.enums import ActivationType
from lite.ops.registry import Attributes
from lite.ops.reshape import Reshape
from lite.records import replace
from lite.types import TensorSpec

_CHANGES = frozenset({"AddFusion", "MulFusion"})


def in_codes(
    attrs: Attributes, inputs: Sequence[TensorSpec], outputs: tuple[TensorSpec, ...]
) -> tuple[TensorSpec, ...]:
    """The outputs of an operation; a constant in codes where it computes that from another."""
    data = inputs[0].data if len(inputs) == 2 else None
    if not isinstance(data, Coded) or not inputs[1].is_known:
        return outputs
    (y,) = outputs
    made: Coded | None = None
    if isinstance(attrs, Reshape) and y.is_static:
        made = replace(data, shape=y.shape)
    elif isinstance(attrs, FusedBinary) and attrs.op in _CHANGES and inputs[0].rank == 2:
        made = _changed(attrs, data, inputs[1])
    return outputs if made is None else (TensorSpec(y.dtype, y.shape, y.name, made),)


def _changed(attrs: FusedBinary, data: Coded, numbers: TensorSpec) -> Coded | None:
    """Codes [groups, size] with a number for each group multiplied or added; None where their groups are others."""
    groups, size = data.shape
    value = numbers.value
    if data.blocks not in ((1, 1, groups * size), (1, groups, size)) or numbers.shape != (groups, 1) or value is None:
        return None
    multiplies, each = attrs.op == "MulFusion", value.reshape(-1)
    if attrs.activation_type != ActivationType.NO_ACTIVATION or (multiplies and data.mean_corr.any()):
        return None
    scale, zero_point, var_corr, mean_corr = (
        np.broadcast_to(column, (groups,)) for column in (data.scale, data.zero_point, data.var_corr, data.mean_corr)
    )
    with np.errstate(all="ignore"):  # a file may hold anything
        scale, mean_corr = (scale * each, mean_corr) if multiplies else (scale, mean_corr + each)
    blocks = 1, groups, size
    return replace(data, blocks=blocks, scale=scale, zero_point=zero_point, var_corr=var_corr, mean_corr=mean_corr)
