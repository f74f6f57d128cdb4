"""A float32 graph rewritten to compute with int8 codes where it can.

    x ─ conv ─ add ─ softmax        x ─ quantize ─ conv' ─ add' ─ dequantize ─ softmax

Products with constant weights are quantized, and with them the operators between them: additions, pools, activations
(by table), and operators that only move elements, whose operands all have the same scale. Operators that are not
connected to such a product stay in float32, and so do those for which codes are too coarse: softmax, layer norms,
products of two computed matrices, and operators with weights or tensors that are too large or too small for a scale.
"""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from converter.ir.graph import Graph, Node, Value
from converter.quantize.affine import (
    activation_affine,
    bias_codes,
    is_codable,
    is_codable_range,
    weight_affine,
    weight_codes,
)
from converter.quantize.settings import Quantization
from lite.ops.activation import Activation
from lite.ops.conv2d_transpose import Conv2dTransposeFusion
from lite.ops.enums import ActivationType
from lite.ops.matmul import MatMulFusion
from lite.ops.pool import MaxPoolFusion
from lite.ops.quantized import MOVES, PRODUCTS, Affine, QuantDTypeCast, Quantized
from lite.ops.rectifier import LeakyRelu
from lite.types import DType

_UNEVEN = 32  # five of eight bits
_BINARY = frozenset({"AddFusion", "MulFusion"})
_BOUNDED = {ActivationType.SIGMOID: (0.0, 255 / 256), ActivationType.HSIGMOID: (0.0, 255 / 256)}
_TO, _FROM = QuantDTypeCast(DType.FLOAT32, DType.INT8), QuantDTypeCast(DType.INT8, DType.FLOAT32)

Ranges = Mapping[Value, tuple[float, float]]


def watched(graph: Graph, settings: Quantization) -> list[Value]:
    """The tensors whose ranges decide how they are stored, each once."""
    found = dict.fromkeys(value for node in on_codes(graph, settings) for value in _activations(node))
    return list(found)


def quantize_full(graph: Graph, nodes: Collection[Node], ranges: Ranges, settings: Quantization) -> Graph:
    """A new graph in which these nodes compute on codes. ranges: of the tensors that `watched` gives."""
    builder = _Builder(graph, _stored(nodes, ranges, settings))
    for node in graph.nodes:
        builder.add(node, node in nodes)
    return builder.finish()


def on_codes(graph: Graph, settings: Quantization, ranges: Ranges | None = None) -> dict[Node, None]:
    """The nodes that are quantized, in order; while ranges are not known, all that may be."""
    able = [node for node in graph.nodes if node.name not in settings.skip_nodes and _is_able(node)]
    if ranges is not None:
        able = [node for node in able if _fits(node, ranges)]
    tied = _Groups()
    for node in able:
        tied.join(node, *(value for value in _activations(node)))
    useful = {tied.of(node) for node in able if node.op in PRODUCTS}
    return dict.fromkeys(node for node in able if tied.of(node) in useful)


def _fits(node: Node, ranges: Ranges) -> bool:
    """Whether there are scales for the node's ranges, and one for all that it joins would leave none too few codes."""
    seen = [ranges[value] for value in _activations(node) if value in ranges]
    if len(seen) < len(_activations(node)) or not all(is_codable_range(low, high) for low, high in seen):
        return False
    spans = [max(high, 0.0) - min(low, 0.0) for low, high in seen[:-1]]
    return node.op != "Concat" or max(spans) <= _UNEVEN * min(spans)


def _is_able(node: Node) -> bool:
    """Whether the node's operator can be quantized."""
    if not node.inputs or not all(v.spec.dtype == DType.FLOAT32 for v in _activations(node)):
        return False
    x, *rest = node.inputs
    if x.spec.is_known:
        return False
    if node.op in PRODUCTS:
        if isinstance(node.attrs, MatMulFusion) and (node.attrs.transpose_a or rest[0].spec.rank != 2):
            return False
        if isinstance(node.attrs, Conv2dTransposeFusion) and node.attrs.group > 1:
            return False
        finite = [w for w in (v.data for v in rest) if w is not None and np.isfinite(w).all()]
        return len(finite) == len(rest) and is_codable(finite[0])
    if node.op in _BINARY:
        return len(node.inputs) == 2 and not any(v.spec.is_known for v in node.inputs)
    if isinstance(node.attrs, MaxPoolFusion) and node.attrs.activation_type != ActivationType.NO_ACTIVATION:
        return False  # kernels move codes without looking at them
    if node.op in MOVES or node.op == "AvgPoolFusion":
        return not any(v.spec.dtype == DType.FLOAT32 and v.spec.is_known for v in node.inputs)
    return isinstance(node.attrs, (Activation, LeakyRelu))


def _activations(node: Node) -> list[Value]:
    """The operands that are quantized, besides weights."""
    if node.op in PRODUCTS:
        return [node.inputs[0], *node.outputs]
    return [v for v in (*node.inputs, *node.outputs) if v.spec.dtype == DType.FLOAT32 or not v.spec.is_known]


def _stored(nodes: Iterable[Node], ranges: Ranges, settings: Quantization) -> dict[Value, Affine]:
    """How each tensor is stored: in the same way wherever elements only move."""
    alike = _Groups()
    own = dict(ranges)
    for node in nodes:
        values = _activations(node)
        if node.op in MOVES:
            alike.join(*values)
        if isinstance(node.attrs, Activation) and node.attrs.activation_type in _BOUNDED:
            own[node.outputs[0]] = _BOUNDED[node.attrs.activation_type]
        elif isinstance(node.attrs, Activation) and node.attrs.activation_type == ActivationType.TANH:
            own[node.outputs[0]] = (-1.0, 127 / 128)
    together: dict[object, tuple[float, float]] = {}
    for value, (low, high) in own.items():
        before = together.get(alike.of(value), (low, high))
        together[alike.of(value)] = min(low, before[0]), max(high, before[1])
    return {value: activation_affine(*together[alike.of(value)], settings.activation_bits) for value in own}


class _Groups:
    """Disjoint sets of things that belong together (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[object, object] = {}

    def of(self, thing: object) -> object:
        """The representative of the thing's set."""
        while thing in self._parent:
            thing = self._parent[thing]
        return thing

    def join(self, first: object, *others: object) -> None:
        """Merge the sets of all these things."""
        for other in others:
            a, b = self.of(first), self.of(other)
            if a is not b:
                self._parent[b] = a


class _Builder:
    """Builds the new graph, node by node. A tensor of the old one exists there as float32, as codes, or as both."""

    def __init__(self, graph: Graph, stored: Mapping[Value, Affine]) -> None:
        self._old, self._new = graph, Graph(graph.name)
        self._new.functions, self._new.states = graph.functions, graph.states
        self._stored = stored
        self._codes: dict[Value, Value] = {}
        self._real = {value: self._new.add_input(value.spec) for value in graph.inputs}

    def add(self, node: Node, as_codes: bool) -> None:
        """Add a node of the old graph, quantized or not."""
        if not as_codes:
            inputs = [self._as_real(v) for v in node.inputs]
            names = [v.name for v in node.outputs]
            outputs = self._new.add(node.attrs, inputs, node.name, node.origin, names)
            self._real.update(zip(node.outputs, outputs, strict=True))
            return
        product = node.op in PRODUCTS
        inputs, stored = self._product_operands(node) if product else self._operands(node)
        results = tuple(self._stored[v] for v in node.outputs)
        names = [f"{v.name}/codes" if self._old.is_output(v) else v.name for v in node.outputs]
        outputs = self._new.add(Quantized(node.attrs, stored, results), inputs, node.name, node.origin, names)
        self._codes.update(zip(node.outputs, outputs, strict=True))

    def finish(self) -> Graph:
        """The graph, with the old one's outputs."""
        self._new.outputs = [self._as_real(value) for value in self._old.outputs]
        return self._new

    def _operands(self, node: Node) -> tuple[list[Value], tuple[Affine | None, ...]]:
        coded = set(_activations(node))
        inputs = [self._as_codes(v) if v in coded else self._as_real(v) for v in node.inputs]
        return inputs, tuple(self._stored[v] if v in coded else None for v in node.inputs)

    def _product_operands(self, node: Node) -> tuple[list[Value], tuple[Affine | None, ...]]:
        x, weights, *rest = node.inputs
        w = weights.data
        assert w is not None, "on_codes has looked"
        affine = weight_affine(w, channel_axis(node, w.ndim))
        inputs = [self._as_codes(x), Value.constant(weight_codes(w, affine), weights.name)]
        stored = [self._stored[x], affine]
        for value in rest:
            scale = self._stored[x].scale[0] * np.array(affine.scale)
            assert value.data is not None, "on_codes has looked"
            inputs.append(Value.constant(bias_codes(value.data, scale), value.name))
            stored.append(Affine(tuple(scale.tolist()), bits=32))
        return inputs, tuple(stored)

    def _as_codes(self, value: Value) -> Value:
        if value not in self._codes:
            cast = Quantized(_TO, (None,), (self._stored[value],))
            name = f"{value.name}/quantize"
            (self._codes[value],) = self._new.add(cast, [self._as_real(value)], name, output_names=[f"{name}d"])
        return self._codes[value]

    def _as_real(self, value: Value) -> Value:
        if value not in self._real and value.producer is None:
            self._real[value] = Value(value.spec)  # a constant; its users are those of this graph
        if value not in self._real:
            cast = Quantized(_FROM, (self._stored[value],), (None,))
            name = f"{value.name}/dequantize"
            label = value.name if self._old.is_output(value) else f"{name}d"
            (self._real[value],) = self._new.add(cast, [self._codes[value]], name, output_names=[label])
        return self._real[value]


def channel_axis(node: Node, rank: int) -> int:
    """The axis of the weights along which the output's channels lie."""
    if node.op == "MatMulFusion":
        return rank - (2 if getattr(node.attrs, "transpose_b", False) else 1)
    return rank - 1 if node.op == "Conv2dTransposeFusion" else 0
