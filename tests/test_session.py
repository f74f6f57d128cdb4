"""The contract of Session: what it accepts, returns, refuses and releases."""
from __future__ import annotations

import copy
import gc
import os
import pickle
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lite import Session
from lite.bench import measure_steps
from lite.errors import (
    DelegateError,
    DTypeError,
    InvalidModelError,
    MemoryPlanError,
    SessionClosedError,
    ShapeError,
    TensorNameError,
    UnsupportedOpError,
)
from lite.model import Model
from lite.ops.activation import Activation
from lite.ops.binary import AddFusion, MulFusion
from lite.ops.conv2d import Conv2DFusion
from lite.ops.enums import ActivationType, PadMode
from lite.ops.reshape import Reshape
from lite.ops.softmax import Softmax
from lite.session import _thread_count
from lite.types import Array, DType, TensorSpec
from tests.plan.models import Row, make_model

DIGITS = Path(__file__).resolve().parents[1] / "samples" / "digits" / "digits.ms"
RELU = Activation(ActivationType.RELU)
Open = Callable[..., Session]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens sessions of models that were made by hand, on numpy alone unless asked otherwise."""
    sessions: list[Session] = []

    def open_model(model: Model, **options: Any) -> Session:
        monkeypatch.setattr("lite.session.read_model", lambda source: model)
        sessions.append(Session(b"", **({"delegates": ["reference"]} | options)))
        return sessions[-1]

    yield open_model
    for session in sessions:
        session.close()


def floats(name: str, *shape: int) -> TensorSpec:
    return TensorSpec(DType.FLOAT32, shape, name)


def doubling(*shape: int) -> Model:
    """y = 2 x, for any shape."""
    return make_model([floats("x", *shape)], [(AddFusion(), ["x", "x"], ["y"])], ["y"])


def two_in_two_out() -> Model:
    nodes: list[Row] = [(AddFusion(), ["a", "b"], ["sum"]), (MulFusion(), ["a", "b"], ["product"])]
    return make_model([floats("a", 2), floats("b", 2)], nodes, ["product", "sum"])


def reshaping() -> Model:
    """Takes 6 elements in any shape."""
    return make_model(
        [floats("x", 6)], [(Reshape(), ["x", "shape"], ["y"])], ["y"], {"shape": np.array([2, 3], np.int32)}
    )


def test_one_output_is_an_array(opened: Open) -> None:
    y = opened(doubling(3)).run(np.array([1, 2, 3], np.float32))
    assert isinstance(y, np.ndarray)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, [2, 4, 6])


def test_several_outputs_are_a_dict_in_the_models_order(opened: Open) -> None:
    outputs = opened(two_in_two_out()).run({"b": [3, 4], "a": [1, 2]})
    assert list(outputs) == ["product", "sum"]
    np.testing.assert_array_equal(outputs["product"], [3, 8])
    np.testing.assert_array_equal(outputs["sum"], [4, 6])


def test_inputs_and_outputs_describe_the_model(opened: Open) -> None:
    session = opened(two_in_two_out())
    assert session.inputs == (floats("a", 2), floats("b", 2))
    assert session.outputs == (floats("product", 2), floats("sum", 2))
    assert np.zeros(session.inputs[0].shape, session.inputs[0].dtype).dtype == np.float32
    assert repr(session) == "<Session 'model': a: float32[2], b: float32[2] -> product: float32[2], sum: float32[2]>"


def test_names_that_occur_twice_are_told_apart(opened: Open) -> None:
    model = make_model([floats("x", 1)], [(RELU, ["x"], ["y"])], ["y", "y", "x"])
    assert list(opened(model).run([[1.0]])) == ["y", "y:1", "x"]


def test_outputs_are_the_callers_own(opened: Open) -> None:
    session = opened(doubling(3))
    first = session.run(np.ones(3, np.float32))
    second = session.run(np.full(3, 5, np.float32))
    np.testing.assert_array_equal(first, [2, 2, 2])
    first[:] = -1
    np.testing.assert_array_equal(second, [10, 10, 10])
    assert first.flags.writeable
    assert first.flags.owndata


def test_bound_arrays_may_be_given_to_a_run_in_each_others_place(opened: Open) -> None:
    session = opened(two_in_two_out())
    bound = session.bind()
    bound.inputs["a"][...], bound.inputs["b"][...] = 1, 3
    outputs = session.run({"a": bound.inputs["b"], "b": bound.inputs["a"]})
    assert outputs["sum"].tolist() == [4, 4]
    assert outputs["product"].tolist() == [3, 3]


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_session_is_neither_pickled_nor_copied(opened: Open, copied: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="can be neither pickled nor copied: open one from the file"):
        copied(opened(two_in_two_out()))


def test_an_output_that_is_an_input_or_a_constant_is_a_copy_too(opened: Open) -> None:
    constants = {"k": np.array([7], np.float32)}
    session = opened(make_model([floats("x", 1)], [(RELU, ["x"], ["y"])], ["x", "k", "y"], constants))
    x = np.array([3], np.float32)
    for _ in range(2):
        outputs = session.run(x)
        assert {name: float(value[0]) for name, value in outputs.items()} == {"x": 3, "k": 7, "y": 3}
        for value in outputs.values():
            value[:] = -1
    assert x[0] == 3


def test_inputs_are_read_and_never_kept(opened: Open) -> None:
    session = opened(doubling(3))
    x = np.ones(3, np.float32)
    alive = weakref.ref(x)
    session.run(x)
    np.testing.assert_array_equal(x, [1, 1, 1])
    del x
    assert alive() is None


def test_a_failed_run_leaves_the_session_usable(opened: Open) -> None:
    session = opened(doubling(3))
    with pytest.raises(ShapeError):
        session.run(np.ones(4, np.float32))
    np.testing.assert_array_equal(session.run([[1, 1, 1]]), [2, 2, 2])


def test_infinities_and_nans_pass_without_warnings(opened: Open) -> None:
    session = opened(make_model([floats("x", 3)], [(Softmax(), ["x"], ["y"])], ["y"]))
    assert np.isnan(session.run(np.array([np.inf, np.nan, 1e38], np.float32))).all()


def test_resize_plans_for_other_shapes(opened: Open) -> None:
    session = opened(doubling(3))
    session.resize({"x": (2, 2)})
    assert session.inputs[0].shape == session.outputs[0].shape == (2, 2)
    np.testing.assert_array_equal(session.run(np.ones((2, 2), np.float32)), np.full((2, 2), 2))
    with pytest.raises(ShapeError):
        session.run(np.ones(3, np.float32))


def test_resize_of_one_input_keeps_the_others(opened: Open) -> None:
    session = opened(two_in_two_out())
    session.resize({"a": [1]})
    assert [spec.shape for spec in session.inputs] == [(1,), (2,)]
    np.testing.assert_array_equal(session.run([[2], [3, 4]])["product"], [6, 8])


FAILED_RESIZES: list[tuple[Any, type[Exception], str]] = [
    ({"x": (7,)}, ShapeError, "Reshape 'Reshape-0'"),
    ({"y": (6,)}, TensorNameError, "there is no input 'y'"),
    ({"x": (6, -2)}, ShapeError, "a dimension is at least 0"),
    ({"x": (6.0,)}, ShapeError, "a shape is a sequence of integers"),
    ({"x": 6}, ShapeError, "a shape is a sequence of integers"),
    ({"x": "6"}, ShapeError, "a shape is a sequence of integers"),
    ({"x": (1 << 30,)}, MemoryPlanError, "memory_limit"),
    (None, TypeError, r"shapes is a NoneType: expected a mapping by name, such as \{'x': "),
    ([(6,)], TypeError, "shapes is a list"),
    ((6,), TypeError, "shapes is a tuple"),
]


@pytest.mark.parametrize(("shapes", "error", "message"), FAILED_RESIZES, ids=str)
def test_a_failed_resize_changes_nothing(opened: Open, shapes: Any, error: type[Exception], message: str) -> None:
    session = opened(reshaping(), memory_limit=1 << 20)
    with pytest.raises(error, match=message):
        session.resize(shapes)
    assert session.inputs == (floats("x", 6),)
    assert session.run(np.zeros(6, np.float32)).shape == (2, 3)


def test_an_open_dimension_is_taken_from_the_arrays(opened: Open) -> None:
    session = opened(doubling(-1, 3))
    assert session.inputs[0].shape == session.outputs[0].shape == (-1, 3)
    assert session.memory is None
    for batch in (1, 4, 2, 7, 3, 6, 5, 1, 0):
        x = np.full((batch, 3), batch, np.float32)
        np.testing.assert_array_equal(session.run(x), 2 * x)
    assert session.inputs[0].shape == (-1, 3)


def test_resize_opens_and_closes_dimensions(opened: Open) -> None:
    session = opened(doubling(1, 3))
    session.resize({"x": (-1, 3)})
    assert session.run(np.ones((5, 3), np.float32)).shape == (5, 3)
    session.resize({"x": (2, 3)})
    with pytest.raises(ShapeError):
        session.run(np.ones((5, 3), np.float32))


def test_a_shape_the_model_cannot_have_fails_one_run(opened: Open) -> None:
    session = opened(reshaping())
    session.resize({"x": (-1,)})
    with pytest.raises(ShapeError, match="Reshape 'Reshape-0'"):
        session.run(np.zeros(7, np.float32))
    assert session.run(np.zeros(6, np.float32)).shape == (2, 3)


USES_OF_A_CLOSED_SESSION: list[Callable[[Session], object]] = [
    lambda session: session.run(np.ones(3, np.float32)),
    lambda session: session.resize({"x": (2,)}),
    lambda session: session.profile(np.ones(3, np.float32)),
    lambda session: session.__enter__(),
]


@pytest.mark.parametrize("use", USES_OF_A_CLOSED_SESSION, ids=["run", "resize", "profile", "with"])
def test_a_closed_session_says_so(opened: Open, use: Callable[[Session], object]) -> None:
    with opened(doubling(3)) as session:
        session.run(np.ones(3, np.float32))
    session.close()
    with pytest.raises(SessionClosedError, match="the session of 'model' is closed"):
        use(session)
    assert "closed" in repr(session)
    assert session.inputs == (floats("x", 3),)


def test_close_releases_the_model_without_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    class Weights(np.ndarray):
        """An array that can be watched."""

    weights = np.ones(3, np.float32).view(Weights)
    alive = weakref.ref(weights)
    model = make_model([floats("x", 3)], [(AddFusion(), ["x", "w"], ["y"])], ["y"], {"w": weights})
    del weights
    monkeypatch.setattr("lite.session.read_model", lambda source, held=[model]: held.pop())
    del model
    gc.collect()
    gc.disable()
    try:
        session = Session(b"", delegates=["reference"])
        session.run(np.ones(3, np.float32))
        assert alive() is not None
        session.close()
        assert alive() is None
    finally:
        gc.enable()


CPUS = [(1, None, 1), (3, None, 3), (64, None, 4), (3, 99999, 3), (9, 8, 8), (2, 2**70, 2), (4, np.int64(3), 3)]


@pytest.mark.parametrize(("cpus", "threads", "used"), CPUS)
def test_threads_are_no_more_than_the_cpus(
    cpus: int, threads: int | None, used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lite.session.usable_cpus", lambda: cpus)
    assert _thread_count(threads) == used


MISUSES: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"delegates": ["gpu"]}, DelegateError, "no delegate is named 'gpu'; there are cpu, reference"),
    ({"delegates": []}, DelegateError, "the list of delegates is empty"),
    ({"delegates": "reference"}, DelegateError, r"delegates=\['reference'\]"),
    ({"delegates": 5}, TypeError, "delegates is a int: expected a list of names, of cpu, reference"),
    ({"delegates": iter(["cpu"])}, TypeError, "delegates is a list_iterator"),
    ({"threads": 0}, ValueError, "threads must be at least 1, got 0"),
    ({"threads": -1}, ValueError, "threads must be at least 1, got -1"),
    ({"threads": 1.5}, TypeError, "threads is an integer, got 1.5"),
    ({"threads": True}, TypeError, "threads is an integer, got True"),
    ({"memory_limit": 1}, MemoryPlanError, "memory_limit is 1"),
    ({"memory_limit": 0}, ValueError, "memory_limit must be at least 1 byte, got 0"),
    ({"memory_limit": -5}, ValueError, "got -5"),
    ({"memory_limit": 1e9}, TypeError, "memory_limit is a number of bytes, an integer, got 1000000000.0"),
    ({"memory_limit": "1G"}, TypeError, "got '1G'"),
    ({"memory_limit": True}, TypeError, "got True"),
    ({"delegate": "cpu"}, TypeError, "delegate"),
]


@pytest.mark.parametrize(("options", "error", "message"), MISUSES, ids=str)
def test_misused(opened: Open, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        opened(doubling(3), **options)


def test_a_model_whose_own_shapes_contradict_is_invalid(opened: Open) -> None:
    model = make_model([floats("a", 2), floats("b", 3)], [(AddFusion(), ["a", "b"], ["y"])], ["y"])
    with pytest.raises(InvalidModelError, match="model: AddFusion 'AddFusion-0': AddFusion cannot broadcast"):
        opened(model)


def test_a_wrong_dtype_in_the_model_is_invalid(opened: Open) -> None:
    model = make_model([floats("x", 1)], [(AddFusion(), ["x", "i"], ["y"])], ["y"], {"i": np.ones(1, np.int32)})
    with pytest.raises(InvalidModelError) as caught:
        opened(model)
    assert isinstance(caught.value.__cause__, DTypeError)


def test_a_failing_operator_names_its_node(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    session = opened(doubling(3))
    monkeypatch.setattr("lite.ops.registry._OPS", {})
    monkeypatch.setattr("lite.ops.registry.MODULES", {})
    with pytest.raises(DelegateError, match=r"AddFusion 'AddFusion-0' \(delegate reference\) failed"):
        session.run(np.ones(3, np.float32))


def test_a_masked_array_is_refused(opened: Open) -> None:
    with pytest.raises(DTypeError, match=r"input 'x' is a masked array, .* x\.filled"):
        opened(doubling(3)).run(np.ma.masked_array(np.ones(3, np.float32), [True, False, False]))


@pytest.mark.parametrize("options", [{"delegates": ["reference"]}, {"delegates": ["cpu"], "threads": 2}], ids=str)
def test_two_threads_share_a_session(opened: Open, options: dict[str, Any]) -> None:
    model = make_model([floats("x", 4)], [(RELU, ["x"], ["a"]), (AddFusion(), ["a", "x"], ["y"])], ["y"])
    session = opened(model, **options)
    wrong: list[Array] = []

    def hammer(value: int) -> None:
        x = np.full(4, value, np.float32)
        for _ in range(300):
            y = session.run(x)
            if (y != 2 * value).any():
                wrong.append(y)

    threads = [threading.Thread(target=hammer, args=(value,)) for value in (1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_close_waits_for_a_run_and_stops_the_next(opened: Open) -> None:
    session = opened(doubling(3))
    stopped = threading.Event()

    def run_until_closed() -> None:
        try:
            while True:
                session.run(np.ones(3, np.float32))
        except SessionClosedError:
            stopped.set()

    thread = threading.Thread(target=run_until_closed)
    thread.start()
    session.close()
    thread.join(timeout=10)
    assert stopped.is_set()


def resident_pages() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1])


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads Linux's figures")
@pytest.mark.parametrize("delegate", ["cpu", "reference"])
def test_memory_does_not_grow_over_a_thousand_runs(opened: Open, delegate: str) -> None:
    session = opened(doubling(64, 1024), delegates=[delegate])
    x = np.ones((64, 1024), np.float32)
    for _ in range(20):
        session.run(x)
    before = resident_pages()
    for _ in range(1000):
        session.run(x)
    assert resident_pages() - before < 512  # 2 MiB; one output leaked a run would be 250


def test_the_profile_covers_every_operation(opened: Open) -> None:
    session = opened(make_model([floats("x", 4)], [(RELU, ["x"], ["a"]), (Softmax(), ["a"], ["y"])], ["y"]))
    times = session.profile(np.ones(4, np.float32))
    assert [(t.step.op, t.step.delegate) for t in times] == [("Activation", "reference"), ("Softmax", "reference")]
    assert tuple(t.step for t in times) == session.steps
    assert all(t.seconds > 0 for t in times)


def test_convolutions_run_as_one_where_what_is_between_them_is_large(opened: Open) -> None:
    """An inverted residual: the same bytes for any number of threads, and no room for 1.8 MB."""
    rng = np.random.default_rng(0)
    shapes = {"e": (112, 1, 1, 16), "f": (112, 3, 3, 1), "p": (16, 1, 1, 112)}
    weights = {name: rng.standard_normal(shape, np.float32) for name, shape in shapes.items()}
    single = Conv2DFusion(kernel_size=(1, 1), stride=(1, 1), dilation=(1, 1), group=1)
    grouped = replace(single, kernel_size=(3, 3), pad_mode=PadMode.SAME, group=112)
    nodes: list[Row] = [
        (single, ["x", "e"], ["a"]), (grouped, ["a", "f"], ["b"]), (single, ["b", "p"], ["c"]),
        (AddFusion(), ["c", "x"], ["y"]),
    ]
    model = make_model([floats("x", 1, 64, 64, 16)], nodes, ["y"], weights)
    x = rng.standard_normal((1, 64, 64, 16), np.float32)
    expected = opened(model).run(x)
    sessions = [opened(model, delegates=["cpu"], threads=threads) for threads in (1, 2)]
    first, *others = [session.run(x) for session in sessions]
    np.testing.assert_allclose(first, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    assert all(other.tobytes() == first.tobytes() for other in others)
    (step,) = sessions[0].steps
    assert step.label == "Conv2DFusion+Conv2DFusion+Conv2DFusion+AddFusion"
    assert [one.outputs[0].shape[3] for one in step.stages] == [112, 112, 16]
    report = sessions[0].memory
    assert report is not None
    assert report.arena + report.scratch < 4 * 64 * 64 * 112
    (cost,) = measure_steps(sessions[0], x)
    assert cost.flops == 2 * 64 * 64 * (16 * 112 + 9 * 112 + 112 * 16)


def test_memory_is_reported(opened: Open) -> None:
    report = opened(doubling(3)).memory
    assert report is not None
    assert (report.arena, report.lower_bound, report.packed, report.mapped) == (128, 128, 0, 0)


def test_unsupported_operators_are_refused_before_anything_runs(opened: Open) -> None:
    model = doubling(3)
    unknown = replace(model, nodes=tuple(replace(node, op="Mfcc", attrs=None) for node in model.nodes))
    with pytest.raises(UnsupportedOpError, match="1 of 1 operators in model is not supported"):
        opened(unknown)


def test_steps_are_printed_in_words() -> None:
    with Session(DIGITS) as session:
        said = repr(session.steps)
    assert "float32[1,8,8,56])" in said
    assert "<DType" not in said


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of forking a process with threads
def test_a_forked_child_runs_a_session_that_another_thread_was_running() -> None:
    x = np.ones((1, 1, 8, 8), np.float32)
    with Session(str(DIGITS)) as session:
        expected = session.run(x)
        with session._lock:  # its thread is not in the child
            child = os.fork()
            if child == 0:
                os._exit(0 if np.array_equal(session.run(x), expected) else 3)
        deadline = time.monotonic() + 60
        while (ended := os.waitpid(child, os.WNOHANG))[0] == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        if ended[0] == 0:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        assert ended == (child, 0)
