"""Graphs as text: what a pass did can be read, and a test can be written.

    graph example
    input %x: float32[1,3,8,8]
    const %w: float32[4,1,1,3] = seed 7
    %t: float32[1,8,8,3] = Transpose(%x, [0, 2, 3, 1])
    %c: float32[1,8,8,4] = Conv2DFusion(%t, %w) {kernel_size=[1, 1], activation_type=RELU}
    output %c

A line `state %s: float32[3] = [1, 2, 3]` is an input that the graph keeps from run to run; `keep %t`, after the
outputs, says what the states become, in their order.

Types of results may be left out; where they are given they are checked. A constant is a literal in place (int32 without
a decimal point, float32 with one, or typed as in `int64[2] [1, 2]`), a named list, `seed n` (standard normal numbers,
integers 0..9, coin flips), or `given`: taken from the table passed to `parse`. Attributes at their defaults are left
out. `#` starts a comment.
"""
from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from enum import Enum
from typing import Any

import numpy as np

from converter.errors import GraphError
from converter.ir.graph import Graph, Value, make_node
from lite import ops
from lite.errors import LiteError
from lite.ops.registry import Attributes
from lite.types import Array, DType, TensorSpec

_IN_PLACE = 8  # elements up to which a vector is written where it is used
_LISTED = 32  # elements up to which a constant is written as a list

_TOKEN = re.compile(
    r"""\s*(?:(?P<value>%(?:[\w./-]+|"(?:[^"\\]|\\.)*"))
        |(?P<number>-?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|inf|nan)\b\.?)
        |(?P<string>"(?:[^"\\]|\\.)*")
        |(?P<word>[A-Za-z_]\w*)
        |(?P<mark>[][(){}=,:?])
        |(?P<end>\#.*|$))""",
    re.VERBOSE,
)


def to_text(graph: Graph) -> str:
    """The graph as text that `parse` reads. Names that occur twice are made distinct; inputs and outputs keep theirs.

    Names and origins of nodes are not part of it.
    """
    labels = _labels(graph)
    constants = [v for v in graph.constants() if not _in_place(graph, v)]
    lines = ["graph " + (graph.name if re.fullmatch(r"[A-Za-z_]\w*", graph.name) else json.dumps(graph.name))]
    lines += [f"input {labels[v]}: {_type(v.spec)}" for v in graph.fed]
    kept = zip(graph.kept, graph.states, strict=True)
    lines += [f"state {labels[v]}: {_type(v.spec)} = {_content(data)}" for (v, _), data in kept]
    lines += [f"const {labels[v]}: {_type(v.spec)} = {_content(v.data)}" for v in constants]
    for node in graph.nodes:
        results = ", ".join(f"{labels[v]}: {_type(v.spec)}" for v in node.outputs)
        arguments = ", ".join(_literal(v) if _in_place(graph, v) else labels[v] for v in node.inputs)
        lines.append(f"{results} = {node.op}({arguments}){_attributes(node.attrs)}")
    lines.append("output " + ", ".join(labels[v] for v in graph.results))
    if graph.states:
        lines.append("keep " + ", ".join(labels[v] for _, v in graph.kept))
    return "\n".join(lines) + "\n"


def given_constants(graph: Graph) -> dict[str, Array]:
    """The constants that `to_text` leaves out, by the name it calls them: the table `parse` needs."""
    labels = _labels(graph)
    states = ((v, data) for (v, _), data in zip(graph.kept, graph.states, strict=True))
    known = (*((v, v.data) for v in graph.constants()), *states)
    return {_plain(labels[v]): data for v, data in known if data is not None and data.size > _LISTED}


def parse(text: str, given: Mapping[str, Array] | None = None) -> Graph:
    """The graph that the text describes. given: constants that the text calls `given`, by name.

    Raises GraphError, which says the line, where the text or what it describes is wrong.
    """
    reader = _Reader(given or {})
    for number, line in enumerate(text.splitlines(), 1):
        reader.read(number, line)
    return reader.graph


class _Reader:
    """Reads one statement at a time into a graph."""

    def __init__(self, given: Mapping[str, Array]) -> None:
        self.graph = Graph()
        self._given = given
        self._values: dict[str, Value] = {}
        self._tokens: list[tuple[str, str]] = []

    def read(self, number: int, line: str) -> None:
        """Take in one line. Raises GraphError, which says its number, where it is wrong."""
        try:
            self._tokens = _tokens(line)
            self._statement()
        except (LiteError, KeyError, TypeError, ValueError) as error:
            raise GraphError(f"line {number}, {line.strip()!r}: {error}") from error

    def _statement(self) -> None:
        kind, word = self._tokens[0]
        if kind == "word" and word in ("graph", "input", "state", "const", "output", "keep"):
            self._next()
            getattr(self, f"_{word}")()
        elif kind != "end":
            self._node()
        self._expect("end")

    def _graph(self) -> None:
        kind, text = self._next()
        if kind not in ("word", "string"):
            raise GraphError(f"expected a name, not {text or 'the end of the line'!r}")
        self.graph.name = json.loads(text) if kind == "string" else text

    def _input(self) -> None:
        name = self._expect("value")
        self._expect("mark", ":")
        dtype, shape = self._type()
        self._define(name, self.graph.add_input(TensorSpec(dtype, shape, _plain(name))))

    def _state(self) -> None:
        name, data = self._given_tensor()
        self._define(name, self.graph.add_input(TensorSpec.of(data).like().named(_plain(name))))
        self.graph.states.append(data)

    def _const(self) -> None:
        name, data = self._given_tensor()
        self._define(name, Value.constant(data, _plain(name)))

    def _given_tensor(self) -> tuple[str, Array]:
        """`%name: type = elements`"""
        name = self._expect("value")
        self._expect("mark", ":")
        dtype, shape = self._type()
        self._expect("mark", "=")
        if self._accept("word", "seed"):
            data = _seeded(int(self._expect("number")), dtype, shape)
        elif self._accept("word", "given"):
            data = self._given[_plain(name)].astype(dtype.dtype, copy=False).reshape(shape)
        else:
            data = np.array(self._item(), dtype.dtype).reshape(shape)
        return name, data

    def _keep(self) -> None:
        self._output()

    def _output(self) -> None:
        self.graph.outputs.append(self._use(self._expect("value")))
        while self._accept("mark", ","):
            self.graph.outputs.append(self._use(self._expect("value")))

    def _node(self) -> None:
        results = [self._result()]
        while self._accept("mark", ","):
            results.append(self._result())
        self._expect("mark", "=")
        op = self._expect("word")
        self._expect("mark", "(")
        inputs = []
        while not self._accept("mark", ")"):
            inputs.append(self._argument())
            self._accept("mark", ",")
        values = {}
        if self._accept("mark", "{"):
            while not self._accept("mark", "}"):
                key = self._expect("word")
                self._expect("mark", "=")
                values[key] = self._item()
                self._accept("mark", ",")
        names = [_plain(name) for name, _ in results]
        node = make_node(_make_attributes(op, values), inputs, names[0], output_names=names)
        for (name, type_), value in zip(results, node.outputs, strict=True):
            if type_ is not None and type_ != (value.spec.dtype, value.spec.shape):
                raise GraphError(f"{name} is {_type(value.spec)}, not {_type(TensorSpec(*type_))}")
            self._define(name, value)
        self.graph.insert(len(self.graph.nodes), [node])

    def _result(self) -> tuple[str, tuple[DType, tuple[int, ...]] | None]:
        name = self._expect("value")
        return name, self._type() if self._accept("mark", ":") else None

    def _argument(self) -> Value:
        kind, text = self._tokens[0]
        if kind == "value":
            return self._use(self._next()[1])
        if kind == "word" and text.upper() in DType.__members__:
            dtype, shape = self._type()
            return Value.constant(np.array(self._item(), dtype.dtype).reshape(shape))
        item = np.array(self._item())
        return Value.constant(item.astype(np.int32 if item.dtype.kind == "i" else np.float32))

    def _type(self) -> tuple[DType, tuple[int, ...]]:
        dtype = DType[self._expect("word").upper()]
        self._expect("mark", "[")
        shape = []
        while not self._accept("mark", "]"):
            shape.append(-1 if self._accept("mark", "?") else int(self._expect("number")))
            self._accept("mark", ",")
        return dtype, tuple(shape)

    def _item(self) -> Any:
        """A number, string, truth value, enum member's name, or list (as a tuple) of them."""
        kind, text = self._next()
        if text == "[":
            items = []
            while not self._accept("mark", "]"):
                items.append(self._item())
                self._accept("mark", ",")
            return tuple(items)
        if kind == "number":
            return int(text) if re.fullmatch(r"-?\d+", text) else float(text)
        if kind == "string":
            return json.loads(text)
        if kind == "word":
            return {"true": True, "false": False}.get(text, text)
        raise GraphError(f"expected a number, string, name or list, not {text!r}")

    def _define(self, name: str, value: Value) -> None:
        if name in self._values:
            raise GraphError(f"{name} is defined twice")
        self._values[name] = value

    def _use(self, name: str) -> Value:
        if name not in self._values:
            raise GraphError(f"{name} is not defined")
        return self._values[name]

    def _next(self) -> tuple[str, str]:
        return self._tokens.pop(0)

    def _accept(self, kind: str, text: str) -> bool:
        if self._tokens[0] != (kind, text):
            return False
        self._next()
        return True

    def _expect(self, kind: str, text: str = "") -> str:
        found = self._tokens[0]
        if found[0] != kind or (text and found[1] != text):
            raise GraphError(f"expected {text or kind}, not {found[1] or 'the end of the line'!r}")
        return self._next()[1]


def _tokens(line: str) -> list[tuple[str, str]]:
    """(kind, text) of each token, the last one ("end", ...)."""
    found: list[tuple[str, str]] = []
    at = 0
    while True:
        match = _TOKEN.match(line, at)
        if match is None or match.lastgroup is None:
            raise GraphError(f"cannot read {line[at:].strip()!r}")
        if match.lastgroup == "end":
            return [*found, ("end", "")]
        found.append((match.lastgroup, match.group(match.lastgroup)))
        at = match.end()


def _make_attributes(op: str, values: Mapping[str, Any]) -> Attributes:
    """Attributes from parsed items; enum members come as their names."""
    if not ops.is_known(op):
        raise GraphError(f"there is no operator {op}")
    defaults = {f.name.rstrip("_"): f.default for f in fields(ops.definition(op).attrs)}  # type: ignore[arg-type]
    unknown = values.keys() - defaults.keys()
    if unknown:
        raise GraphError(f"{op} has no attribute {', '.join(sorted(unknown))}; it has {', '.join(defaults) or 'none'}")
    enums = {k: type(d) for k, d in defaults.items() if isinstance(d, Enum)}
    return ops.attributes(op, {k: enums[k][v] if k in enums else v for k, v in values.items()})


def _seeded(seed: int, dtype: DType, shape: tuple[int, ...]) -> Array:
    random = np.random.default_rng(seed)
    if dtype.dtype.kind == "f":
        return random.standard_normal(shape).astype(dtype.dtype)
    return random.integers(0, 2 if dtype is DType.BOOL else 10, shape).astype(dtype.dtype)


def _labels(graph: Graph) -> dict[Value, str]:
    """A distinct `%name` for every value; graph inputs and outputs choose first."""
    values = [*graph.inputs, *graph.outputs, *graph.constants(), *(v for n in graph.nodes for v in n.outputs)]
    labels: dict[Value, str] = {}
    taken: dict[str, int] = {}
    for value in dict.fromkeys(values):
        name = value.name or "v"
        while name in taken:
            taken[name] += 1
            name = f"{name}.{taken[name]}"
        taken[name] = 0
        labels[value] = f"%{name}" if re.fullmatch(r"[\w./-]+", name) else f"%{json.dumps(name)}"
    return labels


def _plain(label: str) -> str:
    name: str = json.loads(label[1:]) if label.startswith('%"') else label[1:]
    return name


def _type(spec: TensorSpec) -> str:
    return str(spec.like())


def _in_place(graph: Graph, value: Value) -> bool:
    """True for a small vector or scalar with one use, which is written where it is used."""
    data = value.data
    return data is not None and data.ndim <= 1 and 0 < data.size <= _IN_PLACE and len(value.users) == 1 and (
        not graph.is_output(value)
    )


def _literal(value: Value) -> str:
    plain = value.spec.dtype in (DType.INT32, DType.FLOAT32)
    items = _items(value.data)
    listed = items if value.spec.rank else items[1:-1]
    return listed if plain else f"{_type(value.spec)} {listed}"


def _content(data: Array | None) -> str:
    return _items(data) if data is None or data.size <= _LISTED else "given"


def _items(data: Array | None) -> str:
    """The elements in a flat list, floats in the fewest digits that give them back."""
    flat: Iterable[Any] = () if data is None else data.ravel()
    return "[" + ", ".join(str(x).lower() for x in flat) + "]"


def _attributes(attrs: Attributes) -> str:
    """` {name=value, ...}` of those that differ from their defaults, or nothing."""
    chosen = ((f.name, getattr(attrs, f.name), f.default) for f in fields(attrs))  # type: ignore[arg-type]
    shown = [f"{name.rstrip('_')}={_attribute(value)}" for name, value, default in chosen if value != default]
    return f" {{{', '.join(shown)}}}" if shown else ""


def _attribute(value: Any) -> str:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_attribute(item) for item in value) + "]"
    if isinstance(value, str):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else repr(value)
