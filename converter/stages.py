"""The stages of a conversion, in the order that functions and commands share.

    graph = read(source, options)         the network as it was exported
    prepared = prepare(graph, options)    passes, pruning, quantization, and on request a report of their errors

Then the caller writes the graph, with `converter.emit` or one of `converter.exporters`.
"""
from __future__ import annotations

import math
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from converter.calibration import has_some, settled
from converter.errors import ArgumentError, MissingPackageError, OptionError
from converter.options import ConvertOptions
from converter.prune.settings import Pruning
from converter.quantize.settings import Quantization
from lite.commands.show import percent
from lite.files import path_of

if TYPE_CHECKING:
    from converter.ir.graph import Graph
    from converter.reports.report import Report

_FIRST = 5  # names that are shown

Source = str | os.PathLike[str] | bytes | bytearray | memoryview


class Loss(NamedTuple):
    """The relative error of the worst output, the square root of noise over signal, on the first `samples` samples.

    fitted: weights were fitted to these samples, so that others may lose more.
    """

    error: float
    samples: int
    fitted: bool

    def __str__(self) -> str:
        some = f"the first {self.samples} samples" if self.samples > 1 else "one sample"
        if math.isinf(self.error):
            return f"the outputs are lost on {some}: elements that were finite are not, or all of them were 0"
        fitted = ", to which weights were fitted: on others it may well be larger" if self.fitted else ""
        return f"relative error of the outputs: {percent(self.error)} on {some}{fitted}"


class Kept(NamedTuple):
    """Names of the layers that max_error keeps in float32, those that cost the outputs most first, of `layers`."""

    names: tuple[str, ...]
    layers: int

    def __str__(self) -> str:
        if not self.names:
            return "the error of quantization alone is within the limit: no layer has to stay in float32"
        first = ", ".join(self.names[:_FIRST]) + (", ..." if len(self.names) > _FIRST else "")
        return f"{len(self.names)} of {self.layers} layers stay in float32: {first}"


class Prepared(NamedTuple):
    """A graph that is ready to be written.

    report: what pruning and quantization did to it, where that was asked for. loss: the error of its outputs, where
    that was asked for and there are samples. kept: what stays in float32 for the sake of max_error.
    """

    graph: Graph
    report: Report | None = None
    loss: Loss | None = None
    kept: Kept | None = None


def read(source: Source, options: ConvertOptions) -> Graph:
    """The network of a MindIR or `.ms` file or its bytes, with the options' shapes, outputs and weights.

    Its name is that of the file, without the suffix. Raises what converter.convert raises for files.
    """
    if not isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview)):
        raise ArgumentError(f"source is a {type(source).__name__}: expected a path or the bytes of a MindIR file")
    graph = _read(source, options)
    if isinstance(source, (str, os.PathLike)):
        graph.name = path_of(source).stem
    return graph


def _read(source: Source, options: ConvertOptions) -> Graph:
    from converter.ms import is_ms, read_ms  # readers of files are loaded when they are needed

    tell(options, "read")
    if is_ms(source):
        if options.checkpoint is not None:
            raise OptionError("checkpoint: a .ms file does not say whose its weights are: give the MindIR export")
        return read_ms(source, options.input_shapes, options.outputs)
    try:
        from converter.mindir.reader import read_mindir
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "google":
            raise
        raise MissingPackageError("reading MindIR needs protobuf: pip install 'mindlite[convert]'") from error
    return read_mindir(source, options.input_shapes, options.outputs, options.weights(), options.key)


def optimize(graph: Graph, options: ConvertOptions) -> Graph:
    """Run the passes on a graph, in place, and return it."""
    from converter.passes._manager import run_passes
    from converter.passes.pipelines import DEFAULT, MINIMAL

    run_passes(graph, DEFAULT if options.optimize else MINIMAL, options.progress)
    return graph


def prepare(
    graph: Graph, options: ConvertOptions, *, explained: bool = False, judged: bool = False
) -> Prepared:
    """Optimize, prune and quantize a graph as the options say. `graph` itself must not be used afterwards.

    explained: also measure what pruning and quantization do, layer by layer. judged: also measure the error of the
    outputs, where the options have samples.

    Raises PassError, PruneError, QuantizeError, SampleError; OptionError where there is nothing to explain.
    """
    # ConvertOptions has turned mappings into these.
    pruning = options.pruning if isinstance(options.pruning, Pruning) else None
    quantization = options.quantization if isinstance(options.quantization, Quantization) else None
    if explained and pruning is None and quantization is None:
        raise OptionError("options have neither pruning nor quantization: there is nothing to report")
    optimize(graph, options)
    inputs = [value.spec for value in graph.fed]
    judged = judged and any(step is not None and has_some(step.samples) for step in (pruning, quantization))
    compared = explained or judged
    fitted = pruning is not None and has_some(pruning.samples)
    kept: Kept | None = None
    before = _copy(graph) if compared else graph
    samples: Any = ()
    if pruning is not None:
        from converter.prune.apply import prune

        samples = settled(pruning.samples, inputs)
        graph = prune(graph, replace(pruning, samples=samples), options.progress)
    exact = graph if pruning is not None else before
    if quantization is not None:
        from converter.quantize.apply import balance, quantized

        own = settled(quantization.samples, inputs)
        settings = replace(quantization, samples=own)
        balance(graph, settings, options.progress)
        exact = _copy(graph) if compared else graph
        before = before if pruning is not None else exact  # that only balanced: what it was in other numbers
        result = quantized(graph, settings, options.progress)
        graph = result.graph
        if quantization.max_error is not None:
            kept = Kept(result.kept, result.layers)
        samples = own if next(iter(own), None) is not None else samples
    if explained:
        from converter.reports.explain import Networks, explain

        kind = quantization.kind if quantization is not None else None
        report = explain(Networks(before, exact, graph), kind, samples, options.progress)
        return Prepared(graph, report, Loss(report.error, report.samples, fitted), kept)
    if judged:
        from converter.quantize.measure import measure

        measured = measure(before, graph, samples, options.progress, layers=False)
        return Prepared(graph, None, Loss(measured.error, measured.samples, fitted), kept)
    return Prepared(graph, kept=kept)


def _copy(graph: Graph) -> Graph:
    from converter.quantize.measure import copy

    return copy(graph)


def tell(options: ConvertOptions, stage: str) -> None:
    """Report the stage that begins, where the options ask for progress."""
    if options.progress is not None:
        options.progress(stage)
