"""The same network in int8 as onnxruntime makes it of the ONNX export, with the same calibration data.

In three ways: all operators that it has in int8, which is what its tool does unless told otherwise; products alone; and
products whose activations become codes while it runs.
"""
from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import converter
from lite.types import Array
from samples.beds import Bed

WAYS = ("int8", "int8, products alone", "dynamic")
_WARNING, _ERROR = 2, 3  # as onnxruntime numbers them
PRODUCTS = ["Conv", "Gemm", "MatMul"]


def available() -> bool:
    """Whether onnxruntime and what it quantizes with are installed."""
    return find_spec("onnxruntime") is not None and find_spec("onnx") is not None


@dataclass(frozen=True, slots=True)
class Peer:
    """A network in onnxruntime, as a samples.beds.Runner. nbytes: of its file."""

    nbytes: int
    compute: Callable[[Array], Any]

    def run(self, x: Array, /) -> Any:
        """The network's output, with one thread."""
        return self.compute(x)


def prepare(bed: Bed, way: str) -> Peer:
    """The bed's network, quantized in one of WAYS."""
    import onnxruntime
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_dynamic,
        quantize_static,
    )

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = _ERROR
    with tempfile.TemporaryDirectory() as folder, _quietly():
        exported, coded = Path(folder, "float.onnx"), Path(folder, "int8.onnx")
        converter.export(bed.model, exported)
        (x,) = onnxruntime.InferenceSession(exported, options).get_inputs()

        class Reader(CalibrationDataReader):  # type: ignore[misc]
            """What it calibrates with."""

            def __init__(self) -> None:
                self._left = iter(bed.calibration().inputs)

            def get_next(self) -> dict[str, Any] | None:
                """The next sample; None behind the last."""
                sample = next(self._left, None)
                return None if sample is None else {x.name: sample}

        if way == "dynamic":
            quantize_dynamic(exported, coded, per_channel=True, weight_type=QuantType.QInt8)
        else:
            quantize_static(
                exported, coded, Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
                activation_type=QuantType.QInt8, weight_type=QuantType.QInt8,
                op_types_to_quantize=PRODUCTS if way != WAYS[0] else None,
            )  # fmt: skip
        model = coded.read_bytes()
        session = onnxruntime.InferenceSession(model, options)
    return Peer(len(model), lambda sample: session.run(None, {x.name: sample})[0])


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the advice that its tools log: the results say what they are worth."""
    import onnxruntime

    log = logging.getLogger()
    level = log.level
    log.setLevel(logging.ERROR)
    onnxruntime.set_default_logger_severity(_ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
        onnxruntime.set_default_logger_severity(_WARNING)
