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

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from typing import TypeAlias

from converter.ir.graph import Graph, Value
from converter.ir.invoke import Invoke
from converter.mindir.lowering import Unsupported
from converter.mindir.mind_ir_pb2 import GraphProto
from converter.mindir.operands import Choice, Closure, Missing, Monad, Operand, Reference, flatten
from converter.mindir.passing import (
    Structure,
    are_equal,
    arranged,
    as_value,
    copied,
    fed_values,
    join,
    specs_of,
    structure_of,
)
from converter.mindir.states import Effects, States
from lite.types import TensorSpec

_KINDS = {"✓": "then", "✗": "else", "↵": "loop", "↻": "body", "↓": "after"}  # what MindSpore calls functions by
_ENDLESS = "a function needs its own result: only a loop whose way out gives the result is supported"

# Reads a function's nodes into a graph; gives its result and when its effects have happened.
Read: TypeAlias = Callable[[GraphProto, Graph, Sequence[Operand]], tuple[Operand, Monad]]


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
    """The functions that become graphs of their own in one reading of a model, and the nodes that run them."""

    def __init__(self, recursive: Set[str], variation: Variation, read: Read, states: States) -> None:
        """recursive: names of the functions that may call themselves. read: reads a function's nodes into a graph."""
        self.graphs: dict[str, Graph] = {}
        self._variation = variation
        self._read = read
        self._states = states
        self._recursive = recursive
        self._active: list[_Instance] = []

    def loops(self, body: GraphProto) -> bool:
        """Whether a function may call itself, so that it cannot be inlined."""
        return body.name in self._recursive

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
        """The result of a call: that of its node, or Pending while none of its functions has a result yet."""
        instances = [instance for instance, _ in call.callees]
        missing = tuple(instance.missing for instance in instances if instance.missing is not None)
        if missing:
            return Missing(sources=missing)
        known = [instance.results for instance in instances if instance.known]
        if not known:
            return Pending(_ENDLESS, call=call)
        results = known[0]
        for other in known[1:]:
            results = join(results, other)
        return self._add(graph, call, results)

    def _add(self, graph: Graph, call: _Call, results: Structure) -> Operand:
        """Add the node, now that its results are known, and those that its functions end with."""
        for instance, _ in call.callees:
            self._settle(instance, results)
        specs = specs_of(results)
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
        return arranged(results, outputs)

    def _settle(self, instance: _Instance, results: Structure) -> None:
        """Add the call that a function ends with, if it waits for its results, to the function's graph."""
        call, instance.call = instance.call, None
        if call is not None:
            self._finish(instance, self._add(instance.graph, call, results))

    def _finish(self, instance: _Instance, result: Operand) -> None:
        """Make this the result of a function, and its tensors the outputs of the function's graph."""
        values: list[Value] = []
        taken = {value.name for value in instance.graph.inputs}
        instance.results = structure_of(result, values)
        instance.known = True
        for i, value in enumerate(values):
            if value not in instance.graph.inputs and (not value.name or value.name in taken):
                value.spec = value.spec.named(f"{instance.graph.name}:result{i}")
            taken.add(value.name)
        instance.graph.outputs = values

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
        return instance, [value for argument in (*fed, *states) for value in fed_values(argument)]

    def _new(self, body: GraphProto, arguments: Sequence[Operand]) -> _Instance:
        """Read a function into a graph of its own, for these arguments."""
        kind = next((word for mark, word in _KINDS.items() if mark in body.name), "function")
        graph = Graph(f"{kind}_{len(self.graphs)}")
        self.graphs[graph.name] = graph
        fed = [
            (body.name, i) in self._variation.varying
            or any(isinstance(leaf, Value) and leaf.data is None for leaf in flatten(argument))
            for i, argument in enumerate(arguments)
        ]
        inner = [
            self._formal(graph, body, i, argument) if feeds else copied(argument)
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
                return copied(operand)
            spec = self._variation.specs.get((body.name, position, leaf), as_value(operand).spec)
            leaf += 1
            return graph.add_input(TensorSpec(spec.dtype, spec.shape, f"{graph.name}:{len(graph.inputs)}"))

        return formal(argument)

    def _check_same(self, instance: _Instance, arguments: Sequence[Operand]) -> None:
        """Raises Varies where a loop comes round with other arguments than those that it was entered with."""
        name = instance.body.name
        varies = False
        for i, (argument, given, fed) in enumerate(zip(arguments, instance.given, instance.fed, strict=True)):
            if not fed and not are_equal(argument, given):
                self._variation.varying.add((name, i))
                varies = True
            if fed:
                pairs = zip(fed_values(argument), fed_values(instance.arguments[i]), strict=True)
                for leaf, (new, old) in enumerate(pairs):
                    joined = join(old.spec.like(), new.spec.like())
                    assert isinstance(joined, TensorSpec), "of two tensors"
                    if joined != old.spec.like():
                        self._variation.specs[name, i, leaf] = joined
                        varies = True
        if varies:
            raise Varies


def _is_later(end: Monad, call: Monad) -> bool:
    """Whether there are writes at the end that a call, whose own effects are not known, does not see."""
    later = (now for name, now in end.held.items() if call.held.get(name) != now)
    return any(not isinstance(value, Missing) for _, value in later)
