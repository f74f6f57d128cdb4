"""Sessions that keep their plans for the next, in a folder of the test's own."""
from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from lite import Session
from lite.native.pack import load_pack
from lite.types import Array

Inputs = Sequence[Array] | Mapping[str, Array]


@contextmanager
def keeping(folder: Path) -> Iterator[Path]:
    """Where plans are kept meanwhile; those of files just written too."""
    load_pack()  # out of the cache that has it
    with mock.patch.dict(os.environ, MINDLITE_CACHE=str(folder)), mock.patch("lite.model.source._SETTLED", -(1 << 62)):
        yield folder / "plans"


@contextmanager
def recalling() -> Iterator[None]:
    """Sessions may not read models meanwhile."""
    with mock.patch("lite.session.read_model", side_effect=AssertionError("the plan was not recalled")):
        yield


def outputs(session: Session, inputs: Inputs) -> list[Array]:
    """Those of a run, in order."""
    result = session.run(inputs)
    return list(result.values()) if isinstance(result, dict) else [result]


def run_twice(data: bytes, inputs: Inputs, **options: Any) -> list[Array]:
    """The outputs of a model, and a check that a kept plan, where there is one, gives the same."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "model.ms")
        path.write_bytes(data)
        with keeping(Path(name)) as plans:
            with Session(path, **options) as session:
                expected = outputs(session, inputs)
                told = session.inputs, session.outputs, session.steps, session.memory
            if plans.exists():
                with recalling(), Session(path, **options) as session:
                    actual = outputs(session, inputs)
                    assert told == (session.inputs, session.outputs, session.steps, session.memory)
                for one, other in zip(actual, expected, strict=True):
                    np.testing.assert_array_equal(one, other)
    return expected
