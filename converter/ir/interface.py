"""Change what a graph takes and gives: fix dynamic input dimensions, choose other outputs."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from converter.errors import GraphError, OptionError
from converter.ir.graph import Graph, Value
from lite import ops
from lite.errors import LiteError


def fix_input_shapes(graph: Graph, shapes: Mapping[str, Sequence[int]]) -> None:
    """Give inputs static shapes and infer all other shapes anew.

    Raises OptionError for an input that is not there, or a shape that contradicts the dimensions it has; GraphError
    where an operator does not take the new shapes.
    """
    inputs = {value.name: value for value in graph.inputs}
    for name, shape in shapes.items():
        value = inputs.get(name)
        if value is None:
            raise OptionError(f"input_shapes: there is no input {name!r}{_instead(name, inputs)}")
        known = value.spec.shape
        if len(shape) != len(known) or any(0 <= d != n for d, n in zip(known, shape, strict=True)):
            raise OptionError(f"input_shapes: {list(shape)} does not fit input {value.spec}: {_way_out(known)}")
        value.spec = replace(value.spec, shape=tuple(shape))
    for node in graph.nodes:
        try:
            specs = ops.infer(node.attrs, [v.spec for v in node.inputs])
        except LiteError as error:
            given = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
            raise GraphError(f"{node} does not take its inputs once shapes are {given}: {error}") from error
        for value, spec in zip(node.outputs, specs, strict=True):
            value.spec = spec.named(value.name)


def _way_out(known: Sequence[int]) -> str:
    """What to do where a shape was asked for that an input cannot be given."""
    if any(d < 0 for d in known):
        return "it fixes dimensions that were exported as open (?), and the others stay"
    return (
        "it has no open dimension (?) to fix; convert it as it is and resize the result, with `mlite run "
        "--input-shape` or Session.resize, or export it with that shape"
    )


def select_outputs(graph: Graph, names: Sequence[str]) -> None:
    """Make the named tensors the outputs, in this order; a node's name stands for its first result.

    Raises OptionError for a name that is not there. What is not needed any more stays until it is eliminated as dead.
    """
    tensors: dict[str, Value] = {}
    for node in reversed(graph.nodes):  # the last definition of a name that occurs twice, outputs before node names
        tensors.setdefault(node.name, node.outputs[0])
    tensors.update((v.name, v) for node in graph.nodes for v in node.outputs)
    tensors.update((v.name, v) for v in (*graph.inputs, *graph.outputs))
    for name in names:
        if name not in tensors:
            raise OptionError(f"outputs: there is no tensor or node {name!r}{_instead(name, tensors)}")
    chosen = {tensors[name]: name for name in names}
    if len(chosen) < len(names):
        raise OptionError(f"outputs: two of {list(names)} are the same tensor")
    graph.outputs = list(chosen)
    for value, name in chosen.items():
        value.spec = value.spec.named(name)


def _instead(name: str, known: Iterable[str]) -> str:
    """`; did you mean ...` with the nearest names, or `; there are ...` with the first few."""
    names = list(known)
    near = get_close_matches(name, names)
    if near:
        return f"; did you mean {', '.join(map(repr, near))}?"
    return f"; there are {', '.join(map(repr, names[:8]))}{', ...' if len(names) > 8 else ''}"
