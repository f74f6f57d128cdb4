"""Products of one row with weights that are decoded inside the kernel, against the reference of what they stand for."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lite.coded import Coded, pack
from lite.delegates.base import Epilogue, NativeClaim, Operation
from lite.delegates.cpu import CpuDelegate
from lite.native.pack import KernelPack
from lite.ops.activation import Activation
from lite.ops.enums import ActivationType
from lite.ops.full_connection import FullConnection
from lite.ops.matmul import MatMulFusion
from lite.types import Array, DType, TensorSpec
from tests.kernels.case import Case, ending, normal
from tests.kernels.conftest import LEVELS
from tests.kernels.execute import execute
from tests.kernels.test_kernels import _check, operation_of

_PLAIN, _SWAPPED = MatMulFusion(transpose_b=True), MatMulFusion()


def coded(bits: int, shape: tuple[int, int], blocks: tuple[int, int, int], *, offset: bool = False) -> Coded:
    """Codes of all values, with a scale of its own, and some offset, for each channel of the blocks."""
    rng = np.random.default_rng(bits)
    codes = rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), shape)
    words = codes.astype(np.int8).reshape(-1) if bits == 8 else pack(codes, bits)
    scale = rng.uniform(0.5, 1.0, blocks[1]).astype(np.float32) / (1 << bits)
    mean = rng.normal(size=blocks[1]).astype(np.float32) * offset
    zero = np.full(blocks[1], 3 * offset, np.int32)
    return Coded(words, bits, shape, blocks, scale, zero, np.full(blocks[1], 0.75, np.float32), mean)


def row(attrs: MatMulFusion | FullConnection, w: Coded, bias: bool = True) -> Case:
    swapped = isinstance(attrs, MatMulFusion) and not attrs.transpose_b
    columns, depth = w.shape[::-1] if swapped else w.shape
    inputs = [normal(1, depth), np.array(w.decode()), normal(columns)][: 2 + bias]
    return Case(attrs, tuple(inputs), frozenset({1, 2}))


ROWS = {
    "channels": (_PLAIN, (256, 264), (1, 256, 264)),
    "columns that fill no block": (_PLAIN, (259, 256), (1, 259, 256)),
    "one scale": (FullConnection(), (300, 256), (1, 1, 300 * 256)),
    "groups of 32": (_PLAIN, (130, 512), (1, 130 * 16, 32)),
    "groups of 8": (FullConnection(activation_type=ActivationType.RELU), (64, 1024), (1, 64 * 128, 8)),
    "depth first": (_SWAPPED, (512, 200), (512, 200, 1)),
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("bits", [2, 4, 7, 8])
@pytest.mark.parametrize("name", ROWS)
def test_kernel_matches_reference(packs: dict[str, KernelPack], name: str, bits: int, level: str) -> None:
    attrs, shape, blocks = ROWS[name]
    for offset in (False, True):
        w = coded(bits, shape, blocks, offset=offset)
        plain = row(attrs, w, bias=offset)
        cases = [plain]
        if attrs is _PLAIN:
            cases += [ending(plain), ending(plain, Activation(ActivationType.SIGMOID))]
        for case in cases:
            check(packs[level], w, case)


def claimed(pack: KernelPack, w: Coded, case: Case) -> tuple[Operation, NativeClaim]:
    operation = operation_of(case)
    x, _, *rest = operation.inputs
    operation = replace(operation, inputs=(x, TensorSpec(DType.FLOAT32, w.shape, "", w), *rest))
    claim = CpuDelegate(pack).claim(operation)
    assert isinstance(claim, NativeClaim)
    assert [step.kernel for step in claim.steps] == ["gemv_codes_f32"]
    return operation, claim


def check(pack: KernelPack, w: Coded, case: Case) -> None:
    _check(pack, *claimed(pack, w, case), case)


def results(pack: KernelPack, w: Coded, case: Case) -> tuple[Array, ...]:
    return execute(pack, *claimed(pack, w, case), case.inputs)


@pytest.mark.parametrize(
    ("shape", "blocks", "rows", "bits"),
    [
        ((256, 260), (1, 256, 260), 1, 8),
        ((256, 256), (1, 256, 256), 2, 8),
        ((256, 256), (1, 256, 256), 1, 9),
        ((256, 264), (1, 256 * 22, 12), 1, 4),
        ((16, 16), (1, 16, 16), 1, 4),
    ],
)
def test_other_products_are_of_decoded_weights(
    pack: KernelPack, shape: tuple[int, int], blocks: tuple[int, int, int], rows: int, bits: int
) -> None:
    w = coded(bits, shape, blocks)
    case = Case(_PLAIN, (normal(rows, shape[1]), np.array(w.decode())), frozenset({1}))
    operation = operation_of(case)
    operation = replace(operation, inputs=(operation.inputs[0], TensorSpec(DType.FLOAT32, shape, "", w)))
    claim = CpuDelegate(pack).claim(operation)
    assert isinstance(claim, NativeClaim)
    assert "gemv_codes_f32" not in [step.kernel for step in claim.steps]
    _check(pack, operation, claim, case)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("one", [np.inf, -np.inf, np.nan, 1e37, -1.0, 1e-30])
def test_elements_of_every_size_count(packs: dict[str, KernelPack], one: float, level: str) -> None:
    w = coded(4, (256, 256), (1, 256 * 4, 64))
    x: Array = np.zeros((1, 256), np.float32) if abs(one) == 1e37 else normal(1, 256) * np.float32(min(abs(one), 1))
    x[0, 77] = one
    check(packs[level], w, replace(row(_PLAIN, w, bias=False), inputs=(x, np.array(w.decode())), epilogue=Epilogue()))


@pytest.mark.parametrize("level", LEVELS)
def test_integers_are_multiplied_exactly(packs: dict[str, KernelPack], level: str) -> None:
    w = coded(4, (256, 256), (1, 1, 256 * 256))
    w = replace(w, scale=np.ones(1, np.float32), var_corr=np.ones(1, np.float32))
    x = np.random.default_rng(0).integers(-1000, 1000, (1, 256)).astype(np.float32)
    case = replace(row(_PLAIN, w, bias=False), inputs=(x, np.array(w.decode())), epilogue=Epilogue())
    (y,) = results(packs[level], w, case)
    assert np.array_equal(y, x @ w.decode().T)
    assert not results(packs[level], w, replace(case, inputs=(np.zeros_like(x), case.inputs[1])))[0].any()
