"""From a network to a plan: delegates' claims, lifetimes, the arena, packed weights, the op table.

Everything a run needs is an address or a bound callable by the time `build_plan` returns, so a run does no lookups and
no allocation of its own.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from lite.delegates.base import Delegate, HostClaim, NativeClaim
from lite.errors import MemoryPlanError
from lite.memory import address_of, allocate
from lite.plan.arena import align, plan_arena
from lite.plan.lifetime import lifetimes
from lite.plan.memory import PackedConstants
from lite.plan.network import Network, Step
from lite.plan.orders import without_transposes
from lite.plan.partition import partition
from lite.plan.placement import Block, Placement
from lite.plan.plan import MemoryReport, Plan, PlannedStep, RowRunner, StepInfo
from lite.plan.table import BoundStep, OpTable, Pack, build_table
from lite.records import dataclass, field
from lite.stored import forget
from lite.types import Array, TensorSpec


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


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """What a plan that was built holds besides its arena.

    stride: bytes of scratch from one thread's to the next's. ranges: of rows, first and end, for each step.
    """

    table: OpTable
    scratch: Array
    stride: int
    blocks: tuple[Block, ...]
    ranges: tuple[tuple[int, int], ...]


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
    ranges: list[tuple[int, int]] = []
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
        ranges.append((end - len(native_steps), end))
        steps.append(PlannedStep(partial(_info, step, assignment.delegate), run))
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
        holds=Holding(table, scratch, stride, placement.blocks(), tuple(ranges)),
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
