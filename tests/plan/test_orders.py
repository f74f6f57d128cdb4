"""Which transposes products do without, and that the plan still computes the same."""
from __future__ import annotations

import numpy as np
import pytest

from lite.delegates.base import Orders
from lite.delegates.reference import ReferenceDelegate
from lite.ops.activation import Activation
from lite.ops.enums import ActivationType
from lite.ops.matmul import MatMulFusion
from lite.ops.transpose import Transpose
from lite.plan.build import Resources, build_plan
from lite.plan.network import resolve
from lite.plan.orders import without_transposes
from lite.types import DType, TensorSpec
from tests.plan.models import Row, evaluate, make_model

_X, _Z = (2, 5, 3, 4), (2, 5, 3, 4)  # [batch, position, head, feature]
_CONSTANTS = {
    "heads": np.array([0, 2, 1, 3], np.int32),
    "features": np.array([0, 2, 3, 1], np.int32),
    "last": np.array([0, -1, 1, 2], np.int32),
    "w": np.ones((2, 3, 4, 6), np.float32),
}
_HEADS, _FEATURES = (0, 2, 1, 3), (0, 2, 3, 1)
_A: Row = (Transpose(), ["x", "heads"], ["a"])
_B: Row = (Transpose(), ["z", "heads"], ["b"])
_TIMES = MatMulFusion(transpose_b=True)
_TANH = Activation(ActivationType.TANH)

# nodes, outputs, operators left, orders of the (first) product
ROWS: list[tuple[str, list[Row], str, list[str], Orders]] = [
    (
        "both operands",
        [_A, (Transpose(), ["z", "features"], ["b"]), (MatMulFusion(), ["a", "b"], ["y"])],
        "y",
        ["MatMulFusion"],
        Orders((_HEADS, _FEATURES)),
    ),
    (
        "operands and result",
        [_A, _B, (_TIMES, ["a", "b"], ["p"]), (Transpose(), ["p", "heads"], ["y"])],
        "y",
        ["MatMulFusion"],
        Orders((_HEADS, _HEADS), _HEADS),
    ),
    (
        "a square of one",
        [_A, (_TIMES, ["a", "a"], ["y"])],
        "y",
        ["MatMulFusion"],
        Orders((_HEADS, _HEADS)),
    ),
    (
        "what comes after the result",
        [_A, _B, (_TIMES, ["a", "b"], ["p"]), (Transpose(), ["p", "heads"], ["q"]), (_TANH, ["q"], ["y"])],
        "y",
        ["MatMulFusion", "Activation"],
        Orders((_HEADS, _HEADS), _HEADS),
    ),
    (
        "not what others read",
        [_A, (_TIMES, ["a", "z0"], ["y"]), (_TANH, ["a"], ["w1"])],
        "yw1",
        ["Transpose", "MatMulFusion", "Activation"],
        Orders(),
    ),
    ("not an output", [_A, (_TIMES, ["a", "z0"], ["y"])], "ya", ["Transpose", "MatMulFusion"], Orders()),
    ("not before a constant", [_A, (MatMulFusion(), ["a", "w"], ["y"])], "y", ["Transpose", "MatMulFusion"], Orders()),
    (
        "not rows taken apart",
        [(Transpose(), ["x", "features"], ["a"]), (MatMulFusion(), ["a", "a0"], ["y"])],
        "y",
        ["Transpose", "MatMulFusion"],
        Orders(),
    ),
    (
        "not results whose rows are taken apart",
        [(_TIMES, ["x", "z"], ["p"]), (Transpose(), ["p", "last"], ["y"])],
        "y",
        ["MatMulFusion", "Transpose"],
        Orders(),
    ),
    (
        "not rows that compete for cache",
        [(Transpose(), ["wide", "heads"], ["a"]), (_TIMES, ["a", "a"], ["y"])],
        "y",
        ["Transpose", "MatMulFusion"],
        Orders(),
    ),
]


@pytest.mark.parametrize(("nodes", "outputs", "left", "orders"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_products_read_and_write_in_other_orders(
    nodes: list[Row], outputs: str, left: list[str], orders: Orders
) -> None:
    read = {name for _, names, _ in nodes for name in names}
    shapes = {"x": _X, "z": _Z, "z0": (2, 3, 6, 4), "a0": (2, 3, 5, 2), "wide": (1, 2, 16, 64)}
    specs = [TensorSpec(DType.FLOAT32, shape, name) for name, shape in shapes.items() if name in read]
    ends = [name for name in ("y", "a", "w1") if name in outputs]
    constants = {name: value for name, value in _CONSTANTS.items() if name in read}
    model = make_model(specs, nodes, ends, constants)
    network = resolve(model, [spec.shape for spec in specs], 1 << 20)
    changed = without_transposes(network)
    assert [step.operation.op for step in changed.steps] == left
    (found,) = {step.operation.orders for step in changed.steps if step.operation.op == "MatMulFusion"}
    assert found == orders
    assert changed.constants() <= network.constants()

    plan = build_plan(network, Resources((ReferenceDelegate(),), 1 << 20))
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal(spec.shape).astype(np.float32) for spec in specs]
    for target, array in zip(plan.inputs, inputs, strict=True):
        np.copyto(target, array)
    plan.execute()
    for got, wanted in zip(plan.outputs, evaluate(model, inputs), strict=True):
        np.testing.assert_array_equal(got, wanted)
