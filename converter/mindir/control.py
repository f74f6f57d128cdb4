"""Branches and loops: functions of a MindIR that cannot be inlined become functions of the graph.

An if is a call of what Switch chooses of two closures. A loop is functions that call each other: a header that chooses
between the body, which calls the header again, and what comes after. Both become nodes that run functions (see
converter.ir.invoke).

What a function is given is an input of its graph where that is computed, and known while its graph is read where it is
the same in every call: constants, parameters, numbers. Whether it is the same turns out when a loop comes round with
another one; then the model is read anew, with that argument as an input (Varies). The same goes for dimensions.

A function also takes the states that it reads or writes, and gives those that it writes (see converter.mindir.states).

The results of a loop follow from the way out of it: while the body is read, the header's results are not known yet, so
a call of it can only be the body's own result (Pending). The node is added once they are known.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from converter.ir.graph import Graph, Value
from converter.ir.invoke import Invoke
from converter.mindir.lowering import Unsupported
from converter.mindir.mind_ir_pb2 import GraphProto, NodeProto
from converter.mindir.operands import (
    Choice,
    Closure,
    Function,
    Missing,
    Monad,
    Operand,
    Reference,
    describe,
    flatten,
)
from converter.mindir.states import BEGINNING, Effects, States
from lite.types import DType, TensorSpec

_REFERENCE = "REF::"
_DTYPES = {bool: DType.BOOL, int: DType.INT64, float: DType.FLOAT32}
_KINDS = {"✓": "then", "✗": "else", "↵": "loop", "↻": "body", "↓": "after"}  # what MindSpore calls functions by
_ENDLESS = "a function needs its own result: only a loop whose way out gives the result is supported"

# Reads a function's nodes into a graph; gives its result and when its effects have happened.
Read: TypeAlias = Callable[[GraphProto, Graph, Sequence[Operand]], tuple[Operand, Monad]]
Structure: TypeAlias = "TensorSpec | Monad | tuple[Structure, ...] | None"


class Varies(Exception):
    """An argument that was taken for the same in every call is not: what is known of it has been noted."""


@dataclass(slots=True)
class Variation:
    """What is known of functions' arguments, by function and position. specs: also by the number of the leaf.

    effects: what is known of the parameters that are written to.
    """

    varying: set[tuple[str, int]] = field(default_factory=set)
    specs: dict[tuple[str, int, int], TensorSpec] = field(default_factory=dict)
    effects: Effects = field(default_factory=Effects)


@dataclass(slots=True, eq=False)
class _Instance:
    """A function for some known arguments. arguments: as its graph sees them. given: the known ones, None for inputs.

    takes, gives: names of states, which come after the arguments and results. results: None until they are known.
    call: what it ends with, while that is so. missing: its result, where an operator is not supported.
    """

    body: GraphProto
    graph: Graph
    arguments: list[Operand]
    given: list[Operand]
    fed: list[bool]
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    results: Structure | None = None
    known: bool = False
    call: _Call | None = None
    missing: Missing | None = None


@dataclass(slots=True)
class _Call:
    """A node that runs functions, not added yet. time: when it does."""

    time: Monad
    selector: Value | None
    numbered: bool
    callees: list[tuple[_Instance, list[Value]]]


@dataclass(frozen=True, slots=True, eq=False)
class Pending(Missing):
    """The result of a call whose results are not known yet: nothing but the result of the function that makes it."""

    call: _Call | None = None


class Functions:
    """The functions of one graph that is read. Give `read` before the first use."""

    def __init__(self, bodies: Mapping[str, GraphProto], variation: Variation, read: Read, states: States) -> None:
        self.graphs: dict[str, Graph] = {}
        self._variation = variation
        self._read = read
        self._states = states
        self._looping = _looping(bodies)
        self._active: list[_Instance] = []

    def loops(self, body: GraphProto) -> bool:
        """Whether a function may call itself, so that it cannot be inlined."""
        return body.name in self._looping

    def call(
        self, graph: Graph, callee: Closure | Choice, arguments: Sequence[Operand], time: Monad
    ) -> tuple[Operand, Monad]:
        """The result of a call in `graph` at that time, and the time then. Raises Unsupported, and Varies."""
        options = callee.options if isinstance(callee, Choice) else (callee,)
        callees = [self._callee(option.function.body, (*option.arguments, *arguments), time) for option in options]
        selector, numbered = (callee.selector, callee.numbered) if isinstance(callee, Choice) else (None, False)
        self._states.share([instance.body.name for instance, _ in callees])
        gives = callees[0][0].gives
        if any(instance.gives != gives for instance, _ in callees):
            raise Varies
        result = self._result(graph, _Call(time, selector, numbered, callees))
        states: Sequence[Operand] = [result] * len(gives)
        if isinstance(result, tuple):
            result, *states = result
        for name, value in zip(gives, states, strict=True):
            assert isinstance(value, Value | Missing), "a state is one tensor"
            time = self._states.write(name, value, time)
        return result, time

    def _result(self, graph: Graph, call: _Call) -> Operand:
        instances = [instance for instance, _ in call.callees]
        missing = tuple(instance.missing for instance in instances if instance.missing is not None)
        if missing:
            return Missing(sources=missing)
        known = [instance.results for instance in instances if instance.known]
        if not known:
            return Pending(_ENDLESS, call=call)
        results = known[0]
        for other in known[1:]:
            results = _join(results, other)
        return self._add(graph, call, results)

    def _add(self, graph: Graph, call: _Call, results: Structure) -> Operand:
        """Add the node, now that its results are known, and those that its functions end with."""
        for instance, _ in call.callees:
            self._settle(instance, results)
        specs = tuple(spec for spec in _specs(results))
        attrs = Invoke(
            tuple(instance.graph.name for instance, _ in call.callees),
            tuple(len(values) for _, values in call.callees),
            specs,
            call.numbered,
        )
        inputs = [value for _, values in call.callees for value in values]
        if call.selector is not None:
            inputs = [call.selector, *inputs]
        # Not called as the node of the MindIR, whose name differs from export to export.
        name = attrs.functions[0].replace("then", "if")
        outputs = iter(graph.add(attrs, inputs, name, name))
        return _arranged(results, outputs)

    def _settle(self, instance: _Instance, results: Structure) -> None:
        call, instance.call = instance.call, None
        if call is not None:
            self._finish(instance, self._add(instance.graph, call, results))

    def _finish(self, instance: _Instance, result: Operand) -> None:
        values: list[Value] = []
        taken = {value.name for value in instance.graph.inputs}
        instance.results = self._returned(result, values)
        instance.known = True
        for i, value in enumerate(values):
            if value not in instance.graph.inputs and (not value.name or value.name in taken):
                value.spec = value.spec.named(f"{instance.graph.name}:result{i}")
            taken.add(value.name)
        instance.graph.outputs = values

    def _returned(self, result: Operand, values: list[Value]) -> Structure:
        """The structure of a function's result; its tensors are added to `values`."""
        if isinstance(result, tuple):
            return tuple(self._returned(item, values) for item in result)
        if result is None or isinstance(result, Monad):
            return result
        value = _as_value(result)
        values.append(value)
        return value.spec.like()

    def _callee(self, body: GraphProto, arguments: Sequence[Operand], time: Monad) -> tuple[_Instance, list[Value]]:
        """The function to call, and the tensors of these arguments that it takes."""
        if len(arguments) != len(body.input) or len(body.output) != 1:
            raise Unsupported(f"{body.name} is called with {len(arguments)} arguments; it takes {len(body.input)}")
        instance = next((active for active in self._active if active.body is body), None)
        if instance is None:
            instance = self._new(body, arguments)
        else:
            self._check_same(instance, arguments)
        fed = (argument for argument, feeds in zip(arguments, instance.fed, strict=True) if feeds)
        states = (self._states.read(Reference(name), time) for name in instance.takes)
        return instance, [value for argument in (*fed, *states) for value in _values(argument)]

    def _new(self, body: GraphProto, arguments: Sequence[Operand]) -> _Instance:
        kind = next((word for mark, word in _KINDS.items() if mark in body.name), "function")
        graph = Graph(f"{kind}_{len(self.graphs)}")
        self.graphs[graph.name] = graph
        fed = [
            (body.name, i) in self._variation.varying
            or any(isinstance(leaf, Value) and leaf.data is None for leaf in flatten(argument))
            for i, argument in enumerate(arguments)
        ]
        inner = [
            self._formal(graph, body, i, argument) if feeds else _copied(argument)
            for i, (argument, feeds) in enumerate(zip(arguments, fed, strict=True))
        ]
        given = [None if feeds else argument for argument, feeds in zip(arguments, fed, strict=True)]
        takes, gives = self._states.takes(body.name), self._states.gives(body.name)
        initial = {
            name: graph.add_input(self._states.spec(name).named(f"{graph.name}:{len(graph.inputs)}")) for name in takes
        }
        instance = _Instance(body, graph, inner, given, fed, takes, gives)
        self._active.append(instance)
        with self._states.inside(body.name, initial):
            result, time = self._read(body, graph, inner)
            states = tuple(self._states.read(Reference(name), time) for name in gives)
        self._active.pop()
        if isinstance(result, Pending):
            instance.call = result.call
            if result.call is not None and _is_later(time, result.call.time):
                raise Unsupported("a parameter is changed after the call that a function ends with: change it before")
        elif missing := [leaf for leaf in flatten((result, *states)) if isinstance(leaf, Missing)]:
            instance.missing = missing[0]
        else:
            self._finish(instance, (result, *states))
        return instance

    def _formal(self, graph: Graph, body: GraphProto, position: int, argument: Operand) -> Operand:
        """What a function sees of an argument that is computed: inputs of its graph."""
        leaf = 0

        def formal(operand: Operand) -> Operand:
            nonlocal leaf
            if isinstance(operand, tuple):
                return tuple(formal(item) for item in operand)
            if operand is None or isinstance(operand, Monad | Reference):
                return _copied(operand)
            spec = self._variation.specs.get((body.name, position, leaf), _as_value(operand).spec)
            leaf += 1
            return graph.add_input(TensorSpec(spec.dtype, spec.shape, f"{graph.name}:{len(graph.inputs)}"))

        return formal(argument)

    def _check_same(self, instance: _Instance, arguments: Sequence[Operand]) -> None:
        """Raises Varies where a loop comes round with other arguments than those that it was entered with."""
        name = instance.body.name
        varies = False
        for i, (argument, given, fed) in enumerate(zip(arguments, instance.given, instance.fed, strict=True)):
            if not fed and not _same(argument, given):
                self._variation.varying.add((name, i))
                varies = True
            if fed:
                for leaf, (new, old) in enumerate(zip(_values(argument), _values(instance.arguments[i]), strict=True)):
                    joined = _join(old.spec.like(), new.spec.like())
                    assert isinstance(joined, TensorSpec), "of two tensors"
                    if joined != old.spec.like():
                        self._variation.specs[name, i, leaf] = joined
                        varies = True
        if varies:
            raise Varies


def _looping(bodies: Mapping[str, GraphProto]) -> frozenset[str]:
    """Names of the functions that may call themselves, through others or not."""
    uses = {
        name: bodies.keys() & {used for node in body.node for used in (*node.input, _called(node))}
        for name, body in bodies.items()
    }
    found = set()
    for name in bodies:
        reached: set[str] = set()
        waiting = list(uses[name])
        while waiting:
            used = waiting.pop()
            if used not in reached:
                reached.add(used)
                waiting.extend(uses[used])
        if name in reached:
            found.add(name)
    return frozenset(found)


def _called(node: NodeProto) -> str:
    return node.op_type.removeprefix(_REFERENCE)


def _as_value(operand: Operand) -> Value:
    if isinstance(operand, Value):
        return operand
    if isinstance(operand, bool | int | float):
        return Value.constant(np.array(operand, _DTYPES[type(operand)].dtype), "number")
    raise Unsupported(f"a branch or loop passes on {describe(operand)}: make it of tensors, numbers and tuples of them")


def _values(operand: Operand) -> list[Value]:
    """The tensors of an argument that a function takes as inputs."""
    leaves = (leaf for leaf in flatten(operand) if not isinstance(leaf, Monad | Reference))
    return [_as_value(leaf) for leaf in leaves if leaf is not None]


def _copied(operand: Operand) -> Operand:
    """A known argument for another graph: graphs share no values."""
    if isinstance(operand, tuple):
        return tuple(_copied(item) for item in operand)
    if isinstance(operand, Value):
        assert operand.data is not None, "what is computed is an input"
        return Value.constant(operand.data, operand.name)
    if isinstance(operand, Closure):
        return Closure(operand.function, tuple(_copied_constant(argument) for argument in operand.arguments))
    if isinstance(operand, Monad):
        return BEGINNING
    if isinstance(operand, Reference):
        return Reference(operand.name)
    if isinstance(operand, Choice):
        raise Unsupported("a function that is chosen while the network runs is passed on: choose where it is called")
    return operand


def _copied_constant(operand: Operand) -> Operand:
    if any(isinstance(leaf, Value) and leaf.data is None for leaf in flatten(operand)):
        raise Unsupported("a function with computed arguments is passed on: call it where it is made")
    return _copied(operand)


def _same(a: Operand, b: Operand) -> bool:
    """Whether two known arguments are equal."""
    if isinstance(a, Value) and isinstance(b, Value):
        x, y = a.data, b.data
        if x is None or y is None or (x.dtype, x.shape) != (y.dtype, y.shape):
            return x is y is None and a is b
        return x.__array_interface__["data"] == y.__array_interface__["data"] or x.tobytes() == y.tobytes()
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, Function) and isinstance(b, Function):
        return a.body is b.body
    if isinstance(a, Closure) and isinstance(b, Closure):
        return _same(a.function, b.function) and _same(a.arguments, b.arguments)
    return type(a) is type(b) and (isinstance(a, Monad) or a == b)


def _is_later(end: Monad, call: Monad) -> bool:
    """Whether there are writes at the end that a call, whose own effects are not known, does not see."""
    later = (now for name, now in end.held.items() if call.held.get(name) != now)
    return any(not isinstance(value, Missing) for _, value in later)


def _specs(structure: Structure) -> list[TensorSpec]:
    if isinstance(structure, tuple):
        return [spec for item in structure for spec in _specs(item)]
    return [structure] if isinstance(structure, TensorSpec) else []


def _arranged(structure: Structure, outputs: Iterator[Value]) -> Operand:
    if isinstance(structure, tuple):
        return tuple(_arranged(item, outputs) for item in structure)
    return next(outputs) if isinstance(structure, TensorSpec) else structure


def _join(a: Structure, b: Structure) -> Structure:
    """What fits both. Raises Unsupported where nothing does."""
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return tuple(map(_join, a, b))
    if isinstance(a, TensorSpec) and isinstance(b, TensorSpec) and (a.dtype, a.rank) == (b.dtype, b.rank):
        return replace(a, shape=tuple(d if d == e else -1 for d, e in zip(a.shape, b.shape, strict=True)))
    if type(a) is type(b) and not isinstance(a, tuple | TensorSpec):
        return a
    raise Unsupported(f"branches or rounds of a loop give {_described(a)} and {_described(b)}: make them of one type")


def _described(structure: Structure) -> str:
    return f"a tuple of {len(structure)}" if isinstance(structure, tuple) else str(structure)
