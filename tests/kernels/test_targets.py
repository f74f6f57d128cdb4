"""One source, every target: all kernels compile for each, and the tile fits its registers."""
from __future__ import annotations

from pathlib import Path

import pytest

from lite.kernels.target import TARGETS, Target
from lite.native.artifact import unseal


@pytest.mark.parametrize("target", [level.name for level in TARGETS])
def test_every_kernel_is_in_every_pack(pack_files: dict[str, str], target: str) -> None:
    best, other = (unseal(Path(pack_files[name]).read_bytes(), name) for name in (TARGETS[0].name, target))
    assert other.target == target
    assert other.kernels == best.kernels


@pytest.mark.parametrize("target", TARGETS, ids=lambda level: level.name)
def test_tile_fits_the_registers(pack_files: dict[str, str], target: Target) -> None:
    constants = unseal(Path(pack_files[target.name]).read_bytes(), target.name).constants
    vectors = constants["tile_columns"] // target.lanes
    # The sums, a row of weights, one spread element and, without fused operations, one product.
    assert constants["tile_rows"] * vectors + vectors + 1 + (not target.fma) <= target.registers
    assert constants["lanes"] == target.lanes
