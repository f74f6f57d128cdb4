"""Winograd convolution in every form, whether or not it would be chosen, and the error bounds that are stated of it."""
from __future__ import annotations

import numpy as np
import pytest

from lite.delegates.base import NativeClaim, Operation
from lite.delegates.cpu import CpuDelegate
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.winograd import SIZES, Form, bind_winograd, winograd_form
from lite.native.pack import KernelPack
from lite.ops.activation import Activation
from lite.ops.conv2d import Conv2DFusion, window
from lite.ops.enums import ActivationType
from lite.types import TensorSpec
from tests.kernels.case import Case, conv, ending
from tests.kernels.conftest import LEVELS
from tests.kernels.execute import execute
from tests.kernels.test_kernels import operation_of

_HSWISH = Activation(activation_type=ActivationType.HSWISH)
_RELU = ActivationType.RELU

ROWS = [
    *(conv((1, h, w, 9), 17, (3, 3), pads=(1, 1, 1, 1)) for h, w in ((1, 1), (2, 3), (4, 4), (5, 9), (13, 6))),
    conv((2, 7, 10, 3), 5, (3, 3), pads=(0, 2, 1, 0), activation=_RELU, note="pads differ"),
    conv((1, 6, 6, 4), 8, (3, 3), pads=(4, 4, 5, 5), note="tiles in the padding alone"),
    conv((1, 8, 8, 16), 16, (3, 3), bias=False),
    conv((3, 30, 30, 40), 48, (3, 3), pads=(1, 1, 1, 1), note="units are panels"),
    conv((1, 120, 110, 33), 20, (3, 3), pads=(1, 1, 1, 1), note="units are blocks of tiles"),
    ending(conv((2, 9, 7, 12), 21, (3, 3), pads=(1, 1, 1, 1)), Activation(activation_type=_RELU)),
    ending(conv((1, 30, 30, 40), 48, (3, 3), pads=(1, 1, 1, 1)), _HSWISH),
    ending(conv((1, 120, 110, 33), 20, (3, 3), pads=(1, 1, 1, 1)), _HSWISH),
]


def bind(case: Case, form: int, pack: KernelPack) -> tuple[Operation, NativeClaim]:
    operation = operation_of(case)
    x, w, *rest = operation.operands
    assert isinstance(operation.attrs, Conv2DFusion)
    assert w.value is not None
    place = window(operation.attrs, x.shape, w.shape)
    bias = rest[0].value if rest else None
    size = SIZES[form]
    at = Form(form, -(-place.output[0] // size), -(-place.output[1] // size))
    return operation, bind_winograd(operation, at, w.value, bias, place, Tile.of(pack))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("form", range(len(SIZES)))
@pytest.mark.parametrize("case", ROWS, ids=str)
def test_every_form_matches_the_reference(packs: dict[str, KernelPack], case: Case, form: int, level: str) -> None:
    operation, claim = bind(case, form, packs[level])
    (expected,) = case.expected()
    (whole,) = execute(packs[level], operation, claim, case.inputs)
    np.testing.assert_allclose(whole, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    (unit_by_unit,) = execute(packs[level], operation, claim, case.inputs, one_by_one=True)
    assert unit_by_unit.tobytes() == whole.tobytes()
    if claim.in_place >= 0:
        (in_place,) = execute(packs[level], operation, claim, case.inputs, in_place=True)
        assert in_place.tobytes() == whole.tobytes()


@pytest.mark.parametrize(("form", "bound"), [(0, 6e-6), (1, 4e-5)])
@pytest.mark.parametrize("channels", [16, 128, 512])
def test_error_bounds(pack: KernelPack, form: int, bound: float, channels: int) -> None:
    case = conv((1, 12, 12, channels), 32, (3, 3), pads=(1, 1, 1, 1))
    operation, claim = bind(case, form, pack)
    (expected,) = case.expected()
    (actual,) = execute(pack, operation, claim, case.inputs)
    assert np.abs(actual - expected).max() <= bound * np.abs(expected).max()


# image, input channels, output channels, rows and columns of a tile that is chosen (0: the direct way)
CHOICES = [
    (56, 64, 64, 4),
    (28, 128, 128, 4),
    (224, 64, 64, 4),
    (14, 256, 256, 2),
    (7, 512, 512, 2),
    (2, 256, 256, 0),
    (1, 64, 64, 0),
]


@pytest.mark.parametrize(("extent", "channels", "outputs", "chosen"), CHOICES)
def test_the_cost_model(extent: int, channels: int, outputs: int, chosen: int) -> None:
    attrs = Conv2DFusion(kernel_size=(3, 3), stride=(1, 1), dilation=(1, 1), pad_list=(1, 1, 1, 1), group=1)
    case = conv((1, 3, 3, channels), outputs, (3, 3), pads=(1, 1, 1, 1))
    x = TensorSpec.of(case.inputs[0]).like((1, extent, extent, channels))
    place = window(attrs, x.shape, (outputs, 3, 3))
    form = winograd_form(attrs, x, TensorSpec.of(case.inputs[1]), place, Tile(12, 16, 16, 0, 2, 2, 0, 64))
    assert (form.size if form else 0) == chosen
    clipped = winograd_form(
        attrs, x, TensorSpec.of(case.inputs[1]), place, Tile(12, 16, 16, 0, 2, 2, 0, 64), clipped=True
    )
    assert clipped is None or clipped.size == 2


def test_what_is_clipped_is_as_exact(pack: KernelPack) -> None:
    """Errors are in proportion to what was there before ReLU6 cut it."""
    case = conv((1, 28, 28, 64), 64, (3, 3), pads=(1, 1, 1, 1), activation=ActivationType.RELU6)
    operation = operation_of(case)
    claim = CpuDelegate(pack).claim(operation)
    assert isinstance(claim, NativeClaim)
    (expected,) = case.expected()
    (actual,) = execute(pack, operation, claim, case.inputs)
    assert np.abs(actual - expected).max() <= 1e-5 * expected.max()
