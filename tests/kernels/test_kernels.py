"""Every kernel against the numpy references: one body over the rows of cases.py and of tests/ops."""
from __future__ import annotations

import numpy as np
import pytest

from lite import ops
from lite.delegates.base import AS_IS, Claim, NativeClaim, Operation
from lite.delegates.cpu import CpuDelegate
from lite.delegates.cpu.index import MODULES
from lite.native.pack import KernelPack
from lite.types import Array, TensorSpec
from tests.kernels.case import Case
from tests.kernels.cases import CASES
from tests.kernels.conftest import LEVELS
from tests.kernels.execute import execute
from tests.ops.cases import CASES as OPERATORS

_TOLERANCE = 1e-5  # of the largest finite element
_HALF_TOLERANCE = 2e-3
_SHARED = [Case(row.attrs, tuple(row.inputs()), frozenset(row.constant), row.note) for row in OPERATORS]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_kernel_matches_reference(packs: dict[str, KernelPack], case: Case, level: str) -> None:
    operation = operation_of(case)
    claim = CpuDelegate(packs[level]).claim(operation)
    assert claim is not None, "the cpu delegate leaves this to others"
    _check(packs[level], operation, claim, case)


@pytest.mark.parametrize("case", [case for case in _SHARED if case.attrs.op in MODULES], ids=str)
def test_claims_of_the_operators_own_rows_match_too(pack: KernelPack, case: Case) -> None:
    operation = operation_of(case)
    claim = CpuDelegate(pack).claim(operation)
    if claim is not None:  # other dtypes and unusual operands are left to the reference delegate
        _check(pack, operation, claim, case)


def test_every_operator_of_the_index_is_claimed_by_some_row() -> None:
    assert {case.attrs.op for case in [*CASES, *_SHARED]} >= MODULES.keys()


def operation_of(case: Case) -> Operation:
    inputs = tuple(TensorSpec.of(x) for x in case.seen())
    known = tuple(x if i in case.constants else x.like() for i, x in enumerate(inputs))
    # What inference cannot tell from the shapes alone it may still need the values for.
    own = len(inputs) if case.epilogue.residual < 0 else case.epilogue.residual
    outputs = ops.infer(case.attrs, inputs[:own])
    return Operation("case", case.attrs, known, tuple(y.like() for y in outputs), case.epilogue, case.orders)


def _check(pack: KernelPack, operation: Operation, claim: Claim, case: Case) -> None:
    with np.errstate(all="ignore"):
        expected = case.expected()
    actual = execute(pack, operation, claim, case.inputs)
    for got, wanted in zip(actual, expected, strict=True):
        _assert_close(got if case.orders == AS_IS else got.reshape(wanted.shape), wanted)
    if isinstance(claim, NativeClaim):
        _assert_same(execute(pack, operation, claim, case.inputs, one_by_one=True), actual, "split into units")
        if claim.in_place >= 0:
            _assert_same(execute(pack, operation, claim, case.inputs, in_place=True), actual, "in place")


def _assert_close(actual: Array, expected: Array) -> None:
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(actual, expected)
        return
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(actual[~finite], expected[~finite])
    largest = np.abs(expected[finite]).max(initial=0)
    tolerance = _HALF_TOLERANCE if expected.dtype == np.float16 else _TOLERANCE
    np.testing.assert_allclose(actual[finite], expected[finite], rtol=0, atol=tolerance * float(largest))


def _assert_same(actual: tuple[Array, ...], expected: tuple[Array, ...], what: str) -> None:
    for a, b in zip(actual, expected, strict=True):
        assert a.tobytes() == b.tobytes(), f"results differ {what}"
