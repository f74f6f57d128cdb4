"""What is written for LiteRT computes what MindSpore computes, on the networks of the suite as they are judged."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

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
        with pytest.raises(UnsupportedOpError, match=f"{REFUSED[name]}.*not written as .tflite"):
            prepare(LITERT, str(tmp_path / "model.ms"), str(tmp_path))
        return
    path = prepare(LITERT, str(tmp_path / "model.ms"), str(tmp_path))
    inputs = {key: np.asarray(value) for key, value in export.inputs.items()}
    loaded = load_litert(path, inputs, threads=1)
    loaded.run()
    assert_agrees(loaded.outputs(), export, name)
