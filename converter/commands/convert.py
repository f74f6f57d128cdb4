"""Convert a MindIR export to a .ms file.

The file is written whole or not at all. Without --output it is put beside the
export: MODEL.ms for MODEL.mindir.

--prune removes channels, and --quantize stores weights and activations as small
integers. What both need to know of the network is measured on calibration
samples (--calibration): pictures, .npy, .npz and .bin files, or folders of them.
For an input [1,3,8,8] a file holds one sample, [1,3,8,8] or [3,8,8], or several,
[16,1,3,8,8] or [16,3,8,8]; where the first dimension is open, [16,3,8,8] is one
sample of 16 pictures. Arrays are taken as they are, as for mlite run.
--config takes a TOML file with the tables [pruning], [quantization] and
[calibration], or the INI file of MindSpore Lite's converter; arguments replace
what the file says. Wherever there are samples, the relative error of the outputs
is printed: the square root of the squared error over the squared output, on the
first 8 samples, of the output that is worst; outputs of integers do not count
beside others. --report explains the error layer by layer.
"""
from __future__ import annotations

import argparse
from pathlib import Path

from converter.commands import compression
from converter.commands.writing import add_writing_arguments, write
from converter.exporters import FORMATS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = __doc__
    parser.add_argument("-o", "--output", metavar="OUT.ms", type=Path, help="the file to write")
    add_writing_arguments(parser)
    compression.add_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    from converter.emit.graph import emit_parts

    suffix = args.output.suffix[1:].upper() if args.output is not None else ""
    if suffix in FORMATS:
        args.usage_error(f"argument -o/--output: {args.output} is to be {suffix}, and convert writes .ms files alone: "
            f"mlite export {args.model} -o {args.output} writes it")
    with compression.named_as_given(args):
        settings = compression.settings_of(args)
        code = write(args, "converting", emit_parts, settings, args.report)
    advice = compression.advice(settings["quantization"])
    if advice and not args.json:
        print(advice)
    return code
