"""Which tensors need bytes of their own in the arena, how many, and from when to when.

Time is the number of a step: inputs are alive from -1, outputs until after the last step. A view has no bytes: it keeps
its source alive. An in-place result takes over the bytes of an input that dies there. Constants, and views of them, are
not in the arena.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from lite.delegates.base import Claim, NativeClaim, Temp, ViewClaim
from lite.errors import DelegateError
from lite.plan.arena import Record
from lite.plan.network import Network, Step
from lite.records import dataclass


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """records: what the arena has to hold. blocks: the record of each tensor in the arena. constants: for each other
    tensor the constant whose bytes it is. temporaries: the record of each (step, Temp.key).
    """

    records: tuple[Record, ...]
    blocks: Mapping[int, int]
    constants: Mapping[int, int]
    temporaries: Mapping[tuple[int, int], int]


def lifetimes(network: Network, claims: Sequence[Claim]) -> Lifetimes:
    """Records for all tensors and temporaries of a network whose step t runs as claims[t]."""
    sources = _sources(network, claims)
    last_use = _last_uses(network, sources)
    fixed = network.constants()
    constants = {i: source for i, source in sources.items() if source in fixed}

    records: list[Record] = []
    blocks: dict[int, int] = {}
    temporaries: dict[tuple[int, int], int] = {}
    for i in network.inputs:
        blocks[i] = len(records)
        records.append(Record(network.specs[i].nbytes, -1, last_use[i]))
    for time, (step, claim) in enumerate(zip(network.steps, claims, strict=True)):
        for position, i in enumerate(step.outputs):
            source = sources[i]
            if source != i:
                if source not in constants:
                    blocks[i] = blocks[source]
                continue
            dying = _dying_input(step, claim, sources, last_use, time) if position == 0 else None
            if dying in blocks and records[blocks[dying]].size >= network.specs[i].nbytes:
                blocks[i] = blocks[dying]
                taken = records[blocks[i]]
                records[blocks[i]] = Record(taken.size, taken.first, last_use[i])
            else:
                blocks[i] = len(records)
                records.append(Record(network.specs[i].nbytes, time, last_use[i]))
        for key, nbytes in _temporaries(claim).items():
            temporaries[time, key] = len(records)
            records.append(Record(nbytes, time, time))
    return Lifetimes(tuple(records), blocks, constants, temporaries)


def _sources(network: Network, claims: Sequence[Claim]) -> dict[int, int]:
    """For each tensor the one whose bytes it is: itself, except for views."""
    sources = {i: i for i in network.specs}
    for step, claim in zip(network.steps, claims, strict=True):
        if isinstance(claim, ViewClaim):
            view, source = step.outputs[0], step.inputs[claim.source]
            if len(step.outputs) != 1 or network.specs[view].nbytes != network.specs[source].nbytes:
                raise DelegateError(
                    f"{step.operation.op} {step.operation.name!r} was claimed as a view, but {network.specs[view]} "
                    f"is not the bytes of {network.specs[source]}"
                )
            sources[view] = sources[source]
    return sources


def _last_uses(network: Network, sources: Mapping[int, int]) -> dict[int, int]:
    """The last step that reads the bytes of each tensor that is not a view, its own step where none does."""
    last_use = dict.fromkeys(network.specs, -1)
    for time, step in enumerate(network.steps):
        for i in (*step.inputs, *step.outputs):
            last_use[sources[i]] = time
    for i in network.outputs:
        last_use[sources[i]] = len(network.steps)
    return last_use


def _dying_input(
    step: Step, claim: Claim, sources: Mapping[int, int], last_use: Mapping[int, int], time: int
) -> int | None:
    """The tensor whose bytes output 0 may overwrite: read once by this step, and by nobody later."""
    if not isinstance(claim, NativeClaim) or claim.in_place < 0:
        return None
    source = sources[step.inputs[claim.in_place]]
    readers = [i for i in step.inputs if sources[i] == source]
    return source if len(readers) == 1 and last_use[source] == time else None


def _temporaries(claim: Claim) -> dict[int, int]:
    """Bytes of each temporary of a claim, by key."""
    sizes: dict[int, int] = {}
    for step in claim.steps if isinstance(claim, NativeClaim) else ():
        for argument in step.arguments.values():
            if isinstance(argument, Temp):
                sizes[argument.key] = max(sizes.get(argument.key, 0), argument.nbytes)
    return sizes
