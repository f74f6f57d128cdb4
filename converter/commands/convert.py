"""Make a .ms file of a MindIR export.

The file is written whole or not at all. Without --output it is put beside the
export, MODEL.ms for MODEL.mindir.
"""
from __future__ import annotations

import argparse
import time
from pathlib import Path

from converter.commands import key
from lite.commands.progress import progress
from lite.commands.run import named_shape
from lite.commands.show import add_common_arguments, duration, print_json, size
from lite.errors import ConvertError
from lite.files import write_atomically


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = __doc__
    add = parser.add_argument
    add("model", metavar="MODEL.mindir", type=Path, help="what mindspore.export wrote")
    add("-o", "--output", metavar="OUT.ms", type=Path, help="the file to write")
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


def execute(args: argparse.Namespace) -> int:
    from converter import optimize
    from converter.emit import emit
    from converter.mindir.reader import read_mindir
    from converter.options import ConvertOptions

    output = _output(args.model, args.output)
    secret = key.key_for(args, (args.model, args.checkpoint))
    begin = time.perf_counter()
    with progress(f"converting {args.model}", args.progress) as stage:
        options = ConvertOptions(args.optimize, dict(args.input_shape), args.outputs, args.checkpoint, secret, stage)
        stage("read")
        graph = read_mindir(args.model, options.input_shapes, options.outputs, options.weights(), options.key)
        if output.exists() and output.samefile(args.model):
            raise ConvertError(f"the output {output} is the model itself: give another with --output")
        imported = len(graph.all_nodes())
        optimize(graph, options)
        stage("write")
        model = emit(graph)
        write_atomically(output, model)
    seconds = time.perf_counter() - begin

    exported = args.model.stat().st_size
    if args.json:
        print_json(
            {
                "model": str(args.model),
                "output": str(output),
                "bytes": {"before": exported, "after": len(model)},
                "nodes": {"before": imported, "after": len(graph.all_nodes())},
                "seconds": seconds,
            }
        )
        return 0
    print(
        f"{output}: {size(exported)} to {size(len(model))}, "
        f"{imported} to {len(graph.all_nodes())} nodes, in {duration(seconds)}"
    )
    return 0


def _output(model: Path, given: Path | None) -> Path:
    """Where the result goes. Raises ConvertError, OSError for what cannot work, before the work is done."""
    model.stat()
    if model.is_dir():
        raise ConvertError(f"the model {model} is a folder: give the .mindir file that mindspore.export wrote")
    output = model.with_suffix(".ms") if given is None else given
    if output.is_dir():
        raise ConvertError(f"the output {output} is a folder: give a file, such as {output / (model.stem + '.ms')}")
    if not output.parent.is_dir():
        raise ConvertError(f"the output's folder {output.parent} does not exist")
    return output
