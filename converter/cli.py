"""The command `mlite`: the converter's commands, and those of `python -m lite`, which here take `.mindir` files too."""
from __future__ import annotations

from collections.abc import Sequence

from lite.cli import COMMANDS as DEVICE_COMMANDS
from lite.cli import build_parser, execute

COMMANDS = {
    "convert": ("converter.commands.convert", "convert a MindIR export to a .ms file"),
    "export": ("converter.commands.export", "convert a MindIR export to an optimized ONNX or MindIR file"),
    **DEVICE_COMMANDS,
    "run": ("converter.commands.run", DEVICE_COMMANDS["run"][1]),
    "inspect": ("converter.commands.inspect", DEVICE_COMMANDS["inspect"][1]),
    "bench": ("converter.commands.bench", DEVICE_COMMANDS["bench"][1]),
    "demo": ("converter.commands.demo", "convert and run the model of handwritten digits that comes with mindlite"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; wrong arguments raise SystemExit(2), as argparse does."""
    description = "Convert MindSpore models to .ms files, and run them."
    return execute("mlite", lambda prog: build_parser(prog, description, COMMANDS), argv)
