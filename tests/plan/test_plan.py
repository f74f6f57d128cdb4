"""Plans against plain evaluation: random networks on a poisoned arena with guards around it."""
from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from lite import ops
from lite.delegates.base import In, NativeClaim, NativeStep, Operation, Out
from lite.delegates.reference import ReferenceDelegate
from lite.errors import DelegateError, MemoryPlanError
from lite.model import Model
from lite.ops.activation import Activation
from lite.ops.binary import AddFusion, MulFusion
from lite.ops.concat import Concat
from lite.ops.enums import ActivationType
from lite.ops.reshape import Reshape
from lite.plan import build as build_module
from lite.plan.build import Holding, Resources, build_plan
from lite.plan.network import resolve
from lite.plan.plan import Plan
from lite.types import Array, DType, TensorSpec
from tests.plan.guards import Guarded
from tests.plan.kernels import PythonDelegate, PythonPack
from tests.plan.models import Row, evaluate, make_model

RELU = Activation(ActivationType.RELU)
TANH = Activation(ActivationType.TANH)
LIMIT = 1 << 20


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Guarded]:
    allocate = Guarded()
    monkeypatch.setattr(build_module, "allocate", allocate)
    yield allocate
    assert allocate.intact(), "bytes outside a plan's memory were written"


def native_plan(model: Model, pack: PythonPack | None = None, limit: int = LIMIT) -> Plan:
    network = resolve(model, [model.tensors[i].spec.shape for i in model.inputs], limit)
    pack = pack or PythonPack()
    return build_plan(network, Resources((PythonDelegate(), ReferenceDelegate()), limit, pack, pack))


def run_poisoned(plan: Plan, inputs: list[Array]) -> list[Array]:
    plan.arena.fill(0xFF)  # NaN, as float32
    for target, array in zip(plan.inputs, inputs, strict=True):
        np.copyto(target, array)
    plan.execute()
    return [output.copy() for output in plan.outputs]


def random_network(seed: int) -> Model:
    """A random graph over [2, 6] of native, in-place, view, multi-step and host operations, with several outputs."""
    rng = random.Random(seed)
    constants: dict[str, Array] = {
        "flat": np.array([12], np.int32),
        "square": np.array([2, 6], np.int32),
        "half": np.array([0.5], np.float32),
        "weights": np.random.default_rng(seed).standard_normal((2, 6)).astype(np.float32),
    }
    nodes: list[Row] = []
    square, flat = ["x", "z"], list[str]()
    for i in range(rng.randint(1, 25)):
        x, y = rng.choice(square[-4:]), rng.choice(square)
        rows: list[Row] = [
            (RELU, [x], [f"t{i}"]),
            (TANH, [x], [f"t{i}"]),
            (AddFusion(), [x, y], [f"t{i}"]),
            (AddFusion(), [x, "weights"], [f"t{i}"]),
            (MulFusion(), [x, "half"], [f"t{i}"]),
            (Reshape(), [x, "flat"], [f"t{i}"]),
        ]
        if flat:
            rows += [(Reshape(), [rng.choice(flat), "square"], [f"t{i}"]), (RELU, [rng.choice(flat)], [f"t{i}"])]
        attrs, reads, writes = rng.choice(rows)
        nodes.append((attrs, reads, writes))
        to_flat = reads[-1] == "flat" or (reads[0] in flat and reads[-1] != "square")
        (flat if to_flat else square).append(f"t{i}")
    computed = [name for name in square + flat if name.startswith("t")]
    outputs = rng.sample(computed, min(len(computed), rng.randint(1, 3)))
    shape = (2, 6)
    return make_model(
        [TensorSpec(DType.FLOAT32, shape, "x"), TensorSpec(DType.FLOAT32, shape, "z")], nodes, outputs, constants
    )


@pytest.mark.parametrize("seed", range(60))
def test_random_networks_run_right_on_a_poisoned_arena(seed: int, guarded: Guarded) -> None:
    model = random_network(seed)
    plan = native_plan(model)
    rng = np.random.default_rng(seed)
    for _ in range(2):
        inputs = [rng.standard_normal(view.shape).astype(np.float32) for view in plan.inputs]
        for got, expected in zip(run_poisoned(plan, inputs), evaluate(model, inputs), strict=True):
            np.testing.assert_array_equal(got, expected)
    assert plan.report.arena >= plan.report.lower_bound


def chain(length: int, size: int = 1024) -> Model:
    nodes: list[Row] = [(RELU, [f"t{i}"], [f"t{i + 1}"]) for i in range(length)]
    return make_model([TensorSpec(DType.FLOAT32, (size,), "t0")], nodes, [f"t{length}"])


def test_a_chain_in_place_needs_one_buffer_and_one_native_call() -> None:
    pack = PythonPack()
    plan = native_plan(chain(20), pack)
    assert plan.report.arena == plan.report.lower_bound == 4096
    assert len(plan.segments) == 1
    plan.execute()
    assert pack.rows_run == 20


def test_what_a_signal_handler_raises_is_not_the_operation_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*arguments: object) -> None:
        raise TimeoutError

    model = make_model([TensorSpec(DType.FLOAT32, (4,), "x")], [(TANH, ["x"], ["y"])], ["y"])
    with monkeypatch.context() as patch:
        patch.setattr(ops, "evaluate", late)
        plan = native_plan(model)
        with pytest.raises(TimeoutError):
            plan.execute()
    monkeypatch.setattr(ops, "infer", late)
    with pytest.raises(TimeoutError):
        native_plan(model)


def test_host_steps_split_the_table() -> None:
    spec = TensorSpec(DType.FLOAT32, (4,), "x")
    nodes: list[Row] = [
        (RELU, ["x"], ["a"]),
        (RELU, ["a"], ["b"]),
        (TANH, ["b"], ["c"]),
        (TANH, ["c"], ["d"]),
        (RELU, ["d"], ["e"]),
    ]
    plan = native_plan(make_model([spec], nodes, ["e"]))
    assert len(plan.segments) == 4
    assert [step.info.delegate for step in plan.steps] == ["python", "python", "reference", "reference", "python"]


def test_plans_report_where_bytes_go() -> None:
    weights = np.ones((16,), np.float32)
    spec = TensorSpec(DType.FLOAT32, (16,), "x")
    nodes: list[Row] = [
        (AddFusion(), ["x", "w"], ["a"]),
        (MulFusion(), ["a", "half"], ["b"]),
        (Concat(), ["b", "w"], ["c"]),
    ]
    constants = {"w": weights, "half": np.full((1,), 0.5, np.float32)}
    report = native_plan(make_model([spec], nodes, ["c"], constants)).report
    assert (report.packed, report.mapped) == (64, 64)
    assert report.scratch == 128  # 100 bytes, aligned
    assert report.table == 3 * 32 + 8 * (4 + 4 + 4)


def test_plans_for_several_shapes_share_packed_constants() -> None:
    spec = TensorSpec(DType.FLOAT32, (4, 16), "x")
    constants = {"w": np.ones((4, 16), np.float32), "shape": np.array([4, 16], np.int32)}
    model = make_model([spec], [(Reshape(), ["x", "shape"], ["a"]), (AddFusion(), ["a", "w"], ["b"])], ["b"], constants)
    pack = PythonPack()
    resources = Resources((PythonDelegate(),), LIMIT, pack, pack)
    plans = [build_plan(resolve(model, [shape], LIMIT), resources) for shape in ((4, 16), (64,))]
    first, second = (plan.holds for plan in plans)
    assert isinstance(first, Holding)
    assert isinstance(second, Holding)
    assert first.blocks[-1].array is second.blocks[-1].array


@pytest.mark.parametrize("limit", [4095, 1])
def test_more_memory_than_the_limit_is_refused(limit: int) -> None:
    with pytest.raises(MemoryPlanError, match=f"memory_limit is {limit:,}"):
        native_plan(chain(3), limit=limit)


def test_the_limit_covers_the_arena_as_a_whole() -> None:
    nodes: list[Row] = [(TANH, ["x"], ["a"]), (TANH, ["a"], ["b"])]
    model = make_model([TensorSpec(DType.FLOAT32, (1024,), "x")], nodes, ["b"])
    assert native_plan(model, limit=8192).report.arena == 8192
    with pytest.raises(MemoryPlanError, match=r"model needs 8,192 bytes .* memory_limit is 8,191"):
        native_plan(model, limit=8191)


class Misbound:
    """Binds "relu" with the wrong arguments."""

    name = "misbound"

    def __init__(self, **arguments: In | Out | int | float) -> None:
        self._arguments = arguments

    def claim(self, operation: Operation) -> NativeClaim:
        return NativeClaim((NativeStep("relu", self._arguments),))


BAD_BINDINGS = [
    ({"x": In(0), "y": Out(0)}, r"kernel relu takes \(x, y, n\), and was bound with \(x, y\)"),
    ({"x": In(0), "y": Out(0), "n": 4, "m": 1}, "was bound with"),
    ({"x": In(0), "y": Out(0), "n": 4.0}, "parameter n is a int, bound with 4.0"),
    ({"x": In(0), "y": 4096, "n": 4}, "parameter y is a pointer, bound with 4096"),
    ({"x": In(0), "y": Out(0), "n": In(0)}, "parameter n is a int"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_BINDINGS)
def test_a_wrong_binding_is_refused(arguments: dict[str, In | Out | int | float], message: str) -> None:
    network = resolve(chain(1), [(4,)], LIMIT)
    pack = PythonPack()
    with pytest.raises(DelegateError, match=message):
        build_plan(network, Resources((Misbound(**arguments),), LIMIT, pack, pack))


def test_native_claims_need_a_pack() -> None:
    network = resolve(chain(1), [(4,)], LIMIT)
    with pytest.raises(DelegateError, match="kernel relu needs a kernel pack"):
        build_plan(network, Resources((PythonDelegate(),), LIMIT))
