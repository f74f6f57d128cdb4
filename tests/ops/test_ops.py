"""Every operator against its rows: inference and reference agree with each other and with hand-made results."""
from __future__ import annotations

import dataclasses
import re
from collections import Counter
from enum import IntEnum

import numpy as np
import pytest

from lite import ops
from lite.errors import DTypeError, ShapeError
from lite.ops.custom import OPERATORS
from lite.ops.registry import definition
from lite.schema.layout import TABLES
from lite.types import DType, TensorSpec
from tests.ops.case import Case
from tests.ops.cases import CASES

TOLERANCE = {np.dtype(np.float16): 1e-3, np.dtype(np.float32): 1e-6, np.dtype(np.float64): 1e-12}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_reference_gives_what_inference_says(case: Case) -> None:
    inputs = case.inputs()
    specs = [TensorSpec.of(x) if i in case.constant else _fed(x) for i, x in enumerate(inputs)]
    inferred = ops.infer(case.attrs, specs)
    outputs = ops.evaluate(case.attrs, inputs)
    assert [DType.of(y.dtype) for y in outputs] == [spec.dtype for spec in inferred]
    assert [len(y.shape) for y in outputs] == [spec.rank for spec in inferred]
    for y, spec in zip(outputs, inferred, strict=True):
        assert all(dim in (-1, size) for size, dim in zip(y.shape, spec.shape, strict=True))
        if spec.value is not None:
            np.testing.assert_array_equal(spec.value, y)


@pytest.mark.parametrize("case", [c for c in CASES if c.expected], ids=str)
def test_reference_gives_the_expected_numbers(case: Case) -> None:
    outputs = ops.evaluate(case.attrs, case.inputs())
    assert len(outputs) == len(case.expected)
    for y, expected in zip(outputs, case.expected, strict=True):
        tolerance = TOLERANCE.get(y.dtype, 0)
        np.testing.assert_allclose(y, np.array(expected, np.float64), rtol=tolerance, atol=tolerance, strict=False)
        assert y.shape == np.shape(expected)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_reference_leaves_its_inputs_alone(case: Case) -> None:
    inputs = case.inputs()
    for x in inputs:
        x.setflags(write=False)
    ops.evaluate(case.attrs, inputs)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_unknown_dimensions_stay_unknown_or_are_found(case: Case) -> None:
    """With every dimension of the fed inputs unknown, inference gives the same rank or says that it cannot."""
    inputs = case.inputs()
    _check_true_or_refused(
        case,
        [TensorSpec.of(x) if i in case.constant else _unknown(x) for i, x in enumerate(inputs)],
        "cannot tell the rank|without axes|outputs",
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_unknown_values_never_give_a_wrong_shape(case: Case) -> None:
    """With no value known, inference says less, not something else."""
    _check_true_or_refused(case, [_fed(x) for x in case.inputs()], "unknown|needs its type id as a constant")


@pytest.mark.parametrize("name", ops.known_ops())
def test_every_operator_is_complete(name: str) -> None:
    """It registers under its name, has a reference and rows, and every schema field is a field or ignored."""
    found = definition(name)
    assert found.attrs.__name__ == name
    assert found.evaluate is not None
    assert found.attrs.__doc__
    assert any(case.op == name for case in CASES)
    if name in OPERATORS:  # the schema has no fields to compare
        return
    fields = {f.name.rstrip("_"): f for f in dataclasses.fields(found.attrs)}  # type: ignore[arg-type]
    schema = _schema_fields(name)
    assert fields.keys() | set(found.attrs.ignored) == schema.keys()
    assert not fields.keys() & set(found.attrs.ignored)
    for label, field in fields.items():
        kind, default = schema[label]
        if isinstance(field.default, IntEnum):
            assert type(field.default).__name__ == kind
        if isinstance(field.default, (bool, int, float)):
            assert np.float32(field.default) == np.float32(default or 0), label


def test_case_names_are_unique() -> None:
    assert [name for name, count in Counter(case.id for case in CASES).items() if count > 1] == []


def _check_true_or_refused(case: Case, specs: list[TensorSpec], refusal: str) -> None:
    try:
        inferred = ops.infer(case.attrs, specs)
    except (ShapeError, DTypeError) as error:
        if re.search(refusal, str(error)) is None:
            raise
        return
    for y, spec in zip(ops.evaluate(case.attrs, case.inputs()), inferred, strict=True):
        assert all(dim in (-1, size) for size, dim in zip(y.shape, spec.shape, strict=True))


def _fed(x: np.ndarray) -> TensorSpec:
    return TensorSpec(DType.of(x.dtype), x.shape)


def _unknown(x: np.ndarray) -> TensorSpec:
    return TensorSpec(DType.of(x.dtype), (-1,) * x.ndim)


def _schema_fields(name: str) -> dict[str, tuple[str, str]]:
    """Type and default of each field of the operator's table in the schema."""
    table = next(line.split()[1:] for line in TABLES.splitlines() if line.split()[0] == name)
    parts = [text.partition(":") for text in table if text != "-"]
    return {label: (rest.partition("=")[0], rest.partition("=")[2]) for label, _, rest in parts}
