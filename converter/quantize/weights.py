"""Weights alone as codes; whoever computes with them decodes them.

    Conv2DFusion, FullConnection, MatMulFusion, GRULayer, RNNLayer    a scale for each output channel, or for groups of
                                                                      each channel's weights, in the order they lie in
    Conv2dTransposeFusion                                             a scale for each output channel
    Gather                                                            a scale for each row, or for groups of a row
    AddFusion, of a table such as the places of words                 a scale for each element of the first axis
    LSTM                                                              groups of its vector of weights

Weights of a product [depth, columns] are transposed, so that groups lie side by side. A group size that does not divide
a channel's weights is not used for that constant. Constants that are few, or too large or small for a scale, or that
two operators read in different ways, or whose codes and scales would take more bytes, stay as they are.
"""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from converter.compact import stored_bytes
from converter.ir.graph import Graph, Node, Value
from converter.quantize.affine import is_codable
from converter.quantize.clusters import Clusters
from converter.quantize.ranges import Even
from converter.quantize.rounding import compensate
from converter.quantize.settings import Quantization
from lite.coded import Coded, pack
from lite.ops.matmul import MatMulFusion
from lite.types import Array, DType, TensorSpec

# Which inputs of an operator are weights.
WEIGHTS: dict[str, tuple[int, ...]] = {
    "AddFusion": (0, 1),
    "Conv2DFusion": (1,),
    "Conv2dTransposeFusion": (1,),
    "FullConnection": (1,),
    "GRULayer": (2, 3),
    "Gather": (0,),
    "LSTM": (3,),
    "MatMulFusion": (1,),
    "RNNLayer": (2, 3),
}
_PLAIN_BITS = 8
_MANY = 512  # weights of a channel: its scale and offset take little besides
_FEW = 256  # weights of a constant: in these, most of the values that occur would be means of two or three
_VECTOR_GROUP = 64  # of weights that lie in a vector, where no size is given
_MOST_LOST = 0.25  # of a table's elements besides 0, that may become 0


class Weights(NamedTuple):
    """A constant that becomes codes. axis: along which channels lie; -1 where it is a vector of groups."""

    value: Value
    axis: int


def quantize_weights(
    graph: Graph,
    settings: Quantization,
    hessians: Mapping[Value, Array] | None = None,
    bits: Mapping[Value, int] | None = None,
) -> Graph:
    """The graph with weights in codes; constants are replaced in place.

    Products are better transposed before (`transpose_products`): groups need that.
    hessians: of a product's weights, sums of x x^T over what they are multiplied with, for rounding that compensates.
    bits: of each constant that becomes codes, where they differ.
    """
    for weights in chosen(graph, settings):
        value = weights.value
        data = value.data
        assert data is not None, "chosen has looked"
        if bits is not None and value not in bits:
            continue
        own = settings if bits is None else replace(settings, weight_bits=bits[value])
        hessian = (hessians or {}).get(value) if own.is_compensated else None
        coded = encode(data, weights.axis, own, hessian)
        if stored_bytes(coded) < data.nbytes:
            value.spec = TensorSpec(DType.FLOAT32, data.shape, value.name, coded)
    return graph


def chosen(graph: Graph, settings: Quantization) -> list[Weights]:
    """The constants that become codes, in order of first use."""
    found: dict[int, Weights] = {}
    spoiled: set[int] = set()
    for node in graph.all_nodes():
        positions = WEIGHTS.get(node.op, ()) if node.name not in settings.skip_nodes else ()
        for position, value in enumerate(node.inputs):
            if value.producer is not None or not isinstance(value.spec.data, np.ndarray):
                continue
            if position not in positions or not _is_able(value, settings) or not _suits(node, value.spec.data):
                spoiled.add(id(value))
                continue
            weights = Weights(value, _axis(node, value.spec.rank))
            if found.setdefault(id(value), weights).axis != weights.axis:
                spoiled.add(id(value))
    outputs = {id(value) for part in (graph, *graph.functions.values()) for value in part.outputs}
    return [weights for key, weights in found.items() if key not in spoiled and key not in outputs]


def transpose_products(graph: Graph, settings: Quantization) -> None:
    """Have weights of products that are [depth, columns] as [columns, depth]."""
    moved: dict[int, Value] = {}
    for node in graph.all_nodes():
        attrs = node.attrs
        if not isinstance(attrs, MatMulFusion) or attrs.transpose_b or node.name in settings.skip_nodes:
            continue
        old = node.inputs[1]
        if old.producer is not None or old.spec.rank != 2 or not _is_able(old, settings):
            continue
        if id(old) not in moved:
            assert isinstance(old.spec.data, np.ndarray), "_is_able has looked"
            moved[id(old)] = Value.constant(np.ascontiguousarray(old.spec.data.T), old.name)
        new = moved[id(old)]
        old.users.remove(node)
        new.users.append(node)
        node.inputs[1] = new
        node.attrs = replace(attrs, transpose_b=True)


def encode(w: Array, axis: int, settings: Quantization, hessian: Array | None = None) -> Coded:
    """Weights as codes, of 8 bits where these take no more bytes. axis: see Weights.

    That is so where channels have few weights: scales and offsets take more than the codes then, and those of 8 bits
    have no offsets and are often the same. A few weights that are to be clustered are in 8 bits too, which hardly takes
    more.
    """
    plain = replace(
        settings, weight_bits=_PLAIN_BITS, spacing="even", symmetric=True, weight_range="minmax", group_size=0
    )
    if settings.spacing == "clustered" and w.size < _FEW:
        return _encoded(w, axis, plain, None)
    coded = _encoded(w, axis, settings, hessian)
    if coded.bits >= _PLAIN_BITS or coded.blocks[0] * coded.blocks[2] > _MANY:
        return coded
    finer = _encoded(w, axis, plain, None)
    return finer if stored_bytes(finer) <= stored_bytes(coded) else coded


def _encoded(w: Array, axis: int, settings: Quantization, hessian: Array | None) -> Coded:
    is_pruned = settings.weight_bits > 1 and bool(4 * np.count_nonzero(w == 0) >= w.size)
    if is_pruned:
        settings = replace(settings, symmetric=True)  # 0 has to be a code
    outer, channels, inner = _blocks(w.shape, axis, settings.group_size)
    rows = np.ascontiguousarray(np.moveaxis(w.reshape(outer, channels, inner), 1, 0)).reshape(channels, outer * inner)
    grid: Even | Clusters = Even(settings, is_shared=w.ndim > 2 and channels == w.shape[axis])
    if settings.spacing == "clustered":
        grid = Clusters.of(rows, settings.weight_bits)
    if hessian is None:
        scale, offset = grid.fit(rows)
        codes = grid.codes(rows, scale[:, None], offset[:, None])
    else:
        whole = rows.reshape(-1, len(hessian))
        codes, scale, offset = compensate(whole, hessian, outer * inner, grid, is_pruned)
    codes = np.moveaxis(codes.reshape(channels, outer, inner), 0, 1).reshape(-1)
    bits = grid.bits
    words = codes.astype(np.int8 if bits == 8 else np.int16) if bits in (8, 16) else pack(codes, bits)
    one = np.ones(channels, np.float32)
    return Coded(words, bits, w.shape, (outer, channels, inner), scale, np.zeros(channels, np.int32), one, offset)


def _is_able(value: Value, settings: Quantization) -> bool:
    spec = value.spec
    data = spec.data
    if spec.dtype != DType.FLOAT32 or spec.size < max(settings.min_weights, 1) or not isinstance(data, np.ndarray):
        return False
    return is_codable(data)


def _suits(node: Node, w: Array) -> bool:
    """Of what additions add, whether it has rows of numbers that one scale fits: no bias, nothing mixed with a mask."""
    if node.op != "AddFusion":
        return True
    if w.shape[-1:] in ((), (1,)) or w.shape[-1] == w.size:
        return False
    rows = np.abs(w.reshape(len(w), -1))
    lost = (rows > 0) & (rows < rows.max(axis=1, keepdims=True) / 254)
    return bool(np.count_nonzero(lost) <= _MOST_LOST * np.count_nonzero(rows))


def _axis(node: Node, rank: int) -> int:
    """The axis along which channels lie; -1 for none."""
    if node.op == "LSTM":
        return -1
    if node.op == "MatMulFusion":
        return rank - (2 if getattr(node.attrs, "transpose_b", False) else 1)
    return rank - 1 if node.op == "Conv2dTransposeFusion" else 0


def _blocks(shape: tuple[int, ...], axis: int, group_size: int) -> tuple[int, int, int]:
    """The shape as (outer, channels, inner), a group being a channel."""
    if axis < 0:
        size = math.gcd(math.prod(shape), group_size or _VECTOR_GROUP)
        return 1, math.prod(shape) // size, size
    outer, channels, inner = math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
    if outer == 1 and group_size and inner % group_size == 0:
        return 1, channels * inner // group_size, group_size
    return (outer, channels, inner) if channels != 1 else (1, 1, outer * inner)
