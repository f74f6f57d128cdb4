"""Measure how fast a model runs, where its time goes, and how that compares.

Inputs are random numbers, or files (--input). --ops compares the time of each operator
with its floor: the time for its multiplications and additions at the machine's fp32
peak, or for reading its bytes at the machine's best rate, whichever is longer. int8
kernels, which multiply faster, and Winograd convolutions, which multiply less, can be
below it.

--peers and --cold run each engine in a process of its own. The peers are those of
onnxruntime, OpenVINO, MNN and LiteRT that are installed; they need the same network
as an ONNX file. A ratio is a peer's median latency over this engine's. A cold start
is the median of several process starts, after one that does not count, in which
Python compiles its modules.
"""
from __future__ import annotations

import argparse
import dataclasses
import math
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lite.commands.progress import progress
from lite.commands.run import add_input_arguments, check_pixels, inputs_for, positive, timer_note
from lite.commands.show import add_common_arguments, duration, print_json, size, table
from lite.errors import ModelError
from lite.records import dataclass

if TYPE_CHECKING:
    from lite.bench import Machine, OperatorCost, StepCost
    from lite.compare import ColdStart, Contender, Standing
    from lite.timing import Latency
    from lite.types import Array

_SAME = 1e-3  # outputs that differ by more than this share of the largest are those of another network


def add_arguments(parser: argparse.ArgumentParser, nargs: str | None = None) -> None:
    """nargs: of the argument MODEL; "?" where the command has another way to choose a model."""
    parser.description = __doc__
    add = parser.add_argument
    add("model", metavar="MODEL", nargs=nargs, help="a .ms file, or a .mindir where the converter is installed")
    add("--threads", metavar="N", type=positive, default=1, help="threads to compute with (1)")
    add("--runs", metavar="N", type=positive, help="number of runs to measure, in place of --seconds")
    add("--seconds", metavar="S", type=_seconds, default=2.0, help="how long to measure each engine (2)")
    add_input_arguments(parser)
    add("--ops", action="store_true", help="show the time of every operation, and sums by operator")
    add("--cold", action="store_true", help="measure the time from process start to first output, and peak memory")
    add("--peers", action="store_true", help="compare with the other engines that are installed")
    add("--onnx", metavar="FILE", type=Path, help="the network for the peers (MODEL.onnx beside the model)")
    add_common_arguments(parser)


def _seconds(text: str) -> float:
    """argparse type: a positive number of seconds."""
    if not re.fullmatch(r"\d{1,5}(\.\d+)?", text, re.ASCII) or float(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds such as 2 or 0.5")
    return float(text)

_NOTABLE = 20e-6  # seconds of a run outside of operators from which on they are shown
_FLOOR = "floor: fp32 arithmetic or memory reads at the machine's peak rate; int8 and Winograd kernels can be below it"


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured of one model; empty or None where it was not asked for."""

    latency: Latency
    machine: Machine | None = None
    steps: Sequence[StepCost] = ()
    branches: bool = False
    standings: Sequence[Standing] = ()
    cold: Sequence[ColdStart] = ()


def execute(args: argparse.Namespace) -> int:
    if Path(args.model).suffix.lower() == ".mindir":
        raise ModelError(f"{args.model} is a MindIR: make a .ms of it first, with: mlite convert {args.model}")
    return show(args, args.model, args.model)


def show(args: argparse.Namespace, name: str, model: str) -> int:
    """Measure the `.ms` file `model`, which the user knows as `name`, and print what came out."""
    from lite.session import Session

    check_pixels(args)
    path = Path(args.model)
    onnx = args.onnx or path.parent / f"{path.stem}.onnx"
    lacks = _lacks(name, onnx) if args.peers else []
    if lacks:
        raise ModelError("; ".join(lacks))
    if args.input_shape and (args.peers or args.cold):
        args.usage_error("--input-shape is for this process alone: with --peers or --cold fix it in the model: "
            "mlite convert MODEL --input-shape")
    with Session(model) as session:
        session.resize(dict(args.input_shape))
        inputs = inputs_for(session, args)
        in_codes = any(step.attrs.is_quantized for step in session.steps)
    with progress(f"measuring {name}", args.progress) as stage:
        report = measure_all(args, model, inputs, onnx, stage)
    if args.json:
        print_json({"model": name, "threads": args.threads, **peers_json(args), **as_json(report)})
    else:
        print(f"{name}, {args.threads} thread{'s' if args.threads > 1 else ''}")
        if args.peers:
            print(say_peers())
            if in_codes:
                print(f"        run {onnx.name} as it is, while {name} is quantized (--suite --int8 quantizes both)")
        print(as_text(report))
    return 0


def _lacks(name: str, onnx: Path) -> list[str]:
    """Everything that a comparison with peers needs and that is missing."""
    from lite.compare import peer_versions

    lacks = []
    if all(version is None for version in peer_versions().values()):
        lacks.append("no peer is installed to compare with: pip install 'mindlite[peers]'")
    if not onnx.exists():
        advice = "give one with --onnx FILE; `mlite export MODEL.mindir -o MODEL.onnx` writes it"
        lacks.append(f"the peers need {name} as ONNX, and {onnx} is not there: {advice}")
    return lacks


def measure_all(
    args: argparse.Namespace,
    model: str,
    inputs: Mapping[str, Array],
    onnx: Path,
    stage: Callable[[str], None],
    int8: bool = False,
) -> Report:
    """Measure one model as the arguments ask. With peers, our latency is that of the turns with them.

    int8: the model is quantized, so quantize those of the peers, with these inputs.
    """
    from lite import bench, compare
    from lite.engines import OURS
    from lite.session import Session

    contest: list[Contender] = [compare.Contender(OURS, model)]
    standings: Sequence[Standing] = ()
    cold: Sequence[ColdStart] = ()
    with tempfile.TemporaryDirectory(prefix="mindlite-bench-") as folder:
        if args.peers:
            stage("preparing the engines")
            contest += compare.peers(onnx, model, folder, inputs if int8 else None)
            stage("the engines in turns")
            standings = compare.compare(contest, inputs, args.threads, args.seconds * len(contest))
        if args.cold:
            stage("starting processes")
            cold = compare.cold_starts(contest, inputs, args.threads)
    latency = standings[0].latency if standings else None
    steps: Sequence[StepCost] = ()
    machine: Machine | None = None
    with Session(model, threads=args.threads) as session:
        session.resize({name: x.shape for name, x in inputs.items()})
        if latency is None:
            stage("runs")
            latency = bench.measure(session, dict(inputs), runs=args.runs, seconds=args.seconds)
        if args.ops:
            stage("operations")
            machine = bench.measure_machine(args.threads)
            steps = bench.measure_steps(session, dict(inputs), machine)
        branches = session.depends_on_data
    return Report(latency, machine, steps, branches, standings, cold)


def peers_json(args: argparse.Namespace) -> dict[str, Any]:
    """Which peers were looked for, each with its version or null where it is not installed; nothing without --peers."""
    from lite.compare import peer_versions

    return {"peers": peer_versions()} if args.peers else {}


def say_peers() -> str:
    """The peers and their versions, as a line."""
    from lite.compare import peer_versions

    versions = peer_versions()
    found = [f"{name} {version}".rstrip() for name, version in versions.items() if version is not None]
    absent = [name for name, version in versions.items() if version is None]
    advice = f"; not installed: {', '.join(absent)} (pip install 'mindlite[peers]')" if absent else ""
    return f"peers   {', '.join(found) or 'none'}{advice}"


def ratio(standings: Sequence[Standing], field: str = "median") -> float | None:
    """Time of the fastest peer that has our outputs over ours; None where there is none to compare with."""
    alike = [s.latency if math.isfinite(s.error) else None for s in standings]
    ours, *others = (None if latency is None else getattr(latency, field) for latency in alike)
    known = [value for value in others if value is not None]
    return min(known) / ours if known and ours else None


def as_json(report: Report) -> dict[str, Any]:
    """The report in seconds and bytes, without what was not asked for."""
    from lite.bench import by_operator

    document: dict[str, Any] = {"latency": dataclasses.asdict(report.latency)}
    if report.machine is not None:
        document["machine"] = dataclasses.asdict(report.machine)
    if report.steps:
        document["operations"] = [
            {"name": row.step.name, "op": row.step.op, "delegate": row.step.delegate, **_numbers(row)}
            for row in report.steps
        ]
        document["operators"] = [
            {"op": row.op, "delegate": row.delegate, "steps": row.steps, **_numbers(row)}
            for row in by_operator(report.steps)
        ]
    if report.standings:
        document["engines"] = [dataclasses.asdict(s) for s in report.standings]
        document["ratio"] = {field: ratio(report.standings, field) for field in ("min", "median")}
    if report.cold:
        document["cold"] = [dataclasses.asdict(c) for c in report.cold]
    return document


def _numbers(row: StepCost | OperatorCost) -> dict[str, Any]:
    return {"seconds": row.seconds, "flops": row.flops, "bytes": row.nbytes, "floor": row.floor}


def as_text(report: Report) -> str:
    """The report as people read it."""
    from lite.bench import by_operator

    parts = [f"latency {say(report.latency)}"]
    if report.standings:
        parts += ["engines", _engines(report.standings)]
    if report.cold:
        parts += ["from process start to first output", _cold(report.cold)]
    if report.machine is not None:
        rates = ", ".join(f"{rate / 1e9:.0f} GB/s of {size(nbytes)}" for nbytes, rate in report.machine.reads)
        parts.append(f"machine {report.machine.flops / 1e9:.0f} GFLOP/s, reads {rates}")
    if report.steps:
        total = sum(row.seconds for row in report.steps)
        header = ("time", "share", "GFLOP/s", "GB/s", "of floor")
        rows = [
            (row.step.label, row.step.delegate, *_cells(row, total), str(row.step.outputs[0].like()), row.step.name)
            for row in report.steps
        ]
        sums = [(row.op, row.delegate, row.steps, *_cells(row, total)) for row in by_operator(report.steps)]
        parts += [
            "operations",
            table(rows, ("operator", "delegate", *header, "output", "name"), right="llrrrrrll"),
            f"operators, {duration(total)} together{_elsewhere(report.latency.min - total, report.branches)}",
            table(sums, ("operator", "delegate", "steps", *header), right="llrrrrrr"),
        ]
        if report.machine is not None:
            parts.append(f"  {_FLOOR}")
        parts += [f"  {note}" for note in [timer_note([row.seconds for row in report.steps])] if note]
    return "\n".join(parts)


def _elsewhere(seconds: float, branches: bool) -> str:
    """What to say of the time of the fastest run that no operator took in its own fastest run."""
    if seconds <= _NOTABLE:
        return ""
    what = "branches, loops, copies" if branches else "copies of inputs and outputs, colder caches"
    return f", and {duration(seconds)} of the fastest run between them: {what}"


def say(latency: Latency) -> str:
    """A latency in a phrase."""
    values = {"min": latency.min, "median": latency.median, "p90": latency.p90, "p99": latency.p99}
    return ", ".join(f"{duration(value)} {name}" for name, value in values.items()) + f" of {latency.runs} runs"


def _cells(row: StepCost | OperatorCost, total: float) -> tuple[str, ...]:
    return (
        duration(row.seconds),
        f"{row.seconds / total:.1%}",
        f"{row.flops / row.seconds / 1e9:.1f}" if row.flops else "-",
        f"{row.nbytes / row.seconds / 1e9:.1f}",
        f"{row.floor / row.seconds:.0%}" if row.floor is not None else "-",
    )


def _engines(standings: Sequence[Standing]) -> str:
    ours = standings[0].latency
    rows: list[tuple[str, ...]] = []
    for s in standings:
        if s.latency is None:
            rows.append((s.engine, "-", "-", "-", "-", "-", f"failed: {s.failure}"))
            continue
        times = (s.latency.min, s.latency.median, s.latency.p90, s.latency.p99)
        relative = f"{s.latency.median / ours.median:.2f}" if ours and math.isfinite(s.error) else "-"
        rows.append((s.engine, *map(duration, times), relative, remark(s)))
    return table(rows, ("engine", "min", "median", "p90", "p99", "ratio", ""), right="lrrrrrl")


def remark(standing: Standing) -> str:
    """How an engine's outputs differ from ours; "" where they do not."""
    if standing.error <= _SAME:
        return ""
    if not math.isfinite(standing.error):
        return "has other outputs"
    return f"outputs differ by {standing.error:.1g} of the largest"


def _cold(starts: Sequence[ColdStart]) -> str:
    rows = [
        (c.engine, "-", "-", "-", f"failed: {c.failure}")
        if c.failure
        else (c.engine, duration(c.min), duration(c.median), size(c.peak_memory), "")
        for c in starts
    ]
    return table(rows, ("engine", "min", "median", "peak memory", ""), right="lrrrl")
