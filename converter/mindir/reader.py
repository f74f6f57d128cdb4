"""Read a MindIR file into the IR.

Nodes are resolved in file order, which is topological. Constants belong to the whole model; every other name is
`<graph>:<name>`. Tuples, monads and parameter references disappear on the way, and calls of functions are inlined
where they can be; control.py has the others.

Names in the result: an input is called as the argument of construct (`x`; items of a tuple argument `x.0`, `x.1`), a
parameter by its key (`conv1.weight`). An output is called by the scope path of the operator that computes it
(`Default/fc3-Dense/BiasAdd-op0`, `:1` appended for its second result): the ids in node names differ from export to
export, scope paths do not. An input or parameter that is returned as it is keeps its name, a constant is called
`constant`. Returned tuples are flattened depth-first. Where two outputs would share a name, the later ones get `_1`,
`_2`.
"""
from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from converter.checkpoint.apply import fit
from converter.errors import OptionError, ParseError
from converter.ir.graph import Graph, Value
from converter.ir.interface import check_names, fix_shape, named_tensors, select_outputs
from converter.mindir.constants import CONSTANT_NAME, ConstantReader, tensor_dtype
from converter.mindir.container import Container, open_container
from converter.mindir.control import Functions, Variation, Varies
from converter.mindir.effects import IN_PLACE, SEEN, Uses
from converter.mindir.lowering import Lowering, Unsupported, lower
from converter.mindir.mind_ir_pb2 import AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto
from converter.mindir.operands import Choice, Closure, Function, Missing, Monad, Operand, causes, describe, flatten
from converter.mindir.primitives import PRIMITIVES, WAYS_OUT
from converter.mindir.structure import STRUCTURE
from lite.errors import ConvertError, LiteError, UnsupportedOp, UnsupportedOpError
from lite.types import Array, DType, TensorSpec

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
            with suppress(Varies):  # each time more arguments of functions are known to vary
                return _Reader(container, input_shapes, variation, weights).read(outputs)
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


@dataclass(slots=True)
class _Scope:
    """Names defined while one graph is read; a function also sees the names of its callers."""

    parent: _Scope | None = None
    values: dict[str, Operand] = field(default_factory=dict)
    depth: int = 0

    def find(self, name: str) -> Operand:
        """What `name` stands for. Raises KeyError where it is not defined."""
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.parent
        raise KeyError(name)


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
        self.weights = weights
        self.definitions: dict[str, AttributeProto | TensorProto] = {}
        self.globals = _Scope()
        self.graph = Graph()
        self.control = Functions(self.functions, variation, self._read_function)
        self.reported: list[UnsupportedOp] = []  # a row for each place
        self.uses = Uses(self.graphs, self._primitive)
        self.missing: dict[str, Missing] = {}  # by the place of the operator
        self.border: Value | None = None  # what the first unsupported operator reads
        self.nodes_read = 0
        self.node_limit = min(100 * sum(len(body.node) for body in self.graphs) + 1000, _MAX_NODES)

    def read(self, chosen: Sequence[str]) -> Graph:
        """The whole model, or as much of it as the chosen outputs need."""
        self._collect_definitions()
        self._replace_weights()
        total = self._report_unknown_primitives()
        scope = _Scope(self.globals)
        for info in self.main.input:
            scope.values[info.name] = self._input(info)
        names = [value.name for value in self.graph.inputs]
        if len(set(names)) != len(names):
            raise ParseError(f"{self.model_name}: two inputs have the same name: {names}")
        check_names("input_shapes", self.input_shapes, names)
        self._read_nodes(self.main, scope)
        outputs = [leaf for info in self.main.output for leaf in flatten(self._resolve(info.name, scope))]
        self._set_outputs([leaf for leaf in outputs if not isinstance(leaf, Monad)])
        self.graph.functions = self.control.graphs
        unsupported = self.reported
        if chosen:
            there = named_tensors(self.graph)
            check_names("outputs", chosen, {**self.missing, **there})
            unsupported = list(causes(self.missing[name] for name in chosen if name not in there))
        if unsupported:
            raise UnsupportedOpError(self.model_name, total, _rows(unsupported), self._way_out())
        if chosen:
            select_outputs(self.graph, chosen)
        return self.graph

    def _way_out(self) -> str:
        hint = "Export a network without these"
        if self.border is None or named_tensors(self.graph).get(self.border.name) is not self.border:
            return f"{hint}."
        name = self.border.name
        return f"{hint}, or cut it before them: --outputs {name} (in Python: options={{'outputs': [{name!r}]}})."

    def _collect_definitions(self) -> None:
        """Parameters and constants of all graphs, not decoded yet: a function may use what another one defines."""
        for body in self.graphs:
            for tensor in body.parameter:
                self.definitions[tensor.name] = tensor
            for node in body.node:
                if node.op_type == "Constant":
                    if len(node.output) != 1 or not node.attribute:
                        raise ParseError(f"{self.model_name}: constant {node.name!r} has no value or no name")
                    self.definitions[node.output[0]] = node.attribute[0]

    def _replace_weights(self) -> None:
        """Take the weights that were given, once all of them are found to fit."""
        if self.weights is None:
            return
        specs: dict[str, TensorSpec] = {}
        for definition in self.definitions.values():
            if isinstance(definition, TensorProto):
                specs[_key(definition)] = TensorSpec(tensor_dtype(definition), tuple(definition.dims))
        self.weights = fit(self.weights, specs, "the checkpoint")

    def _report_unknown_primitives(self) -> int:
        """Report every primitive without a row, in every function, called or not. Returns the number of operators."""
        total = 0
        for body in self.graphs:
            for node in body.node:
                op = self._primitive(node)
                if op is None or op in STRUCTURE:
                    continue
                total += 1
                if op not in PRIMITIVES:
                    self.reported.append(_unknown(op, node))
        return total

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
        return self.graph.add_input(fix_shape(TensorSpec(tensor_dtype(tensor), shape, name), self.input_shapes))

    def _read_nodes(self, body: GraphProto, scope: _Scope) -> None:
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
                scope.values[node.output[0]] = self._missing(node, str(error), scope)
            except ConvertError as error:
                raise ParseError(f"{self.model_name}: {_where(node)}: {error}") from error
            except (LiteError, ArithmeticError, LookupError, TypeError, ValueError) as error:
                if self.input_shapes:
                    given = ", ".join(f"{name} {list(shape)}" for name, shape in self.input_shapes.items())
                    message = f"{_where(node)} does not take its inputs once shapes are {given}: {error}"
                    raise OptionError(f"input_shapes: {message}") from error
                raise ParseError(f"{self.model_name}: {_where(node)} contradicts its inputs: {error}") from error

    def _missing(self, node: NodeProto, reason: str, scope: _Scope) -> Missing:
        """The result of an operator that is not supported, or (reason: "") whose inputs are missing."""
        op = self._primitive(node) or "call"
        operands = [leaf for name in node.input for leaf in flatten(self._resolve(name, scope))]
        cause = None
        if op not in PRIMITIVES and op != "call":
            cause = _unknown(op, node)  # is reported already
        elif reason:
            cause = UnsupportedOp(op, 1, _where(node), reason)
            self.reported.append(cause)
        if cause is not None and self.border is None:
            computed = (v for v in operands if isinstance(v, Value) and v.producer is not None and v.spec.rank > 0)
            self.border = next(computed, None)
        sources = dict.fromkeys(v for v in operands if isinstance(v, Missing))
        missing = Missing(cause=cause, sources=tuple(sources))
        self.missing.setdefault(_where(node), missing)
        return missing

    def _read_node(self, node: NodeProto, scope: _Scope) -> Operand:
        inputs = [self._resolve(name, scope) for name in node.input]
        op = self._primitive(node)
        if op is None:
            return self._call(node.op_type.removeprefix(_REFERENCE), inputs, scope)
        if op in STRUCTURE:
            return STRUCTURE[op](inputs)
        if op not in PRIMITIVES:
            raise Unsupported
        if op in IN_PLACE and not self.uses.only_here(node.input[0]):
            raise Unsupported(SEEN)
        target = node.op_type.removeprefix(_REFERENCE)
        stored = self.primitives[target].attribute if target in self.primitives else node.attribute
        context = Lowering(self.graph, _where(node), _Attributes(stored, self.constants))
        return lower(PRIMITIVES[op], context, inputs)

    def _call(self, target: str, inputs: Sequence[Operand], scope: _Scope) -> Operand:
        """A function's result for these arguments, bound by position: its own parameter keys are the last caller's."""
        callee = self._resolve(target, scope)
        if isinstance(callee, Missing):
            return callee
        if isinstance(callee, Function):
            callee = Closure(callee)
        if not isinstance(callee, Closure | Choice):
            raise ParseError(f"calls {target!r}, which is {describe(callee)}")
        if isinstance(callee, Choice) or self.control.loops(callee.function.body):
            return self.control.call(self.graph, callee, inputs)
        body, arguments = callee.function.body, (*callee.arguments, *inputs)
        if len(arguments) != len(body.input) or len(body.output) != 1:
            raise ParseError(f"calls {body.name!r} with {len(arguments)} arguments; it takes {len(body.input)}")
        if scope.depth >= _MAX_CALL_DEPTH:
            raise ParseError(f"calls {body.name!r} more than {_MAX_CALL_DEPTH} deep")
        return self._read_body(body, arguments, _Scope(scope, depth=scope.depth + 1))

    def _read_body(self, body: GraphProto, arguments: Sequence[Operand], scope: _Scope) -> Operand:
        """The result of a function in a scope of its own."""
        scope.values.update(zip((info.name for info in body.input), arguments, strict=True))
        self._read_nodes(body, scope)
        return self._resolve(body.output[0].name, scope)

    def _read_function(self, body: GraphProto, graph: Graph, arguments: Sequence[Operand]) -> Operand:
        """A function's result, read into a graph of its own, which has constants of its own."""
        outer = self.graph, self.globals
        self.graph, self.globals = graph, _Scope()
        try:
            return self._read_body(body, arguments, _Scope(self.globals))
        finally:
            self.graph, self.globals = outer

    def _resolve(self, name: str, scope: _Scope) -> Operand:
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
        definition = self.definitions[name]
        if isinstance(definition, TensorProto):
            key = _key(definition)
            return Value.constant(self.weights[key] if self.weights else self.constants.tensor(definition), key)
        return self.constants.attribute(definition)

    def _set_outputs(self, leaves: Sequence[Operand]) -> None:
        if not leaves:
            raise ParseError(f"{self.model_name}: the network returns nothing")
        taken = {value.name for value in self.graph.inputs}
        values: list[Value] = []
        for index, leaf in enumerate(leaves):
            if isinstance(leaf, Missing):
                if leaf.reason:
                    self.reported.append(UnsupportedOp("output", 1, f"output {index}", leaf.reason))
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


def _unknown(op: str, node: NodeProto) -> UnsupportedOp:
    return UnsupportedOp(op, 1, _where(node), WAYS_OUT.get(op, "not supported yet"))


def _rows(places: Sequence[UnsupportedOp]) -> list[UnsupportedOp]:
    """One row for all places of an operator that are refused for the same reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for place in places:
        groups.setdefault((place.op, place.reason), []).append(place.where)
    return [UnsupportedOp(op, len(where), where[0], reason) for (op, reason), where in groups.items()]


def _unique(name: str, taken: set[str]) -> str:
    candidate, suffix = name, 0
    while candidate in taken:
        suffix += 1
        candidate = f"{name}_{suffix}"
    return candidate


def _key(parameter: TensorProto) -> str:
    """What a parameter is called in the network's cells, and in checkpoints."""
    return parameter.ref_key or parameter.name.rpartition(":")[2]


def _bare(name: str, graph_name: str) -> str:
    """`x` of `<graph>:x`."""
    return name.removeprefix(f"{graph_name}:")


def _where(node: NodeProto) -> str:
    """Scope path of a node, as users know it from their cells' names."""
    return node.domain or node.name.rpartition(":")[0] or node.name
