"""Convert a MindIR export to a file for another framework.

The file holds the optimized network, as ONNX, or as MindIR, which MindSpore
loads. It is written whole or not at all. Its suffix decides the format where
--format is not given.
"""
from __future__ import annotations

import argparse
from pathlib import Path

from converter.commands.writing import add_writing_arguments, write
from converter.exporters import FORMATS, exporter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = __doc__
    add = parser.add_argument
    add("-o", "--output", metavar="OUT", type=Path, required=True, help="the file to write, such as model.onnx")
    add("--format", metavar="FORMAT", help=f"one of {', '.join(FORMATS)}")
    add_writing_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    return write(args, "exporting", exporter(args.format, args.output))
