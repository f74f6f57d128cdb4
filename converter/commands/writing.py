"""What the commands share that make one file of another: reading, passes, writing whole or not at all, saying so."""
from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converter.commands import key
from lite.commands.progress import progress
from lite.commands.run import named_shape
from lite.commands.show import add_common_arguments, duration, print_json, size
from lite.errors import ConvertError
from lite.files import Part
from lite.memory import peak_memory

if TYPE_CHECKING:
    from converter.ir.graph import Graph
    from converter.sidecar import Sidecar


def add_writing_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, and what ConvertOptions has."""
    add = parser.add_argument
    add("model", metavar="MODEL.mindir", type=Path, help="what mindspore.export wrote; or a .ms in plain numbers")
    add("--input-shape", metavar="NAME=DIMS", action="append", default=[], type=named_shape,
        help="fix dimensions that were exported as open, such as x=1,3,224,224")
    add("--outputs", metavar="NAME[,NAME...]", type=_names, default=(),
        help="tensors or nodes to end the network at, in place of its own outputs")
    add("--checkpoint", metavar="FILE", type=Path,
        help="weights in place of the export's, from a .ckpt or .safetensors file")
    key.add_arguments(parser)
    add("--no-optimize", dest="optimize", action="store_false", help="write the network as it was exported")
    add_common_arguments(parser)


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def write(
    args: argparse.Namespace,
    verb: str,
    encode: Callable[[Graph, Sidecar], Sequence[Part]],
    compression: Mapping[str, Any] | None = None,
    report: Path | None = None,
) -> int:
    """Make args.output, or without one a .ms beside it, of args.model. verb: what is done. encode: the file's parts.
    compression: further options. report: a file that says what these did; written with the other, or neither is.

    Raises ConvertError, OSError for what cannot work, before the work is done.
    """
    from converter.options import ConvertOptions
    from converter.reports.formats import as_text, check_format
    from converter.sidecar import Sidecar, write_model
    from converter.stages import prepare, read, tell

    output = _output(args.model, args.output)
    if report is not None:
        check_format(report)
        if not report.parent.is_dir():
            raise ConvertError(f"the report's folder {report.parent} does not exist")
        if report.resolve() in (output.resolve(), args.model.resolve()):
            raise ConvertError(f"the report {report} is the model itself: give another name")
    secret = key.key_for(args, (args.model, args.checkpoint))
    begin = time.perf_counter()
    with progress(f"{verb} {args.model}", args.progress) as stage:
        options = ConvertOptions(
            args.optimize, dict(args.input_shape), args.outputs, args.checkpoint, secret, progress=stage,
            **(compression or {}),
        )
        graph = read(args.model, options)
        if output.exists() and output.samefile(args.model):
            raise ConvertError(f"the output {output} is the model itself: give another with --output")
        imported = len(graph.all_nodes())
        graph, explained, loss = prepare(graph, options, explained=report is not None, judged=True)
        written_nodes = len(graph.all_nodes())
        tell(options, "write")
        sidecar = Sidecar.beside(output)
        parts = encode(graph, sidecar)
        texts = {report: [as_text(explained, check_format(report)).encode()]} if report and explained else {}
        write_model(output, parts, sidecar, texts)
    seconds = time.perf_counter() - begin

    exported, written = args.model.stat().st_size, sum(len(part) for part in parts) + sidecar.nbytes
    if args.json:
        print_json(
            {
                "model": str(args.model),
                "output": str(output),
                "bytes": {"before": exported, "after": written},
                "nodes": {"before": imported, "after": written_nodes},
                "seconds": seconds,
                "peak_memory": peak_memory(),
                "loss": loss._asdict() if loss is not None else None,
            }
        )
        return 0
    print(
        f"{output}: {size(exported)} of {args.model.name} to {size(written)}, "
        f"{imported} to {written_nodes} nodes, in {duration(seconds)} and {size(peak_memory())} of memory"
    )
    if loss is not None:
        print(loss)
    return 0


def _output(model: Path, given: Path | None) -> Path:
    model.stat()
    if model.is_dir():
        raise ConvertError(f"the model {model} is a folder: give the .mindir file that mindspore.export wrote")
    output = model.with_suffix(".ms") if given is None else given
    if output.is_dir():
        raise ConvertError(f"the output {output} is a folder: give a file, such as {output / (model.stem + '.ms')}")
    if not output.parent.is_dir():
        raise ConvertError(f"the output's folder {output.parent} does not exist")
    return output
