"""MindSpore's side of conformance and benchmarks, a program in a process of its own.

    exporter.py [--benchmark] [--onnx] SOURCE FOLDER [SOURCE FOLDER ...]

Every SOURCE is a Python file with `inputs(rng) -> {name: array}` and `network() -> Cell`, and where it is exported with
dynamic dimensions `dynamic = {name: shape}`, None for each of them. `gain` makes its weights smaller where a sigmoid or
softmax would make 0 and 1 of what is larger. It may import tests.conformance.networks.blocks.
Into its FOLDER go model.mindir and data.npz (`input:<name>`, `output:<i>`; tuples flattened depth-first), or error.txt
where MindSpore refused. With --benchmark a SOURCE's `benchmark(rng) -> (Cell, inputs)` comes first where it has one;
with --onnx model.onnx, or onnx_error.txt, goes into the folder too. A folder appears complete or not at all.
"""
from __future__ import annotations

import importlib.util
import math
import os
import shutil
import sys
import tempfile
import traceback
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX2")  # with more, oneDNN convolves MindSpore's layout in plain loops

import mindspore as ms
import numpy as np

ROOT = Path(__file__).resolve().parents[2]


def load(source: Path) -> ModuleType:
    """The module in file `source`, under a name of its own: graph mode looks its functions' source up."""
    spec = importlib.util.spec_from_file_location(f"source_{zlib.crc32(str(source).encode())}", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def weights(name: str, shape: tuple[int, ...], gain: float) -> np.ndarray:
    """Random values that depend on the parameter's name and shape alone and keep activations bounded."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith(("gamma", "moving_variance")):
        return rng.uniform(0.5, 1.5, shape)
    if len(shape) < 2:
        return rng.normal(0.0, 0.1, shape)
    return rng.normal(0.0, gain * math.sqrt(2 / math.prod(shape[1:])), shape)


def flatten(result: object) -> Iterator[np.ndarray]:
    """The arrays of a tensor or a nest of tuples of tensors, depth-first."""
    if isinstance(result, tuple | list):
        for item in result:
            yield from flatten(item)
    elif isinstance(result, ms.Tensor):
        yield result.asnumpy()
    else:
        yield np.asarray(result)


def export(source: Path, folder: Path, benchmark: bool, onnx: bool) -> None:
    """Run the network in graph mode on its own inputs and write the model and the data into `folder`."""
    module = load(source)
    rng = np.random.default_rng(7)
    if benchmark and hasattr(module, "benchmark"):
        network, inputs = module.benchmark(rng)
    else:
        network, inputs = module.network(), module.inputs(rng)
    network.set_train(False)
    gain = getattr(module, "gain", 1.0)
    for name, parameter in network.parameters_and_names():
        if np.issubdtype(parameter.asnumpy().dtype, np.floating):
            parameter.set_data(ms.Tensor(weights(name, parameter.shape, gain), parameter.dtype))
    tensors = [ms.Tensor(value) for value in inputs.values()]
    outputs = list(flatten(network(*tensors)))
    for i, name in enumerate(inputs):
        if name in getattr(module, "dynamic", {}):
            tensors[i] = ms.Tensor(shape=module.dynamic[name], dtype=tensors[i].dtype)
    ms.export(network, *tensors, file_name=str(folder / "model"), file_format="MINDIR")
    data = {f"input:{name}": value for name, value in inputs.items()}
    data |= {f"output:{i}": value for i, value in enumerate(outputs)}
    np.savez(folder / "data.npz", **data)
    if onnx:
        try:
            ms.export(network, *tensors, file_name=str(folder / "model"), file_format="ONNX")
        except Exception:
            (folder / "onnx_error.txt").write_text(traceback.format_exc())


def main(arguments: list[str]) -> None:
    """Export each (source, folder) pair; one that fails leaves error.txt and does not stop the others."""
    sys.path.append(str(ROOT))  # where a definition finds the blocks
    ms.set_context(mode=ms.GRAPH_MODE, device_target="CPU")
    options = {argument for argument in arguments if argument.startswith("--")}
    arguments = [argument for argument in arguments if argument not in options]
    for source, folder in zip(arguments[::2], arguments[1::2], strict=True):
        target = Path(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part") as part:
            work = Path(part) / "export"
            work.mkdir()
            try:
                export(Path(source), work, "--benchmark" in options, "--onnx" in options)
            except Exception:
                (work / "error.txt").write_text(traceback.format_exc())
            shutil.rmtree(target, ignore_errors=True)
            work.rename(target)


if __name__ == "__main__":
    main(sys.argv[1:])
