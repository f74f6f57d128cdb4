"""The op table. A row is a native step in four int64 words: kernel address, argument block address, units, 0.

Behind the rows that a run walks are those of the steps that another one's kernel calls (Stages). Of these the third
word is the length of the argument block, and the fourth has the places in it, counted from 1, of the addresses that the
kernel puts in (Rows): that of what is read, and 32 bits higher that of what is written.

An argument block has one word for each argument, in the order of the kernel's parameters: an address, an integer, or
the bits of a float64. All addresses are final when the table is built, so a run only walks it.
"""
from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from lite.delegates.base import Argument, In, NativeStep, Out, Packed, Packer, Rows, Stages, Temp
from lite.errors import DelegateError
from lite.memory import address_of
from lite.records import dataclass
from lite.types import Array

ROW_WORDS = 4


class Parameter(Protocol):
    """A kernel's parameter as the pack's manifest has it; kind is "pointer", "int" or "float"."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...


class Pack(Packer, Protocol):
    """What the plan needs of a kernel pack: where a kernel is, and what its arguments are."""

    def address(self, kernel: str) -> int: ...
    def parameters(self, kernel: str) -> Sequence[Parameter]: ...


@dataclass(frozen=True, slots=True, eq=False)
class OpTable:
    """rows: int64[steps, ROW_WORDS]. words: int64, the argument blocks that the rows point into.

    kernels: the kernel of each row. walked: how many rows a run walks.
    """

    rows: Array
    words: Array
    kernels: tuple[str, ...]
    walked: int

    @property
    def address(self) -> int:
        """Address of the first row."""
        return address_of(self.rows)

    @property
    def nbytes(self) -> int:
        """Bytes of rows and argument blocks."""
        return self.rows.nbytes + self.words.nbytes


@dataclass(frozen=True, slots=True)
class BoundStep:
    """A native step, and the function that gives the address of each of its arguments that is not a number."""

    step: NativeStep
    address: Callable[[Argument], int]


def build_table(pack: Pack | None, steps: Sequence[BoundStep]) -> OpTable:
    """The table that runs `steps` in order. Raises DelegateError for arguments that the kernel does not take."""
    if pack is None:
        if steps:
            raise DelegateError(f"kernel {steps[0].step.kernel} needs a kernel pack, and there is none")
        return OpTable(np.empty((0, ROW_WORDS), np.int64), np.empty(0, np.int64), (), 0)
    behind: dict[Stages, int] = {}  # where the rows of each are
    called: list[BoundStep] = []
    for bound in steps:
        for argument in bound.step.arguments.values():
            if isinstance(argument, Stages):
                behind[argument] = len(steps) + len(called)
                called += [BoundStep(step, bound.address) for step in argument.steps]
    rows = np.zeros((len(steps) + len(called), ROW_WORDS), np.int64)
    start = address_of(rows)
    places = {stages: start + row * rows.strides[0] for stages, row in behind.items()}
    blocks = [_argument_block(pack, bound, places) for bound in (*steps, *called)]
    words = np.array([word for block in blocks for word in block], np.int64)
    address = address_of(words)
    for number, (row, bound, block) in enumerate(zip(rows, (*steps, *called), blocks, strict=True)):
        row[:2] = pack.address(bound.step.kernel), address
        row[2:] = (bound.step.units, 0) if number < len(steps) else (len(block), _rows_word(pack, bound.step))
        address += words.itemsize * len(block)
    return OpTable(rows, words, tuple(bound.step.kernel for bound in (*steps, *called)), len(steps))


def _argument_block(pack: Pack, bound: BoundStep, places: Mapping[Stages, int]) -> list[int]:
    step = bound.step
    parameters = pack.parameters(step.kernel)
    if step.arguments.keys() != {p.name for p in parameters}:
        expected, bound_with = ", ".join(p.name for p in parameters), ", ".join(step.arguments)
        raise DelegateError(f"kernel {step.kernel} takes ({expected}), and was bound with ({bound_with})")
    return [_word(step.kernel, p, step.arguments[p.name], bound.address, places) for p in parameters]


def _rows_word(pack: Pack, step: NativeStep) -> int:
    word = 0
    for place, parameter in enumerate(pack.parameters(step.kernel), start=1):
        argument = step.arguments[parameter.name]
        if isinstance(argument, Rows):
            word |= place << 32 * argument.written
    return word


def _word(
    kernel: str,
    parameter: Parameter,
    argument: Argument,
    address: Callable[[Argument], int],
    places: Mapping[Stages, int],
) -> int:
    kind = parameter.kind
    if kind == "int":
        if isinstance(argument, int):
            return argument
    elif kind == "float":
        if isinstance(argument, (int, float)):
            return _float_bits(argument)
    elif isinstance(argument, (In, Out, Packed, Temp)):
        return address(argument)
    elif isinstance(argument, Stages):
        return places[argument]
    elif argument == 0 or isinstance(argument, Rows):
        return 0  # an optional operand that is absent, or comes later
    raise DelegateError(f"kernel {kernel}: parameter {parameter.name} is a {parameter.kind}, bound with {argument!r}")


def _float_bits(value: float) -> int:
    bits: int = struct.unpack("=q", struct.pack("=d", value))[0]
    return bits
