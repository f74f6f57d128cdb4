"""The networks that speed is judged by: defined in MindSpore, exported by it once as MindIR and ONNX, and kept.

The definitions are those of the conformance tests, tests/conformance/networks, at the size that `benchmark` gives where
a module has it; a package that was installed without them takes those of the checkout that it is run in. An export is
kept under the text of its definition and of the blocks that it imports, the exporter and MindSpore's version.
"""
from __future__ import annotations

import hashlib
import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from lite.errors import LiteError
from lite.native import cache
from lite.records import dataclass
from lite.types import Array

NETWORKS = (
    "lenet", "mlp", "ds_cnn", "mobilenet_v2", "squeezenet", "tiny_bert", "transformer_encoder", "crnn", "densenet121",
    "resnet50", "inception_v3", "vgg16", "yolov3_darknet53",
)  # fmt: skip
_HOME = Path(__file__).resolve().parent.parent  # a checkout, or where packages are installed
_IMPORTED_BLOCKS = re.compile(r"^from tests\.conformance\.networks\.blocks\.(\w+) import", re.MULTILINE)
_LAST_WORDS = 2000  # characters of what an exporter said before it failed


@dataclass(frozen=True, slots=True)
class Export:
    """A network as MindSpore exported it. onnx need not exist: its exporter does not know every operator."""

    name: str
    mindir: Path
    onnx: Path
    inputs: dict[str, Array]


def export(name: str) -> Export:
    """The export of one of NETWORKS, made now where it is missing. Raises LiteError where it cannot be made."""
    exporter = _definitions() / "exporter.py"
    source = _definitions() / "networks" / f"{name}.py"
    folder = _cache() / f"{name}-{_key(source, exporter)}"
    if not folder.exists():
        _require_mindspore()
        folder.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, str(exporter), "--benchmark", "--onnx", str(source), str(folder)]
        done = subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LiteError(f"MindSpore could not export {name}:\n{done.stderr[-_LAST_WORDS:]}")
    if (folder / "error.txt").exists():
        raise LiteError(f"MindSpore could not export {name}:\n{(folder / 'error.txt').read_text('utf-8')}")
    with np.load(folder / "data.npz") as data:
        inputs = {key.removeprefix("input:"): data[key] for key in data if key.startswith("input:")}
    return Export(name, folder / "model.mindir", folder / "model.onnx", inputs)


def _definitions() -> Path:
    """The folder of the conformance tests. Raises LiteError where there is none."""
    for root in (_HOME, Path.cwd()):
        folder = root / "tests" / "conformance"
        if (root / "converter" / "suite.py").exists() and (folder / "exporter.py").exists():
            return folder
    raise LiteError("the suite's networks come with a checkout of the project: run this in its root, or install the "
        "package from there with pip install -e .")


def with_blocks(source: str) -> str:
    """The text of a definition, followed by the blocks that it imports, and by those that they import."""
    texts: dict[str, str] = {"": source}
    wanted = [source]
    while wanted:
        for name in _IMPORTED_BLOCKS.findall(wanted.pop()):
            if name not in texts:
                texts[name] = (_definitions() / "networks" / "blocks" / f"{name}.py").read_text("utf-8")
                wanted.append(texts[name])
    return "\0".join(texts.values())


def _cache() -> Path:
    folders = cache.folders()
    if not folders:
        raise LiteError("there is no cache folder to keep the suite's networks in: set MINDLITE_CACHE")
    return Path(os.path.dirname(folders[0])) / "suite"


def _key(source: Path, exporter: Path) -> str:
    text = "\0".join((with_blocks(source.read_text("utf-8")), exporter.read_text("utf-8"), _mindspore_version()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _mindspore_version() -> str:
    try:
        return importlib.metadata.version("mindspore")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _require_mindspore() -> None:
    if not _mindspore_version():
        raise LiteError("the suite's networks are exported by MindSpore: pip install 'mindlite[conformance]'")
