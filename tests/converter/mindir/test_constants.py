"""Tensors and attributes, wherever their bytes are."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converter.errors import ParseError
from converter.ir.graph import Value
from converter.mindir.constants import ConstantReader
from converter.mindir.mind_ir_pb2 import AttributeProto, ModelProto, TensorProto
from converter.mindir.operands import Monad, Opaque
from converter.mindir.reader import read_mindir
from tests.converter.mindir.building import DATA_TYPES, MONAD, attribute, tensor

DIGITS = Path(__file__).parents[3] / "samples" / "digits" / "digits.mindir"
HALF = np.array([0.5, -2.0, 65504.0, 6e-8], np.float16)
BFLOAT16_BITS = np.array([0x3F80, 0xC000, 0x7F80, 0x0001], np.uint16)  # 1, -2, inf, the least subnormal
BFLOAT16 = np.array([1.0, -2.0, np.inf, 9.183549615799121e-41], np.float32)


@pytest.mark.parametrize("little_endian", [True, False])
@pytest.mark.parametrize("dtype", DATA_TYPES)
def test_raw_data_of_every_type(dtype: str, little_endian: bool) -> None:
    value = np.arange(-3, 3).reshape(2, 3).astype(dtype)
    message = tensor(value)
    message.raw_data = value.astype(value.dtype.newbyteorder("<" if little_endian else ">")).tobytes()
    read = ConstantReader(little_endian=little_endian).tensor(message)
    assert read.dtype == value.dtype
    assert not read.flags.writeable
    np.testing.assert_array_equal(read, value)


TYPED = [
    (TensorProto.FLOAT, {"float_data": [1.5, -2.0]}, np.array([1.5, -2.0], np.float32)),
    (TensorProto.DOUBLE, {"double_data": [1.5]}, np.array([1.5])),
    (TensorProto.FLOAT16, {"int32_data": HALF.view(np.uint16).tolist()}, HALF),
    (TensorProto.BFLOAT16, {"int32_data": BFLOAT16_BITS.tolist()}, BFLOAT16),
    (TensorProto.BFLOAT16, {"raw_data": BFLOAT16_BITS.tobytes()}, BFLOAT16),
    (TensorProto.BOOL, {"int32_data": [0, 1, 7]}, np.array([False, True, True])),
    (TensorProto.BOOL, {"raw_data": b"\x00\x01\x07"}, np.array([False, True, True])),
    (TensorProto.INT8, {"int32_data": [-128, 127]}, np.array([-128, 127], np.int8)),
    (TensorProto.INT64, {"int64_data": [1 << 60]}, np.array([1 << 60])),
    (TensorProto.UINT64, {"uint64_data": [(1 << 64) - 1]}, np.array([(1 << 64) - 1], np.uint64)),
    (TensorProto.INT32, {}, np.zeros(0, np.int32)),
]


@pytest.mark.parametrize(("data_type", "fields", "expected"), TYPED)
def test_typed_fields_and_bit_patterns(data_type: int, fields: dict[str, Any], expected: np.ndarray) -> None:
    read = ConstantReader().tensor(TensorProto(dims=expected.shape, data_type=data_type, **fields))
    assert read.dtype == expected.dtype
    np.testing.assert_array_equal(read, expected)


WRONG = [
    (TensorProto(dims=[3], data_type=TensorProto.FLOAT, raw_data=b"\0" * 8), "has 2 elements"),
    (TensorProto(dims=[2], data_type=TensorProto.FLOAT, raw_data=b"\0" * 7), "not a multiple of 4"),
    (TensorProto(dims=[2], data_type=TensorProto.FLOAT), "has 0 elements"),
    (TensorProto(dims=[-1], data_type=TensorProto.FLOAT), "has 0 elements"),
    (TensorProto(dims=[1 << 40, 1 << 40], data_type=TensorProto.FLOAT), "has 0 elements"),
    (TensorProto(dims=[1] * 100, data_type=TensorProto.INT8, raw_data=b"\0"), "has 1 elements"),
    (TensorProto(dims=[1], data_type=TensorProto.INT8, int32_data=[300]), "outside the range of int8"),
    (TensorProto(dims=[1], data_type=TensorProto.STRING, string_data=[b"a"]), "of type STRING"),
    (TensorProto(dims=[1], data_type=99, raw_data=b"\0"), "of type 99"),
    (TensorProto(dims=[1], data_type=1, compression_type=TensorProto.BIT_PACKING), "compressed or quantized"),
]


@pytest.mark.parametrize(("message", "error"), WRONG, ids=[error for _, error in WRONG])
def test_tensors_that_contradict_themselves(message: TensorProto, error: str) -> None:
    with pytest.raises(ParseError, match=error):
        ConstantReader().tensor(message)


@pytest.mark.parametrize("value", [True, 3, -1.5, "text", None, (), (1, 2.0, True), ((0, 1), (2, 3)), (None, "a")])
def test_attributes_are_python_values(value: object) -> None:
    assert ConstantReader().attribute(attribute(value)) == value


def test_attributes_of_other_kinds() -> None:
    read = ConstantReader().attribute(attribute(np.array(2.5, np.float32)))
    assert isinstance(read, Value)
    assert read.data is not None
    assert (read.data.shape, read.data.item()) == ((), 2.5)
    assert isinstance(ConstantReader().attribute(attribute(MONAD)), Monad)
    assert ConstantReader().attribute(AttributeProto(type=AttributeProto.CLASS_TYPE)) == Opaque("class_type")


def split(folder: Path, location: str, shift: int = 0) -> Path:
    """The sample as a large model is written: the weights in a file of their own, the first at 64."""
    message = ModelProto.FromString(DIGITS.read_bytes())
    data = bytearray(64)
    for parameter in message.graph.parameter:
        place = parameter.external_data
        place.location, place.offset, place.length = location, len(data) + shift, len(parameter.raw_data)
        data += parameter.raw_data
        parameter.ClearField("raw_data")
    path = folder / "digits_graph.mindir"
    path.write_bytes(message.SerializeToString())
    (folder / "digits_variables").mkdir()
    (folder / "digits_variables" / "data_0").write_bytes(data)
    return path


def test_weights_in_a_file_of_their_own(tmp_path: Path) -> None:
    graph = read_mindir(split(tmp_path, "digits_variables/data_0"))
    for value, expected in zip(graph.constants(), read_mindir(DIGITS).constants(), strict=True):
        np.testing.assert_array_equal(value.data, expected.data)


HOSTILE = [
    "../secret", "/etc/hostname", "link", "digits_variables", "", "digits_variables/data_1", "a\0b", "a" * 5000, "loop",
]  # fmt: skip


@pytest.mark.parametrize("location", HOSTILE, ids=lambda location: ascii(location[:24]))
def test_hostile_locations_are_not_opened(tmp_path: Path, location: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    path = split(folder, location)
    (tmp_path / "secret").write_bytes((folder / "digits_variables" / "data_0").read_bytes())
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "loop").symlink_to("loop")
    with pytest.raises(ParseError, match="not a file within the model's folder"):
        read_mindir(path)


@pytest.mark.parametrize("shift", [-100, 1 << 20, 1 << 62])
def test_hostile_offsets_are_not_followed(tmp_path: Path, shift: int) -> None:
    with pytest.raises(ParseError, match="truncated or belongs to another model"):
        read_mindir(split(tmp_path, "digits_variables/data_0", shift))


def test_weights_in_a_file_of_their_own_need_a_path(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="give the model's path, not its bytes"):
        read_mindir(split(tmp_path, "digits_variables/data_0").read_bytes())
