"""What every setting of the converter leaves of the test beds' accuracy, and what it gains in size and time.

Accuracy is that on the held-out examples, and loss how many points of it a setting costs. Latency is that of one
example with one thread: all settings have many short turns, and the median of the quietest turn counts. Ratios are to
float32. Where onnxruntime is installed, what its quantization makes of the same network, with the same samples, is
beside.
"""
from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from statistics import median
from typing import Any

import converter
from lite import Session
from lite.commands.progress import progress
from lite.commands.show import duration, print_json, size, table
from lite.model import read_model
from lite.timing import timed_runs
from lite.types import Array, DType
from samples import peer_int8
from samples.beds import BEDS, Bed, Runner, correct

SAMPLES = "the bed's"  # stands for its calibration examples
FLOAT = "float32"
SETTINGS: dict[str, dict[str, dict[str, Any]]] = {  # name -> options of converter.convert
    FLOAT: {},
    "weights in 8 bits": {"quantization": {"kind": "weight"}},
    "weights in 4 bits": {"quantization": {"kind": "weight", "weight_bits": 4}},
    "weights in 4 bits, by samples": {"quantization": {"kind": "weight", "weight_bits": 4, "samples": SAMPLES}},
    "int8": {"quantization": {"samples": SAMPLES}},
    "int8, ranges by percentile": {"quantization": {"observer": "percentile", "samples": SAMPLES}},
    "dynamic": {"quantization": {"kind": "dynamic"}},
    "float16": {"quantization": {"kind": "float16"}},
    "weights in 16 clusters": {"quantization": {"kind": "weight", "weight_bits": 4, "spacing": "clustered"}},
    "weights in mixed bits": {"quantization": {"kind": "weight", "error_budget": 0.1, "samples": SAMPLES}},
    "half of the weights": {"pruning": {"weights": 0.5, "samples": SAMPLES}},
    "2 of 4 weights": {"pruning": {"pattern": "2:4", "samples": SAMPLES}},
    "a quarter of the weights, in 8 bits": {
        "pruning": {"weights": 0.75, "samples": SAMPLES}, "quantization": {"kind": "weight"},
    },
    "half of the channels": {"pruning": {"channels": 0.5, "samples": SAMPLES}},
    "half of the channels, int8": {
        "pruning": {"channels": 0.5, "samples": SAMPLES}, "quantization": {"samples": SAMPLES},
    },
}  # fmt: skip
FLOATING = (DType.FLOAT16, DType.FLOAT32, DType.FLOAT64)
SECONDS = 0.3  # that each latency is measured for
TURNS = 30  # that this is in
HEADER = ("setting", "right", "accuracy", "loss", "file", "ratio", "latency", "ratio")


@dataclass(frozen=True, slots=True)
class Result:
    """A bed under a setting. right: of so many held-out examples; latency: seconds of a run, see the module."""

    bed: str
    setting: str
    right: int
    examples: int
    nbytes: int
    latency: float


def convert(bed: Bed, setting: str) -> bytes:
    """The bed's network under a setting, as a `.ms` file."""
    samples = bed.calibration().inputs
    options = {
        name: {key: samples if value == SAMPLES else value for key, value in fields.items()}
        for name, fields in SETTINGS[setting].items()
    }
    return converter.convert(bed.model, options)


def judge(bed: Bed, tell: Callable[[str], None]) -> list[Result]:
    """The bed under every setting, float32 first, and in onnxruntime where that is there."""
    heldout = bed.heldout()
    runners: dict[str, Runner] = {}
    sizes: dict[str, int] = {}
    with ExitStack() as stack:
        for setting in SETTINGS:
            tell(f"{bed.name}: {setting}")
            model = convert(bed, setting)
            runners[setting] = stack.enter_context(Session(model, threads=1))
            sizes[setting] = len(model)
        for way in peer_int8.WAYS if peer_int8.available() else ():
            name = f"onnxruntime {way}"
            tell(f"{bed.name}: {name}")
            peer = peer_int8.prepare(bed, way)
            runners[name], sizes[name] = peer, peer.nbytes
        right = {name: correct(runner, heldout) for name, runner in runners.items()}
        tell(f"{bed.name}: latencies")
        latency = latencies(runners, heldout.inputs[0])
    return [Result(bed.name, name, right[name], len(heldout.labels), sizes[name], latency[name]) for name in runners]


def latencies(runners: Mapping[str, Runner], x: Array) -> dict[str, float]:
    """Seconds that a run of each takes while nothing else slows the machine down, measured in turns."""
    least = dict.fromkeys(runners, math.inf)
    for _ in range(TURNS):
        for name, runner in runners.items():
            runner.run(x)  # its memory is in the caches again
            least[name] = min(least[name], median(timed_runs(partial(runner.run, x), None, SECONDS / TURNS)))
    return least


def parameters(model: bytes) -> int:
    """How many numbers a model's weights are, floating or quantized."""
    weights = [tensor for tensor in read_model(model).tensors if tensor.spec.value is not None]
    return sum(tensor.spec.size for tensor in weights if tensor.quant or tensor.spec.dtype in FLOATING)


def as_text(bed: Bed, results: list[Result]) -> str:
    """A bed's results as a table; float32 is the first of them."""
    first = results[0]
    count = parameters(converter.convert(bed.model))
    rows = [
        (
            result.setting,
            f"{result.right} of {result.examples}",
            f"{result.right / result.examples:.2%}",
            f"{100 * (first.right - result.right) / result.examples:.2f}",
            size(result.nbytes),
            f"{result.nbytes / first.nbytes:.3f}",
            duration(result.latency),
            f"{result.latency / first.latency:.2f}",
        )
        for result in results
    ]
    return f"{bed.name}: {bed.network}, {count:,} parameters\n{table(rows, HEADER, right='lrrrrrrr')}\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m samples.accuracy", description=__doc__)
    parser.add_argument("beds", metavar="BED", nargs="*", help=f"{', '.join(BEDS)}; without one, all")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    args = parser.parse_args()
    for name in args.beds:
        if name not in BEDS:
            parser.error(f"there is no bed {name!r}; there are {', '.join(BEDS)}")
    found: list[Result] = []
    for bed in (BEDS[name] for name in args.beds or BEDS):
        with progress("judging") as tell:
            results = judge(bed, tell)
        found += results
        if not args.json:
            print(as_text(bed, results), flush=True)
    if args.json:
        print_json([asdict(result) for result in found])


if __name__ == "__main__":
    main()
