"""The table: for every primitive, the function that draws a case of it."""

from __future__ import annotations

from tests.conformance.generate import (
    arrangement,
    elementwise,
    functions,
    images,
    matrix,
    normalization,
    reduction,
    scatter,
    selection,
    shape,
    structure,
    volumes,
)
from tests.conformance.generate.case import Generator

GENERATORS: dict[str, Generator] = {
    **arrangement.GENERATORS,
    **elementwise.GENERATORS,
    **functions.GENERATORS,
    **images.GENERATORS,
    **matrix.GENERATORS,
    **normalization.GENERATORS,
    **reduction.GENERATORS,
    **scatter.GENERATORS,
    **selection.GENERATORS,
    **shape.GENERATORS,
    **structure.GENERATORS,
    **volumes.GENERATORS,
}

# They depend on shapes and Python numbers alone: MindSpore computes them while it exports, unless dimensions are
# dynamic. Those cases are COMPUTED_SHAPES in tests/conformance/cases.py.
NOT_GENERATED = (
    "FillScalar", "FillV2", "Ones", "OnesLike", "Range", "ScalarAdd", "ScalarFloorDiv", "ScalarMod", "ScalarMul",
    "ScalarSub", "ScalarToTensor", "Shape", "TensorToScalar", "Zeros", "ZerosLike",
)  # fmt: skip
