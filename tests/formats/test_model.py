"""What well-formed files may say, and how a Model shows it."""
from __future__ import annotations

import numpy as np
import pytest

from lite.model import Subgraph, read_model
from lite.types import DType
from tests.formats.files import NODES, TENSORS, Bytes, operator, small_tree, write


def test_without_subgraphs_all_nodes_form_one() -> None:
    model = read_model(write({**small_tree(), "subGraph": None}))
    assert model.subgraphs == (Subgraph("main", (0,), (3,), (0, 1)),)


def test_nameless_parts_are_given_names() -> None:
    tree = small_tree()
    del tree["allTensors"][0]["name"], tree["nodes"][1]["name"], tree["subGraph"][0]["name"]
    model = read_model(write(tree))
    assert (model.tensors[0].spec.name, model.nodes[1].name, model.subgraphs[0].name) == (
        "tensor-0", "Softmax-1", "subgraph 0",
    )  # fmt: skip


def test_attributes_are_those_of_the_operator() -> None:
    node = read_model(write(small_tree())).nodes[1]
    assert node.attrs is not None
    assert (node.attrs.op, node.fields) == ("Softmax", {"axis": (1,)})


def test_nested_fields_are_tuples() -> None:
    tree = small_tree()
    attributes = [{"name": "alpha", "data": b"\1\2"}, {"name": "empty"}]
    tree["nodes"][0]["primitive"] = operator("Custom", type="Mine", attr=attributes)
    tree["nodes"][1]["primitive"] = operator(
        "SpaceToBatch", block_size=[2, 2], paddings={"data": [{"data": [0, 2]}, {"data": [1, 1]}]}
    )
    first, second = read_model(write(tree)).nodes
    assert (first.op, first.fields) == ("Custom", {"type": "Mine", "attr": (("alpha", b"\1\2"), ("empty", b""))})
    assert second.fields == {"block_size": (2, 2), "paddings": ((0, 2), (1, 1))}


@pytest.mark.parametrize("dtype", [d for d in DType if d not in (DType.STRING, DType.FLOAT16)], ids=str)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0)], ids=str)
def test_constants_of_every_type(dtype: DType, shape: tuple[int, ...]) -> None:
    expected = np.ones(shape, dtype.dtype)
    tree = small_tree()
    tree["allTensors"][1].update(dataType=dtype, dims=shape, data=expected.tobytes())
    value = read_model(write(tree)).tensors[1].spec.value
    assert value is not None
    assert (value.dtype, value.shape) == (expected.dtype, shape)
    assert value.tobytes() == expected.tobytes()
    assert not value.flags.writeable


@pytest.mark.parametrize("dtype", [DType.INT64, DType.FLOAT64], ids=str)
def test_8_byte_constants_on_multiples_of_4_are_copied(dtype: DType) -> None:
    tree = small_tree()
    expected = np.arange(3).astype(dtype.dtype)
    tree["allTensors"][1].update(dataType=dtype, data=bytes(4) + expected.tobytes())
    file = Bytes(write(tree))
    data = file.field(file.item(TENSORS, 1), 6)
    file.put(data, file.u32(data) + 4)  # the list now begins where its elements did
    file.put(file.follow(data), expected.nbytes)
    value = read_model(file.data).tensors[1].spec.value
    assert value is not None
    assert value.flags.aligned
    assert not value.flags.writeable
    np.testing.assert_array_equal(value, expected)


def test_a_tensor_that_a_node_writes_is_no_constant_even_if_empty() -> None:
    tree = small_tree()
    for tensor in tree["allTensors"]:
        tensor.update(nodeType=0, dims=[0, 3], data=None)
    values = [tensor.spec.value is None for tensor in read_model(write(tree)).tensors]
    assert values == [True, False, True, True, False]


def test_a_constant_in_codes_is_read_as_what_they_stand_for() -> None:
    tree = small_tree()
    rows = [{"inited": True, "scale": 0.5 * i, "zeroPoint": i, "numBits": 8} for i in range(3)]
    tree["allTensors"][1].update(dataType=32, data=b"\xff\0\1", quantParams=rows)
    tensor = read_model(write(tree)).tensors[1]
    assert tensor.spec.value is not None
    assert tensor.spec.value.tolist() == [0, -0.5, -1]
    assert tensor.quant is not None
    assert tensor.quant.scale.tolist() == [0, 0.5, 1]
    assert tensor.quant.zero_point.tolist() == [0, 1, 2]
    assert tensor.quant.num_bits.tolist() == [8, 8, 8]
    assert not tensor.quant.is_corrected


@pytest.mark.parametrize("count", [1, 3, 7, 8, 9, 40])
def test_quantization_of_any_number_of_channels(count: int) -> None:
    """Few and many tables are read in different ways."""
    tree = small_tree()
    rng = np.random.default_rng(count)
    rows = [
        {
            "inited": True,
            "scale": float(rng.random()),
            "zeroPoint": int(rng.integers(-9, 9)),
            "numBits": 8,
            "varCorr": float(np.float32(rng.random())),
            "meanCorr": float(np.float32(rng.random())),
        }
        for _ in range(count)
    ]
    tree["allTensors"][1].update(dataType=32, dims=[count], data=bytes(count), quantParams=rows)
    quant = read_model(write(tree)).tensors[1].quant
    assert quant is not None
    assert quant.scale.tolist() == [row["scale"] for row in rows]
    assert quant.zero_point.tolist() == [row["zeroPoint"] for row in rows]
    assert quant.var_corr.tolist() == [row["varCorr"] for row in rows]
    assert quant.mean_corr.tolist() == [row["meanCorr"] for row in rows]
    assert quant.is_corrected


def test_an_unknown_field_of_a_newer_writer_is_passed_over() -> None:
    """Newer versions append fields: a vtable longer than the schema knows is no fault."""
    file = Bytes(write(small_tree()))
    node, end = file.item(NODES, 0), len(file.data)
    vtable = file.vtable(node)
    known = [file.u16(i) for i in range(vtable + 4, vtable + file.u16(vtable), 2)]
    slots = [*known, *[0] * (7 - len(known)), 4]  # an eighth field, where a node has seven
    longer = Bytes(file.data + b"".join(n.to_bytes(2, "little") for n in (20, file.u16(vtable + 2), *slots)))
    longer.put(node, node - end)
    assert read_model(longer.data).nodes == read_model(file.data).nodes
