"""A graph as `inspect` lists it, whether it comes from a `.ms` file or from an importer."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from enum import Enum
from typing import Any

from lite.commands.show import size, table
from lite.ops.registry import Attributes
from lite.records import dataclass
from lite.types import TensorSpec


@dataclass(frozen=True, slots=True)
class ListedNode:
    """attributes: those that are not at their defaults. delegate: who runs it, "" where that is not known."""

    op: str
    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    attributes: Mapping[str, Any]
    delegate: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A graph to show. constants: every constant once."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    nodes: tuple[ListedNode, ...]
    constants: tuple[TensorSpec, ...]


def changed_attributes(attrs: Attributes) -> dict[str, Any]:
    """The attributes that differ from their defaults, by schema name."""
    changed: dict[str, Any] = {}
    for field in fields(attrs):  # type: ignore[arg-type]  # every Attributes subclass is a dataclass
        value = getattr(attrs, field.name)
        if field.default is MISSING or value != field.default:
            changed[field.name.rstrip("_")] = value
    return changed


def as_json(listing: Listing) -> dict[str, Any]:
    """The listing as JSON has it."""
    return {
        "inputs": [_spec(spec) for spec in listing.inputs],
        "outputs": [_spec(spec) for spec in listing.outputs],
        "nodes": [
            {
                "op": node.op,
                "name": node.name,
                "inputs": [_spec(spec) for spec in node.inputs],
                "outputs": [_spec(spec) for spec in node.outputs],
                "attributes": {name: _plain(value) for name, value in node.attributes.items()},
                "delegate": node.delegate or None,
            }
            for node in listing.nodes
        ],
        "operators": [
            {"op": op, "nodes": len(nodes), "delegates": sorted({n.delegate for n in nodes if n.delegate})}
            for op, nodes in _by_operator(listing.nodes)
        ],
        "constants": {"count": len(listing.constants), "bytes": sum(spec.nbytes for spec in listing.constants)},
    }


def as_text(listing: Listing) -> str:
    """The listing as people read it: inputs, outputs, nodes, operators, constants."""
    delegated = any(node.delegate for node in listing.nodes)
    nodes = [
        (i, node.op, *([node.delegate or "-"] if delegated else ()), _shapes(node.outputs), _words(node.attributes))
        for i, node in enumerate(listing.nodes)
    ]
    operators = [
        (op, len(found), ", ".join(sorted({n.delegate for n in found if n.delegate})))
        for op, found in _by_operator(listing.nodes)
    ]
    nbytes = sum(spec.nbytes for spec in listing.constants)
    return "\n".join(
        (
            "inputs",
            *(f"  {spec}" for spec in listing.inputs),
            "outputs",
            *(f"  {spec}" for spec in listing.outputs),
            "nodes",
            table(nodes, ("#", "operator", *(["delegate"] if delegated else ()), "outputs", "attributes"), right="r"),
            "operators",
            table(operators, ("operator", "nodes", "delegates" if delegated else ""), right="lr"),
            f"constants\n  {size(nbytes)} in {len(listing.constants)} tensors",
        )
    )


def _by_operator(nodes: Iterable[ListedNode]) -> list[tuple[str, list[ListedNode]]]:
    """Nodes of each operator, the most frequent first."""
    found: dict[str, list[ListedNode]] = {}
    for node in nodes:
        found.setdefault(node.op, []).append(node)
    return sorted(found.items(), key=lambda row: (-len(row[1]), row[0]))


def _spec(spec: TensorSpec) -> dict[str, Any]:
    return {"name": spec.name, "dtype": str(spec.dtype), "shape": list(spec.shape)}


def _shapes(specs: Sequence[TensorSpec]) -> str:
    return " ".join(str(spec.like()) for spec in specs)


def _plain(value: Any) -> Any:
    """An attribute's value as JSON has it; enums by their names."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else repr(value)


def _words(attributes: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={_word(_plain(value))}" for name, value in attributes.items())


def _word(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_word, value)) or "()"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
