"""What a FlatBuffers table looks like, in the form that decode.py and encode.py work with.

A schema is text (layout.py holds the `.ms` format's), parsed a line at a time when its table is first used, so that
importing it costs nothing. A line of tables is a name and the fields in vtable order, `name:type` or
`name:type=default`; `-` is a slot no longer used. Types are scalars, `string`, the name of an enumeration or a table,
`union_type` and `union`, and vectors of these in brackets. A line of enumerations is a name, the scalar type that
stores it, and `name=value`s.
"""
from __future__ import annotations

import struct
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from lite.records import dataclass

# struct codes of the scalar types; everything here is little-endian, as the format is.
SCALARS = {
    "bool": "?", "byte": "b", "ubyte": "B", "short": "h", "ushort": "H", "int": "i", "uint": "I",
    "long": "q", "ulong": "Q", "float": "f", "double": "d", "union_type": "B",
}  # fmt: skip
WIDTHS = {code: struct.calcsize(f"<{code}") for code in SCALARS.values()}  # in bytes


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a table.

    kind: "scalar", "string", "table", "union", "scalars" (a vector of scalars) or "tables" (a vector of tables).
    code: the struct code of what the table itself holds: the scalar, or "I", an offset to everything else.
    element: struct code of the elements of "scalars"; name of the table of "table" and "tables"; else empty.
    allowed: the values of an enumeration, by number; else empty.
    """

    slot: int
    name: str
    kind: str
    code: str
    element: str
    default: Any
    allowed: Mapping[int, str]


class Table:
    """One table.

    fields: by slot (None: no longer used). defaults: field values of an empty table; None for what is not a scalar.
    codes: what the table itself holds of each field, as a struct code. numbers: whether it has numbers alone, all
    allowed. union: its type field and its value field, or None.
    """

    def __init__(self, name: str, fields: tuple[Field | None, ...]) -> None:
        self.name = name
        self.fields = fields
        self.defaults = {field.name: field.default for field in fields if field}
        self.codes = {field.name: field.code for field in fields if field}
        self.numbers = all(field is None or (field.kind == "scalar" and not field.allowed) for field in fields)
        self.union: tuple[Field, Field] | None = None
        for kind, value in pairwise(fields):
            if kind and value and value.kind == "union":
                self.union = kind, value


class Schema:
    """The tables of a format by name, and `union`: the names of the operator tables by their code."""

    def __init__(self, tables: str, enums: str = "", union: str = "") -> None:
        self.union = tuple(union.split())
        self._tables = _lines(tables)
        self._enums = _lines(enums)
        self._described: dict[str, Table] = {}

    def names(self) -> tuple[str, ...]:
        """Names of all tables."""
        return tuple(self._tables)

    def table(self, name: str) -> Table:
        """The description of a table. Raises KeyError where the schema has none of that name."""
        found = self._described.get(name)
        if found is None:
            fields = tuple(self._field(slot, text) for slot, text in enumerate(self._tables[name].split()))
            found = self._described[name] = Table(name, fields)
        return found

    def enum(self, name: str) -> dict[int, str]:
        """Names of an enumeration's values. Raises KeyError where the schema has none of that name."""
        pairs = (text.split("=") for text in self._enums[name].split()[1:])
        return {int(value): label for label, value in pairs}

    def _field(self, slot: int, text: str) -> Field | None:
        if text == "-":
            return None
        name, _, rest = text.partition(":")
        kind, _, default = rest.partition("=")
        if kind in SCALARS:
            return Field(slot, name, "scalar", SCALARS[kind], "", _default(kind, default), {})
        if kind in self._enums:
            code = SCALARS[self._enums[kind].split(maxsplit=1)[0]]
            return Field(slot, name, "scalar", code, "", int(default or 0), self.enum(kind))
        if kind in ("string", "union"):
            return Field(slot, name, kind, "I", "", None, {})
        if not kind.startswith("["):
            return Field(slot, name, "table", "I", kind, None, {})
        element = kind[1:-1]
        if element in SCALARS:
            return Field(slot, name, "scalars", "I", SCALARS[element], None, {})
        return Field(slot, name, "tables", "I", element, None, {})


def _lines(text: str) -> dict[str, str]:
    """Lines by their first word."""
    return {name: rest for name, _, rest in (line.partition(" ") for line in text.splitlines())}


def _default(kind: str, text: str) -> Any:
    """A default as a stored value would read: a number, rounded to fp32 where it is one."""
    if kind == "bool":
        return text == "1"
    if kind == "float":
        return struct.unpack("<f", struct.pack("<f", float(text or 0)))[0]
    return float(text or 0) if kind == "double" else int(text or 0)
