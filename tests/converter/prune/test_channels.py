"""Structured pruning: which channels go together, what is left computes as if the others were 0, and fits samples."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import converter
from converter.errors import OptionError, PruneError
from converter.ir.evaluate import evaluate
from converter.ir.graph import Graph, Value
from converter.ir.text import parse
from converter.ir.verify import verify
from converter.prune import observe
from converter.prune.apply import prune
from converter.prune.channels import Channels
from converter.prune.cut import cut
from converter.prune.settings import Pruning
from lite import Session
from lite.types import Array
from samples.beds import BEDS, correct

RNG = np.random.default_rng(5)
CONV = "{kernel_size=[3, 3], stride=[1, 1], dilation=[1, 1], pad_list=[1, 1, 1, 1], group=1}"
POINT = "{kernel_size=[1, 1], stride=[1, 1], dilation=[1, 1], group=1}"


def grouped(group: int) -> str:
    return CONV.replace("group=1", f"group={group}")


# A network, and its families: of how many products, with how many classes of channels.
NETWORKS = {
    "residual": (
        f"""
        const %a: float32[8,3,3,3] = seed 1
        const %b: float32[8,3,3,8] = seed 2
        const %c: float32[4,1,1,8] = seed 3
        %p: float32[1,6,6,8] = Conv2DFusion(%x, %a) {CONV}
        %q: float32[1,6,6,8] = Conv2DFusion(%p, %b) {CONV}
        %s: float32[1,6,6,8] = AddFusion(%p, %q)
        %r: float32[1,6,6,8] = Activation(%s) {{activation_type=RELU}}
        %y: float32[1,6,6,4] = Conv2DFusion(%r, %c) {POINT}
        """,
        [(2, 8)],
    ),
    "depthwise": (
        f"""
        const %a: float32[8,3,3,3] = seed 1
        const %d: float32[16,3,3,1] = seed 2
        const %bd: float32[16] = seed 4
        const %c: float32[4,1,1,16] = seed 3
        %p: float32[1,6,6,8] = Conv2DFusion(%x, %a) {CONV}
        %q: float32[1,6,6,16] = Conv2DFusion(%p, %d, %bd) {grouped(8)}
        %y: float32[1,6,6,4] = Conv2DFusion(%q, %c) {POINT}
        """,
        [(1, 8)],
    ),
    "grouped": (
        f"""
        const %a: float32[8,3,3,3] = seed 1
        const %g: float32[12,3,3,4] = seed 2
        const %c: float32[4,1,1,12] = seed 3
        %p: float32[1,6,6,8] = Conv2DFusion(%x, %a) {CONV}
        %q: float32[1,6,6,12] = Conv2DFusion(%p, %g) {grouped(2)}
        %y: float32[1,6,6,4] = Conv2DFusion(%q, %c) {POINT}
        """,
        [(1, 4), (1, 6)],
    ),
    "concat": (
        f"""
        const %a: float32[4,3,3,3] = seed 1
        const %b: float32[6,3,3,3] = seed 2
        const %c: float32[4,1,1,10] = seed 3
        const %f: float32[10] = seed 4
        %p: float32[1,6,6,4] = Conv2DFusion(%x, %a) {CONV}
        %q: float32[1,6,6,6] = Conv2DFusion(%x, %b) {CONV}
        %s: float32[1,6,6,10] = Concat(%p, %q) {{axis=3}}
        %t: float32[1,6,6,10] = MulFusion(%s, %f)
        %u: float32[1,3,3,10] = MaxPoolFusion(%t) {{kernel_size=[2, 2], strides=[2, 2]}}
        %y: float32[1,3,3,4] = Conv2DFusion(%u, %c) {POINT}
        """,
        [(1, 4), (1, 6)],
    ),
    "normalization": (
        f"""
        const %a: float32[6,3,3,3] = seed 1
        const %n: float32[6] = seed 4
        const %m: float32[6] = seed 5
        const %c: float32[4,1,1,6] = seed 3
        %p: float32[1,6,6,6] = Conv2DFusion(%x, %a) {CONV}
        %q: float32[1,6,6,6] = FusedBatchNorm(%p, %n, %m, %m, [1., 2., 1., 1., 3., 1.])
        %r: float32[1,6,6,6] = PReLUFusion(%q, %n)
        %y: float32[1,6,6,4] = Conv2DFusion(%r, %c) {POINT}
        """,
        [(1, 6)],
    ),
    "normalization of groups": (
        f"""
        const %a: float32[12,3,3,3] = seed 1
        const %n: float32[12] = seed 4
        const %c: float32[4,1,1,12] = seed 3
        %p: float32[1,6,6,12] = Conv2DFusion(%x, %a) {CONV}
        %i: float32[1,6,6,12] = InstanceNorm(%p, %n, %n)
        %q: float32[1,6,6,12] = GroupNormFusion(%i, %n, %n) {{num_groups=4}}
        %y: float32[1,6,6,4] = Conv2DFusion(%q, %c) {POINT}
        """,
        [(1, 4)],
    ),
    "flat": (
        f"""
        const %a: float32[5,3,3,3] = seed 1
        const %w: float32[4,180] = seed 3
        %p: float32[1,6,6,5] = Conv2DFusion(%x, %a) {CONV}
        %t: float32[1,5,6,6] = Transpose(%p, [0, 3, 1, 2])
        %f: float32[1,180] = Reshape(%t, [1, -1])
        %y: float32[1,4] = MatMulFusion(%f, %w) {{transpose_b=true}}
        """,
        [(1, 5)],
    ),
    "mean": (
        f"""
        const %a: float32[5,3,3,3] = seed 1
        const %w: float32[5,7] = seed 3
        const %v: float32[4,7] = seed 2
        const %b: float32[7] = seed 6
        %p: float32[1,6,6,5] = Conv2DFusion(%x, %a) {CONV}
        %f: float32[1,5] = ReduceFusion(%p, [1, 2])
        %h: float32[1,7] = MatMulFusion(%f, %w, %b)
        %y: float32[1,4] = MatMulFusion(%h, %v) {{transpose_b=true}}
        """,
        [(1, 5), (1, 7)],
    ),
    "squeeze and excite": (
        f"""
        const %a: float32[6,3,3,3] = seed 1
        const %b: float32[6,1,1,6] = seed 2
        const %c: float32[4,1,1,6] = seed 3
        %p: float32[1,6,6,6] = Conv2DFusion(%x, %a) {CONV}
        %m: float32[1,1,1,6] = ReduceFusion(%p, [1, 2]) {{keep_dims=true}}
        %e: float32[1,1,1,6] = Conv2DFusion(%m, %b) {POINT}
        %s: float32[1,6,6,6] = MulFusion(%p, %e)
        %y: float32[1,6,6,4] = Conv2DFusion(%s, %c) {POINT}
        """,
        [(2, 6)],
    ),
    "heads": (
        """
        const %q: float32[8,3] = seed 2
        const %k: float32[8,3] = seed 3
        const %v: float32[8,3] = seed 4
        const %o: float32[4,8] = seed 5
        %x1: float32[36,3] = Reshape(%x, [-1, 3])
        %q1: float32[36,8] = MatMulFusion(%x1, %q) {transpose_b=true}
        %q2: float32[1,36,2,4] = Reshape(%q1, [1, 36, 2, 4])
        %q3: float32[1,2,36,4] = Transpose(%q2, [0, 2, 1, 3])
        %k1: float32[36,8] = MatMulFusion(%x1, %k) {transpose_b=true}
        %k2: float32[1,36,2,4] = Reshape(%k1, [1, 36, 2, 4])
        %k3: float32[1,2,36,4] = Transpose(%k2, [0, 2, 1, 3])
        %v1: float32[36,8] = MatMulFusion(%x1, %v) {transpose_b=true}
        %v2: float32[1,36,2,4] = Reshape(%v1, [1, 36, 2, 4])
        %v3: float32[1,2,36,4] = Transpose(%v2, [0, 2, 1, 3])
        %s1: float32[1,2,36,36] = MatMulFusion(%q3, %k3) {transpose_b=true}
        %s2: float32[1,2,36,36] = Softmax(%s1) {axis=[-1]}
        %z1: float32[1,2,36,4] = MatMulFusion(%s2, %v3)
        %z2: float32[1,36,2,4] = Transpose(%z1, [0, 2, 1, 3])
        %z3: float32[36,8] = Reshape(%z2, [36, 8])
        %y: float32[36,4] = MatMulFusion(%z3, %o) {transpose_b=true}
        """,
        [(2, 4), (1, 4)],
    ),
    "looked at": (
        f"""
        const %a: float32[6,3,3,3] = seed 1
        const %c: float32[4,1,1,6] = seed 3
        %p: float32[1,6,6,6] = Conv2DFusion(%x, %a) {CONV}
        %s: float32[1,6,6,6] = Softmax(%p) {{axis=[3]}}
        %y: float32[1,6,6,4] = Conv2DFusion(%s, %c) {POINT}
        """,
        [],
    ),
}


def network(name: str) -> Graph:
    lines = [line.strip() for line in NETWORKS[name][0].strip().splitlines()]
    return parse("\n".join(["graph main", "input %x: float32[1,6,6,3]", *lines, "output %y"]))


def samples(count: int) -> list[Array]:
    return [RNG.normal(size=(1, 6, 6, 3)).astype(np.float32) for _ in range(count)]


@pytest.mark.parametrize("name", NETWORKS)
def test_channels_that_are_tied_form_classes(name: str) -> None:
    found = [(len(f.producers), len(f.classes)) for f in Channels(network(name)).families()]
    assert found == NETWORKS[name][1]


def silence(graph: Graph, channels: Channels, gone: set[int]) -> None:
    """Set the weights that read these channels to 0, and those that compute what pairs of matrices sum over."""
    for node in graph.nodes:
        if node.name in ("q1", "k1"):
            data = node.inputs[1].data
            assert data is not None
            mask = np.isin(channels.classes(node.outputs[0]), list(gone))
            node.inputs[1] = Value.constant(np.where(mask[:, None], np.float32(0), data), node.inputs[1].name)
        x = node.inputs[0]
        w = node.inputs[1] if len(node.inputs) > 1 else x
        if x not in channels.along or node not in channels.producers or w.data is None:
            continue
        data = w.data.copy()
        mask = np.isin(channels.classes(x), list(gone))
        if node.op == "MatMulFusion":
            data[(slice(None), mask) if getattr(node.attrs, "transpose_b", False) else mask] = 0
        else:
            data[..., mask[: data.shape[3]]] = 0
        node.inputs[1] = Value.constant(data, w.name)


@pytest.mark.parametrize("name", [name for name in NETWORKS if NETWORKS[name][1]])
def test_without_channels_it_computes_what_it_does_where_nobody_reads_them(name: str) -> None:
    graph = network(name)
    channels = Channels(graph)
    gone = {c for family in channels.families() for c in family.classes[:2]}
    small, _ = cut(graph, channels, gone)
    verify(small)
    assert small.parameter_bytes() < graph.parameter_bytes()
    (x,) = samples(1)
    found = evaluate(small, {"x": x})["y"]
    silence(graph, channels, gone)
    np.testing.assert_allclose(found, evaluate(graph, {"x": x})["y"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("importance", ["l1", "l2", "activation", "error"])
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_a_share_of_the_channels_goes(importance: str, scope: str) -> None:
    settings = Pruning(channels=0.5, importance=importance, scope=scope, multiple=1, samples=samples(4))
    small = prune(network("mean"), settings)
    verify(small)
    left = [node.outputs[0].spec.shape[-1] for node in small.nodes if node.op in ("Conv2DFusion", "MatMulFusion")]
    assert left[-1] == 4
    assert sum(left[:-1]) == 6 if scope == "global" else left[:-1] == [2, 3]


def test_channels_that_others_make_up_for_cost_nothing() -> None:
    rank = RNG.normal(size=(8, 3)).astype(np.float32) @ RNG.normal(size=(3, 27)).astype(np.float32)
    given = samples(40)
    graph = parse(
        "graph main\ninput %x: float32[1,6,6,3]\n"
        "const %a: float32[8,3,3,3] = given\nconst %c: float32[4,1,1,8] = seed 3\n"
        f"%p: float32[1,6,6,8] = Conv2DFusion(%x, %a) {CONV}\n%y: float32[1,6,6,4] = Conv2DFusion(%p, %c) {POINT}\n"
        "output %y",
        {"a": rank.reshape(8, 3, 3, 3)},
    )
    wanted = [evaluate(graph, {"x": x})["y"] for x in given]
    small = prune(graph, Pruning(channels=0.6, multiple=1, samples=given, ridge=1e-9))
    assert small.nodes[0].outputs[0].spec.shape[-1] == 3
    for x, y in zip(given, wanted, strict=True):
        np.testing.assert_allclose(evaluate(small, {"x": x})["y"], y, atol=1e-3 * np.abs(y).max())


def test_channels_that_only_those_read_that_go_are_worth_nothing() -> None:
    strong = np.diag([1, 1, 1, 1, 50, 50, 50, 50]).astype(np.float32)
    last = np.r_[RNG.normal(size=(4, 4)), np.zeros((4, 4))].astype(np.float32)
    graph = parse(
        "graph main\ninput %x: float32[1,6,6,3]\nconst %a: float32[8,3,3,3] = seed 1\n"
        "const %b: float32[8,1,1,8] = given\nconst %c: float32[4,1,1,8] = given\n"
        f"%p: float32[1,6,6,8] = Conv2DFusion(%x, %a) {CONV}\n%q: float32[1,6,6,8] = Conv2DFusion(%p, %b) {POINT}\n"
        f"%y: float32[1,6,6,4] = Conv2DFusion(%q, %c) {POINT}\noutput %y",
        {"b": strong.reshape(8, 1, 1, 8), "c": last.T.reshape(4, 1, 1, 8)},
    )
    given = samples(20)
    wanted = [evaluate(graph, {"x": x})["y"] for x in given]
    small = prune(graph, Pruning(channels=0.5, multiple=1, scope="layer", samples=given, ridge=1e-9))
    assert [node.outputs[0].spec.shape[-1] for node in small.nodes] == [4, 4, 4]
    for x, y in zip(given, wanted, strict=True):
        np.testing.assert_allclose(evaluate(small, {"x": x})["y"], y, atol=1e-3 * np.abs(y).max())


def test_half_of_what_heads_compare_and_carry() -> None:
    small = prune(network("heads"), Pruning(channels=0.5, multiple=1, scope="layer", samples=samples(6)))
    verify(small)
    shapes = [node.outputs[0].spec.shape for node in small.nodes if node.op == "Transpose"]
    assert shapes == [(1, 2, 36, 2)] * 3 + [(1, 36, 2, 2)]


def test_a_share_is_of_all_channels_that_products_compute() -> None:
    small = prune(network("heads"), Pruning(channels=0.5, multiple=1, samples=samples(6)))
    left = [node.outputs[0].spec.shape[-1] for node in small.nodes if node.name in ("q1", "k1", "v1")]
    assert left[0] == left[1]
    assert sum(left) <= 12 < sum(left) + 4  # of 24; of queries and keys four go at once, of values two


def test_many_samples_are_fitted_to_by_some_rows_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "_MOST_ELEMENTS", 4096)
    small = prune(network("depthwise"), Pruning(channels=0.5, multiple=1, samples=samples(6)))
    verify(small)


def test_results_do_not_depend_on_chance() -> None:
    given = samples(6)
    first, second = (prune(network("concat"), Pruning(channels=0.4, samples=given)) for _ in range(2))
    (x,) = samples(1)
    np.testing.assert_array_equal(evaluate(first, {"x": x})["y"], evaluate(second, {"x": x})["y"])


def test_skipped_nodes_keep_their_weights_and_channels() -> None:
    graph = network("mean")
    kept = graph.nodes[0]
    weights = kept.inputs[1].data
    assert weights is not None
    small = prune(graph, Pruning(channels=0.5, samples=samples(4), multiple=1, skip_nodes=[kept.name]))
    assert small.nodes[0].inputs[1].data is weights
    assert small.nodes[2].outputs[0].spec.shape == (1, 3)


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("looked at", {}, r"nothing to prune: .* Softmax \(1\), first s; single weights .* --prune-weights"),
        ("mean", {"skip_nodes": ["nowhere"]}, "no node of that name"),
        ("mean", {"importance": "error"}, "there are no samples"),
        ("mean", {"samples": [np.zeros((1, 2, 2, 3), np.float32)]}, "sample 0 does not fit"),
        ("mean", {"samples": [np.full((1, 6, 6, 3), np.nan, np.float32)]}, "sample 0: .* not finite"),
    ],
)
def test_what_cannot_be_pruned_is_said(name: str, settings: dict[str, object], words: str) -> None:
    with pytest.raises(PruneError, match=words):
        prune(network(name), Pruning(channels=0.5, **settings))  # type: ignore[arg-type]


def test_the_file_of_a_sample_is_named(tmp_path: Path) -> None:
    arrays = np.zeros((3, 1, 6, 6, 3), np.float32)
    arrays[1] = 3e38
    np.save(tmp_path / "several.npy", arrays)
    np.save(tmp_path / "huge.npy", arrays[1])
    for name, words in (("several", r"several\.npy, sample 1: .* not finite"), ("huge", r"huge\.npy: .* not finite")):
        with pytest.raises(PruneError, match=words):
            prune(network("mean"), Pruning(channels=0.5, samples=tmp_path / f"{name}.npy"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"channels": 1.0}, "expected a share"),
        ({"channels": True}, "expected a share"),
        ({"scope": "all"}, "expected one of layer, global"),
        ({"importance": "size"}, "expected one of l1, l2"),
        ({"multiple": 0}, "above 0"),
        ({"ridge": 0}, "above 0"),
        ({"seed": -1}, "0 or more"),
        ({"skip_nodes": "conv"}, "expected a sequence of names"),
        ({"samples": 3}, "expected an iterable"),
        ({"chanels": 0.5}, "did you mean 'channels'"),
        (3, "expected a Pruning"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: object, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        converter.ConvertOptions(pruning=settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["digits", "clutter", "keywords", "grammar"])
def test_half_of_the_channels_of_a_trained_network(name: str) -> None:
    bed = BEDS[name]
    assert Path(bed.model).exists()
    heldout = bed.heldout()
    given = list(bed.calibration().inputs)
    with Session(converter.convert(bed.model)) as session:
        before = correct(session, heldout)
    with Session(converter.convert(bed.model, {"pruning": {"channels": 0.5, "samples": given}})) as session:
        after = correct(session, heldout)
    assert before - after <= 0.02 * len(heldout.labels)
