"""A graph written as a `.ms` file reads back equal, to this reader and to flatc, and keeps the format's rules."""
from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pytest

from converter.emit.graph import emit
from converter.emit.tables import VERSION
from converter.errors import EmitError
from converter.ir.graph import Graph, Node, Value
from lite import __version__, ops
from lite.model import Model, read_model
from lite.ops.registry import Attributes
from lite.schema import layout
from lite.types import Array, DType, TensorSpec
from tests.formats.files import Bytes, to_json

RNG = np.random.default_rng(7)


def small_network() -> Graph:
    """conv → relu → pool → flatten → matmul → softmax, with a bias that two nodes share."""
    graph = Graph("digits")
    x = graph.add_input(TensorSpec(DType.FLOAT32, (1, 8, 8, 1), "image"))
    convolution = {"kernel_size": (3, 3), "stride": (1, 1), "dilation": (1, 1), "pad_mode": 1, "group": 1}
    bias = constant("b", 4)
    (h,) = graph.add(
        ops.attributes("Conv2DFusion", {**convolution, "in_channel": 1, "out_channel": 4, "activation_type": 1}),
        [x, constant("w", 4, 3, 3, 1), bias],
        "conv",
    )
    pool = ops.attributes("MaxPoolFusion", {"kernel_size": (2, 2), "strides": (2, 2), "pad_mode": 2})
    (h,) = graph.add(pool, [h], "pool")
    (h,) = graph.add(ops.attributes("AddFusion", {}), [h, bias], "add")
    (h,) = graph.add(ops.attributes("Reshape", {}), [h, Value.constant(np.array([1, -1], np.int32), "shape")], "flat")
    (h,) = graph.add(ops.attributes("MatMulFusion", {"transpose_b": True}), [h, constant("fc.weight", 10, 64)], "fc")
    graph.outputs = list(graph.add(ops.attributes("Softmax", {"axis": (1,)}), [h], "probabilities"))
    return graph


def constant(name: str, *shape: int) -> Value:
    return Value.constant(RNG.normal(size=shape).astype(np.float32), name)


def softmax(graph: Graph, x: Value, name: str = "y") -> Value:
    return graph.add(ops.attributes("Softmax", {}), [x], name)[0]


def with_input(shape: tuple[int, ...] = (2, 3), dtype: DType = DType.FLOAT32) -> tuple[Graph, Value]:
    graph = Graph("g")
    return graph, graph.add_input(TensorSpec(dtype, shape, "x"))


def value_of(model: Model, index: int) -> Array:
    value = model.tensors[index].spec.value
    assert value is not None
    return value


def names(model: Model, indices: tuple[int, ...]) -> list[str]:
    return [model.tensors[i].spec.name for i in indices]


def test_a_network_reads_back_equal() -> None:
    graph = small_network()
    model = read_model(emit(graph))
    assert model.version == VERSION.removeprefix("MindSpore Lite ")
    assert [s.name for s in model.subgraphs] == ["main"]  # whatever messages call the network
    assert [(n.name, n.op) for n in model.nodes] == [(n.name, n.op) for n in graph.nodes]
    for written, read in zip(graph.nodes, model.nodes, strict=True):
        assert close(read.attrs, written.attrs), written
        for index, value in zip((*read.inputs, *read.outputs), (*written.inputs, *written.outputs), strict=True):
            assert model.tensors[index].spec == value.spec
            assert model.tensors[index].kind == (2 if value.data is None else 0)
            if value.data is not None:
                np.testing.assert_array_equal(value_of(model, index), value.data)
    assert names(model, model.inputs) == ["image"]
    assert names(model, model.outputs) == ["probabilities"]


def close(a: Attributes | None, b: Attributes) -> bool:
    """Equal but for the rounding of numbers to fp32."""
    if type(a) is not type(b):
        return False
    pairs = ((getattr(a, f.name), getattr(b, f.name)) for f in fields(b))  # type: ignore[arg-type]
    return all(x == y or (isinstance(x, float) and struct.pack("f", x) == struct.pack("f", y)) for x, y in pairs)


def test_operators_that_the_schema_lacks_are_custom() -> None:
    graph, x = with_input((7, 5))
    boxes, _, kept = graph.add(ops.attributes("NMSWithMask", {"iou_threshold": 0.3}), [x], "nms")
    graph.outputs += [boxes, kept]
    (node, *_) = read_model(emit(graph)).nodes
    assert (node.op, node.attrs) == ("NMSWithMask", ops.attributes("NMSWithMask", {"iou_threshold": 0.3}))


def test_flatc_reads_it_strictly(tmp_path: Path) -> None:
    path = tmp_path / "digits.ms"
    path.write_bytes(emit(small_network()))
    meta = json.loads(to_json(path, tmp_path))
    assert (meta["version"], meta["fmkType"], meta["name"]) == ("MindSpore Lite 2.7.0", 3, f"mindlite {__version__}")
    assert meta["inputIndex"] == meta["subGraph"][0]["inputIndices"]
    assert meta["outputIndex"] == meta["subGraph"][0]["outputIndices"]
    assert meta["subGraph"][0]["nodeIndices"] == list(range(6))
    assert meta["subGraph"][0]["tensorIndices"] == list(range(len(meta["allTensors"])))
    assert meta["nodes"][0]["primitive"]["value"]["format"] == "NHWC"
    assert [t["format"] for t in meta["allTensors"]] == ["NHWC"] * len(meta["allTensors"])


def test_long_constants_lie_on_multiples_of_64_behind_the_tables() -> None:
    graph, x = with_input((3, 1 << 14))
    for size in (1, 1 << 14):
        (x,) = graph.add(ops.attributes("AddFusion", {}), [x, constant("", size)], "h")
    graph.outputs = [graph.add(ops.attributes("Reshape", {}), [x, Value.constant(np.array([-1]), "")], "y")[0]]
    data = emit(graph)
    file = Bytes(data)
    short, long, shape = (file.follow(file.field(file.item(7, index), 6)) + 4 for index in (1, 3, 5))
    assert (short % 4, long % 64, shape % 8) == (0, 0, 0)
    assert max(short, shape) < long == len(data) - (4 << 14)


def test_no_padding_but_for_alignment() -> None:
    graph = small_network()
    assert len(emit(graph)) < graph.parameter_bytes() + 3000


def test_equal_constants_are_stored_once() -> None:
    graph, x = with_input()
    twins = [Value.constant(np.ones(3, np.float32), name) for name in "ab"]
    others = [Value.constant(np.ones(3, np.int32)), Value.constant(np.ones((1, 3), np.float32))]
    for other in (*twins, others[1]):
        (x,) = graph.add(ops.attributes("AddFusion", {}), [x, other], "h")
    graph.outputs = [x]
    model = read_model(emit(graph))
    assert [node.inputs[1] for node in model.nodes] == [1, 1, 4]


@pytest.mark.parametrize(
    "data",
    [
        np.array(3, np.int64),
        np.array([True, False]),
        np.zeros((0, 4), np.float16),
        np.arange(6, dtype=">f4").reshape(2, 3),
        np.arange(12, dtype=np.float32).reshape(3, 4).T,
        np.array([[-0.0, np.nan], [np.inf, 0.0]], np.float32),
    ],
    ids=lambda a: f"{a.dtype}{list(a.shape)}",
)
def test_constants_keep_their_elements(data: Array) -> None:
    graph, x = with_input()
    node = Node(ops.attributes("AddFusion", {}), [x, Value.constant(data, "c")], (), "n")
    node.outputs = [Value(TensorSpec(DType.FLOAT32, (2, 3), "y"), node)]
    graph.insert(0, [node])
    graph.outputs = node.outputs
    read = value_of(read_model(emit(graph)), 1)
    assert (read.dtype, read.shape) == (data.dtype.newbyteorder("="), data.shape)
    assert read.tobytes() == data.astype(read.dtype).tobytes()


def test_equal_strings_and_shapes_are_stored_once() -> None:
    graph, x = with_input((2, 3, 5))
    graph.outputs = [softmax(graph, softmax(graph, x, "between"), "the last of all")]
    graph.nodes[1].name = "the last of all"
    data = emit(graph)
    assert data.count(b"the last of all") == 1
    assert data.count(struct.pack("<4i", 3, 2, 3, 5)) == 1


def test_equal_tables_are_stored_once() -> None:
    graph, x = with_input()
    for alpha in (0.5, 0.5, 0.25):
        (x,) = graph.add(ops.attributes("Activation", {"activation_type": 5, "alpha": alpha}), [x], "leaky")
    graph.outputs = [x]
    file = Bytes(emit(graph))
    primitives = [file.follow(file.field(file.item(6, index), 2)) for index in range(3)]
    assert primitives[0] == primitives[1] != primitives[2]


def test_what_a_node_computes_is_called_as_the_node() -> None:
    graph, x = with_input()
    graph.outputs = [softmax(graph, softmax(graph, x, "between"), "y")]
    graph.nodes[0].name = graph.nodes[1].name = "softmax"
    assert [t.spec.name for t in read_model(emit(graph)).tensors] == ["x", "softmax", "y"]


def test_unknown_dimensions_are_kept() -> None:
    graph, x = with_input((-1, 3))
    graph.outputs = [softmax(graph, x)]
    model = read_model(emit(graph))
    assert [t.spec.shape for t in model.tensors] == [(-1, 3), (-1, 3)]


# Outputs that the format does not allow get a copy, under the name that the user asked for where that is free.


def test_an_output_that_is_an_input_is_copied() -> None:
    graph, x = with_input()
    graph.outputs = [x]
    model = read_model(emit(graph))
    assert (names(model, model.inputs), names(model, model.outputs)) == (["x"], ["x:1"])
    assert [node.op for node in model.nodes] == ["Cast"]
    assert value_of(model, model.nodes[0].inputs[1]) == DType.FLOAT32


def test_an_output_that_is_a_constant_is_copied() -> None:
    graph, x = with_input()
    table = Value.constant(np.arange(4, dtype=np.int32), "table")
    graph.outputs = [table, softmax(graph, x), table]
    model = read_model(emit(graph))
    assert names(model, model.outputs) == ["table", "y", "table:2"]
    assert [node.op for node in model.nodes] == ["Softmax", "Cast", "Cast"]
    assert value_of(model, model.nodes[1].inputs[0]).tolist() == [0, 1, 2, 3]
    assert value_of(model, model.nodes[1].inputs[1]) == DType.INT32


def test_a_repeated_output_is_copied() -> None:
    graph, x = with_input()
    y = softmax(graph, x)
    graph.outputs = [y, y, y]
    model = read_model(emit(graph))
    assert names(model, model.outputs) == ["y", "y:1", "y:2"]
    assert len(set(model.outputs)) == 3


def test_names_are_unique_and_public_ones_are_kept() -> None:
    graph, x = with_input()
    h = softmax(graph, softmax(graph, x, "y"), "x")
    (h,) = graph.add(ops.attributes("AddFusion", {}), [h, constant("y", 3)], "")
    graph.outputs = [softmax(graph, h, "y")]
    model = read_model(emit(graph))
    found = [t.spec.name for t in model.tensors]
    assert len(set(found)) == len(found)
    assert (names(model, model.inputs), names(model, model.outputs)) == (["x"], ["y"])
    assert all(node.name for node in model.nodes)


# What cannot be written


@dataclass(frozen=True, slots=True)
class NoSuchOp(Attributes):
    """An operator that the schema lacks."""


@dataclass(frozen=True, slots=True)
class Softmax(Attributes):
    """An operator that the schema has, with values that its field cannot hold."""

    axis: tuple[float, ...] = (0.5,)


@dataclass(frozen=True, slots=True)
class PadFusion(Attributes):
    """An operator that the schema has, with a value that its enumeration lacks."""

    padding_mode: int = 9


@dataclass(frozen=True, slots=True)
class Elu(Attributes):
    """An operator that the schema has, with a field that it lacks."""

    alpha: float = 1.0
    beta: int | None = None


def broken(attrs: Attributes) -> Graph:
    graph, x = with_input()
    node = Node(attrs, [x], (), "odd")
    node.outputs = [Value(x.spec.named("y"), node)]
    graph.insert(0, [node])
    graph.outputs = node.outputs
    return graph


def unsorted_nodes() -> Graph:
    graph = small_network()
    graph.nodes.reverse()
    return graph


def foreign_output() -> Graph:
    graph = small_network()
    graph.outputs = small_network().outputs
    return graph


def huge_dimension() -> Graph:
    graph, x = with_input((1 << 31, 1))
    graph.outputs = [x]
    return graph


def too_large() -> Graph:
    graph, x = with_input()
    zeros = np.broadcast_to(np.float32(0), (1 << 29,))
    graph.outputs = [x, Value(TensorSpec(DType.FLOAT32, zeros.shape, "zeros", zeros))]
    return graph


ERRORS = [
    ("operator", lambda: broken(NoSuchOp()), r"node 'odd' \(NoSuchOp\): the format has no such operator"),
    ("attribute", lambda: broken(Elu()), r"node 'odd' \(Elu\): the format has no attribute 'beta'"),
    ("attribute type", lambda: broken(Softmax()), r"node 'odd' .*: Softmax.axis: required argument .* integer"),
    ("enumeration", lambda: broken(PadFusion()), "node 'odd' .*: padding_mode: expected one of .*, found 9"),
    ("order", unsorted_nodes, r"node 'probabilities' \(Softmax\): reads fc: .* before it is computed"),
    ("output", foreign_output, "output probabilities: .*: no node computes it"),
    ("dimension", huge_dimension, r"tensor x: float32\[2147483648,1\]: Tensor.dims: "),
    ("size", too_large, "g: expected 2147483647 bytes of constants and nodes at most"),
]


@pytest.mark.parametrize(("graph", "words"), [row[1:] for row in ERRORS], ids=[row[0] for row in ERRORS])
def test_what_cannot_be_written_is_named(graph: Callable[[], Graph], words: str) -> None:
    with pytest.raises(EmitError, match=words):
        emit(graph())


def test_the_identifier_is_written() -> None:
    assert emit(small_network())[4:8] == layout.IDENTIFIER
