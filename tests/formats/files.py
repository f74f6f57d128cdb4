"""Files that the format tests read: four real ones, and small ones written field by field, to break any rule in."""
from __future__ import annotations

import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lite.model.reader import SCHEMA
from lite.schema import layout
from lite.schema.encode import Encoder

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
REAL = ("lenet_tod_infer", "lenet_train", "ml_face_isface", "parallel")
NODES, TENSORS = 6, 7  # slots of MetaGraph

Tree = dict[str, Any]


def real_file(name: str) -> Path:
    """Path of a real file; skips the test where the shared data is absent."""
    path = SHARED / "data" / "ms" / f"{name}.ms"
    if not path.exists():
        pytest.skip(f"published .ms files are looked for in {path.parent}")
    return path


def flatc(*arguments: str | Path) -> str:
    """What flatc prints; skips the test where it is not installed."""
    try:
        done = subprocess.run(["flatc", *map(str, arguments)], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("flatc is not installed (Debian: flatbuffers-compiler)")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def to_json(path: Path, folder: Path) -> str:
    """The file as flatc reads it against our schema, strictly."""
    options = ("--no-warnings", "--json", "--raw-binary", "--strict-json")
    flatc(*options, "-o", folder, ROOT / "fbs" / "model.fbs", "--", path)
    return (folder / path.with_suffix(".json").name).read_text(encoding="utf-8")


def small_tree() -> Tree:
    """y = Softmax(x + b), with x and y float32 [2,3] and a constant b of 3; every part of it may be replaced."""
    return {
        "version": "MindSpore Lite 2.7.0",
        "inputIndex": [0],
        "outputIndex": [3],
        "allTensors": [
            {"name": "x", "nodeType": 2, "dataType": 43, "dims": [2, 3]},
            {"name": "b", "nodeType": 0, "dataType": 43, "dims": [3], "data": struct.pack("<3f", 1, 2, 3)},
            {"name": "h", "nodeType": 2, "dataType": 43, "dims": [2, 3]},
            {"name": "y", "nodeType": 2, "dataType": 43, "dims": [2, 3]},
            {"name": "unused", "nodeType": 2, "dataType": 43, "dims": [2, 3]},
        ],
        "nodes": [
            {"name": "add", "primitive": operator("AddFusion"), "inputIndex": [0, 1], "outputIndex": [2]},
            {"name": "softmax", "primitive": operator("Softmax", axis=[1]), "inputIndex": [2], "outputIndex": [3]},
        ],
        "subGraph": [{"name": "main", "inputIndices": [0], "outputIndices": [3], "nodeIndices": [0, 1]}],
    }


def operator(op: str, **fields: Any) -> Tree:
    """A Primitive."""
    return {"value_type": op, "value": fields}


def write(tree: Tree) -> bytes:
    """The tree as a file."""
    encoder = Encoder(SCHEMA, 4096)
    return b"".join(encoder.finish(encoder.table(layout.ROOT, tree), layout.IDENTIFIER))


class Bytes:
    """A file whose structure can be walked and overwritten. Positions are byte offsets."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)

    def u16(self, position: int) -> int:
        return int.from_bytes(self.data[position : position + 2], "little")

    def u32(self, position: int) -> int:
        return int.from_bytes(self.data[position : position + 4], "little")

    def put(self, position: int, value: int, width: int = 4) -> None:
        self.data[position : position + width] = (value % (1 << 8 * width)).to_bytes(width, "little")

    def vtable(self, table: int) -> int:
        """Position of a table's vtable."""
        return table - int.from_bytes(self.data[table : table + 4], "little", signed=True)

    def slot(self, table: int, slot: int) -> int:
        """Position of the vtable's entry for a field."""
        return self.vtable(table) + 4 + 2 * slot

    def field(self, table: int, slot: int) -> int:
        """Position of a field in its table."""
        return table + self.u16(self.slot(table, slot))

    def follow(self, position: int) -> int:
        """Where the offset at a position points."""
        return position + self.u32(position)

    @property
    def root(self) -> int:
        """Position of the MetaGraph."""
        return self.follow(0)

    def item(self, slot: int, index: int) -> int:
        """Position of a table in one of the MetaGraph's lists: NODES or TENSORS."""
        return self.follow(self.follow(self.field(self.root, slot)) + 4 + 4 * index)
