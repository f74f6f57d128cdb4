"""Checkpoints that MindSpore writes are read here, and the other way round."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import converter
from converter.checkpoint import read_checkpoint, write_checkpoint

pytestmark = pytest.mark.conformance

# Writes a checkpoint of every element type, a network with weights of its own and a checkpoint of others, and results.
WRITE = """
import mindspore as ms, numpy as np, sys
from mindspore import Parameter, Tensor, nn
folder = sys.argv[1]
rng = np.random.default_rng(7)
kinds = ["bool_", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "bfloat16",
         "float32", "float64"]
rows = [{"name": f"layer.{k}", "data": Tensor(rng.integers(0, 2, (2, 3)).astype(np.float32)).astype(getattr(ms, k))}
        for k in kinds]
ms.save_checkpoint(rows, f"{folder}/kinds.ckpt", append_dict={"epoch_num": 3, "lr": 0.5, "note": "hello"})
ms.save_checkpoint(rows, f"{folder}/checked.ckpt", crc_check=True)
np.savez(f"{folder}/kinds.npz", **{r["name"]: r["data"].astype(ms.float32).asnumpy() for r in rows})

network = nn.SequentialCell(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Dense(75, 4))
network.set_train(False)
x = Tensor(rng.standard_normal((1, 2, 5, 5)).astype(np.float32))
ms.export(network, x, file_name=f"{folder}/network", file_format="MINDIR")
for parameter in network.get_parameters():
    parameter.set_data(Tensor(rng.uniform(0.2, 1.0, parameter.shape).astype(np.float32)))
ms.save_checkpoint(network, f"{folder}/network.ckpt")
np.savez(f"{folder}/network.npz", x=x.asnumpy(), y=network(x).asnumpy())
"""

READ = """
import mindspore as ms, numpy as np, sys
folder = sys.argv[1]
loaded = ms.load_checkpoint(f"{folder}/ours.ckpt")
np.savez(f"{folder}/ours.npz", **{name: value.asnumpy() for name, value in loaded.items()})
"""


def run(program: str, folder: Path) -> None:
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True, capture_output=True, cwd=folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoints")
    run(WRITE, path)
    return path


def test_every_element_type_is_read(folder: Path) -> None:
    with np.load(folder / "kinds.npz") as expected:
        for name in ("kinds.ckpt", "checked.ckpt"):
            found = read_checkpoint(folder / name)
            for key in expected:
                np.testing.assert_array_equal(found[key].astype(np.float32), expected[key])
                kind = key.removeprefix("layer.").replace("bfloat16", "float32").removesuffix("_")
                assert found[key].dtype == kind
    found = read_checkpoint(folder / "kinds.ckpt")
    assert (int(found["epoch_num"]), float(found["lr"]), str(found["note"])) == (3, 0.5, "hello")


def test_a_network_runs_with_the_weights_of_a_checkpoint(folder: Path) -> None:
    with np.load(folder / "network.npz") as data:
        x, y = data["x"], data["y"]
    with converter.load(folder / "network.mindir", folder / "network.ckpt") as session:
        np.testing.assert_allclose(session.run(x), y, rtol=0, atol=1e-5 * np.abs(y).max())


def test_mindspore_reads_what_is_written_here(folder: Path) -> None:
    rng = np.random.default_rng(3)
    kinds = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "float16", "float32", "float64")
    tensors = {f"a.{kind}": rng.integers(0, 2, (3, 2)).astype(kind) for kind in kinds}
    tensors["a.number"] = np.array(2.5, np.float32)
    write_checkpoint(folder / "ours.ckpt", tensors)
    run(READ, folder)
    with np.load(folder / "ours.npz") as found:
        for name, value in tensors.items():
            np.testing.assert_array_equal(found[name], value)
            assert found[name].dtype == value.dtype
