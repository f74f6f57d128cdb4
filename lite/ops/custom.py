"""Operators that the schema lacks. Files hold them as its Custom: `type` is the name, `attr` the attributes as text."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lite.ops.registry import Attributes, definition

OPERATORS = (
    "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atan2", "Atanh", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Cosh",
    "CumProd", "Erfc", "Expm1", "GRULayer", "GridSampler2D", "NMSWithMask", "RNNLayer", "ROIAlign", "Sinh", "Tan",
    "TensorScatterDiv", "TensorScatterMax", "TensorScatterMin", "TensorScatterMul", "Trunc",
)  # fmt: skip


def wrapped(attrs: Attributes) -> dict[str, Any]:
    """The fields of the schema's Custom that hold an operator of OPERATORS."""
    names = attrs.definition().defaults
    pairs = tuple((name, repr(0 + getattr(attrs, name)).encode()) for name in names)  # enums as numbers
    return {"type": attrs.op, "attr": pairs}


def unwrapped(op: str, fields: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The inverse: the operator and its fields. What is no Custom of OPERATORS comes back as it is.

    Raises ValueError for an attribute that the operator lacks and for a text that is no number.
    """
    if op != "Custom" or fields["type"] not in OPERATORS:
        return op, fields
    op = fields["type"]
    known = definition(op).defaults
    values: dict[str, Any] = {}
    for name, text in fields["attr"] or ():
        if name not in known:
            raise ValueError(f"expected attributes among {', '.join(known)}; found {name!r}")
        values[name] = float(text) if isinstance(known[name], float) else int(text)
    return op, values
