"""A model at given input shapes: every tensor's static spec, and the operations that have to run.

Operators whose results follow from constants and shapes alone (Shape, and the arithmetic on it; the scales of groups of
weights) become constants; operators whose results nobody reads are dropped.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from lite import ops
from lite.delegates.base import Operation
from lite.errors import DTypeError, InvalidModelError, MemoryPlanError, TensorError
from lite.model import CONTROL, Model, Node
from lite.records import dataclass
from lite.types import DType, TensorSpec


@dataclass(frozen=True, slots=True)
class Step:
    """One operation to run, and the tensors it reads and writes, by number.

    merged: the operations that run as one with it, its epilogue among them.
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


@dataclass(frozen=True, slots=True)
class Span:
    """The first nodes of a list: a step for each of `steps`, and specs of all tensors known by then.

    count: how many nodes are taken, dead ones and those that fold to constants among them. The node after them runs
    between plans (see lite.plan.program).
    """

    specs: Mapping[int, TensorSpec]
    steps: tuple[Step, ...]
    count: int


def resolve(model: Model, shapes: Sequence[tuple[int, ...]], memory_limit: int) -> Network | None:
    """The network that `model` is when its inputs have these static shapes; None where that depends on the data.

    Raises ShapeError or DTypeError where an operator does not accept what reaches it, MemoryPlanError where one tensor
    alone exceeds memory_limit bytes.
    """
    fed = input_specs(model, shapes, memory_limit)
    main = model.subgraphs[0]
    span = take(model, main.nodes, fed, memory_limit)
    return network_of(model, span, main.inputs, main.outputs) if span.count == len(main.nodes) else None


def output_specs(model: Model, shapes: Sequence[tuple[int, ...]], memory_limit: int) -> tuple[TensorSpec, ...]:
    """Specs of the outputs for inputs of these shapes, whose dimensions may be unknown (-1)."""
    specs = {**_constants(model), **input_specs(model, shapes, memory_limit)}
    for index in model.subgraphs[0].nodes:
        node = model.nodes[index]
        if node.op in CONTROL:
            specs.update((i, model.tensors[i].spec) for i in node.outputs)
        else:
            step = _step(model, node, specs, memory_limit)
            specs.update(zip(step.outputs, step.operation.outputs, strict=True))
    return tuple(specs[i] for i in model.subgraphs[0].outputs)


def input_specs(model: Model, shapes: Sequence[tuple[int, ...]], memory_limit: int) -> dict[int, TensorSpec]:
    """Specs by tensor number: of the model's inputs, in these shapes, and of its states."""
    specs = {state.tensor: model.tensors[state.tensor].spec for state in model.states}
    for i, shape in zip(model.inputs, shapes, strict=True):
        specs[i] = TensorSpec(model.tensors[i].spec.dtype, shape, model.tensors[i].spec.name)
        _check_tensor(specs[i], "input", memory_limit)
    return specs


def take(model: Model, nodes: Sequence[int], fed: Mapping[int, TensorSpec], memory_limit: int) -> Span:
    """The first of `nodes`, as many as can be planned when the tensors `fed` are given.

    It ends before a node of control flow and before one whose output has a shape that depends on the data.
    """
    specs = {**_constants(model), **fed}
    steps = []
    for index in nodes:
        node = model.nodes[index]
        if node.op in CONTROL:
            break
        step = _step(model, node, specs, memory_limit)
        if not all(y.is_static for y in step.operation.outputs):
            break
        steps.append(step)
        specs.update(zip(step.outputs, step.operation.outputs, strict=True))
    return Span(specs, tuple(steps), len(steps))


def network_of(model: Model, span: Span, inputs: Sequence[int], outputs: Sequence[int]) -> Network:
    """The span as a network that computes `outputs`, without the steps they do not need."""
    needed = set(outputs)
    alive: list[Step] = []
    for step in reversed(span.steps):
        computed = not all(y.is_known for y in step.operation.outputs)
        if computed and needed.intersection(step.outputs):
            needed.update(step.inputs)
            alive.append(step)
    used = needed.union(inputs, *(step.outputs for step in alive))
    specs = {i: span.specs[i] for i in used}
    return Network(model.name, specs, tuple(inputs), tuple(outputs), tuple(reversed(alive)))


def _constants(model: Model) -> dict[int, TensorSpec]:
    return {i: tensor.spec for i, tensor in enumerate(model.tensors) if tensor.spec.is_known}


def _step(model: Model, node: Node, specs: Mapping[int, TensorSpec], memory_limit: int) -> Step:
    assert node.attrs is not None, "check_supported has refused models with unknown operators"
    where = f"{node.op} {node.name!r}"
    inputs = tuple(specs[i] for i in node.inputs)
    try:
        outputs = ops.infer(node.attrs, inputs)
        if inputs and inputs[0].stored is not None:
            from lite.plan.groups import in_codes  # few networks have codes

            outputs = in_codes(node.attrs, inputs, outputs)
    except TensorError as error:
        raise type(error)(f"{where}: {error}") from error
    except OSError:  # a signal handler's TimeoutError, say: inference itself raises none
        raise
    except Exception as error:  # attributes and operands come from the file: whatever they break, it is at fault
        given = ", ".join(map(str, inputs))
        raise InvalidModelError(f"{model.name}: {where} does not accept its inputs ({given}): {error!r}") from error
    if len(outputs) < len(node.outputs):
        raise InvalidModelError(
            f"{model.name}: {where} has {len(node.outputs)} outputs, the operator gives {len(outputs)}"
        )
    named = tuple(y.named(model.tensors[i].spec.name) for y, i in zip(outputs, node.outputs, strict=False))
    for y in named:
        _check_tensor(y, f"{where}: output", memory_limit)
    return Step(Operation(node.name, node.attrs, inputs, named), node.inputs, node.outputs)


def _check_tensor(spec: TensorSpec, what: str, memory_limit: int) -> None:
    if spec.dtype is DType.STRING:
        raise DTypeError(f"{what} {spec}: strings are not supported")
    if spec.is_static and spec.nbytes > memory_limit:
        raise MemoryPlanError(f"{what} {spec} takes {spec.nbytes:,} bytes; memory_limit is {memory_limit:,}")
