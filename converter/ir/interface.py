"""What a user can change of what a network takes and gives: fix dynamic input dimensions, choose other outputs."""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from converter.errors import OptionError
from converter.ir.graph import Graph, Value
from lite.types import TensorSpec


def check_names(what: str, names: Collection[str], known: Collection[str]) -> None:
    """Raises OptionError for a name that is not known, with the nearest names or the first few."""
    kind = {"input_shapes": "input", "outputs": "tensor or node"}[what]
    for name in names:
        if name not in known:
            raise OptionError(f"{what}: there is no {kind} {name!r}{_instead(name, known)}")


def fix_shape(spec: TensorSpec, shapes: Mapping[str, Sequence[int]]) -> TensorSpec:
    """An input with the shape given for its name. Raises OptionError where that contradicts the dimensions it has."""
    shape = tuple(shapes.get(spec.name, spec.shape))
    if len(shape) != spec.rank or any(0 <= d != n for d, n in zip(spec.shape, shape, strict=True)):
        raise OptionError(f"input_shapes: {list(shape)} does not fit input {spec}: {_way_out(spec.shape)}")
    return replace(spec, shape=shape)


def _way_out(known: Sequence[int]) -> str:
    """What to do where a shape was asked for that an input cannot be given."""
    if any(d < 0 for d in known):
        return "it fixes dimensions that were exported as open (?), and the others stay"
    return (
        "it has no open dimension (?) to fix; convert it as it is and resize the result, with `mlite run "
        "--input-shape` or Session.resize, or export it with that shape"
    )


def open_inputs(specs: Sequence[TensorSpec]) -> str:
    """A sentence for an error: which of these inputs have open dimensions, and how to fix them; "" where none has."""
    found = [spec for spec in specs if not spec.is_static]
    if not found:
        return ""
    inputs = ", ".join(f"{spec.name} [{','.join('?' if d < 0 else str(d) for d in spec.shape)}]" for spec in found)
    shapes = {spec.name: tuple(1 if d < 0 else d for d in spec.shape) for spec in found}
    arguments = " ".join(f"--input-shape {name}={','.join(map(str, shape))}" for name, shape in shapes.items())
    return (
        f"It may be enough to fix the open dimensions (?) of {inputs}, such as with {arguments} "
        f"(in Python: options={{'input_shapes': {shapes}}}), or to export with fixed shapes."
    )


def named_tensors(graph: Graph) -> dict[str, Value]:
    """What can be chosen as an output; a node's name stands for its first result."""
    tensors: dict[str, Value] = {}
    for node in reversed(graph.nodes):  # the last definition of a name that occurs twice, outputs before node names
        tensors.setdefault(node.name, node.outputs[0])
    tensors.update((v.name, v) for node in graph.nodes for v in node.outputs)
    tensors.update((v.name, v) for v in (*graph.inputs, *graph.outputs))
    return tensors


def select_outputs(graph: Graph, names: Sequence[str]) -> None:
    """Make the named tensors the outputs, in this order. States stay.

    Raises OptionError for a name that is not there. What is not needed any more stays until it is eliminated as dead.
    """
    tensors = named_tensors(graph)
    check_names("outputs", names, tensors)
    chosen = {tensors[name]: name for name in names}
    if len(chosen) < len(names):
        raise OptionError(f"outputs: two of {list(names)} are the same tensor")
    graph.outputs = [*chosen, *(end for _, end in graph.kept)]
    for value, name in chosen.items():
        value.spec = value.spec.named(name)


def _instead(name: str, known: Collection[str]) -> str:
    """`; did you mean ...` with the nearest names, or `; there are ...` with the first few."""
    names = list(known)
    near = get_close_matches(name, names)
    if near:
        return f"; did you mean {', '.join(map(repr, near))}?"
    return f"; there are {', '.join(map(repr, names[:8]))}{', ...' if len(names) > 8 else ''}"
