"""What linking has to know of a machine: how its instructions hold addresses, by type of relocation, and its stubs."""
from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

_X86_64, _AARCH64 = 62, 183  # ELF machines

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


class Machine(NamedTuple):
    """What the ELF supplement of a machine says. A stub jumps to the address that a pointer holds."""

    glob_dat: int  # dynamic relocation that stores a symbol's address
    stub: Callable[[int, int], bytes]  # (its own address, the pointer's)
    relocations: dict[int, _Patch]  # by type


MACHINES = {
    _X86_64: Machine(6, _x86_stub, {2: _relative("<i"), 4: _relative("<i"), 24: _relative("<q")}),  # PC32 PLT32 PC64
    _AARCH64: Machine(
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
