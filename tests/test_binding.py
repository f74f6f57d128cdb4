"""Runs without copies: the same outputs as Session.run, arrays in place, and typed errors when their time is over."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lite import Session
from lite.errors import SessionClosedError, ShapeError, TensorNameError
from lite.memory import address_of

DIGITS = Path(__file__).resolve().parents[1] / "samples" / "digits" / "digits.ms"


@pytest.fixture(params=["default", "reference"])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    with Session(DIGITS, delegates=None if request.param == "default" else ["reference"]) as session:
        yield session


def images(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(5).random((count, 1, 1, 8, 8), np.float32)


def test_it_computes_what_run_does(session: Session) -> None:
    bound = session.bind()
    ((name, x),), ((output, y),) = bound.inputs.items(), bound.outputs.items()
    assert (name, output) == (session.inputs[0].name, session.outputs[0].name)
    for image in images(5):
        expected = session.run(image)
        x[...] = image
        bound.run()
        assert np.array_equal(y, expected)
    assert address_of(session.bind().inputs[name]) == address_of(x)


def test_another_name_is_an_error_that_says_those_that_there_are(session: Session) -> None:
    bound = session.bind()
    for arrays, what in ((bound.inputs, "input"), (bound.outputs, "output")):
        (name,) = arrays
        with pytest.raises(TensorNameError, match=f"the model has no {what} 'typo'; it has '{name}'"):
            arrays["typo"]
        assert arrays.get("typo") is None


def test_outputs_are_overwritten_by_the_next_run_and_by_nobody_else(session: Session) -> None:
    bound = session.bind()
    (y,) = bound.outputs.values()
    first, second = images(2)
    expected = session.run(first)
    kept = y.copy()
    assert np.array_equal(kept, expected)
    assert not np.array_equal(session.run(second), kept)
    assert not np.array_equal(y, kept)
    with pytest.raises(ValueError, match="read-only"):
        y[...] = 0
    with pytest.raises(TypeError):
        bound.outputs["other"] = y  # type: ignore[index]


def test_after_close_and_resize_it_refuses(session: Session) -> None:
    bound = session.bind()
    (name,) = bound.inputs
    (x,) = bound.inputs.values()
    session.resize({name: (3, 1, 8, 8)})
    with pytest.raises(ShapeError, match="resized since this was bound: bind again"):
        bound.run()
    x[...] = 1  # the arrays still are somebody's memory
    again = session.bind()
    assert again.inputs[name].shape == (3, 1, 8, 8)
    again.inputs[name][...] = 1
    again.run()
    session.close()
    with pytest.raises(SessionClosedError):
        again.run()
    with pytest.raises(SessionClosedError):
        session.bind()
    assert np.isfinite(again.outputs[session.outputs[0].name]).all()


def test_an_open_dimension_cannot_be_bound(session: Session) -> None:
    (spec,) = session.inputs
    session.resize({spec.name: (-1, 1, 8, 8)})
    with pytest.raises(ShapeError, match=r"open dimension.*resize before bind"):
        session.bind()


def test_a_binding_keeps_its_session(session: Session) -> None:
    bound = Session(DIGITS).bind()
    (x,) = bound.inputs.values()
    x[...] = images(1)[0]
    bound.run()
    (y,) = bound.outputs.values()
    assert np.allclose(y, session.run(images(1)[0]), rtol=1e-4, atol=1e-5)
