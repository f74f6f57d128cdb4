"""Elements of large parameters stay in the file; what is read is the same, and damage is told as before."""
from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from google.protobuf.message import DecodeError

from converter.errors import ParseError
from converter.mindir.bulk import OWN_FILE, without_bulk
from converter.mindir.container import open_container
from converter.mindir.mind_ir_pb2 import ModelProto
from converter.mindir.reader import read_mindir
from tests.converter.mindir.building import tensor

LARGE = np.arange(5000, dtype=np.float32)
SMALL = np.arange(10, dtype=np.float32)


def model() -> ModelProto:
    """A large and a small parameter in the graph, a large one in a function."""
    message = ModelProto(ir_version="1.1", producer_name="MindSpore")
    message.graph.name = "main"
    message.graph.output.add(name="y")
    message.graph.parameter.extend([tensor(LARGE, "main:large"), tensor(SMALL, "main:small")])
    message.functions.add(name="f").parameter.append(tensor(-LARGE, "f:large"))
    return message


def test_large_elements_become_places() -> None:
    data = model().SerializeToString()
    slim = ModelProto.FromString(without_bulk(data))
    large, small = slim.graph.parameter
    assert small == model().graph.parameter[1]
    for parameter, expected in ((large, LARGE), (slim.functions[0].parameter[0], -LARGE)):
        place = parameter.external_data
        assert (place.location, parameter.HasField("raw_data")) == (OWN_FILE, False)
        elements = np.frombuffer(data[place.offset : place.offset + place.length], np.float32)
        np.testing.assert_array_equal(elements, expected)
        parameter.ClearField("external_data")
        parameter.raw_data = elements.tobytes()
    assert slim == model()


def test_a_message_cut_anywhere_is_refused_or_has_no_place_beyond_its_end() -> None:
    data = model().SerializeToString()
    for end in range(0, len(data), 37):
        try:
            slim = ModelProto.FromString(without_bulk(data[:end]))
        except (ValueError, DecodeError):
            continue
        for parameter in slim.graph.parameter:
            assert parameter.external_data.offset + parameter.external_data.length <= end


@pytest.mark.parametrize("data", [b"\x0b", b"\x3a\x05\x1a", b"\x3a" + b"\xff" * 11, b"\x3a\x80"], ids=bytes.hex)
def test_what_is_not_well_formed_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"field|number"):
        without_bulk(data)


def test_the_elements_are_read_from_a_file_or_from_bytes(tmp_path: Path) -> None:
    path = tmp_path / "model.mindir"
    path.write_bytes(model().SerializeToString())
    for source in (path, path.read_bytes()):
        container = open_container(source)
        place = container.model.graph.parameter[0].external_data
        np.testing.assert_array_equal(container.read(place.offset, place.length).view(np.float32), LARGE)


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.mindir"
    path.write_bytes(model().SerializeToString())
    container = open_container(path)
    (tmp_path / "other").write_bytes(path.read_bytes())
    os.replace(tmp_path / "other", path)
    with pytest.raises(ParseError, match="changed while it was being read"):
        container.read(0, 8)


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b"no model")
    os.close(write_end)
    try:
        with pytest.raises(ParseError, match="MindIR"):
            read_mindir(f"/dev/fd/{read_end}")
    finally:
        os.close(read_end)
