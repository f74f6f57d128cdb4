"""Convolutions that run as one, a few rows at a time: the same bytes as one after the other."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from lite.delegates.base import Epilogue, NativeClaim, Operation
from lite.delegates.cpu import CpuDelegate, chain
from lite.kernels.codes import CHAIN_ARGUMENTS
from lite.native.pack import KernelPack
from lite.ops.activation import Activation
from lite.ops.enums import ActivationType
from lite.types import Array, DType, TensorSpec
from tests.kernels.case import Case, conv, ending, normal
from tests.kernels.conftest import LEVELS
from tests.kernels.execute import execute
from tests.kernels.test_kernels import operation_of

_A = ActivationType
_SWISH = Activation(_A.SWISH)
Stage = tuple[int, int, int, int, int]  # outputs, kernel, stride, dilation, pads; 0 outputs: depthwise

EXPAND, PROJECT, FILTER = (40, 1, 1, 1, 0), (24, 1, 1, 1, 0), (0, 3, 1, 1, 1)
ROWS: dict[str, tuple[tuple[int, ...], list[Stage]]] = {
    "before": ((1, 9, 7, 16), [EXPAND, FILTER]),
    "both": ((1, 9, 7, 16), [EXPAND, FILTER, PROJECT]),
    "images": ((3, 8, 5, 12), [EXPAND, FILTER, PROJECT]),
    "a stride": ((2, 15, 9, 16), [EXPAND, (0, 3, 2, 1, 1), PROJECT]),
    "a stride beyond the filter": ((2, 16, 11, 16), [EXPAND, (0, 3, 5, 1, 1), PROJECT]),
    "a wide filter": ((1, 13, 6, 16), [EXPAND, (0, 5, 1, 1, 2), PROJECT]),
    "a filter with holes": ((1, 17, 8, 16), [EXPAND, (0, 3, 1, 3, 3), PROJECT]),
    "no padding": ((1, 12, 8, 16), [EXPAND, (0, 3, 1, 1, 0), PROJECT]),
    "windows in the padding": ((2, 3, 4, 16), [EXPAND, (0, 3, 1, 1, 5), PROJECT]),
    "a thin image": ((2, 19, 15, 3), [(40, 3, 2, 1, 1), FILTER, PROJECT]),
    "a row": ((2, 1, 40, 16), [EXPAND, FILTER, PROJECT]),
    "a column": ((2, 40, 1, 16), [EXPAND, FILTER, PROJECT]),
}


def chained(shape: tuple[int, ...], stages: Sequence[Stage], *, adds: bool) -> tuple[list[Operation], list[Array]]:
    """The operations, and the inputs of all, those that are between left out. adds: something to the result."""
    operations, inputs = [], [normal(*shape)]
    for number, (outputs, kernel, stride, dilation, pads) in enumerate(stages):
        group = 1 if outputs else shape[3]
        row: Case = conv(
            shape, outputs or shape[3], (kernel, kernel), stride=(stride, stride), dilation=(dilation, dilation),
            pads=(pads,) * 4, group=group, activation=_A.RELU6 if number == 0 else _A.NO_ACTIVATION,
        )
        if number == len(stages) - 1:
            row = ending(row, _SWISH, adds=adds)
        operation = operation_of(row)
        operations.append(operation)
        inputs += row.inputs[1:]
        shape = operation.outputs[0].shape
    return operations, inputs


def one_after_the_other(pack: KernelPack, operations: Sequence[Operation], inputs: Sequence[Array]) -> Array:
    x, *rest = inputs
    for operation in operations:
        own = len(operation.inputs) - 1
        (x,) = execute(pack, operation, _claim(pack, operation), [x, *rest[:own]])
        rest = rest[own:]
    return x


def _claim(pack: KernelPack, operation: Operation) -> NativeClaim:
    claim = CpuDelegate(pack).claim(operation)
    assert isinstance(claim, NativeClaim)
    return claim


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("cached", [1, 9000, 1 << 20])
@pytest.mark.parametrize("name", ROWS)
def test_the_same_bytes(
    packs: dict[str, KernelPack], name: str, cached: int, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name_of_limit, value in {"_LEAST": 0, "_FEWEST": 1, "_TWICE": 99, "_NARROW": 1, "_CACHED": cached}.items():
        monkeypatch.setattr(chain, name_of_limit, value)
    pack, (shape, stages) = packs[level], ROWS[name]
    for adds in (False, stages[-1][0] > 0):
        operations, inputs = chained(shape, stages, adds=adds)
        joined = replace(operations[0], then=tuple(operations[1:]))
        claim = _claim(pack, joined)
        assert [step.kernel for step in claim.steps] == ["row_chain"]
        expected = one_after_the_other(pack, operations, inputs)
        for one_by_one in (False, True):
            (actual,) = execute(pack, joined, claim, inputs, one_by_one=one_by_one)
            assert actual.tobytes() == expected.tobytes()


def test_large_tensors_are_never_whole(pack: KernelPack) -> None:
    operations, _ = chained((1, 64, 64, 16), [(64, 1, 1, 1, 0), FILTER], adds=False)
    claim = _claim(pack, replace(operations[0], then=(operations[1],)))
    assert claim.steps[0].scratch < 400_000 < operations[0].outputs[0].nbytes
    assert claim.steps[0].units >= 8


LEFT_ALONE: dict[str, tuple[tuple[int, ...], list[Stage]]] = {
    "less than a cache holds": ((1, 64, 64, 16), [(63, 1, 1, 1, 0), FILTER]),
    "a product of many pixels": ((4, 30, 30, 16), [(512, 3, 1, 1, 1), FILTER]),
    "pixels that are not side by side": ((4, 30, 30, 16), [(512, 1, 2, 1, 0), FILTER]),
    "padding": ((4, 30, 30, 16), [(512, 1, 1, 1, 1), FILTER]),
    "few rows": ((1, 3, 2000, 16), [(64, 1, 1, 1, 0), FILTER]),
    "narrow rows": ((1, 2000, 3, 16), [(64, 1, 1, 1, 0), FILTER]),
    "many rows twice": ((1, 32, 32, 64), [(384, 1, 1, 1, 0), FILTER]),
    "a wide filter": ((1, 48, 48, 56), [(336, 1, 1, 1, 0), (0, 5, 1, 1, 2)]),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_would_not_pay_is_left_alone(pack: KernelPack, name: str) -> None:
    shape, stages = LEFT_ALONE[name]
    operations, _ = chained(shape, stages, adds=False)
    large = name != "less than a cache holds"
    assert (operations[0].outputs[0].nbytes >= chain._LEAST) == large
    assert CpuDelegate(pack).claim(replace(operations[0], then=(operations[1],))) is None


@pytest.mark.parametrize("added", [(24,), (1,), (1, 1, 1, 24), (1, 99, 1, 24), (1, 99, 99, 1)])
def test_an_addition_that_broadcasts_is_not_merged(pack: KernelPack, added: tuple[int, ...]) -> None:
    operations, _ = chained((1, 99, 99, 16), [EXPAND, FILTER, PROJECT], adds=False)
    last = operations[-1]
    merged = replace(last, inputs=(*last.inputs, TensorSpec(DType.FLOAT32, added)), epilogue=Epilogue(len(last.inputs)))
    assert CpuDelegate(pack).claim(replace(operations[0], then=(*operations[1:-1], merged))) is None
    assert CpuDelegate(pack).claim(replace(operations[0], then=tuple(operations[1:]))) is not None


def test_an_empty_result_takes_no_work(pack: KernelPack) -> None:
    operations, _ = chained((1, 5, 900, 16), [(112, 1, 1, 1, 0), (0, 3, 3, 3, 0)], adds=False)
    assert operations[-1].outputs[0].size == 0
    assert _claim(pack, replace(operations[0], then=(operations[1],))).steps == ()


def test_argument_blocks_fit(pack: KernelPack) -> None:
    assert all(len(pack.parameters(kernel)) <= CHAIN_ARGUMENTS for kernel in chain._BY_ROWS)


def test_weights_of_all_are_given_back(pack: KernelPack) -> None:
    operations, _ = chained((1, 99, 99, 16), [EXPAND, FILTER, PROJECT], adds=True)
    joined = replace(operations[0], then=tuple(operations[1:]))
    replaced = {
        argument.replaces
        for step in _claim(pack, joined).calls
        for argument in step.arguments.values()
        if getattr(argument, "replaces", -1) >= 0
    }
    assert [joined.read[i].shape for i in sorted(replaced)] == [x.inputs[1].shape for x in operations]
