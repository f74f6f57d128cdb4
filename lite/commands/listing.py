"""A graph as `inspect` lists it, whether it comes from a `.ms` file or from an importer."""
from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from enum import Enum
from itertools import groupby
from textwrap import wrap
from typing import Any, TypeVar

from lite.commands.show import size, table
from lite.ops.quantized import Affine, Quantized
from lite.ops.registry import Attributes
from lite.records import dataclass
from lite.types import DType, TensorSpec

_Tensor = TypeVar("_Tensor", bound=Hashable)

# Shown at their defaults too: without them a node does not say what it computes.
_TELLING = {"axis", "coordinate_transform_mode", "method", "mode"}

_DTYPES = {"dst_t", "src_t"}  # fields that hold values of DType

_FEW = 8  # numbers of a constant that are shown in its shape's place
_WIDTH = 100
_DELEGATES = {  # what a delegate's name means
    "cpu": "compiled kernels",
    "cpu, merged": "computed by the kernel of a node before it",
    "cpu, by rows": "in turns with a convolution before it, a few rows at a time",
    "reference": "numpy, correct and slower than a kernel",
    "folded": "computed, or left out, when it is planned",
    "session": "writes a state, after all else",
}
_INPUTS_WIDTH = 48


@dataclass(frozen=True, slots=True)
class ListedNode:
    """attributes: those worth showing. sources: where each input comes from, "" for a constant.

    delegate: that runs the node, "" where that is not known.
    """

    op: str
    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    attributes: Mapping[str, Any]
    sources: tuple[str, ...]
    delegate: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A graph to show. constants: each once. states: what a session keeps from run to run."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    nodes: tuple[ListedNode, ...]
    constants: tuple[TensorSpec, ...]
    states: tuple[TensorSpec, ...] = ()


def telling_attributes(attrs: Attributes) -> dict[str, Any]:
    """By schema name, the attributes that differ from their defaults, and those that say what is computed."""
    if isinstance(attrs, Quantized):
        return {**telling_attributes(attrs.inner), "codes": _codes(attrs)}
    telling: dict[str, Any] = {}
    for field in fields(attrs):  # type: ignore[arg-type]  # every Attributes subclass is a dataclass
        value = getattr(attrs, field.name)
        if field.default is MISSING or value != field.default or field.name in _TELLING:
            telling[field.name.rstrip("_")] = DType(value).name.lower() if field.name in _DTYPES else value
    return telling


def _codes(attrs: Quantized) -> str:
    """How each operand is stored."""
    inputs, outputs = (", ".join(map(_stored, side)) for side in (attrs.inputs, attrs.outputs))
    return f"({inputs} -> {outputs})"


def _stored(affine: Affine | None) -> str:
    """How an operand is stored: element type, bits where not all are used, scale or scales, zero point unless 0."""
    if affine is None:
        return "-"
    least, most = min(affine.scale), max(affine.scale)
    count = len(affine.scale)
    scale = f"x {least:.3g}" if count == 1 else f"x {count} scales {least:.3g}..{most:.3g}"
    points = sorted({*affine.zero_point})
    offset = "" if points == [0] else f" {points[0]:+d}" if len(points) == 1 else f" {points[0]:+d}..{points[-1]:+d}"
    bits = "" if affine.bits in (8, 16, 32) else f" of {affine.bits} bits"
    return f"{affine.dtype}{bits} {scale}{offset}"


def sources(
    inputs: Mapping[_Tensor, str], nodes: Sequence[tuple[Sequence[_Tensor], Sequence[_Tensor]]]
) -> list[tuple[str, ...]]:
    """Where the inputs of each node come from: a node's number, with the output's where that is not the first; the name
    of an input of the graph; "" for a constant.

    inputs: tensor -> name. nodes: tensors that each reads and writes; a tensor is anything that can be a key.
    """
    known = dict(inputs)
    for number, (_, written) in enumerate(nodes):
        known.update({tensor: f"{number}:{k}" if k else str(number) for k, tensor in enumerate(written)})
    return [tuple(known.get(tensor, "") for tensor in read) for read, _ in nodes]


def as_json(listing: Listing) -> dict[str, Any]:
    """The listing as JSON has it."""
    nbytes, stored = _constant_bytes(listing)
    return {
        "inputs": [_spec(spec) for spec in listing.inputs],
        "outputs": [_spec(spec) for spec in listing.outputs],
        "states": [_spec(spec) for spec in listing.states],
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
        "constants": {"count": len(listing.constants), "bytes": nbytes, "stored_bytes": stored},
    }


def _constant_bytes(listing: Listing) -> tuple[int, int]:
    """Bytes of the elements of all constants, and of what is stored of them."""
    return (
        sum(spec.nbytes for spec in listing.constants),
        sum(spec.stored.nbytes if spec.stored else spec.nbytes for spec in listing.constants),
    )


def as_text(listing: Listing) -> str:
    """The listing as people read it: inputs, outputs, states, nodes, operators, constants."""
    delegated = any(node.delegate for node in listing.nodes)
    operators = [
        (op, len(found), "; ".join(sorted({n.delegate for n in found if n.delegate})))
        for op, found in _by_operator(listing.nodes)
    ]
    nbytes, stored = _constant_bytes(listing)
    decoded = f", {size(nbytes)} decoded" if nbytes != stored else ""
    met = {node.delegate for node in listing.nodes}
    delegates = [(name, meaning) for name, meaning in _DELEGATES.items() if name in met]
    return "\n".join(
        (
            "inputs",
            *(f"  {spec}" for spec in listing.inputs),
            "outputs",
            *(f"  {spec}" for spec in listing.outputs),
            *(["states"] if listing.states else []),
            *(f"  {spec}" for spec in listing.states),
            "nodes",
            *_node_lines(listing.nodes, delegated),
            "operators",
            table(operators, ("operator", "nodes", "delegates" if delegated else ""), right="lr"),
            *(["delegates", table(delegates)] if delegates else []),
            f"constants\n  {size(stored)} in {len(listing.constants)} tensors{decoded}",
        )
    )


def _node_lines(nodes: Sequence[ListedNode], delegated: bool) -> Iterator[str]:
    """A table of the nodes, and below each row its name, inputs that do not fit in their column, attributes, and how
    constants are stored that are not as they are computed with.
    """
    feeds = [_feeds(node) for node in nodes]
    rows = [
        (
            i,
            node.op,
            *([node.delegate or "-"] if delegated else ()),
            feed if len(feed) <= _INPUTS_WIDTH else f"{len(node.inputs)} inputs, below",
            _shapes(node.outputs),
        )
        for i, (node, feed) in enumerate(zip(nodes, feeds, strict=True))
    ]
    header = ("#", "operator", *(["delegate"] if delegated else ()), "inputs", "outputs")
    first, *lines = table(rows, header, right="r").split("\n")
    yield first
    indent = " " * (len(str(len(nodes) - 1)) + 4)
    for line, node, feed in zip(lines, nodes, feeds, strict=True):
        yield line
        long_feed = feed if len(feed) > _INPUTS_WIDTH else ""
        for text in (node.name, long_feed, _words(node.attributes), *_storage(node)):
            yield from wrap(
                text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False,
                break_on_hyphens=False,
            )  # fmt: skip


def _storage(node: ListedNode) -> Iterator[str]:
    """How inputs are stored whose stored form is not their element type."""
    for spec in node.inputs:
        if spec.stored:
            yield f"{spec.like()} is stored as {spec.stored.storage}: {size(spec.stored.nbytes)}"


def _feeds(node: ListedNode) -> str:
    """Where the inputs come from, in a phrase; consecutive equal constants are counted."""
    texts = [source or _constant(spec) for source, spec in zip(node.sources, node.inputs, strict=True)]
    runs = ((text, len(list(run))) for text, run in groupby(texts))
    return " ".join(f"{text} x{count}" if count > 1 else text for text, count in runs)


def _constant(spec: TensorSpec) -> str:
    most = _FEW if spec.dtype.dtype.kind in "biu" else 1
    value = spec.value if spec.is_static and spec.size <= most and not spec.stored else None
    if value is not None:
        return f"({','.join(map(_word, value.ravel().tolist()))})"
    return str(spec.like())


def _by_operator(nodes: Iterable[ListedNode]) -> list[tuple[str, list[ListedNode]]]:
    """Nodes of each operator, the most frequent first."""
    found: dict[str, list[ListedNode]] = {}
    for node in nodes:
        found.setdefault(node.op, []).append(node)
    return sorted(found.items(), key=lambda row: (-len(row[1]), row[0]))


def _spec(spec: TensorSpec) -> dict[str, Any]:
    row = {"name": spec.name, "dtype": str(spec.dtype), "shape": list(spec.shape)}
    return {**row, "stored": {"as": spec.stored.storage, "bytes": spec.stored.nbytes}} if spec.stored else row


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
