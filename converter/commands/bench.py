"""`mlite bench`: lite's command, which here converts a `.mindir` first and has a suite of networks.

In int8 each network is quantized in full with the same inputs as the only sample: ours and LiteRT's by the converter,
that of onnxruntime and OpenVINO by onnxruntime's quantize_static, that of MNN by its own tool.
"""
from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lite.commands import bench
from lite.commands.bench import Report
from lite.commands.progress import progress
from lite.commands.run import check_pixels
from lite.commands.show import duration, print_json
from lite.types import Array

_WIDTH = 21  # of a column with two times
_NETWORK_WIDTH = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    bench.add_arguments(parser, nargs="?")
    parser.add_argument("--suite", action="store_true",
        help="measure the networks of the project's speed suite, in place of MODEL")
    parser.add_argument("--networks", metavar="NAME[,NAME...]", type=_names,
        help="measure these networks of the suite, in place of all")
    parser.add_argument("--int8", action="store_true",
        help="quantize the suite's networks, for this engine and for the peers")


def _names(text: str) -> tuple[str, ...]:
    from converter.suite import NETWORKS

    names = tuple(text.split(","))
    unknown = [name for name in names if name not in NETWORKS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is not in the suite: {', '.join(NETWORKS)}")
    return names


def execute(args: argparse.Namespace) -> int:
    if bool(args.model) == args.suite or ((args.networks or args.int8) and not args.suite):
        args.usage_error("give MODEL, or --suite with or without --networks and --int8")
    if args.suite and args.input:
        args.usage_error("--input is for MODEL: the networks of --suite have inputs of their own")
    if args.suite:
        check_pixels(args)
        return _suite(args)
    if Path(args.model).suffix.lower() != ".mindir":
        return bench.execute(args)
    with tempfile.TemporaryDirectory(prefix="mindlite-bench-") as folder:
        model = Path(folder) / "model.ms"
        _convert(args, args.model, model)
        return bench.show(args, args.model, str(model))


def _convert(
    args: argparse.Namespace, source: str | Path, target: Path, sample: Mapping[str, Array] | None = None
) -> None:
    """Write the network as a `.ms`; in int8 where there is a sample to quantize it with."""
    from converter import convert

    with progress(f"converting {source}", args.progress) as stage:
        quantization = {"samples": [sample]} if sample is not None else None
        target.write_bytes(convert(source, {"progress": stage, "quantization": quantization}))


def _suite(args: argparse.Namespace) -> int:
    """Measure network after network, and print each as it is done."""
    from converter.suite import NETWORKS, export

    names = args.networks or NETWORKS
    if args.peers and not args.json:
        print(bench.say_peers())
    reports: dict[str, Report] = {}
    with tempfile.TemporaryDirectory(prefix="mindlite-bench-") as folder:
        for number, name in enumerate(names, 1):
            what = f"{name}, {number} of {len(names)}"
            with progress(f"exporting {what}", args.progress):
                found = export(name)
            model = Path(folder) / f"{name}.ms"
            _convert(args, found.mindir, model, found.inputs if args.int8 else None)
            with progress(f"measuring {what}", args.progress) as stage:
                reports[name] = bench.measure_all(args, str(model), found.inputs, found.onnx, stage, args.int8)
            model.unlink()
            if not args.json:
                _print_row(args, name, reports[name], header=number == 1)
    ratios = {field: _geometric_mean(list(reports.values()), field) for field in ("min", "median")}
    if args.json:
        networks = {name: bench.as_json(report) for name, report in reports.items()}
        summary = {"threads": args.threads, **bench.peers_json(args)}
        print_json({**summary, "networks": networks, "geometric_mean": ratios})
    elif ratios["median"] is not None and ratios["min"] is not None:
        print(f"geometric mean of the ratios: {ratios['median']:.3f} of medians, {ratios['min']:.3f} of minima")
    return 0


def _geometric_mean(reports: Sequence[Report], field: str) -> float | None:
    ratios = [value for report in reports if report.standings and (value := bench.ratio(report.standings, field))]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None


def _print_row(args: argparse.Namespace, name: str, report: Report, header: bool) -> None:
    """One line of the table of networks, then what else was asked for."""
    engines = [s.engine for s in report.standings] or ["mindlite"]
    if header:
        print(f"threads: {args.threads}; times are min / median; ratio: the fastest peer's median (min) over ours")
        print("network".ljust(_NETWORK_WIDTH) + "".join(engine.rjust(_WIDTH) for engine in engines) + "   ratio")
    latencies: list[Any] = [s.latency for s in report.standings] or [report.latency]
    cells = [f"{duration(x.min)} / {duration(x.median)}" if x is not None else "failed" for x in latencies]
    ratio, of_minima = (bench.ratio(report.standings, f) if report.standings else None for f in ("median", "min"))
    last = f"   {ratio:.2f} ({of_minima:.2f})" if ratio is not None else ""
    print(name.ljust(_NETWORK_WIDTH) + "".join(cell.rjust(_WIDTH) for cell in cells) + last, flush=True)
    remarks = [(s.engine, s.failure or bench.remark(s)) for s in report.standings]
    for engine, remark in remarks:
        if remark:
            print(f"  {engine}: {remark}")
    if report.steps or report.cold:
        print(bench.as_text(report), flush=True)
