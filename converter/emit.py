"""The IR as a `.ms` file.

What readers of the format expect beyond its schema: every tensor has a name of its own; indices count through the whole
file; a subgraph lists its nodes in topological order, the main one is the first; `version` reads "MindSpore Lite X.Y.Z"
(this project's own version is the name of the outermost table); a graph output is the result of one node and occurs
once. So an output that is an input, a constant or a repeated value is given a Cast to its own type: of the schema's
operators the one that does nothing to any element type and any shape, known or not.

A node that runs functions becomes a PartialFusion for each of them, a Switch or SwitchLayer where there are several,
and a Call. Every function that may run is a subgraph.

A state is a variable with data, what it holds before the first run, and at the end of the main subgraph an Assign that
writes to it what it holds after a run. Assigns run one after the other, so none of them reads another state.

Equal constants are stored once, their bytes on multiples of 64 so that kernels can read them where the file is mapped,
and behind everything else, so that nothing but these pages is read for them. Those of a model beyond 2 GB are in a file
beside it (`converter/sidecar.py`).

Weights in codes (lite.coded.Coded) are int8 or int16 tensors with quantParams, packed where they have other widths, or
in a compressed form where that is smaller (`converter/compact.py`). The format has one scale, or one for each element
of an axis. Where groups of elements have a scale each, their codes are a constant [groups, size] of scale 1, followed
by a MulFusion with the scales [groups, 1], where there are offsets an AddFusion, and a Reshape: any reader computes the
weights from that, and this project's keeps the codes (`lite/plan/groups.py`). A scale takes 4 bytes so, not the 24 or
more of a table; matrices of many rows with an offset each are written so too. Weights in 16 bits (lite.halves.Half) are
float16 or bfloat16 tensors, which readers widen.

A product by row (lite/ops/dynamic.py) reads what a DynamicQuant gives, one for all products of the same operand. That a
recurrent layer is by row its quantType says alone.
"""
from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields as dataclass_fields
from typing import Any

import numpy as np

from converter.compact import compact, in_parameters
from converter.errors import EmitError
from converter.ir.graph import Graph, Node, Value
from converter.ir.invoke import Invoke, reachable, tail
from converter.sidecar import LIMIT, SMALLEST, Sidecar
from lite import __version__
from lite.coded import Coded
from lite.halves import Half
from lite.ops import custom
from lite.ops.quantized import PRODUCTS, Affine, Quantized, is_by_row
from lite.ops.registry import Attributes
from lite.schema import layout
from lite.schema.describe import Field, Schema
from lite.schema.encode import Encoder, Part
from lite.schema.sums import DIGEST, check_sum
from lite.types import Array, DType, Format, TensorSpec

VERSION = "MindSpore Lite 2.7.0"

_SCHEMA = Schema(layout.TABLES, layout.ENUMS, layout.UNION)
_FMK_MINDIR = 3
_CONSTANT, _VARIABLE = 0, 2  # Tensor.nodeType
_QUANT_WEIGHT, _QUANT_ALL, _QUANT_DYNAMIC = 4, 5, 6  # QuantType
_BFLOAT16 = 45  # MindSpore's type id
_MAIN = "main"  # what the main subgraph is called, whatever messages call the network
_TABLE_BYTES = 256  # about what a tensor or node takes besides its name and data


def emit(graph: Graph) -> bytes:
    """The graph as the bytes of a `.ms` file. Raises what emit_parts raises."""
    return b"".join(emit_parts(graph))


def emit_parts(graph: Graph, sidecar: Sidecar | None = None) -> list[Part]:
    """The file in parts, to be written one after the other; most of them are the graph's constants themselves.

    sidecar: where the constants go if the file would be too large with them.
    Raises EmitError, naming the node or tensor, for what the format cannot hold.
    """
    functions = [graph.functions[name] for name in reachable(graph, graph.functions)]
    graphs = [graph, *functions]
    items = sum(4 * len(part.nodes) + len(part.inputs) + len(part.outputs) + 4 for part in graphs)
    items += 4 * len(graph.states)
    tables = _TABLE_BYTES * items
    kept = sum(data.nbytes for data in graph.states)
    size = sum(part.parameter_bytes() for part in graphs) + kept + tables
    limit = LIMIT if sidecar is None else sidecar.limit
    if size > limit and sidecar is None:
        raise EmitError(
            f"{graph.name}: expected {limit} bytes of constants and nodes at most, found {size}: "
            "mlite convert puts them into a file beside the .ms"
        )
    emitter = _Emitter(graphs, tables, sidecar if size > limit else None)
    return emitter.finish([emitter.subgraph(part) for part in graphs])


class _Emitter:
    """Tensors and nodes written so far."""

    def __init__(self, graphs: Sequence[Graph], size: int, sidecar: Sidecar | None) -> None:
        """graphs: all that the file will have, the main one first. size: about what their tables take.

        sidecar: where large constants go, if not into the file.
        """
        main = graphs[0]
        self._main = main
        self._names_of_subgraphs = [_MAIN, *(graph.name for graph in graphs[1:])]
        self._encoder = Encoder(_SCHEMA, size)
        self._sidecar = sidecar
        self._tensors: list[int] = []
        self._nodes: list[int] = []
        self._used: set[int] = set()  # tensors of the subgraph that is being written
        self._index: dict[int, int] = {}  # by id of the Value
        self._constants: dict[tuple[DType, tuple[int, ...], bytes], int] = {}
        self._rows: dict[int, int] = {}  # tensors of codes by row, by id of the Value
        self._quant_params: dict[str, int] = {}  # tables that tensors and channels share
        self._stored = _stored_forms(graphs)
        # Names that the user of the model sees are kept for the values that they belong to.
        self._public = {v.name: v for v in (*main.results, *main.inputs) if v.name}
        self._names = set(self._public)

    def subgraph(self, graph: Graph) -> dict[str, Any]:
        """Write a graph's tensors and nodes; its row in the file."""
        self._used = set()
        nodes, last = len(self._nodes), None if graph.states else tail(graph)
        inputs = [self.tensor(value) for value in graph.fed]
        for (value, _), data in zip(graph.kept, graph.states, strict=True):
            row = {"nodeType": _VARIABLE, "data": _bytes(value.spec, data)}
            self._index[id(value)] = self._write_tensor(value.name, value.spec, row)
        for node in graph.nodes:
            if isinstance(node.attrs, Invoke):
                self._invoke(node, node.attrs, is_last=node is last)
            else:
                self.node(node)
        outputs = self._outputs(graph)
        self._assign(graph.kept)
        return {
            "name": _MAIN if graph is self._main else graph.name,
            "inputIndices": inputs,
            "outputIndices": outputs,
            "nodeIndices": range(nodes, len(self._nodes)),
            "tensorIndices": sorted(self._used.union(inputs, outputs)),
        }

    def tensor(self, value: Value) -> int:
        """Index of the tensor of a value, which is written on its first use."""
        found = self._index.get(id(value))
        if found is None:
            if value.producer is not None or not value.spec.is_known:
                found = self._variable(value)
            elif isinstance(value.spec.data, Coded) and not in_parameters(value.spec.data):
                found = self._groups(value.spec, value.spec.data)
            else:
                found = self._constant(value)
            self._index[id(value)] = found
        return found

    def node(self, node: Node) -> None:
        """Write a node and the tensors it is the first to use."""
        where = f"node {node.name!r} ({node.op})"
        op = "Custom" if node.op in custom.OPERATORS else node.op
        if op not in _SCHEMA.union:
            raise EmitError(f"{where}: the format has no such operator; express it as Custom")
        for value in node.inputs:
            if value.data is None and id(value) not in self._index:
                raise EmitError(f"{where}: reads {value.spec} before it is computed")
        name = node.name or f"{node.op}-{len(self._nodes)}"
        inputs, outputs = ([self.tensor(value) for value in values] for values in (node.inputs, node.outputs))
        if is_by_row(node.attrs) and op in PRODUCTS:
            inputs[0] = self._codes_by_row(node.inputs[0])
        try:
            self._write_node(name, op, _fields(op, node.attrs), inputs, outputs, _quant_type(node))
        except ValueError as error:
            raise EmitError(f"{where}: {error}") from error

    def _codes_by_row(self, value: Value) -> int:
        """Index of the tensor of a value's codes by row, which is written with its node on its first use."""
        if id(value) not in self._rows:
            axis = max(value.spec.rank - 2, 0)
            fields = {"dst_type": DType.INT8, "activation_channel": True, "prefer_axis": axis,
                      "prefer_axes": range(axis + 1)}  # fmt: skip
            name = f"{value.name}/rows"
            spec = TensorSpec(DType.INT8, value.spec.shape)
            codes = self._rows[id(value)] = self._write_tensor(self._fresh(name), spec, {"nodeType": _VARIABLE})
            self._write_node(name, "DynamicQuant", fields, [self.tensor(value)], [codes], _QUANT_DYNAMIC)
        return self._rows[id(value)]

    def finish(self, subgraphs: Sequence[Mapping[str, Any]]) -> list[Part]:
        """The parts of the file, once all subgraphs are written."""
        root = {
            "name": f"mindlite {__version__}",
            "version": VERSION,
            "fmkType": _FMK_MINDIR,
            "inputIndex": subgraphs[0]["inputIndices"],
            "outputIndex": subgraphs[0]["outputIndices"],
            "nodes": self._nodes,
            "allTensors": self._tensors,
            "subGraph": subgraphs,
        }
        return self._encoder.finish(self._encoder.table(layout.ROOT, root), layout.IDENTIFIER)

    def _outputs(self, graph: Graph) -> list[int]:
        """Indices of a graph's outputs, each the result of a node and distinct; copies where they were not."""
        indices: list[int] = []
        for value in graph.results:
            index = self._computed(value)
            indices.append(self._copy(value, index) if value.producer is None or index in indices else index)
        return indices

    def _computed(self, value: Value) -> int:
        """Index of the tensor of an output."""
        if value.data is None and id(value) not in self._index:
            raise EmitError(f"output {value.spec}: no node computes it")
        return self.tensor(value)

    def _assign(self, kept: Sequence[tuple[Value, Value]]) -> None:
        """Write the nodes that make each state what it is after a run; their own results nobody reads."""
        rows = []
        for begin, end in kept:
            index = self._computed(end)
            rows.append((begin, self._copy(end, index) if end.producer is None else index))
        for begin, index in rows:
            result = self._write_tensor(self._fresh(f"{begin.name}:assigned"), begin.spec, {"nodeType": _VARIABLE})
            self._write_node(f"{begin.name}/Assign", "Assign", {}, [self._index[id(begin)], index], [result])

    def _invoke(self, node: Node, attrs: Invoke, *, is_last: bool) -> None:
        """Write the nodes that bind, choose and call functions."""
        inputs = [self.tensor(value) for value in node.inputs]
        selector = inputs[: len(inputs) - sum(attrs.arguments)]
        closures = []
        first = len(selector)
        for name, count in zip(attrs.functions, attrs.arguments, strict=True):
            bound = inputs[first : first + count]
            fields = {"sub_graph_index": self._names_of_subgraphs.index(name)}
            closures.append(self._closure(node, f"bind {name}", "PartialFusion", fields, bound))
            first += count
        if selector:
            op = "SwitchLayer" if attrs.numbered else "Switch"
            closures = [self._closure(node, "choose", op, {}, [*selector, *closures])]
        outputs = [self.tensor(value) for value in node.outputs]
        self._write_node(node.name, "Call", {"is_tail_call": is_last}, closures, outputs)

    def _closure(self, node: Node, label: str, op: str, fields: Mapping[str, Any], inputs: list[int]) -> int:
        """Write a node whose output is no tensor but says what to call."""
        name = f"{node.name}/{label}"
        output = self._write_tensor(self._fresh(name), TensorSpec(DType.INT32, ()), {"nodeType": _VARIABLE})
        self._write_node(name, op, fields, inputs, [output])
        return output

    def _copy(self, value: Value, source: int) -> int:
        """A node that copies a tensor, and the index of its output."""
        target = self._constant(Value.constant(np.array(value.spec.dtype, np.int32), f"{value.name}:type"))
        copy = self._variable(value)
        self._write_node(f"Cast-{len(self._nodes)}", "Cast", {}, [source, target], [copy])
        return copy

    def _write_node(
        self, name: str, op: str, fields: Mapping[str, Any], inputs: list[int], outputs: list[int], quant_type: int = 0
    ) -> None:
        self._used.update(inputs, outputs)
        row = {
            "name": name,
            "primitive": {"value_type": op, "value": fields},
            "inputIndex": inputs,
            "outputIndex": outputs,
            "quantType": quant_type,
        }
        self._nodes.append(self._encoder.table("CNode", row))

    def _variable(self, value: Value) -> int:
        """Index of a new tensor for a value, or for a copy of it if the value's name is given away."""
        name = value.name
        if self._public.get(name) is value:
            del self._public[name]
        else:
            name = self._fresh(name)
        return self._write_tensor(name, value.spec, {"nodeType": _VARIABLE, "quantParams": self._parameters(value)})

    def _constant(self, value: Value) -> int:
        """Index of a constant tensor, shared with an equal one written before."""
        spec, data = value.spec, value.spec.data
        if spec.dtype is DType.STRING:
            raise EmitError(f"constant {spec}: strings cannot be stored")
        parameters = self._shared(_coded_parameters(data)) if isinstance(data, Coded) else self._parameters(value)
        coded = self._as_coded(value)
        row: dict[str, Any] = {"nodeType": _CONSTANT, "quantParams": parameters}
        if coded is not None:
            coded = compact(coded)
            stored: Array = coded.words.view(np.uint8)
            row |= {"dataType": _code_type(coded), "weightQuantCompressType": coded.form}
        elif isinstance(data, Half):
            stored = data.words.view(np.uint8)
            row |= {"dataType": _BFLOAT16 if data.brain else DType.FLOAT16}
        else:
            stored = _bytes(spec, data)
        told = hashlib.blake2b(stored.data, digest_size=DIGEST)
        digest = told.digest()
        told.update(repr(row).encode())
        key = (spec.dtype, spec.shape, told.digest())
        if key not in self._constants:
            row |= self._place(stored, digest)
            self._constants[key] = self._write_tensor(self._fresh(spec.name or "constant"), spec, row)
        return self._constants[key]

    def _as_coded(self, value: Value) -> Coded | None:
        """A constant of codes, also one that a quantized node reads as codes; None for another."""
        spec, data, affine = value.spec, value.spec.data, self._stored.get(id(value))
        if isinstance(data, Coded):
            return data
        if affine is None or spec.dtype != DType.INT8 or not isinstance(data, np.ndarray):
            return None
        one = np.ones(1, np.float32)
        zero_point = np.array(affine.zero_point, np.int32)
        return Coded(data.reshape(-1), affine.bits, spec.shape, (1, 1, spec.size), one, zero_point, one, 0 * one)

    def _groups(self, spec: TensorSpec, data: Coded) -> int:
        """Index of a constant whose groups have a scale each: its codes, and the nodes that make numbers of them."""
        count = len(data.scale)
        shape, one = (count, data.blocks[2]), np.ones(1, np.float32)
        plain = Coded(data.words, data.bits, shape, (1, 1, math.prod(shape)), one, np.zeros(1, np.int32), one, 0 * one)
        name = spec.name or "constant"
        index = self._constant(Value(TensorSpec(DType.FLOAT32, shape, f"{name}/codes", plain)))
        scale = data.scale * data.var_corr
        steps = [("MulFusion", "scale", scale.reshape(count, 1))]
        offset = data.mean_corr - data.zero_point * scale
        if offset.any():
            steps.append(("AddFusion", "offset", offset.astype(np.float32).reshape(count, 1)))
        steps.append(("Reshape", "shape", np.array(spec.shape, np.int32)))
        for op, label, operand in steps:
            inputs = [index, self._constant(Value.constant(operand, f"{name}/{label}"))]
            made = TensorSpec(DType.FLOAT32, spec.shape if op == "Reshape" else shape)
            quant_type = _QUANT_WEIGHT if op == "MulFusion" else 0
            index = self._write_tensor(self._fresh(name), made, {"nodeType": _VARIABLE})
            self._write_node(f"{name}/{op}", op, {}, inputs, [index], quant_type)
        return index

    def _place(self, stored: Array, digest: bytes) -> dict[str, Any]:
        """The fields that say where a constant's bytes are: in the file, or in the one beside it."""
        if self._sidecar is None or stored.nbytes < SMALLEST:
            return {"data": stored}
        part = {
            "checkSum": check_sum(digest),
            "location": self._sidecar.name,
            "offset": self._sidecar.add(stored, digest),
            "length": stored.nbytes,
        }
        return {"externalData": [part]}

    def _parameters(self, value: Value) -> list[int] | None:
        """The quantParams of a tensor, None where it has none: not quantized, or a bias, whose scales readers know."""
        stored = self._stored.get(id(value))
        if stored is None or value.spec.dtype == DType.INT32:
            return None
        zero_points = stored.zero_point * (len(stored.scale) if len(stored.zero_point) == 1 else 1)
        return self._shared(
            [
                {"scale": scale, "zeroPoint": zero_point, "numBits": stored.bits, "inited": True}
                for scale, zero_point in zip(stored.scale, zero_points, strict=True)
            ]
        )

    def _shared(self, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """The QuantParam tables of these fields; equal ones are one table in the file."""
        tables = []
        for row in rows:
            key = repr(row)
            if key not in self._quant_params:
                self._quant_params[key] = self._encoder.table("QuantParam", row)
            tables.append(self._quant_params[key])
        return tables

    def _write_tensor(self, name: str, spec: TensorSpec, row: Mapping[str, Any]) -> int:
        common = {"name": name, "dataType": spec.dtype, "dims": spec.shape, "format": Format.NHWC}
        try:
            self._tensors.append(self._encoder.table("Tensor", {**common, **row}))
        except ValueError as error:
            raise EmitError(f"tensor {spec}: {error}") from error
        return len(self._tensors) - 1

    def _fresh(self, name: str) -> str:
        """`name`, or where it is taken, the first of `name:1`, `name:2`, ... that is not."""
        name = name or "tensor"
        unique, count = name, 0
        while unique in self._names:
            count += 1
            unique = f"{name}:{count}"
        self._names.add(unique)
        return unique


def _stored_forms(graphs: Sequence[Graph]) -> dict[int, Affine]:
    """How quantized nodes say that values are stored, by id of the Value."""
    stored: dict[int, Affine] = {}
    for node in (node for graph in graphs for node in graph.nodes):
        attrs = node.attrs
        if not isinstance(attrs, Quantized):
            continue
        pairs = zip((*node.inputs, *node.outputs), (*attrs.inputs, *attrs.outputs), strict=True)
        for value, affine in pairs:
            if affine is not None and stored.setdefault(id(value), affine) != affine:
                raise EmitError(f"node {node.name!r} ({node.op}): {value.spec} is stored in two ways")
    return stored


def _quant_type(node: Node) -> int:
    """What of a node is quantized, as the format numbers it."""
    if isinstance(node.attrs, Quantized):
        return _QUANT_DYNAMIC if is_by_row(node.attrs) else _QUANT_ALL
    return _QUANT_WEIGHT if any(isinstance(value.spec.data, Coded) for value in node.inputs) else 0


def _code_type(data: Coded) -> DType:
    return DType.INT8 if data.bits <= 8 else DType.INT16


def _coded_parameters(data: Coded) -> list[dict[str, Any]]:
    """The quantParams of a constant that is stored as codes."""
    columns = {
        "scale": data.scale, "zeroPoint": data.zero_point, "varCorr": data.var_corr, "meanCorr": data.mean_corr,
    }  # fmt: skip
    common = {"numBits": data.bits, "inited": True}
    numbers = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) | common for row in numbers]


def _bytes(spec: TensorSpec, data: Any) -> Array:
    """The elements as files have them."""
    return np.ascontiguousarray(data, spec.dtype.dtype.newbyteorder("<")).reshape(-1).view(np.uint8)


def _fields(op: str, attrs: Attributes) -> dict[str, Any]:
    """The fields of the schema's operator. Raises ValueError for an attribute that the schema lacks."""
    if isinstance(attrs, Quantized):
        attrs = attrs.inner
    if op == "Custom":
        values = custom.wrapped(attrs)
    else:  # Every Attributes subclass is a dataclass. `global` is a schema field and a Python keyword.
        values = {f.name.rstrip("_"): getattr(attrs, f.name) for f in dataclass_fields(attrs)}  # type: ignore[arg-type]
    described = {field.name: field for field in _SCHEMA.table(op).fields if field}
    if "format" in described:
        values.setdefault("format", Format.NHWC)
    unknown = values.keys() - described.keys()
    if unknown:
        raise ValueError(f"the format has no attribute {min(unknown)!r}")
    return {name: _wrapped(described[name], value) for name, value in values.items() if value is not None}


def _wrapped(field: Field, value: Any) -> Any:
    """An attribute with the tables that the schema wraps it in."""
    if field.element == "Vec2D":
        return {"data": [{"data": row} for row in value]}
    if field.element == "Attribute":
        return [{"name": name, "data": data} for name, data in value]
    return value
