"""Each rule of the reader, broken by hand: one case a rule, and the words of the error that it must give."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lite.errors import InvalidModelError, ModelError, UnsupportedVersionError
from lite.model import read_model
from tests.formats.files import NODES, TENSORS, Bytes, Tree, operator, small_tree, write

# Slots of CNode and Tensor.
PRIMITIVE = 2
DTYPE, DIMS, DATA, NAME = 1, 2, 6, 9


def test_the_small_model_is_well_formed() -> None:
    model = read_model(write(small_tree()))
    assert [t.spec.name for t in model.tensors] == ["x", "b", "h", "y", "unused"]
    assert [node.op for node in model.nodes] == ["AddFusion", "Softmax"]


# What kind of file it is

GOOD = write(small_tree())
WITHOUT_IDENTIFIER = GOOD[:4] + b"\0\0\0\0" + GOOD[8:]
KIND_CASES: list[tuple[str, bytes, type[ModelError], str]] = [
    ("empty", b"", InvalidModelError, "found an empty one"),
    ("seven bytes", GOOD[:7], InvalidModelError, "8 bytes or more, found 7"),
    ("identifier only", GOOD[:8], InvalidModelError, "MetaGraph on a multiple of 4 within 8 bytes"),
    (
        "version 1.0.0",
        WITHOUT_IDENTIFIER,
        UnsupportedVersionError,
        "MSL2 at byte 4, found none: files of version 1.0.0",
    ),
    ("another FlatBuffers file", GOOD[:4] + b"ABC3" + GOOD[8:], InvalidModelError, "MSL2 at byte 4, found ABC3"),
    ("TensorFlow Lite", GOOD[:4] + b"TFL3" + GOOD[8:], InvalidModelError, "found a TensorFlow Lite model; export"),
    ("text", b'{"a": "model"}', InvalidModelError, "not a .ms file"),
    ("MindIR", b"\n\x031.1\x12\x09MindSpore*\x05model", InvalidModelError, "run `mlite convert` on it"),
    ("encrypted", struct.pack(">I", 0x7F3A5ED8) + bytes(60), UnsupportedVersionError, "is encrypted"),
    ("encrypted, little-endian", struct.pack("<I", 0x7F3A5ED8) + bytes(60), UnsupportedVersionError, "is encrypted"),
]


@pytest.mark.parametrize(("data", "error", "words"), [c[1:] for c in KIND_CASES], ids=[c[0] for c in KIND_CASES])
def test_the_wrong_kind_of_file(data: bytes, error: type[ModelError], words: str, tmp_path: Path) -> None:
    path = tmp_path / "m.ms"
    path.write_bytes(data)
    with pytest.raises(error, match=f"^m.ms: .*{re.escape(words)}"):
        read_model(path)


def test_what_is_no_plain_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ms")
    for path in (tmp_path / "pipe.ms", Path("/dev/zero")):
        with pytest.raises(InvalidModelError, match=f"^{path.name}: this is a pipe or a device: give a plain file"):
            read_model(path)


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_model(tmp_path / "none.ms")


# How the tables lie in the file


def at_root(change: Callable[[Bytes, int], None]) -> Callable[[Bytes], None]:
    return lambda file: change(file, file.root)


def at_tensor(change: Callable[[Bytes, int], None]) -> Callable[[Bytes], None]:
    return lambda file: change(file, file.item(TENSORS, 1))


def at_node(change: Callable[[Bytes, int], None]) -> Callable[[Bytes], None]:
    return lambda file: change(file, file.item(NODES, 1))


def put_vtable(offset: int, value: int) -> Callable[[Bytes], None]:
    """Overwrite the length (0) or the table size (2) in the vtable of a tensor."""
    return at_tensor(lambda file, table: file.put(file.vtable(table) + offset, value, 2))


def put_slot(slot: int, value: int) -> Callable[[Bytes], None]:
    return at_tensor(lambda file, table: file.put(file.slot(table, slot), value, 2))


def put_length(slot: int, value: int) -> Callable[[Bytes], None]:
    """Overwrite the length of what a tensor's field points to."""
    return at_tensor(lambda file, table: file.put(file.follow(file.field(table, slot)), value))


def put_name(at: int, value: int) -> Callable[[Bytes], None]:
    """Overwrite a byte of a tensor's name."""
    return at_tensor(lambda file, table: file.put(file.follow(file.field(table, NAME)) + 4 + at, value, 1))


def primitive(file: Bytes, node: int) -> int:
    return file.follow(file.field(node, PRIMITIVE))


BYTE_CASES: list[tuple[str, Callable[[Bytes], None], str]] = [
    ("root past the end", lambda f: f.put(0, 1 << 31), "MetaGraph on a multiple of 4 within"),
    ("root misaligned", lambda f: f.put(0, f.u32(0) + 2), "MetaGraph on a multiple of 4"),
    (
        "vtable before the file",
        at_root(lambda f, t: f.put(t, t + 64)),
        "the vtable of MetaGraph on a multiple of 2 .* -64",
    ),
    ("vtable past the end", at_root(lambda f, t: f.put(t, -(1 << 30))), "the vtable of MetaGraph on a multiple of 2"),
    (
        "vtable misaligned",
        at_tensor(lambda f, t: f.put(t, f.u32(t) + 1)),
        r"allTensors\[1\]: .* the vtable of Tensor on a multiple",
    ),
    ("vtable too short", put_vtable(0, 2), r"allTensors\[.\]: .* the vtable of Tensor to fit"),
    ("vtable of odd length", put_vtable(0, 23), r"allTensors\[.\]: .* the vtable of Tensor to fit"),
    ("vtable longer than the file", put_vtable(0, 0xFFFE), r"allTensors\[.\]: .* the vtable of Tensor to fit"),
    ("table of no bytes", put_vtable(2, 2), r"allTensors\[.\]: .* 4 bytes or more, found 2"),
    ("table longer than the file", put_vtable(2, 0xFFFF), r"allTensors\[.\]: .* end within"),
    ("field outside its table", put_slot(DTYPE, 0x4000), r"allTensors\[.\].dataType: .* within the"),
    ("field on top of the vtable offset", put_slot(DTYPE, 2), r"allTensors\[.\].dataType: .* of its own"),
    (
        "two fields in one place",
        at_tensor(lambda f, t: f.put(f.slot(t, DTYPE), f.u16(f.slot(t, DIMS)), 2)),
        "of its own",
    ),
    ("field misaligned", at_tensor(lambda f, t: f.put(f.slot(t, DTYPE), f.u16(f.slot(t, DTYPE)) + 2, 2)), "aligned"),
    (
        "offset past the end",
        at_tensor(lambda f, t: f.put(f.field(t, NAME), 1 << 20)),
        r"allTensors\[1\].name: .* a string within",
    ),
    (
        "offset misaligned",
        at_tensor(lambda f, t: f.put(f.field(t, NAME), 5)),
        r"allTensors\[1\].name: .* on a multiple of 4",
    ),
    ("list past the end", put_length(DIMS, 1 << 30), r"allTensors\[1\].dims: .* of 1073741824 elements within"),
    ("data past the end", put_length(DATA, 0xFFFFFFFF), r"allTensors\[1\].data: .* of 4294967295 elements within"),
    (
        "table in a list past the end",
        at_root(lambda f, t: f.put(f.follow(f.field(t, NODES)) + 4, 1 << 20)),
        r"nodes\[0\]: .* table CNode",
    ),
    ("string without end", put_name(1, 0x61), r"allTensors\[1\].name: .* zero byte"),
    ("string past the end", put_length(NAME, 1 << 28), r"allTensors\[1\].name: .* a string of 268435456 elements"),
    ("string not UTF-8", put_name(0, 0xFF), r"allTensors\[1\].name: expected UTF-8, found byte 0xff"),
    (
        "operator unknown",
        at_node(lambda f, t: f.put(f.field(primitive(f, t), 0), 222, 1)),
        r"nodes\[1\].primitive.value_type: .* 0 to 221, found 222",
    ),
    (
        "operator without attributes",
        at_node(lambda f, t: f.put(f.slot(primitive(f, t), 1), 0, 2)),
        r"nodes\[.\].primitive.value_type: expected a value and its type",
    ),
    (
        "attributes without operator",
        at_node(lambda f, t: f.put(f.field(primitive(f, t), 0), 0, 1)),
        r"nodes\[1\].primitive.value_type: expected a value and its type",
    ),
]


@pytest.mark.parametrize(("damage", "words"), [c[1:] for c in BYTE_CASES], ids=[c[0] for c in BYTE_CASES])
def test_a_file_whose_structure_is_hostile(damage: Callable[[Bytes], None], words: str) -> None:
    file = Bytes(GOOD)
    damage(file)
    with pytest.raises(InvalidModelError, match=words):
        read_model(file.data)


def test_hostile_sharing_is_refused() -> None:
    """A thousand tensors that are one tensor, with a thousand channels that are one: a million tables in 8 kB."""
    tree = small_tree()
    tree["allTensors"][1]["quantParams"] = [{"inited": True, "numBits": 32}] * 1000
    tree["allTensors"] += [{"dataType": 43}] * 1000
    file = Bytes(write(tree))
    shared = file.item(TENSORS, 1)
    tensors = file.follow(file.field(file.root, TENSORS)) + 4
    for place in range(tensors, tensors + 4 * 1000, 4):
        file.put(place, shared - place)
    with pytest.raises(InvalidModelError, match="the same ones used over and over"):
        read_model(file.data)


# What the tables say


def of_tree(**values: Any) -> Callable[[Tree], None]:
    return lambda tree: tree.update(values)


def of_tensor(index: int, **values: Any) -> Callable[[Tree], None]:
    return lambda tree: tree["allTensors"][index].update(values)


def of_node(index: int, **values: Any) -> Callable[[Tree], None]:
    return lambda tree: tree["nodes"][index].update(values)


def of_subgraph(**values: Any) -> Callable[[Tree], None]:
    return lambda tree: tree["subGraph"][0].update(values)


def quant(**values: Any) -> list[Tree]:
    return [{"inited": True, **values}]


SECOND = {"name": "second", "inputIndices": [0], "outputIndices": [3], "nodeIndices": [1]}
INVALID_CASES: list[tuple[str, Callable[[Tree], None], str]] = [
    ("no version", of_tree(version=None), "version: expected 'MindSpore Lite X.Y.Z', found ''"),
    ("odd version", of_tree(version="2.7"), "version: .* found '2.7'"),
    # tensors
    ("type unknown", of_tensor(0, dataType=7), "tensor 0 'x' dataType: .* found 7"),
    ("size below -1", of_tensor(0, dims=[2, -3]), r"tensor 0 'x' dims: .* found \[2, -3\]"),
    ("too many dimensions", of_tensor(0, dims=[1] * 33), "tensor 0 'x' dims: expected up to 32"),
    ("too large", of_tensor(2, dims=[1 << 30, 1 << 30]), "tensor 2 'h' dims: .* bytes at most"),
    ("empty and too large", of_tensor(1, dims=[0, 1 << 30, 1 << 30], data=None), "bytes at most"),
    ("too little data", of_tensor(1, data=bytes(11)), "tensor 1 'b' data: expected 12 bytes .* found 11"),
    ("too much data", of_tensor(1, data=bytes(16)), "tensor 1 'b' data: expected 12 bytes .* found 16"),
    ("constant of unknown size", of_tensor(1, dims=[-1]), "tensor 1 'b' data: expected dims that are all"),
    ("bool that is neither", of_tensor(1, dataType=30, data=b"\0\1\2"), "tensor 1 'b' data: .* 0 or 1"),
    # quantization
    ("number of channels", of_tensor(1, quantParams=quant() * 2), "tensor 1 'b' quantParams: .* found 2"),
    ("scale below 0", of_tensor(1, quantParams=quant(scale=-1.0)), r"quantParams\[0\]: .* scale -1.0"),
    ("scale not finite", of_tensor(1, quantParams=quant(scale=np.nan)), r"quantParams\[0\]: .* scale nan"),
    ("correction not finite", of_tensor(1, quantParams=quant(varCorr=np.inf)), "varCorr inf"),
    ("no bits", of_tensor(1, quantParams=quant(numBits=0)), "numBits 0"),
    # nodes
    ("no operator", of_node(0, primitive=None), "node 0 'add': expected an operator, found none"),
    ("operator NONE", of_node(0, primitive={}), "node 0 'add': expected an operator, found none"),
    ("input out of range", of_node(0, inputIndex=[0, 5]), "node 0 'add' .* inputIndex: .* found 5"),
    ("output out of range", of_node(0, outputIndex=[1 << 31]), "node 0 'add' .* outputIndex: .* 2147483648"),
    ("no outputs", of_node(0, outputIndex=None), "node 0 'add' .*: expected an output or more"),
    ("written twice", of_node(1, outputIndex=[2]), "node 1 .*: tensor 2 .* already written by node 0"),
    ("writes a constant", of_node(0, outputIndex=[1]), "node 0 .*: writes tensor 1 .* a constant"),
    ("writes an input", of_node(0, outputIndex=[0]), "node 0 .*: writes tensor 0 .* a graph input"),
    ("reads itself", of_node(0, inputIndex=[2, 1]), "node 0 .*: reads tensor 2 .* before"),
    # graph
    ("no outputs of the graph", of_tree(outputIndex=None), "outputIndex: expected an output or more"),
    ("graph input out of range", of_tree(inputIndex=[9]), "inputIndex: .* found 9"),
    ("graph output out of range", of_tree(outputIndex=[9]), "outputIndex: .* found 9"),
    ("graph input twice", of_tree(inputIndex=[0, 0]), "inputIndex: expected distinct indices, found 0"),
    ("graph input is a constant", of_tree(inputIndex=[0, 1]), "tensor 1 .*: expected an input without data"),
    ("not in order", of_subgraph(nodeIndices=[1, 0]), "node 1 .*: reads tensor 2 .* before any node"),
    ("output never written", of_node(1, outputIndex=[4]), "'main' outputs: reads tensor 3 .* before"),
    ("subgraph input out of range", of_subgraph(inputIndices=[9]), "'main' inputIndices: .* found 9"),
    ("subgraph output out of range", of_subgraph(outputIndices=[9]), "'main' outputIndices: .* found 9"),
    ("subgraph node out of range", of_subgraph(nodeIndices=[0, 2]), "'main' nodeIndices: .* found 2"),
    ("subgraph tensor out of range", of_subgraph(tensorIndices=[5]), "'main' tensorIndices: .* found 5"),
    ("node twice in a subgraph", of_subgraph(nodeIndices=[0, 0, 1]), "node 0 .* already belongs to"),
    ("node in no subgraph", of_subgraph(nodeIndices=[0]), "node 1 .*: expected it in a subgraph"),
    ("other inputs than main's", of_tree(inputIndex=[]), r"inputIndex: .* \[0\], found \[\]"),
    ("other outputs than main's", of_tree(outputIndex=[2]), r"outputIndex: .* \[3\], found \[2\]"),
    (
        "node in two subgraphs",
        lambda tree: tree["subGraph"].append(SECOND),
        "subgraph 'second': node 1 .* already belongs to subgraph 'main'",
    ),
    (
        "returns a subgraph",
        of_node(1, primitive=operator("PartialFusion", sub_graph_index=0)),
        "'main' outputs: expected tensors, found the subgraph",
    ),
    (
        "calls no subgraph",
        of_node(1, primitive=operator("PartialFusion", sub_graph_index=1 << 40)),
        "node 1 .* sub_graph_index: .* found 1099511627776",
    ),
    ("sidecar elsewhere", of_tensor(1, data=None, externalData=[{"location": "../w"}]), "tensor 1 'b' externalData"),
    ("code book", of_tensor(1, quantClusters=[1.0]), "tensor 1 'b' quantClusters: .* found 1 and float32"),
    ("data in two places", of_tensor(1, externalData=[{"location": "w.msw"}]), "tensor 1 'b': .* found both"),
]


UNSUPPORTED_CASES: list[tuple[str, Callable[[Tree], None], str]] = [
    ("future version", of_tree(version="MindSpore Lite 3.0.0"), "version: expected 1.x or 2.x"),
    ("obfuscated", of_tree(obfuscate=True), "the file is obfuscated"),
    ("GenOP", of_node(0, primitive=operator("GenOP")), r"node 0 'add' \(GenOP\): .* obfuscated"),
    ("strings", of_tensor(1, dataType=12), "tensor 1 'b': constants of strings"),
    ("Huffman", of_tensor(1, enableHuffmanCode=True), "tensor 1 'b': .*Huffman"),
    ("compressed book", of_tensor(1, quantClusters=[1.0], weightQuantCompressType=1), "tensor 1 'b': .*INDEXING"),
    ("compressed", of_tensor(1, weightQuantCompressType=3), "tensor 1 'b': .*FSE"),
]


@pytest.mark.parametrize(("change", "words"), [c[1:] for c in INVALID_CASES], ids=[c[0] for c in INVALID_CASES])
def test_a_file_whose_content_is_hostile(change: Callable[[Tree], None], words: str) -> None:
    tree = small_tree()
    change(tree)
    with pytest.raises(InvalidModelError, match=f"^evil.ms: .*{words}"):
        read_model(write(tree), name="evil.ms")


@pytest.mark.parametrize(("change", "words"), [c[1:] for c in UNSUPPORTED_CASES], ids=[c[0] for c in UNSUPPORTED_CASES])
def test_a_file_that_is_protected_or_packed(change: Callable[[Tree], None], words: str) -> None:
    tree = small_tree()
    change(tree)
    with pytest.raises(UnsupportedVersionError, match=f"^m.ms: .*{words}"):
        read_model(write(tree), name="m.ms")


def test_hostile_enumerations_are_refused() -> None:
    file = Bytes(write({**small_tree(), "nodes": [{"name": "n", "primitive": operator("PadFusion", padding_mode=1)}]}))
    node = file.item(NODES, 0)
    table = file.follow(file.field(primitive(file, node), 1))
    file.put(file.field(table, 1), 77, 1)
    with pytest.raises(InvalidModelError, match=r"nodes\[0\].primitive.value.padding_mode: .* REFLECT, .* found 77"):
        read_model(file.data)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [("iou_threshold", b"much", "could not convert"), ("threshold", b"0.5", "iou_threshold; found 'threshold'")],
)
def test_attributes_of_custom_operators_are_checked(name: str, text: bytes, words: str) -> None:
    tree = small_tree()
    attributes = [{"name": name, "data": text}]
    tree["nodes"][0]["primitive"] = operator("Custom", type="NMSWithMask", attr=attributes)
    with pytest.raises(InvalidModelError, match=rf"node 0 .* \(Custom\): .*{words}"):
        read_model(write(tree))


def test_hostile_attributes_name_the_node() -> None:
    tree = small_tree()
    tree["nodes"][1]["primitive"] = operator("MaxPoolFusion", kernel_size=[-1, 0], strides=[0, 0])
    with pytest.raises(InvalidModelError, match=r"node 1 'softmax' \(MaxPoolFusion\): .*"):
        read_model(write(tree))


def test_a_hostile_message_is_kept_short() -> None:
    tree = small_tree()
    tree["allTensors"][0].update(name="x" * 100_000, dataType=7)
    with pytest.raises(InvalidModelError) as caught:
        read_model(write(tree))
    assert len(str(caught.value)) < 1000
