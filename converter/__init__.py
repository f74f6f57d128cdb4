"""Convert trained models to `.ms` files.

    import converter

    ms = converter.convert("lenet.mindir")                                  # bytes of the .ms file
    ms = converter.convert("lenet.mindir", {"input_shapes": {"x": (1, 1, 32, 32)}})
    ms = converter.convert("lenet.mindir", ConvertOptions(outputs=["Default/fc2-Dense/BiasAdd-op0"]))
    session = converter.load("lenet.mindir", checkpoint="lenet.ckpt")       # without a file in between
    converter.export("lenet.mindir", "lenet.onnx")                          # for other frameworks

Reading MindIR needs protobuf, which the extra `convert` brings: pip install 'mindlite[convert]'.

The stages are `converter.mindir` (MindIR to graph), `converter.passes`, `converter.prune` and `converter.quantize`
(graph to graph) and `converter.emit` (graph to `.ms`) or `converter.exporters` (graph to other formats);
`converter.stages` has their order. Errors are those of `converter.errors`.
"""
from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, NoReturn

from converter import stages
from converter.calibration import Calibration
from converter.errors import ArgumentError, ExportError, MissingPackageError, OptionError
from converter.names import nearest
from converter.options import ConvertOptions
from converter.prune.settings import Pruning
from converter.quantize.settings import Quantization
from converter.stages import Source, prepare, read, tell
from lite.errors import ConvertError
from lite.files import path_of

if TYPE_CHECKING:
    from converter.ir.graph import Graph
    from converter.reports.report import Report
    from lite.session import Session
    from lite.types import Array

__all__ = [
    "ArgumentError",
    "Calibration",
    "ConvertError",
    "ConvertOptions",
    "ExportError",
    "MissingPackageError",
    "OptionError",
    "Pruning",
    "Quantization",
    "convert",
    "export",
    "load",
    "optimize",
    "report",
]

Options = ConvertOptions | Mapping[str, Any]


def convert(
    source: Source,
    options: Options | None = None,
    **misplaced: NoReturn,
) -> bytes:
    """Convert a MindIR file, and return the bytes of the `.ms` file.

    source: the path of a MindIR file, or its bytes; or those of another `.ms` file, which is optimized anew.

    options: a ConvertOptions, or a mapping with some of its fields. Each has a default:

        optimize      True       run the passes; without them the file holds the network as it was exported
        input_shapes  {}         input name -> shape, to fix dimensions that were exported as dynamic
        outputs       ()         names of tensors or nodes at which the network shall end, in place of its own outputs;
                                 only the operators that these need have to be supported
        checkpoint    None       a .ckpt or .safetensors file, or arrays by name, to replace the export's weights
        key           None       the key, as bytes, of an encrypted export or checkpoint
        quantization  None       a Quantization, or a mapping with its fields: int8 weights and activations, or
                                 weights alone in 1 to 16 bits
        pruning       None       a Pruning, or a mapping with its fields: fewer channels or weights; it comes before
                                 quantization
        config        None       a TOML or INI file with settings of both; fields of the mappings above replace its own
        progress      None       a function that is called with a line of text at every stage

    Raises ParseError where the source is not a well-formed MindIR or the checkpoint is damaged, ModelError for a
    damaged `.ms`, UnsupportedOpError with every operator that cannot be converted, OptionError (a ValueError) for
    options that do not fit the model, ArgumentError (a TypeError) for arguments of other types, MissingPackageError (an
    ImportError) where protobuf is not installed, OSError (such as FileNotFoundError) where a file cannot be read.
    """
    _check_arguments("convert", misplaced)
    chosen = ConvertOptions.of(options)
    from converter.emit.graph import emit  # writers of files are loaded when they are needed

    graph = prepare(read(source, chosen), chosen).graph
    tell(chosen, "write")
    return emit(graph)


def export(
    source: Source, path: str | os.PathLike[str], file_format: str | None = None, options: Options | None = None
) -> None:
    """Optimize the network in a MindIR or `.ms` file, and write it to `path` in another framework's format.

    source, options: as for `convert`, but without quantization and pruning. file_format: "ONNX" (operator set 20) or
    "MINDIR" (for MindSpore 2.10); by default the path's suffix decides.

    The file is written whole or not at all. So is the one beside it (`model.onnx.data` for `model.onnx`), which holds
    the weights of a network beyond 2 GB. Raises what `convert` raises; UnsupportedOpError with every operator that the
    format cannot express; ExportError for an unknown format, and for more than 2 GB as MindIR.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise ArgumentError(f"path is a {type(path).__name__}: expected the path of the file to write")
    path = path_of(path)
    if file_format is not None and not isinstance(file_format, str):
        raise ArgumentError(f"file_format is a {type(file_format).__name__}: expected a name, such as 'ONNX'")
    chosen = ConvertOptions.of(options)
    _check_uncompressed("export", chosen)
    from converter.exporters import exporter
    from converter.sidecar import Sidecar, write_model

    encode, sidecar = exporter(file_format, path), Sidecar.beside(path)
    graph = prepare(read(source, chosen), chosen).graph
    tell(chosen, "write")
    write_model(path, encode(graph, sidecar), sidecar)


def report(source: Source, options: Options) -> Report:
    """Measure what pruning and quantization do to a network, layer by layer: errors, ranges, bytes and times.

        report = converter.report("net.mindir", {"quantization": {"samples": images}})
        report.error, report.rows[0].alone.sqnr
        Path("report.html").write_text(as_text(report, ".html"))  # of converter.reports.formats

    source, options: as for `convert`; the options must have a pruning or quantization with samples. Raises what
    `convert` raises.
    """
    chosen = ConvertOptions.of(options)
    explained = prepare(read(source, chosen), chosen, explained=True).report
    assert explained is not None, "it was asked for"
    return explained


def load(
    source: Source,
    checkpoint: str | os.PathLike[str] | Mapping[str, Array] | None = None,
    options: Options | None = None,
    **settings: Any,
) -> Session:
    """Convert a MindIR file in memory, and open a session of it: inference without a file in between.

        session = converter.load("lenet.mindir", "epoch_10.ckpt")
        y = session.run(x)

    source, checkpoint, options: as for `convert`. settings: keyword arguments of lite.Session, such as threads. Raises
    what `convert` and lite.Session raise.
    """
    from inspect import getfullargspec

    from lite.session import Session

    _check_arguments("load", settings, getfullargspec(Session).kwonlyargs)
    chosen = ConvertOptions.of(options)
    if checkpoint is not None:
        chosen = replace(chosen, checkpoint=checkpoint)
    return Session(convert(source, chosen), **settings)


def optimize(graph: Graph, options: Options | None = None) -> Graph:
    """Run the passes on a graph, in place, and return it.

    options: as for `convert`; those that concern the reading of a file are ignored. Raises OptionError for unknown
    options and for quantization or pruning, PassError where a pass fails.
    """
    chosen = ConvertOptions.of(options)
    _check_uncompressed("optimize", chosen)
    return stages.optimize(graph, chosen)


def _check_arguments(function: str, given: Iterable[str], known: Sequence[str] = ()) -> None:
    """Raise ArgumentError for an argument that the function does not have. Its value may be large: it is not shown."""
    options = [f.name for f in fields(ConvertOptions)]
    for name in given:
        if name in options:
            raise ArgumentError(f"{function} takes no {name!r}: give options={{{name!r}: ...}}")
        if name not in known:
            raise ArgumentError(f"{function} takes no {name!r}; {nearest(name, [*known, *options])}")


def _check_uncompressed(function: str, chosen: ConvertOptions) -> None:
    for name, word in (("quantization", "quantize"), ("pruning", "prune")):
        if getattr(chosen, name) is not None:
            raise OptionError(f"{name}: {function} does not {word}: converter.convert does, into a .ms file")
