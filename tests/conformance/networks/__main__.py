"""Judge the networks that MindSpore Lite's users know by name, and say how each fares.

    python -m tests.conformance.networks LeNet BERT              # in the form that the tests judge
    python -m tests.conformance.networks --all --full            # the whole networks, at their own size
    python -m tests.conformance.networks --all --exports         # and what ONNX Runtime and MindSpore make of exports
    python -m tests.conformance.networks --all --write           # that, and their rows in tests/conformance/COVERAGE.md
    python -m tests.conformance.networks --missing --full --write   # those that have no row there yet

Each is exported by MindSpore and run on this device, in processes of their own: one that dies is a row like another.
Exit code 1 where one differs.
"""
from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.conformance import coverage
from tests.conformance.fare import FORMATS, judge
from tests.conformance.networks.index import MODULES


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.networks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NETWORK", help=f"of {', '.join(MODULES)}")
    parser.add_argument("--all", action="store_true", help="all of them")
    parser.add_argument("--missing", action="store_true", help=f"those without a row in {coverage.PAGE.name}")
    parser.add_argument("--full", action="store_true", help="at their own size, which takes hours for all")
    parser.add_argument("--exports", action="store_true", help=f"what they are as {' and '.join(FORMATS)}, too")
    parser.add_argument("--write", action="store_true",
        help=f"write each row into {coverage.PAGE.name} at once, exports included but for --full")
    parser.add_argument("--keep", metavar="FOLDER", type=Path,
        help="keep there what MindSpore exports, and use what is there")
    args = parser.parse_args(arguments)
    unknown = [name for name in args.names if name not in MODULES]
    if unknown or [bool(args.names), args.all, args.missing].count(True) != 1:
        parser.error(f"there is no network {unknown[0]!r}" if unknown else "give networks, or --all, or --missing")
    there = coverage.read()[args.full]
    names = [name for name in MODULES if name not in there] if args.missing else args.names or list(MODULES)
    exports = args.exports or (args.write and not args.full)
    good = 0
    for name in names:
        row = judge(name, args.full, exports, args.keep)
        good += row.matches
        print("  ".join(row.cells), flush=True)
        if args.write:
            coverage.write_network(args.full, row.cells)
    print(f"{good} of {len(names)} match")
    return 0 if good == len(names) else 1


if __name__ == "__main__":
    sys.exit(main())
