"""A linker that needs no tool: what freestanding objects of kernels need, for x86-64 and aarch64, and no more.

That is code, read-only data, relocations relative to the program counter, exported functions, and the few functions
that LLVM may call by itself (linker.IMPORTS) through stubs. Anything else (writable data, thread locals, other
relocations) raises KernelBuildError. What it writes:

    read-only    ELF header, program headers, .dynsym, .dynstr, .hash, .rela.dyn, read-only sections
    executable   code sections, one stub an imported function
    writable     .dynamic, one pointer an imported function

A segment starts on a page of its own in memory (64 KiB, so that every kernel's page size will do), not in the file.
"""
from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from lite.errors import KernelBuildError
from lite.native.elf import EHDR, PHDR, RELA, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS, SYM, ObjectFile, Symbol
from lite.native.machines import MACHINES, Machine

_PAGE = 0x10000
_SEGMENTS = 5
_PT_LOAD, _PT_DYNAMIC, _PT_GNU_STACK = 1, 2, 0x6474E551
_EXECUTE, _WRITE, _READ = 1, 2, 4  # rights of a segment
_ET_DYN = 3
_GLOBAL_FUNCTION = 0x12  # STB_GLOBAL, STT_FUNC
_DT_HASH, _DT_STRTAB, _DT_SYMTAB, _DT_RELA, _DT_RELASZ, _DT_RELAENT, _DT_STRSZ, _DT_SYMENT = range(4, 12)
_SYMBOL_BYTES, _RELOCATION_BYTES, _TAG_BYTES, _POINTER_BYTES, _STUB_BYTES = 24, 24, 16, 8, 16


def link_alone(objects: Sequence[bytes]) -> bytes:
    """The shared object of all objects.

    Raises KernelBuildError for what the module's text excludes.
    """
    sources = [ObjectFile.read(data) for data in objects]
    number = sources[0].machine
    if number not in MACHINES or any(source.machine != number for source in sources):
        raise KernelBuildError(f"ELF machine {number} cannot be linked; x86-64 and aarch64 can, one at a time")
    for section in (source.sections[i] for source in sources for i in source.loaded):
        if section.flags & SHF_WRITE or section.type == SHT_NOBITS:
            raise KernelBuildError(f"kernels must not have writable data, found section {section.name}")
    symbols, image = _Symbols.of(sources), _Image()
    layout = _lay_out(image, sources, symbols)
    for name in symbols.imports:
        image.put(layout.stubs[name], MACHINES[number].stub(layout.stubs[name], layout.pointers[name]))
    _relocate(image, sources, symbols, layout)
    _write_dynamic_section(image, symbols, layout, MACHINES[number])
    _write_headers(image, layout, number)
    return bytes(image.data)


@dataclass(frozen=True)
class _Symbols:
    """The symbols of all objects. defined: those that other objects may refer to, by name."""

    defined: dict[str, tuple[ObjectFile, Symbol]]
    exports: list[tuple[ObjectFile, Symbol]]
    imports: list[str]

    @classmethod
    def of(cls, sources: Sequence[ObjectFile]) -> _Symbols:
        pairs = [(source, symbol) for source in sources for symbol in source.symbols]
        defined = {symbol.name: (source, symbol) for source, symbol in pairs if symbol.is_global}
        wanted = {source.symbols[relocation.symbol] for source in sources for relocation in source.relocations}
        imports = sorted({symbol.name for symbol in wanted if symbol.is_undefined} - defined.keys())
        return cls(defined, [(source, symbol) for source, symbol in pairs if symbol.is_export], imports)

    @property
    def names(self) -> list[str]:
        """Names of the dynamic symbols, in their order; the first has number 1."""
        return [*self.imports, *(symbol.name for _, symbol in self.exports)]

    @property
    def text(self) -> bytes:
        """The string table of the dynamic symbols."""
        return b"\0" + b"".join(name.encode() + b"\0" for name in self.names)


class _Image:
    """The shared object while it is laid out. Segment k lies k pages further in memory than in the file."""

    def __init__(self) -> None:
        self.data = bytearray(struct.calcsize(EHDR) + _SEGMENTS * struct.calcsize(PHDR))
        self._starts = [0]  # addresses of the segments

    @property
    def end(self) -> int:
        """Address of the byte that comes next."""
        return len(self.data) + (len(self._starts) - 1) * _PAGE

    def reserve(self, size: int, align: int = 8) -> int:
        """The address of `size` zero bytes added at the end."""
        self.data.extend(bytes(-len(self.data) % align + size))
        return self.end - size

    def next_segment(self) -> int:
        """Ends the segment: what follows lies on later pages. Gives the address of its first byte."""
        self.reserve(0, 64)
        self._starts.append(self.end + _PAGE)
        return self.end

    def offset(self, address: int) -> int:
        """Where an address lies in the file."""
        return address - _PAGE * sum(address >= start for start in self._starts[1:])

    def put(self, address: int, data: bytes) -> None:
        """Writes bytes at an address."""
        offset = self.offset(address)
        self.data[offset : offset + len(data)] = data


@dataclass(frozen=True)
class _Layout:
    """Addresses in the image: of its tables, of the objects' sections, of stubs and pointers by imported name."""

    symtab: int
    strtab: int
    hashtab: int
    rela: int
    read_end: int
    code: int
    code_end: int
    writable: int
    dynamic: int
    dynamic_bytes: int
    sections: dict[tuple[ObjectFile, int], int]
    stubs: dict[str, int]
    pointers: dict[str, int]


def _lay_out(image: _Image, sources: Sequence[ObjectFile], symbols: _Symbols) -> _Layout:
    """Reserve a place for everything, and put the sections of the objects into theirs."""
    sections: dict[tuple[ObjectFile, int], int] = {}

    def place(executable: bool) -> None:
        for source in sources:
            for i in source.loaded:
                section = source.sections[i]
                if bool(section.flags & SHF_EXECINSTR) == executable:
                    sections[source, i] = image.reserve(section.size, max(section.align, 16))
                    image.put(sections[source, i], source.data[section.offset : section.offset + section.size])

    symtab = image.reserve(_SYMBOL_BYTES * (1 + len(symbols.names)))
    strtab = image.reserve(len(symbols.text))
    hashtab = image.reserve(len(_hash_table(symbols.names)))
    rela = image.reserve(_RELOCATION_BYTES * len(symbols.imports))
    place(executable=False)
    read_end = image.end
    code = image.next_segment()
    place(executable=True)
    stubs = {name: image.reserve(_STUB_BYTES, 16) for name in symbols.imports}
    code_end = image.end
    writable = image.next_segment()
    dynamic_bytes = _TAG_BYTES * (6 + 3 * bool(symbols.imports))
    dynamic = image.reserve(dynamic_bytes)
    pointers = {name: image.reserve(_POINTER_BYTES) for name in symbols.imports}
    return _Layout(
        symtab, strtab, hashtab, rela, read_end, code, code_end, writable, dynamic, dynamic_bytes,
        sections, stubs, pointers,
    )  # fmt: skip


def _relocate(image: _Image, sources: Sequence[ObjectFile], symbols: _Symbols, layout: _Layout) -> None:
    """Patch the places that hold addresses. An undefined symbol is another object's, or its stub."""
    for source in sources:
        for r in source.relocations:
            owner, symbol = source, source.symbols[r.symbol]
            if symbol.is_undefined and symbol.name in symbols.defined:
                owner, symbol = symbols.defined[symbol.name]
            patch = MACHINES[source.machine].relocations.get(r.type)
            if patch is None:
                raise KernelBuildError(f"relocation type {r.type} of ELF machine {source.machine} cannot be linked")
            if symbol.is_undefined:
                value = layout.stubs[symbol.name]
            elif (owner, symbol.section) in layout.sections:
                value = layout.sections[owner, symbol.section] + symbol.value
            else:
                raise KernelBuildError(f"a relocation refers to {symbol.name!r}, which has no place in the pack")
            place = layout.sections[source, r.section] + r.offset
            patch(image.data, image.offset(place), value + r.addend, place)


def _write_dynamic_section(image: _Image, symbols: _Symbols, layout: _Layout, machine: Machine) -> None:
    """Write what a loader needs: the dynamic symbols, how to find them, and the pointers that it has to set."""
    places = [*((0, 0, 0) for _ in symbols.imports)]
    for source, symbol in symbols.exports:
        places.append((1, layout.sections[source, symbol.section] + symbol.value, symbol.size))
    name_at = 1
    for index, (name, (section, address, size)) in enumerate(zip(symbols.names, places, strict=True), 1):
        row = struct.pack(SYM, name_at, _GLOBAL_FUNCTION, 0, section, address, size)
        image.put(layout.symtab + _SYMBOL_BYTES * index, row)
        name_at += len(name) + 1
    image.put(layout.strtab, symbols.text)
    image.put(layout.hashtab, _hash_table(symbols.names))
    for index, name in enumerate(symbols.imports):
        row = struct.pack(RELA, layout.pointers[name], (index + 1) << 32 | machine.glob_dat, 0)
        image.put(layout.rela + _RELOCATION_BYTES * index, row)
    tags = [
        (_DT_HASH, layout.hashtab),
        (_DT_STRTAB, layout.strtab),
        (_DT_SYMTAB, layout.symtab),
        (_DT_STRSZ, len(symbols.text)),
        (_DT_SYMENT, _SYMBOL_BYTES),
    ]
    if symbols.imports:
        size = _RELOCATION_BYTES * len(symbols.imports)
        tags += [(_DT_RELA, layout.rela), (_DT_RELASZ, size), (_DT_RELAENT, _RELOCATION_BYTES)]
    image.put(layout.dynamic, b"".join(struct.pack("<QQ", *tag) for tag in (*tags, (0, 0))))


def _write_headers(image: _Image, layout: _Layout, machine: int) -> None:
    segments = (  # type, rights, address, size, align
        (_PT_LOAD, _READ, 0, layout.read_end, _PAGE),
        (_PT_LOAD, _READ | _EXECUTE, layout.code, layout.code_end - layout.code, _PAGE),
        (_PT_LOAD, _READ | _WRITE, layout.writable, image.end - layout.writable, _PAGE),
        (_PT_DYNAMIC, _READ | _WRITE, layout.dynamic, layout.dynamic_bytes, 8),
        (_PT_GNU_STACK, _READ | _WRITE, 0, 0, 16),  # the stack is not executable
    )
    sizes = (struct.calcsize(EHDR), struct.calcsize(PHDR), _SEGMENTS, 64, 0, 0)
    header = struct.pack(EHDR, b"\x7fELF\x02\x01\x01", _ET_DYN, machine, 1, 0, sizes[0], 0, 0, *sizes)
    headers = b"".join(
        struct.pack(PHDR, kind, rights, image.offset(address), address, address, size, size, align)
        for kind, rights, address, size, align in segments
    )
    image.put(0, header + headers)


def _hash_table(names: Sequence[str]) -> bytes:
    """The System V hash table (.hash) of the dynamic symbols, which are numbered from 1."""
    buckets = [0] * max(1, len(names))
    chains = [0] * (1 + len(names))
    for index, name in enumerate(names, 1):
        value = 0
        for byte in name.encode():
            value = (value << 4) + byte
            high = value & 0xF0000000
            value = (value ^ high >> 24) & ~high
        bucket = value % len(buckets)
        chains[index], buckets[bucket] = buckets[bucket], index
    words = (len(buckets), len(chains), *buckets, *chains)
    return struct.pack(f"<{len(words)}I", *words)
