"""What MindSpore encrypts is deciphered here."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import converter
from converter.checkpoint import read_checkpoint

pytestmark = pytest.mark.conformance

WRITE = """
import mindspore as ms, numpy as np, sys
from mindspore import Tensor, nn
folder, key = sys.argv[1], bytes(range(65, 81))
network = nn.SequentialCell(nn.Dense(6, 5), nn.ReLU()).set_train(False)
x = Tensor(np.random.default_rng(1).standard_normal((2, 6)).astype(np.float32))
for mode in ("AES-GCM", "AES-CBC", "SM4-CBC"):
    ms.export(network, x, file_name=f"{folder}/{mode}", file_format="MINDIR", enc_key=key, enc_mode=mode)
    ms.save_checkpoint(network, f"{folder}/{mode}.ckpt", enc_key=key, enc_mode=mode)
np.savez(f"{folder}/data.npz", x=x.asnumpy(), y=network(x).asnumpy(), w=network[0].weight.asnumpy())
"""
KEY = bytes(range(65, 81))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("encrypted")
    subprocess.run([sys.executable, "-c", WRITE, str(path)], check=True, capture_output=True, cwd=path)
    return path


@pytest.mark.parametrize("mode", ["AES-GCM", "AES-CBC", "SM4-CBC"])
def test_exports_and_checkpoints(folder: Path, mode: str) -> None:
    with np.load(folder / "data.npz") as data:
        x, y, w = data["x"], data["y"], data["w"]
    with converter.load(folder / f"{mode}.mindir", options={"key": KEY}) as session:
        np.testing.assert_allclose(session.run(x), y, rtol=0, atol=1e-5 * np.abs(y).max())
    np.testing.assert_array_equal(read_checkpoint(folder / f"{mode}.ckpt", KEY)["0.weight"], w)
