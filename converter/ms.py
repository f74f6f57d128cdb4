"""Read a `.ms` file into the IR, so that one whose export is lost can be written for other frameworks, or quantized.

Networks of one graph in plain numbers: branches and loops, and what is stored in codes, need the export.
"""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from converter.errors import OptionError, ParseError
from converter.ir.graph import Graph, Value
from converter.ir.interface import check_names, fix_shape, select_outputs
from lite.errors import TensorError, UnsupportedOp, UnsupportedOpError
from lite.files import path_of
from lite.model import CONTROL, Model, Node, read_model
from lite.ops.quantized import Quantized
from lite.schema import layout

Source = str | os.PathLike[str] | bytes | bytearray | memoryview
_HINT = "Give the MindIR export that the file was made of."


def is_ms(source: Source) -> bool:
    """Whether a file, or bytes, begin as a `.ms` does. Raises OSError for a file that cannot be read."""
    if not isinstance(source, (bytes, bytearray, memoryview)):
        path = path_of(source)
        if not path.is_file():  # a pipe would be emptied
            return False
        with path.open("rb") as file:
            source = file.read(8)
    return bytes(source[4:8]) == layout.IDENTIFIER


def read_ms(
    source: Source, input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({}), outputs: Sequence[str] = ()
) -> Graph:
    """The network. input_shapes, outputs: as for read_mindir.

    Raises ModelError for a damaged file, UnsupportedOpError with every operator that cannot be expressed, OptionError
    for shapes and outputs that do not fit, OSError where the file cannot be read.
    """
    model = read_model(source)
    _check(model)
    main = model.subgraphs[0]
    graph = Graph(main.name)
    values: dict[int, Value] = {}
    for index in main.inputs:
        values[index] = graph.add_input(fix_shape(model.tensors[index].spec, input_shapes))
    names = [value.name for value in graph.inputs]
    if len(set(names)) < len(names):
        raise ParseError(f"{model.name}: two inputs have the same name: {names}")
    check_names("input_shapes", input_shapes, names)
    graph.states = [state.initial for state in model.states]
    for node in (model.nodes[index] for index in main.nodes):
        assert node.attrs is not None, "this has been checked"
        inputs = [values.setdefault(i, Value(model.tensors[i].spec)) for i in node.inputs]
        labels = [model.tensors[i].spec.name for i in node.outputs]
        try:
            results = graph.add(node.attrs, inputs, node.name, node.name, labels)
        except TensorError as error:
            if input_shapes:
                raise OptionError(f"input_shapes: {node.name} does not take its inputs then: {error}") from error
            raise ParseError(f"{model.name}: {node.name} contradicts its inputs: {error}") from error
        values.update(zip(node.outputs, results, strict=True))
    graph.outputs = [values.setdefault(i, Value(model.tensors[i].spec)) for i in main.outputs]
    if outputs:
        select_outputs(graph, outputs)
    return graph


def _check(model: Model) -> None:
    """Raise UnsupportedOpError for what has no place in a graph."""
    places: dict[tuple[str, str], list[Node]] = {}
    for node in (model.nodes[index] for index in model.subgraphs[0].nodes):
        reason = _reason(model, node)
        if reason:
            places.setdefault((node.op, reason), []).append(node)
    if places:
        rows = [UnsupportedOp(op, len(nodes), nodes[0].name, reason) for (op, reason), nodes in places.items()]
        raise UnsupportedOpError(model.name, len(model.nodes), rows, _HINT)


def _reason(model: Model, node: Node) -> str:
    """Why a node has no place in a graph; empty where it has one."""
    if node.op in CONTROL:
        return "branches and loops are read from MindIR alone"
    if node.attrs is None:
        return "unknown to this version"
    if isinstance(node.attrs, Quantized):
        return "computes with codes"
    stored = (model.tensors[i].spec.data for i in node.inputs)
    if any(data is not None and not isinstance(data, np.ndarray) for data in stored):
        return "its weights are stored in codes or halves"
    return ""
