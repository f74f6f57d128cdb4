"""What exported files compute: ONNX in ONNX Runtime, MindIR in MindSpore, which runs in a process of its own."""
from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tests.conformance.side_by_side import run_shares

# Loads every FOLDER's model.mindir and runs it on inputs.npz; one that fails leaves error.txt.
_RUN = """
import os, sys, traceback
os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX2")  # as in exporter.py
import mindspore as ms, numpy as np
from mindspore import nn
ms.set_context(mode=ms.GRAPH_MODE, device_target="CPU")

def flatten(result):
    return [y for item in result for y in flatten(item)] if isinstance(result, (tuple, list)) else [result.asnumpy()]

for folder in sys.argv[1:]:
    try:
        with np.load(f"{folder}/inputs.npz") as data:
            inputs = [ms.Tensor(data[key]) for key in data]
        outputs = flatten(nn.GraphCell(ms.load(f"{folder}/model.mindir"))(*inputs))
        np.savez(f"{folder}/outputs.npz", **{f"{i}": y for i, y in enumerate(outputs)})
    except Exception:
        with open(f"{folder}/error.txt", "w") as file:
            file.write(traceback.format_exc())
"""


class EngineError(Exception):
    """An engine does not run a model; the message is the engine's."""


def by_onnxruntime(model: bytes | Path, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The outputs of a file, or its bytes, that is checked first; computed on one thread.

    Raises EngineError for what ONNX Runtime has no kernel for.
    """
    import onnx  # not there where plain pytest collects this module
    import onnxruntime

    source = model if isinstance(model, bytes) else str(model)
    onnx.checker.check_model(source, full_check=True)
    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented as error:
        raise EngineError(str(error)) from error
    return list(session.run(None, dict(inputs)))


def by_onnx(model: bytes, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The outputs, computed by the evaluator of ONNX itself, which knows every type."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    outputs = ReferenceEvaluator(onnx.load_from_string(model)).run(None, dict(inputs))
    return [np.asarray(y) for y in outputs]


def run_by_mindspore(folders: Sequence[Path]) -> None:
    """Run each folder's model.mindir on its inputs.npz, in a process for each core.

    What came of it, `by_mindspore` says.
    """
    with tempfile.TemporaryDirectory(prefix="mindlite-reports-") as place:
        run_shares([sys.executable, "-c", _RUN], [(str(folder),) for folder in folders], Path(place))


def by_mindspore(folder: Path) -> list[np.ndarray]:
    """The outputs that run_by_mindspore left in a folder. Raises EngineError where there was an error."""
    error = folder / "error.txt"
    if error.exists():
        raise EngineError(error.read_text("utf-8"))
    with np.load(folder / "outputs.npz") as data:
        return [data[f"{i}"] for i in range(len(data))]
