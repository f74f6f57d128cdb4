"""The interface of delegates: a delegate is shown one operation at a time and says how it would run it.

A claim is data, without addresses: the planner decides where tensors live, then turns native steps into rows of the op
table. So binding (which kernel, which packed weights, how many work units) knows nothing of the arena, and the arena
knows nothing of kernels.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from lite.memory import address_of, allocate
from lite.ops.activation import Activation
from lite.ops.registry import Attributes
from lite.records import dataclass
from lite.types import Array, TensorSpec

if TYPE_CHECKING:
    from lite.ops.quantized import Quantized

_LINEAR = Activation()


@dataclass(frozen=True, slots=True)
class Epilogue:
    """What is done to an operation's result before it is written: activation(result + residual).

    residual: the index of the input that is added, -1 for none. It comes after the operation's own inputs, and has the
    shape of output 0, or broadcasts to it. codes: for a quantized operation, the quantized addition, whose inputs say
    how the operation's own result and the residual are stored.
    """

    residual: int = -1
    activation: Activation = _LINEAR
    codes: Quantized | None = None


NO_EPILOGUE = Epilogue()

Order = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Orders:
    """Which operands of an operation have their dimensions in another order than in memory.

    inputs: for each input, the axes with which numpy's `transpose` turns the tensor in memory into the operand that the
    operation sees; () where both are the same, and () in all where that is so for all inputs. output: for output 0.
    """

    inputs: tuple[Order, ...] = ()
    output: Order = ()


AS_IS = Orders()


@dataclass(frozen=True, slots=True)
class Operation:
    """One node with everything known about it: static output shapes, and `value` in the specs of constants.

    epilogue: what has been merged into it; lite.plan.fuse says when. orders: see lite.plan.orders; the specs are what
    the operation sees. then: the operations that run as one with it, each of which alone reads the one before, as its
    input 0; see lite.plan.fuse.
    """

    name: str
    attrs: Attributes
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    epilogue: Epilogue = NO_EPILOGUE
    orders: Orders = AS_IS
    then: tuple[Operation, ...] = ()

    @property
    def op(self) -> str:
        """The operator's schema name."""
        return self.attrs.op

    @property
    def last(self) -> Operation:
        """The operation that gives the result."""
        return self.then[-1] if self.then else self

    @property
    def read(self) -> tuple[TensorSpec, ...]:
        """The inputs of all that runs, without what is between them: what In.index and Packed.replaces count."""
        return (*self.inputs, *(x for other in self.then for x in other.inputs[1:]))

    @property
    def operands(self) -> tuple[TensorSpec, ...]:
        """The inputs that are the operator's own."""
        return self.inputs if self.epilogue.residual < 0 else self.inputs[: self.epilogue.residual]

    @property
    def adds_broadcast(self) -> bool:
        """Whether the residual is broadcast to the shape of the result."""
        return self.epilogue.residual >= 0 and self.inputs[self.epilogue.residual].size != self.outputs[0].size

    def input_order(self, index: int) -> Order:
        """The order of an input, () where it is the tensor's."""
        return self.orders.inputs[index] if index < len(self.orders.inputs) else ()


@dataclass(frozen=True, slots=True)
class In:
    """Kernel argument: the address of input `index` of what the operation reads."""

    index: int


@dataclass(frozen=True, slots=True)
class Out:
    """Kernel argument: the address of output `index` of the operation, or of the last one that runs with it."""

    index: int


class Packer(Protocol):
    """What calls a kernel of a pack at once: lite.native.pack.KernelPack."""

    def call(self, kernel: str, words: Mapping[str, int], units: int = 1, scratch: int = 0) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Packing:
    """How a kernel of the pack makes a constant of constants in the model's file, once the plan is final.

    result: the argument that is the address of the `nbytes` bytes to write. arrays: what the kernel reads, by argument;
    integers: all its other arguments. units, scratch: as in NativeStep.
    """

    kernel: str
    result: str
    nbytes: int
    arrays: Mapping[str, Array]
    integers: Mapping[str, int]
    units: int
    scratch: int = 0

    def write(self, packer: Packer, place: Array) -> None:
        """Make it here and now, at `place`."""
        addresses = {name: address_of(array) for name, array in {**self.arrays, self.result: place}.items()}
        scratch = allocate(self.scratch)
        packer.call(self.kernel, {**addresses, **self.integers}, self.units, address_of(scratch))


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """Kernel argument: the address of a constant made for this kernel, 64-byte aligned by the planner.

    replaces: the input whose original bytes nobody needs once this copy exists, or -1.
    """

    data: Array | Packing
    replaces: int = -1


@dataclass(frozen=True, slots=True)
class Temp:
    """Kernel argument: the address of `nbytes` arena bytes that live as long as the claim's steps run.

    The steps of a claim share a temporary by giving it the same key.
    """

    key: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Kernel argument of a step in Stages: the address of the rows it reads, or writes, which changes while it runs."""

    written: bool


@dataclass(frozen=True, slots=True, eq=False)
class Stages:
    """Kernel argument: the address of what lite.kernels.chain is told of these steps, which have no temporaries."""

    steps: tuple[NativeStep, ...]


Argument = In | Out | Packed | Temp | Rows | Stages | int | float


@dataclass(frozen=True, slots=True)
class NativeStep:
    """One call of a pack kernel: `kernel(arguments, first unit, end unit, scratch)`.

    arguments: by the kernel's parameter names; the pack's manifest gives their order and kind. units: independent
    pieces of work that may run on any thread in any order; scratch: bytes each thread needs while it runs one call.
    """

    kernel: str
    arguments: Mapping[str, Argument]
    units: int = 1
    scratch: int = 0


@dataclass(frozen=True, slots=True)
class NativeClaim:
    """Run by pack kernels, without Python. in_place: an input whose bytes output 0 may overwrite, or -1."""

    steps: tuple[NativeStep, ...]
    in_place: int = -1

    @property
    def calls(self) -> Iterator[NativeStep]:
        """The steps, and those that they call."""
        for step in self.steps:
            yield step
            for argument in step.arguments.values():
                if isinstance(argument, Stages):
                    yield from argument.steps


@dataclass(frozen=True, slots=True)
class ViewClaim:
    """No work: output 0 is the bytes of input `source` under another shape."""

    source: int = 0


@dataclass(frozen=True, slots=True)
class HostClaim:
    """Run by a Python callable between two stretches of the op table: arrays in, arrays out."""

    call: Callable[[Sequence[Array]], tuple[Array, ...]]


Claim = NativeClaim | ViewClaim | HostClaim


class Delegate(Protocol):
    """A place where operations run."""

    @property
    def name(self) -> str:
        """Name to show in profiles and to select by: "cpu", "reference"."""
        ...

    def claim(self, operation: Operation) -> Claim | None:
        """How this delegate would run the operation, or None where it cannot.

        An operation that is refused with its epilogue, or with what runs as one with it, is offered again without.
        """
        ...
