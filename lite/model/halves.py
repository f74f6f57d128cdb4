"""float16 constants of operators that compute in float32: files store weights so in order to be smaller."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lite.halves import Half
from lite.model.contents import Node, Tensor
from lite.records import replace
from lite.types import DType, TensorSpec


def widen(nodes: Sequence[Node], tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The tensors, with float16 constants as float32 where all their readers compute in float32."""
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
