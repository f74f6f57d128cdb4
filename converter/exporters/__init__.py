"""The graph in the formats of other frameworks: which there are, and how one is chosen."""
from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from converter.errors import ExportError
from converter.ir.graph import Graph


def _onnx(graph: Graph) -> bytearray:
    from converter.exporters.onnx import write_onnx  # protobuf is loaded when it is needed

    return write_onnx(graph)


def _mindir(graph: Graph) -> bytearray:
    from converter.exporters.mindir import write_mindir

    return write_mindir(graph)


# A format's name, as mindspore.export has it, and what makes a file of a graph. The graph is not to be used afterwards.
FORMATS: dict[str, Callable[[Graph], bytearray]] = {"MINDIR": _mindir, "ONNX": _onnx}


def exporter(file_format: str | None, path: str | os.PathLike[str]) -> Callable[[Graph], bytearray]:
    """What makes a file of that format; without one, of that which the path's suffix names.

    Raises ExportError for a format that there is not.
    """
    name = (Path(path).suffix[1:] if file_format is None else file_format).upper()
    if name in FORMATS:
        return FORMATS[name]
    if name == "AIR":
        raise ExportError("AIR is for Ascend processors alone: only MindSpore on such a machine can write it")
    known = ", ".join(FORMATS)
    if file_format is None:
        raise ExportError(f"the suffix of {os.fspath(path)!r} names no format: expected {known}, or give file_format")
    raise ExportError(f"file_format is {file_format!r}: expected {known}")
