"""What is measured adds up; how long anything takes is nobody's business here."""
from __future__ import annotations

import numpy as np
import pytest

from lite import DType, Session, TensorSpec
from lite.bench import Machine, by_operator, measure, measure_machine, measure_steps
from lite.ops.conv2d import Conv2DFusion
from lite.ops.cost import cost
from lite.ops.full_connection import FullConnection
from lite.ops.gather import Gather
from lite.ops.lstm import LSTM
from lite.ops.matmul import MatMulFusion
from lite.ops.registry import Attributes
from lite.timing import Latency, timed_runs
from lite.types import Array
from tests.cli.conftest import DIGITS

MODEL = DIGITS / "digits.ms"


def floats(*shape: int) -> TensorSpec:
    return TensorSpec(DType.FLOAT32, shape)


def convolution(*kernel: int, group: int = 1) -> Conv2DFusion:
    return Conv2DFusion(kernel_size=kernel, stride=(1, 1), dilation=(1, 1), group=group)


# attributes, inputs, outputs, flops, elements of 4 bytes that are moved
COSTS: list[tuple[Attributes, list[TensorSpec], list[TensorSpec], int, int]] = [
    (
        convolution(3, 5), [floats(1, 9, 8, 4), floats(6, 3, 5, 4)], [floats(1, 7, 4, 6)],
        2 * 7 * 4 * 6 * 3 * 5 * 4, 9 * 8 * 4 + 6 * 60 + 7 * 4 * 6,
    ),
    (
        convolution(3, 3, group=4), [floats(1, 9, 9, 4), floats(4, 3, 3, 1)], [floats(1, 7, 7, 4)],
        2 * 7 * 7 * 4 * 9, 81 * 4 + 36 + 49 * 4,
    ),
    (MatMulFusion(), [floats(2, 3, 5), floats(5, 7)], [floats(2, 3, 7)], 2 * 2 * 3 * 5 * 7, 30 + 35 + 42),
    (MatMulFusion(transpose_a=True), [floats(5, 3), floats(5, 7)], [floats(3, 7)], 2 * 3 * 5 * 7, 15 + 35 + 21),
    (FullConnection(), [floats(3, 5), floats(7, 5)], [floats(3, 7)], 2 * 3 * 5 * 7, 15 + 35 + 21),
    (
        LSTM(input_size=3, hidden_size=5),
        [floats(7, 2, 3), floats(1, 2, 5), floats(1, 2, 5), floats(160)],
        [floats(7, 2, 5), floats(1, 2, 5), floats(1, 2, 5)],
        2 * 7 * 2 * 4 * 5 * (3 + 5), 42 + 20 + 160 + 70 + 20,
    ),
    (Gather(), [floats(1000, 8), floats(3), floats(1)], [floats(3, 8)], 0, 24 + 3 + 1 + 24),
]  # fmt: skip


@pytest.mark.parametrize(("attrs", "inputs", "outputs", "flops", "elements"), COSTS, ids=lambda x: getattr(x, "op", ""))
def test_cost(
    attrs: Attributes, inputs: list[TensorSpec], outputs: list[TensorSpec], flops: int, elements: int
) -> None:
    found = cost(attrs, inputs, outputs)
    assert (found.flops, found.nbytes) == (flops, 4 * elements)


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (1, (1, 1, 1, 1)), (2, (1, 1.5, 2, 2)), (10, (1, 5.5, 9, 10)), (100, (1, 50.5, 90, 99)),
        (200, (1, 100.5, 180, 198)),
    ],
)
def test_latency(runs: int, expected: tuple[float, ...]) -> None:
    latency = Latency.of([float(i) for i in range(runs, 0, -1)])
    assert (latency.min, latency.median, latency.p90, latency.p99) == expected
    assert latency.runs == runs


def test_timed_runs_run_at_least_once() -> None:
    calls: list[int] = []
    assert len(timed_runs(lambda: calls.append(1), 5, 0.0)) == len(calls) == 5
    assert len(timed_runs(lambda: calls.append(1), None, 0.0)) == 1
    assert len(timed_runs(lambda: calls.append(1), 1, 100.0)) == 1


def test_the_floor_is_the_slower_of_arithmetic_and_memory() -> None:
    machine = Machine(1, flops=100.0, reads=((10, 50.0), (1000, 5.0)))
    assert machine.floor(flops=200, nbytes=10) == 2.0
    assert machine.floor(flops=0, nbytes=10) == 0.2
    assert machine.floor(flops=0, nbytes=11) == 11 / 5
    assert machine.floor(flops=0, nbytes=10_000) == 2000.0


@pytest.fixture
def image() -> Array:
    return np.zeros((1, 1, 8, 8), np.float32)


def test_steps_add_up_to_operators(image: Array) -> None:
    machine = Machine(1, flops=1e11, reads=((1 << 30, 1e10),))
    with Session(MODEL) as session:
        steps = measure_steps(session, image, machine)
        known = session.steps
    assert [row.step for row in steps] == [step for step in known if step in {row.step for row in steps}]
    operators = by_operator(steps)
    assert {row.op for row in operators} == {row.step.op for row in steps}
    assert sum(row.steps for row in operators) == len(steps)
    for row in operators:
        rows = [step for step in steps if (step.step.op, step.step.delegate) == (row.op, row.delegate)]
        assert row.seconds == pytest.approx(sum(step.seconds for step in rows))
        assert row.flops == sum(step.flops for step in rows)
        assert row.nbytes == sum(step.nbytes for step in rows)
        assert row.floor == pytest.approx(sum(machine.floor(step.flops, step.nbytes) for step in rows))
    assert list(operators) == sorted(operators, key=lambda row: -row.seconds)
    convolutions = [row for row in steps if row.step.op == "Conv2DFusion"]
    for row in convolutions:
        weights = row.step.inputs[1].shape
        assert row.flops == 2 * row.step.outputs[0].size * int(np.prod(weights[1:]))


def test_without_a_machine_there_is_no_floor(image: Array) -> None:
    with Session(MODEL) as session:
        steps = measure_steps(session, image)
    assert all(row.floor is None for row in (*steps, *by_operator(steps)))


def test_runs_are_counted(image: Array) -> None:
    with Session(MODEL) as session:
        latency = measure(session, image, runs=7, warm_up=0.0)
    assert latency.runs == 7
    assert 0 < latency.min <= latency.median <= latency.p90 <= latency.p99


@pytest.mark.parametrize("threads", [1, 2])
def test_the_machine_reads_and_computes(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lite.bench._PEAK_SECONDS", 0.0)
    monkeypatch.setattr("lite.bench._FOOTPRINTS", (1 << 12, 1 << 16))
    machine = measure_machine(threads)
    assert machine is not None
    assert machine.threads == threads
    assert machine.flops > 0
    assert [nbytes for nbytes, _ in machine.reads] == [1 << 12, 1 << 16]
    assert all(rate > 0 for _, rate in machine.reads)
