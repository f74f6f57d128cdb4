"""What is written for LiteRT computes what MindSpore computes, on the networks of the suite as they are judged."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lite
from converter import convert
from converter.suite import NETWORKS
from lite.engines import LITERT, load_litert, prepare
from lite.errors import UnsupportedOpError
from tests.conformance.judge import assert_agrees
from tests.conformance.oracle import Oracle

pytestmark = pytest.mark.conformance
REFUSED = {"crnn": "LSTM"}


@pytest.mark.parametrize("name", NETWORKS)
def test_litert_agrees_with_mindspore(oracle: Oracle, name: str, tmp_path: Path) -> None:
    export = oracle.network(name)
    (tmp_path / "model.ms").write_bytes(convert(export.mindir))
    if name in REFUSED:
        with pytest.raises(UnsupportedOpError, match=rf"not written as \.tflite\s+{REFUSED[name]}"):
            prepare(LITERT, str(tmp_path / "model.ms"), str(tmp_path))
        return
    path = prepare(LITERT, str(tmp_path / "model.ms"), str(tmp_path))
    inputs = {key: np.asarray(value) for key, value in export.inputs.items()}
    loaded = load_litert(path, inputs, threads=1)
    loaded.run()
    assert_agrees(loaded.outputs(), export, name)


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in REFUSED])
def test_litert_loses_as_much_by_int8(oracle: Oracle, name: str, tmp_path: Path) -> None:
    export = oracle.network(name)
    inputs = {key: np.asarray(value) for key, value in export.inputs.items()}
    model = tmp_path / "model.ms"
    model.write_bytes(convert(export.mindir, {"quantization": {"samples": [inputs]}}))
    loaded = load_litert(prepare(LITERT, str(model), str(tmp_path)), inputs, threads=1)
    loaded.run()
    with lite.Session(model) as session:
        result = session.run(inputs)
    ours = list(result.values()) if isinstance(result, dict) else [result]
    for y, z, exact in zip(ours, loaded.outputs(), export.outputs, strict=True):
        lost, theirs = (float(np.linalg.norm(x - exact) / np.linalg.norm(exact)) for x in (y, z))
        assert theirs < 2.5 * lost + 0.005  # it rounds tables and sums in ways of its own
