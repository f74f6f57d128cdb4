"""Matrix products without the transposes around them: they read and write rows where these lie in memory.

    y = matmul(transpose(a), transpose(b))     is one step that reads a and b in other orders     where there were three
    y = transpose(matmul(a, b))                is one step that writes y in another order         where there were two

So attention heads are neither split nor merged by copying. This is done for products of two computed matrices only,
since products with constant weights take all rows at once. A transpose stays where its result is an output of the
network or has another kind of reader, where it separates the elements of a row, and where rows that a product reads
would lie multiples of 4096 bytes apart, so that they would compete for the same few cache lines.
"""
from __future__ import annotations

from typing import Any

from lite.delegates.base import Operation, Order
from lite.plan.network import Network, Step
from lite.records import replace

_ALIAS = 4096
_LEFT, _RIGHT = 0, 1


def without_transposes(network: Network) -> Network:
    """The network whose matrix products read and write in other orders."""
    readers: dict[int, list[int]] = {}
    writers = {}
    for time, step in enumerate(network.steps):
        writers.update(dict.fromkeys(step.outputs, time))
        for i in step.inputs:
            readers.setdefault(i, []).append(time)
    steps: dict[int, Step] = dict(enumerate(network.steps))
    for time, step in enumerate(network.steps):
        order = _order(step.operation)
        if order is None:
            continue
        x, y = step.inputs[0], step.outputs[0]
        using = readers.get(y, [])
        if using and y not in network.outputs and all(_reads(steps[t], y, order) for t in using):
            for t in using:
                steps[t] = _reading(steps[t], y, x, order)
            del steps[time]
        elif x in writers and readers[x] == [time] and x not in network.outputs and _writes(steps[writers[x]], order):
            steps[writers[x]] = _writing(steps[writers[x]], y, order)
            del steps[time]
    used = {*network.inputs, *network.outputs, *(i for step in steps.values() for i in (*step.inputs, *step.outputs))}
    return replace(network, specs={i: network.specs[i] for i in used}, steps=tuple(steps.values()))


def _order(operation: Operation) -> Order | None:
    """The axes of a transpose; None for another operation."""
    if operation.op != "Transpose" or operation.inputs[1].value is None:
        return None
    return tuple(int(axis) % operation.inputs[0].rank for axis in operation.inputs[1].value.reshape(-1))


def _is_product(operation: Operation) -> bool:
    return operation.op == "MatMulFusion" and not any(x.is_known for x in operation.inputs[:2])


def _reads(step: Step, y: int, order: Order) -> bool:
    """Whether the step can read y where its transpose by `order` came from."""
    operation = step.operation
    if not _is_product(operation) or y in step.inputs[2:]:
        return False
    if step.inputs[_LEFT] != y:
        return True
    attrs: Any = operation.attrs
    shape = operation.inputs[_LEFT].shape
    row, depth = (-1, -2) if attrs.transpose_a else (-2, -1)
    apart = 4
    for axis, extent in zip(order, shape, strict=True):
        apart *= extent if axis > order[row] else 1
    return order[depth] == len(order) - 1 and apart % _ALIAS != 0


def _reading(step: Step, y: int, x: int, order: Order) -> Step:
    own = step.operation.orders.inputs or ((),) * len(step.inputs)
    orders = tuple(order if i == y else before for i, before in zip(step.inputs, own, strict=True))
    operation = replace(step.operation, orders=replace(step.operation.orders, inputs=orders))
    return replace(step, operation=operation, inputs=tuple(x if i == y else i for i in step.inputs))


def _writes(step: Step, order: Order) -> bool:
    """Whether the step can write its result transposed by `order`: elements of a row must stay together."""
    return _is_product(step.operation) and not step.operation.orders.output and order[-1] == len(order) - 1


def _writing(step: Step, y: int, order: Order) -> Step:
    inverse = tuple(order.index(axis) for axis in range(len(order)))
    operation = replace(step.operation, orders=replace(step.operation.orders, output=inverse))
    return replace(step, operation=operation, outputs=(y,))


