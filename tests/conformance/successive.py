"""MindSpore's side for networks that keep states: a program as exporter.py is, for networks that are run several times.

    successive.py SOURCE FOLDER [SOURCE FOLDER ...]

A run changes what a network's parameters hold, so it is exported first. `inputs(rng)` is called once for each run:
arrays in data.npz have the runs as their first axis, but for outputs, of which there are as many as all runs give.
"""
from __future__ import annotations

import shutil
import sys
import tempfile
import traceback
from pathlib import Path

import mindspore as ms
import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[2]))

from tests.conformance.exporter import flatten, load

RUNS = 4


def export(source: Path, folder: Path) -> None:
    """Write the model, then run the network on its inputs in graph mode and write the data."""
    module = load(source)
    rng = np.random.default_rng(7)
    network = module.network().set_train(False)
    runs = [module.inputs(rng) for _ in range(RUNS)]
    arguments = [[ms.Tensor(value) for value in inputs.values()] for inputs in runs]
    ms.export(network, *arguments[0], file_name=str(folder / "model"), file_format="MINDIR")
    outputs = [value.copy() for tensors in arguments for value in flatten(network(*tensors))]
    data = {f"input:{name}": np.stack([inputs[name] for inputs in runs]) for name in runs[0]}
    np.savez(folder / "data.npz", **data, **{f"output:{i}": value for i, value in enumerate(outputs)})


def main(arguments: list[str]) -> None:
    """Export each (source, folder) pair; one that fails leaves error.txt and does not stop the others."""
    ms.set_context(mode=ms.GRAPH_MODE, device_target="CPU")
    for source, folder in zip(arguments[::2], arguments[1::2], strict=True):
        target = Path(folder)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part") as part:
            work = Path(part) / "export"
            work.mkdir()
            try:
                export(Path(source), work)
            except Exception:
                (work / "error.txt").write_text(traceback.format_exc())
            shutil.rmtree(target, ignore_errors=True)
            work.rename(target)


if __name__ == "__main__":
    main(sys.argv[1:])
