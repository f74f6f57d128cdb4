"""Relocatable ELF files, 64-bit and little-endian, as far as linking needs them; and the words of the ELF standard."""
from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from lite.errors import KernelBuildError

# Layouts of the file header, a program header, a section header, a symbol and a relocation.
EHDR, PHDR, SHDR, SYM, RELA = "<16sHHIQQQIHHHHHH", "<IIQQQQQQ", "<IIQQQQIIQQ", "<IBBHQQ", "<QQq"

SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR = 1, 2, 4
SHT_NOBITS = 8
_SHT_SYMTAB, _SHT_RELA, _SHT_REL = 2, 4, 9
_STB_LOCAL, _STV_HIDDEN = 0, 2
_SHN_UNDEF, _SHN_LORESERVE = 0, 0xFF00


class Section(NamedTuple):
    name: str
    type: int
    flags: int
    offset: int
    size: int
    info: int
    align: int


class Symbol(NamedTuple):
    name: str
    kind: int
    visibility: int
    section: int
    value: int
    size: int

    @property
    def is_undefined(self) -> bool:
        """Whether another object, or whoever loads the shared object, has to define it."""
        return self.section == _SHN_UNDEF

    @property
    def is_global(self) -> bool:
        """Whether it is defined here and other objects may refer to it."""
        return self.kind >> 4 != _STB_LOCAL and _SHN_UNDEF < self.section < _SHN_LORESERVE

    @property
    def is_export(self) -> bool:
        """Whether the shared object has it too."""
        return self.is_global and self.visibility & 3 != _STV_HIDDEN


class Relocation(NamedTuple):
    section: int
    offset: int
    type: int
    symbol: int
    addend: int


@dataclass(frozen=True, eq=False)
class ObjectFile:
    """A relocatable file. A reference to a section or symbol is its index."""

    data: bytes
    machine: int
    sections: tuple[Section, ...]
    symbols: tuple[Symbol, ...]
    relocations: tuple[Relocation, ...]

    @property
    def loaded(self) -> Iterator[int]:
        """Sections that become part of the image."""
        return (index for index, section in enumerate(self.sections) if _is_loaded(section))

    @classmethod
    def read(cls, data: bytes) -> ObjectFile:
        """The parts of an object file that LLVM wrote. Raises KernelBuildError for another kind of file."""
        if data[:6] != b"\x7fELF\x02\x01":
            raise KernelBuildError(f"expected a 64-bit little-endian ELF object, got {data[:6]!r}")
        header = struct.unpack_from(EHDR, data)
        rows = [struct.unpack_from(SHDR, data, header[6] + i * header[11]) for i in range(header[12])]
        names = rows[header[13]][4]
        sections = tuple(
            Section(_text(data, names + row[0]), row[1], row[2], row[4], row[5], row[7], row[8]) for row in rows
        )
        table = next(row for row in rows if row[1] == _SHT_SYMTAB)
        strings = rows[table[6]][4]
        symbols = tuple(
            Symbol(_text(data, strings + name), *rest)
            for name, *rest in struct.iter_unpack(SYM, data[table[4] : table[4] + table[5]])
        )
        relocations = []
        for section in sections:
            if section.type not in (_SHT_REL, _SHT_RELA) or not _is_loaded(sections[section.info]):
                continue
            if section.type == _SHT_REL:
                raise KernelBuildError(f"relocations without addends ({section.name}) cannot be linked")
            content = data[section.offset : section.offset + section.size]
            for offset, info, addend in struct.iter_unpack(RELA, content):
                relocations.append(Relocation(section.info, offset, info & 0xFFFFFFFF, info >> 32, addend))
        return cls(data, header[2], sections, symbols, tuple(relocations))


def _text(data: bytes, offset: int) -> str:
    return data[offset : data.index(b"\0", offset)].decode()


def _is_loaded(section: Section) -> bool:
    return bool(section.flags & SHF_ALLOC) and section.size > 0 and section.name != ".eh_frame"  # nothing unwinds
