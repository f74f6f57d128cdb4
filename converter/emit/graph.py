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

A product by row (lite/ops/dynamic.py) reads what a DynamicQuant gives, one for all products of the same operand. That a
recurrent layer is by row its quantType says alone.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from converter.emit.attributes import fields_of
from converter.emit.constants import Constants, plain_bytes
from converter.emit.quantization import DYNAMIC, Scales, quant_type
from converter.emit.tables import SCHEMA, VARIABLE, Tables
from converter.errors import EmitError
from converter.ir.graph import Graph, Node, Value
from converter.ir.invoke import Invoke, reachable, tail
from converter.sidecar import LIMIT, Sidecar
from lite.ops import custom
from lite.ops.quantized import PRODUCTS, is_by_row
from lite.schema.encode import Part
from lite.types import DType, TensorSpec

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
    return emitter.tables.finish([emitter.subgraph(part) for part in graphs])


class _Emitter:
    """Turns graphs into tensors and nodes of one file."""

    def __init__(self, graphs: Sequence[Graph], size: int, sidecar: Sidecar | None) -> None:
        """graphs: all that the file will have, the main one first. size: about what their tables take.

        sidecar: where large constants go, if not into the file.
        """
        main = graphs[0]
        self._main = main
        self._names_of_subgraphs = [_MAIN, *(graph.name for graph in graphs[1:])]
        # Names that the user of the model sees are kept for the values that they belong to.
        self._public = {v.name: v for v in (*main.results, *main.inputs) if v.name}
        self.tables = Tables(self._public, size)
        self._scales = Scales(graphs)
        self._constants = Constants(self.tables, self._scales, sidecar)
        self._index: dict[int, int] = {}  # by id of the Value
        self._rows: dict[int, int] = {}  # tensors of codes by row, by id of the Value

    def subgraph(self, graph: Graph) -> dict[str, Any]:
        """Write a graph's tensors and nodes; its row in the file."""
        self.tables.begin_subgraph()
        first, last = self.tables.node_count, None if graph.states else tail(graph)
        inputs = [self.tensor(value) for value in graph.fed]
        for (value, _), data in zip(graph.kept, graph.states, strict=True):
            row = {"nodeType": VARIABLE, "data": plain_bytes(value.spec, data)}
            self._index[id(value)] = self.tables.tensor(value.name, value.spec, **row)
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
            "nodeIndices": range(first, self.tables.node_count),
            "tensorIndices": sorted(self.tables.used.union(inputs, outputs)),
        }

    def tensor(self, value: Value, node: str = "") -> int:
        """Index of the tensor of a value, which is written on its first use. node: name of the one that computes it."""
        found = self._index.get(id(value))
        if found is None:
            if value.producer is not None or not value.spec.is_known:
                found = self._variable(value, node)
            else:
                found = self._constants.write(value)
            self._index[id(value)] = found
        return found

    def node(self, node: Node) -> None:
        """Write a node and the tensors it is the first to use."""
        where = f"node {node.name!r} ({node.op})"
        op = "Custom" if node.op in custom.OPERATORS else node.op
        if op not in SCHEMA.union:
            raise EmitError(f"{where}: the format has no such operator; express it as Custom")
        for value in node.inputs:
            if value.data is None and id(value) not in self._index:
                raise EmitError(f"{where}: reads {value.spec} before it is computed")
        name = node.name or f"{node.op}-{self.tables.node_count}"
        inputs = [self.tensor(value) for value in node.inputs]
        outputs = [self.tensor(value, name) for value in node.outputs]
        if is_by_row(node.attrs) and op in PRODUCTS:
            inputs[0] = self._codes_by_row(node.inputs[0])
        try:
            self.tables.node(name, op, fields_of(op, node.attrs), inputs, outputs, quant_type(node))
        except ValueError as error:
            raise EmitError(f"{where}: {error}") from error

    def _codes_by_row(self, value: Value) -> int:
        """Index of the tensor of a value's codes by row, which is written with its node on its first use."""
        if id(value) not in self._rows:
            axis = max(value.spec.rank - 2, 0)
            fields = {"dst_type": DType.INT8, "activation_channel": True, "prefer_axis": axis,
                      "prefer_axes": range(axis + 1)}  # fmt: skip
            name = f"{value.name}/rows"
            codes = self._rows[id(value)] = self.tables.variable(name, TensorSpec(DType.INT8, value.spec.shape))
            self.tables.node(name, "DynamicQuant", fields, [self.tensor(value)], [codes], DYNAMIC)
        return self._rows[id(value)]

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
            result = self.tables.variable(f"{begin.name}:assigned", begin.spec)
            self.tables.node(f"{begin.name}/Assign", "Assign", {}, [self._index[id(begin)], index], [result])

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
        self.tables.node(node.name, "Call", {"is_tail_call": is_last}, closures, outputs)

    def _closure(self, node: Node, label: str, op: str, fields: Mapping[str, Any], inputs: list[int]) -> int:
        """Write a node whose output is no tensor but says what to call."""
        name = f"{node.name}/{label}"
        output = self.tables.variable(name, TensorSpec(DType.INT32, ()))
        self.tables.node(name, op, fields, inputs, [output])
        return output

    def _copy(self, value: Value, source: int) -> int:
        """A node that copies a tensor, and the index of its output."""
        target = self._constants.write(Value.constant(np.array(value.spec.dtype, np.int32), f"{value.name}:type"))
        copy = self._variable(value)
        self.tables.node(f"Cast-{self.tables.node_count}", "Cast", {}, [source, target], [copy])
        return copy

    def _variable(self, value: Value, node: str = "") -> int:
        """Index of a new tensor for a value, or for a copy of it if the value's name is given away.

        It is called as the node that computes it, if any: that name is in the file anyway. Inputs and outputs, whose
        names users see, keep theirs.
        """
        fields = {"quantParams": self._scales.parameters(value)}
        if self._public.get(value.name) is value:
            del self._public[value.name]
            return self.tables.tensor(value.name, value.spec, nodeType=VARIABLE, **fields)
        return self.tables.variable(node or value.name, value.spec, **fields)
