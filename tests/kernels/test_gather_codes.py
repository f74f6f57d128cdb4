"""Gather of tables in codes, of which only what is picked is decoded, against the reference of the decoded table."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lite.delegates.base import NativeClaim
from lite.delegates.cpu import CpuDelegate
from lite.native.pack import KernelPack
from lite.ops.gather import Gather
from lite.types import DType, TensorSpec
from tests.kernels.case import Case
from tests.kernels.conftest import LEVELS
from tests.kernels.test_gemv_coded import coded
from tests.kernels.test_kernels import _check, operation_of

ROWS = {
    "rows": ((37, 48), (1, 37, 48)),
    "groups": ((20, 64), (1, 20 * 4, 16)),
    "one scale": ((9, 7), (1, 1, 63)),
    "columns": ((9, 7), (9, 7, 1)),  # decoded as a whole
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("bits", [4, 8, 11])
@pytest.mark.parametrize("name", ROWS)
def test_kernel_matches_reference(packs: dict[str, KernelPack], name: str, bits: int, level: str) -> None:
    shape, blocks = ROWS[name]
    w = coded(bits, shape, blocks, offset=True)
    last = shape[0] - 1
    for kind in (np.int32, np.int64):
        indices = np.array([[0, last, 3], [-1, -last - 1, 2], [last + 1, -last - 2, 2**31 - 1]], kind)
        case = Case(Gather(), (np.array(w.decode()), indices, np.array(0, np.int32)), frozenset({0, 2}))
        operation = operation_of(case)
        operation = replace(operation, inputs=(TensorSpec(DType.FLOAT32, shape, "", w), *operation.inputs[1:]))
        claim = CpuDelegate(packs[level]).claim(operation)
        assert isinstance(claim, NativeClaim)
        decodes = bits <= 8 and name != "columns"
        assert [step.kernel for step in claim.steps] == ["gather_codes_f32" if decodes else "gather"]
        _check(packs[level], operation, claim, case)
