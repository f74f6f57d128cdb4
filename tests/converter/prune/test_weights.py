"""Single weights that are pruned: how many, which pattern, what is computed then, and how small files become."""
from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import converter
from converter.emit.graph import emit
from converter.errors import OptionError, PruneError
from converter.ir.graph import Graph, Value
from converter.ir.verify import verify
from converter.prune.apply import prune
from converter.prune.settings import Pruning
from converter.prune.weights import kept, split
from converter.quantize.apply import quantize
from converter.quantize.settings import Quantization
from lite import Session, ops
from lite.coded import Coded
from lite.model import read_model
from lite.types import Array, DType, TensorSpec
from samples.beds import BEDS, correct

CONV = ops.attributes(
    "Conv2DFusion",
    {"stride": (1, 1), "dilation": (1, 1), "group": 1, "pad_list": (1, 1, 1, 1), "activation_type": 1},
)
PRODUCT = ops.attributes("MatMulFusion", {})


def network() -> Graph:
    """Two convolutions, pixels as rows, a product; weights of a first column that hardly count."""
    draw = np.random.default_rng(3)

    def constant(*shape: int) -> Value:
        return Value.constant((draw.normal(size=shape) / 8).astype(np.float32), "w")

    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (1, 6, 6, 8), "x"))
    (h,) = graph.add(CONV, [x, constant(16, 3, 3, 8), constant(16)], "first")
    (h,) = graph.add(CONV, [h, constant(16, 3, 3, 16), constant(16)], "second")
    (h,) = graph.add(ops.attributes("Reshape", {}), [h, Value.constant(np.array([36, 16], np.int32))], "rows")
    graph.outputs = list(graph.add(PRODUCT, [h, constant(16, 24), constant(24)], "y"))
    return graph


def samples(count: int = 12, seed: int = 0) -> list[Array]:
    """Pixels whose channels depend on each other."""
    mix, draw = np.random.default_rng(1).normal(size=(5, 8)), np.random.default_rng([2, seed])
    return [(draw.normal(size=(1, 6, 6, 5)) @ mix).astype(np.float32) for _ in range(count)]


def test_recurrent_layers_are_left_alone_and_named(caplog: pytest.LogCaptureFixture) -> None:
    graph = Graph("speech")
    x = graph.add_input(TensorSpec(DType.FLOAT32, (5, 1, 16), "x"))
    state = [Value.constant(np.zeros((1, 1, 16), np.float32)) for _ in range(2)]
    size = {"has_bias": True, "input_size": 16, "hidden_size": 16}
    weights = np.random.default_rng(0).normal(size=4 * 16 * 32 + 64).astype(np.float32)
    h, _, _ = graph.add(ops.attributes("LSTM", size), [x, *state, Value.constant(weights)], "memory")
    product = Value.constant(np.random.default_rng(1).normal(size=(16, 24)).astype(np.float32))
    graph.outputs = list(graph.add(PRODUCT, [h, product], "y"))
    memory, y = prune(graph, Pruning(weights=0.5)).nodes
    assert np.array_equal(memory.inputs[3].data, weights)
    assert (y.inputs[1].data == 0).mean() == pytest.approx(0.5, abs=0.01)
    assert "recurrent layers keep all their channels and weights: memory" in caplog.text


def zeros(graph: Graph) -> dict[str, float]:
    found = {}
    for node in graph.nodes:
        w = node.inputs[1].data
        if node.op != "Reshape" and w is not None:
            found[node.name] = float((w == 0).mean())
    return found


def error(graph: Graph, wanted: Graph, x: Array) -> float:
    with Session(emit(graph)) as session, Session(emit(wanted)) as exact:
        y = exact.run(x)
        return float(np.linalg.norm(session.run(x) - y) / np.linalg.norm(y))


@pytest.mark.parametrize("given", [0, 12])
def test_a_share_of_each_layer(given: int) -> None:
    graph = prune(network(), Pruning(weights=0.75, scope="layer", samples=samples(given)))
    verify(graph)
    assert zeros(graph) == pytest.approx({"first": 0.75, "second": 0.75, "y": 0.75}, abs=0.01)


@pytest.mark.parametrize("given", [0, 12])
def test_a_share_of_all(given: int) -> None:
    graph = prune(network(), Pruning(weights=0.6, samples=samples(given)))
    shares = zeros(graph)
    sizes = {"first": 1152, "second": 2304, "y": 384}
    gone = sum(shares[name] * size for name, size in sizes.items())
    assert gone / sum(sizes.values()) == pytest.approx(0.6, abs=0.01)
    assert max(shares.values()) > min(shares.values()) + 0.01


@pytest.mark.parametrize("given", [0, 12])
@pytest.mark.parametrize("pattern", ["2:4", "1:4", "4:8"])
def test_some_of_each_that_follow_one_another(pattern: str, given: int) -> None:
    n, m = map(int, pattern.split(":"))
    graph = prune(network(), Pruning(pattern=pattern, samples=samples(given)))
    for node in graph.nodes:
        w = node.inputs[1].data
        if node.op == "MatMulFusion":
            assert w is not None
            w = w.T
        if node.op != "Reshape":
            assert w is not None
            assert (np.count_nonzero(w.reshape(-1, m), axis=1) == n).all()


def test_samples_win_back_what_is_lost() -> None:
    """Judged by samples that pruning has not seen."""
    fitted, plain = (prune(network(), Pruning(weights=0.6, samples=given)) for given in (samples(40), []))
    errors = [(error(fitted, network(), x), error(plain, network(), x)) for x in samples(10, seed=1)]
    assert sum(left for left, _ in errors) < 0.6 * sum(lost for _, lost in errors)


def test_products_of_many_features_and_few_samples_take_no_square_of_them() -> None:
    draw, graph = np.random.default_rng(6), Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (1, 6000), "x"))
    w = (draw.normal(size=(6000, 4)) / 80).astype(np.float32)
    graph.outputs = list(graph.add(PRODUCT, [x, Value.constant(w), Value.constant(w[0])], "y"))
    data = [draw.normal(size=(1, 6000)).astype(np.float32) for _ in range(8)]
    tracemalloc.start()
    try:
        small = prune(graph, Pruning(pattern="2:4", samples=data))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6000 * 6000
    assert zeros(small) == {"y": 0.5}


def test_nodes_may_be_left_alone() -> None:
    graph = prune(network(), Pruning(weights=0.5, scope="layer", skip_nodes=["second"], samples=samples(3)))
    assert zeros(graph)["second"] == 0
    with pytest.raises(PruneError, match="nothing to prune"):
        prune(network(), Pruning(weights=0.5, skip_nodes=["first", "second", "y"]))


def test_splitting_loses_less_than_leaving_out_the_smallest() -> None:
    draw = np.random.default_rng(7)
    x = draw.normal(size=(500, 12)) @ draw.normal(size=(12, 40)) + draw.normal(size=(500, 40)) / 4
    w = draw.normal(size=(1, 40, 16))
    c = (x.T @ x / len(x))[None]
    found, mask = split(w, x[None], 0.7, None)
    assert mask.mean() == pytest.approx(0.3, abs=0.01)
    assert not found[~mask].any()

    def loss(v: Array) -> float:
        return float(np.einsum("gio,gij,gjo->", w - v, c, w - v))

    assert loss(found) < 0.3 * loss(w * kept(np.abs(w), 0.7, None))


@pytest.mark.parametrize("rounding", ["nearest", "compensated"])
@pytest.mark.parametrize(
    "more", [{}, {"symmetric": False}, {"weight_bits": 4}, {"spacing": "clustered", "weight_bits": 5}], ids=str
)
def test_zeros_stay_zeros_in_codes_and_take_few_bytes(more: dict[str, Any], rounding: str) -> None:
    data = samples()
    graph = prune(network(), Pruning(weights=0.75, scope="layer", samples=data))
    zero = zeros(graph)
    settings = Quantization(data, kind="weight", rounding=rounding, **more)
    graph = quantize(graph, settings)
    assert all(share >= before - 0.001 for before, share in zip(zero.values(), zeros_of_codes(graph), strict=True))
    stored = [t.spec.data for t in read_model(emit(graph)).tensors if isinstance(t.spec.data, Coded)]
    assert [coded.form for coded in stored] == [2, 2, 2]
    assert sum(coded.nbytes for coded in stored) < (0.35 if "weight_bits" in more else 0.5) * (1152 + 2304 + 384)
    x = data[0]
    assert error(graph, network(), x) < 0.6


def zeros_of_codes(graph: Graph) -> list[float]:
    values = [node.inputs[1].data for node in graph.nodes if node.op != "Reshape"]
    return [float((w == 0).mean()) for w in values if w is not None]


def test_full_quantization_keeps_zeros_too() -> None:
    data = samples()
    graph = quantize(prune(network(), Pruning(weights=0.75, samples=data)), Quantization(data))
    dense = quantize(network(), Quantization(data))
    assert len(emit(graph)) < len(emit(dense)) - 1500
    with Session(emit(graph)) as session, Session(emit(graph), delegates=["reference"]) as reference:
        np.testing.assert_array_equal(session.run(data[0]), reference.run(data[0]))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"weights": 1.0}, "weights is 1.0: expected a share"),
        ({"weights": True}, "weights is True: expected a share"),
        ({"pattern": "4:2"}, "pattern is '4:2': expected how many of how many"),
        ({"pattern": "0:4"}, "expected how many of how many"),
        ({"pattern": 24}, "expected how many of how many"),
        ({"pattern": "2:4", "weights": 0.5}, "give one of them"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        converter.ConvertOptions(pruning=settings)


@pytest.mark.parametrize(("share", "lost"), [(0.5, 1), (0.75, 2)])
def test_a_trained_network_stays_accurate(share: float, lost: int) -> None:
    bed = BEDS["digits"]
    heldout = bed.heldout()
    model = converter.convert(bed.model, {"pruning": {"weights": share, "samples": bed.calibration().inputs}})
    with Session(model, threads=1) as session:
        assert correct(session, heldout) >= 357 - lost
