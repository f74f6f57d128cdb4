"""How convolutions and matrix products end: the arguments of their kernels for fused activations and epilogues."""
from __future__ import annotations

from typing import Any

from lite.delegates.base import Argument, In, Operation
from lite.delegates.cpu.elementwise import activation_function
from lite.delegates.cpu.work import bounds
from lite.kernels.codes import UNARY
from lite.ops.enums import ActivationType

_NONE = ActivationType.NO_ACTIVATION


def finish(operation: Operation) -> dict[str, Argument]:
    """function, alpha, beta, low and high: the operator's own activation, or that of the epilogue; never both."""
    attrs: Any = operation.attrs
    low_high = bounds(attrs.activation_type)
    function, alpha, beta = -1, 0.0, 0.0
    last = operation.epilogue.activation
    if last.activation_type != _NONE:
        name, alpha, beta = activation_function(last)
        if name == "clamp":
            low_high = {"low": alpha, "high": beta}
        else:
            function = UNARY.index(name)
    return {"function": function, "alpha": alpha, "beta": beta, **low_high}


def residual(operation: Operation) -> Argument:
    """The operand that is added, or 0."""
    return In(operation.epilogue.residual) if operation.epilogue.residual >= 0 else 0
