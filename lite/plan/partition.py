"""Who runs what: each operation is offered to the delegates in priority order, and the first that claims it runs it.

A delegate is offered an operation with all that may be merged into it first, then with less, then alone.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from lite.delegates.base import Claim, Delegate, NativeClaim, Operation, Packed
from lite.errors import UnsupportedOp, UnsupportedOpError
from lite.memory import release
from lite.plan.fuse import Form, Fusions
from lite.plan.network import Network
from lite.records import dataclass, replace
from lite.types import Array

_KEPT = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Assignment:
    """The delegate that took an operation, by name, and how it runs it."""

    delegate: str
    claim: Claim


def partition(network: Network, delegates: Sequence[Delegate]) -> tuple[Network, tuple[Assignment, ...]]:
    """The network, with the operations merged that a delegate runs as one, and the assignment of each step.

    Raises UnsupportedOpError with every operation that no delegate takes.
    """
    fusions = Fusions(network)
    steps = []
    assignments: list[Assignment] = []
    refused: dict[str, list[Operation]] = {}
    merged: set[int] = set()
    replaced: list[Array] = []  # weights that are packed: given back before many others are, to keep the peak low
    for time, step in enumerate(network.steps):
        if time in merged:
            continue
        taken = _first_claim(fusions.forms(time), delegates)
        if taken is None:
            refused.setdefault(step.operation.op, []).append(step.operation)
        else:
            form, assignment = taken
            replaced += _replaced(form.step.operation, assignment.claim)
            if sum(weights.nbytes for weights in replaced) > _KEPT:
                release(replaced)
                replaced.clear()
            steps.append(form.step)
            assignments.append(assignment)
            merged.update(form.merged)
    release(replaced)
    if refused:
        raise _refusal(network, refused, [delegate.name for delegate in delegates])
    written = {i for step in network.steps for i in step.outputs}
    kept = {i for step in steps for i in step.outputs}
    specs = {i: spec for i, spec in network.specs.items() if i in kept or i not in written}
    return replace(network, specs=specs, steps=tuple(steps)), tuple(assignments)


def _first_claim(forms: Sequence[Form], delegates: Sequence[Delegate]) -> tuple[Form, Assignment] | None:
    for delegate in delegates:
        for form in forms:
            claim = delegate.claim(form.step.operation)
            if claim is not None:
                return form, Assignment(delegate.name, claim)
    return None


def _refusal(network: Network, refused: Mapping[str, list[Operation]], chosen: Sequence[str]) -> UnsupportedOpError:
    """The error for operations that only a delegate would run which the caller has left out."""
    rows = [
        UnsupportedOp(op, len(found), found[0].name, f"not for {_signature(found[0])}") for op, found in refused.items()
    ]
    hint = f'The delegate "reference" runs them: delegates={[*chosen, "reference"]}, or the default.'
    verdict = f"not run by the chosen delegate{'s' * (len(chosen) > 1)} {', '.join(chosen)}, though supported"
    return UnsupportedOpError(network.name, len(network.steps), rows, hint, verdict)


def _replaced(operation: Operation, claim: Claim) -> Iterator[Array]:
    """The weights, as they are in the file, of which the claim has packed copies."""
    for step in claim.calls if isinstance(claim, NativeClaim) else ():
        for argument in step.arguments.values():
            if isinstance(argument, Packed) and argument.replaces >= 0:
                weights = operation.read[argument.replaces].data
                assert weights is not None, "only constants are packed"
                yield weights if isinstance(weights, np.ndarray) else weights.words


def _signature(operation: Operation) -> str:
    return ", ".join(str(spec.like()) for spec in operation.inputs)
