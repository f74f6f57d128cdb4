"""A network bound to memory: the arena, the op table, and the stretches of it that a run executes.

Everything a run needs is an address or a bound callable by the time `build_plan` returns, so a run does no lookups and
no allocation of its own.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

from lite.delegates.base import Delegate, HostClaim, NativeClaim
from lite.errors import MemoryPlanError
from lite.memory import address_of, allocate
from lite.ops.registry import Attributes
from lite.plan.arena import align, plan_arena
from lite.plan.lifetime import lifetimes
from lite.plan.memory import PackedConstants
from lite.plan.network import Network, Step
from lite.plan.orders import without_transposes
from lite.plan.partition import partition
from lite.plan.placement import Placement
from lite.plan.table import BoundStep, Pack, build_table
from lite.records import dataclass, field
from lite.stored import forget
from lite.types import Array, TensorSpec


class RowRunner(Protocol):
    """What walks the op table: lite.native.workers.Workers."""

    threads: int

    def run(self, table: int, first: int, end: int, scratch: int, scratch_stride: int) -> None: ...
    def stretch(self, table: int, first: int, end: int, scratch: int, scratch_stride: int) -> Callable[[], None]: ...


@dataclass(frozen=True, slots=True)
class Resources:
    """What the plans of one session have in common.

    delegates: in priority order. memory_limit: bytes that arena and scratch may take together. pack, runner: the
    kernels, and what walks the table; None without native delegates. packed: the constants that plans share.
    """

    delegates: tuple[Delegate, ...]
    memory_limit: int
    pack: Pack | None = None
    runner: RowRunner | None = None
    packed: PackedConstants = field(default_factory=PackedConstants)


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
    """A step, and the delegate that runs it. run: does its work on the plan's memory; None for a view, without work."""

    step: Step
    delegate: str
    run: Callable[[], None] | None

    @property
    def info(self) -> StepInfo:
        """What programs are told of it, which few of them ask."""
        return _info(self.step, self.delegate)


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
    kept: tuple[object, ...] = field(repr=False)  # memory that the op table has addresses of

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


def build_plan(network: Network, resources: Resources) -> Plan:
    """Assign the operations to delegates, place the tensors, pack the weights, and build the op table.

    Raises UnsupportedOpError where no delegate takes an operation, MemoryPlanError where arena and scratch exceed
    resources.memory_limit.
    """
    network, assignments = partition(without_transposes(network), resources.delegates)
    forget()
    alive = lifetimes(network, [a.claim for a in assignments])
    layout = plan_arena(alive.records)
    native = [a.claim.steps if isinstance(a.claim, NativeClaim) else () for a in assignments]
    stride = align(max((s.scratch for steps in native for s in steps), default=0))
    scratch_nbytes = stride * (resources.runner.threads if resources.runner else 1)
    _check_limit(network, layout.nbytes + scratch_nbytes, resources.memory_limit)

    arena, scratch = allocate(layout.nbytes), allocate(scratch_nbytes)
    placement = Placement(network, alive, layout, arena, resources.packed, resources.pack)
    table = build_table(
        resources.pack,
        [BoundStep(s, partial(placement.address, time)) for time, steps in enumerate(native) for s in steps],
    )
    resources.packed.settle()

    def rows(first: int, end: int) -> Callable[[], None]:
        assert resources.runner is not None, "there are rows only where there is a pack"
        return partial(resources.runner.run, table.address, first, end, address_of(scratch), stride)

    def stretch(first: int, end: int) -> Callable[[], None]:
        assert resources.runner is not None, "there are rows only where there is a pack"
        return resources.runner.stretch(table.address, first, end, address_of(scratch), stride)

    steps: list[PlannedStep] = []
    segments: list[Callable[[], None]] = []
    first = end = 0  # the rows since the last host step
    for step, assignment, native_steps in zip(network.steps, assignments, native, strict=True):
        operation, claim = step.operation, assignment.claim
        run: Callable[[], None] | None = None
        if isinstance(claim, HostClaim):
            from lite.plan.host import HostCall

            arrays = [[placement.array(i) for i in tensors] for tensors in (step.inputs, step.outputs)]
            run = HostCall(operation, assignment.delegate, claim, *arrays)
            segments += [stretch(first, end), run] if first < end else [run]
            first = end
        elif native_steps:
            run = rows(end, end + len(native_steps))
            end += len(native_steps)
        steps.append(PlannedStep(step, assignment.delegate, run))
    if first < end:
        segments.append(stretch(first, end))

    outputs = tuple(placement.array(i) for i in network.outputs)
    return Plan(
        inputs=tuple(placement.array(i) for i in network.inputs),
        outputs=outputs,
        output_specs=tuple(network.specs[i] for i in network.outputs),
        steps=tuple(steps),
        segments=tuple(segments),
        report=MemoryReport(
            arena=layout.nbytes,
            lower_bound=layout.lower_bound,
            packed=placement.packed_nbytes,
            mapped=placement.mapped_nbytes,
            scratch=scratch_nbytes,
            table=table.nbytes,
        ),
        arena=arena,
        kept=(table, scratch, *placement.kept()),
    )


def _info(step: Step, delegate: str) -> StepInfo:
    operation = step.operation
    merged = tuple((other.name, other.op) for other in step.merged)
    stages = tuple(
        StepInfo(stage.name, delegate, stage.attrs, _without_values(stage.inputs), stage.outputs)
        for stage in (operation, *operation.then)
    )
    return StepInfo(
        operation.name,
        delegate,
        operation.attrs,
        _without_values(operation.read),
        operation.last.outputs,
        merged,
        stages if operation.then else (),
    )


def _without_values(specs: Iterable[TensorSpec]) -> tuple[TensorSpec, ...]:
    return tuple(x.like().named(x.name) for x in specs)


def _check_limit(network: Network, nbytes: int, memory_limit: int) -> None:
    if nbytes > memory_limit:
        raise MemoryPlanError(
            f"{network.name} needs {nbytes:,} bytes for the tensors of a run; memory_limit is {memory_limit:,}"
        )
