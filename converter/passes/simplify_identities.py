"""Remove operators that return their operand.

    x + 0, 0 + x, x - 0, x * 1, 1 * x, x / 1, x ^ 1   ->   x
    cast to the same type; no activation; activations that change nothing after themselves: relu(relu(x))
    transpose in the same order; pad by nothing; tile once; broadcast to the same shape; concat of one; split into one
    slices that take everything

Reshapes to the same shape are merge_reshapes' business.
Declines when: broadcasting makes the result larger than x; a fused activation changes it; the result is a graph output
and x a graph input or another output, whose names both matter.
"""
from __future__ import annotations

from collections.abc import Callable

from converter.ir.edit import Patch
from converter.ir.graph import Graph, Node, Value
from converter.passes._layout import identity, transpose_of
from converter.passes._manager import rewrite
from lite.ops.activation import Activation
from lite.ops.enums import ActivationType
from lite.ops.power import PowFusion

_NONE = ActivationType.NO_ACTIVATION

# Applied twice in a row, these are as good as once.
_IDEMPOTENT = (ActivationType.RELU, ActivationType.RELU6, ActivationType.ABS)


def _arithmetic(*places: tuple[int, float]) -> Callable[[Node], Value | None]:
    """The other operand, where the one at one of these places is that number throughout."""

    def operand(node: Node) -> Value | None:
        if getattr(node.attrs, "activation_type", _NONE) is not _NONE:
            return None
        for place, neutral in places:
            data = node.inputs[place].data
            if data is not None and data.size and bool((data == neutral).all()):
                return node.inputs[1 - place]
        return None

    return operand


def _same_spec(node: Node) -> Value | None:
    """The first operand where the result has its dtype and shape: all that these operators could change."""
    x, y = node.inputs[0], node.outputs[0]
    return x if x.spec.is_static and (x.spec.dtype, x.spec.shape) == (y.spec.dtype, y.spec.shape) else None


def _transpose(node: Node) -> Value | None:
    x = node.inputs[0]
    return x if transpose_of(node) == identity(x.spec.rank) else None


def _activation(node: Node) -> Value | None:
    x, kind = node.inputs[0], getattr(node.attrs, "activation_type", None)
    if kind is _NONE:
        return x
    before = None if x.producer is None else x.producer.attrs
    repeats = isinstance(before, Activation) and before.activation_type is kind and kind in _IDEMPOTENT
    return x if repeats else None


def _power(node: Node) -> Value | None:
    attrs = node.attrs
    assert isinstance(attrs, PowFusion)
    return _arithmetic((1, 1))(node) if (attrs.scale, attrs.shift) == (1, 0) else None


def _only(node: Node) -> Value | None:
    return node.inputs[0] if len(node.inputs) == len(node.outputs) == 1 else None


# Which operand a node returns unchanged, or None where it does something.
_OPERAND: dict[str, Callable[[Node], Value | None]] = {
    "Activation": _activation,
    "AddFusion": _arithmetic((0, 0), (1, 0)),
    "AddN": _only,
    "BroadcastTo": _same_spec,
    "Cast": _same_spec,
    "Concat": _only,
    "DivFusion": _arithmetic((1, 1)),
    "MulFusion": _arithmetic((0, 1), (1, 1)),
    "PadFusion": _same_spec,
    "PowFusion": _power,
    "RealDiv": _arithmetic((1, 1)),
    "SliceFusion": _same_spec,
    "Split": _only,
    "SubFusion": _arithmetic((1, 0)),
    "TileFusion": _same_spec,
    "Transpose": _transpose,
}


@rewrite(*_OPERAND)
def simplify_identities(graph: Graph, node: Node) -> Patch | None:
    """Let the users of the result read the operand."""
    x, y = _OPERAND[node.op](node), node.outputs[0]
    if x is None or (x.spec.dtype, x.spec.shape) != (y.spec.dtype, y.spec.shape):
        return None
    return Patch(remove=[node], replace={y: x})
