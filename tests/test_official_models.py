"""Files that others made, run by every delegate and judged by an evaluation written here: loops over taps, in float64.

The networks are spelled out by hand from the decoded files, so nothing of lite.ops takes part in the judgement.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from lite import Session, UnsupportedOpError
from lite.model import read_model
from lite.plan import build as build_module
from lite.types import Array
from tests.plan.guards import Guarded

FILES = Path(__file__).resolve().parents[2] / "shared" / "data" / "ms"

pytestmark = pytest.mark.skipif(not FILES.is_dir(), reason=f"published .ms files are looked for in {FILES}")

Weights = Mapping[str, Array]


def convolution(x: Array, weight: Array, bias: Array | float = 0.0, *, same: bool = False) -> Array:
    """x [n, h, w, c], weight [out, kh, kw, c], stride 1; same: zeros around x, the odd one at the bottom right."""
    _, kernel_height, kernel_width, _ = weight.shape
    if same:
        pads = [((side - 1) // 2, side // 2) for side in (kernel_height, kernel_width)]
        x = np.pad(x, ((0, 0), *pads, (0, 0)))
    height, width = x.shape[1] - kernel_height + 1, x.shape[2] - kernel_width + 1
    y = np.zeros((x.shape[0], height, width, weight.shape[0])) + bias
    for i in range(kernel_height):
        for j in range(kernel_width):
            y += x[:, i : i + height, j : j + width] @ weight[:, i, j].T
    return y


def max_pool(x: Array, side: int) -> Array:
    """Windows of side x side every 2 pixels; a last one that leaves the image counts what is inside."""
    height, width = (-(-(size - side) // 2) + 1 for size in x.shape[1:3])
    rows = [
        [x[:, 2 * i : 2 * i + side, 2 * j : 2 * j + side].max(axis=(1, 2)) for j in range(width)] for i in range(height)
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def dense(x: Array, weight: Array, bias: Array) -> Array:
    return x @ weight.T + bias


def flattened(x: Array) -> Array:
    """Channels first, as these networks were trained."""
    return np.transpose(x, (0, 3, 1, 2)).reshape(x.shape[0], -1)


def ml_face_isface(x: Array, w: Weights) -> list[Array]:
    for layer, side in ((1, 3), (2, 3), (3, 2)):
        x = relu(max_pool(convolution(x, w[f"conv{layer}/weight"], w[f"conv{layer}/bias"]), side))
    x = relu(convolution(x, w["conv4/weight"], w["conv4/bias"]))
    x = relu(dense(flattened(x), w["fc5/input-1"], w["fc5/input-2"]))
    x = dense(x, w["fc6/input-1"], w["fc6/input-2"])
    exponentials = np.exp(x - x.max())
    return [exponentials / exponentials.sum()]


def lenet_tod_infer(x: Array, w: Weights) -> list[Array]:
    for layer in ("conv1", "conv2"):
        x = max_pool(relu(convolution(x, w[f"{layer}.weight"])), 2)
    x = flattened(x)
    for layer in ("fc1", "fc2"):
        x = relu(dense(x, w[f"{layer}.weight"], w[f"{layer}.bias"]))
    return [dense(x, w["fc3.weight"], w["fc3.bias"])]


def parallel(x: Array, w: Weights) -> list[Array]:
    x = convolution(x, w["op2/Conv2D"], same=True)
    x = convolution(x, w["op3/Conv2D"], same=True).mean(axis=-1, keepdims=True)
    x = convolution(x, w["mid_op_1/Conv2D"], same=True) + convolution(x, w["mid_op_2/Conv2D"], same=True)
    return [convolution(x, w[f"out_op_{i}/Conv2D"], same=True)[None] for i in (1, 2, 3)]


NETWORKS: list[Callable[[Array, Weights], list[Array]]] = [ml_face_isface, lenet_tod_infer, parallel]
DELEGATES = [(["reference"], 1), (["cpu", "reference"], 1), (["cpu", "reference"], 2), (None, None)]


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Guarded]:
    allocate = Guarded()
    monkeypatch.setattr(build_module, "allocate", allocate)
    yield allocate
    assert allocate.intact(), "bytes outside a plan's memory were written"


@pytest.mark.parametrize(("delegates", "threads"), DELEGATES, ids=str)
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_official_file(
    network: Callable[[Array, Weights], list[Array]],
    delegates: list[str] | None,
    threads: int | None,
    guarded: Guarded,
) -> None:
    path = FILES / f"{network.__name__}.ms"
    weights: dict[str, Array] = {}
    for tensor in read_model(path).tensors:
        if tensor.spec.value is not None:
            weights.setdefault(tensor.spec.name, tensor.spec.value)  # a bias may have its weight's name, and come later
    rng = np.random.default_rng(7)
    with Session(path, delegates=delegates, threads=threads) as session:
        for _ in range(3):
            x = rng.standard_normal(session.inputs[0].shape).astype(np.float32)
            guarded.poison()
            outputs = session.run(x)
            found = list(outputs.values()) if isinstance(outputs, dict) else [outputs]
            for got, expected, spec in zip(found, network(x.astype(np.float64), weights), session.outputs, strict=True):
                assert got.shape == expected.shape == spec.shape
                assert got.dtype == np.float32
                np.testing.assert_allclose(got, expected, rtol=0, atol=2e-6 * np.abs(expected).max())


@pytest.mark.parametrize("delegates", [["cpu"], ["reference"]], ids=str)
def test_a_resized_batch_gives_what_one_at_a_time_gives(delegates: list[str]) -> None:
    images = np.random.default_rng(3).standard_normal((3, 48, 48, 3)).astype(np.float32)
    with Session(FILES / "ml_face_isface.ms", delegates=delegates) as session:
        single = np.concatenate([session.run(image[None]) for image in images])
        session.resize({"data": images.shape})
        np.testing.assert_allclose(session.run(images), single, rtol=0, atol=1e-6)


def test_a_training_graph_is_refused_and_says_what_it_needs() -> None:
    with pytest.raises(UnsupportedOpError) as caught:
        Session(FILES / "lenet_train.ms")
    message = str(caught.value)
    assert "loss, gradient operators and an optimizer" in message
    assert "set_train(False)" in message
    assert {"Adam", "MaxPoolGrad", "Conv2DBackpropFilterFusion"} <= {row.op for row in caught.value.ops}
