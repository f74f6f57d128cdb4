"""What each operator means: attributes, shape inference and a numpy reference. No layouts, no threads, no files.

`infer`, `evaluate` and `attributes` look an operator up by its schema name and import its module on first use, so a
session pays only for the operators its model has.
"""
from __future__ import annotations

from lite.ops.registry import attributes, definition, evaluate, infer, is_known, known_ops

__all__ = ["attributes", "definition", "evaluate", "infer", "is_known", "known_ops"]
