"""Convert a MindIR export when it is newer than its .ms, run it on random inputs, and say what it takes and gives.

    python samples/convert_and_run.py model.mindir
"""
from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

import converter
import lite
from lite.types import TensorSpec


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python samples/convert_and_run.py MODEL.mindir")
    exported = Path(sys.argv[1])
    model = exported.with_suffix(".ms")
    if not model.exists() or model.stat().st_mtime < exported.stat().st_mtime:
        model.write_bytes(converter.convert(exported))

    rng = np.random.default_rng(0)
    with lite.Session(model) as session:
        inputs = {x.name: _random(x, rng) for x in session.inputs}
        session.run(inputs)  # the first run pays for pages that are touched for the first time
        begin = time.perf_counter()
        result = session.run(inputs)
        elapsed = time.perf_counter() - begin
        outputs = result if isinstance(result, dict) else {session.outputs[0].name: result}
    for name, array in inputs.items():
        print(f"input   {name} {array.dtype}{list(array.shape)}")
    for name, array in outputs.items():
        print(f"output  {name} {array.dtype}{list(array.shape)} from {array.min():.4g} to {array.max():.4g}")
    print(f"latency {elapsed * 1e3:.3f} ms")


def _random(spec: TensorSpec, rng: np.random.Generator) -> np.ndarray:
    """Normal numbers; zeros and ones for integers, which are often indices."""
    numbers = rng.standard_normal(spec.shape) if spec.dtype.dtype.kind == "f" else rng.integers(0, 2, spec.shape)
    return numbers.astype(spec.dtype.dtype)


if __name__ == "__main__":
    main()
