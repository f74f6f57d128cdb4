"""Every kernel against the numpy references: one body over the rows of cases.py."""
from __future__ import annotations

import numpy as np
import pytest

from lite import ops
from lite.delegates.base import NativeClaim, Operation
from lite.delegates.cpu import CpuDelegate
from lite.native.pack import KernelPack
from lite.types import Array, TensorSpec
from tests.kernels.cases import CASES, Case
from tests.kernels.execute import execute

_TOLERANCE = 1e-5  # of the largest finite element


@pytest.mark.parametrize("case", CASES, ids=str)
def test_kernel_matches_reference(pack: KernelPack, case: Case) -> None:
    operation = _operation(case)
    claim = CpuDelegate(pack).claim(operation)
    assert claim is not None, "the cpu delegate leaves this to others"
    with np.errstate(all="ignore"):
        expected = ops.evaluate(case.attrs, case.inputs)
    actual = execute(pack, operation, claim, case.inputs)
    for got, wanted in zip(actual, expected, strict=True):
        _assert_close(got, wanted)
    if isinstance(claim, NativeClaim):
        _assert_same(execute(pack, operation, claim, case.inputs, one_by_one=True), actual, "split into units")
        if claim.in_place >= 0:
            _assert_same(execute(pack, operation, claim, case.inputs, in_place=True), actual, "in place")


def _operation(case: Case) -> Operation:
    inputs = tuple(TensorSpec.of(x) for x in case.inputs)
    outputs = ops.infer(case.attrs, inputs)
    known = tuple(x if i in case.constants else x.like() for i, x in enumerate(inputs))
    return Operation("case", case.attrs, known, tuple(y.like() for y in outputs))


def _assert_close(actual: Array, expected: Array) -> None:
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(actual, expected)
        return
    finite = np.isfinite(expected)
    # Equal where not finite, NaN included: the sum of the two is then NaN or the same infinity.
    np.testing.assert_array_equal(actual[~finite], expected[~finite])
    largest = np.abs(expected[finite]).max(initial=0)
    np.testing.assert_allclose(actual[finite], expected[finite], rtol=0, atol=_TOLERANCE * largest)


def _assert_same(actual: tuple[Array, ...], expected: tuple[Array, ...], what: str) -> None:
    for a, b in zip(actual, expected, strict=True):
        assert a.tobytes() == b.tobytes(), f"results differ {what}"
