"""Convert a MindIR export to a .ms file.

The file is written whole or not at all. Without --output it is put beside the
export: MODEL.ms for MODEL.mindir.

--prune removes channels, and --quantize stores weights and activations as small
integers. What both need to know of the network is measured on calibration
samples (--calibration): pictures, .npy, .npz and .bin files, or folders of them.
--config takes a TOML file with the tables [pruning], [quantization] and
[calibration], or the INI file of MindSpore Lite's converter; arguments replace
what the file says. Wherever there are samples, the relative error of the outputs
is printed: the square root of the squared error over the squared output, on the
first 8 samples, of the output that is worst. --report explains the error layer
by layer.
"""
from __future__ import annotations

import argparse
from pathlib import Path

from converter.commands import compression
from converter.commands.writing import add_writing_arguments, write


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = __doc__
    parser.add_argument("-o", "--output", metavar="OUT.ms", type=Path, help="the file to write")
    add_writing_arguments(parser)
    compression.add_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    from converter.emit.graph import emit_parts

    with compression.named_as_given(args):
        return write(args, "converting", emit_parts, compression.settings_of(args), args.report)
