"""`mlite run`: lite's command, which here converts a `.mindir` in memory first."""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lite.commands import run
from lite.commands.progress import progress

add_arguments = run.add_arguments


def execute(args: argparse.Namespace) -> int:
    if Path(args.model).suffix.lower() != ".mindir":
        return run.execute(args)
    from converter import convert

    with progress(f"converting {args.model}", args.progress) as stage:
        model = convert(args.model, {"progress": stage})
    if not args.json:
        print(f"converted in memory; to keep the result: mlite convert {args.model}", file=sys.stderr)
    return run.execute(args, model)
