"""What is generated is current, and says what is known of the formats."""
from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

import pytest
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto

from converter.checkpoint import checkpoint_pb2
from converter.mindir import mind_ir_pb2
from lite.model.reader import SCHEMA
from lite.schema import layout
from lite.schema.describe import SCALARS
from tests.formats.files import ROOT, SHARED, flatc


def facts(name: str) -> Any:
    path = SHARED / "facts" / name
    if not path.exists():
        pytest.skip(f"{name} is looked for in {path.parent}")
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def regenerate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("regenerate", ROOT / "fbs" / "regenerate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_layout_is_current(regenerate: ModuleType) -> None:
    flatc("--version")
    texts = regenerate.generate_layout()
    assert texts
    assert all(regenerate.is_current(path, text) for path, text in texts.items()), "run: python fbs/regenerate.py"


def test_messages_are_current(regenerate: ModuleType) -> None:
    texts = regenerate.generate_messages()
    assert len(texts) == 6
    assert all(regenerate.is_current(path, text) for path, text in texts.items()), "run: python fbs/regenerate.py"


def test_a_changed_schema_is_noticed(regenerate: ModuleType) -> None:
    path = "converter/checkpoint/checkpoint_pb2.py"
    assert not regenerate.is_current(path, regenerate.generate_messages()[path].replace("tag", "tug"))


@pytest.mark.parametrize("name", ["mindir.mind_ir_pb2", "checkpoint.checkpoint_pb2", "exporters.onnx.onnx_pb2"])
def test_messages_import_without_a_warning(name: str) -> None:
    command = [sys.executable, "-W", "error", "-c", f"import converter.{name}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_layout_matches_the_published_schema() -> None:
    known = facts("ms_schema.json")
    assert known["file_identifier"].encode() == layout.IDENTIFIER
    assert known["root_type"] == layout.ROOT
    assert known["unions"]["PrimitiveType"] == {name: code for code, name in enumerate(SCHEMA.union)}
    assert set(known["tables"]) == set(SCHEMA.names())
    for name, enum in known["enums"].items():
        assert {label: value for value, label in SCHEMA.enum(name).items()} == enum["values"], name
    for name, rows in known["tables"].items():
        if name == "Primitive":  # a union takes two slots
            continue
        for field, row in zip(SCHEMA.table(name).fields, rows, strict=True):
            where = f"{name}.{row['name']}"
            if row.get("note") == "deprecated":
                assert field is None, where
                continue
            assert field is not None, where
            kind = row["type"].strip("[]").replace("int64", "long")
            assert field.name == row["name"], where
            if kind in SCALARS:
                assert SCALARS[kind] in (field.code, field.element), where
            elif kind in known["tables"]:
                assert field.element == kind, where
            if field.kind == "scalar":
                assert field.default == default(row.get("default", "0"), field.allowed), where


def default(text: str, values: dict[int, str]) -> Any:
    labels = {label: value for value, label in values.items()} | {"true": True, "false": False}
    return labels[text] if text in labels else pytest.approx(float(text))


def test_types_are_not_recursive() -> None:
    """The decoder has no limit on depth because none of the format's types contains itself."""

    def depth(name: str, above: tuple[str, ...]) -> int:
        assert name not in above, f"{' > '.join(above)} > {name}"
        fields = [field for field in SCHEMA.table(name).fields if field]
        below = {field.element for field in fields if field.kind in ("table", "tables")}
        if SCHEMA.table(name).union:
            below |= set(SCHEMA.union[1:])
        return 1 + max((depth(child, (*above, name)) for child in below), default=0)

    assert depth(layout.ROOT, ()) == 6


@pytest.mark.parametrize(
    ("file", "descriptor"),
    [("mindir_schema.json", mind_ir_pb2.DESCRIPTOR), ("checkpoint_schema.json", checkpoint_pb2.DESCRIPTOR)],
)
def test_messages_match_the_published_schema(file: str, descriptor: FileDescriptor) -> None:
    known = facts(file)
    proto = FileDescriptorProto()
    descriptor.CopyToProto(proto)
    messages = dict(walk(proto.message_type, ""))
    assert set(messages) == set(known["messages"])
    for name, rows in known["messages"].items():
        ours = {f.number: (f.name, label(f), kind(f, proto.package)) for f in messages[name].field}
        theirs = {r["n"]: (r["name"], r["label"], r["type"].removeprefix(f"{known['package']}.")) for r in rows}
        assert ours == theirs, name
    enums = {enum.name: enum for enum in proto.enum_type}
    enums |= {f"{name}.{enum.name}": enum for name, message in messages.items() for enum in message.enum_type}
    assert {name: {v.name: v.number for v in enum.value} for name, enum in enums.items()} == known["enums"]


def walk(messages: Iterable[DescriptorProto], prefix: str) -> Iterator[tuple[str, DescriptorProto]]:
    for message in messages:
        yield prefix + message.name, message
        yield from walk(message.nested_type, f"{prefix}{message.name}.")


def label(field: FieldDescriptorProto) -> str:
    return FieldDescriptorProto.Label.Name(field.label).removeprefix("LABEL_").lower()


def kind(field: FieldDescriptorProto, package: str) -> str:
    if field.type_name:
        return field.type_name.removeprefix(f".{package}.")
    return FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
