"""MindSpore as the judge: exports networks and what it computes for them, in processes of its own, and keeps both.

Results are keyed by the text of the definition and its blocks, the exporter and MindSpore's version: a second run
starts no process.
"""
from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from converter.suite import with_blocks
from tests.conformance.side_by_side import run_shares

HERE = Path(__file__).parent
EXPORTER, SUCCESSIVE = HERE / "exporter.py", HERE / "successive.py"
MINDSPORE = "2.10.0"


@dataclass(frozen=True)
class Export:
    """What MindSpore made of one network: the file, the inputs by name, and its own outputs, flattened in order."""

    mindir: Path
    inputs: dict[str, np.ndarray]
    outputs: list[np.ndarray]


class Oracle:
    """Exports definitions on demand. folder: where results are kept. exporter: the program that makes them."""

    def __init__(self, folder: Path, exporter: Path = EXPORTER) -> None:
        self.folder = folder
        self.exporter = exporter

    def network(self, name: str) -> Export:
        """The export of networks/<name>.py."""
        source = self.source(name)
        self.prepare({name: source})
        return self.export(name, source)

    def source(self, name: str) -> str:
        """The definition in networks/<name>.py."""
        return (HERE / "networks" / f"{name}.py").read_text("utf-8")

    def prepare(self, definitions: Mapping[str, str]) -> None:
        """Make the exports that are missing, in a process for each core.

        definitions: name -> source, see exporter.py.
        """
        jobs: list[tuple[str, str]] = []
        for name, source in definitions.items():
            folder = self._folder(name, source)
            if not folder.exists():
                path = folder.with_name(f"{folder.name}.py")
                path.write_text(source, "utf-8")
                jobs.append((str(path), str(folder)))
        if jobs:
            require_mindspore()
            run_shares([sys.executable, str(self.exporter)], jobs, self.folder)

    def export(self, name: str, source: str) -> Export:
        """A prepared export. Raises RuntimeError where MindSpore refused the network."""
        folder = self._folder(name, source)
        error = folder / "error.txt"
        if error.exists():
            raise RuntimeError(f"MindSpore refused this network:\n{error.read_text('utf-8')}")
        with np.load(folder / "data.npz") as data:
            inputs = {key.removeprefix("input:"): data[key] for key in data if key.startswith("input:")}
            outputs = [data[f"output:{i}"] for i in range(len(data) - len(inputs))]
        return Export(folder / "model.mindir", inputs, outputs)

    def _folder(self, name: str, source: str) -> Path:
        key = "\0".join((with_blocks(source), self.exporter.read_text("utf-8"), MINDSPORE))
        return self.folder / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def require_mindspore() -> None:
    """Raises RuntimeError where the version that conformance is judged by is not installed."""
    try:
        version = importlib.metadata.version("mindspore")
    except importlib.metadata.PackageNotFoundError:
        version = "none"
    if version != MINDSPORE:
        raise RuntimeError(
            f"conformance tests compare with MindSpore {MINDSPORE}, but {version} is installed: "
            f"pip install '.[conformance]', or deselect them with -m 'not conformance'"
        )
