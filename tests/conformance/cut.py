"""Cut an export where the network chooses, so that a choice which hangs on rounding does not hide what comes after it.

A choice is an operator that makes integers, booleans or steps of floating-point numbers: TopK, NMSWithMask, Greater,
Floor. Where two scores, or an overlap and its limit, are nearer to each other than rounding, engines choose differently
and all are right. So the network is taken apart, into MindIR files:

    whole     the network, which says besides what every choice was given (operands), and what it gave (results)
    between   everything but the choices: takes the inputs and the results, gives the outputs and the operands
    choices   nothing but the choices: takes the operands, gives the results

Each operator is in one of the latter two, so a network is right where both are: `between` as floats are, and `choices`
to the last bit.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from converter.mindir.effects import IN_PLACE
from converter.mindir.mind_ir_pb2 import AttributeProto, ModelProto, NodeProto, PrimitiveProto, TensorProto

_FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE, TensorProto.FLOAT64)
_STEPS = frozenset({"Ceil", "Floor", "FloorDiv", "FloorMod", "Mod", "Rint", "Round", "Sign", "Trunc"})
_ITEM, _TUPLE, _SAME = "TupleGetItem", "MakeTuple", ("Depend", "Load")


@dataclass(frozen=True, slots=True)
class Result:
    """A tensor that a choice gives. name: as an input; operator: where it is from; scores: the name of the tensor whose
    places it has, by rank, where it is TopK's indices.
    """

    name: str
    operator: str
    scores: str | None


@dataclass(frozen=True, slots=True)
class Pieces:
    """The files. Of what `whole` gives the first are the network's outputs, then come operands and results, in order;
    `between` gives outputs and operands. operands: their names as inputs. `choices` takes results too, as far as other
    choices are made of them.
    """

    whole: bytes
    between: bytes
    choices: bytes
    operands: tuple[str, ...]
    results: tuple[Result, ...]


def cut(mindir: Path) -> Pieces | None:
    """None where a network makes no choices, and where it has functions or writes to its parameters."""
    export = _Export(mindir)
    choices = [node for node in export.graph.node if export.chooses(node)]
    if not choices or export.model.functions or not IN_PLACE.isdisjoint(export.primitives.values()):
        return None
    results = {name: node for node in choices for name in export.results(node)}
    read = dict.fromkeys(name for node in choices for name in node.input if name in export.computed)
    operands = [name for name in read if name not in results]
    outputs = list(export.leaves(export.graph.output[0].name))
    names = {name: f"cut{i}" for i, name in enumerate([*operands, *results])}
    return Pieces(
        export.piece([*outputs, *operands, *results], {}),
        export.piece([*outputs, *operands], {name: names[name] for name in results}, cut_ends=True),
        export.piece([*results], {name: names[name] for name in read}),
        tuple(names[name] for name in operands),
        tuple(
            Result(names[name], node.domain, names[node.input[0]] if export.ranks(node, name) else None)
            for name, node in results.items()
        ),
    )


class _Export:
    """A MindIR, and what is known of its names. computed: those that depend on the inputs."""

    def __init__(self, mindir: Path) -> None:
        self.model = ModelProto()
        self.model.ParseFromString(mindir.read_bytes())
        self.graph = self.model.graph
        self.primitives = {f"REF::{row.name}": row.op_type for row in self.model.primitives}
        self.nodes = {node.output[0]: node for node in self.graph.node}
        self.bare = ModelProto()
        self.bare.CopyFrom(self.model)
        for field in ("input", "parameter", "node", "output"):
            self.bare.graph.ClearField(field)
        self.computed = {info.name for info in self.graph.input}
        self.readers: dict[str, list[NodeProto]] = {}
        for node in self.graph.node:
            if self.kind(node) != "UpdateState" and not self.computed.isdisjoint(node.input):
                self.computed.add(node.output[0])
            for name in node.input:
                self.readers.setdefault(name, []).append(node)

    def kind(self, node: NodeProto) -> str:
        return self.primitives.get(node.op_type, node.op_type)

    def types(self, name: str) -> list[TensorProto]:
        """Of the tensors that a name stands for."""
        if name not in self.nodes:
            return [tensor for info in self.graph.input if info.name == name for tensor in info.tensor]
        said = next((row for row in self.nodes[name].attribute if row.name == "shape"), AttributeProto())
        return [tensor for row in (said, *said.values) for tensor in row.tensors]

    def chooses(self, node: NodeProto) -> bool:
        kind = self.kind(node)
        given = [tensor for name in node.input if name in self.computed for tensor in self.types(name)]
        if kind in (_ITEM, _TUPLE, *_SAME) or not any(tensor.data_type in _FLOATS for tensor in given):
            return False
        return kind in _STEPS or any(tensor.data_type not in _FLOATS for tensor in self.types(node.output[0]))

    def results(self, node: NodeProto) -> list[str]:
        """What a choice gives, tensor by tensor."""
        if len(self.types(node.output[0])) == 1:
            return [node.output[0]]
        items = self.readers.get(node.output[0], [])
        assert all(self.kind(item) == _ITEM for item in items), f"{node.domain} is used as a whole"
        return [item.output[0] for item in items]

    def ranks(self, choice: NodeProto, result: str) -> bool:
        """True for the indices that TopK gives."""
        return self.kind(choice) == "TopK" and self.types(result)[0].data_type not in _FLOATS

    def leaves(self, name: str) -> Iterator[str]:
        """The tensors that an output of tuples in tuples has."""
        node = self.nodes.get(name)
        if node is not None and self.kind(node) in (_TUPLE, *_SAME):
            for item in node.input if self.kind(node) == _TUPLE else node.input[:1]:
                yield from self.leaves(item)
        else:
            yield name

    def piece(self, ends: Sequence[str], given: Mapping[str, str], cut_ends: bool = False) -> bytes:
        """A file that ends with these tensors and takes some from outside, by the names they are given there.

        cut_ends: also where it ends with one of those.
        """
        inputs = {name: f"{self.graph.name}:{label}" for name, label in given.items()}
        tops = [inputs.get(name, name) if cut_ends else name for name in ends]
        kept: set[str] = set()
        waiting = [name for name in tops if name in self.nodes]
        while waiting:
            name = waiting.pop()
            kept.add(name)
            if name in self.nodes:
                waiting += (other for other in self.nodes[name].input if other not in given and other not in kept)
        model = ModelProto()
        model.CopyFrom(self.bare)
        model.primitives.add(name=f"{_TUPLE}:ends", op_type=_TUPLE, prim_type=PrimitiveProto.PRIMITIVE)
        graph = model.graph
        graph.parameter.extend(row for row in self.graph.parameter if row.name in kept)
        graph.input.extend(info for info in self.graph.input if info.name in kept)
        for name, label in inputs.items():
            graph.input.add(name=label, tensor=self.types(name))
        for node in self.graph.node:
            if node.output[0] in kept:
                graph.node.append(node)
                graph.node[-1].input[:] = [inputs.get(name, name) for name in node.input]
        tensors = [tensor for name in ends for tensor in self.types(name)]
        items = [AttributeProto(type=AttributeProto.TENSORS, tensors=[tensor]) for tensor in tensors]
        kind = AttributeProto(name="shape", type=AttributeProto.TUPLE, values=items)
        kind.seq_info.is_dyn_len = False
        name = f"{graph.name}:ends"
        graph.node.add(
            name=name, output=[name], input=tops, op_type=f"REF::{_TUPLE}:ends", domain="Default/ends", attribute=[kind]
        )
        kind.ClearField("name")
        graph.output.add(name=name, denotation="Tuple", attr_info=kind)
        return model.SerializeToString()
