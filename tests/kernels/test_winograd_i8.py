"""Winograd convolution of codes, whether or not it would be chosen, at the edges of its range too: always exact."""
from __future__ import annotations

import numpy as np
import pytest

from lite.delegates.base import NativeClaim
from lite.delegates.cpu import CpuDelegate, winograd_i8
from lite.delegates.cpu.tile import Tile
from lite.native.pack import KernelPack
from lite.ops.conv2d import Conv2DFusion, window
from lite.ops.enums import ActivationType
from lite.ops.quantized import Affine
from tests.kernels.case import Case
from tests.kernels.cases_codes import adding8, conv8, up8
from tests.kernels.conftest import LEVELS
from tests.kernels.execute import execute
from tests.kernels.test_kernels import operation_of

_SAME = (1, 1, 1, 1)
_WIDE = Affine((1e5,), (0,))  # so that large sums stay apart


def extreme(seed: int) -> Case:
    """The largest codes and weights, in signs that add up: sums near the ends of what int32 holds."""
    row = conv8((1, 9, 9, 3600), 3, (3, 3), pads=_SAME, y=_WIDE, note=f"extreme {seed}")
    draw = np.random.default_rng(seed)
    for x in row.inputs[:2]:
        x[...] = -128 if seed == 0 else np.where(draw.random(x.shape) < seed / 4, -128, 127)
    return row


ROWS = [
    *(conv8((1, h, w, 9), 17, (3, 3), pads=_SAME) for h, w in ((1, 1), (2, 3), (4, 4), (5, 9), (13, 6))),
    conv8((2, 7, 10, 3), 5, (3, 3), pads=(0, 2, 1, 0), activation=ActivationType.RELU, note="pads differ"),
    conv8((1, 6, 6, 4), 8, (3, 3), pads=(4, 4, 5, 5), note="tiles in the padding alone"),
    conv8((1, 8, 8, 16), 16, (3, 3), bias=False),
    conv8((3, 30, 30, 40), 80, (3, 3), pads=_SAME, note="units are panels"),
    conv8((1, 120, 110, 33), 20, (3, 3), pads=_SAME, note="units are blocks of tiles"),
    adding8(conv8((2, 9, 7, 12), 21, (3, 3), pads=_SAME)),
    adding8(conv8((1, 30, 30, 40), 48, (3, 3), pads=_SAME), ActivationType.RELU),
    up8((1, 9, 12, 24), 20, (3, 3), (1, 1), pads=(4, 3, 4, 5), note="cut at all ends"),
    *map(extreme, range(5)),
]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("case", ROWS, ids=str)
def test_exact(packs: dict[str, KernelPack], case: Case, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd_i8, "pays", winograd_i8.fits)
    operation = operation_of(case)
    claim = CpuDelegate(packs[level]).claim(operation)
    assert isinstance(claim, NativeClaim)
    assert claim.steps[0].kernel == "winograd_i8"
    (expected,) = case.expected()
    (whole,) = execute(packs[level], operation, claim, case.inputs)
    np.testing.assert_array_equal(whole, expected)
    (unit_by_unit,) = execute(packs[level], operation, claim, case.inputs, one_by_one=True)
    np.testing.assert_array_equal(unit_by_unit, expected)
    if claim.in_place >= 0:
        (in_place,) = execute(packs[level], operation, claim, case.inputs, in_place=True)
        np.testing.assert_array_equal(in_place, expected)


_DOT = Tile(12, 16, 16, 128, 4, 1, 0, 64)
_AVX2 = Tile(6, 16, 8, 0, 2, 2, 64, 64)


@pytest.mark.parametrize(
    ("extent", "channels", "outputs", "dot", "in_seven", "widened"),
    [
        (56, 64, 64, True, True, True),
        (28, 128, 128, True, True, True),
        (28, 512, 512, True, True, True),
        (224, 64, 64, True, True, True),
        (7, 512, 512, False, False, False),
        (14, 256, 256, False, False, False),
        (13, 64, 256, False, False, True),
        (14, 128, 32, False, False, True),
        (55, 16, 64, False, True, True),
        (1, 64, 64, False, False, False),
        (56, 4000, 64, False, False, False),  # would leave the range
    ],
)
def test_the_cost_model(
    extent: int, channels: int, outputs: int, dot: bool, in_seven: bool, widened: bool
) -> None:
    conv = Conv2DFusion(kernel_size=(3, 3), stride=(1, 1), dilation=(1, 1), pad_list=_SAME, group=1)
    shape, w = (1, extent, extent, channels), (outputs, 3, 3, channels)
    chosen = [
        winograd_i8.pays(conv, shape, w, window(conv, shape, w), bits, tile)
        for bits, tile in ((8, _DOT), (7, _AVX2), (8, _AVX2))
    ]
    assert chosen == [dot, in_seven, widened]
