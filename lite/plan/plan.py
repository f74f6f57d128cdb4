"""A network bound to memory, as a run needs it: the arena, and the stretches of the op table that it executes.

lite.plan.build makes plans of networks; lite.plan.kept makes them of what an earlier process has kept.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from lite.records import dataclass, field
from lite.types import Array, TensorSpec

if TYPE_CHECKING:
    from lite.ops.registry import Attributes


class RowRunner(Protocol):
    """What walks the op table: lite.native.workers.Workers."""

    threads: int

    def run(self, table: int, first: int, end: int, scratch: int, scratch_stride: int) -> None: ...
    def stretch(self, table: int, first: int, end: int, scratch: int, scratch_stride: int) -> Callable[[], None]: ...


@dataclass(frozen=True, slots=True)
class MemoryReport:
    """How many bytes a plan takes.

    arena: for all tensors of a run. lower_bound: the least that any arena needs. packed: copies of constants, in the
    layout that kernels want. mapped: constants that are read from the mapped file. scratch: of all threads together.
    table: the op table.
    """

    arena: int
    lower_bound: int
    packed: int
    mapped: int
    scratch: int
    table: int


@dataclass(frozen=True, slots=True)
class StepInfo:
    """One operation of a plan: its node's name, the delegate that runs it, its attributes, its inputs and outputs.

    merged: name and operator of each node that is computed together with it, in order; the operands of these are among
    the inputs. stages: where several convolutions run as one, a few rows at a time, each of them. The specs have no
    values, so that nothing of the model's file is kept in memory.
    """

    name: str
    delegate: str
    attrs: Attributes
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    merged: tuple[tuple[str, str], ...] = ()
    stages: tuple[StepInfo, ...] = ()

    @property
    def label(self) -> str:
        """The operator and those merged into it."""
        return "+".join((self.op, *(op for _, op in self.merged)))

    @property
    def op(self) -> str:
        """The operator's schema name."""
        return self.attrs.op


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step. run: does its work on the plan's memory; None for a view, without work.

    describe: gives what programs are told of it, which few of them ask.
    """

    describe: Callable[[], StepInfo]
    run: Callable[[], None] | None

    @property
    def info(self) -> StepInfo:
        """What programs are told of it."""
        return self.describe()


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A network that is ready to run.

    inputs: arrays over the arena. outputs: arrays over the arena, or constants. segments: what a run calls, in order.
    """

    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]
    output_specs: tuple[TensorSpec, ...]
    steps: tuple[PlannedStep, ...]
    segments: tuple[Callable[[], None], ...]
    report: MemoryReport
    arena: Array
    holds: object = field(repr=False)  # memory that the op table has addresses of

    def execute(self) -> None:
        """Compute the outputs from the inputs."""
        for segment in self.segments:
            segment()

    def run(self, arrays: Sequence[Array], execute: Callable[[Plan], object] = execute) -> list[Array]:
        """Copies of the outputs for these inputs. execute: what to do once the inputs are in place."""
        given = iter(arrays)  # where a run takes microseconds, zip and comprehensions take 3 % of it
        for target in self.inputs:
            target[...] = next(given)
        execute(self)
        results: list[Array] = []
        for array in self.outputs:
            results += (array.copy(),)
        return results
