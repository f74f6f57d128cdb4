"""Writes FlatBuffers tables by their description: the inverse of decode.py. Used by the converter, not on a device.

Tables come first in the file, long vectors of bytes behind them: such a vector is one part of the file, the very array
that was given, so that writing a model takes no memory for the constants in it. What is equal is written once: strings,
vectors, and tables with all that they hold.
"""
from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt

from lite.schema.describe import Field, Schema

_BYTES_ALIGNMENT = 64  # of long vectors of bytes: that of lines of caches and of vectors in registers
_LONG = 1 << 16  # bytes, from which on a vector is that: kernels get copies of shorter ones
_LENGTH_BYTES = 4  # before a vector's elements

Part = bytes | memoryview

_SLOT_WRITERS = {
    "?": "PrependBoolSlot", "b": "PrependInt8Slot", "B": "PrependUint8Slot", "h": "PrependInt16Slot",
    "H": "PrependUint16Slot", "i": "PrependInt32Slot", "I": "PrependUint32Slot", "q": "PrependInt64Slot",
    "Q": "PrependUint64Slot", "f": "PrependFloat32Slot", "d": "PrependFloat64Slot",
}  # fmt: skip


class Encoder:
    """Writes tables of `schema` into one file, children before parents.

    size: about how large it will be without vectors of bytes; a buffer that turns out too small is doubled, and copied.

    Values are what Decoder reads: a dict for a table, in which absent and None fields are left out, and so are scalars
    that equal their default. The value of a union is a dict too, its type field the name of the table. A table may be
    given as the number that `table` returned instead.
    """

    def __init__(self, schema: Schema, size: int) -> None:
        self._schema = schema
        self._builder = flatbuffers.Builder(size)
        self._builder.minalign = _BYTES_ALIGNMENT  # of the tables' end
        self._written: dict[tuple[object, ...], int] = {}  # what there is, by kind and content
        self._behind: list[Part] = []
        self._bytes_behind = 0

    def table(self, name: str, values: Mapping[str, Any]) -> int:
        """Write a table and what it holds; a number that stands for it.

        Raises ValueError, naming the field, for a value that the field cannot hold.
        """
        table = self._schema.table(name)
        present = [field for field in table.fields if field and values.get(field.name) is not None]
        unknown = values.keys() - {field.name for field in table.fields if field}
        if unknown:
            raise ValueError(f"{name}.{min(unknown)}: no such field")
        rows = [(field, self._checked(name, field, values)) for field in present]

        def write() -> int:
            self._builder.StartObject(len(table.fields))
            for field, value in sorted(rows, key=lambda row: struct.calcsize(f"<{row[0].code}"), reverse=True):
                if field.kind == "scalar":
                    getattr(self._builder, _SLOT_WRITERS[field.code])(field.slot, value, field.default)
                else:
                    self._builder.PrependUOffsetTRelativeSlot(field.slot, value, 0)
            return int(self._builder.EndObject())

        return self._once(write, name, *((field.slot, _content(field, value)) for field, value in rows))

    def finish(self, root: int, identifier: bytes) -> list[Part]:
        """The file, in parts, whose root is the table that `table` returned as `root`."""
        self._builder.Finish(root, file_identifier=identifier)
        return [memoryview(self._builder.Bytes)[self._builder.Head() :], *self._behind]

    def _checked(self, table: str, field: Field, values: Mapping[str, Any]) -> Any:
        try:
            return self._value(field, values)
        except (TypeError, struct.error) as error:
            raise ValueError(f"{table}.{field.name}: {error}") from error

    def _value(self, field: Field, values: Mapping[str, Any]) -> Any:
        """What the table itself holds for a field: a scalar, or the number of something written before it."""
        value = values[field.name]
        if field.kind == "scalar":
            return self._scalar(field, value)
        if field.kind == "string":
            return self._once(lambda: self._builder.CreateString(value), "string", value)
        if field.kind == "union":
            return self.table(values[f"{field.name}_type"], value)
        if field.kind == "table":
            return self._child(field.element, value)
        if field.kind == "tables":
            return self._tables([self._child(field.element, child) for child in value])
        if field.element == "B":
            return self._bytes(np.frombuffer(value, np.uint8))
        return self._numbers(field, value)

    def _scalar(self, field: Field, value: Any) -> Any:
        if isinstance(value, str):
            return self._schema.union.index(value)
        if field.allowed and value not in field.allowed:
            raise ValueError(f"{field.name}: expected one of {', '.join(field.allowed.values())}, found {value}")
        return struct.unpack(f"<{field.code}", struct.pack(f"<{field.code}", value))[0]  # checked, and rounded to fp32

    def _child(self, table: str, value: Mapping[str, Any] | int) -> int:
        if isinstance(value, int):
            return value
        if self._schema.table(table).numbers:  # there is one for every channel, and most are equal
            return self._once(lambda: self.table(table, value), table, repr(value))
        return self.table(table, value)

    def _tables(self, children: Sequence[int]) -> int:
        def write() -> int:
            self._builder.StartVector(4, len(children), 4)
            for child in reversed(children):
                self._builder.PrependUOffsetTRelative(child)
            return int(self._builder.EndVector())

        return self._once(write, "tables", *children)

    def _bytes(self, value: npt.NDArray[np.uint8]) -> int:
        """Numbers count back from the end of the tables: what lies behind it has a negative one."""
        if len(value) < _LONG:
            return self._vector("B", value.tobytes(), 4 if len(value) % 8 else 8)  # elements may have 8 bytes
        padding = bytes(-(self._bytes_behind + _LENGTH_BYTES) % _BYTES_ALIGNMENT)
        place = self._bytes_behind + len(padding)
        self._behind += [padding + struct.pack("<I", len(value)), value.data]
        self._bytes_behind = place + _LENGTH_BYTES + len(value)
        return -place

    def _numbers(self, field: Field, value: Sequence[int | float]) -> int:
        packed = struct.pack(f"<{len(value)}{field.element}", *value)
        return self._vector(field.element, packed, struct.calcsize(f"<{field.element}"))

    def _vector(self, element: str, packed: bytes, alignment: int) -> int:
        """A vector whose elements are these bytes."""
        width = struct.calcsize(f"<{element}")

        def write() -> int:
            self._builder.StartVector(width, len(packed) // width, alignment)
            self._builder.head -= len(packed)
            self._builder.Bytes[self._builder.head : self._builder.head + len(packed)] = packed
            return int(self._builder.EndVector())

        return self._once(write, element, packed)

    def _once(self, write: Callable[[], int], *content: object) -> int:
        """The number of what has this content: written before, or now."""
        found = self._written.get(content)
        if found is None:
            found = self._written[content] = write()
        return found


def _content(field: Field, value: Any) -> object:
    """What tells a field's value from all others: -0.0 equals 0.0."""
    return struct.pack(f"<{field.code}", value) if field.kind == "scalar" else value
