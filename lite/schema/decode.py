"""Reads FlatBuffers tables by their description, believing nothing: all is checked before it is used.

Checked: alignment of tables, vtables, vectors and offsets; that each of them, with its length, lies within the file;
that the fields of a table lie within it and do not overlap; that strings end with a zero byte and are UTF-8; that
enumerations and unions have a value the schema knows. Offsets only point forward and the types of the format are not
recursive, so depth needs no limit; a work budget in proportion to the size of the file stops tables that are shared so
often that reading them would never end.

Not checked, because real files break it: that 8-byte values lie on multiples of 8.
"""
from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from lite.errors import InvalidModelError
from lite.records import dataclass
from lite.schema.describe import WIDTHS, Field, Schema, Table
from lite.types import Array

_U32 = struct.Struct("<I")
_I32 = struct.Struct("<i")
_VTABLE = struct.Struct("<HH")

# Work is counted in bytes read, and some for each table and each vtable. Real files need one to three times their size.
_WORK_PER_BYTE = 4
_WORK_AT_LEAST = 1 << 16
_TABLE_WORK = 32
_VTABLE_WORK = 128
_MANY = 8  # tables, from which on numpy reads them faster
_FEW_KINDS = 8  # vtables of these: writers make some that differ in what aligns 8-byte values


class _Corrupt(Exception):
    """What is wrong, and the path to it, which grows while the exception rises through the readers."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path


@dataclass(frozen=True, slots=True)
class _Plan:
    """How to read the tables of one type that share one vtable.

    size: bytes of the table. unpack: reads every field that is present, in the order of `names`. links: fields that
    hold an offset, with their place in the table and the reader of what they point to. enums: the values allowed.
    """

    size: int
    names: tuple[str, ...]
    unpack: Callable[[Any, int], tuple[Any, ...]]
    links: tuple[tuple[str, int, Callable[[int], Any]], ...]
    enums: tuple[Field, ...]
    present: dict[str, int]


class Rows(Sequence[dict[str, Any]]):
    """Tables of numbers alone, by column: a row becomes a dict when it is asked for.

    A network in int8 has one for every channel; as dicts they would be larger than its weights.
    """

    def __init__(self, columns: Mapping[str, Sequence[Any] | Array], count: int) -> None:
        self._columns = columns
        self._count = count

    def column(self, name: str) -> Sequence[Any] | Array:
        """A field of all rows."""
        return self._columns[name]

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        row = range(self._count)[index]
        values = {name: column[row] for name, column in self._columns.items()}
        return {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}


class Decoder:
    """Reads tables of `schema` from `data`, each whole, with all that it holds.

    A table becomes a dict with every field of the schema: scalars and enumerations as numbers, strings as str, vectors
    of numbers as tuples, vectors of bytes as memoryviews into `data`, absent vectors, strings and tables as None,
    vectors of tables as sequences of dicts. A union's type field becomes the name of the table that its value holds.
    """

    def __init__(self, schema: Schema, data: memoryview) -> None:
        self._schema = schema
        self._data = data
        self._size = len(data)
        self._work = _WORK_PER_BYTE * len(data) + _WORK_AT_LEAST
        self._plans: dict[tuple[str, int], _Plan] = {}

    def root(self, name: str, only: Collection[str] | None = None) -> dict[str, Any]:
        """The table that the file begins with, or only some of its fields.

        Raises InvalidModelError, which says where in the file, what was expected and what was found.
        """
        try:
            self._within(0, 4, "the offset of the root table")
            position: int = _U32.unpack_from(self._data, 0)[0]
            return self._table(self._schema.table(name), position, only)
        except _Corrupt as error:
            place = error.path.lstrip(".") or name
            raise InvalidModelError(f"{place}: {error.message}: the file is truncated or damaged") from None
        finally:
            self._plans.clear()  # their readers hold this decoder: a cycle that would keep the file mapped

    def _table(self, table: Table, position: int, only: Collection[str] | None = None) -> dict[str, Any]:
        plan = self._plan_at(table, position)
        values = table.defaults.copy()
        values.update(zip(plan.names, plan.unpack(self._data, position), strict=True))
        for field in plan.enums:
            if values[field.name] not in field.allowed:
                raise _Corrupt(
                    f"expected one of {', '.join(field.allowed.values())}, found {values[field.name]}", f".{field.name}"
                )
        for name, offset, read in plan.links:
            if only is not None and name not in only:
                continue
            try:
                values[name] = read(position + offset + values[name])
            except _Corrupt as error:
                error.path = f".{name}{error.path}"
                raise
        if table.union is not None:
            self._union(*table.union, values, position, plan)
        return values

    def _plan_at(self, table: Table, position: int) -> _Plan:
        """How to read the table at a position, once it is known to lie within the file."""
        if position % 4 or not 4 <= position <= self._size - 4:
            raise _Corrupt(
                f"expected table {table.name} on a multiple of 4 within {self._size} bytes, found byte {position}"
            )
        vtable = position - _I32.unpack_from(self._data, position)[0]
        plan = self._plans.get((table.name, vtable))
        if plan is None:
            plan = self._plans[table.name, vtable] = self._plan(table, vtable)
        if position + plan.size > self._size:
            raise _Corrupt(
                f"expected table {table.name} to end within {self._size} bytes, found {plan.size} bytes at {position}"
            )
        self._spend(plan.size + _TABLE_WORK)
        return plan

    def _plan(self, table: Table, vtable: int) -> _Plan:
        """Checks a vtable, once for all tables of the type that share it."""
        self._spend(_VTABLE_WORK)
        if vtable % 2 or not 0 <= vtable <= self._size - 4:
            raise _Corrupt(
                f"expected the vtable of {table.name} on a multiple of 2 within {self._size} bytes, found byte {vtable}"
            )
        length, size = _VTABLE.unpack_from(self._data, vtable)
        if length < 4 or length % 2 or vtable + length > self._size:
            raise _Corrupt(f"expected the vtable of {table.name} to fit {self._size} bytes, found {length} at {vtable}")
        if size < 4:
            raise _Corrupt(f"expected table {table.name} to have 4 bytes or more, found {size}")
        places = struct.unpack_from(f"<{(length - 4) // 2}H", self._data, vtable + 4)
        found = [(place, field) for place, field in zip(places, table.fields, strict=False) if place and field]
        found.sort(key=_by_place)
        end, code = 4, "<4x"
        for place, field in found:
            width = WIDTHS[field.code]
            if place < end or place + width > size or place % min(width, 4):
                raise _Corrupt(
                    f"expected {width} bytes of its own, aligned and within the {size} of table {table.name}, "
                    f"found place {place}",
                    f".{field.name}",
                )
            code += f"{place - end}x{field.code}"
            end = place + width
        return _Plan(
            size,
            tuple(field.name for _, field in found),
            struct.Struct(code).unpack_from,
            tuple((f.name, place, self._reader(f)) for place, f in found if f.kind not in ("scalar", "union")),
            tuple(field for _, field in found if field.allowed),
            {field.name: place for place, field in found},
        )

    def _reader(self, field: Field) -> Callable[[int], Any]:
        """The function that reads what an offset field points to, given its position."""
        if field.kind == "string":
            return self._string
        if field.kind == "table":
            table = self._schema.table(field.element)
            return lambda position: self._table(table, position)
        if field.kind == "tables":
            tables = self._schema.table(field.element)
            return lambda position: self._tables(tables, position)
        if field.element == "B":
            return self._bytes
        return lambda position: self._numbers(field.element, position)

    def _union(self, kind: Field, value: Field, values: dict[str, Any], position: int, plan: _Plan) -> None:
        code = values[kind.name]
        if code >= len(self._schema.union):
            raise _Corrupt(f"expected a code of 0 to {len(self._schema.union) - 1}, found {code}", f".{kind.name}")
        place = plan.present.get(value.name)
        if (code == 0) != (place is None):
            raise _Corrupt(f"expected a value and its type, or neither, found type {code}", f".{kind.name}")
        values[kind.name] = self._schema.union[code]
        if place is None:
            return
        try:
            table = self._schema.table(self._schema.union[code])
            values[value.name] = self._table(table, position + place + values[value.name])
        except _Corrupt as error:
            error.path = f".{value.name}{error.path}"
            raise

    def _string(self, position: int) -> str:
        length = self._length(position, 1, "a string")
        start, end = position + 4, position + 4 + length
        if end >= self._size or self._data[end] != 0:
            raise _Corrupt(f"expected a zero byte after a string of {length} bytes at {position}, found none")
        try:
            return str(self._data[start:end], "utf-8")
        except UnicodeDecodeError as error:
            raise _Corrupt(f"expected UTF-8, found byte {self._data[start + error.start]:#04x}") from None

    def _bytes(self, position: int) -> memoryview:
        length = self._length(position, 1, "a list of bytes")
        return self._data[position + 4 : position + 4 + length]

    def _numbers(self, code: str, position: int) -> tuple[Any, ...]:
        length = self._length(position, WIDTHS[code], "a list of numbers")
        return struct.unpack_from(f"<{length}{code}", self._data, position + 4)

    def _tables(self, table: Table, position: int) -> Sequence[dict[str, Any]]:
        length = self._length(position, 4, f"a list of {table.name}")
        offsets = struct.unpack_from(f"<{length}I", self._data, position + 4)
        read: list[dict[str, Any]] = []
        place = 0
        try:
            if table.numbers and length >= _MANY:
                starts = position + 4 + np.arange(0, 4 * length, 4) + np.array(offsets)
                with suppress(_Corrupt):  # then the loop says which of them
                    if rows := self._rows(table, starts):
                        return rows
            for place, offset in enumerate(offsets):
                read.append(self._table(table, position + 4 + 4 * place + offset))
        except _Corrupt as error:
            error.path = f"[{place}]{error.path}"
            raise
        if not table.numbers:
            return read
        return Rows({name: [row[name] for row in read] for name in table.defaults}, length)

    def _rows(self, table: Table, starts: Array) -> Rows | None:
        """Many tables of numbers alone; None where they have many vtables. Raises _Corrupt, as `_table` does."""
        if (starts % 4 != 0).any() or starts.max() > self._size - 4:
            raise _Corrupt("expected tables within the file")
        words: Array = np.frombuffer(self._data[: self._size // 4 * 4], "<i4")
        vtables = starts - words[starts // 4]
        kinds = np.unique(vtables)
        if len(kinds) > _FEW_KINDS:
            return None
        self._spend(_TABLE_WORK * len(starts))  # before the columns are allocated
        columns = {name: np.full(len(starts), table.defaults[name], f"<{code}") for name, code in table.codes.items()}
        for kind in kinds:
            chosen = vtables == kind
            some = starts[chosen]
            plan = self._plan_at(table, int(some.max()))
            self._spend(plan.size * (len(some) - 1))
            for name in plan.names:
                columns[name][chosen] = self._column(table.codes[name], some + plan.present[name])
        return Rows(columns, len(starts))

    def _column(self, code: str, places: Array) -> Array:
        """Scalars of a struct code at these places, which lie within the file and on multiples of 4 or their width."""
        width = WIDTHS[code]
        size = min(width, 4)
        parts: Array = np.frombuffer(self._data[: self._size // size * size], f"<u{size}")
        found: Array = parts[places[:, None] // size + np.arange(width // size)]
        return found[:, 0] != 0 if code == "?" else found.view(f"<{code}").reshape(-1)

    def _length(self, position: int, width: int, what: str) -> int:
        """Number of elements of the vector at `position`, once it is known to lie within the file."""
        if position % 4:
            raise _Corrupt(f"expected {what} on a multiple of 4, found byte {position}")
        self._within(position, 4, what)
        length: int = _U32.unpack_from(self._data, position)[0]
        if position + 4 + length * width > self._size:
            self._within(position + 4, length * width, f"{what} of {length} elements")
        self._spend(4 + length * width)
        return length

    def _within(self, position: int, length: int, what: str) -> None:
        if position + length > self._size:
            raise _Corrupt(f"expected {what} within {self._size} bytes, found it at byte {position}")

    def _spend(self, work: int) -> None:
        self._work -= work
        if self._work < 0:
            raise _Corrupt(f"expected parts that fit {self._size} bytes, found the same ones used over and over")


def _by_place(found: tuple[int, Field]) -> int:
    return found[0]
