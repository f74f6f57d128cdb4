"""What `mlite convert` and `mlite export` share: read, run the passes, write a whole file or none, and report it."""
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
    """Add the model, and the arguments for ConvertOptions."""
    add = parser.add_argument
    add("model", metavar="MODEL.mindir", type=Path,
        help="a file that mindspore.export wrote, or a .ms without quantization")
    add("--input-shape", metavar="NAME=DIMS", action="append", default=[], type=named_shape,
        help="fix dimensions that were exported as open, such as x=1,3,224,224")
    add("--outputs", metavar="NAME[,NAME...]", type=_names, default=(),
        help="tensors or nodes at which the network shall end, in place of its own outputs")
    add("--checkpoint", metavar="FILE", type=Path,
        help="replace the weights of the export by those of a .ckpt or .safetensors file")
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
    """Convert args.model to args.output, or without that to a .ms file beside it.

    verb: what is done, for messages. encode: gives the parts of the file. compression: further options. report: a file
    that explains what these did; it is written together with the other file, or neither is.

    Raises ConvertError or OSError for files that cannot be written before the work is done.
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
        graph, explained, loss, kept = prepare(graph, options, explained=report is not None, judged=True)
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
                "kept_in_float32": kept.names if kept is not None else None,
            }
        )
        return 0
    print(
        f"{output}: {size(exported)} of {args.model.name} to {size(written)}, "
        f"{imported} to {written_nodes} nodes, in {duration(seconds)} and {size(peak_memory())} of memory"
    )
    if texts:
        print(f"{report}: what explains it, layer by layer")
    if loss is not None:
        print(loss)
    if kept is not None:
        print(kept)
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
