"""From object files to a shared object: by the system's linker where it has one for the target, else by our own.

Our own linker does what freestanding objects of kernels need, for x86-64 and aarch64: code, read-only data,
relocations relative to the program counter, exported functions, and the few functions LLVM may call by itself (IMPORTS)
through stubs. Anything else (writable data, thread locals, other relocations) raises KernelBuildError. What it writes:

    read-only    ELF header, program headers, .dynsym, .dynstr, .hash, .rela.dyn, read-only sections
    executable   code sections, one stub an imported function
    writable     .dynamic, one pointer an imported function

A segment starts on a page of its own in memory (64 KiB, so that every kernel's page size will do), not in the file.
"""
from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lite.errors import KernelBuildError

# LLVM turns loops that copy or clear into calls of these; every process has them.
IMPORTS = frozenset({"memcpy", "memmove", "memset"})

_PAGE = 0x10000
_X86_64, _AARCH64 = 62, 183
_WRITE, _ALLOC, _EXECUTE = 1, 2, 4  # section flags
_SYMTAB, _RELA, _NOBITS, _REL = 2, 4, 8, 9  # section types
_EHDR, _PHDR, _SHDR = "<16sHHIQQQIHHHHHH", "<IIQQQQQQ", "<IIQQQQIIQQ"
_SYM, _ENTRY = "<IBBHQQ", "<QQq"  # a symbol, a relocation
_SEGMENTS = 5


def link(objects: Sequence[bytes]) -> bytes:
    """The shared object of all objects, by the system's linker if it accepts them, else by our own.

    Raises KernelBuildError where they need functions that none of them has, beyond IMPORTS.
    """
    symbols = [symbol for data in objects for symbol in _Object.read(data).symbols[1:]]
    given = {symbol.name for symbol in symbols if symbol.is_global}
    if missing := {symbol.name for symbol in symbols if symbol.section == 0} - given - IMPORTS:
        raise KernelBuildError(
            f"kernels call {', '.join(sorted(missing))}, which a pack must not import: "
            "write it as a polynomial or a micro-kernel"
        )
    return link_with_system(objects) or link_alone(objects)


def link_with_system(objects: Sequence[bytes]) -> bytes | None:
    """By `ld`, or `cc` where there is no ld; None where there is neither, or it fails (another machine's object)."""
    flags = ("-shared", "-z", "noexecstack", "--build-id=none")
    commands = {"ld": flags, "cc": ("-nostdlib", "-shared", "-Wl," + ",".join(flags[1:]))}
    tool = next((name for name in commands if shutil.which(name)), None)
    if tool is None:
        return None
    try:
        return _link_with(tool, commands[tool], objects)
    except OSError:  # no room for its files, for one
        return None


def _link_with(tool: str, flags: Sequence[str], objects: Sequence[bytes]) -> bytes | None:
    with tempfile.TemporaryDirectory(prefix="mindlite-") as folder:
        result = os.path.join(folder, "pack.so")
        sources = [os.path.join(folder, f"{index}.o") for index in range(len(objects))]
        for source, data in zip(sources, objects, strict=True):
            with open(source, "wb") as file:
                file.write(data)
        done = subprocess.run([tool, *flags, "-o", result, *sources], capture_output=True, check=False)
        if done.returncode != 0:
            return None
        with open(result, "rb") as file:
            return file.read()


class _Section(NamedTuple):
    name: str
    type: int
    flags: int
    offset: int
    size: int
    info: int
    align: int


class _Symbol(NamedTuple):
    name: str
    kind: int
    visibility: int
    section: int  # 0 where it is imported
    value: int
    size: int

    @property
    def is_global(self) -> bool:
        return self.kind >> 4 != 0 and 0 < self.section < 0xFF00

    @property
    def is_export(self) -> bool:
        return self.is_global and self.visibility & 3 != 2


class _Relocation(NamedTuple):
    section: int
    offset: int
    type: int
    symbol: int
    addend: int


@dataclass(frozen=True, eq=False)
class _Object:
    """A relocatable ELF file, as far as linking needs it. A reference to a section or symbol is its index."""

    data: bytes
    machine: int
    sections: tuple[_Section, ...]
    symbols: tuple[_Symbol, ...]
    relocations: tuple[_Relocation, ...]

    @property
    def loaded(self) -> Iterator[int]:
        """Sections that become part of the image."""
        return (index for index, section in enumerate(self.sections) if _is_loaded(section))

    @classmethod
    def read(cls, data: bytes) -> _Object:
        """Parses an object file LLVM wrote."""
        if data[:6] != b"\x7fELF\x02\x01":
            raise KernelBuildError(f"expected a 64-bit little-endian ELF object, got {data[:6]!r}")
        header = struct.unpack_from(_EHDR, data)
        rows = [struct.unpack_from(_SHDR, data, header[6] + i * header[11]) for i in range(header[12])]
        names = rows[header[13]][4]
        sections = tuple(
            _Section(_text(data, names + row[0]), row[1], row[2], row[4], row[5], row[7], row[8]) for row in rows
        )
        table = next(row for row in rows if row[1] == _SYMTAB)
        strings = rows[table[6]][4]
        symbols = tuple(
            _Symbol(_text(data, strings + name), *rest)
            for name, *rest in struct.iter_unpack(_SYM, data[table[4] : table[4] + table[5]])
        )
        relocations = []
        for section in sections:
            if section.type not in (_REL, _RELA) or not _is_loaded(sections[section.info]):
                continue
            if section.type == _REL:
                raise KernelBuildError(f"relocations without addends ({section.name}) cannot be linked")
            content = data[section.offset : section.offset + section.size]
            for offset, info, addend in struct.iter_unpack(_ENTRY, content):
                relocations.append(_Relocation(section.info, offset, info & 0xFFFFFFFF, info >> 32, addend))
        return cls(data, header[2], sections, symbols, tuple(relocations))


def _text(data: bytes, offset: int) -> str:
    return data[offset : data.index(b"\0", offset)].decode()


def _is_loaded(section: _Section) -> bool:
    return bool(section.flags & _ALLOC) and section.size > 0 and section.name != ".eh_frame"  # nothing unwinds


class _Image:
    """The shared object while it is laid out. Segment k lies k pages further in memory than in the file."""

    def __init__(self) -> None:
        self.data = bytearray(struct.calcsize(_EHDR) + _SEGMENTS * struct.calcsize(_PHDR))
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


def link_alone(objects: Sequence[bytes]) -> bytes:
    """The shared object of all objects, without any tool.

    Raises KernelBuildError for what the module's text excludes.
    """
    sources = [_Object.read(data) for data in objects]
    number = sources[0].machine
    if number not in _MACHINES or any(source.machine != number for source in sources):
        raise KernelBuildError(f"ELF machine {number} cannot be linked; x86-64 and aarch64 can, one at a time")
    machine = _MACHINES[number]
    for found in (source.sections[i] for source in sources for i in source.loaded):
        if found.flags & _WRITE or found.type == _NOBITS:
            raise KernelBuildError(f"kernels must not have writable data, found section {found.name}")
    exports = [(source, symbol) for source in sources for symbol in source.symbols if symbol.is_export]
    given = {symbol.name: (source, symbol) for source in sources for symbol in source.symbols if symbol.is_global}
    wanted = {source.symbols[r.symbol] for source in sources for r in source.relocations}
    imports = sorted({symbol.name for symbol in wanted if symbol.section == 0} - given.keys())
    names = [*imports, *(symbol.name for _, symbol in exports)]
    text = b"\0" + b"".join(name.encode() + b"\0" for name in names)

    image = _Image()
    symtab = image.reserve(24 * (1 + len(names)))
    strtab = image.reserve(len(text))
    hashes = _hash_table(names)
    hashtab = image.reserve(len(hashes))
    rela = image.reserve(24 * len(imports))
    addresses: dict[tuple[_Object, int], int] = {}

    def place(executable: bool) -> None:
        for source in sources:
            for i in source.loaded:
                section = source.sections[i]
                if bool(section.flags & _EXECUTE) == executable:
                    addresses[source, i] = image.reserve(section.size, max(section.align, 16))
                    content = source.data[section.offset : section.offset + section.size]
                    image.put(addresses[source, i], content)

    place(executable=False)
    read_end = image.end
    code = image.next_segment()
    place(executable=True)
    stubs = {name: image.reserve(16, 16) for name in imports}
    code_end = image.end
    writable = image.next_segment()
    entries = 6 + 3 * bool(imports)
    table = image.reserve(16 * entries)
    pointers = {name: image.reserve(8) for name in imports}

    for name in imports:
        image.put(stubs[name], machine.stub(stubs[name], pointers[name]))
    for source in sources:
        for r in source.relocations:
            symbol = source.symbols[r.symbol]
            owner = source
            if symbol.section == 0 and symbol.name in given:
                owner, symbol = given[symbol.name]
            if r.type not in machine.relocations:
                raise KernelBuildError(f"relocation type {r.type} of ELF machine {number} cannot be linked")
            if symbol.section and (owner, symbol.section) not in addresses:
                raise KernelBuildError(f"a relocation refers to {symbol.name!r}, which has no place in the pack")
            value = addresses[owner, symbol.section] + symbol.value if symbol.section else stubs[symbol.name]
            at = addresses[source, r.section] + r.offset
            machine.relocations[r.type](image.data, image.offset(at), value + r.addend, at)

    places = [*((0, 0, 0) for _ in imports)]
    places += [(1, addresses[source, symbol.section] + symbol.value, symbol.size) for source, symbol in exports]
    name_at = 1
    for index, (name, (section, address, size)) in enumerate(zip(names, places, strict=True), 1):
        image.put(symtab + 24 * index, struct.pack(_SYM, name_at, 0x12, 0, section, address, size))
        name_at += len(name) + 1
    image.put(strtab, text)
    image.put(hashtab, hashes)
    for index, name in enumerate(imports):
        image.put(rela + 24 * index, struct.pack(_ENTRY, pointers[name], (index + 1) << 32 | machine.glob_dat, 0))
    tags = [(4, hashtab), (5, strtab), (6, symtab), (10, len(text)), (11, 24)]
    if imports:
        tags += [(7, rela), (8, 24 * len(imports)), (9, 24)]
    image.put(table, b"".join(struct.pack("<QQ", *tag) for tag in (*tags, (0, 0))))

    segments = (  # type, flags, address, size, align
        (1, 4, 0, read_end, _PAGE),
        (1, 5, code, code_end - code, _PAGE),
        (1, 6, writable, image.end - writable, _PAGE),
        (2, 6, table, 16 * entries, 8),
        (0x6474E551, 6, 0, 0, 16),  # the stack is not executable
    )
    header = struct.pack(_EHDR, b"\x7fELF\x02\x01\x01", 3, number, 1, 0, 64, 0, 0, 64, 56, _SEGMENTS, 64, 0, 0)
    headers = b"".join(
        struct.pack(_PHDR, kind, flags, image.offset(address), address, address, size, size, align)
        for kind, flags, address, size, align in segments
    )
    image.put(0, header + headers)
    return bytes(image.data)


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


# (bytes, offset of the place, symbol value + addend, address of the place): patches the place.
_Patch = Callable[[bytearray, int, int, int], None]


def _relative(code: str) -> _Patch:
    def patch(data: bytearray, offset: int, value: int, place: int) -> None:
        struct.pack_into(code, data, offset, value - place)

    return patch


def _set_bits(data: bytearray, offset: int, mask: int, bits: int) -> None:
    (word,) = struct.unpack_from("<I", data, offset)
    struct.pack_into("<I", data, offset, word & ~mask | bits & mask)


def _branch26(data: bytearray, offset: int, value: int, place: int) -> None:
    _set_bits(data, offset, 0x3FFFFFF, value - place >> 2)


def _page21(data: bytearray, offset: int, value: int, place: int) -> None:
    _set_bits(data, offset, 0x60FFFFE0, _page_bits(value, place))


def _page_bits(value: int, place: int) -> int:
    """The immediate of ADRP: pages from the instruction to the value, split as the instruction wants it."""
    pages = (value >> 12) - (place >> 12)
    return (pages & 3) << 29 | (pages >> 2 & 0x7FFFF) << 5


def _low12(scale: int) -> _Patch:
    def patch(data: bytearray, offset: int, value: int, place: int) -> None:
        _set_bits(data, offset, 0xFFF << 10, (value & 0xFFF) >> scale << 10)

    return patch


def _x86_stub(address: int, pointer: int) -> bytes:
    """jmp [rip + pointer]"""
    return b"\xff\x25" + struct.pack("<i", pointer - address - 6)


def _aarch64_stub(address: int, pointer: int) -> bytes:
    """adrp x16, pointer; ldr x17, [x16, pointer]; br x17"""
    load = 0xF9400211 | ((pointer & 0xFFF) >> 3) << 10
    return struct.pack("<III", 0x90000010 | _page_bits(pointer, address), load, 0xD61F0220)


class _Machine(NamedTuple):
    glob_dat: int  # dynamic relocation that stores a symbol's address
    stub: Callable[[int, int], bytes]
    relocations: dict[int, _Patch]


_MACHINES = {
    _X86_64: _Machine(6, _x86_stub, {2: _relative("<i"), 4: _relative("<i"), 24: _relative("<q")}),  # PC32 PLT32 PC64
    _AARCH64: _Machine(
        1025,
        _aarch64_stub,
        {
            260: _relative("<q"),  # PREL64
            261: _relative("<i"),  # PREL32
            275: _page21,  # ADR_PREL_PG_HI21
            277: _low12(0),  # ADD_ABS_LO12_NC
            278: _low12(0),  # LDST8, 16, 32, 64, 128_ABS_LO12_NC
            284: _low12(1),
            285: _low12(2),
            286: _low12(3),
            299: _low12(4),
            282: _branch26,  # JUMP26
            283: _branch26,  # CALL26
        },
    ),
}
