"""Run a model whose control flow or shapes depend on its data: plans, with one node between every two of them.

A subgraph runs as plans of as many nodes as can be planned. The node after such a plan is one of

- control flow: PartialFusion binds tensors to a subgraph, Switch and SwitchLayer choose one, Call runs it. A call whose
  results are those of its own subgraph does not return: the callee takes the caller's place, so that a loop, which is
  subgraphs that call each other, takes no stack.
- an operator with an output whose shape depends on the data. The references run it, then the next plan is made for the
  shapes that came out.

Plans are kept by where they begin and by the shapes they are given, so a loop plans its body once.
"""
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lite import ops
from lite.errors import DelegateError
from lite.model import CONTROL, Model, Node
from lite.plan.build import Resources, build_plan
from lite.plan.network import input_specs, network_of, output_specs, take
from lite.plan.plan import MemoryReport, Plan, PlannedStep
from lite.records import dataclass
from lite.types import Array, TensorSpec

_MOST_PLANS = 64  # that one program keeps; a loop whose shapes grow makes a new one each time
_MOST_CALLS = 100  # that wait for each other


@dataclass(frozen=True, slots=True)
class _Closure:
    """A subgraph and the arguments that are bound already."""

    subgraph: int
    arguments: tuple[Array, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """Nodes [start, stop) of a subgraph. inputs, outputs: tensor numbers, as the plan's. plan: None for no nodes."""

    stop: int
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    plan: Plan | None = None


class Program:
    """Stands in for a Plan where there cannot be one. Not for use by several threads at once."""

    def __init__(self, model: Model, shapes: Sequence[tuple[int, ...]], resources: Resources) -> None:
        """Plans the first part of the model. Raises what take and build_plan raise."""
        self._model = model
        self._resources = resources
        self._limit = resources.memory_limit
        self._parts: OrderedDict[tuple[object, ...], _Part] = OrderedDict()
        self._reads: dict[tuple[int, int], frozenset[int]] = {}
        self.output_specs = output_specs(model, shapes, resources.memory_limit)
        self._part(0, 0, input_specs(model, shapes, resources.memory_limit))

    @property
    def steps(self) -> tuple[PlannedStep, ...]:
        """The steps of the plans made so far, the latest plan last."""
        return tuple(step for plan in self._plans() for step in plan.steps)

    @property
    def report(self) -> MemoryReport:
        """The memory of the plans made so far, together."""
        reports = [plan.report for plan in self._plans()]
        return MemoryReport(*(sum(getattr(r, name) for r in reports) for name in MemoryReport.__slots__))

    def run(self, arrays: Sequence[Array], execute: Callable[[Plan], object] = Plan.execute) -> list[Array]:
        """Copies of the outputs for these inputs, states among both. execute: what to do with each plan once
        its inputs are set.

        Raises DelegateError where an operator fails, and what planning raises for shapes that come up.
        """
        results = self._call(_Closure(0, tuple(arrays)), execute, 0)
        _check_types(self._model.name, results, self.output_specs)
        return results

    def _nbytes(self) -> int:
        """Bytes that the tensors of the kept plans take: at most half of the limit when another plan is made."""
        return sum(plan.report.arena + plan.report.scratch for plan in self._plans())

    def _plans(self) -> list[Plan]:
        return [part.plan for part in self._parts.values() if part.plan is not None]

    def _call(self, closure: _Closure, execute: Callable[[Plan], object], depth: int) -> list[Array]:
        if depth == _MOST_CALLS:
            raise DelegateError(f"{self._model.name}: more than {_MOST_CALLS} calls wait for each other")
        result: _Closure | list[Array] = closure
        while isinstance(result, _Closure):
            result = self._walk(result, execute, depth)
        return result

    def _walk(self, closure: _Closure, execute: Callable[[Plan], object], depth: int) -> _Closure | list[Array]:
        """Run a subgraph. Gives its outputs, or the closure that it ends with a call of."""
        model, index = self._model, closure.subgraph
        graph = model.subgraphs[index]
        values = dict(zip(graph.inputs, closure.arguments, strict=True))
        for i, array in values.items():
            if array.dtype != model.tensors[i].spec.dtype.dtype:
                raise DelegateError(f"{graph.name!r} is called with {array.dtype} for {model.tensors[i].spec}")
        closures: dict[int, _Closure] = {}
        position = 0
        while True:
            specs = {i: TensorSpec.of(array).like().named(model.tensors[i].spec.name) for i, array in values.items()}
            part = self._part(index, position, specs)
            if part.plan is not None:
                for target, i in zip(part.plan.inputs, part.inputs, strict=True):
                    np.copyto(target, values[i])
                execute(part.plan)
                values.update(zip(part.outputs, part.plan.outputs, strict=True))
            if part.stop == len(graph.nodes):
                return [self._value(i, values).copy() for i in graph.outputs]
            node = model.nodes[graph.nodes[part.stop]]
            position = part.stop + 1
            if node.op == "Call":
                called = self._bind(closures[node.inputs[0]], node.inputs[1:], values)
                if position == len(graph.nodes) and node.outputs == graph.outputs:
                    return called
                values = {i: values[i].copy() for i in self._read_from(index, position) & values.keys()}
                results = self._call(called, execute, depth + 1)
                _check_types(node.name, results, [model.tensors[i].spec for i in node.outputs])
                values.update(zip(node.outputs, results, strict=True))
            elif node.op in CONTROL:
                closures[node.outputs[0]] = self._closure(node, values, closures)
            else:
                values.update(zip(node.outputs, self._evaluate(node, values), strict=False))
                values = {i: values[i] for i in self._read_from(index, position) & values.keys()}

    def _closure(self, node: Node, values: Mapping[int, Array], closures: Mapping[int, _Closure]) -> _Closure:
        if node.op == "PartialFusion":
            subgraph = node.fields["sub_graph_index"]
            assert isinstance(subgraph, int), "the rules of models say so"
            return self._bind(_Closure(subgraph, ()), node.inputs, values)
        selector, branches = self._value(node.inputs[0], values), node.inputs[1:]
        if selector.size != 1:
            raise DelegateError(f"{node.op} {node.name!r} chooses by {TensorSpec.of(selector)}; expected one element")
        chosen = int(selector.item())
        if node.op == "Switch":
            return closures[branches[0 if chosen else 1]]
        if not -len(branches) <= chosen < len(branches):
            raise DelegateError(f"{node.op} {node.name!r} chooses branch {chosen} of {len(branches)}")
        return closures[branches[chosen]]

    def _bind(self, closure: _Closure, arguments: Sequence[int], values: Mapping[int, Array]) -> _Closure:
        """The closure with copies of these arguments added: a plan that runs again overwrites its outputs."""
        added = (self._value(i, values).copy() for i in arguments)
        return _Closure(closure.subgraph, (*closure.arguments, *added))

    def _evaluate(self, node: Node, values: Mapping[int, Array]) -> tuple[Array, ...]:
        assert node.attrs is not None, "check_supported has refused models with unknown operators"
        try:
            results = ops.evaluate(node.attrs, [self._value(i, values) for i in node.inputs])
        except OSError:  # a signal handler's TimeoutError, say: numpy raises none
            raise
        except Exception as error:
            raise DelegateError(f"{node.op} {node.name!r} failed: {error}") from error
        return tuple(np.ascontiguousarray(result).reshape(result.shape) for result in results)

    def _value(self, tensor: int, values: Mapping[int, Array]) -> Array:
        value = self._model.tensors[tensor].spec.value
        return values[tensor] if value is None else value

    def _part(self, index: int, start: int, known: Mapping[int, TensorSpec]) -> _Part:
        """The nodes from `start` on that can be planned together where `known` is given."""
        model, nodes = self._model, self._model.subgraphs[index].nodes
        key = (index, start, tuple((i, known[i].dtype, known[i].shape) for i in sorted(known)))
        part = self._parts.get(key)
        if part is None:
            while self._parts and (len(self._parts) >= _MOST_PLANS or 2 * self._nbytes() > self._limit):
                self._parts.popitem(last=False)
            span = take(model, nodes[start:], known, self._resources.memory_limit)
            stop = start + span.count
            read = {i for step in span.steps for i in step.inputs}
            inputs = tuple(sorted(read & known.keys()))
            written = {i for step in span.steps for i in step.outputs}
            outputs = tuple(sorted(written & self._read_from(index, stop)))
            part = _Part(stop)
            if span.steps:
                plan = build_plan(network_of(model, span, inputs, outputs), self._resources)
                part = _Part(stop, inputs, outputs, plan)
            self._parts[key] = part
        self._parts.move_to_end(key)
        return part

    def _read_from(self, index: int, position: int) -> frozenset[int]:
        """The tensors that nodes of a subgraph from `position` on read, or that are its outputs."""
        place = index, position
        if place not in self._reads:
            graph = self._model.subgraphs[index]
            nodes = (self._model.nodes[i] for i in graph.nodes[position:])
            self._reads[place] = frozenset(graph.outputs).union(*(node.inputs for node in nodes))
        return self._reads[place]


def _check_types(what: str, results: Sequence[Array], specs: Sequence[TensorSpec]) -> None:
    """Whoever reads the results relies on the element types that the model says."""
    for array, spec in zip(results, specs, strict=True):
        if array.dtype != spec.dtype.dtype:
            raise DelegateError(f"{what!r} gives {array.dtype} for {spec}")
