"""Make a .ms file of a MindIR export.

The file is written whole or not at all. Without --output it is put beside the
export, MODEL.ms for MODEL.mindir.

With --prune it has fewer channels, and with --quantize its weights and
activations are small integers. What both need to know of the network is
measured on samples, --calibration: pictures, .npy, .npz and .bin files, or
folders of them. --config takes a TOML file with the tables [pruning],
[quantization] and [calibration], or the INI that MindSpore Lite's converter
takes; what is given as an argument replaces what the file says. --report
explains what that does to the network, layer by layer; what outputs lose is
said wherever there are samples: the root of the error's squares over the
outputs', of the worst output, on the first 8 samples.
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
