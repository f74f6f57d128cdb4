"""Weights in a file beside the model: written for what is too large, read where it is a plain file, both or neither."""
from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import lite
from converter import optimize
from converter.emit.graph import emit, emit_parts
from converter.errors import EmitError, ExportError
from converter.exporters.mindir import write_mindir
from converter.exporters.onnx import write_onnx
from converter.exporters.onnx.onnx_pb2 import ModelProto, TensorProto
from converter.ir.graph import Graph
from converter.mindir.reader import read_mindir
from converter.sidecar import SMALLEST, Sidecar, write_model
from lite.errors import InvalidModelError, UnsupportedVersionError
from lite.files import write_together
from lite.model import read_model
from lite.types import TensorSpec
from tests.cli.conftest import DIGITS
from tests.formats.files import small_tree, write

LIMIT = 1 << 14  # bytes, in place of 2 GB


def digits() -> Graph:
    return optimize(read_mindir(DIGITS / "digits.mindir"))


def sidecar_of(path: Path) -> Sidecar:
    sidecar = Sidecar.beside(path)
    sidecar.limit = LIMIT
    return sidecar


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A `.ms` file with its weights beside it."""
    path = tmp_path / "model.ms"
    sidecar = sidecar_of(path)
    write_model(path, emit_parts(digits(), sidecar), sidecar)
    assert sorted(place.name for place in tmp_path.iterdir()) == ["model.ms", "model.msw"]
    assert path.stat().st_size < path.with_suffix(".msw").stat().st_size == sidecar.nbytes
    return path


def test_a_model_is_the_same_with_its_weights_beside_it(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, parted = read_model(DIGITS / "digits.ms"), read_model(model)
    for expected, tensor in zip(whole.tensors, parted.tensors, strict=True):
        assert expected.spec == tensor.spec
        if expected.spec.value is not None:
            np.testing.assert_array_equal(tensor.spec.value, expected.spec.value)
    assert parted.nbytes == model.stat().st_size + model.with_suffix(".msw").stat().st_size
    x = np.random.default_rng(0).random((1, 1, 8, 8), np.float32)
    monkeypatch.chdir(model.parent)
    with lite.Session(DIGITS / "digits.ms") as one, lite.Session("model.ms") as other:
        np.testing.assert_array_equal(one.run(x), other.run(x))


def test_what_fits_has_no_file_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "model.ms"
    sidecar = Sidecar.beside(path)
    write_model(path, emit_parts(digits(), sidecar), sidecar)
    assert [place.name for place in tmp_path.iterdir()] == ["model.ms"]
    assert path.read_bytes() == emit(digits()) == (DIGITS / "digits.ms").read_bytes()


def test_onnx_has_its_weights_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    sidecar = sidecar_of(path)
    write_model(path, [write_onnx(digits(), sidecar)], sidecar)
    data = (tmp_path / "model.onnx.data").read_bytes()
    parted = {t.name: t for t in ModelProto.FromString(path.read_bytes()).graph.initializer}
    for tensor in ModelProto.FromString(bytes(write_onnx(digits()))).graph.initializer:
        found = parted[tensor.name]
        assert (found.data_location == TensorProto.EXTERNAL) == (len(tensor.raw_data) >= SMALLEST)
        place = {entry.key: entry.value for entry in found.external_data}
        if place:
            assert place["location"] == "model.onnx.data"
            assert not found.HasField("raw_data")
            first = int(place["offset"])
            assert data[first : first + int(place["length"])] == tensor.raw_data


def test_without_a_place_for_them_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("converter.emit.graph.LIMIT", LIMIT)
    monkeypatch.setattr("converter.exporters.onnx.LIMIT", LIMIT)
    with pytest.raises(EmitError, match="mlite convert puts them"):
        emit(digits())
    for export in (write_onnx, lambda graph: write_mindir(graph, LIMIT)):
        with pytest.raises(ExportError, match="option outputs"):
            export(digits())


def remove(sidecar: Path) -> None:
    sidecar.unlink()


def cut(sidecar: Path) -> None:
    os.truncate(sidecar, sidecar.stat().st_size - 1)


def empty(sidecar: Path) -> None:
    os.truncate(sidecar, 0)


def link(sidecar: Path) -> None:
    sidecar.rename(sidecar.with_name("elsewhere"))
    sidecar.symlink_to("elsewhere")


def pipe(sidecar: Path) -> None:
    sidecar.unlink()
    os.mkfifo(sidecar)


def folder(sidecar: Path) -> None:
    sidecar.unlink()
    sidecar.mkdir()


@pytest.mark.parametrize("damage", [remove, cut, empty, link, pipe, folder])
def test_a_damaged_file_beside_the_model_is_refused(model: Path, damage: Callable[[Path], None]) -> None:
    damage(model.with_suffix(".msw"))
    with pytest.raises(InvalidModelError, match=r"model\.ms: tensor \d+ .* externalData: .*'model\.msw'"):
        read_model(model)


def test_a_file_of_another_conversion_is_refused(model: Path, tmp_path: Path) -> None:
    """Of the same size, but with another weight: no byte of it is digested to see that."""
    graph = digits()
    changed = next(v for node in graph.nodes for v in node.inputs if v.data is not None and v.data.nbytes >= SMALLEST)
    assert changed.data is not None
    changed.spec = TensorSpec.of(changed.data + np.float32(1), changed.name)
    other = tmp_path / "other" / "model.ms"
    other.parent.mkdir()
    sidecar = sidecar_of(other)
    write_model(other, emit_parts(graph, sidecar), sidecar)
    beside = model.with_suffix(".msw")
    assert other.with_suffix(".msw").stat().st_size == beside.stat().st_size
    read_model(other)
    os.replace(other.with_suffix(".msw"), beside)
    with pytest.raises(InvalidModelError, match=r"tensor \d+ .*'model\.msw' is of another model or conversion"):
        read_model(model)
    beside.write_bytes(beside.read_bytes()[:-16] + bytes(8) + b"mindlite")
    with pytest.raises(InvalidModelError, match="of another model"):
        read_model(model)
    beside.write_bytes(beside.read_bytes()[:-16] + b"\xff" * 8 + b"mindlite")
    with pytest.raises(InvalidModelError, match="of another model"):
        read_model(model)


def test_bytes_have_nothing_beside_them(model: Path) -> None:
    with pytest.raises(InvalidModelError, match="give the model's path"):
        read_model(model.read_bytes())


def with_part(**part: object) -> bytes:
    """A small model whose constant is a part of another file."""
    tree = small_tree()
    tree["allTensors"][1].update(data=None, externalData=[part])
    return write(tree)


NAMES = ("", ".", "..", "../w.msw", "/etc/passwd", "a/w.msw", "a\\w.msw", "w\0.msw", "x" * 5000)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name[:20]))
def test_only_a_name_beside_the_model_is_opened(tmp_path: Path, name: str) -> None:
    path = tmp_path / "inner" / "model.ms"
    path.parent.mkdir()
    (tmp_path / "w.msw").write_bytes(bytes(4096))
    path.write_bytes(with_part(location=name, offset=0, length=4))
    with pytest.raises(InvalidModelError, match="tensor 1"):
        read_model(path)


PARTS = ((-4, 4), (0, -2), (4096, 4), (1 << 62, 1 << 62), (0, 4095))


@pytest.mark.parametrize(("offset", "length"), PARTS)
def test_a_part_lies_within_the_file_and_fits_the_tensor(tmp_path: Path, offset: int, length: int) -> None:
    (tmp_path / "w.msw").write_bytes(bytes(4096))
    (tmp_path / "model.ms").write_bytes(with_part(location="w.msw", offset=offset, length=length))
    with pytest.raises(InvalidModelError, match="tensor 1"):
        read_model(tmp_path / "model.ms")


def test_one_part_is_expected(tmp_path: Path) -> None:
    tree = small_tree()
    tree["allTensors"][1].update(data=None, externalData=[{"location": "w.msw"}] * 2)
    (tmp_path / "model.ms").write_bytes(write(tree))
    with pytest.raises(UnsupportedVersionError, match="one part, found 2"):
        read_model(tmp_path / "model.ms")


@pytest.mark.parametrize("links", [True, False])
def test_several_files_are_written_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links on this file system")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    first, second = tmp_path / "first", tmp_path / "second"
    write_together({first: [memoryview(b"a"), memoryview(b"b")], second: [memoryview(b"c")]})
    assert (first.read_bytes(), second.read_bytes()) == (b"ab", b"c")

    def interrupted(source: str, target: Path) -> None:
        if target == second and not str(source).endswith(".old"):
            raise KeyboardInterrupt
        replace(source, target)

    replace, third = os.replace, tmp_path / "third"
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_together({path: [memoryview(b"new")] for path in (first, third, second)})
    assert {place.name: place.read_bytes() for place in tmp_path.iterdir()} == {"first": b"ab", "second": b"c"}
    third.mkdir()
    with pytest.raises(FileExistsError, match="third"):
        write_together({first: [memoryview(b"new")], third: [memoryview(b"new")]})
    assert first.read_bytes() == b"ab"
