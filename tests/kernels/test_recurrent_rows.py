"""Recurrent layers by row against their reference: a state that is rounded in another way may be another code.

So what is compared may differ by codes of few numbers; split into units it is the same to the bit.
"""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lite import ops
from lite.delegates.base import NativeClaim
from lite.delegates.cpu import CpuDelegate
from lite.native.pack import KernelPack
from lite.ops.quantized import Quantized
from lite.types import Array
from tests.kernels.case import Case, ints, normal
from tests.kernels.conftest import LEVELS
from tests.kernels.execute import execute
from tests.kernels.test_kernels import operation_of

SIZES = [(1, 1, 5, 7), (3, 2, 40, 33), (5, 1, 64, 96), (4, 17, 20, 48), (2, 30, 16, 300)]


def layer(op: str, sizes: tuple[int, int, int, int], *, more: bool) -> Case:
    """more: with what the layer may have besides: a bias, lengths of the sequences, RELU."""
    steps, batch, channels, hidden = sizes
    fields: dict[str, Any] = {}
    if op == "LSTM":
        fields = {"has_bias": more, "input_size": channels, "hidden_size": hidden}
        weights = normal(4 * hidden * (channels + hidden + more)) / np.float32(np.sqrt(hidden))
        inputs = [normal(steps, batch, channels), normal(1, batch, hidden), normal(1, batch, hidden), weights]
    else:
        gates = 3 if op == "GRULayer" else 1
        fields = {"activation_type": 1} if op == "RNNLayer" and more else {}
        shapes = [(gates * hidden, channels), (gates * hidden, hidden), (gates * hidden,), (gates * hidden,)]
        weights_of = [normal(*shape) / np.float32(np.sqrt(2 * hidden)) for shape in shapes]
        inputs = [normal(steps, batch, channels), normal(batch, hidden), *weights_of]
        inputs += [ints(*(i % (steps + 1) for i in range(batch)))] if more else []
    inner = ops.attributes(op, fields)
    attrs = Quantized(inner, (None,) * len(inputs), (None,) * (3 if op == "LSTM" else 2))
    return Case(attrs, tuple(inputs), frozenset({3} if op == "LSTM" else {2, 3, 4, 5}))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("more", [False, True])
@pytest.mark.parametrize("op", ["LSTM", "GRULayer", "RNNLayer"])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_layers_by_row(
    packs: dict[str, KernelPack], sizes: tuple[int, int, int, int], op: str, more: bool, level: str
) -> None:
    case = layer(op, sizes, more=more)
    operation = operation_of(case)
    claim = CpuDelegate(packs[level]).claim(operation)
    assert isinstance(claim, NativeClaim)
    assert [step.kernel for step in claim.steps][:2] == ["rows_i8", "matmul_rows_i8"]
    results = execute(packs[level], operation, claim, case.inputs)
    exact = ops.evaluate(case.attrs.inner, case.inputs)  # type: ignore[attr-defined]
    for got, wanted, plain in zip(results, case.expected(), exact, strict=True):
        assert error(got, wanted) < 0.005
        assert error(got, plain) < 0.03
    split = execute(packs[level], operation, claim, case.inputs, one_by_one=True)
    assert [y.tobytes() for y in split] == [y.tobytes() for y in results]


def error(x: Array, y: Array) -> float:
    return float(np.linalg.norm(x - y) / (np.linalg.norm(y) or 1))
