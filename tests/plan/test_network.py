"""From a model and input shapes to the operations that have to run; and models that cannot be planned."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lite.delegates.base import Claim, Operation
from lite.errors import (
    DTypeError,
    InvalidModelError,
    LiteError,
    MemoryPlanError,
    ShapeError,
    UnsupportedOpError,
)
from lite.model import Model
from lite.ops.activation import Activation
from lite.ops.binary import AddFusion, Equal, MulFusion
from lite.ops.concat import Concat, Unstack
from lite.ops.enums import ActivationType
from lite.ops.reshape import Reshape
from lite.ops.softmax import Softmax
from lite.plan.network import output_specs, resolve
from lite.plan.partition import partition
from lite.plan.support import check_supported
from lite.types import DType, QuantParams, TensorSpec
from tests.plan.models import Row, make_model

LIMIT = 1 << 20
RELU = Activation(ActivationType.RELU)


def floats(*shape: int, name: str = "x") -> TensorSpec:
    return TensorSpec(DType.FLOAT32, shape, name)


def test_shapes_flow_from_the_inputs() -> None:
    model = make_model([floats(-1, 3)], [(RELU, ["x"], ["a"]), (Concat(1), ["a", "x"], ["b"])], ["b"])
    network = resolve(model, [(5, 3)], LIMIT)
    assert [step.operation.outputs[0] for step in network.steps] == [floats(5, 3, name="a"), floats(5, 6, name="b")]
    assert output_specs(model, [(-1, 3)], LIMIT) == (floats(-1, 6, name="b"),)


def test_what_follows_from_constants_alone_does_not_run() -> None:
    shape_parts = {"two": np.array([2], np.int32), "three": np.array([3], np.int32)}
    nodes: list[Row] = [(Concat(0), ["two", "three"], ["shape"]), (Reshape(), ["x", "shape"], ["y"])]
    network = resolve(make_model([floats(6)], nodes, ["y"], shape_parts), [(6,)], LIMIT)
    assert [step.operation.op for step in network.steps] == ["Reshape"]
    value = network.steps[0].operation.inputs[1].value
    assert value is not None
    assert value.tolist() == [2, 3]


def test_what_nobody_reads_does_not_run() -> None:
    nodes: list[Row] = [(RELU, ["x"], ["a"]), (RELU, ["a"], ["unread"]), (Softmax(), ["a"], ["y"])]
    network = resolve(make_model([floats(6)], nodes, ["y"]), [(6,)], LIMIT)
    assert [step.operation.op for step in network.steps] == ["Activation", "Softmax"]


def test_an_unread_input_stays_an_input() -> None:
    model = make_model([floats(6), floats(2, name="z")], [(RELU, ["x"], ["y"])], ["y"])
    assert len(resolve(model, [(6,), (2,)], LIMIT).inputs) == 2


def model_that(*nodes: Row, inputs: tuple[TensorSpec, ...] = (floats(2, 3),)) -> Model:
    return make_model(inputs, nodes, [nodes[-1][2][0]], {"i": np.array([4], np.int32), "one": np.ones(1, np.float32)})


REFUSED: list[tuple[str, Model, type[LiteError], str]] = [
    (
        "a shape that does not fit names the node",
        model_that((Reshape(), ["x", "i"], ["y"])),
        ShapeError,
        r"Reshape 'Reshape-0': Reshape cannot turn .*float32\[2,3\].* into \[4\]",
    ),
    (
        "so does a dtype",
        model_that((AddFusion(), ["x", "i"], ["y"])),
        DTypeError,
        r"AddFusion 'AddFusion-0': ",
    ),
    (
        "too few operands",
        model_that((AddFusion(), ["x"], ["y"])),
        ShapeError,
        r"AddFusion 'AddFusion-0': .* inputs, got 1",
    ),
    (
        "more outputs than the operator has",
        model_that((RELU, ["x"], ["y", "z"])),
        InvalidModelError,
        "has 2 outputs, the operator gives 1",
    ),
    (
        "one tensor beyond the limit",
        model_that((MulFusion(), ["x", "one"], ["y"]), inputs=(floats(1 << 19),)),
        MemoryPlanError,
        r"input x: float32\[524288\] takes 2,097,152 bytes; memory_limit is 1,048,576",
    ),
    (
        "a result beyond the limit",
        model_that((AddFusion(), ["x", "z"], ["y"]), inputs=(floats(1 << 12, 1), floats(1 << 12, name="z"))),
        MemoryPlanError,
        r"AddFusion 'AddFusion-0': output y: float32\[4096,4096\] takes",
    ),
    (
        "strings",
        model_that((RELU, ["x"], ["y"]), inputs=(TensorSpec(DType.STRING, (2,), "x"),)),
        DTypeError,
        r"input x: string\[2\]: strings are not supported",
    ),
]


@pytest.mark.parametrize(("model", "error", "message"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_refused(model: Model, error: type[LiteError], message: str) -> None:
    with pytest.raises(error, match=message):
        resolve(model, [model.tensors[i].spec.shape for i in model.inputs], LIMIT)


def test_whatever_breaks_inference_is_the_models_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> tuple[TensorSpec, ...]:
        raise ZeroDivisionError("by a stride")

    monkeypatch.setattr("lite.ops.infer", broken)
    with pytest.raises(InvalidModelError, match=r"Activation 'Activation-0' does not accept its inputs .*stride"):
        resolve(model_that((RELU, ["x"], ["y"])), [(2, 3)], LIMIT)


class Picky:
    """Takes only what its arguments name."""

    name = "picky"

    def __init__(self, claims: dict[str, Claim]) -> None:
        self._claims = claims

    def claim(self, operation: Operation) -> Claim | None:
        return self._claims.get(operation.op)


def test_all_operations_that_no_delegate_takes_are_listed() -> None:
    nodes: list[Row] = [(RELU, ["x"], ["a"]), (RELU, ["a"], ["b"]), (Softmax(), ["b"], ["y"])]
    network = resolve(model_that(*nodes), [(2, 3)], LIMIT)
    with pytest.raises(UnsupportedOpError) as caught:
        partition(network, [Picky({})])
    assert {(row.op, row.count, row.where) for row in caught.value.ops} == {
        ("Activation", 2, "Activation-0"),
        ("Softmax", 1, "Softmax-2"),
    }
    message = str(caught.value)
    assert "3 of 3 operators in model are not run by the chosen delegate picky, though supported" in message
    assert "not for float32[2,3]" in message
    assert message.endswith("delegates=['picky', 'reference'], or the default.")


def refuse(model: Model) -> UnsupportedOpError:
    with pytest.raises(UnsupportedOpError) as caught:
        check_supported(model)
    return caught.value


def renamed(model: Model, *ops: str) -> Model:
    """The model with operators this version does not know."""
    nodes = zip(model.nodes, ops, strict=True)
    return replace(model, nodes=tuple(replace(node, op=op, attrs=None) if op else node for node, op in nodes))


def test_unknown_operators_are_all_listed_and_counted() -> None:
    model = model_that((RELU, ["x"], ["a"]), (RELU, ["a"], ["b"]), (RELU, ["b"], ["c"]), (RELU, ["c"], ["y"]))
    error = refuse(renamed(model, "Mfcc", "", "Mfcc", "Rfft"))
    assert [(row.op, row.count) for row in error.ops] == [("Mfcc", 2), ("Rfft", 1)]
    assert error.total == 4


@pytest.mark.parametrize("op", ["ReluGrad", "Adam", "SoftmaxCrossEntropyWithLogits", "Conv2DBackpropFilterFusion"])
def test_training_graphs_are_told_what_to_do(op: str) -> None:
    error = refuse(renamed(model_that((RELU, ["x"], ["y"])), op))
    assert "set_train(False)" in str(error)
    assert "loss, gradient operators and an optimizer" in str(error)


def test_there_is_no_network_where_a_shape_or_the_course_depends_on_data() -> None:
    computed = model_that((Reshape(), ["x", "s"], ["y"]), inputs=(floats(2, 3), TensorSpec(DType.INT32, (1,), "s")))
    assert resolve(computed, [(2, 3), (1,)], LIMIT) is None
    assert output_specs(computed, [(2, 3), (1,)], LIMIT)[0].shape == (-1,)
    model = renamed(model_that((RELU, ["x"], ["y"])), "Switch")
    check_supported(model)
    assert resolve(model, [(2, 3)], LIMIT) is None


def test_codes_without_sign_are_refused() -> None:
    model = model_that((Equal(), ["q", "q"], ["y"]), inputs=(TensorSpec(DType.UINT8, (4,), "q"),))
    quant = QuantParams(*(np.array([x]) for x in (0.5, 1, 8, 1, 0)))
    quantized = tuple(replace(tensor, quant=quant) for tensor in model.tensors)
    check_supported(model)
    assert "int8 or int16" in str(refuse(replace(model, tensors=quantized)))


def test_a_node_may_leave_out_results_at_the_end() -> None:
    model = model_that((Unstack(), ["x"], ["first"]))
    assert resolve(model, [(2, 3)], LIMIT).specs[model.outputs[0]] == floats(3, name="first")
