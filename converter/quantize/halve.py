"""Constants in 16 bits: half of the bytes, widened when a model is loaded. What is computed stays float32."""
from __future__ import annotations

import numpy as np

from converter.errors import QuantizeError
from converter.ir.graph import Graph, Value
from converter.ir.invoke import Invoke
from converter.quantize.settings import Quantization
from lite.halves import Half, halved
from lite.types import DType, TensorSpec

_PEAKS = {  # of constants: from the least number that has all its bits to the largest
    "float16": (2.0**-14, float(np.finfo(np.float16).max)),
    "bfloat16": (2.0**-126, (2 - 2.0**-7) * 2.0**127),
}


def store_halves(graph: Graph, settings: Quantization) -> Graph:
    """The graph with constants as settings.kind says; they are replaced in place.

    A constant stays as it is where it has few elements, where its largest element is beyond the type's range or
    precision, and where an operator does not compute with it in float32: readers could not tell it from a constant
    that is meant to be float16.
    """
    kept = {value for part in (graph, *graph.functions.values()) for value in part.outputs}
    found: dict[Value, None] = {}
    for node in graph.all_nodes():
        others = {v.spec.dtype for v in (*node.inputs, *node.outputs) if not _is_able(v, settings)}
        able = [value for value in node.inputs if _is_able(value, settings)]
        plain = DType.FLOAT32 in others and DType.FLOAT16 not in others and not isinstance(node.attrs, Invoke)
        if plain and node.name not in settings.skip_nodes:
            found.update(dict.fromkeys(able))
        else:
            kept.update(able)
    chosen = [value for value in found if value not in kept]
    if not chosen:
        raise QuantizeError(f"{graph.name}: nothing to store: no constants of {settings.min_weights} elements or more")
    for value in chosen:
        data = value.data
        assert data is not None, "it is a constant"
        is_brain = settings.kind == "bfloat16"
        stored = Half(halved(data, is_brain).reshape(-1), data.shape, is_brain)
        value.spec = TensorSpec(DType.FLOAT32, data.shape, value.name, stored)
    return graph


def _is_able(value: Value, settings: Quantization) -> bool:
    data = value.spec.data
    if value.spec.dtype != DType.FLOAT32 or value.producer is not None or not isinstance(data, np.ndarray):
        return False
    if data.size < max(settings.min_weights, 1):
        return False
    (least, largest), peak = _PEAKS[settings.kind], float(np.abs(data).max())
    return peak == 0 or least <= peak <= largest
