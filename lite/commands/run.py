"""Run a model and show its outputs and how long it took.

An input is a .npy or .npz file, or a picture in a format that Pillow reads. A
picture is resized to the input's height and width; its pixels, 0..255, become
(pixel * scale - mean) / std. Arrays are converted to the input's element type:
floating-point numbers are rounded, such as float64 to float32, while integers
must keep their values. (Session.run converts no arrays.)
"""
from __future__ import annotations

import argparse
import math
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lite.commands.progress import progress
from lite.commands.show import add_common_arguments, duration, print_json, table
from lite.errors import ModelError

if TYPE_CHECKING:
    from lite.profile import StepTime
    from lite.session import Session
    from lite.types import Array

_PROFILES = 5  # runs of which a profile has the least times
_FIRST = "; the run above was the first, which also plans and touches memory"
_SHORT = 2e-6  # seconds: most of the time of a shorter step is spent on measuring it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = __doc__
    add = parser.add_argument
    add("model", metavar="MODEL", help="a .ms file, or a .mindir where the converter is installed")
    add_input_arguments(parser)
    add("--random", action="store_true", help="fill the inputs with random numbers")
    add("-o", "--output", metavar="PATH",
        help="write the outputs to a .npz, a single output to a .npy, or each to a .npy in a folder (FOLDER/)")
    add("--threads", metavar="N", type=positive, help="the most threads to compute with (as many as pay, up to 4)")
    add("--repeat", metavar="N", type=positive, default=1, help="run N times, after one run that is not timed")
    add("--profile", action="store_true",
        help=f"show the time of every operator: the least of --repeat further runs, at least {_PROFILES}")
    add_common_arguments(parser)


def add_input_arguments(parser: argparse.ArgumentParser) -> None:
    """What a model is run on: files, or random numbers."""
    add = parser.add_argument
    add("-i", "--input", metavar="NAME=FILE", action="append", default=[],
        help="file for an input: .npy, .npz, .bin (plain elements) or a picture; without NAME=, that of the only "
        "input, or a .npz with all of them")
    add("--seed", metavar="N", type=natural, default=0, help="of random numbers (0)")
    add("--input-shape", metavar="NAME=DIMS", action="append", default=[], type=named_shape,
        help="resize an input first, such as x=1,224,224,3")
    add("--scale", metavar="X", type=number, help="pixels are multiplied by this (1/255)")
    add("--mean", metavar="X[,X...]", type=by_channel, help="then this is subtracted: one number, or one a channel (0)")
    add("--std", metavar="X[,X...]", type=by_channel,
        help="then they are divided by this: one number, or one a channel (1)")


def positive(text: str) -> int:
    """argparse type: an integer of at least 1."""
    return _integer(text, 1)


def natural(text: str) -> int:
    """argparse type: an integer of at least 0."""
    return _integer(text, 0)


def _integer(text: str, least: int) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of at least {least} and below 1000000000")
    return int(text)


def named_shape(text: str) -> tuple[str, tuple[int, ...]]:
    """argparse type: NAME=1,3,224,224."""
    name, equals, dims = text.rpartition("=")
    if not (equals and name and re.fullmatch(r"-?\d{1,18}(,-?\d{1,18})*", dims, re.ASCII)):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=DIMS such as x=1,3,224,224")
    shape = tuple(map(int, dims.split(",")))
    if min(shape) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} has the dimension {min(shape)}: every one has to be at least 1")
    return name, shape


def numbers(most: int) -> Callable[[str], tuple[float, ...]]:
    """argparse type: 1 to `most` finite numbers, separated by commas."""

    def parse(text: str) -> tuple[float, ...]:
        try:
            values = tuple(float(part) for part in text.split(","))
        except ValueError:
            values = ()
        if not 1 <= len(values) <= most or not all(map(math.isfinite, values)):
            expected = "a finite number" if most == 1 else f"1 to {most} finite numbers, separated by commas"
            raise argparse.ArgumentTypeError(f"{text!r} is not {expected}")
        return values

    return parse


def by_channel(text: str) -> tuple[float, ...]:
    """argparse type: one finite number, or one for each channel of pictures."""
    values = numbers(4)(text)
    if len(values) == 2:
        raise argparse.ArgumentTypeError(f"{text!r} is 2 numbers: pictures have 1, 3 or 4 channels")
    return values


def number(text: str) -> float:
    """argparse type: one finite number."""
    return numbers(1)(text)[0]


def execute(args: argparse.Namespace, model: bytes | None = None) -> int:
    """Run the model that `args.model` names. model: its `.ms` bytes, where they are not in that file."""
    from lite.commands.outputs import check_place, describe, write_outputs
    from lite.session import Session

    if args.input and args.random:
        args.usage_error("--input and --random exclude each other")
    if not args.input and not args.random:
        args.usage_error("give --input NAME=FILE for each input, or --random")
    check_pixels(args)
    if args.output:
        check_place(args.output)
    if model is None and Path(args.model).suffix.lower() == ".mindir":
        raise ModelError(f"{args.model} is a MindIR: make a .ms of it first, with: mlite convert {args.model}")

    with ExitStack() as stack:
        with progress(f"loading {args.model}", args.progress):
            session = stack.enter_context(Session(args.model if model is None else model, threads=args.threads))
            if args.input_shape:
                session.resize(dict(args.input_shape))
        inputs = inputs_for(session, args)
        with progress(f"running {args.model}", args.progress):
            outputs, seconds = run_timed(session, inputs, args.repeat)
            runs = max(args.repeat, _PROFILES)
            profile = least_times([session.profile(inputs) for _ in range(runs)]) if args.profile else None
    written = write_outputs(args.output, outputs) if args.output else []

    if args.json:
        report = {
            "model": args.model,
            "inputs": [describe(name, array) for name, array in inputs.items()],
            "outputs": [describe(name, array, values=True) for name, array in outputs.items()],
            "threads": session.threads,
            "latency_ms": latency(seconds),
            "written": written,
        }
        print_json({**report, "profile": _profile_rows(profile)} if profile is not None else report)
        return 0
    _print_arrays(inputs, outputs)
    print(f"latency {say_latency(seconds)}, {_say_threads(session.threads)}")
    if profile is not None:
        print(f"steps, the least times of {runs} further runs{_FIRST if args.repeat == 1 else ''}")
        print(_profile_text(profile))
        note = timer_note([t.seconds for t in profile])
        if note:
            print(f"  {note}")
    for path in written:
        print(f"wrote   {path}")
    return 0


def check_pixels(args: argparse.Namespace) -> None:
    """A usage error where what is said of pixels has no meaning."""
    from lite.commands.inputs import is_picture

    given = _pixel_settings(args)
    if given and not any(map(is_picture, args.input)):
        args.usage_error(f"--{next(iter(given))} changes the pixels of pictures, and no --input is one")
    if 0.0 in given.get("std", ()):
        args.usage_error("argument --std: pixels are divided by it, so it cannot be 0")


def _pixel_settings(args: argparse.Namespace) -> dict[str, Any]:
    return {name: vars(args)[name] for name in ("scale", "mean", "std") if vars(args)[name] is not None}


def inputs_for(session: Session, args: argparse.Namespace) -> dict[str, Array]:
    """The arrays that --input names, by input; random ones where there is no --input."""
    import numpy as np

    from lite.commands.inputs import random_inputs, read_inputs
    from lite.pictures import Pixels

    if args.input:
        return read_inputs(args.input, session.inputs, Pixels(**_pixel_settings(args)))
    return random_inputs(session, np.random.default_rng(args.seed))


def _print_arrays(inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> None:
    from lite.commands.outputs import spec_text, values_text

    for name, array in inputs.items():
        print(f"input   {spec_text(name, array)}")
    for name, array in outputs.items():
        print(f"output  {spec_text(name, array)}  {values_text(array)}")


def run_timed(session: Session, inputs: Mapping[str, Array], repeat: int) -> tuple[dict[str, Array], list[float]]:
    """Outputs by name, and the seconds of each of `repeat` runs. Before several runs there is one that is not timed."""
    if repeat > 1:
        session.run(inputs)
    seconds = []
    for _ in range(repeat):
        begin = time.perf_counter()
        result = session.run(inputs)
        seconds.append(time.perf_counter() - begin)
    return (result if isinstance(result, dict) else {session.outputs[0].name: result}), seconds


def _say_threads(count: int) -> str:
    return "one thread" if count == 1 else f"up to {count} threads"


def latency(seconds: Sequence[float]) -> dict[str, float | int]:
    """The number of runs, and the milliseconds of the fastest, the median and the slowest."""
    middle = statistics.median(seconds)
    return {"runs": len(seconds), "min": min(seconds) * 1e3, "median": middle * 1e3, "max": max(seconds) * 1e3}


def say_latency(seconds: Sequence[float]) -> str:
    """The same in a phrase."""
    if len(seconds) == 1:
        return f"{duration(seconds[0])} in the first run (later ones are faster: --repeat N)"
    low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
    return f"{duration(low)} min, {duration(middle)} median, {duration(high)} max of {len(seconds)} runs"


def least_times(profiles: Sequence[Sequence[StepTime]]) -> list[StepTime]:
    """Each step with its least time. Profiles with other steps than the last one, by a branch, do not count."""
    names = [t.step.name for t in profiles[-1]]
    alike = [profile for profile in profiles if [t.step.name for t in profile] == names]
    return [min(times, key=lambda time: time.seconds) for times in zip(*alike, strict=True)]


def timer_note(seconds: Sequence[float]) -> str:
    """A note on steps that are too short for the timer; "" where there are none."""
    short = sum(0 < s < _SHORT for s in seconds)
    if not short:
        return ""
    return f"{short} of {len(seconds)} steps take below 2 µs, about 1 of it the timer's and Python's, unlike in a run"


def _profile_rows(times: Sequence[StepTime]) -> list[dict[str, Any]]:
    return [
        {"name": t.step.name, "op": t.step.label, "delegate": t.step.delegate, "ms": t.seconds * 1e3} for t in times
    ]


def _profile_text(times: Sequence[StepTime]) -> str:
    """Every step in the order of the run, then the sum of each operator, the slowest first."""
    total = sum(t.seconds for t in times) or 1.0
    by_op: dict[str, list[float]] = {}
    for t in times:
        by_op.setdefault(t.step.label, []).append(t.seconds)
    sums = sorted(((op, len(s), sum(s)) for op, s in by_op.items()), key=lambda row: -row[2])
    return "\n".join(
        (
            table(
                [
                    (t.step.label, t.step.delegate, duration(t.seconds), f"{t.seconds / total:.1%}", t.step.name)
                    for t in times
                ],
                ("operator", "delegate", "time", "share", "name"),
                right="llrr",
            ),
            "operators",
            table(
                [(op, count, duration(spent), f"{spent / total:.1%}") for op, count, spent in sums],
                ("operator", "steps", "time", "share"),
                right="lrrr",
            ),
        )
    )
