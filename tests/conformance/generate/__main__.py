"""python -m tests.conformance.generate [--cases 200] [--seed 1] [--ops Conv2D,MatMul] [--keep FOLDER] [--write]

Draws that many cases of every primitive, has MindSpore judge them and prints a row for each: cases, the largest error
of floats, how many fail, and for each that does what it was and how to repeat it. Ends with 1 where any fails.
--write puts the rows into tests/conformance/COVERAGE.md, in place of what it has of the same primitives.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from converter.mindir.primitives import PRIMITIVES
from tests.conformance.coverage import PAGE, write_primitives
from tests.conformance.generate.index import GENERATORS
from tests.conformance.generate.run import Batch, batches, case_of, judge, prepare, repeat

_TOGETHER = 10  # primitives that one MindSpore process exports
_SHOWN = 10  # failures of a primitive


def main() -> int:
    """Run what the arguments ask for; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.generate", description=__doc__)
    parser.add_argument("--cases", type=int, default=200, help="of every primitive (200)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ops", type=lambda text: text.split(","), default=sorted(GENERATORS), help="with commas")
    parser.add_argument("--case", type=int, help="this one alone")
    parser.add_argument("--keep", type=Path, help="a folder for MindSpore's exports, which a later run finds")
    parser.add_argument("--write", action="store_true", help=f"put the rows into {PAGE.name}")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.ops) - set(GENERATORS))
    if unknown:
        parser.error(f"no generator for {', '.join(unknown)}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print(f"seed {arguments.seed}\n{'primitive':24}{'cases':>6}{'max error':>11}{'failures':>10}")
        rows: list[Row] = []
        for start in range(0, len(arguments.ops), _TOGETHER):
            plan = {op: _wanted(arguments, op) for op in arguments.ops[start : start + _TOGETHER]}
            prepare([batch for wanted in plan.values() for batch in wanted], folder)
            rows += [_report(op, wanted, folder) for op, wanted in plan.items()]
    if arguments.write:
        write_primitives(_words(arguments.seed), _HEADER, [row.cells for row in rows], PRIMITIVES)
    return 1 if any(row.failures for row in rows) else 0


def _wanted(arguments: argparse.Namespace, op: str) -> list[Batch]:
    if arguments.case is not None:
        return [Batch(arguments.seed, op, arguments.case, 1)]
    return batches(arguments.seed, op, arguments.cases)


@dataclass(frozen=True)
class Row:
    """What became of a primitive's cases. error: the largest of those that agree."""

    op: str
    cases: int
    failures: int
    error: float

    @property
    def cells(self) -> tuple[str, ...]:
        """As a row of the table."""
        return self.op, str(self.cases), str(self.failures), f"{self.error:.1e}"


_HEADER = ("primitive", "random cases", "that disagree", "max error")


def _words(seed: int) -> tuple[str, ...]:
    return (
        f"Written by `python -m tests.conformance.generate --seed {seed} --write`: random cases of a primitive, with",
        "shapes, attributes and element types drawn anew for each, computed by MindSpore 2.10, by the numpy references",
        "and by a session. The error is a share of the largest |output|; integers, booleans and what is only moved",
        "have to be equal.",
    )


def _report(op: str, wanted: list[Batch], folder: Path) -> Row:
    """Print a primitive's row, and what failed."""
    results = [result for batch in wanted for result in judge(batch, folder)]
    failed = [result for result in results if result.failure]
    worst = max((result.error for result in results if not result.failure), default=0.0)
    asked = sum(batch.count for batch in wanted)
    short = "" if len(results) == asked else f"   MindSpore refuses too many: {asked} were asked for"
    print(f"{op:24}{len(results):6}{worst:11.1e}{len(failed):10}{short}", flush=True)
    for result in failed[:_SHOWN]:
        print(f"    case {result.index}: {case_of(wanted[0].seed, op, result.index)}\n        {result.failure}")
    if failed:
        print(f"    repeat: {repeat(wanted[0], failed[0])}")
    return Row(op, len(results), len(failed), worst)


if __name__ == "__main__":
    sys.exit(main())
