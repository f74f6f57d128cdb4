"""A model at given input shapes: every tensor's static spec, and the operations that have to run.

Operators whose results follow from constants and shapes alone (Shape, and the arithmetic on it) become constants;
operators whose results nobody reads are dropped.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from lite import ops
from lite.delegates.base import Operation
from lite.errors import DTypeError, InvalidModelError, MemoryPlanError, TensorError, UnsupportedOp, UnsupportedOpError
from lite.model import Model, Node
from lite.records import dataclass
from lite.types import DType, TensorSpec


@dataclass(frozen=True, slots=True)
class Step:
    """One operation to run, and the tensors it reads and writes, by number.

    merged: the operations that are its epilogue.
    """

    operation: Operation
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    merged: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """specs: of every tensor that is an input, an output, or read or written by a step.

    inputs, outputs: tensor numbers, in the model's order. steps: in an order in which they can run.
    """

    name: str
    specs: Mapping[int, TensorSpec]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    steps: tuple[Step, ...]

    def constants(self) -> frozenset[int]:
        """The tensors that are not inputs and that no step writes; their specs have a value."""
        return frozenset(self.specs).difference(self.inputs, *(step.outputs for step in self.steps))


def resolve(model: Model, shapes: Sequence[tuple[int, ...]], memory_limit: int) -> Network:
    """The network that `model` is when its inputs have these static shapes.

    Raises ShapeError or DTypeError where an operator does not accept what reaches it, MemoryPlanError where one tensor
    alone exceeds memory_limit bytes, UnsupportedOpError where a shape depends on the data.
    """
    specs, steps = _propagate(model, shapes, memory_limit)
    _check_static(model, steps)
    return _without_dead_steps(model, specs, [s for s in steps if any(y.value is None for y in s.operation.outputs)])


def output_specs(model: Model, shapes: Sequence[tuple[int, ...]], memory_limit: int) -> tuple[TensorSpec, ...]:
    """Specs of the model's outputs when its inputs have these shapes, of which dimensions may be unknown (-1)."""
    specs, _ = _propagate(model, shapes, memory_limit)
    return tuple(specs[i] for i in model.outputs)


def _propagate(
    model: Model, shapes: Sequence[tuple[int, ...]], memory_limit: int
) -> tuple[dict[int, TensorSpec], list[Step]]:
    """Specs of all tensors, and a step for each node."""
    specs = {i: tensor.spec for i, tensor in enumerate(model.tensors) if tensor.spec.value is not None}
    for i, shape in zip(model.inputs, shapes, strict=True):
        specs[i] = TensorSpec(model.tensors[i].spec.dtype, shape, model.tensors[i].spec.name)
        _check_tensor(specs[i], "input", memory_limit)
    steps = []
    for node in (model.nodes[i] for i in model.subgraphs[0].nodes):
        steps.append(_step(model, node, specs))
        specs.update(zip(node.outputs, steps[-1].operation.outputs, strict=True))
        for spec in steps[-1].operation.outputs:
            _check_tensor(spec, f"{node.op} {node.name!r}: output", memory_limit)
    return specs, steps


def _step(model: Model, node: Node, specs: Mapping[int, TensorSpec]) -> Step:
    assert node.attrs is not None, "check_supported has refused models with unknown operators"
    where = f"{node.op} {node.name!r}"
    inputs = tuple(specs[i] for i in node.inputs)
    try:
        outputs = ops.infer(node.attrs, inputs)
    except TensorError as error:
        raise type(error)(f"{where}: {error}") from error
    except Exception as error:  # attributes and operands come from the file: whatever they break, it is at fault
        given = ", ".join(map(str, inputs))
        raise InvalidModelError(f"{model.name}: {where} does not accept its inputs ({given}): {error!r}") from error
    if len(outputs) < len(node.outputs):
        raise InvalidModelError(
            f"{model.name}: {where} has {len(node.outputs)} outputs, the operator gives {len(outputs)}"
        )
    named = tuple(y.named(model.tensors[i].spec.name) for y, i in zip(outputs, node.outputs, strict=False))
    return Step(Operation(node.name, node.attrs, inputs, named), node.inputs, node.outputs)


def _check_tensor(spec: TensorSpec, what: str, memory_limit: int) -> None:
    if spec.dtype is DType.STRING:
        raise DTypeError(f"{what} {spec}: strings are not supported")
    if spec.is_static and spec.nbytes > memory_limit:
        raise MemoryPlanError(f"{what} {spec} takes {spec.nbytes:,} bytes; memory_limit is {memory_limit:,}")


def _check_static(model: Model, steps: Sequence[Step]) -> None:
    causes: dict[str, list[str]] = {}
    for operation in (step.operation for step in steps):
        if all(x.is_static for x in operation.inputs) and not all(y.is_static for y in operation.outputs):
            causes.setdefault(operation.op, []).append(operation.name)
    if causes:
        reason = "the shape of its output depends on the data"
        rows = [UnsupportedOp(op, len(names), names[0], reason) for op, names in causes.items()]
        raise UnsupportedOpError(model.name, len(model.nodes), rows)


def _without_dead_steps(model: Model, specs: Mapping[int, TensorSpec], steps: Sequence[Step]) -> Network:
    needed = set(model.outputs)
    alive: list[Step] = []
    for step in reversed(steps):
        if needed.intersection(step.outputs):
            needed.update(step.inputs)
            alive.append(step)
    used = needed.union(model.inputs, *(step.outputs for step in alive))
    return Network(model.name, {i: specs[i] for i in used}, model.inputs, model.outputs, tuple(reversed(alive)))
