"""What the quantization of a file means for its nodes and constants.

    a node that reads or writes quantized activations       its attributes become Quantized
    a node with quantized constants only                    the constants become float32, decoded when they are needed
    a recurrent layer of quantType QUANT_DYNAMIC            it is by row, with float32 weights
    a product that reads what DynamicQuant gives            it reads the float32; by row, where its weights are codes
"""
from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lite.coded import Coded
from lite.errors import InvalidModelError, UnsupportedVersionError
from lite.model.contents import Node, Tensor
from lite.ops.quantized import PRODUCTS, RECURRENT, Affine, Quantized, is_by_row
from lite.records import replace
from lite.types import Array, DType, QuantParams, TensorSpec

_CODES = frozenset({DType.INT8, DType.INT16})
_BIAS = 2  # input of a product
_BY_ROW = 6  # QuantType.QUANT_DYNAMIC
_LEAST_SCALE = 2.0**-40  # between this and its inverse no ratio of three scales leaves float32


def resolve_quantization(
    nodes: Sequence[Node], tensors: Sequence[Tensor]
) -> tuple[tuple[Node, ...], tuple[Tensor, ...]]:
    """The nodes and tensors, with what the file says of their quantization applied.

    Raises InvalidModelError where the parameters of a tensor do not fit it, UnsupportedVersionError for what is not
    handled.
    """
    nodes = [_layer_by_row(node) if node.quant_type == _BY_ROW else node for node in nodes]
    if not any(tensor.quant for tensor in tensors):
        return tuple(nodes), tuple(tensors)
    nodes, by_row = _past_dynamic(nodes)
    resolved, made = [], list(tensors)
    decoded: dict[int, int] = {}  # constants that are float32 to their readers, and the axis of their channels
    unpacked: set[int] = set()
    kept: dict[int, list[int]] = {}  # weights that are codes to a product by row, and where these products are
    for node in nodes:
        if not all(0 <= i < len(tensors) for i in (*node.inputs, *node.outputs)):
            return tuple(nodes), tuple(tensors)  # the graph's rules say what is wrong
        if node.attrs is None or node.op == "DynamicQuant":
            resolved.append(node)
        elif id(node) in by_row and (attrs := _row_product(node, tensors)) is not None:
            kept.setdefault(node.inputs[1], []).append(len(resolved))
            resolved.append(replace(node, attrs=attrs))
        elif any(_is_code(tensors[i]) and not tensors[i].spec.is_known for i in (*node.inputs, *node.outputs)):
            resolved.append(_quantized(node, tensors))
            unpacked.update(i for i in node.inputs if isinstance(tensors[i].spec.data, Coded))
        else:
            resolved.append(node)
            for position, i in enumerate(node.inputs):
                if _is_code(tensors[i]):
                    axis = _axis(node, position, tensors[i])
                    if decoded.setdefault(i, axis) != axis:
                        tensor = f"tensor {i} {tensors[i].spec}"
                        raise InvalidModelError(f"{tensor}: its readers have its channels along different axes")
    for i in unpacked:
        spec = tensors[i].spec
        if i in decoded:
            raise UnsupportedVersionError(f"tensor {i} {spec}: some nodes read its codes, others what these stand for")
        assert isinstance(spec.data, Coded), "only these are unpacked"
        codes = TensorSpec(spec.dtype, spec.shape, spec.name, spec.data.codes())
        made[i] = replace(tensors[i], spec=codes, packed=spec.data)
    for i in kept.keys() & decoded.keys():
        made.append(tensors[i])
        for at in kept[i]:
            x, _, *rest = resolved[at].inputs
            resolved[at] = replace(resolved[at], inputs=(x, len(made) - 1, *rest))
    for i, axis in decoded.items():
        made[i] = _decoded(i, tensors[i], axis)
    return tuple(resolved), tuple(made)


def _layer_by_row(node: Node) -> Node:
    """A recurrent layer by row; other nodes as they are."""
    if node.attrs is None or node.op not in RECURRENT:
        return node
    return replace(node, attrs=Quantized(node.attrs, (None,) * len(node.inputs), (None,) * len(node.outputs)))


def _past_dynamic(nodes: Sequence[Node]) -> tuple[Sequence[Node], set[int]]:
    """The nodes, which read inputs of DynamicQuant nodes in place of their outputs; and the ids of those that do."""
    real = {node.outputs[0]: node.inputs[0] for node in nodes
            if node.op == "DynamicQuant" and len(node.inputs) == len(node.outputs) == 1}  # fmt: skip
    if not real:
        return nodes, set()
    past = [replace(n, inputs=tuple(real.get(i, i) for i in n.inputs)) if n.op in PRODUCTS else n for n in nodes]
    return past, {id(new) for new, node in zip(past, nodes, strict=True) if node.inputs and node.inputs[0] in real}


def _row_product(node: Node, tensors: Sequence[Tensor]) -> Quantized | None:
    """The attributes of a product by row; None where its weights are decoded."""
    weights = tensors[node.inputs[1]] if len(node.inputs) > 1 else None
    if weights is None or not _is_code(weights) or not isinstance(weights.spec.data, np.ndarray):
        return None
    assert weights.quant is not None, "codes have it"
    if weights.quant.is_corrected or (weights.quant.scale < _LEAST_SCALE).any():
        return None
    affine = _affine(node, 1, weights)
    if affine is None or (len(affine.scale) > 1 and affine.axis != _expected_axis(node, 1, weights.spec.rank)):
        return None
    assert node.attrs is not None, "the caller has looked"
    attrs = Quantized(node.attrs, (None, affine, *[None] * (len(node.inputs) - 2)), (None,) * len(node.outputs))
    return attrs if is_by_row(attrs) else None


def _is_code(tensor: Tensor) -> bool:
    return bool(tensor.quant) and tensor.spec.dtype in _CODES


def _quantized(node: Node, tensors: Sequence[Tensor]) -> Node:
    """The node with attributes that say how its operands are stored."""
    assert node.attrs is not None, "the caller has looked"
    inputs = [_affine(node, position, tensors[i]) for position, i in enumerate(node.inputs)]
    outputs = [_affine(node, -1, tensors[i]) for i in node.outputs]
    if node.op in PRODUCTS and len(inputs) > _BIAS and inputs[0] and inputs[1]:
        if tensors[node.inputs[_BIAS]].spec.dtype != DType.INT32:
            raise UnsupportedVersionError(f"node {node.name!r} ({node.op}): a quantized product's bias has to be int32")
        scale = tuple(inputs[0].scale[0] * s for s in inputs[1].scale)
        inputs[_BIAS] = Affine(scale, bits=32)
    weights = (1, _BIAS) if node.op in PRODUCTS else ()
    for position, stored in enumerate((*inputs, *outputs)):
        if stored is None or max(len(stored.scale), len(stored.zero_point)) == 1:
            continue
        if position not in weights or position >= len(inputs):
            raise UnsupportedVersionError(
                f"node {node.name!r} ({node.op}): expected one scale where it is not weights, found {len(stored.scale)}"
            )
        spec = tensors[node.inputs[1]].spec
        if position == 1 and stored.axis != _expected_axis(node, 1, spec.rank):
            raise InvalidModelError(
                f"node {node.name!r} ({node.op}): expected a scale for each output of the weights {spec}, "
                f"found {len(stored.scale)}"
            )
    return replace(node, attrs=Quantized(node.attrs, tuple(inputs), tuple(outputs)))


def _affine(node: Node, position: int, tensor: Tensor) -> Affine | None:
    """How an operand is stored; None where it is no code. position: of an input, -1 for an output."""
    if not _is_code(tensor):
        return None
    quant = tensor.quant
    assert quant is not None, "codes have it"
    bits = int(quant.num_bits[0])
    fits = (quant.scale >= _LEAST_SCALE) & (quant.scale <= 1 / _LEAST_SCALE) & (quant.num_bits == bits)
    if not fits.all():
        raise InvalidModelError(
            f"tensor {tensor.spec}: expected scales from {_LEAST_SCALE} to {1 / _LEAST_SCALE} and one number of bits"
        )
    if quant.is_corrected:
        raise UnsupportedVersionError(f"tensor {tensor.spec}: corrections of what is computed as codes are not handled")
    first = int(quant.zero_point[0])
    each = tuple(quant.zero_point.tolist()) if (quant.zero_point != first).any() else (first,)
    affine = Affine(tuple(quant.scale.tolist()), each, _axis(node, position, tensor), bits)
    if not all(affine.low <= z <= affine.high for z in each) or affine.dtype != tensor.spec.dtype:
        raise InvalidModelError(f"tensor {tensor.spec}: found zero point {first} and {bits} bits")
    return affine


def _axis(node: Node, position: int, tensor: Tensor) -> int:
    """The axis with a scale and zero point for each of its elements."""
    channels, shape = len(tensor.quant or ()), tensor.spec.shape
    if channels == 1 or not shape:
        return 0
    expected = _expected_axis(node, position, len(shape))
    return expected if shape[expected] == channels else shape.index(channels)


def _expected_axis(node: Node, position: int, rank: int) -> int:
    """The axis of an operand of this rank along which the outputs of a product lie; 0 for others."""
    if node.op == "MatMulFusion" and position >= 1:
        return rank - (2 if getattr(node.attrs, "transpose_b", False) else 1)
    return rank - 1 if node.op == "Conv2dTransposeFusion" else 0


def _decoded(index: int, tensor: Tensor, axis: int) -> Tensor:
    """The constant as float32, which is decoded when it is needed."""
    spec, shape = tensor.spec, tensor.spec.shape
    data = spec.data
    stored = data if isinstance(data, Coded) else None
    words, bits = (spec.value, 8 * spec.dtype.itemsize) if stored is None else (stored.words, stored.bits)
    assert words is not None, "codes that are not constant belong to quantized nodes"
    assert tensor.quant is not None, "codes have it"
    channels = len(tensor.quant)
    blocks = (1, 1, spec.size)
    if channels > 1:
        blocks = (math.prod(shape[:axis]), channels, math.prod(shape[axis + 1 :]))
    form = 0 if stored is None else stored.form
    coded = Coded(words.reshape(-1), bits, shape, blocks, *parameters(tensor.quant), form)
    return replace(tensor, spec=TensorSpec(DType.FLOAT32, shape, spec.name, coded))


def parameters(quant: QuantParams, count: int | None = None) -> tuple[Array, Array, Array, Array]:
    """scale as float32, zero_point, var_corr and mean_corr, of the first `count` channels or all."""
    some = slice(count)
    return quant.scale[some].astype(np.float32), quant.zero_point[some], quant.var_corr[some], quant.mean_corr[some]
