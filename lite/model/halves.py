"""Constants in float16 among operands in float32: files store weights so to be smaller, and compute in float32."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lite.halves import Half
from lite.model.contents import Node, Tensor
from lite.records import replace
from lite.types import DType, TensorSpec


def widen(nodes: Sequence[Node], tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The tensors, constants in float16 being float32 where all that read them compute in that."""
    specs = [tensor.spec for tensor in tensors]
    halves = {i for i, spec in enumerate(specs) if spec.dtype == DType.FLOAT16 and spec.is_known and spec.size}
    wide: set[int] = set()
    for node in nodes if halves else ():
        own = halves.intersection(node.inputs)
        others = {specs[i].dtype for i in (*node.inputs, *node.outputs) if i < len(specs) and i not in halves}
        if own and DType.FLOAT32 in others and DType.FLOAT16 not in others:
            wide |= own
        else:
            halves -= own
    made = list(tensors)
    for i in wide & halves:
        spec = specs[i]
        assert isinstance(spec.data, np.ndarray), "it is a constant, and no codes"
        stored = Half(spec.data.view(np.uint16).reshape(-1), spec.shape)
        made[i] = replace(tensors[i], spec=TensorSpec(DType.FLOAT32, spec.shape, spec.name, stored))
    return tuple(made)
