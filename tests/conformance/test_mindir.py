"""What is written as MindIR, MindSpore loads, and it computes what the network computed that was exported."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import converter
from lite.errors import UnsupportedOpError
from tests.conformance.judge import HALF_TOLERANCE, assert_agrees
from tests.conformance.oracle import Oracle
from tests.conformance.test_networks import HALF

pytestmark = pytest.mark.conformance
TOLERANCE = 2e-4  # of the largest |output|

# Loads every FOLDER's model.mindir and runs it on inputs.npz; one that fails leaves error.txt.
RUN = """
import sys, traceback
import mindspore as ms, numpy as np
from mindspore import nn
ms.set_context(mode=ms.GRAPH_MODE, device_target="CPU")

def flatten(result):
    return [y for item in result for y in flatten(item)] if isinstance(result, (tuple, list)) else [result.asnumpy()]

for folder in sys.argv[1:]:
    try:
        with np.load(f"{folder}/inputs.npz") as data:
            inputs = [ms.Tensor(data[key]) for key in data]
        outputs = flatten(nn.GraphCell(ms.load(f"{folder}/model.mindir"))(*inputs))
        np.savez(f"{folder}/outputs.npz", **{f"{i}": y for i, y in enumerate(outputs)})
    except Exception:
        with open(f"{folder}/error.txt", "w") as file:
            file.write(traceback.format_exc())
"""

REFUSED = {"branching": "control flow", "gru": "GRULayer", "looping": "control flow"}

# Networks that are known to agree; the others have not been looked at.
JUDGED = (
    "advanced_east", "alexnet", "autodis", "bert", "bgcf", "centerface", "cnn", "cnn_ctc", "crnn",
    "csp_darknet53", "ctpn", "deep_text", "deepfm", "deeplab_v3", "densenet121", "dpn", "ds_cnn",
    "face_attribute", "face_detection", "face_quality_assessment", "face_recognition",
    "face_recognition_for_tracking", "faster_rcnn_resnet101", "faster_rcnn_resnet152", "faster_rcnn_resnet50",
    "fcn", "fcn_4", "gat", "gcn", "googlenet", "hardnet", "inception_v4", "lenet", "lstm_sentiment_net",
    "mask_rcnn", "mask_rcnn_mobilenet_v1", "mass", "mlp", "mobilenet_v1", "mobilenet_v2", "ncf", "resnet50",
    "squeezenet", "tiny_bert", "transformer_encoder", "vgg16", "yolov3_darknet53",
)  # fmt: skip


@pytest.fixture(scope="module")
def results(
    request: pytest.FixtureRequest, oracle: Oracle, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A folder for each network that this run asks for, with what MindSpore computed, all in one process."""
    selected = [item.callspec.params.get("name") for item in request.session.items if hasattr(item, "callspec")]
    names = [name for name in JUDGED if name in selected]
    oracle.prepare({name: oracle.source(name) for name in names})
    folders = {name: tmp_path_factory.mktemp(name) for name in names}
    for name, folder in folders.items():
        export = oracle.network(name)
        converter.export(export.mindir, folder / "model.mindir")
        np.savez(folder / "inputs.npz", **export.inputs)
    place = tmp_path_factory.mktemp("reports")
    subprocess.run([sys.executable, "-c", RUN, *map(str, folders.values())], check=True, capture_output=True, cwd=place)
    return folders


@pytest.mark.parametrize("name", JUDGED)
def test_network_agrees_with_itself(oracle: Oracle, results: dict[str, Path], name: str) -> None:
    error = results[name] / "error.txt"
    assert not error.exists(), error.read_text()
    with np.load(results[name] / "outputs.npz") as data:
        outputs = [data[f"{i}"] for i in range(len(data))]
    assert_agrees(outputs, oracle.network(name), name, HALF_TOLERANCE if name in HALF else TOLERANCE)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name(oracle: Oracle, name: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedOpError, match=REFUSED[name]):
        converter.export(oracle.network(name).mindir, tmp_path / "model.mindir")
    assert not list(tmp_path.iterdir())
