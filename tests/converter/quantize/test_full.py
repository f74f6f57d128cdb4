"""Full quantization: what becomes codes, how close it stays, what is refused."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import converter
from converter.emit.graph import emit
from converter.errors import OptionError, QuantizeError
from converter.ir.graph import Graph, Value
from converter.ir.verify import verify
from converter.quantize.affine import activation_affine, weight_affine, weight_codes
from converter.quantize.apply import quantize
from converter.quantize.settings import Quantization
from lite import Session
from lite.ops.activation import Activation
from lite.ops.binary import AddFusion
from lite.ops.concat import Concat
from lite.ops.conv2d import Conv2DFusion
from lite.ops.enums import ActivationType
from lite.ops.lstm import LSTM
from lite.ops.matmul import MatMulFusion
from lite.ops.pool import AvgPoolFusion, MaxPoolFusion
from lite.ops.quantized import Quantized
from lite.ops.reshape import Reshape
from lite.ops.softmax import Softmax
from lite.types import Array, DType, TensorSpec

DIGITS = Path(__file__).parents[3] / "samples" / "digits"
RNG = np.random.default_rng(3)
SAMPLES = [RNG.normal(size=(1, 8, 8, 3)).astype(np.float32) for _ in range(8)]


def weights(*shape: int) -> Value:
    return Value.constant((RNG.normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32), "w")


def convolution(graph: Graph, x: Value, channels: int, name: str, activation: int = 0) -> Value:
    attrs = Conv2DFusion(
        stride=(1, 1), dilation=(1, 1), group=1, pad_list=(1, 1, 1, 1), activation_type=ActivationType(activation)
    )
    (y,) = graph.add(attrs, [x, weights(channels, 3, 3, x.spec.shape[3]), weights(channels)], name)
    return y


def network() -> Graph:
    """Two ways that meet twice, a pool, an activation, a product and a softmax."""
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (1, 8, 8, 3), "x"))
    a = convolution(graph, x, 6, "a", 1)
    b = convolution(graph, a, 6, "b")
    (sum_,) = graph.add(AddFusion(), [a, b], "sum")
    (both,) = graph.add(Concat(axis=3), [a, sum_], "both")
    (small,) = graph.add(MaxPoolFusion(kernel_size=(2, 2), strides=(2, 2)), [both], "small")
    (bent,) = graph.add(Activation(ActivationType.SWISH), [small], "bent")
    (mean,) = graph.add(AvgPoolFusion(global_=True), [bent], "mean")
    (row,) = graph.add(Reshape(), [mean, Value.constant(np.array([1, 12], np.int32))], "row")
    (score,) = graph.add(MatMulFusion(), [row, weights(12, 5)], "score")
    graph.outputs = list(graph.add(Softmax(axis=(1,)), [score], "y"))
    return graph


def run(graph: Graph, x: Array) -> Array:
    with Session(emit(graph)) as session:
        y: Array = session.run(x)
    return y


def test_what_lies_between_products_becomes_codes_and_the_rest_stays() -> None:
    graph = quantize(network(), Quantization(SAMPLES))
    verify(graph)
    coded = [node.op for node in graph.nodes if isinstance(node.attrs, Quantized)]
    assert " ".join(coded) == (
        "QuantDTypeCast Conv2DFusion Conv2DFusion AddFusion Concat MaxPoolFusion Activation AvgPoolFusion Reshape "
        "MatMulFusion QuantDTypeCast"
    )
    assert graph.nodes[-1].op == "Softmax"
    assert not isinstance(graph.nodes[-1].attrs, Quantized)


def test_operands_whose_elements_only_move_are_stored_alike() -> None:
    graph = quantize(network(), Quantization(SAMPLES))
    concat = next(node.attrs for node in graph.nodes if node.op == "Concat")
    assert isinstance(concat, Quantized)
    assert len({*concat.inputs, *concat.outputs}) == 1


@pytest.mark.parametrize("bits", [7, 8])
def test_results_stay_close(bits: int) -> None:
    exact = network()
    wanted = [run(exact, x) for x in SAMPLES]
    coded = quantize(exact, Quantization(SAMPLES, activation_bits=bits))
    for x, y in zip(SAMPLES, wanted, strict=True):
        np.testing.assert_allclose(run(coded, x), y, atol=0.02)


def test_skipped_nodes_stay_float() -> None:
    graph = quantize(network(), Quantization(SAMPLES, skip_nodes=["b"]))
    kept = next(node for node in graph.nodes if node.name == "b")
    assert isinstance(kept.attrs, Conv2DFusion)
    verify(graph)


def test_an_unknown_node_to_skip_is_named() -> None:
    with pytest.raises(QuantizeError, match="no node of that name"):
        quantize(network(), Quantization(SAMPLES, skip_nodes=["nowhere"]))


def test_without_samples_there_are_no_ranges() -> None:
    with pytest.raises(QuantizeError, match="there are no samples"):
        quantize(network(), Quantization())


def test_a_sample_that_does_not_fit_is_numbered() -> None:
    with pytest.raises(QuantizeError, match=r"sample 1 does not fit the network: .*x"):
        quantize(network(), Quantization([SAMPLES[0], SAMPLES[0][:, :4]]))


def test_the_file_of_a_sample_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (-1, 4), "x"))
    (h,) = graph.add(MatMulFusion(transpose_b=True), [x, Value.constant(np.ones((16, 4), np.float32))], "h")
    graph.outputs = list(graph.add(Reshape(), [h, Value.constant(np.array([2, 16]))], "y"))
    np.save(tmp_path / "odd.npy", np.ones((3, 4), np.float32))
    with pytest.raises(QuantizeError, match=r"odd\.npy does not fit the network: "):
        quantize(graph, Quantization({"path": tmp_path / "odd.npy"}, min_weights=1))


def test_a_network_without_products_has_nothing_to_quantize() -> None:
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (2, 3), "x"))
    graph.outputs = list(graph.add(Softmax(axis=(1,)), [x], "y"))
    with pytest.raises(QuantizeError, match="nothing to quantize"):
        quantize(graph, Quantization([np.zeros((2, 3), np.float32)]))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"observer": "median"}, "observer is 'median': expected one of minmax"),
        ({"activation_bits": 6}, "expected 7 to 8"),
        ({"skip_nodes": "conv"}, "expected a sequence of names"),
        ({"skip_nodes": 3}, "expected a sequence of names"),
        ({"sampels": []}, "did you mean 'samples'"),
        ({"samples": "full"}, "samples is 'full', the first argument: give kind='full'"),
        ("full", r"quantization is 'full': expected .*\{'kind': 'full', 'samples': ...\}"),
        (3, "quantization is 3: expected a Quantization"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: object, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        converter.ConvertOptions(quantization=settings)  # type: ignore[arg-type]


def test_zero_is_exact_and_the_range_is_covered() -> None:
    for low, high in ((-1.0, 3.0), (0.5, 2.0), (-4.0, -1.0), (0.0, 0.0)):
        affine = activation_affine(low, high, 8)
        ends = [(code - affine.zero_point[0]) * affine.scale[0] for code in (affine.low, affine.high)]
        assert affine.low <= affine.zero_point[0] <= affine.high
        assert ends[0] <= min(low, 0) + affine.scale[0] / 2
        assert ends[1] >= max(high, 0) - affine.scale[0] / 2


def test_codes_of_weights_are_at_most_half_a_step_off() -> None:
    w = RNG.normal(size=(4, 3, 3, 5)).astype(np.float32)
    affine = weight_affine(w, 0)
    codes = weight_codes(w, affine)
    scale, _ = affine.spread(4)
    assert np.abs(codes * scale - w).max() <= scale.max() / 2 * (1 + 1e-6)
    largest = np.abs(codes.reshape(4, -1)).max(axis=1)
    assert largest.min() >= 127 / (1 + 1 / 16) - 0.5
    assert largest.max() <= 127


def test_digits_lose_nothing_to_speak_of() -> None:
    heldout = np.load(DIGITS / "heldout.npz")
    images = heldout["images"].astype(np.float32)[:, None, None] / 16
    exact = converter.convert(DIGITS / "digits.mindir")
    coded = converter.convert(DIGITS / "digits.mindir", {"quantization": {"samples": images[::7]}})
    right = []
    for data in (exact, coded):
        with Session(data) as session:
            right.append(np.mean([session.run(x).argmax() for x in images] == heldout["labels"]))
    assert right[1] >= right[0] - 0.005


def test_parameters_of_channels_take_little_of_the_file() -> None:
    graph = Graph()
    y = graph.add_input(TensorSpec(DType.FLOAT32, (1, 4, 4, 40), "x"))
    for name in "abc":
        y = convolution(graph, y, 40, name, 1)
    graph.outputs = [y]
    plain = len(emit(graph))
    samples = [RNG.normal(size=(1, 4, 4, 40)).astype(np.float32)]
    assert len(emit(quantize(graph, Quantization(samples=samples)))) <= 0.29 * plain


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_have_to_be_finite(bad: float) -> None:
    samples = [x.copy() for x in SAMPLES]
    samples[3][0, 0, 0, 0] = bad
    with pytest.raises(QuantizeError, match=r"^sample 3, input x: not finite"):
        quantize(network(), Quantization(samples))
    with pytest.raises(QuantizeError, match=r"^sample 3, input x: not finite"):
        quantize(network(), Quantization([{"x": x} for x in samples]))


def test_a_tensor_that_is_never_finite_is_named() -> None:
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (1, 8, 8, 3), "x"))
    (y,) = graph.add(AddFusion(), [x, Value.constant(np.full(3, np.inf, np.float32))], "far")
    graph.outputs = [convolution(graph, y, 6, "a")]
    with pytest.raises(QuantizeError, match="nothing of it was finite in any sample"):
        quantize(graph, Quantization(SAMPLES))


@pytest.mark.parametrize("skipped", [(), ("layer",)])
def test_recurrent_layers_are_by_row(skipped: tuple[str, ...]) -> None:
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (7, 1, 16), "x"))
    attrs = LSTM(has_bias=True, input_size=16, hidden_size=24)
    zeros = Value.constant(np.zeros((1, 1, 24), np.float32))
    y, _, _ = graph.add(attrs, [x, zeros, zeros, weights(4 * 24 * 41)], "layer")
    (rows,) = graph.add(Reshape(), [y, Value.constant(np.array([7, 24], np.int32))], "rows")
    graph.outputs = list(graph.add(MatMulFusion(), [rows, weights(24, 5)], "score"))
    samples = [RNG.normal(size=(7, 1, 16)).astype(np.float32) for _ in range(4)]
    with Session(emit(graph)) as session:
        exact = [session.run(sample) for sample in samples]
    coded = quantize(graph, Quantization(samples=samples, min_weights=0, skip_nodes=skipped))
    kinds = {node.name: isinstance(node.attrs, Quantized) for node in coded.nodes}
    assert (kinds["layer"], kinds["score"]) == (not skipped, True)
    with Session(emit(coded)) as session:
        for sample, expected in zip(samples, exact, strict=True):
            assert np.linalg.norm(session.run(sample) - expected) < 0.05 * np.linalg.norm(expected)
