"""Convert trained models to `.ms` files.

    import converter

    ms = converter.convert("lenet.mindir")                                  # bytes of the .ms file
    ms = converter.convert("lenet.mindir", {"input_shapes": {"x": (1, 1, 32, 32)}})

The stages are `converter.mindir` (MindIR to graph), `converter.passes` (graph to graph) and `converter.emit` (graph to
`.ms`). Errors are those of `converter.errors`.
"""
from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from converter.errors import ArgumentError, OptionError
from converter.options import ConvertOptions
from lite.errors import ConvertError

if TYPE_CHECKING:
    from converter.ir.graph import Graph

__all__ = ["ArgumentError", "ConvertError", "ConvertOptions", "OptionError", "convert", "optimize"]

Options = ConvertOptions | Mapping[str, Any]


def convert(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview, options: Options | None = None
) -> bytes:
    """The `.ms` file, as bytes, for a MindIR file or its bytes.

    Raises ParseError where the input is not a MindIR, UnsupportedOpError with every operator that cannot be converted,
    OptionError (a ValueError) for options that do not fit the model, ArgumentError (a TypeError) for another source,
    OSError (FileNotFoundError) where the file cannot be read.
    """
    if not isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview)):
        raise ArgumentError(f"source is a {type(source).__name__}: expected a path or the bytes of a MindIR file")
    chosen = ConvertOptions.of(options)
    from converter.emit import emit  # readers and writers of files are loaded when they are needed
    from converter.mindir.reader import read_mindir

    _report(chosen, "read")
    graph = optimize(read_mindir(source), chosen)
    _report(chosen, "write")
    return emit(graph)


def optimize(graph: Graph, options: Options | None = None) -> Graph:
    """Apply the options to a graph, in place, and return it: input shapes, outputs, then the passes.

    Raises OptionError for options that do not fit the graph, PassError where a pass fails.
    """
    chosen = ConvertOptions.of(options)
    from converter.ir.interface import fix_input_shapes, select_outputs
    from converter.passes._manager import run_passes
    from converter.passes.pipelines import DEFAULT, MINIMAL

    if chosen.input_shapes:
        fix_input_shapes(graph, chosen.input_shapes)
    if chosen.outputs:
        select_outputs(graph, chosen.outputs)
    run_passes(graph, DEFAULT if chosen.optimize else MINIMAL, chosen.progress)
    return graph


def _report(options: ConvertOptions, line: str) -> None:
    if options.progress is not None:
        options.progress(line)
