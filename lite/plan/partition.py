"""Who runs what: every operation is offered to the delegates in priority order, and the first that claims it has it."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lite.delegates.base import Claim, Delegate, Operation
from lite.errors import UnsupportedOp, UnsupportedOpError
from lite.plan.network import Network


@dataclass(frozen=True, slots=True)
class Assignment:
    """The delegate that took an operation, by name, and how it runs it."""

    delegate: str
    claim: Claim


def partition(network: Network, delegates: Sequence[Delegate]) -> tuple[Assignment, ...]:
    """One assignment a step. Raises UnsupportedOpError that lists every operation no delegate takes."""
    assignments: list[Assignment] = []
    refused: dict[str, list[Operation]] = {}
    for step in network.steps:
        taken = _first_claim(step.operation, delegates)
        if taken is None:
            refused.setdefault(step.operation.op, []).append(step.operation)
        else:
            assignments.append(taken)
    if refused:
        offered = ", ".join(d.name for d in delegates)
        rows = [
            UnsupportedOp(op, len(found), found[0].name, f"not taken by {offered} for {_signature(found[0])}")
            for op, found in refused.items()
        ]
        raise UnsupportedOpError(network.name, len(network.steps), rows, 'the delegate "reference" runs every operator')
    return tuple(assignments)


def _first_claim(operation: Operation, delegates: Sequence[Delegate]) -> Assignment | None:
    for delegate in delegates:
        claim = delegate.claim(operation)
        if claim is not None:
            return Assignment(delegate.name, claim)
    return None


def _signature(operation: Operation) -> str:
    return ", ".join(str(spec.like()) for spec in operation.inputs)
