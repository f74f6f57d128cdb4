"""One row of the kernels' tests, and the arrays that rows are made of."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lite import ops
from lite.delegates.base import NO_EPILOGUE, Epilogue
from lite.ops.activation import Activation
from lite.ops.conv2d import Conv2DFusion
from lite.ops.enums import ActivationType, PadMode
from lite.ops.registry import Attributes
from lite.types import Array, TensorSpec

_A = ActivationType
_LINEAR = Activation()


@dataclass(frozen=True)
class Case:
    """attrs and inputs of one operation. constants: inputs known when the operation is bound, by index.

    epilogue: if it has a residual, that is the last input.
    """

    attrs: Attributes
    inputs: tuple[Array, ...]
    constants: frozenset[int] = frozenset()
    note: str = ""
    epilogue: Epilogue = NO_EPILOGUE

    def __str__(self) -> str:
        shapes = "-".join("x".join(map(str, x.shape)) for x in self.inputs)
        return f"{self.attrs.op}-{shapes}{'-' + self.note if self.note else ''}".replace(" ", "_")

    def expected(self) -> tuple[Array, ...]:
        """By the references."""
        last = self.epilogue.activation
        if self.epilogue == NO_EPILOGUE:
            return ops.evaluate(self.attrs, self.inputs)
        *own, residual = self.inputs if self.epilogue.residual >= 0 else (*self.inputs, np.float32(0))
        (y,) = ops.evaluate(self.attrs, own)
        return ops.evaluate(last, (np.asarray(y + residual),))


def case(attrs: Attributes, *inputs: Array, constants: tuple[int, ...] = (), note: str = "") -> Case:
    """A row."""
    return Case(attrs, inputs, frozenset(constants), note)


def normal(*shape: int) -> Array:
    """Standard normal float32, the same for the same shape."""
    return np.random.default_rng(shape or 0).standard_normal(shape).astype(np.float32)


def ints(*values: int) -> Array:
    """int32 [n]."""
    return np.array(values, np.int32)


def of_type(dtype: str, *shape: int) -> Array:
    """Numbers of any type, both signs where it has them."""
    return (50 * normal(*shape)).astype(dtype)


def special(n: int = 67) -> Array:
    """Zeros, infinities, NaN, subnormal and extreme numbers among ordinary ones."""
    odd = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 3.4e38, -3.4e38, 88.7, -87.3, 0.5, -0.5, 1.5, 2.5]
    return np.concatenate([np.array(odd, np.float32), 4 * normal(n - len(odd))])


def conv(
    x: tuple[int, ...],
    outputs: int,
    kernel: tuple[int, int],
    *,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    pads: tuple[int, int, int, int] = (0, 0, 0, 0),
    group: int = 1,
    mode: PadMode = PadMode.PAD,
    activation: ActivationType = _A.NO_ACTIVATION,
    bias: bool = True,
    note: str = "",
) -> Case:
    """A convolution with constant weights."""
    attrs = Conv2DFusion(
        kernel_size=kernel,
        stride=stride,
        dilation=dilation,
        pad_mode=mode,
        pad_list=pads,
        group=group,
        activation_type=activation,
    )
    inputs = [normal(*x), normal(outputs, *kernel, x[3] // group), normal(outputs)]
    return case(attrs, *inputs[: 3 if bias else 2], constants=(1, 2), note=note)


def ending(row: Case, activation: Activation = _LINEAR, *, adds: bool = True) -> Case:
    """The row with an addition and an activation merged into it."""
    (y,) = ops.infer(row.attrs, tuple(TensorSpec.of(x) for x in row.inputs))
    inputs = (*row.inputs, normal(*y.shape)) if adds else row.inputs
    note = " ".join(["adds"] * adds + [activation.activation_type.name.lower()])
    epilogue = Epilogue(len(row.inputs) if adds else -1, activation)
    return Case(row.attrs, inputs, row.constants, f"{row.note} {note}".strip(), epilogue)
