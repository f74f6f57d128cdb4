"""Attributes of an operator as the fields of its table in the schema."""
from __future__ import annotations

from dataclasses import fields as dataclass_fields
from typing import Any

from converter.emit.tables import SCHEMA
from lite.ops import custom
from lite.ops.quantized import Quantized
from lite.ops.registry import Attributes
from lite.schema.describe import Field
from lite.types import Format


def fields_of(op: str, attrs: Attributes) -> dict[str, Any]:
    """The fields of the schema's operator. Raises ValueError for an attribute that the schema lacks."""
    if isinstance(attrs, Quantized):
        attrs = attrs.inner
    if op == "Custom":
        values = custom.wrapped(attrs)
    else:  # Every Attributes subclass is a dataclass. `global` is a schema field and a Python keyword.
        values = {f.name.rstrip("_"): getattr(attrs, f.name) for f in dataclass_fields(attrs)}  # type: ignore[arg-type]
    described = {field.name: field for field in SCHEMA.table(op).fields if field}
    if "format" in described:
        values.setdefault("format", Format.NHWC)
    unknown = values.keys() - described.keys()
    if unknown:
        raise ValueError(f"the format has no attribute {min(unknown)!r}")
    return {name: _wrapped(described[name], value) for name, value in values.items() if value is not None}


def _wrapped(field: Field, value: Any) -> Any:
    """An attribute with the tables that the schema wraps it in."""
    if field.element == "Vec2D":
        return {"data": [{"data": row} for row in value]}
    if field.element == "Attribute":
        return [{"name": name, "data": data} for name, data in value]
    return value
