"""The command `mlite`: the converter's commands, and the device's, which here take `.mindir` files too."""
from __future__ import annotations

from collections.abc import Sequence

from lite.cli import COMMANDS as DEVICE_COMMANDS
from lite.cli import build_parser, execute

COMMANDS = {
    "convert": ("converter.commands.convert", "make a .ms file of a MindIR export"),
    "export": ("converter.commands.export", "make an ONNX or MindIR file of a MindIR export, optimized"),
    **DEVICE_COMMANDS,
    "run": ("converter.commands.run", DEVICE_COMMANDS["run"][1]),
    "inspect": ("converter.commands.inspect", DEVICE_COMMANDS["inspect"][1]),
    "bench": ("converter.commands.bench", DEVICE_COMMANDS["bench"][1]),
    "demo": ("converter.commands.demo", "convert and run the model of handwritten digits that comes with mindlite"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; wrong arguments raise SystemExit(2), as argparse does."""
    return execute(build_parser("mlite", "Convert MindSpore models to .ms files, and run them.", COMMANDS), argv)
