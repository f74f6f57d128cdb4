"""What compiled kernels compute, on every level this device runs, linked either way."""
from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lite.native import cpu, linker
from lite.native.artifact import Manifest, seal
from lite.native.own_linker import link_alone
from lite.native.pack import KernelPack
from tests.native.conftest import arguments, table

PARAMETERS = {
    "scale_f32": "x:pointer y:pointer n:int alpha:float",
    "narrow_i8": "x:pointer y:pointer n:int",
    "widths": "x:pointer y:pointer",
    "clear_u8": "y:pointer n:int",
    "polynomial_f32": "x:pointer y:pointer n:int",
    "mix_i64": "x:pointer y:pointer n:int total:int",
    "uneven_i64": "y:pointer n:int slow:int",
}
LINKERS = [link_alone, *([linker.link_with_system] if shutil.which("ld") or shutil.which("cc") else [])]


@pytest.mark.parametrize("link", LINKERS)
@pytest.mark.parametrize("target", [level.name for level in cpu.levels()])
def test_kernels_compute(objects: Path, target: str, link: Callable[[list[bytes]], bytes]) -> None:
    shared = link([(objects / f"{target}.o").read_bytes()])
    pack = KernelPack.of(seal(shared, Manifest(target, "", "", PARAMETERS, {})))
    x = np.linspace(-300, 300, 4 * 77).astype(np.float32).reshape(4, 77)
    scaled, polynomial, small = np.empty_like(x), np.empty_like(x), np.empty(x.shape, np.int8)
    dirty, wide = np.full(1000, 7, np.uint8), np.empty(3, np.int64)
    integers = x.astype(np.int32)
    blocks = [
        arguments(x, scaled, 77, 0.1),
        arguments(x, polynomial, 77),
        arguments(integers, small, 77),
        arguments(dirty, 100),
        arguments(np.frombuffer(b"\xfe\xff", np.uint8), wide),
    ]
    names = ["scale_f32", "polynomial_f32", "narrow_i8", "clear_u8", "widths"]
    units = [4, 4, 4, 9, 1]
    rows = table(pack, *zip(names, blocks, units, strict=True))

    pack.run(rows.ctypes.data, 0, len(rows), 0)

    assert np.array_equal(scaled, x * np.float32(0.1))
    assert np.allclose(polynomial, 1 + x.astype(float) / 3 + x.astype(float) ** 2 / 7, rtol=1e-5)
    assert np.array_equal(small, np.clip(integers, -128, 127))
    assert not dirty[:900].any()
    assert (dirty[900:] == 7).all()
    assert wide.tolist() == [0xFE, -2, 0xFFFE]


def test_rows_outside_the_range_do_not_run(pack: KernelPack) -> None:
    buffers = [np.full(8, 7, np.uint8) for _ in range(4)]
    rows = table(pack, *(("clear_u8", arguments(buffer, 8), 1) for buffer in buffers))
    pack.run(rows.ctypes.data, 1, 3, 0)
    assert [int(buffer.sum()) for buffer in buffers] == [56, 0, 0, 56]
