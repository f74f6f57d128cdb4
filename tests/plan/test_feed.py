"""What run() accepts: every way to give inputs, and what is said about every misuse."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lite.errors import DTypeError, ShapeError, TensorError, TensorNameError
from lite.plan.feed import Feed
from lite.types import DType, TensorSpec

X = TensorSpec(DType.FLOAT32, (2, 3), "x")
ID = TensorSpec(DType.INT8, (2,), "id")
MASK = TensorSpec(DType.BOOL, (), "mask")
BATCH = TensorSpec(DType.FLOAT32, (-1, 3), "batch")

SQUARE = np.arange(6, dtype=np.float32).reshape(2, 3)
ROWS = [[0, 1, 2], [3, 4, 5]]


class Readable:
    """An object of another library that numpy can read."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return SQUARE


ACCEPTED: list[tuple[str, TensorSpec, Any]] = [
    ("an array", X, SQUARE),
    ("a list of one", X, [SQUARE]),
    ("a tuple of one", X, (SQUARE,)),
    ("a mapping", X, {"x": SQUARE}),
    ("transposed memory", X, np.asfortranarray(SQUARE)),
    ("a strided view", X, np.repeat(SQUARE, 2, axis=1)[:, ::2]),
    ("a reversed view", X, SQUARE[::-1][::-1]),
    ("not aligned", X, np.frombuffer(b"_" + SQUARE.tobytes(), np.float32, 6, 1).reshape(2, 3)),
    ("read-only", X, np.frombuffer(SQUARE.tobytes(), np.float32).reshape(2, 3)),
    ("the other byte order", X, SQUARE.astype(SQUARE.dtype.newbyteorder())),
    ("nested lists", X, [ROWS]),
    ("nested lists by name", X, {"x": ROWS}),
    ("another library's array", X, Readable()),
    ("a buffer", X, SQUARE.data),
    ("an open dimension", BATCH, SQUARE),
]


@pytest.mark.parametrize(("spec", "given"), [r[1:] for r in ACCEPTED], ids=[r[0] for r in ACCEPTED])
def test_accepted(spec: TensorSpec, given: Any) -> None:
    (array,) = Feed([spec]).arrange(given)
    np.testing.assert_array_equal(array, SQUARE)


CONVERTED: list[tuple[TensorSpec, Any, Any]] = [
    (ID, [[1, -128]], [1, -128]),
    (ID, [[True, False]], [1, 0]),
    (MASK, True, True),
    (MASK, [False], False),
    (MASK, np.bool_(True), True),
    (TensorSpec(DType.FLOAT32, (), "s"), 3, 3.0),
    (TensorSpec(DType.FLOAT16, (), "s"), 0.5, 0.5),
    (TensorSpec(DType.FLOAT32, (2,), "s"), [[float("inf"), -1e300]], [np.inf, -np.inf]),
    (TensorSpec(DType.FLOAT32, (0,), "s"), [[]], []),
    (TensorSpec(DType.UINT64, (), "s"), 2**64 - 1, 2**64 - 1),
]


@pytest.mark.parametrize(("spec", "given", "expected"), CONVERTED, ids=lambda v: str(v))
def test_python_values_take_the_inputs_dtype(spec: TensorSpec, given: Any, expected: Any) -> None:
    (array,) = Feed([spec]).arrange(given)
    assert array.dtype == spec.dtype.dtype
    np.testing.assert_array_equal(array, expected)


def test_several_inputs_by_order_and_by_name() -> None:
    feed = Feed([X, ID])
    ids = np.array([7, 8], np.int8)
    for given in ([SQUARE, ids], (SQUARE, ids), {"id": ids, "x": SQUARE}):
        arrays = feed.arrange(given)
        assert arrays[0] is SQUARE
        assert arrays[1] is ids


MISUSES: list[tuple[str, list[TensorSpec], Any, type[TensorError], str]] = [
    ("shape", [X], np.zeros((3, 2), np.float32), ShapeError, r"input 'x' has shape \[2,3\], got \[3,2\]"),
    ("no batch", [X], np.zeros(3, np.float32), ShapeError, r"input 'x' has shape \[2,3\], got \[3\]"),
    ("right size, other shape", [X], np.zeros(6, np.float32), ShapeError, r"got \[6\]"),
    ("scalar", [X], np.float32(1), ShapeError, r"got \[\]"),
    ("open dimension", [BATCH], np.zeros((2, 4), np.float32), ShapeError, r"has shape \[\?,3\], got \[2,4\]"),
    ("float64", [X], np.zeros((2, 3)), DTypeError, r"input 'x' is float32, got float64; .*x\.astype\(np\.float32\)"),
    ("numpy scalar", [TensorSpec(DType.FLOAT32, (), "s")], np.float64(1), DTypeError, "is float32, got float64"),
    ("integers", [X], np.zeros((2, 3), np.int32), DTypeError, "is float32, got int32"),
    ("strings", [X], [[["a"] * 3] * 2], DTypeError, "does not hold numbers"),
    ("objects", [X], object(), DTypeError, "does not hold numbers"),
    ("None", [X], None, DTypeError, "got object"),
    ("floats for integers", [ID], [[1.5, 2]], DTypeError, "input 'id' is int8, got float64"),
    ("out of range", [ID], [[1, 128]], DTypeError, "int8, which cannot hold all the values given"),
    ("far out of range", [ID], [[1, 2**70]], DTypeError, "input 'id' is int8"),
    ("complex", [X], np.zeros((2, 3), np.complex64), DTypeError, "got complex64"),
    ("ragged", [X], [[[1, 2, 3], [4, 5]]], ShapeError, "ragged"),
    ("name", [X], {"y": SQUARE}, TensorNameError, "there is no input 'y'; the model takes 1 input: x: float32"),
    ("missing", [X, ID], {"x": SQUARE}, TensorNameError, r"input 'id' is missing; .*2 inputs: x: .*; id: int8\[2\]"),
    ("one too many", [X], {"x": SQUARE, "z": 1}, TensorNameError, "there is no input 'z'"),
    ("one for two", [X, ID], SQUARE, ShapeError, "takes 2 inputs: .*; 1 was given"),
    ("none", [X], [], ShapeError, "takes 1 input: .*; 0 were given"),
    ("a batch as a list", [X], [ROWS[0]], ShapeError, r"got .*; a list has one entry an input: .*\[values\]"),
    ("rows as inputs", [X], ROWS, ShapeError, r"2 were given; a list has one entry an input: .*\[values\]"),
    ("three for two", [X, ID], [SQUARE] * 3, ShapeError, "3 were given"),
]


@pytest.mark.parametrize(
    ("specs", "given", "error", "message"), [r[1:] for r in MISUSES], ids=[r[0] for r in MISUSES]
)
def test_misused(specs: list[TensorSpec], given: Any, error: type[TensorError], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        Feed(specs).arrange(given)
    assert "the model takes" in str(caught.value)
