"""The graph in the formats of other frameworks: which there are, and how one is chosen."""
from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from converter.errors import ExportError
from converter.ir.graph import Graph
from converter.sidecar import Sidecar
from lite.files import Part

# Makes a file of a graph, which is not to be used afterwards, and puts into the other what is too large for it.
Encode = Callable[[Graph, Sidecar], Sequence[Part]]


def _onnx(graph: Graph, sidecar: Sidecar) -> Sequence[Part]:
    from converter.exporters.onnx import write_onnx  # protobuf is loaded when it is needed

    return [write_onnx(graph, sidecar)]


def _mindir(graph: Graph, sidecar: Sidecar) -> Sequence[Part]:
    from converter.exporters.mindir import write_mindir

    return [write_mindir(graph, sidecar.limit)]


FORMATS: dict[str, Encode] = {  # by their names, as mindspore.export has them
    "MINDIR": _mindir, "ONNX": _onnx,
}


def exporter(file_format: str | None, path: str | os.PathLike[str]) -> Encode:
    """The function that makes a file of that format; by default, of the format that the path's suffix names.

    Raises ExportError for a format that there is not.
    """
    name = (Path(path).suffix[1:] if file_format is None else file_format).upper()
    if name in FORMATS:
        return FORMATS[name]
    if name == "AIR":
        raise ExportError("AIR is for Ascend processors alone: only MindSpore on such a machine can write it")
    known = ", ".join(FORMATS)
    if file_format is None:
        other = "or say which: --format (in Python: file_format)"
        raise ExportError(f"the suffix of {os.fspath(path)!r} names no format: expected {known}; {other}")
    raise ExportError(f"there is no format {file_format!r}: expected {known}")
