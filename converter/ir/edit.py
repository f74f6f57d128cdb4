"""Change a graph by patches: each is checked in full before it is applied, and keeps users and order consistent.

    with Editor(graph) as editor:
        editor.apply(Patch(remove=[bn], add=[scale], replace={bn.outputs[0]: scale.outputs[0]}))

A patch costs what it touches, not what the graph holds: `graph.nodes` is brought up to date when the editor closes.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from converter.errors import GraphError
from converter.ir.graph import Graph, Node, Value


@dataclass(frozen=True, slots=True)
class Patch:
    """One change of a graph.

    remove: nodes to remove; each user of their outputs must be removed too, or read another value by `replace`. add:
    nodes to add, in any order; they are placed right before their first user. replace: old value -> the value that its
    users read from now on; added nodes keep reading the old one, so that a patch can insert a node after a value.
    """

    remove: Sequence[Node] = ()
    add: Sequence[Node] = ()
    replace: Mapping[Value, Value] = field(default_factory=dict)


class Editor:
    """Applies patches to a graph. While it is open `graph.nodes` is out of date; everything else is current.

    Producers whose outputs nobody reads once a patch is applied are removed with it.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._nodes = dict.fromkeys(graph.nodes)  # an ordered set
        self._inputs = frozenset(graph.inputs)
        self._gone: list[Node] = []  # by the patch that is being applied

    def __enter__(self) -> Editor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __contains__(self, node: Node) -> bool:
        """True while the node is in the graph."""
        return node in self._nodes

    def close(self) -> None:
        """Bring `graph.nodes` up to date. Raises GraphError where patches have tied nodes into a cycle."""
        self.graph.nodes = list(topological_order(self._nodes))

    def accepts(self, patch: Patch) -> bool:
        """False where the patch is sound but not wanted.

        That is where a graph output would lose its public name (its replacement is a graph input or another output), or
        where a shape would become more or less known, which readers downstream do not expect.
        """
        public: set[Value] = set()
        for old, new in patch.replace.items():
            if old.spec.shape != new.spec.shape and _agree(old, new):
                return False
            if self.graph.is_output(old):
                if new in public or new in self._inputs or self.graph.is_output(new):
                    return False
                public.add(new)
        return True

    def apply(self, patch: Patch) -> list[Node]:
        """Apply the patch and return the nodes whose surroundings changed, each once.

        Replacements take over the names of what they replace: those of graph outputs always, others where the
        replacement is new. Raises GraphError, and leaves the graph as it was, where the patch is not sound.
        """
        self._check(patch)
        public = [old for old in patch.replace if self.graph.is_output(old)]
        touched: dict[Node, None] = {}
        for node in patch.remove:
            touched.update(dict.fromkeys(self._detach(node)))
        for old, new in patch.replace.items():
            touched.update(dict.fromkeys(self._redirect(old, new)))
        for node in patch.add:
            self._nodes[node] = None
            for value in node.inputs:
                value.users.append(node)
            touched[node] = None
        fresh = {output for node in patch.add for output in node.outputs}
        inner = [old for old, new in patch.replace.items() if new in fresh]
        for old in inner + public:  # public names last: they stay
            new = patch.replace[old]
            new.spec = new.spec.named(old.name)
        touched.update(dict.fromkeys(self._sweep(patch)))
        for node in self._gone:
            node.inputs = []  # graph.nodes still has it for a while: what it read need not stay
        self._gone.clear()
        return [node for node in touched if node in self._nodes]

    def _detach(self, node: Node) -> Iterator[Node]:
        """Take one node out; yields the neighbours whose values have fewer users now."""
        del self._nodes[node]
        self._gone.append(node)
        for value in node.inputs:
            value.users.remove(node)
            if value.producer is not None:
                yield value.producer
                yield from value.users

    def _redirect(self, old: Value, new: Value) -> list[Node]:
        """Let the users of `old`, nodes and graph outputs, read `new`; returns those nodes."""
        users, old.users = old.users, []
        for node in dict.fromkeys(users):
            node.inputs = [new if value is old else value for value in node.inputs]
        new.users.extend(users)
        self.graph.outputs = [new if value is old else value for value in self.graph.outputs]
        return users

    def _sweep(self, patch: Patch) -> Iterator[Node]:
        """Remove the producers that the patch left without a reader; yields the neighbours of removed nodes."""
        inputs = (value for node in patch.remove for value in node.inputs)
        suspects = [value.producer for value in (*inputs, *patch.replace)]
        while suspects:
            node = suspects.pop()
            if node is None or node not in self._nodes or self._is_read(node):
                continue
            suspects += [value.producer for value in node.inputs]
            yield from self._detach(node)

    def _is_read(self, node: Node) -> bool:
        return any(value.users or self.graph.is_output(value) for value in node.outputs)

    def _check(self, patch: Patch) -> None:
        removed, added = set(patch.remove), set(patch.add)
        for node in patch.remove:
            if node not in self._nodes:
                raise GraphError(f"a patch removes {node}, which is not in the graph")
            for value in node.outputs:
                if value not in patch.replace and (self.graph.is_output(value) or not removed.issuperset(value.users)):
                    raise GraphError(f"a patch removes {node}, but {value} is still used and nothing replaces it")
        for node in patch.add:
            if node in self._nodes:
                raise GraphError(f"a patch adds {node}, which is in the graph already")
            for value in node.inputs:
                self._check_defined(value, added, removed, f"the added {node}")
        for old, new in patch.replace.items():
            self._check_defined(new, added, removed, f"the replacement of {old}")
            if new in patch.replace:
                raise GraphError(f"a patch replaces {old} by {new}, which it replaces too")
            if not _agree(old, new):
                raise GraphError(f"a patch replaces {old} by {new}: dtype or shape differ")

    def _check_defined(self, value: Value, added: set[Node], removed: set[Node], reader: str) -> None:
        producer = value.producer
        if producer is None:
            if value.data is None and value not in self._inputs:
                raise GraphError(f"{reader} reads {value}, which is neither a graph input nor a constant")
        elif producer not in added and (producer not in self._nodes or producer in removed):
            raise GraphError(f"{reader} reads {value}, whose producer {producer} is not in the graph")


def apply(graph: Graph, patch: Patch) -> None:
    """Apply one patch. Raises GraphError, and leaves the graph as it was, where it is not sound."""
    with Editor(graph) as editor:
        editor.apply(patch)


def topological_order(nodes: Iterable[Node]) -> Iterator[Node]:
    """The nodes, each after those it reads, otherwise in the order given. Raises GraphError for a cycle."""
    done: set[Node] = set()
    opened: set[Node] = set()
    for root in nodes:
        stack = [root]
        while stack:
            node = stack[-1]
            if node in done:
                stack.pop()
                continue
            pending = [v.producer for v in node.inputs if v.producer is not None and v.producer not in done]
            if not pending:
                stack.pop()
                done.add(node)
                yield node
            elif node in opened:
                raise GraphError(f"{node} depends on its own output")
            else:
                opened.add(node)
                stack += reversed(pending)


def _agree(old: Value, new: Value) -> bool:
    """True where dtypes are the same and shapes differ at most in which dimensions are known."""
    a, b = old.spec, new.spec
    if a.dtype != b.dtype or a.rank != b.rank:
        return False
    return all(m == n or m < 0 or n < 0 for m, n in zip(a.shape, b.shape, strict=True))
