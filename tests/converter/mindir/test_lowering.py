"""The table of primitives: closed over the conformance cases, and what its rows refuse."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from converter.errors import ParseError
from converter.mindir.lowering import CONVERTERS, parameters_of
from converter.mindir.primitives import PRIMITIVES, WAYS_OUT
from converter.mindir.reader import read_mindir
from converter.mindir.structure import STRUCTURE
from lite.errors import UnsupportedOpError
from tests.conformance.cases import CASES
from tests.conformance.cases_states import CASES as STATE_CASES
from tests.converter.mindir.building import ModelBuilder

IMAGE = (1, 4, 8, 8)


def test_every_row_has_a_conformance_case() -> None:
    assert set(PRIMITIVES) - {case.primitive for case in (*CASES, *STATE_CASES)} == set()


def test_the_tables_do_not_overlap() -> None:
    assert not set(PRIMITIVES) & set(STRUCTURE)
    assert not (set(PRIMITIVES) | set(STRUCTURE)) & set(WAYS_OUT)


@pytest.mark.parametrize("primitive", PRIMITIVES)
def testparameters_of_have_types_that_arguments_can_take(primitive: str) -> None:
    for parameter in parameters_of(PRIMITIVES[primitive]):
        assert parameter.annotation in CONVERTERS, parameter


REFUSED: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("Conv2D", (IMAGE, np.zeros((2, 4, 3, 3), np.float32)), {"pad_mode": "same", "format": "NHWC"}, "laid out as NHWC"),
    ("MaxPool", (IMAGE,), {"kernel_size": 2, "strides": 2, "pad_mode": "pad"}, "pads explicitly"),
    ("MaxPool", (IMAGE,), {"kernel_size": 2, "strides": 2, "format": "NHWC"}, "laid out as NHWC"),
    ("AvgPool", (IMAGE, (2, 2), (2, 2), 1, 1), {}, "laid out as 1"),
    ("MaxPoolWithArgmax", (IMAGE,), {"ksize": (1, 3, 3, 1), "strides": (1, 2, 2, 1), "pad_mode": "SAME"}, "above 1"),
    ("AdaptiveAvgPool2D", (IMAGE,), {"output_size": (3, 0)}, "only images"),
    ("ResizeLinear1D", (IMAGE, (4,), 0), {}, "only lines"),
    ("TensorScatterElements", (IMAGE, np.zeros(IMAGE, np.int32), np.zeros(IMAGE), 0, 7), {}, "combines elements by 7"),
    ("LeftShift", (IMAGE, np.ones(1, np.int32)), {}, "make it a constant"),
    ("LpNorm", (IMAGE,), {"axis": (1,), "p": -1}, "only positive"),
    ("Median", (IMAGE,), {"ignore_nan": True}, "leaves NaN out"),
    ("ResizeNearestNeighbor", (IMAGE, (4, 4), False, True), {}, "half_pixel_centers"),
    ("Softmax", (IMAGE, (1, 2)), {}, "only one axis"),
    ("Gather", (IMAGE, np.zeros((1, 2), np.int32), 1, 1), {}, "batch dimensions"),
    ("StridedSlice", (IMAGE, (0,), (1,), (1,), 0, 0, 0, 1, 0), {}, "expand_dims"),
    ("PadV3", (IMAGE, (1, 1)), {"mode": "even"}, "mode 'even'"),
    ("Round", (IMAGE, 2), {}, "2 decimals"),
    ("Cast", (IMAGE, 48), {}, "the type 48"),
    ("Argmax", (IMAGE, 1, 42), {}, "indices of the type 42"),
    ("Add", (1, 2), {}, "Python numbers only"),
    ("RepeatInterleaveInt", (IMAGE, 0, 1), {}, "at least once"),
    ("AdaptiveAvgPool2DExt", (IMAGE, (2**31, 2)), {}, "at most 1024"),
    ("AvgPool2D", (IMAGE, (2, 2), (2, 2), (0, 0), True), {}, "ceil_mode"),
    ("MaxPoolWithMask", (IMAGE, (2, 2), (2, 2), (0, 0), (2, 2)), {}, "dilation"),
    ("Dropout", (IMAGE,), {}, "only training needs"),
    ("Print", (IMAGE,), {}, "remove the print"),
]


@pytest.mark.parametrize(("op", "inputs", "attributes", "reason"), REFUSED, ids=[f"{r[0]} {r[3]}" for r in REFUSED])
def test_unsupported_uses_name_a_way_out(op: str, inputs: Any, attributes: dict[str, Any], reason: str) -> None:
    model = ModelBuilder()
    given = [model.input("x", value) if value is IMAGE else model.constant(value) for value in inputs]
    model.output(model.node(op, *given, scope="Default/here", **attributes))
    with pytest.raises(UnsupportedOpError, match=reason) as caught:
        read_mindir(model.bytes())
    assert [(row.op, row.count, row.where) for row in caught.value.ops] == [(op, 1, "Default/here")]


CONTRADICTED: list[tuple[str, tuple[Any, ...], str]] = [
    ("Narrow", (IMAGE, 9, 0, 1), "no 1 slices along dimension 9"),
    ("Narrow", (IMAGE, 1, 0, -1), "no -1 slices"),
    ("Im2ColExt", (IMAGE, (2, 2), (1, 1), (0, 0), (0, 1)), "should all be positive"),
    ("Conv2DExt", (IMAGE, np.ones((2, 4, 3, 3), np.float32), None, (0, 0)), "stride"),
    ("LayerNormExt", (IMAGE, (2**40,)), "no last dimensions"),
]


@pytest.mark.parametrize(("op", "inputs", "reason"), CONTRADICTED, ids=[f"{r[0]} {r[2]}" for r in CONTRADICTED])
def test_settings_without_a_meaning_are_named(op: str, inputs: Any, reason: str) -> None:
    model = ModelBuilder()
    given = [model.input("x", value) if value is IMAGE else model.constant(value) for value in inputs]
    model.output(model.node(op, *given, scope="Default/here"))
    with pytest.raises(ParseError, match=reason):
        read_mindir(model.bytes())


def test_statistics_of_a_batch_need_its_size() -> None:
    model = ModelBuilder()
    factors = [model.constant(np.ones(4, np.float32)) for _ in range(4)]
    norm = model.node("BatchNorm", model.input("x", (-1, 4, 8, 8)), *factors, model.constant(True))
    model.output(model.node("TupleGetItem", norm, model.constant(0)))
    with pytest.raises(UnsupportedOpError, match="fix the shapes"):
        read_mindir(model.bytes())
    assert read_mindir(model.bytes(), {"x": (2, 4, 8, 8)}).outputs[0].spec.shape == (2, 4, 8, 8)
