"""How a result is compared with MindSpore's, and the two ways to compute one: the references, and a session."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from converter import convert
from converter.ir.evaluate import evaluate
from converter.mindir.reader import read_mindir
from tests.conformance.oracle import Export
from tests.kept import run_twice

TOLERANCE = 1e-4  # of the largest |output|; the noise floor between MindSpore and other engines is 1e-7 to 1e-5
HALF_TOLERANCE = 2e-3  # where float16 is computed in between: four roundings of 2**-11. MindSpore merges some operators


def assert_agrees(
    actual: Sequence[np.ndarray], export: Export, what: str, tolerance: float = TOLERANCE
) -> None:
    """The same number of outputs, each with MindSpore's shape, dtype and values."""
    assert len(actual) == len(export.outputs), f"{what}: {len(actual)} outputs, MindSpore gives {len(export.outputs)}"
    for index, (y, expected) in enumerate(zip(actual, export.outputs, strict=True)):
        assert (y.shape, y.dtype) == (expected.shape, expected.dtype), f"{what}: shape and dtype of output {index}"
        if expected.dtype.kind == "f":
            scale = np.abs(expected[np.isfinite(expected)]).max(initial=1e-30)
            np.testing.assert_allclose(y, expected, rtol=0, atol=tolerance * scale, err_msg=f"{what}: output {index}")
        else:
            np.testing.assert_array_equal(y, expected, err_msg=f"{what}: output {index}")


def by_references(export: Export) -> list[np.ndarray]:
    """The outputs in order: the graph that is read, computed by the numpy references."""
    graph = read_mindir(export.mindir)
    by_name = evaluate(graph, export.inputs)
    return [by_name[value.name] for value in graph.outputs]


def by_session(export: Export, input_shapes: Mapping[str, tuple[int, ...]] | None = None) -> list[np.ndarray]:
    """The outputs in order: converted to `.ms`, with input shapes fixed, and run on the device's kernels, twice."""
    return run_twice(convert(export.mindir, {"input_shapes": input_shapes or {}}), export.inputs)


WAYS = (by_references, by_session)
