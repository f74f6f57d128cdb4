"""Weights alone in codes: which, how close they stay, what their files compute, what is refused."""
from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from converter import ConvertOptions
from converter.compact import stored_bytes
from converter.emit.graph import emit
from converter.errors import OptionError, QuantizeError
from converter.ir.graph import Graph, Value
from converter.ir.text import parse
from converter.ir.verify import verify
from converter.quantize.apply import quantize
from converter.quantize.measure import copy
from converter.quantize.settings import Quantization
from converter.quantize.weights import encode
from lite import Session, ops
from lite.coded import Coded
from lite.model import read_model
from lite.types import Array, DType, TensorSpec

RNG = np.random.default_rng(5)
CONV = ops.attributes("Conv2DFusion", {"stride": (1, 1), "dilation": (1, 1), "group": 1, "pad_list": (1, 1, 1, 1)})
PRODUCT = ops.attributes("MatMulFusion", {})
LSTM = ops.attributes("LSTM", {"has_bias": True, "input_size": 16, "hidden_size": 16})
GATHER = ops.attributes("Gather", {})


def normal(*shape: int) -> Array:
    return RNG.normal(size=shape).astype(np.float32)


def constant(*shape: int) -> Value:
    return Value.constant(normal(*shape) / 4, "w")


def convolutions() -> Graph:
    """Two convolutions and a product of rows that depend on each other."""
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (1, 6, 6, 8), "x"))
    (h,) = graph.add(CONV, [x, constant(16, 3, 3, 8), constant(16)], "first")
    (h,) = graph.add(CONV, [h, constant(16, 3, 3, 16), constant(16)], "second")
    (h,) = graph.add(ops.attributes("Reshape", {}), [h, Value.constant(np.array([36, 16], np.int32))], "rows")
    graph.outputs = list(graph.add(PRODUCT, [h, constant(16, 24), constant(24)], "y"))
    return graph


def words() -> Graph:
    """An embedding, a recurrent layer."""
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.INT32, (5, 1), "x"))
    (h,) = graph.add(GATHER, [constant(40, 16), x, Value.constant(np.array(0, np.int32))], "table")
    state = [Value.constant(np.zeros((1, 1, 16), np.float32)) for _ in range(2)]
    y, _, _ = graph.add(LSTM, [h, *state, constant(4 * 16 * 32 + 64)], "lstm")
    graph.outputs = [y]
    return graph


def image() -> Array:
    """Values that are like their neighbors, as those of pictures are."""
    return np.repeat(normal(1, 6, 6, 2), 4, axis=3) + normal(1, 6, 6, 8) / 8


def run(graph: Graph, x: Array) -> Array:
    with Session(emit(graph)) as session:
        y: Array = session.run(x)
    return y


def coded(graph: Graph) -> list[str]:
    return [node.name for node in graph.nodes if any(isinstance(v.spec.data, Coded) for v in node.inputs)]


@pytest.mark.parametrize(("bits", "symmetric"), [(1, False), *((n, s) for n in range(2, 17) for s in (True, False))])
def test_codes_are_at_most_half_a_step_off(bits: int, symmetric: bool) -> None:
    w = normal(6, 3, 3, 4)
    settings = Quantization(kind="weight", weight_bits=bits, symmetric=symmetric, weight_range="minmax")
    stored = encode(w, 0, settings)
    step = stored.scale.reshape(6, 1, 1, 1)
    assert (np.abs(stored.decode() - w) <= step * 0.5001 + 1e-6).all()


def test_least_squares_are_no_more_than_those_of_the_widest_range() -> None:
    w = normal(8, 64)
    errors = []
    for how in ("minmax", "mse"):
        settings = Quantization(kind="weight", weight_bits=3, weight_range=how, symmetric=True)
        errors.append(np.square(encode(w, 0, settings).decode() - w).sum(axis=1))
    assert (errors[1] < errors[0]).all()


@pytest.mark.parametrize("group_size", [0, 8, 24])
@pytest.mark.parametrize(("bits", "tolerance"), [(8, 0.03), (12, 0.002), (16, 2e-4), (4, 0.4), (1, 60.0)])
def test_the_file_computes_what_the_graph_says(bits: int, tolerance: float, group_size: int) -> None:
    for make, x in ((convolutions, image()), (words, RNG.integers(0, 40, (5, 1)).astype(np.int32))):
        graph = make()
        wanted = run(graph, x)
        settings = Quantization(kind="weight", weight_bits=bits, symmetric=bits > 1, group_size=group_size)
        graph = quantize(graph, settings)
        verify(graph)
        data = emit(graph)
        results = []
        for delegates in (None, ["reference"]):
            with Session(data, delegates=delegates) as session:
                results.append(session.run(x))
        np.testing.assert_allclose(results[0], results[1], atol=1e-4 * np.abs(wanted).max())
        assert np.abs(results[0] - wanted).max() <= tolerance * np.abs(wanted).max()


@pytest.mark.parametrize("more", [{}, {"rounding": "compensated"}, {"max_error": 0.5}], ids=str)
def test_samples_where_no_product_has_second_moments(more: dict[str, Any]) -> None:
    """Errors are not spread over depthwise filters, so samples have nothing to say of them."""
    graph = parse(
        """
        graph g
        input %x: float32[1,6,6,32]
        const %w: float32[32,3,3,1] = seed 1
        %y = Conv2DFusion(%x, %w) {kernel_size=[3, 3], stride=[1, 1], dilation=[1, 1], pad_list=[1, 1, 1, 1], group=32}
        output %y
        """
    )
    samples = [np.random.default_rng(1).standard_normal((1, 6, 6, 32)).astype(np.float32)]
    verify(quantize(graph, Quantization(kind="weight", weight_bits=4, samples=samples, **more)))


def test_what_becomes_codes() -> None:
    assert coded(quantize(convolutions(), Quantization(kind="weight"))) == ["first", "second", "y"]
    assert coded(quantize(words(), Quantization(kind="weight"))) == ["table", "lstm"]
    some = Quantization(kind="weight", min_weights=1500, skip_nodes=["table"])
    assert coded(quantize(convolutions(), Quantization(kind="weight", min_weights=1500))) == ["second"]
    assert coded(quantize(words(), some)) == ["lstm"]


def test_a_constant_that_two_read_in_different_ways_stays() -> None:
    graph = words()
    table = graph.nodes[0].inputs[0]
    graph.outputs += graph.add(ops.attributes("MulFusion", {}), [table, table], "square")
    assert coded(quantize(graph, Quantization(kind="weight"))) == ["lstm"]


def added(addend: Array, *, first: bool = False) -> Graph:
    """A sum of the input and a constant, and a product with it."""
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (12, 32), "x"))
    operands = [x, Value.constant(addend, "places")]
    (h,) = graph.add(ops.attributes("AddFusion", {}), operands[::-1] if first else operands, "sum")
    graph.outputs = list(graph.add(PRODUCT, [h, constant(32, 24), constant(24)], "y"))
    return graph


def places() -> Array:
    """Rows of different size, of elements of much the same."""
    return normal(12, 32) * np.float32(2.0) ** np.arange(-6, 6, dtype=np.float32)[:, None]


@pytest.mark.parametrize("first", [False, True])
def test_a_table_that_is_added_becomes_codes_with_a_scale_for_each_row(first: bool) -> None:
    x, table = normal(12, 32), places()
    graph = added(table, first=first)
    wanted, whole = run(graph, x), len(emit(graph))
    graph = quantize(graph, Quantization(kind="weight"))
    assert coded(graph) == ["sum", "y"]
    (stored,) = (v.spec.data for v in graph.nodes[0].inputs if v.spec.is_known)
    assert isinstance(stored, Coded)
    assert (np.abs(stored.decode() - table) <= np.abs(table).max(axis=1, keepdims=True) / 200).all()
    assert len(emit(graph)) < whole - 2 * table.size
    np.testing.assert_allclose(run(graph, x), wanted, atol=0.01 * np.abs(wanted).max())


def test_a_table_that_is_added_before_int8_becomes_codes() -> None:
    samples = [normal(12, 32) for _ in range(4)]
    assert coded(quantize(added(places()), Quantization(samples=samples))) == ["sum"]


def test_a_mask_of_two_numbers_becomes_codes_that_stand_for_them() -> None:
    mask = np.where(np.arange(32) > np.arange(12)[:, None], np.float32(-1e4), np.float32(0))
    graph = quantize(added(mask), Quantization(kind="weight"))
    (stored,) = (v.spec.data for v in graph.nodes[0].inputs if isinstance(v.spec.data, Coded))
    assert np.array_equal(stored.decode() == 0, mask == 0)
    np.testing.assert_allclose(stored.decode(), mask, rtol=0.005)


@pytest.mark.parametrize(
    "addend",
    [
        normal(32), normal(1, 32), normal(12, 1), np.where(np.arange(32) > 20, np.float32(-1e4), places()),
    ],
    ids=["a bias", "a row", "a number for each row", "places and a mask"],
)  # fmt: skip
def test_what_is_added_stays_where_it_is_no_table_or_one_scale_does_not_fit(addend: Array) -> None:
    assert coded(quantize(added(addend), Quantization(kind="weight", min_weights=1))) == ["y"]


def test_groups_stay_codes_until_somebody_computes_with_them() -> None:
    graph = quantize(convolutions(), Quantization(kind="weight", weight_bits=4, group_size=24, symmetric=False))
    data = emit(graph)
    assert {"MulFusion", "AddFusion", "Reshape"} <= {node.op for node in read_model(data).nodes}
    with Session(data) as session:
        assert "MulFusion" not in [step.op for step in session.steps]


def test_rounding_that_makes_up_for_its_errors_computes_what_is_closer() -> None:
    samples = [image() for _ in range(20)]
    wanted = run(convolutions_of(3), samples[0])
    errors = []
    for rounding in ("nearest", "compensated"):
        settings = Quantization(samples, kind="weight", weight_bits=3, rounding=rounding, group_size=24)
        errors.append(np.square(run(quantize(convolutions_of(3), settings), samples[0]) - wanted).mean())
    assert errors[1] < 0.7 * errors[0]


def convolutions_of(seed: int) -> Graph:
    """The same network for the same seed."""
    global RNG
    before, RNG = RNG, np.random.default_rng(seed)
    try:
        return convolutions()
    finally:
        RNG = before


def test_samples_near_the_end_of_float32_are_added_up() -> None:
    """Their squares are beyond it. Warnings are errors here."""
    samples = [np.float32(1e37) * image()]
    quantize(convolutions(), Quantization(samples, kind="weight", rounding="compensated"))


def test_compensated_rounding_wants_samples() -> None:
    with pytest.raises(QuantizeError, match="there are no samples"):
        quantize(convolutions(), Quantization(kind="weight", rounding="compensated"))


def test_without_weights_there_is_nothing_to_do() -> None:
    with pytest.raises(QuantizeError, match="no weights of 100000 elements or more"):
        quantize(convolutions(), Quantization(kind="weight", min_weights=100_000))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kind": "full", "weight_bits": 4}, "weight_bits is 4, which 'full' .* give kind 'weight'"),
        ({"kind": "float16", "weight_bits": 4}, "'float16' quantization does not use"),
        ({"activation_bits": 7}, "activation_bits is 7, which 'weight' .* give kind 'full'"),
        ({"smooth": 0.5}, "give kind 'full' or 'dynamic'"),
        ({"kind": "weights"}, "kind is 'weights': expected one of full, weight"),
        ({"weight_bits": 0}, "expected 1 to 16"),
        ({"weight_bits": 17}, "expected 1 to 16"),
        ({"weight_bits": True}, "expected 1 to 16"),
        ({"weight_bits": 1, "symmetric": True}, "symmetric False"),
        ({"group_size": -1}, "group_size is -1"),
        ({"symmetric": 1}, "expected True or False"),
        ({"weight_range": "max"}, "expected one of minmax, mse"),
        ({"rounding": "up"}, "expected one of nearest, compensated"),
        ({"min_weights": 0.5}, "min_weights is 0.5"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        ConvertOptions(quantization={"kind": "weight", **settings})


def test_an_error_knows_the_field_that_it_is_about() -> None:
    with pytest.raises(OptionError) as raised:
        Quantization(kind="weight", spacing="clustered")
    error: OptionError = pickle.loads(pickle.dumps(raised.value))
    assert error.field == "weight_bits"
    assert str(error) == "weight_bits is 8 and spacing 'clustered': expected 1 to 7 bits"
    assert str(error.renamed(lambda field: f"{field.of}.{field}")).startswith("quantization.weight_bits is 8 and quant")


@pytest.mark.parametrize("more", [{}, {"group_size": 9}, {"weight_bits": 2}, {"symmetric": False}], ids=str)
def test_few_bits_never_take_more_bytes_than_8(more: dict[str, Any]) -> None:
    few: dict[str, Any] = {"weight_bits": 4, **more}
    depthwise = ops.attributes(
        "Conv2DFusion", {"stride": (1, 1), "dilation": (1, 1), "group": 96, "pad_list": (1, 1, 1, 1)}
    )
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (1, 8, 8, 96), "x"))
    w = normal(96, 3, 3, 1)
    graph.outputs = list(graph.add(depthwise, [x, Value.constant(w)], "y"))
    plain = quantize(copy(graph), Quantization(kind="weight"))
    coded = quantize(copy(graph), Quantization(kind="weight", **few))
    assert len(emit(coded)) <= len(emit(plain))
    stored = [graph.nodes[0].inputs[1].spec.data for graph in (plain, coded)]
    assert [data.bits for data in stored if isinstance(data, Coded)] == [8, 8]
    even = quantize(copy(graph), Quantization(kind="weight", weight_bits=4, symmetric=True))
    assert len(emit(even)) < len(emit(plain))
    bits = [value.spec.data.bits for value in even.constants() if isinstance(value.spec.data, Coded)]
    assert bits == [4]


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("more", [{}, {"symmetric": True}, {"group_size": 24, "symmetric": False}], ids=str)
def test_bytes_of_codes_are_known_before_they_are_written(bits: int, more: dict[str, Any]) -> None:
    graph = quantize(convolutions(), Quantization(kind="weight", weight_bits=bits, **more))
    file = len(emit(graph))
    estimate = sum(stored_bytes(value.spec.data) for value in graph.constants() if isinstance(value.spec.data, Coded))
    rest = [value.spec.data.nbytes for value in graph.constants() if isinstance(value.spec.data, np.ndarray)]
    assert 0 < file - estimate - sum(rest) < 3200


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 8])
def test_a_single_output_channel_along_the_last_axis(bits: int) -> None:
    graph = parse("""graph g
        input %x: float32[1,5,3,31]
        const %w: float32[31,5,7,1] = seed 3
        %y = Conv2dTransposeFusion(%x, %w) {stride=[1,2], dilation=[1,1], pad_mode=PAD, pad_list=[0,0,0,0], group=1}
        output %y""")
    x = np.random.default_rng(0).standard_normal((1, 5, 3, 31)).astype(np.float32)
    exact = run(graph, x)
    some = Quantization(kind="weight", weight_bits=bits, symmetric=bits > 1)
    small = quantize(graph, some)
    assert coded(small)
    error = np.linalg.norm(run(small, x) - exact) / np.linalg.norm(exact)
    assert error < 2 * 0.5**bits
