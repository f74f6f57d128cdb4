"""Convolution, pooling, products and resizing again, as plain loops straight from their definitions."""
from __future__ import annotations

import math

import numpy as np
import pytest

from lite import ops
from lite.ops.conv2d import Conv2DFusion
from lite.ops.conv2d_transpose import Conv2dTransposeFusion
from lite.ops.enums import ActivationType, PadMode
from lite.ops.erf import erf
from lite.ops.matmul import MatMulFusion
from lite.ops.pool import MaxPoolFusion, Pool
from lite.types import Array
from tests.ops.case import Case
from tests.ops.cases import CASES


def rows(*names: str) -> list[Case]:
    return [case for case in CASES if type(case.attrs).__name__ in names and case.inputs()[0].dtype != np.float16]


def same_pads(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    total = max((math.ceil(size / stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def activate(kind: ActivationType, y: Array) -> Array:
    top = {ActivationType.RELU6: 6.0}.get(kind, np.inf)
    return y if kind == ActivationType.NO_ACTIVATION else np.clip(y, 0, top)


@pytest.mark.parametrize("case", rows("Conv2DFusion"), ids=str)
def test_convolution(case: Case) -> None:
    attrs, (x, w, *b) = case.attrs, case.inputs()
    assert isinstance(attrs, Conv2DFusion)
    (y,) = ops.evaluate(attrs, [x, w, *b])
    pads = [(0, 0), (0, 0)]
    if attrs.pad_mode == PadMode.SAME:
        pads = [same_pads(x.shape[1 + a], w.shape[1 + a], attrs.stride[a], attrs.dilation[a]) for a in (0, 1)]
    elif attrs.pad_mode == PadMode.PAD and attrs.pad_list:
        pads = [(attrs.pad_list[0], attrs.pad_list[1]), (attrs.pad_list[2], attrs.pad_list[3])]
    padded = np.pad(x.astype(np.float64), ((0, 0), *pads, (0, 0)))
    extents = [(w.shape[1 + a] - 1) * attrs.dilation[a] + 1 for a in (0, 1)]
    size = [(padded.shape[1 + a] - extents[a]) // attrs.stride[a] + 1 for a in (0, 1)]
    assert y.shape == (x.shape[0], *size, w.shape[0])
    per_group = w.shape[3]
    expected = np.zeros(y.shape)
    for n, i, j, o in np.ndindex(*y.shape):
        group = o // (w.shape[0] // attrs.group)
        top, left = i * attrs.stride[0], j * attrs.stride[1]
        window = padded[n, top : top + extents[0] : attrs.dilation[0], left : left + extents[1] : attrs.dilation[1]]
        expected[n, i, j, o] = (window[..., group * per_group : (group + 1) * per_group] * w[o]).sum()
    np.testing.assert_allclose(y, activate(attrs.activation_type, expected + (b[0] if b else 0)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", rows("Conv2dTransposeFusion"), ids=str)
def test_transposed_convolution(case: Case) -> None:
    attrs, (x, w, *b) = case.attrs, case.inputs()
    assert isinstance(attrs, Conv2dTransposeFusion)
    (y,) = ops.evaluate(attrs, [x, w, *b])
    top = left = 0
    if attrs.pad_mode == PadMode.PAD and attrs.pad_list:
        top, left = attrs.pad_list[0], attrs.pad_list[2]
    elif attrs.pad_mode == PadMode.SAME:
        full = [(x.shape[1 + a] - 1) * attrs.stride[a] + (w.shape[1 + a] - 1) * attrs.dilation[a] + 1 for a in (0, 1)]
        assert y.shape[1:3] == tuple(x.shape[1 + a] * attrs.stride[a] for a in (0, 1))
        top, left = (max(full[a] - y.shape[1 + a], 0) // 2 for a in (0, 1))
    expected = np.zeros(y.shape)
    inputs, outputs = x.shape[3] // attrs.group, w.shape[3]
    for n, i, j, c, p, q, o in np.ndindex(*x.shape, *w.shape[1:]):
        row = i * attrs.stride[0] + p * attrs.dilation[0] - top
        column = j * attrs.stride[1] + q * attrs.dilation[1] - left
        if 0 <= row < y.shape[1] and 0 <= column < y.shape[2]:
            expected[n, row, column, c // inputs * outputs + o] += float(x[n, i, j, c]) * float(w[c, p, q, o])
    np.testing.assert_allclose(y, activate(attrs.activation_type, expected + (b[0] if b else 0)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", rows("MaxPoolFusion", "AvgPoolFusion"), ids=str)
def test_pooling(case: Case) -> None:
    attrs, (x,) = case.attrs, case.inputs()
    assert isinstance(attrs, Pool)
    (y,) = ops.evaluate(attrs, [x])
    kernel = x.shape[1:3] if attrs.global_ else attrs.kernel_size
    strides = (1, 1) if attrs.global_ else attrs.strides
    top = left = 0
    if attrs.pad_mode == PadMode.SAME and not attrs.global_:
        top, left = (same_pads(x.shape[1 + a], kernel[a], strides[a], 1)[0] for a in (0, 1))
    elif attrs.pad:
        top, left = attrs.pad[0], attrs.pad[2]
    for n, i, j, c in np.ndindex(*y.shape):
        row, column = i * strides[0] - top, j * strides[1] - left
        window = x[n, max(row, 0) : row + kernel[0], max(column, 0) : column + kernel[1], c]
        expected = window.max() if isinstance(attrs, MaxPoolFusion) else window.mean(dtype=np.float64)
        assert y[n, i, j, c] == pytest.approx(activate(attrs.activation_type, expected), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("case", rows("MatMulFusion"), ids=str)
def test_matrix_product(case: Case) -> None:
    attrs, (a, b, *bias) = case.attrs, case.inputs()
    assert isinstance(attrs, MatMulFusion)
    left = a.swapaxes(-1, -2) if attrs.transpose_a else a
    right = b.swapaxes(-1, -2) if attrs.transpose_b else b
    expected = np.einsum("...mk,...kn->...mn", left.astype(np.float64), right.astype(np.float64))
    expected = activate(attrs.activation_type, expected + (bias[0] if bias else 0))
    np.testing.assert_allclose(ops.evaluate(attrs, [a, b, *bias])[0], expected, rtol=1e-6, atol=1e-6)


def test_erf() -> None:
    x = np.concatenate([np.linspace(-7, 7, 3001), [0.46875, 4.0, 1e-9, np.inf, -np.inf]])
    np.testing.assert_allclose(erf(x), [math.erf(v) for v in x], rtol=1e-14, atol=0)
    assert np.isnan(erf(np.array([np.nan])))
