"""From a `.ms` file to a read-only Model. Untrusted bytes stop here: everything in a Model has been checked.

header.py decides what kind of file it is, reader.py turns its tables into tensors and nodes, rules.py checks the graph
that they form. lite.schema knows how tables lie in a file.
"""
from __future__ import annotations

from lite.model.contents import CONTROL, Model, Node, State, Subgraph, Tensor
from lite.model.reader import Source, read_model

__all__ = ["CONTROL", "Model", "Node", "Source", "State", "Subgraph", "Tensor", "read_model"]
