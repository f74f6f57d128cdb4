"""Constants in 16 bits: float32 to their readers, exactly; float16 that is computed with stays what it is."""
from __future__ import annotations

import numpy as np
import pytest

from converter.emit.graph import emit
from converter.ir.graph import Graph, Value
from lite import Session, ops
from lite.errors import InvalidModelError
from lite.halves import Half, from_bfloat16, halved
from lite.model import read_model
from lite.types import Array, DType, TensorSpec
from tests.formats.files import small_tree, write

RNG = np.random.default_rng(29)
ALL = np.arange(1 << 16, dtype=np.uint16)


def network(stored: Half, dtype: DType = DType.FLOAT32) -> Graph:
    """x @ stored."""
    graph = Graph()
    x = graph.add_input(TensorSpec(dtype, (2, 16), "x"))
    w = Value(TensorSpec(DType.FLOAT32, stored.shape, "w", stored))
    graph.outputs = list(graph.add(ops.attributes("MatMulFusion", {}), [x, w], "y"))
    return graph


def test_every_number_is_widened_exactly() -> None:
    half = Half(ALL, ALL.shape).decode()
    np.testing.assert_array_equal(half.view(np.uint32), ALL.view(np.float16).astype(np.float32).view(np.uint32))
    brain = Half(ALL, ALL.shape, brain=True).decode()
    np.testing.assert_array_equal(brain.view(np.uint32), ALL.astype(np.uint32) << 16)


def test_numbers_are_rounded_to_the_nearest() -> None:
    numbers = np.concatenate([RNG.normal(size=5000) * 0.02, [0.0, -0.0, 1e-7, np.inf, -np.inf]]).astype(np.float32)
    np.testing.assert_array_equal(halved(numbers), numbers.astype(np.float16).view(np.uint16))
    words = halved(numbers, brain=True)
    ahead, behind = (from_bfloat16((words[:5000] + np.uint16(step)).astype(np.uint16)) for step in (1, 0xFFFF))
    error = np.abs(from_bfloat16(words[:5000]) - numbers[:5000])
    assert (error <= np.abs(ahead - numbers[:5000])).all()
    assert (error <= np.abs(behind - numbers[:5000])).all()
    np.testing.assert_array_equal(from_bfloat16(words)[[-5, -4, -2, -1]], np.float32([0, -0.0, np.inf, -np.inf]))
    ties = np.array([0x3F808000, 0x3F818000, 0x7FC00001, 0x7F800001], np.uint32).view(np.float32)
    np.testing.assert_array_equal(halved(ties, brain=True), [0x3F80, 0x3F82, 0x7FC0, 0x7FC0])


@pytest.mark.parametrize("delegates", [None, ["reference"]])
@pytest.mark.parametrize("brain", [False, True])
def test_a_file_has_half_of_the_bytes_and_computes_in_float32(brain: bool, delegates: list[str] | None) -> None:
    w = RNG.normal(size=(16, 5)).astype(np.float32)
    stored = Half(halved(w, brain).reshape(-1), w.shape, brain)
    file = emit(network(stored))
    read = next(t.spec for t in read_model(file).tensors if t.spec.is_known)
    assert isinstance(read.data, Half)
    assert (read.dtype, read.data.nbytes) == (DType.FLOAT32, w.nbytes // 2)
    x = RNG.normal(size=(2, 16)).astype(np.float32)
    with Session(file, delegates=delegates) as session:
        np.testing.assert_allclose(session.run(x), x @ stored.decode(), rtol=1e-5, atol=1e-5)


def test_float16_that_is_computed_with_stays() -> None:
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT16, (2, 16), "x"))
    w: Array = RNG.normal(size=(16, 5)).astype(np.float16)
    graph.outputs = list(graph.add(ops.attributes("MatMulFusion", {}), [x, Value.constant(w, "w")], "y"))
    assert [t.spec.dtype for t in read_model(emit(graph)).tensors] == [DType.FLOAT16] * 3


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"dataType": 45, "data": bytes(5)}, "tensor 1 .*expected 6 bytes"),
        ({"dataType": 45, "data": b"", "nodeType": 2}, "tensor 1 .*bfloat16 for constants alone"),
    ],
)
def test_damaged_files_are_refused(row: dict[str, object], words: str) -> None:
    tree = small_tree()
    tree["allTensors"][1] |= row
    with pytest.raises(InvalidModelError, match=words):
        read_model(write(tree))
