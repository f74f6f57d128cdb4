"""From a `.ms` file to a read-only Model. Untrusted bytes stop here: everything in a Model has been checked.

source.py maps the file, header.py decides what kind of file it is, reader.py turns its tables into tensors and nodes,
rules.py checks the graph that they form. lite.schema knows how tables lie in a file.
"""
from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lite.model.source import Source

if TYPE_CHECKING:
    from lite.model.contents import CONTROL, Model, Node, State, Subgraph, Tensor
    from lite.model.reader import read_model

__all__ = ["CONTROL", "Model", "Node", "Source", "State", "Subgraph", "Tensor", "read_model"]


def __getattr__(name: str) -> Any:
    """What is imported on its first use: a session whose plan has been kept reads no model."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module("lite.model.reader" if name == "read_model" else "lite.model.contents"), name)
    globals()[name] = value
    return value
