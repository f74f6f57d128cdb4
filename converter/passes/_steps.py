"""Which element of which sequence a value is: x[t], or x[:, t], in the forms that MindSpore writes it in."""
from __future__ import annotations

from dataclasses import dataclass

from converter.ir.graph import Node, Value
from lite.ops.concat import Unstack
from lite.ops.gather import Gather
from lite.ops.recurrent import GRULayer, RNNLayer
from lite.ops.reshape import Squeeze
from lite.ops.shapes import known_integers
from lite.ops.split import Split
from lite.ops.strided_slice import StridedSlice, indices


@dataclass(frozen=True, slots=True)
class Element:
    """Element `index` of `sequence` along `axis`; that axis is dropped."""

    sequence: Value
    axis: int
    index: int


def element(value: Value) -> Element | None:
    """What the value is an element of, or None."""
    node = value.producer
    if node is None or not node.inputs:
        return None
    x = node.inputs[0]
    attrs = node.attrs
    if isinstance(attrs, GRULayer | RNNLayer) and value is node.outputs[1] and len(node.inputs) < 7:
        steps = x.spec.shape[0]
        return Element(node.outputs[0], 0, steps - 1) if steps > 0 else None  # the state after the last step
    if isinstance(attrs, Unstack):
        return Element(x, attrs.axis % x.spec.rank, node.outputs.index(value))
    if isinstance(attrs, Gather):
        index, along = (known_integers(node.op, v.spec) for v in node.inputs[1:])
        if index is None or along is None or node.inputs[1].spec.rank:
            return None
        size = x.spec.shape[along[0]]
        return Element(x, along[0] % x.spec.rank, index[0] % size) if -size <= index[0] < size else None
    if isinstance(attrs, StridedSlice):
        return _of_slice(node, dropped=True)
    if isinstance(attrs, Squeeze) and len(attrs.axis) == 1 and x.producer is not None:
        axis = attrs.axis[0] % x.spec.rank
        found = _of_slice(x.producer, dropped=False) or _of_split(x)
        return found if found is not None and found.axis == axis else Element(x, axis, 0)
    return None


def _of_slice(node: Node, dropped: bool) -> Element | None:
    """The element that a slice of one is. dropped: whether the slice drops the axis."""
    if not isinstance(node.attrs, StridedSlice) or len(node.inputs) != 4:
        return None
    x = node.inputs[0]
    begin, end, strides = (known_integers(node.op, v.spec) for v in node.inputs[1:])
    if begin is None or end is None or strides is None:
        return None
    found: list[Element] = []
    for axis, entry in enumerate(indices(node.attrs, x.spec, begin, end, strides, None)):
        if entry is None:
            return None
        size = x.spec.shape[axis]
        if isinstance(entry, slice) and _is_whole(entry, size):
            continue
        taken = range(size)[entry] if isinstance(entry, slice) else range(size)[entry:][:1]
        if len(taken) != 1 or isinstance(entry, int) != dropped:
            return None
        found.append(Element(x, axis, taken[0]))
    return found[0] if len(found) == 1 else None


def _of_split(value: Value) -> Element | None:
    node = value.producer
    if node is None or not isinstance(node.attrs, Split):
        return None
    x = node.inputs[0]
    axis = node.attrs.axis % x.spec.rank
    if any(piece.spec.shape[axis] != 1 for piece in node.outputs):
        return None
    return Element(x, axis, node.outputs.index(value))


def _is_whole(entry: slice, size: int) -> bool:
    ends = entry.stop is None or (0 <= size <= entry.stop)
    return entry.start in (None, 0) and ends and entry.step in (None, 1)
