"""Read a MindIR file into the IR.

Nodes are resolved in file order, which is topological. Constants belong to the whole model; every other name is
`<graph>:<name>`. Tuples, monads and parameter references disappear on the way, and calls of functions are inlined
where they can be; control.py has the others, states.py the parameters that the network writes to, signature.py the
names of inputs and outputs.
"""
from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType

from converter.errors import OptionError, ParseError
from converter.ir.graph import Graph, Value
from converter.ir.interface import check_names, named_tensors, open_inputs, select_outputs
from converter.mindir.calls import Branches, CallGraph
from converter.mindir.constants import ConstantReader
from converter.mindir.container import Container, open_container
from converter.mindir.control import Functions, Variation, Varies
from converter.mindir.definitions import Definitions
from converter.mindir.effects import IN_PLACE, SEEN, Uses, fitted
from converter.mindir.lowering import Lowering, Unsupported, lower
from converter.mindir.mind_ir_pb2 import GraphProto, NodeProto
from converter.mindir.nodes import Primitives, target, where
from converter.mindir.operands import (
    Choice,
    Closure,
    Function,
    Missing,
    Monad,
    Operand,
    Reference,
    causes,
    describe,
    flatten,
)
from converter.mindir.primitives import PRIMITIVES
from converter.mindir.refusals import CALL, Refusals, is_unknown, rows
from converter.mindir.scope import Scope
from converter.mindir.signature import Signature
from converter.mindir.states import BEGINNING, States, at, latest
from converter.mindir.structure import STRUCTURE
from lite.errors import ConvertError, LiteError, UnsupportedOpError
from lite.types import Array

_LOG = logging.getLogger("mindlite")
_MAX_CALL_DEPTH = 100
_MOST_READS = 100  # of a model with loops, each of which shows more of what varies in them
_MAX_NODES = 1_000_000  # after inlining, and at most 100 for one in the file: functions can double them each time


def read_mindir(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview,
    input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
    outputs: Sequence[str] = (),
    weights: Mapping[str, Array] | None = None,
    key: bytes | None = None,
) -> Graph:
    """The network in a MindIR file, or in its bytes, as a graph of `.ms` operators.

    input_shapes: input name -> static shape, where it was exported with dynamic dimensions. outputs: tensors or nodes
    to end at, in place of the network's own outputs; then only what these need has to be supported. weights: a
    checkpoint's tensors by name, in place of those of all parameters. key: of an encrypted file.

    Raises ParseError where the input is not a well-formed MindIR, UnsupportedOpError with every operator that cannot be
    expressed, OptionError for shapes, outputs, weights or a key that do not fit, OSError where a file cannot be read.
    """
    container, variation = open_container(source, key), Variation()
    try:
        for _ in range(_MOST_READS):
            reader = _Reader(container, input_shapes, variation, weights)
            try:
                return reader.read(outputs)
            except Varies:  # each time more is known of functions' arguments, and of the parameters that are written to
                continue
            except LiteError:
                if not reader.states.incomplete():
                    raise
            finally:
                reader.release()
        raise ParseError(f"{container.name}: what its loops carry cannot be told after {_MOST_READS} readings")
    except RecursionError as error:
        raise ParseError(f"{container.name}: functions call each other too deeply") from error


class _Reader:
    """The state of reading one model."""

    def __init__(
        self,
        container: Container,
        input_shapes: Mapping[str, Sequence[int]],
        variation: Variation,
        weights: Mapping[str, Array] | None,
    ) -> None:
        self.input_shapes = input_shapes
        self.model_name = container.name
        model = container.model
        self.main = model.graph
        self.graphs = (model.graph, *model.functions)
        self.functions = {body.name: body for body in model.functions}
        little_endian = model.little_endian or not model.HasField("little_endian")
        constants = ConstantReader(container.folder, little_endian, container.read)
        self.primitives = Primitives(model.primitives, constants)
        self.definitions = Definitions(self.model_name, self.graphs, constants, weights)
        self.globals = Scope()
        self.parameters: dict[str, Value] = {}  # of the graph that is read, where there are references to them
        self.graph = Graph()
        self.signature = Signature(self.model_name, self.graph, input_shapes)
        self.states = States(variation.effects, self._parameter)
        used = {self.primitives.name(node) for body in self.graphs for node in body.node} - {None}
        self.stateful = not used.isdisjoint(IN_PLACE) or not used <= PRIMITIVES.keys() | STRUCTURE.keys()
        self.calls = CallGraph(model.graph, model.functions)
        self.control = Functions(self.calls.recursive(), variation, self._read_function, self.states)
        self.refusals = Refusals()
        self.branches = Branches()
        self.remarks: dict[str, None] = {}
        self.uses = Uses(self.graphs, self.primitives.name)
        self.nodes_read = 0
        self.node_limit = min(100 * sum(len(body.node) for body in self.graphs) + 1000, _MAX_NODES)

    def read(self, chosen: Sequence[str]) -> Graph:
        """The whole model, or as much of it as the chosen outputs need."""
        scope = Scope(self.globals)
        scope.values.update(self.signature.take(self.main.input, self.main.name))
        for name in self.definitions:
            if self.states.is_written(name):
                self.states.initial[name] = self.signature.add_state(self._parameter(name))
        self._read_nodes(self.main, scope)
        end = latest(scope.time(info.name) for info in self.main.output)
        leaves = (leaf for info in self.main.output for leaf in flatten(self._resolve(info.name, scope)))
        results = [self.states.read(leaf, end) for leaf in leaves if not isinstance(leaf, Monad)]
        states = [self.states.read(Reference(name), end) for name in self.states.initial]
        self.signature.give(results, states, self.refusals)
        if self.states.incomplete():
            raise Varies
        self.graph.functions = self.control.graphs
        self._check_supported(chosen, states)
        if chosen:
            select_outputs(self.graph, chosen)
        for remark in self.remarks:
            _LOG.warning("%s: %s", self.model_name, remark)
        return self.graph

    def release(self) -> None:
        """Let go of weights as they were stored: the reader holds itself, by its methods, and would hold them on."""
        self.globals.values.clear()
        self.parameters.clear()
        del self.definitions

    def _check_supported(self, chosen: Sequence[str], states: Sequence[Operand]) -> None:
        """Raises UnsupportedOpError with all that is missing: of the model, or of what the chosen outputs need."""
        total = self._report_unknown_primitives()
        unsupported, missing = self.refusals.reported, self.refusals.missing
        if chosen:
            there = named_tensors(self.graph)
            check_names("outputs", chosen, {**missing, **there})
            lost = (state for state in states if isinstance(state, Missing))
            unsupported = list(causes((*lost, *(missing[name] for name in chosen if name not in there))))
        if unsupported:
            hint = self.refusals.way_out(self.graph)
            # Fixed dimensions make no unknown primitive known, but may leave out the branch that has it.
            may_help = bool(self.functions) or not any(map(is_unknown, unsupported))
            if may_help and (way_out := open_inputs(self.signature.inputs)):
                hint = f"{way_out}\n{hint}"
            raise UnsupportedOpError(self.model_name, total, rows(unsupported), hint)

    def _report_unknown_primitives(self) -> int:
        """Report every primitive without a row, also in functions that are not called. Returns the number of operators.

        What only branches use that are never taken is no matter: what their conditions ask is known.
        """
        total = 0
        untaken = self.calls.only_used_by(self.branches.untaken())
        for body in self.graphs:
            for node in body.node:
                op = self.primitives.name(node)
                if op is None or op in STRUCTURE:
                    continue
                total += 1
                if op not in PRIMITIVES and body.name not in untaken:
                    self.refusals.unknown(op, where(node))
        return total

    def _read_nodes(self, body: GraphProto, scope: Scope) -> None:
        for node in body.node:
            if node.op_type == "Constant":
                continue
            self.nodes_read += 1
            if self.nodes_read > self.node_limit:
                raise ParseError(f"{self.model_name}: function calls expand to more than {self.node_limit} nodes")
            if len(node.output) != 1:
                raise ParseError(f"{self.model_name}: node {node.name!r} has {len(node.output)} outputs; expected one")
            try:
                scope.values[node.output[0]] = self._read_node(node, scope)
            except Unsupported as error:
                operands = [self._resolve(name, scope) for name in node.input]
                missing = self.refusals.result(self.primitives.name(node) or CALL, where(node), str(error), operands)
                scope.values[node.output[0]] = missing
                scope.times[node.output[0]] = self._lost(node, missing, scope)
            except ConvertError as error:
                raise ParseError(f"{self.model_name}: {where(node)}: {error}") from error
            except (LiteError, ArithmeticError, LookupError, TypeError, ValueError) as error:
                raise self._contradiction(node, error) from error

    def _contradiction(self, node: NodeProto, error: Exception) -> ConvertError:
        """What to raise where a node cannot have its inputs: shapes that were asked for, or the file, are wrong."""
        if self.input_shapes:
            given = ", ".join(f"{name} {list(shape)}" for name, shape in self.input_shapes.items())
            message = f"{where(node)} does not take its inputs once shapes are {given}: {error}"
            return OptionError(f"input_shapes: {message}")
        message = f"{self.model_name}: {where(node)} contradicts its inputs: {error}"
        way_out = open_inputs(self.signature.inputs)
        return ParseError(f"{message}\n{way_out}" if way_out else message)

    def _lost(self, node: NodeProto, missing: Missing, scope: Scope) -> Monad:
        """The time after an operator that is not supported: nobody knows what the parameters it was given hold."""
        time = latest(scope.time(name) for name in node.input)
        leaves = [leaf for name in node.input for leaf in flatten(self._resolve(name, scope))]
        if any(isinstance(leaf, Monad) for leaf in leaves):
            for leaf in leaves:
                if isinstance(leaf, Reference):
                    time = self.states.write(leaf.name, missing, time)
        return time

    def _read_node(self, node: NodeProto, scope: Scope) -> Operand:
        inputs = [self._resolve(name, scope) for name in node.input]
        op = self.primitives.name(node)
        if self.stateful:
            time = latest(map(scope.time, node.input))
            result, scope.times[node.output[0]] = self._read_effects(op, node, inputs, scope, time)
            return result
        if op is None:
            return self._call(target(node), inputs, scope, BEGINNING)[0]
        return self._arrange(op, inputs) if op in STRUCTURE else self._lower(op, node, inputs)

    def _read_effects(
        self, op: str | None, node: NodeProto, inputs: Sequence[Operand], scope: Scope, time: Monad
    ) -> tuple[Operand, Monad]:
        """A node's result and its time, in a model that writes to parameters. time: that of the inputs."""
        if op is None:
            return self._call(target(node), inputs, scope, time)
        if op == "UpdateState":
            return time, time
        if op == "Depend" and inputs:
            return at(inputs[0], time), time
        if op == "Switch" or op == "switch_layer":
            inputs = [self.states.read(inputs[0], time), *inputs[1:]] if inputs else inputs
        if op in STRUCTURE and op != "Load":
            return self._arrange(op, inputs), time
        values = [self.states.read(operand, time) for operand in inputs]
        if op == "Load":
            return STRUCTURE[op](values), time
        if op not in IN_PLACE:
            return self._lower(op, node, values), time
        changed = inputs[0] if inputs else None
        if not isinstance(changed, Reference) and not self.uses.only_here(node.input[0]):
            raise Unsupported(SEEN)
        context = self._lowering(op, node)
        result = fitted(context, lower(PRIMITIVES[op], context, values), values[0])
        if not isinstance(changed, Reference):
            return result, time
        time = self.states.write(changed.name, result, time)
        return Reference(changed.name, time), time

    def _arrange(self, op: str, inputs: Sequence[Operand]) -> Operand:
        """The result of a primitive that arranges values."""
        result = STRUCTURE[op](inputs)
        if op == "Switch" and isinstance(result, Closure):
            self.branches.choose(result, inputs[1:])
        return result

    def _lower(self, op: str, node: NodeProto, inputs: Sequence[Operand]) -> Operand:
        context = self._lowering(op, node)
        return lower(PRIMITIVES[op], context, inputs)

    def _lowering(self, op: str, node: NodeProto) -> Lowering:
        """What the row of a primitive gets. Raises Unsupported where there is no row."""
        if op not in PRIMITIVES:
            raise Unsupported
        return Lowering(self.graph, where(node), self.primitives.attributes(node), self.remarks)

    def _call(
        self, name: str, inputs: Sequence[Operand], scope: Scope, time: Monad
    ) -> tuple[Operand, Monad]:
        """A function's result for these arguments, bound by position: its own parameter keys are the last caller's."""
        callee = self._resolve(name, scope)
        time = latest((time, scope.time(name)))
        if isinstance(callee, Missing):
            return callee, time
        if isinstance(callee, Function):
            callee = Closure(callee)
        if not isinstance(callee, Closure | Choice):
            raise ParseError(f"calls {name!r}, which is {describe(callee)}")
        if isinstance(callee, Choice) or self.control.loops(callee.function.body):
            return self.control.call(self.graph, callee, inputs, time)
        body, arguments = callee.function.body, (*callee.arguments, *inputs)
        if len(arguments) != len(body.input) or len(body.output) != 1:
            raise ParseError(f"calls {body.name!r} with {len(arguments)} arguments; it takes {len(body.input)}")
        if scope.depth >= _MAX_CALL_DEPTH:
            raise ParseError(f"calls {body.name!r} more than {_MAX_CALL_DEPTH} deep")
        result, end = self._read_body(body, arguments, Scope(scope, depth=scope.depth + 1))
        return result, latest((time, end))

    def _read_body(self, body: GraphProto, arguments: Sequence[Operand], scope: Scope) -> tuple[Operand, Monad]:
        """The result of a function in a scope of its own, and its time."""
        self.branches.take(body.name)
        scope.values.update(zip((info.name for info in body.input), arguments, strict=True))
        self._read_nodes(body, scope)
        name = body.output[0].name
        return self._resolve(name, scope), scope.time(name)

    def _read_function(self, body: GraphProto, graph: Graph, arguments: Sequence[Operand]) -> tuple[Operand, Monad]:
        """A function's result and its time, read into a graph of its own, which has constants of its own."""
        outer = self.graph, self.globals, self.parameters
        self.graph, self.globals, self.parameters = graph, Scope(), {}
        try:
            result, time = self._read_body(body, arguments, Scope(self.globals))
            return self.states.read(result, time) if self.stateful else result, time
        finally:
            self.graph, self.globals, self.parameters = outer

    def _resolve(self, name: str, scope: Scope) -> Operand:
        """What a name stands for. Raises ParseError where it is defined later or nowhere."""
        with suppress(KeyError):
            return scope.find(name)
        if name in self.definitions:
            self.globals.values[name] = self._decode(name)
            return self.globals.values[name]
        if name in self.functions:
            return Function(self.functions[name])
        raise ParseError(f"{name!r} is used but not defined before")

    def _decode(self, name: str) -> Operand:
        if not self.definitions.is_parameter(name):
            return self.definitions.constant(name)
        return Reference(name) if self.stateful else self.definitions.parameter(name)

    def _parameter(self, name: str) -> Value:
        """A parameter as it was exported, for the graph that is read."""
        if name not in self.parameters:
            self.parameters[name] = self.definitions.parameter(name)
        return self.parameters[name]
