"""What every setting of the converter leaves of the test beds' accuracy, and what it gains in size and time.

Accuracy is that on the held-out examples, latency the median of runs of one example with one thread. Where onnxruntime
is installed, what its quantization makes of the same network is beside.
"""
from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import converter
from lite import Session
from lite.bench import measure
from lite.commands.show import duration, size, table
from lite.model import read_model
from lite.types import DType
from samples import peer_int8
from samples.beds import BEDS, Bed, correct

SETTINGS: dict[str, Callable[[Bed], bytes]] = {  # name -> the .ms file of a bed
    "float32": lambda bed: converter.convert(bed.model),
    "weights in 8 bits": lambda bed: _quantized(bed, kind="weight"),
    "weights in 4 bits": lambda bed: _quantized(bed, kind="weight", weight_bits=4, weight_range="mse"),
    "weights in 4 bits, compensated": lambda bed: _quantized(
        bed, kind="weight", weight_bits=4, weight_range="mse", rounding="compensated", samples=bed.calibration().inputs
    ),
    "int8": lambda bed: _quantized(bed, samples=bed.calibration().inputs),
    "dynamic": lambda bed: _quantized(bed, kind="dynamic"),
    "half of the channels": lambda bed: _pruned(bed, channels=0.5),
}
FLOATING = (DType.FLOAT16, DType.FLOAT32, DType.FLOAT64)
SECONDS = 0.3  # that latencies are measured for
HEADER = ("bed", "network", "parameters", "setting", "file", "right", "accuracy", "latency")


def _pruned(bed: Bed, **settings: object) -> bytes:
    return converter.convert(bed.model, {"pruning": {"samples": bed.calibration().inputs, **settings}})


def _quantized(bed: Bed, **settings: Any) -> bytes:
    return converter.convert(bed.model, {"quantization": settings})


@dataclass(frozen=True, slots=True)
class Result:
    """A bed under a setting. right: of so many held-out examples; latency: seconds, the median."""

    parameters: int
    nbytes: int
    right: int
    examples: int
    latency: float


def judge(bed: Bed, setting: str) -> Result:
    """Convert, run every held-out example, and measure the latency."""
    model = SETTINGS[setting](bed)
    heldout = bed.heldout()
    with Session(model, threads=1) as session:
        right = correct(session, heldout)
        latency = measure(session, heldout.inputs[0], seconds=SECONDS).median
    return Result(parameters(model), len(model), right, len(heldout.labels), latency)


def parameters(model: bytes) -> int:
    """How many numbers its weights are, floating or quantized."""
    weights = [tensor for tensor in read_model(model).tensors if tensor.spec.value is not None]
    return sum(tensor.spec.size for tensor in weights if tensor.quant or tensor.spec.dtype in FLOATING)


def judge_peer(bed: Bed, way: str) -> Result:
    """The same of onnxruntime's quantization, in one of peer_int8.WAYS."""
    nbytes, right, latency = peer_int8.judge(bed, way)
    return Result(parameters(converter.convert(bed.model)), nbytes, right, len(bed.heldout().labels), latency)


def row(bed: Bed, setting: str, result: Result) -> tuple[str, ...]:
    """A line of the table."""
    return (
        bed.name,
        bed.network,
        f"{result.parameters:,}",
        setting,
        size(result.nbytes),
        f"{result.right} of {result.examples}",
        f"{result.right / result.examples:.2%}",
        duration(result.latency),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m samples.accuracy", description=__doc__)
    parser.add_argument("beds", metavar="BED", nargs="*", help=f"{', '.join(BEDS)}; without one, all")
    names = parser.parse_args().beds or list(BEDS)
    for name in names:
        if name not in BEDS:
            parser.error(f"there is no bed {name!r}; there are {', '.join(BEDS)}")
    rows = []
    for bed in (BEDS[name] for name in names):
        rows += [row(bed, setting, judge(bed, setting)) for setting in SETTINGS]
        if peer_int8.available():
            rows += [row(bed, f"onnxruntime {way}", judge_peer(bed, way)) for way in peer_int8.WAYS]
    print(table(rows, HEADER, right="llrlrrrr"))


if __name__ == "__main__":
    main()
