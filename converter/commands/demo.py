"""Convert and run the model of handwritten digits that comes with mindlite.

It runs on images that training never saw. Writes digits.ms and digits.png, a
sheet of all the images with what they were taken for.
"""
from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lite.commands.extras import require
from lite.commands.progress import progress
from lite.commands.run import latency, say_latency
from lite.commands.show import add_common_arguments, duration, print_json, size
from lite.errors import LiteError
from lite.files import folder_for_files, write_together

if TYPE_CHECKING:
    from lite.types import Array

_BRIGHTEST = 16  # pixels of the data set run from 0 to 16; the network takes 0..1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = __doc__
    parser.add_argument(
        "-o", "--output", metavar="FOLDER", type=Path, default=Path("mlite-demo"), help="where to write (mlite-demo)"
    )
    add_common_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    require("google.protobuf", "PIL")
    if args.output.exists() and not args.output.is_dir():
        raise LiteError(f"the output {args.output} is a file: give a folder")
    with folder_for_files(args.output):
        return _show(args)


def _show(args: argparse.Namespace) -> int:
    """Convert, run and write into the folder `args.output`."""
    import numpy as np

    from converter import convert
    from converter.commands.contact_sheet import contact_sheet

    folder = data_folder()
    source, ms, sheet = folder / "digits.mindir", args.output / "digits.ms", args.output / "digits.png"
    with progress("converting digits.mindir", args.progress):
        begin = time.perf_counter()
        model = convert(source)
        converted = time.perf_counter() - begin

    with np.load(folder / "heldout.npz") as held:
        pixels, labels = held["images"], held["labels"]
    with progress("loading digits.ms", args.progress):
        predictions, seconds, delegates = _classify(model, pixels)
    correct = int((predictions == labels).sum())
    accuracy = correct / len(labels)

    verdict = f"{correct} of {len(labels)} held-out digits are right: accuracy {accuracy:.2%}"
    bright = (pixels.astype(np.uint16) * 255 // _BRIGHTEST).astype(np.uint8)
    pictures = contact_sheet(bright, labels.tolist(), predictions.tolist(), verdict)
    write_together({ms: [model], sheet: [pictures]})

    if args.json:
        print_json(
            {
                "images": len(labels),
                "correct": correct,
                "accuracy": accuracy,
                "latency_ms": latency(seconds),
                "delegates": delegates,
                "mindir_bytes": source.stat().st_size,
                "ms_bytes": len(model),
                "written": [str(ms), str(sheet)],
            }
        )
        return 0
    sizes = f"{size(source.stat().st_size)} to {size(len(model))}"
    print(f"converted digits.mindir, {sizes}, in {duration(converted)}")
    print(verdict)
    print(f"latency   {say_latency(seconds)}, by the delegate{'s' * (len(delegates) > 1)} {' and '.join(delegates)}")
    print(f"model     {ms}")
    print(f"pictures  {sheet} (the mistakes come first, in red)")
    return 0


def _classify(model: bytes, pixels: Array) -> tuple[Array, list[float], list[str]]:
    """The digit that each image is taken for, the seconds that each took, and the delegates that ran the model."""
    import numpy as np

    from lite.session import Session

    images = (pixels / _BRIGHTEST).astype(np.float32).reshape(-1, 1, 1, 8, 8)
    with Session(model) as session:
        session.run(images[0])
        logits, seconds = [], []
        for image in images:
            begin = time.perf_counter()
            logits.append(np.asarray(session.run(image)))
            seconds.append(time.perf_counter() - begin)
        delegates = sorted({step.delegate for step in session.steps})
    return np.concatenate(logits).argmax(axis=1), seconds, delegates


def data_folder() -> Path:
    """The folder of digits.mindir and heldout.npz: inside the installed package, or a checkout's samples."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "demo_data", package.parent / "samples" / "digits"):
        if (folder / "digits.mindir").exists():
            return folder
    raise LiteError(f"{package / 'demo_data'} is not there, nor is this a checkout: install mindlite again")
