"""Graphs of every form that MindIR writes: structure, calls, names, and what is refused."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from converter.errors import OptionError, ParseError
from converter.ir.evaluate import evaluate
from converter.mindir.mind_ir_pb2 import AttributeProto, ModelProto, TensorProto
from converter.mindir.reader import read_mindir
from lite.errors import UnsupportedOpError
from lite.types import Array
from tests.converter.mindir.building import MONAD, ModelBuilder, attribute

DIGITS = Path(__file__).parents[3] / "samples" / "digits" / "digits.mindir"
X = np.array([[-1.0, 0.0, 2.0], [3.0, -4.0, 5.0]], np.float32)


def computed(builder: ModelBuilder, **feeds: Array) -> list[Array]:
    graph = read_mindir(builder.bytes())
    by_name = evaluate(graph, feeds or {"x": X})
    return [by_name[value.name] for value in graph.outputs]


@pytest.fixture(params=[False, True], ids=["table of primitives", "inline primitives"])
def model(request: pytest.FixtureRequest) -> ModelBuilder:
    return ModelBuilder(inline=request.param)


def test_nested_tuples_flatten_depth_first(model: ModelBuilder) -> None:
    x = model.input("x")
    relu, neg = model.node("ReLU", x), model.node("Neg", x)
    inner = model.node("MakeTuple", neg, x)
    middle = model.node("MakeTuple", relu, inner)
    model.output(model.node("make_list", neg, middle, relu))
    expected = [-X, np.maximum(X, 0), -X, X, np.maximum(X, 0)]
    for y, wanted in zip(computed(model), expected, strict=True):
        np.testing.assert_array_equal(y, wanted)


def test_outputs_are_named_by_scope_inputs_and_parameters_by_themselves(model: ModelBuilder) -> None:
    x, w = model.input("x"), model.parameter("fc.weight", X)
    halves = model.node("Split", x, model.constant(0), model.constant(2), scope="Default/Split-op0")
    parts = [model.node("TupleGetItem", halves, model.constant(i)) for i in (0, 1)]
    twins = [model.node("ReLU", x, scope="Default/ReLU-op0") for _ in range(2)]
    constants = [model.constant(3), model.constant((2, 0.5))]
    model.output(model.node("MakeTuple", *parts, *twins, x, w, *constants))
    assert [value.name for value in read_mindir(model.bytes()).outputs] == [
        "Default/Split-op0", "Default/Split-op0:1", "Default/ReLU-op0", "Default/ReLU-op0_1", "x", "fc.weight",
        "constant", "constant_1", "constant_2",
    ]  # fmt: skip


def test_monads_order_nothing_that_is_computed(model: ModelBuilder) -> None:
    x, w, monad = model.input("x"), model.parameter("w", X), model.constant(MONAD)
    loads = [model.node("Load", w, monad) for _ in range(3)]
    state = model.node("UpdateState", monad, model.node("MakeTuple", *loads))
    y = model.node("Add", model.node("Load", x, state), loads[1])
    model.output(model.node("Depend", y, model.node("UpdateState", state, y)))
    np.testing.assert_array_equal(computed(model)[0], 2 * X)


def test_unused_inputs_stay(model: ModelBuilder) -> None:
    x = model.input("x")
    model.input("unused", (-1, 4), TensorProto.INT32)
    model.output(model.node("ReLU", x))
    assert [str(value.spec) for value in read_mindir(model.bytes()).inputs] == ["x: float32[2,3]", "unused: int32[?,4]"]


def test_inputs_may_be_nested_tuples(model: ModelBuilder) -> None:
    info = model.graph.input.add(name=f"{model.graph.name}:t")
    info.attr_info.type = AttributeProto.TUPLE
    for depth in (0, 1):
        item = info.attr_info.values.add(type=AttributeProto.TUPLE)
        leaf = item.values.add(type=AttributeProto.TENSORS) if depth else item
        leaf.type = AttributeProto.TENSORS
        leaf.tensors.add(dims=(2, 3), data_type=TensorProto.FLOAT)
    second = model.node("TupleGetItem", info.name, model.constant(-1))
    model.output(model.node("Neg", model.node("TupleGetItem", second, model.constant(0))))
    (y,) = computed(model, **{"t.0": X, "t.1.0": 2 * X})
    np.testing.assert_array_equal(y, -2 * X)


@pytest.mark.parametrize("returned", ["x", "w"])
def test_a_network_may_compute_nothing(model: ModelBuilder, returned: str) -> None:
    model.output({"x": model.input("x"), "w": model.parameter("w", X)}[returned])
    graph = read_mindir(model.bytes())
    assert not graph.nodes
    np.testing.assert_array_equal(computed(model)[0], X)


def test_functions_are_inlined_with_arguments_by_position(model: ModelBuilder) -> None:
    """As lazy_inline writes it: parameters and the monad are arguments, and the callee's keys are the last caller's."""
    x, monad = model.input("x"), model.constant(MONAD)
    body = model.function("9_CR_Block")
    w, a = body.input("CR_w"), body.input("a")
    body.graph.input[0].tensor[0].ref_key = "second"
    body.input("u")
    body.graph.input[2].ClearField("tensor")
    body.graph.input[2].attr_info.type = AttributeProto.UMONAD
    total = body.node("Add", body.node("Load", w, f"{body.graph.name}:u"), a)
    body.output(body.node("MakeTuple", total, a))
    y = x
    for key, scale in (("first", 1.0), ("second", 10.0)):
        weight = model.parameter(key, np.full((2, 3), scale, np.float32))
        y = model.node("TupleGetItem", model.call(body.graph.name, weight, y, monad), model.constant(0))
    model.output(y)
    np.testing.assert_array_equal(computed(model)[0], X + 11)


def test_functions_see_constants_and_parameters_of_other_graphs(model: ModelBuilder) -> None:
    x = model.input("x")
    first, second = model.function("first"), model.function("second")
    two = first.constant(2.0)
    first.output(first.node("Muls", first.input("a"), two))
    second.output(second.node("Muls", second.node("Add", second.input("a"), model.parameter("w", X)), two))
    model.output(model.call("second", model.call("first", x)))
    np.testing.assert_array_equal(computed(model)[0], (2 * X + X) * 2)


@pytest.mark.parametrize("inline", [False, True])
def test_a_real_export_reads_alike_in_both_encodings(inline: bool) -> None:
    """The sample, with its primitives written into the nodes, and its inputs turned into attributes as 1.x has them."""
    message = ModelProto.FromString(DIGITS.read_bytes())
    if inline:
        primitives = {primitive.name: primitive for primitive in message.primitives}
        for node in message.graph.node:
            primitive = primitives.get(node.op_type.removeprefix("REF::"))
            if primitive is not None:
                node.op_type = primitive.op_type
                node.attribute.extend(primitive.attribute)
                if primitive.op_type == "MatMul":
                    del node.input[2:]
                    node.attribute.extend([attribute(False, "transpose_a"), attribute(True, "transpose_b")])
        message.ClearField("primitives")
    graph, original = read_mindir(message.SerializeToString()), read_mindir(DIGITS)
    assert [(n.name, n.attrs) for n in graph.nodes] == [(n.name, n.attrs) for n in original.nodes]
    assert [v.spec for v in (*graph.inputs, *graph.outputs)] == [v.spec for v in (*original.inputs, *original.outputs)]


def test_everything_unsupported_is_in_one_error(model: ModelBuilder) -> None:
    x, monad = model.input("x"), model.constant(MONAD)
    sampled = [model.node("Multinomial", x, scope=f"Default/sampler/Multinomial-op{i}") for i in range(2)]
    model.node("ScatterMax", model.parameter("w", X), x, monad, scope="Default/ScatterMax-op0")
    dropped = model.node("Dropout", x, scope="Default/dropout/Dropout-op0")
    branch = model.function("branch")
    branch.output(branch.node("CTCGreedyDecoder", branch.input("a"), scope="Default/CTCGreedyDecoder-op0"))
    chosen = model.node("Switch", x, model.node("Partial", "branch", x), model.node("Partial", "branch", x))
    after = model.node("Add", model.node("TupleGetItem", dropped, model.constant(0)), model.call(chosen))
    model.output(model.node("MakeTuple", *sampled, model.node("ReLU", after)))
    with pytest.raises(UnsupportedOpError) as caught:
        read_mindir(model.bytes())
    assert {(row.op, row.count, row.where.rpartition("-op")[0]) for row in caught.value.ops} == {
        ("Multinomial", 2, "Default/sampler/Multinomial"),
        ("ScatterMax", 1, "Default/ScatterMax"),
        ("Dropout", 1, "Default/dropout/Dropout"),
        ("CTCGreedyDecoder", 1, "Default/CTCGreedyDecoder"),
    }
    assert caught.value.total == 7
    assert "set_train(False)" in str(caught.value)


def test_a_sum_in_place_of_its_first_term(model: ModelBuilder) -> None:
    x, one, monad = model.input("x"), model.constant(1), model.constant(MONAD)
    total = model.node("InplaceAddExt", model.node("ReLU", x), x, one, monad)
    model.node("UpdateState", monad, total)
    model.output(total)
    np.testing.assert_array_equal(computed(model)[0], np.maximum(X, 0) + X)


def input_itself(model: ModelBuilder) -> str:
    return model.input("x")


def used_again(model: ModelBuilder) -> str:
    relu = model.node("ReLU", model.input("x"))
    model.node("Neg", relu)
    return relu


def view(model: ModelBuilder) -> str:
    return model.node("ExpandDims", model.node("ReLU", model.input("x")), model.constant(0))


@pytest.mark.parametrize("term", [input_itself, used_again, view])
def test_a_sum_in_place_that_others_see_is_refused(model: ModelBuilder, term: Callable[[ModelBuilder], str]) -> None:
    x = term(model)
    model.output(model.node("InplaceAddExt", x, model.constant(2.0), model.constant(1), model.constant(MONAD)))
    with pytest.raises(UnsupportedOpError, match="write x = x \\+ y"):
        read_mindir(model.bytes())


def cut_in_the_middle(model: ModelBuilder) -> None:
    """relu -> sampler, unsupported -> tail; and beside it norm -> CTC, unsupported too."""
    x = model.input("x", (-1, 3))
    model.input("other")
    relu = model.node("ReLU", x, scope="Default/relu-op0")
    sampled = model.node("Multinomial", relu, scope="Default/sampler-op0")
    tail = model.node("Neg", model.node("TupleGetItem", sampled, model.constant(0)), scope="Default/tail-op0")
    end = model.node("Exp", tail, scope="Default/end-op0")
    decoded = model.node("CTCGreedyDecoder", relu, scope="Default/ctc-op0")
    model.output(model.node("MakeTuple", end, decoded))


def test_outputs_cut_before_what_is_not_supported(model: ModelBuilder) -> None:
    cut_in_the_middle(model)
    graph = read_mindir(model.bytes(), {"x": (2, 3)}, ["Default/relu-op0"])
    assert [str(value.spec) for value in graph.outputs] == ["Default/relu-op0: float32[2,3]"]
    np.testing.assert_array_equal(evaluate(graph, {"x": X, "other": X})["Default/relu-op0"], np.maximum(X, 0))


CUTS_THAT_FAIL: list[tuple[list[str], type[Exception], str]] = [
    ([], UnsupportedOpError, r"2 of 5 operators[^$]*CTCGreedyDecoder[^$]*--outputs Default/relu-op0 \(in Python"),
    (["Default/end-op0"], UnsupportedOpError, "(?s)1 of 5 operators in .* is not supported.*Multinomial .*sampler"),
    (["Default/ctc-op0", "x"], UnsupportedOpError, "(?s)1 of 5 .*CTCGreedyDecoder"),
    (["Default/relu"], OptionError, "no tensor or node 'Default/relu'; did you mean 'Default/relu-op0'"),
    (["Default/end-op0", "nope"], OptionError, "no tensor or node 'nope'; there are '"),
    (["x", "x"], OptionError, "are the same tensor"),
]


@pytest.mark.parametrize(("outputs", "error", "message"), CUTS_THAT_FAIL, ids=str)
def test_a_cut_says_what_it_would_need(
    model: ModelBuilder, outputs: list[str], error: type[Exception], message: str
) -> None:
    cut_in_the_middle(model)
    with pytest.raises(error, match=message):
        read_mindir(model.bytes(), outputs=outputs)


def test_refusals_begin_with_how_to_fix_open_dimensions(model: ModelBuilder) -> None:
    model.output(model.node("Transpose", model.input("x", (-1, 3)), model.input("perm", (2,), TensorProto.INT64)))
    with pytest.raises(UnsupportedOpError, match=r"\nIt may be .* fix the .* of x \[\?,3\], [^\n]*s\.\nExport a "):
        read_mindir(model.bytes())


def test_open_dimensions_have_nothing_to_do_with_primitives_that_are_not_known(model: ModelBuilder) -> None:
    cut_in_the_middle(model)
    with pytest.raises(UnsupportedOpError) as caught:
        read_mindir(model.bytes())
    assert "?,3" not in str(caught.value)


def test_operators_that_contradict_open_inputs_say_how_to_fix_these(model: ModelBuilder) -> None:
    model.output(model.node("Add", model.input("x", (-1, 3)), model.input("z", (2, 4))))
    with pytest.raises(ParseError, match=r"(?s)contradicts its inputs: .*\n.* --input-shape x=1,3 "):
        read_mindir(model.bytes())


def test_shapes_that_an_operator_does_not_take(model: ModelBuilder) -> None:
    y = model.node("Add", model.input("x", (-1, 3)), model.input("z"), scope="Default/add-op0")
    model.output(y)
    message = r"Default/add-op0 does not take its inputs once shapes are x \[3, 3\]: .*broadcast"
    with pytest.raises(OptionError, match=message):
        read_mindir(model.bytes(), {"x": (3, 3)})


def test_results_that_only_training_needs_are_refused_where_they_are_used(model: ModelBuilder) -> None:
    x, ones = model.input("x"), model.parameter("ones", np.ones(3, np.float32))
    norm = model.node("BatchNorm", x, ones, ones, ones, ones, model.constant(False), model.constant(1e-5))
    mean = model.node("TupleGetItem", norm, model.constant(1))
    model.output(model.node("MakeTuple", model.node("ReLU", mean, scope="Default/ReLU-op0"), mean))
    with pytest.raises(UnsupportedOpError, match="result of BatchNorm that only training needs") as caught:
        read_mindir(model.bytes())
    assert [row.op for row in caught.value.ops] == ["ReLU", "output"]


@pytest.mark.parametrize("is_training", [False, True])
def test_batch_norms_as_in_training_are_told_once(
    model: ModelBuilder, is_training: bool, caplog: pytest.LogCaptureFixture
) -> None:
    y, ones = model.input("x"), model.parameter("ones", np.ones(3, np.float32))
    for _ in range(2):
        norm = model.node("BatchNorm", y, ones, ones, ones, ones, model.constant(is_training), model.constant(1e-5))
        y = model.node("TupleGetItem", norm, model.constant(0))
    model.output(y)
    read_mindir(model.bytes())
    assert caplog.text.count("set_train(False)") == is_training
    assert len(caplog.records) == is_training


def test_arguments_that_the_network_computes_are_refused(model: ModelBuilder) -> None:
    shape = model.input("shape", (2,), TensorProto.INT64)
    model.output(model.node("Reshape", model.input("x"), shape))
    with pytest.raises(UnsupportedOpError, match="shape is computed by the network"):
        read_mindir(model.bytes())


def test_one_input_too_many_is_refused_by_node() -> None:
    model = ModelBuilder()
    model.output(model.node("Tanh", model.input("x"), model.constant(0.5), scope="Default/head/Tanh-op0"))
    with pytest.raises(UnsupportedOpError, match="2 inputs, of which only 1 are known here: the next") as caught:
        read_mindir(model.bytes())
    assert [(row.op, row.where) for row in caught.value.ops] == [("Tanh", "Default/head/Tanh-op0")]


def test_deep_graphs_do_not_exhaust_the_stack(model: ModelBuilder) -> None:
    y = model.input("x")
    nested = y
    for _ in range(3000):
        y = model.node("ReLU", y)
        nested = model.node("MakeTuple", nested, y)
    model.output(nested)
    assert len(read_mindir(model.bytes()).outputs) == 3001


def deep(model: ModelBuilder, x: str) -> str:
    for depth in range(101):
        function = model.function(f"f{depth}")
        function.output(function.call(f"f{depth + 1}", function.input("a")))
    last = model.function("f101")
    last.output(last.input("a"))
    return model.call("f0", x)


def doubling(model: ModelBuilder, x: str) -> str:
    """40 functions that each call the next one twice: 2^40 nodes."""
    for i in range(40):
        body = model.function(f"f{i}")
        a = body.input("a")
        target = f"f{i + 1}"
        body.output(body.call(target, body.call(target, a)) if i < 39 else body.node("ReLU", a))
    return model.call("f0", x)


MALFORMED = {
    "calls .* more than 100 deep": deep,
    "expand to more than": doubling,
    "'nowhere' is used but not defined": lambda model, x: model.node("ReLU", "nowhere"),
    "calls 'nothing'|'nothing' is used": lambda model, x: model.call("nothing", x),
    "takes item 5 of a tuple of 1": lambda model, x: model.node(
        "TupleGetItem", model.node("MakeTuple", x), model.constant(5)
    ),
    "expected a tuple and a constant index": lambda model, x: model.node("TupleGetItem", x, model.constant(0)),
    "neither an input nor an attribute for 'y'": lambda model, x: model.node("Add", x),
    "shape should be a tuple of integers, not str": lambda model, x: model.node("Reshape", x, model.constant("a")),
    "cannot turn x": lambda model, x: model.node("Reshape", x, model.constant((4, 4))),
    "beyond 32 bits": lambda model, x: model.node("Reshape", x, model.constant((1 << 40,))),
    "pad_mode 'wide' is none of": lambda model, x: model.node(
        "Conv2D", model.input("i", (1, 2, 8, 8)), model.parameter("w", np.zeros((2, 2, 3, 3), np.float32)),
        pad_mode="wide",
    ),
    "expected 4 dimensions": lambda model, x: model.node(
        "Conv2D", x, model.parameter("w", np.zeros((2, 2, 3, 3), np.float32)), pad_mode="same"
    ),
    "expected tensors": lambda model, x: model.constant("text"),
    "returns nothing": lambda model, x: model.constant(()),
}  # fmt: skip


@pytest.mark.parametrize("message", MALFORMED)
def test_malformed_graphs_say_what_is_wrong(message: str) -> None:
    model = ModelBuilder()
    model.output(MALFORMED[message](model, model.input("x")))
    with pytest.raises(ParseError, match=message):
        read_mindir(model.bytes())


def test_two_inputs_of_one_name_are_refused(model: ModelBuilder) -> None:
    model.output(model.node("Add", model.input("x"), model.input("x")))
    with pytest.raises(ParseError, match="same name"):
        read_mindir(model.bytes())
