"""The same network in int8 as onnxruntime makes it of the ONNX export, with the same calibration data.

In three ways: all operators that it has in int8, which is what its tool does unless told otherwise; products alone; and
products whose activations become codes while it runs.
"""
from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

import converter
from samples.beds import Bed

WAYS = ("int8", "int8, products alone", "dynamic")
PRODUCTS = ["Conv", "Gemm", "MatMul"]
RUNS = 100  # that latencies are the median of


def available() -> bool:
    """Whether onnxruntime and what it quantizes with are installed."""
    return find_spec("onnxruntime") is not None and find_spec("onnx") is not None


def judge(bed: Bed, way: str) -> tuple[int, int, float]:
    """Bytes of the file, how many held-out examples are right, and the median latency in seconds, with one thread.

    way: one of WAYS.
    """
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
    options.log_severity_level = 3
    heldout = bed.heldout()
    with tempfile.TemporaryDirectory() as folder:
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
        session = onnxruntime.InferenceSession(coded, options)
        guesses = [int(np.argmax(session.run(None, {x.name: sample})[0])) for sample in heldout.inputs]
        times = []
        for _ in range(RUNS):
            begin = perf_counter()
            session.run(None, {x.name: heldout.inputs[0]})
            times.append(perf_counter() - begin)
        return coded.stat().st_size, int(np.sum(guesses == heldout.labels)), median(times)
