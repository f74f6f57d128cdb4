"""python -m tests.conformance.generate --cases 200 --seed 1 [--ops Conv2D,MatMul] [--case 3017] [--keep FOLDER]

Draws that many cases of every primitive, has MindSpore judge them and prints a row for each: cases, the largest error
of floats, how many fail, and for each that does what it was and how to repeat it. Ends with 1 where any fails.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.conformance.generate.index import GENERATORS
from tests.conformance.generate.run import Batch, batches, case_of, judge, prepare, repeat

_TOGETHER = 10  # primitives that one MindSpore process exports


def main() -> int:
    """Run what the arguments ask for; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.generate", description=__doc__)
    parser.add_argument("--cases", type=int, default=200, help="of every primitive (200)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ops", type=lambda text: text.split(","), default=sorted(GENERATORS), help="with commas")
    parser.add_argument("--case", type=int, help="this one alone")
    parser.add_argument("--keep", type=Path, help="a folder for MindSpore's exports, which a later run finds")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.ops) - set(GENERATORS))
    if unknown:
        parser.error(f"no generator for {', '.join(unknown)}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print(f"seed {arguments.seed}\n{'primitive':24}{'cases':>6}{'max error':>11}{'failures':>10}")
        failures = 0
        for start in range(0, len(arguments.ops), _TOGETHER):
            plan = {op: _wanted(arguments, op) for op in arguments.ops[start : start + _TOGETHER]}
            prepare([batch for wanted in plan.values() for batch in wanted], folder)
            failures += sum(_report(op, wanted, folder) for op, wanted in plan.items())
    return 1 if failures else 0


def _wanted(arguments: argparse.Namespace, op: str) -> list[Batch]:
    if arguments.case is not None:
        return [Batch(arguments.seed, op, arguments.case, 1)]
    return batches(arguments.seed, op, arguments.cases)


def _report(op: str, wanted: list[Batch], folder: Path) -> int:
    """Print a primitive's row; how many of its cases fail."""
    results = [result for batch in wanted for result in judge(batch, folder)]
    failed = [result for result in results if result.failure]
    worst = max((result.error for result in results if not result.failure), default=0.0)
    asked = sum(batch.count for batch in wanted)
    short = "" if len(results) == asked else f"   MindSpore refuses too many: {asked} were asked for"
    print(f"{op:24}{len(results):6}{worst:11.1e}{len(failed):10}{short}", flush=True)
    for result in failed:
        print(f"    case {result.index}: {case_of(wanted[0].seed, op, result.index)}\n        {result.failure}")
    if failed:
        print(f"    repeat: {repeat(wanted[0], failed[0])}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
