"""Read a MindIR file into the IR.

Nodes are resolved in file order, which is topological. Constants belong to the whole model; every other name is
`<graph>:<name>`. Tuples, monads and parameter references disappear on the way, and calls of functions are inlined
where they can be; control.py has the others, states.py the parameters that the network writes to.

Names in the result: an input is called as the argument of construct (`x`; items of a tuple argument `x.0`, `x.1`), a
parameter or state by its key (`conv1.weight`). An output is called by the scope path of the operator that computes it
(`Default/fc3-Dense/BiasAdd-op0`, `:1` appended for its second result): the ids in node names differ from export to
export, scope paths do not. An input or parameter that is returned as it is keeps its name, a constant is called
`constant`. Returned tuples are flattened depth-first. Where two outputs would share a name, the later ones get `_1`,
`_2`.
"""
from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from types import MappingProxyType

import numpy as np

from converter.errors import OptionError, ParseError
from converter.ir.graph import Graph, Value
from converter.ir.interface import check_names, fix_shape, named_tensors, open_inputs, select_outputs
from converter.mindir.constants import CONSTANT_NAME, ConstantReader, tensor_dtype
from converter.mindir.container import Container, open_container
from converter.mindir.control import Functions, Variation, Varies
from converter.mindir.definitions import Definitions
from converter.mindir.effects import IN_PLACE, SEEN, Uses, fitted
from converter.mindir.lowering import Lowering, Unsupported, lower
from converter.mindir.mind_ir_pb2 import AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto
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
from converter.mindir.refusals import CALL, Refusals, rows
from converter.mindir.scope import Scope
from converter.mindir.states import BEGINNING, States, at, latest
from converter.mindir.structure import STRUCTURE
from lite.errors import ConvertError, LiteError, UnsupportedOpError
from lite.types import Array, DType, TensorSpec

_LOG = logging.getLogger("mindlite")
_REFERENCE = "REF::"
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


class _Attributes(Mapping[str, Operand]):
    """Attributes of a primitive by name, decoded when asked for: most of them nobody reads."""

    def __init__(self, attributes: Sequence[AttributeProto], constants: ConstantReader) -> None:
        self._attributes = {attribute.name: attribute for attribute in attributes}
        self._constants = constants

    def __getitem__(self, name: str) -> Operand:
        return self._constants.attribute(self._attributes[name])

    def __contains__(self, name: object) -> bool:
        return name in self._attributes

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)


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
        self.primitives = {primitive.name: primitive for primitive in model.primitives}
        little_endian = model.little_endian or not model.HasField("little_endian")
        self.constants = ConstantReader(container.folder, little_endian, container.read)
        self.definitions = Definitions(self.model_name, self.graphs, self.constants, weights)
        self.globals = Scope()
        self.parameters: dict[str, Value] = {}  # of the graph that is read, where there are references to them
        self.graph = Graph()
        self.inputs: list[TensorSpec] = []
        self.states = States(variation.effects, self._parameter)
        used = {self._primitive(node) for body in self.graphs for node in body.node} - {None}
        self.stateful = not used.isdisjoint(IN_PLACE) or not used <= PRIMITIVES.keys() | STRUCTURE.keys()
        self.control = Functions(self.functions, variation, self._read_function, self.states)
        self.refusals = Refusals()
        self.untaken: set[str] = set()  # functions that a known condition leaves out
        self.taken: set[str] = set()  # functions that are chosen or read, be it elsewhere
        self.remarks: dict[str, None] = {}
        self.uses = Uses(self.graphs, self._primitive)
        self.nodes_read = 0
        self.node_limit = min(100 * sum(len(body.node) for body in self.graphs) + 1000, _MAX_NODES)

    def read(self, chosen: Sequence[str]) -> Graph:
        """The whole model, or as much of it as the chosen outputs need."""
        scope = Scope(self.globals)
        for info in self.main.input:
            scope.values[info.name] = self._input(info)
        names = [value.name for value in self.graph.inputs]
        if len(set(names)) != len(names):
            raise ParseError(f"{self.model_name}: two inputs have the same name: {names}")
        check_names("input_shapes", self.input_shapes, names)
        self._add_states()
        self._read_nodes(self.main, scope)
        end = latest(scope.time(info.name) for info in self.main.output)
        leaves = (leaf for info in self.main.output for leaf in flatten(self._resolve(info.name, scope)))
        outputs = [self.states.read(leaf, end) for leaf in leaves if not isinstance(leaf, Monad)]
        lost = self._set_outputs(outputs, end)
        if self.states.incomplete():
            raise Varies
        self.graph.functions = self.control.graphs
        total = self._report_unknown_primitives()
        unsupported, missing = self.refusals.reported, self.refusals.missing
        if chosen:
            there = named_tensors(self.graph)
            check_names("outputs", chosen, {**missing, **there})
            unsupported = list(causes((*lost, *(missing[name] for name in chosen if name not in there))))
        if unsupported:
            hint = self.refusals.way_out(self.graph)
            if way_out := open_inputs(self.inputs):
                hint = f"{hint}\n{way_out}"
            raise UnsupportedOpError(self.model_name, total, rows(unsupported), hint)
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

    def _report_unknown_primitives(self) -> int:
        """Report every primitive without a row, in functions that are not called too. Returns the number of operators.

        What only branches use that are never taken is no matter: what their conditions ask is known.
        """
        total = 0
        left = self.untaken - self.taken
        untaken = self._used(left) - self._used({self.main.name}, left) if left else set()
        for body in self.graphs:
            for node in body.node:
                op = self._primitive(node)
                if op is None or op in STRUCTURE:
                    continue
                total += 1
                if op not in PRIMITIVES and body.name not in untaken:
                    self.refusals.unknown(op, _where(node))
        return total

    def _used(self, names: Set[str], without: Set[str] = frozenset()) -> set[str]:
        """These graphs and the functions that they use, directly or not; `without` and what only these use left out."""
        uses = {
            body.name: {name.removeprefix(_REFERENCE) for node in body.node for name in (*node.input, node.op_type)}
            for body in self.graphs
        }
        found, waiting = set(names), list(names)
        while waiting:
            new = (uses[waiting.pop()] & self.functions.keys()) - found - without
            found |= new
            waiting.extend(new)
        return found

    def _arrange(self, op: str, inputs: Sequence[Operand]) -> Operand:
        """The result of a primitive that arranges values. Remembers which branches a known condition leaves out."""
        result = STRUCTURE[op](inputs)
        if op == "Switch" and isinstance(result, Closure):
            closures = (operand for operand in inputs[1:] if isinstance(operand, Function | Closure))
            functions = (closure.function if isinstance(closure, Closure) else closure for closure in closures)
            self.taken.add(result.function.body.name)
            self.untaken.update(function.body.name for function in functions)
        return result

    def _primitive(self, node: NodeProto) -> str | None:
        """Name of the primitive that a node applies; None for a constant or a call."""
        if node.op_type == "Constant":
            return None
        if not node.op_type.startswith(_REFERENCE):
            return node.op_type
        target = node.op_type.removeprefix(_REFERENCE)
        return self.primitives[target].op_type if target in self.primitives else None

    def _input(self, info: ValueInfoProto) -> Operand:
        name = _bare(info.name, self.main.name)
        if info.HasField("attr_info"):
            return self._input_tuple(name, info.attr_info)
        if len(info.tensor) != 1:
            raise ParseError(f"{self.model_name}: input {name!r} has no tensor type")
        return self._input_tensor(name, info.tensor[0])

    def _input_tuple(self, name: str, kind: AttributeProto) -> Operand:
        """An argument of construct that is a tuple, item by item."""
        if kind.type in (AttributeProto.TUPLE, AttributeProto.LIST):
            return tuple(self._input_tuple(f"{name}.{i}", item) for i, item in enumerate(kind.values))
        if kind.type in (AttributeProto.UMONAD, AttributeProto.IOMONAD):
            return Monad()
        if kind.type == AttributeProto.TENSORS and len(kind.tensors) == 1:
            return self._input_tensor(name, kind.tensors[0])
        kind_name = AttributeProto.AttributeType.Name(kind.type)
        raise ParseError(f"{self.model_name}: input {name!r} is of kind {kind_name}; expected tensors or tuples")

    def _input_tensor(self, name: str, tensor: TensorProto) -> Value:
        shape = tuple(tensor.dims)
        if any(d < -1 for d in shape):
            raise ParseError(f"{self.model_name}: input {name!r} has an unknown rank; export it with a shape")
        spec = fix_shape(TensorSpec(tensor_dtype(tensor), shape, name), self.input_shapes)
        self.inputs.append(spec)
        return self.graph.add_input(spec)

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
                missing = self.refusals.result(self._primitive(node) or CALL, _where(node), str(error), operands)
                scope.values[node.output[0]] = missing
                scope.times[node.output[0]] = self._lost(node, missing, scope)
            except ConvertError as error:
                raise ParseError(f"{self.model_name}: {_where(node)}: {error}") from error
            except (LiteError, ArithmeticError, LookupError, TypeError, ValueError) as error:
                if self.input_shapes:
                    given = ", ".join(f"{name} {list(shape)}" for name, shape in self.input_shapes.items())
                    message = f"{_where(node)} does not take its inputs once shapes are {given}: {error}"
                    raise OptionError(f"input_shapes: {message}") from error
                message = f"{self.model_name}: {_where(node)} contradicts its inputs: {error}"
                way_out = open_inputs(self.inputs)
                raise ParseError(f"{message}\n{way_out}" if way_out else message) from error

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
        op = self._primitive(node)
        if self.stateful:
            time = latest(map(scope.time, node.input))
            result, scope.times[node.output[0]] = self._read_effects(op, node, inputs, scope, time)
            return result
        if op is None:
            return self._call(node.op_type.removeprefix(_REFERENCE), inputs, scope, BEGINNING)[0]
        return self._arrange(op, inputs) if op in STRUCTURE else self._lower(op, node, inputs)

    def _read_effects(
        self, op: str | None, node: NodeProto, inputs: Sequence[Operand], scope: Scope, time: Monad
    ) -> tuple[Operand, Monad]:
        """A node's result and its time, in a model that writes to parameters. time: that of the inputs."""
        if op is None:
            return self._call(node.op_type.removeprefix(_REFERENCE), inputs, scope, time)
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
        target = inputs[0] if inputs else None
        if not isinstance(target, Reference) and not self.uses.only_here(node.input[0]):
            raise Unsupported(SEEN)
        context = self._lowering(op, node)
        result = fitted(context, lower(PRIMITIVES[op], context, values), values[0])
        if not isinstance(target, Reference):
            return result, time
        time = self.states.write(target.name, result, time)
        return Reference(target.name, time), time

    def _lower(self, op: str, node: NodeProto, inputs: Sequence[Operand]) -> Operand:
        context = self._lowering(op, node)
        return lower(PRIMITIVES[op], context, inputs)

    def _lowering(self, op: str, node: NodeProto) -> Lowering:
        """What the row of a primitive gets. Raises Unsupported where there is no row."""
        if op not in PRIMITIVES:
            raise Unsupported
        target = node.op_type.removeprefix(_REFERENCE)
        stored = self.primitives[target].attribute if target in self.primitives else node.attribute
        return Lowering(self.graph, _where(node), _Attributes(stored, self.constants), self.remarks)

    def _call(
        self, target: str, inputs: Sequence[Operand], scope: Scope, time: Monad
    ) -> tuple[Operand, Monad]:
        """A function's result for these arguments, bound by position: its own parameter keys are the last caller's."""
        callee = self._resolve(target, scope)
        time = latest((time, scope.time(target)))
        if isinstance(callee, Missing):
            return callee, time
        if isinstance(callee, Function):
            callee = Closure(callee)
        if not isinstance(callee, Closure | Choice):
            raise ParseError(f"calls {target!r}, which is {describe(callee)}")
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
        self.taken.add(body.name)
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

    def _add_states(self) -> None:
        """An input for each parameter that is written to, as far as they are known."""
        for name in self.definitions:
            if self.states.is_written(name):
                initial = self._parameter(name)
                assert initial.data is not None, "parameters are constants"
                label = _unique(initial.name, {value.name for value in self.graph.inputs})
                self.states.initial[name] = self.graph.add_input(initial.spec.like().named(label))
                self.graph.states.append(initial.data)

    def _set_outputs(self, leaves: Sequence[Operand], end: Monad) -> list[Missing]:
        """The graph's outputs, and its states as they are at the end. Returns those that are not known then."""
        if not leaves:
            raise ParseError(f"{self.model_name}: the network returns nothing")
        taken = {value.name for value in self.graph.inputs}
        values: list[Value] = []
        states = [self.states.read(Reference(name), end) for name in self.states.initial]
        for index, leaf in enumerate((*leaves, *states)):
            if isinstance(leaf, Missing):
                if leaf.reason:
                    self.refusals.output(index, leaf.reason)
                continue
            if isinstance(leaf, bool | int | float):  # a Python number, such as a shape that construct returns
                dtype = {bool: DType.BOOL, int: DType.INT64, float: DType.FLOAT32}[type(leaf)].dtype
                leaf = Value.constant(np.array(leaf, dtype), CONSTANT_NAME)
            if not isinstance(leaf, Value):
                raise ParseError(f"{self.model_name}: output {index} is {describe(leaf)}; expected tensors")
            if leaf not in values and leaf not in self.graph.inputs:
                leaf.spec = leaf.spec.named(_unique(leaf.name, taken))
                taken.add(leaf.name)
            values.append(leaf)
        self.graph.outputs = values
        return [state for state in states if isinstance(state, Missing)]


def _unique(name: str, taken: set[str]) -> str:
    candidate, suffix = name, 0
    while candidate in taken:
        suffix += 1
        candidate = f"{name}_{suffix}"
    return candidate


def _bare(name: str, graph_name: str) -> str:
    """`x` of `<graph>:x`."""
    return name.removeprefix(f"{graph_name}:")


def _where(node: NodeProto) -> str:
    """Scope path of a node, as users know it from their cells' names."""
    return node.domain or node.name.rpartition(":")[0] or node.name
