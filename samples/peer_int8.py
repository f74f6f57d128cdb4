"""The same network in int8 as onnxruntime makes it of the ONNX export, with the same calibration data."""
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

RUNS = 100  # that latencies are the median of


def available() -> bool:
    """Whether onnxruntime and what it quantizes with are installed."""
    return find_spec("onnxruntime") is not None and find_spec("onnx") is not None


def judge(bed: Bed) -> tuple[int, int, float]:
    """Bytes of the file, how many held-out examples are right, and the median latency in seconds, with one thread."""
    import onnxruntime
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

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

        quantize_static(
            exported, coded, Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QInt8, weight_type=QuantType.QInt8,
        )  # fmt: skip
        session = onnxruntime.InferenceSession(coded, options)
        guesses = [int(np.argmax(session.run(None, {x.name: sample})[0])) for sample in heldout.inputs]
        times = []
        for _ in range(RUNS):
            begin = perf_counter()
            session.run(None, {x.name: heldout.inputs[0]})
            times.append(perf_counter() - begin)
        return coded.stat().st_size, int(np.sum(guesses == heldout.labels)), median(times)
