"""`mlite run`: lite's command, which here converts a `.mindir` in memory first."""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from converter.commands import key
from lite.commands import run
from lite.commands.progress import progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    run.add_arguments(parser)
    parser.add_argument("--checkpoint", metavar="FILE", type=Path,
        help="for a .mindir: replace its weights by those of a .ckpt or .safetensors file")
    key.add_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    if Path(args.model).suffix.lower() != ".mindir":
        if args.checkpoint is not None:
            args.usage_error("--checkpoint needs a .mindir: a .ms file has its weights merged and reordered")
        return run.execute(args)
    from converter import convert

    secret = key.key_for(args, (Path(args.model), args.checkpoint))
    with progress(f"converting {args.model}", args.progress) as stage:
        model = convert(args.model, {"progress": stage, "checkpoint": args.checkpoint, "key": secret})
    if not args.json:
        print(f"converted in memory; to keep the result: mlite convert {args.model}", file=sys.stderr)
    return run.execute(args, model)
