"""Find activations that were exported as arithmetic.

    x * sigmoid(x)                                                 ->   SWISH
    relu6(x + 3) / 6;   x * hsigmoid(x) or x * relu6(x + 3) / 6    ->   HSIGMOID;   HSWISH
    x/2 * (1 + erf(x / sqrt 2))                                    ->   GELU
    x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))              ->   GELU, approximate

Products match in any order and association, with divisions by constants among them.
Declines when: a value between has another user or is a graph output; a constant is off by more than 1e-3 of its value;
the arithmetic has fused activations of its own.
"""
from __future__ import annotations

import math
from collections.abc import Sequence

from converter.ir.edit import Patch
from converter.ir.graph import Graph, Node, Value, make_node
from converter.passes._linear import only_user
from converter.passes._manager import rewrite
from lite.ops.activation import Activation
from lite.ops.enums import ActivationType
from lite.types import DType

_Type = ActivationType


@rewrite("DivFusion", "MulFusion", "RealDiv")
def recognize_activations(graph: Graph, node: Node) -> Patch | None:
    """Match the product that the node is the last factor of."""
    y = node.outputs[0]
    if y.spec.dtype not in (DType.FLOAT16, DType.FLOAT32) or not _is_product(node):
        return None
    factor, factors = _product(graph, y, top=True)
    found = _match(graph, factor, factors)
    if found is None or found[0].spec.shape != y.spec.shape:
        return None
    x, attrs = found
    activation = make_node(attrs, [x], node.name, node.origin)
    return Patch(remove=[node], add=[activation], replace={y: activation.outputs[0]})


def _match(graph: Graph, factor: float, factors: Sequence[Value]) -> tuple[Value, Activation] | None:
    """(x, activation of x) that factor * product of factors is."""
    if len(factors) == 1 and _near(factor, 1 / 6):
        x = _shifted_relu6(graph, factors[0])
        return None if x is None else (x, Activation(_Type.HSIGMOID))
    if len(factors) != 2:
        return None
    for x, gate in (factors, tuple(reversed(factors))):
        if _near(factor, 1) and _activated(graph, gate, _Type.SIGMOID) is x:
            return x, Activation(_Type.SWISH)
        if _near(factor, 1) and _activated(graph, gate, _Type.HSIGMOID) is x:
            return x, Activation(_Type.HSWISH)
        if _near(factor, 1 / 6) and _shifted_relu6(graph, gate) is x:
            return x, Activation(_Type.HSWISH)
        bell = _plus(graph, gate, 1)
        if _near(factor, 1 / 2) and bell is not None:
            if _is_erf(graph, bell, x):
                return x, Activation(_Type.GELU)
            if _is_tanh(graph, bell, x):
                return x, Activation(_Type.GELU, approximate=True)
    return None


def _shifted_relu6(graph: Graph, value: Value) -> Value | None:
    """x where the value is relu6(x + 3)."""
    inner = _activated(graph, value, _Type.RELU6)
    return None if inner is None else _plus(graph, inner, 3)


def _is_erf(graph: Graph, value: Value, x: Value) -> bool:
    """True where the value is erf(x / sqrt 2)."""
    node = _made_by(graph, value, "Erf")
    if node is None:
        return False
    factor, factors = _product(graph, node.inputs[0])
    return _near(factor, math.sqrt(0.5)) and factors == [x]


def _is_tanh(graph: Graph, value: Value, x: Value) -> bool:
    """True where the value is tanh(sqrt(2/pi) * (x + 0.044715 x^3))."""
    inner = _activated(graph, value, _Type.TANH)
    if inner is None:
        return False
    factor, factors = _product(graph, inner)
    total = _made_by(graph, factors[0], "AddFusion") if len(factors) == 1 else None
    if total is None or not _near(factor, math.sqrt(2 / math.pi)) or x not in total.inputs or _is_activated(total):
        return False
    cube = total.inputs[1] if total.inputs[0] is x else total.inputs[0]
    factor, factors = _product(graph, cube)
    if len(factors) == 1:
        power = _made_by(graph, factors[0], "PowFusion")
        factors = [x, x, x] if power is not None and power.inputs[0] is x and _scalar(power.inputs[1]) == 3 else factors
    return _near(factor, 0.044715) and factors == [x, x, x]


def _product(graph: Graph, value: Value, top: bool = False) -> tuple[float, list[Value]]:
    """(constant, factors) whose product the value is; factors that only this product reads are taken apart too.

    top: the value itself is what will be replaced, so it may be read by others.
    """
    constant = _scalar(value)
    if constant is not None:
        return constant, []
    node = value.producer
    if node is None or not _is_product(node) or not (top or only_user(graph, value)):
        return 1.0, [value]
    left, right = node.inputs
    factor, factors = _product(graph, left)
    if node.op == "MulFusion":
        other, more = _product(graph, right)
        return factor * other, factors + more
    divisor = _scalar(right)
    return (factor / divisor, factors) if divisor else (1.0, [value])


def _is_product(node: Node) -> bool:
    """True for x * y and x / constant without a fused activation."""
    if node.op == "MulFusion":
        return not _is_activated(node)
    return node.op in ("DivFusion", "RealDiv") and bool(_scalar(node.inputs[1])) and not _is_activated(node)


def _plus(graph: Graph, value: Value, constant: float) -> Value | None:
    """x where the value is x + constant."""
    node = _made_by(graph, value, "AddFusion")
    if node is None or _is_activated(node):
        return None
    for x, other in (node.inputs, node.inputs[::-1]):
        number = _scalar(other)
        if number is not None and _near(number, constant):
            return x
    return None


def _activated(graph: Graph, value: Value, kind: ActivationType) -> Value | None:
    """x where the value is that activation of x."""
    node = _made_by(graph, value, "Activation")
    return node.inputs[0] if node is not None and getattr(node.attrs, "activation_type", None) is kind else None


def _made_by(graph: Graph, value: Value, op: str) -> Node | None:
    """The producer, where it is that operator and only one node reads the value."""
    node = value.producer
    return node if node is not None and node.op == op and only_user(graph, value) else None


def _is_activated(node: Node) -> bool:
    kind = getattr(node.attrs, "activation_type", ActivationType.NO_ACTIVATION)
    return kind is not ActivationType.NO_ACTIVATION


def _scalar(value: Value) -> float | None:
    """The number in a constant of one element."""
    return float(value.data.ravel()[0]) if value.data is not None and value.data.size == 1 else None


def _near(number: float, expected: float) -> bool:
    return math.isclose(number, expected, rel_tol=1e-3)
