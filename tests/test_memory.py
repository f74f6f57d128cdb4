"""Blocks, slabs, and giving back mapped pages; what a whole session takes, with generous margins."""
from __future__ import annotations

import mmap
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from converter.emit.graph import emit
from converter.ir.text import parse
from lite.errors import MemoryPlanError
from lite.memory import ALIGNMENT, Slabs, address_of, allocate, release
from lite.native.pack import load_pack
from lite.types import Array

SIZES = [0, 1, 63, 64, 65, 4096, 70_000, 1 << 18, 3 << 18, 1 << 20, 5 << 20, 3_000_001]


@pytest.mark.parametrize("nbytes", SIZES)
def test_a_block_is_aligned(nbytes: int) -> None:
    block = allocate(nbytes)
    assert block.shape == (nbytes,)
    assert not nbytes or address_of(block) % ALIGNMENT == 0


def test_too_much_is_a_typed_error() -> None:
    with pytest.raises(MemoryPlanError, match="cannot allocate"):
        allocate(1 << 60)


def test_blocks_of_slabs_are_aligned_and_apart() -> None:
    slabs = Slabs()
    taken: list[tuple[int, int]] = []
    blocks = [slabs.allocate(size) for size in SIZES * 5]
    for block, size in zip(blocks, SIZES * 5, strict=True):
        assert block.shape == (size,)
        assert not size or address_of(block) % ALIGNMENT == 0
        taken.append((address_of(block), address_of(block) + size))
    taken = sorted(row for row in taken if row[0] < row[1])
    assert all(end <= start for (_, end), (start, _) in pairwise(taken))


@pytest.mark.parametrize(("start", "stop"), [(0, 1000), (1000, 9000), (4096, 8192), (9999, 10_000), (5, 5)])
def test_released_pages_read_as_before(tmp_path: Path, start: int, stop: int) -> None:
    content = np.random.default_rng(3).integers(0, 255, 10_000, np.uint8)
    (tmp_path / "file").write_bytes(content.tobytes())
    with (tmp_path / "file").open("rb") as file:
        mapped = np.frombuffer(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)), np.uint8)
    view = mapped[start:stop].reshape(1, -1)
    release([view])
    assert np.array_equal(view[0], content[start:stop])
    assert np.array_equal(mapped, content)


@pytest.mark.parametrize("array", [np.arange(5), np.frombuffer(b"abcd", np.uint8), np.zeros((0, 3))], ids=str)
def test_other_arrays_are_left_alone(array: Array) -> None:
    before = array.copy()
    release([array])
    assert np.array_equal(array, before)


SESSION = """
import sys
import numpy as np
import lite.session
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) * 1024
before = peak()
session = lite.session.Session(sys.argv[1])
session.run(np.ones((1, 1024), np.float32))
print(peak() - before, session.memory.packed)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="there is no /proc to ask")
def test_weights_are_in_memory_once(tmp_path: Path) -> None:
    """Mapped and packed copies overlap for one operator at a time, so the peak is far below twice the weights."""
    layers, width = 12, 1024
    lines = ["graph big", f"input %x0: float32[1,{width}]"]
    for i in range(layers):
        lines.append(f"const %w{i}: float32[{width},{width}] = given")
        lines.append(f"%x{i + 1} = MatMulFusion(%x{i}, %w{i}) {{transpose_b=true}}")
    weights = {f"w{i}": np.full((width, width), i, np.float32) for i in range(layers)}
    text = "\n".join([*lines, f"output %x{layers}"])
    (tmp_path / "big.ms").write_bytes(emit(parse(text, weights)))
    pack = load_pack()
    if pack is None:
        pytest.skip("without kernels nothing is packed")
    command = [sys.executable, "-c", SESSION, str(tmp_path / "big.ms")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    grown, packed = map(int, done.stdout.split())
    assert packed >= 4 * layers * width**2
    assert grown < 1.6 * packed
