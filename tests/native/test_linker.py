"""Linking beyond what running the result on this device shows."""
from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from pathlib import Path

import llvmlite.binding as llvm
import pytest

from lite.errors import KernelBuildError
from lite.kernels.target import TARGETS, Target
from lite.native import cpu, linker
from lite.native.elf import ObjectFile
from lite.native.machines import MACHINES
from lite.native.own_linker import link_alone

KERNELS = {"scale_f32", "narrow_i8", "widths", "clear_u8", "polynomial_f32", "mix_i64", "uneven_i64"}
ENTRIES = {"run_rows", "run_rows_shared", "work", "stop_workers"}


@pytest.mark.parametrize("target", [row.name for row in TARGETS])
def test_every_target_compiles_to_a_freestanding_object(objects: Path, target: str) -> None:
    source = ObjectFile.read((objects / f"{target}.o").read_bytes())
    assert {symbol.name for symbol in source.symbols if symbol.is_export} == KERNELS | ENTRIES
    assert {symbol.name for symbol in source.symbols[1:] if symbol.is_undefined} <= linker.IMPORTS


@pytest.mark.parametrize("target", [row.name for row in TARGETS])
def test_own_linker_takes_every_target(objects: Path, target: str) -> None:
    """Segments lie inside the file, start on pages of their own and are never writable and executable."""
    data = link_alone([(objects / f"{target}.o").read_bytes()])
    segments = [struct.unpack_from("<IIQQQQQQ", data, 64 + 56 * i) for i in range(5)]
    loads = [segment for segment in segments if segment[0] == 1]
    assert [segment[1] for segment in loads] == [4, 5, 6]
    end = 0
    for _, _, offset, address, _, in_file, in_memory, page in loads:
        assert offset + in_file <= len(data)
        assert in_file == in_memory
        assert (address - offset) % page == 0
        assert address // page > end // page or end == 0
        end = address + in_memory


# relocation type, instruction or data, symbol + addend, place -> patched; by the ELF supplements of the machines
PATCHES = [
    pytest.param(62, 2, 0, 0x2000, 0x1000, 0x1000, id="x86-64 PC32"),
    pytest.param(62, 4, 0, 0x0FFC, 0x1000, 0xFFFFFFFC, id="x86-64 PLT32 backwards"),
    pytest.param(183, 283, 0x94000000, 0x2000, 0x1000, 0x94000400, id="aarch64 bl forwards"),
    pytest.param(183, 282, 0x14000000, 0x1000, 0x1008, 0x17FFFFFE, id="aarch64 b backwards"),
    pytest.param(183, 275, 0x90000000, 0x12345, 0x1FFC, 0x90000080 | 1 << 29, id="aarch64 adrp 17 pages on"),
    pytest.param(183, 275, 0x90000001, 0x0FFF, 0x2000, 0xD0FFFFE1, id="aarch64 adrp 2 pages back"),
    pytest.param(183, 277, 0x91000000, 0x12345, 0, 0x91000000 | 0x345 << 10, id="aarch64 add"),
    pytest.param(183, 285, 0xBD400000, 0x12344, 0, 0xBD400000 | 0xD1 << 10, id="aarch64 ldr s"),
    pytest.param(183, 299, 0x3DC00000, 0x12340, 0, 0x3DC00000 | 0x34 << 10, id="aarch64 ldr q"),
]


@pytest.mark.parametrize(("machine", "kind", "word", "value", "place", "expected"), PATCHES)
def test_patches(machine: int, kind: int, word: int, value: int, place: int, expected: int) -> None:
    data = bytearray(struct.pack("<I", word))
    MACHINES[machine].relocations[kind](data, 0, value, place)
    assert data == struct.pack("<I", expected)


def _with_relocation_type(data: bytes, kind: int) -> bytes:
    """The object with its first relocation of code changed to another type."""
    changed = bytearray(data)
    offset, count = struct.unpack_from("<Q", data, 40)[0], struct.unpack_from("<H", data, 60)[0]
    rows = [struct.unpack_from("<IIQQQQIIQQ", data, offset + 64 * i) for i in range(count)]
    relocations = next(row for row in rows if row[1] == 4)
    struct.pack_into("<I", changed, relocations[4] + 8, kind)
    return bytes(changed)


def test_refusals(objects: Path) -> None:
    data = (objects / "x86-64-v3.o").read_bytes()
    with pytest.raises(KernelBuildError, match="relocation type 1 of ELF machine 62"):
        link_alone([_with_relocation_type(data, 1)])
    with pytest.raises(KernelBuildError, match="machine 8 cannot be linked"):
        link_alone([data[:18] + struct.pack("<H", 8) + data[20:]])
    with pytest.raises(KernelBuildError, match="expected a 64-bit little-endian ELF object"):
        link_alone([b"MZ not an object"])


def test_system_linker_declines_what_it_cannot_link() -> None:
    assert linker.link_with_system([b"not an object"]) is None


def test_the_system_linker_is_passed_over_where_its_files_have_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(linker.tempfile, "TemporaryDirectory", full)
    assert linker.link_with_system([b"an object"]) is None


# Two objects of a pack: one calls what the other has for it, and only for it.
HOME = "define hidden i64 @twice(i64 %x) { %y = add i64 %x, %x ret i64 %y }"
CALLER = """
declare hidden i64 @twice(i64)
define i64 @twice_and_one(i64 %x) { %y = call i64 @twice(i64 %x) %z = add i64 %y, 1 ret i64 %z }
"""


def compiled(text: str, target: Target) -> bytes:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    chosen = llvm.Target.from_triple(target.triple)
    machine = chosen.create_target_machine(cpu=target.cpu, reloc="pic", codemodel="default")
    return bytes(machine.emit_object(llvm.parse_assembly(text)))


@pytest.mark.parametrize("link", [linker.link, link_alone])
@pytest.mark.parametrize("order", [(HOME, CALLER), (CALLER, HOME)], ids=["home first", "caller first"])
def test_objects_call_each_other(link: Callable[[list[bytes]], bytes], order: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "pack.so").write_bytes(link([compiled(text, cpu.levels()[-1]) for text in order]))
    library = ctypes.CDLL(str(tmp_path / "pack.so"))
    assert library.twice_and_one(20) == 41
    assert not hasattr(library, "twice")


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_home_is_called_on_every_target(target: Target) -> None:
    objects = [compiled(text, target) for text in (CALLER, HOME)]
    assert link_alone(objects)
    with pytest.raises(KernelBuildError, match="kernels call twice, which a pack must not import"):
        linker.link(objects[:1])
