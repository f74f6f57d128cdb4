"""One row of the kernels' tests, and the arrays that rows are made of."""
from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lite import ops
from lite.delegates.base import AS_IS, NO_EPILOGUE, Epilogue, Order, Orders
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

    epilogue: if it has a residual, that is the last input. orders: of the tensors among inputs and results.
    """

    attrs: Attributes
    inputs: tuple[Array, ...]
    constants: frozenset[int] = frozenset()
    note: str = ""
    epilogue: Epilogue = NO_EPILOGUE
    orders: Orders = AS_IS

    def __str__(self) -> str:
        shapes = "-".join("x".join(map(str, x.shape)) for x in self.inputs)
        return f"{self.attrs.op}-{shapes}{'-' + self.note if self.note else ''}".replace(" ", "_")

    def expected(self) -> tuple[Array, ...]:
        """By the references."""
        last = self.epilogue.activation
        if self.epilogue == NO_EPILOGUE and self.orders == AS_IS:
            return ops.evaluate(self.attrs, self.inputs)
        *own, residual = self.seen() if self.epilogue.residual >= 0 else (*self.seen(), np.float32(0))
        (y,) = ops.evaluate(self.attrs, own)
        if self.epilogue.codes is not None:
            return ops.evaluate(self.epilogue.codes, (y, residual))
        (y,) = ops.evaluate(last, (np.asarray(y + residual),))
        return (_undo(y, self.orders.output),)

    def seen(self) -> tuple[Array, ...]:
        """The inputs as the operation sees them."""
        orders = (*self.orders.inputs, *[()] * len(self.inputs))
        if self.epilogue.residual >= 0:
            orders = (*orders[: self.epilogue.residual], self.orders.output)
        return tuple(x.transpose(order) if order else x for x, order in zip(self.inputs, orders, strict=False))


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


def indices(dtype: str, low: int, high: int, *shape: int) -> Array:
    """Integers within [low, high), the same for the same shape."""
    return np.random.default_rng(shape).integers(low, high, shape).astype(dtype)


def every_pair(values: Array) -> tuple[Array, Array]:
    """Two arrays, in which each of the values meets each."""
    return np.tile(values, len(values)), np.repeat(values, len(values))


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


def adding(row: Case, added: Array) -> Case:
    """The row with the addition of something that broadcasts merged into it."""
    return Case(row.attrs, (*row.inputs, added), row.constants, row.note, Epilogue(len(row.inputs)))


def elsewhere(row: Case, *inputs: Order, output: Order = ()) -> Case:
    """The row with its inputs and its result, and what is added to that, in memory in other orders."""
    orders = (*inputs, *[()] * (len(row.inputs) - len(inputs)))
    if row.epilogue.residual >= 0:
        orders = (*orders[:-1], output)
    tensors = tuple(_undo(x, order) for x, order in zip(row.inputs, orders, strict=True))
    return replace(row, inputs=tensors, orders=Orders(inputs, output))


def _undo(x: Array, order: Order) -> Array:
    return np.ascontiguousarray(x.transpose(np.argsort(order))) if order else x


def holed(row: Case) -> Case:
    """The row with infinities and NaN in its first input, which only what is computed from them may show."""
    x = row.inputs[0].copy()
    x.reshape(-1)[x.size // 7 * np.arange(1, 6)] = [np.inf, np.nan, -np.inf, np.inf, np.nan]
    return replace(row, inputs=(x, *row.inputs[1:]), note=f"{row.note} not finite".strip())
