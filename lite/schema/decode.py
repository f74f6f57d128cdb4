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
from collections.abc import Callable, Collection, Sequence
from typing import Any

from lite.errors import InvalidModelError
from lite.records import dataclass
from lite.schema.describe import WIDTHS, Field, Schema, Table

_U32 = struct.Struct("<I")
_I32 = struct.Struct("<i")
_VTABLE = struct.Struct("<HH")

# Work is counted in bytes read, and some for each table and each vtable. Real files need one to three times their size.
_WORK_PER_BYTE = 4
_WORK_AT_LEAST = 1 << 16
_TABLE_WORK = 32
_VTABLE_WORK = 128


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
    """Tables of numbers alone: each is a dict when it is asked for, and until then what is present in the file.

    A network in int8 has one for every channel; as dicts they would be larger than its weights.
    """

    def __init__(self, table: Table) -> None:
        self._defaults = table.defaults
        self._names: list[tuple[str, ...]] = []
        self._values: list[tuple[Any, ...]] = []

    def add(self, names: tuple[str, ...], values: tuple[Any, ...]) -> None:
        """A table with these fields."""
        self._names.append(names)
        self._values.append(values)

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: Any) -> Any:
        row = self._defaults.copy()
        row.update(zip(self._names[index], self._values[index], strict=True))
        return row


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
        plain = Rows(table)
        read: list[dict[str, Any]] = []
        place = 0
        try:
            for place, offset in enumerate(offsets):
                start = position + 4 + 4 * place + offset
                if table.numbers:
                    plan = self._plan_at(table, start)
                    plain.add(plan.names, plan.unpack(self._data, start))
                else:
                    read.append(self._table(table, start))
        except _Corrupt as error:
            error.path = f"[{place}]{error.path}"
            raise
        return plain if table.numbers else read

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
