"""Quantization from beginning to end."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from converter.calibration import settled
from converter.errors import Field, QuantizeError
from converter.ir.graph import Graph
from converter.quantize.calibrate import calibrate, second_moments
from converter.quantize.correct import correct_biases, input_means
from converter.quantize.dynamic import by_row, quantize_dynamic, quantize_recurrent
from converter.quantize.equalize import equalize
from converter.quantize.full import on_codes, quantize_full
from converter.quantize.halve import store_halves
from converter.quantize.limit import Quantized, limited
from converter.quantize.mixed import mixed_bits
from converter.quantize.settings import Quantization
from converter.quantize.smooth import smooth
from converter.quantize.weights import chosen, quantize_weights, transpose_products

Progress = Callable[[str], None]


def quantize(graph: Graph, settings: Quantization, progress: Progress | None = None) -> Graph:
    """Quantize a graph as the settings say. `graph` itself must not be used afterwards. Raises QuantizeError."""
    return quantized(graph, settings, progress).graph


def quantized(graph: Graph, settings: Quantization, progress: Progress | None = None) -> Quantized:
    """The same, with the layers that the settings' max_error keeps in float32.

    Raises QuantizeError where the samples do not fit the graph or there is nothing to quantize.
    """
    settings = replace(settings, samples=settled(settings.samples, [value.spec for value in graph.fed]))
    unknown = set(settings.skip_nodes) - {node.name for node in graph.all_nodes()}
    if unknown:
        field = Field("quantization", "skip_nodes")
        raise QuantizeError(field, f" has {min(unknown)!r}: there is no node of that name; mlite inspect lists them")
    if settings.max_error is None:
        return Quantized(_quantize(graph, settings, progress))
    return limited(graph, settings, lambda part, own: _quantize(part, own, progress), settings.max_error, progress)


def balance(graph: Graph, settings: Quantization, progress: Progress | None = None) -> None:
    """Equalize channels in place, as far as the settings ask for it. The graph computes the same as before.

    Raises QuantizeError where that takes samples, and there are none or one does not fit.
    """
    if settings.equalize:
        equalize(graph, settings, progress)
    if settings.smooth is not None:
        smooth(graph, settings, settings.smooth, progress)


def _quantize(graph: Graph, settings: Quantization, progress: Progress | None) -> Graph:
    """Quantize without a limit to the error."""
    in_8_bits = replace(settings, weight_bits=8, spacing="even")  # what stays in float32 elsewhere
    if settings.kind == "full":
        means = input_means(graph, settings) if settings.bias_correction else {}
        ranges = calibrate(graph, settings, progress, means)
        nodes = on_codes(graph, settings, ranges)
        correct_biases({node: mean for node, mean in means.items() if node in nodes})
        coded = quantize_recurrent(quantize_full(graph, nodes, ranges, settings), settings)
        return quantize_weights(coded, in_8_bits)
    if settings.kind == "dynamic":
        if not by_row(graph, settings):
            raise _nothing_by_row(graph, settings)
        return quantize_weights(quantize_dynamic(graph, settings), in_8_bits)
    if settings.kind in ("float16", "bfloat16"):
        return store_halves(graph, settings)
    transpose_products(graph, settings)
    if not chosen(graph, settings):
        raise QuantizeError(f"{graph.name}: nothing to quantize: no weights of {settings.min_weights} elements or more")
    if settings.is_mixed:
        symmetric, rounding = settings.symmetric is not False, settings.rounding or "nearest"  # the search tries these
        settings = replace(settings, weight_range="mse", symmetric=symmetric, rounding=rounding)
        hessians = second_moments(graph, settings, progress)
        return quantize_weights(graph, settings, hessians, mixed_bits(graph, settings, hessians, progress))
    hessians = second_moments(graph, settings, progress) if settings.is_compensated else {}
    return quantize_weights(graph, settings, hessians)


def _nothing_by_row(graph: Graph, settings: Quantization) -> QuantizeError:
    """The error for a network with no weights, or too few, for dynamic quantization."""
    if by_row(graph, replace(settings, min_weights=0)):
        return QuantizeError(f"{graph.name}: nothing to quantize: matrix products, convolutions of single pixels and "
            "recurrent layers, which alone are quantized dynamically, have fewer weights each than min_weights, "
            f"{settings.min_weights}: for other convolutions use 'full', by samples, or 'weight'; or lower "
            "min_weights, a field of Quantization and in TOML")
    return QuantizeError(f"{graph.name}: nothing to quantize dynamically: no matrix product, convolution of single "
        "pixels or recurrent layer with constant weights: use 'full', by samples, or 'weight'")
