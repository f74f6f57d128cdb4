"""What may be merged into one step, and what plans make of it."""
from __future__ import annotations

import numpy as np
import pytest

from converter.emit.graph import emit
from converter.ir.text import parse
from lite import Session
from lite.delegates.base import Epilogue
from lite.delegates.reference import ReferenceDelegate
from lite.ops.activation import Activation
from lite.ops.binary import AddFusion, MulFusion
from lite.ops.conv2d import Conv2DFusion
from lite.ops.enums import ActivationType, PadMode
from lite.ops.matmul import MatMulFusion
from lite.ops.quantized import Affine, Quantized
from lite.ops.reshape import Reshape
from lite.plan.fuse import Fusions
from lite.plan.network import Network, resolve
from lite.plan.partition import partition
from lite.records import replace
from lite.types import DType, TensorSpec
from tests.plan.kernels import PythonDelegate
from tests.plan.models import Row, make_model

_RELU = Activation(ActivationType.RELU)
_TANH = Activation(ActivationType.TANH)
_ADD = AddFusion()
_HALVE: Row = (MulFusion(), ["x", "half"], ["a"])


def _by_row(activation: Activation | None = None) -> Quantized:
    kind = activation.activation_type if activation else ActivationType.NO_ACTIVATION
    return Quantized(MatMulFusion(activation_type=kind), (None, Affine((0.5,))), (None,))


def network(*nodes: Row, outputs: str = "y") -> Network:
    shapes = {"x": (2, 3), "z": (2, 3), "v": (6,), "u": (3,)}
    specs = [TensorSpec(DType.FLOAT32, shape, name) for name, shape in shapes.items()]
    constants = {"half": np.full(1, 0.5, np.float32), "row": np.ones(3, np.float32), "pair": np.ones(2, np.float32)}
    constants |= {"w": np.ones((3, 3), np.int8), "six": np.array([6], np.int32), "turned": np.array([3, 2], np.int32)}
    return resolve(make_model(specs, nodes, list(outputs), constants), list(shapes.values()), 1 << 20)


# nodes, outputs, the epilogue of the longest form of the first node, operators merged
ROWS: list[tuple[str, list[Row], str, Epilogue, list[str]]] = [
    ("an addition", [_HALVE, (AddFusion(), ["a", "z"], ["y"])], "y", Epilogue(2), ["AddFusion"]),
    ("either way", [_HALVE, (AddFusion(), ["z", "a"], ["y"])], "y", Epilogue(2), ["AddFusion"]),
    ("an activation", [_HALVE, (_TANH, ["a"], ["y"])], "y", Epilogue(-1, _TANH), ["Activation"]),
    (
        "an addition with its activation",
        [_HALVE, (AddFusion(activation_type=ActivationType.RELU), ["a", "z"], ["y"])],
        "y",
        Epilogue(2, _RELU),
        ["AddFusion"],
    ),
    (
        "both, one after the other",
        [_HALVE, (AddFusion(), ["a", "z"], ["b"]), (_TANH, ["b"], ["y"])],
        "y",
        Epilogue(2, _TANH),
        ["AddFusion", "Activation"],
    ),
    (
        "one activation, not two",
        [_HALVE, (_RELU, ["a"], ["b"]), (_TANH, ["b"], ["y"])],
        "y",
        Epilogue(-1, _RELU),
        ["Activation"],
    ),
    (
        "one addition, not two",
        [_HALVE, (AddFusion(), ["a", "z"], ["b"]), (AddFusion(), ["b", "x"], ["y"])],
        "y",
        Epilogue(2),
        ["AddFusion"],
    ),
    (
        "no addition after an activation",
        [_HALVE, (_RELU, ["a"], ["b"]), (AddFusion(), ["b", "z"], ["y"])],
        "y",
        Epilogue(-1, _RELU),
        ["Activation"],
    ),
    ("not what others read", [_HALVE, (_RELU, ["a"], ["y"]), (_TANH, ["a"], ["w"])], "yw", Epilogue(), []),
    ("not an output", [_HALVE, (_RELU, ["a"], ["y"])], "ay", Epilogue(), []),
    ("not what is added to itself", [_HALVE, (AddFusion(), ["a", "a"], ["y"])], "y", Epilogue(), []),
    ("what broadcasts", [_HALVE, (AddFusion(), ["a", "row"], ["y"])], "y", Epilogue(2), ["AddFusion"]),
    (
        "not where the result broadcasts",
        [(MulFusion(), ["u", "half"], ["a"]), (AddFusion(), ["a", "z"], ["y"])],
        "y",
        Epilogue(),
        [],
    ),
    (
        "an addition under another name",
        [_HALVE, (Reshape(), ["a", "six"], ["b"]), (AddFusion(), ["b", "v"], ["y"])],
        "y",
        Epilogue(2),
        ["Reshape", "AddFusion"],
    ),
    (
        "not what broadcasts under another name",
        [_HALVE, (Reshape(), ["a", "turned"], ["b"]), (AddFusion(), ["b", "pair"], ["y"])],
        "y",
        Epilogue(),
        [],
    ),
    (
        "not a name that is an output",
        [_HALVE, (Reshape(), ["a", "six"], ["b"]), (_TANH, ["b"], ["y"])],
        "yb",
        Epilogue(),
        [],
    ),
    (
        "not what is computed later",
        [_HALVE, (_TANH, ["z"], ["b"]), (AddFusion(), ["a", "b"], ["y"])],
        "y",
        Epilogue(),
        [],
    ),
    ("not after an activation of one's own", [(_RELU, ["x"], ["a"]), (_TANH, ["a"], ["y"])], "y", Epilogue(), []),
    ("nor of one's by row", [(_by_row(_RELU), ["x", "w"], ["a"]), (_ADD, ["a", "x"], ["y"])], "y", Epilogue(), []),
    ("a product by row", [(_by_row(), ["x", "w"], ["a"]), (_ADD, ["a", "x"], ["y"])], "y", Epilogue(2), ["AddFusion"]),
]


@pytest.mark.parametrize(("nodes", "outputs", "epilogue", "merged"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_forms(nodes: list[Row], outputs: str, epilogue: Epilogue, merged: list[str]) -> None:
    forms = Fusions(network(*nodes, outputs=outputs)).forms(0)
    assert forms[0].step.operation.epilogue == epilogue
    assert [operation.op for operation in forms[0].step.merged] == merged
    assert len(forms) == 1 + len(merged) - merged.count("Reshape")
    assert forms[-1].merged == ()


_PLAIN = Conv2DFusion(kernel_size=(1, 1), stride=(1, 1), dilation=(1, 1), group=1)
_GROUPED = replace(_PLAIN, kernel_size=(3, 3), pad_mode=PadMode.SAME, group=4)
_SINGLE = replace(_PLAIN, activation_type=ActivationType.RELU6)
_EXPAND: Row = (_SINGLE, ["x", "single", "bias"], ["a"])
_FILTER: Row = (_GROUPED, ["a", "filter", "bias"], ["b"])

# nodes, outputs, the output of each form's last operation, the shortest first
CHAINS: list[tuple[str, list[Row], str, list[str]]] = [
    ("a product before a filter", [_EXPAND, (_GROUPED, ["a", "filter"], ["y"])], "y", ["a", "y"]),
    ("all three", [_EXPAND, _FILTER, (_PLAIN, ["b", "single"], ["y"])], "y", ["a", "b", "y"]),
    (
        "what follows the last",
        [_EXPAND, _FILTER, (_PLAIN, ["b", "single"], ["c"]), (_ADD, ["c", "x"], ["d"]), (_TANH, ["d"], ["y"])],
        "y",
        ["a", "b", "c", "d", "y"],
    ),
    (
        "no fourth",
        [_EXPAND, _FILTER, (_PLAIN, ["b", "single"], ["c"]), (_GROUPED, ["c", "filter"], ["y"])],
        "y",
        ["a", "b", "c"],
    ),
    ("not from a filter on", [(_GROUPED, ["x", "filter"], ["a"]), (_PLAIN, ["a", "single"], ["y"])], "y", ["a"]),
    ("not two products", [_EXPAND, (_PLAIN, ["a", "single"], ["y"])], "y", ["a"]),
    ("not two filters", [(_GROUPED, ["x", "filter"], ["a"]), (_GROUPED, ["a", "filter"], ["y"])], "y", ["a"]),
    ("not what is added to", [(_PLAIN, ["x", "single"], ["p"]), (_ADD, ["p", "x"], ["a"]), _FILTER], "b", ["p", "a"]),
    ("not what others read", [_EXPAND, _FILTER, (_ADD, ["a", "b"], ["y"])], "y", ["a"]),
    ("not an output", [_EXPAND, _FILTER], "ab", ["a"]),
    ("not weights that come later", [_EXPAND, (_GROUPED, ["a", "other"], ["y"])], "y", ["a"]),
]


def images(nodes: list[Row], outputs: str) -> Network:
    shapes = {"x": (1, 5, 6, 4), "other": (4, 3, 3, 1)}
    specs = [TensorSpec(DType.FLOAT32, shape, name) for name, shape in shapes.items()]
    constants = {"single": np.ones((4, 1, 1, 4)), "filter": np.ones((4, 3, 3, 1)), "bias": np.ones(4)}
    known = {name: value.astype(np.float32) for name, value in constants.items()}
    return resolve(make_model(specs, nodes, list(outputs), known), list(shapes.values()), 1 << 20)


@pytest.mark.parametrize(("nodes", "outputs", "ends"), [r[1:] for r in CHAINS], ids=[r[0] for r in CHAINS])
def test_convolutions_that_take_rows(nodes: list[Row], outputs: str, ends: list[str]) -> None:
    resolved = images(nodes, outputs)
    forms = Fusions(resolved).forms(0)
    assert [resolved.specs[form.step.outputs[0]].name for form in reversed(forms)] == ends
    for form in forms:
        step = form.step
        assert [resolved.specs[i].name for i in step.inputs] == [x.name for x in step.operation.read]
        assert step.operation.last.outputs[0].name == resolved.specs[step.outputs[0]].name
        assert len(form.merged) == len(step.merged)


def test_the_reference_runs_them_one_by_one() -> None:
    _, nodes, outputs, _ = CHAINS[2]
    fused, assignments = partition(images(nodes, outputs), [ReferenceDelegate()])
    assert len(fused.steps) == len(assignments) == 5
    assert not any(step.operation.then for step in fused.steps)


def test_a_delegate_takes_the_longest_form_it_can() -> None:
    resolved = network(_HALVE, (AddFusion(), ["a", "z"], ["b"]), (_TANH, ["b"], ["y"]))
    fused, assignments = partition(resolved, [PythonDelegate(), ReferenceDelegate()])
    assert [step.operation.op for step in fused.steps] == ["MulFusion", "Activation"]
    assert [assignment.delegate for assignment in assignments] == ["python", "reference"]
    assert fused.constants() == resolved.constants()
    assert len(fused.specs) == len(resolved.specs) - 1


def test_priority_goes_before_merging() -> None:
    resolved = network(_HALVE, (_RELU, ["a"], ["y"]))
    _, assignments = partition(resolved, [ReferenceDelegate(), PythonDelegate()])
    assert [assignment.delegate for assignment in assignments] == ["reference", "reference"]


@pytest.mark.parametrize("shape", ["", "1", "5", "1,5", "3,1", "2,3,5", "2,1,5"])
@pytest.mark.parametrize("rows", [1, 3])
def test_what_is_added_to_a_product_of_computed_matrices(rows: int, shape: str) -> None:
    graph = parse(f"""graph g
        input %x: float32[2,{rows},4]
        input %z: float32[2,5,4]
        const %c: float32[{shape.replace("3", str(rows))}] = seed 1
        %m = MatMulFusion(%x, %z) {{transpose_b=true}}
        %y = AddFusion(%m, %c)
        output %y""")
    draw = np.random.default_rng(0)
    x, z = (draw.standard_normal((2, n, 4)).astype(np.float32) for n in (rows, 5))
    c = graph.nodes[-1].inputs[1].data
    assert c is not None
    with Session(emit(graph)) as session:
        np.testing.assert_allclose(session.run([x, z]), x @ z.swapaxes(1, 2) + c, rtol=0, atol=1e-5)
