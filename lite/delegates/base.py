"""What a delegate is: it is shown one operation at a time and answers how it would run it.

A claim is data, without addresses: the planner decides where tensors live, then turns native steps into rows of the op
table. So binding (which kernel, which packed weights, how many work units) knows nothing of the arena, and the arena
knows nothing of kernels.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lite.ops.registry import Attributes
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class Operation:
    """One node with everything known about it: static output shapes, and `value` in the specs of constants."""

    name: str
    attrs: Attributes
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    @property
    def op(self) -> str:
        """The operator's schema name."""
        return self.attrs.op


@dataclass(frozen=True, slots=True)
class In:
    """Kernel argument: the address of input `index` of the operation."""

    index: int


@dataclass(frozen=True, slots=True)
class Out:
    """Kernel argument: the address of output `index` of the operation."""

    index: int


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """Kernel argument: the address of a constant made for this kernel, 64-byte aligned by the planner.

    replaces: the input whose original bytes nobody needs once this copy exists, or -1.
    """

    data: Array
    replaces: int = -1


@dataclass(frozen=True, slots=True)
class Temp:
    """Kernel argument: the address of `nbytes` arena bytes that live as long as the claim's steps run.

    The steps of a claim share a temporary by giving it the same key.
    """

    key: int
    nbytes: int


Argument = In | Out | Packed | Temp | int | float


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
        """How this delegate would run the operation, or None where it cannot."""
        ...
