"""Run passes over a graph, with its rules verified around each.

A pass is a name and a function that changes a graph in place and returns how many changes it made. Most passes are
rewrites: a function is shown one node and returns a patch or None, and is applied until nothing more changes:

    @rewrite("Transpose")
    def cancel_transposes(graph: Graph, node: Node) -> Patch | None: ...
"""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from converter.errors import PassError
from converter.ir.edit import Editor, Patch
from converter.ir.graph import Graph, Node
from converter.ir.verify import Verifier

Rewriter = Callable[[Graph, Node], "Patch | None"]
Progress = Callable[[str], None]

_ADVICE = (
    "this is a bug of mindlite, please report it; until it is mended, mlite convert --no-optimize, in Python "
    "optimize=False, may convert the model as it was exported"
)
_PATCHES_PER_NODE = 50  # more patches than this, on average, and the rewrite will not end


@dataclass(frozen=True, slots=True)
class Pass:
    """A named change of a graph. run: changes the graph in place and returns the number of changes."""

    name: str
    run: Callable[[Graph], int]

    def __call__(self, graph: Graph) -> int:
        """Run without verification: what tests of one pass and other passes do."""
        return self.run(graph)


def whole_graph(function: Callable[[Graph], int]) -> Pass:
    """Decorator: the pass that a function over the whole graph is."""
    return Pass(function.__name__, function)


def rewrite(*operators: str) -> Callable[[Rewriter], Pass]:
    """Decorator: the pass that shows a function every node of these operators (of any, where none is given).

    The function returns a patch or None and mutates nothing. A node is shown again whenever a patch has touched its
    surroundings, so the work follows the changes rather than the size of the graph. While rewrites run, `graph.nodes`
    is out of date; users, producers and outputs are current.
    """
    chosen = frozenset(operators)

    def decorate(function: Rewriter) -> Pass:
        return Pass(function.__name__, lambda graph: _to_fixpoint(graph, function, chosen))

    return decorate


def _to_fixpoint(graph: Graph, function: Rewriter, operators: frozenset[str]) -> int:
    waiting = deque(node for node in graph.nodes if not operators or node.op in operators)
    queued = set(waiting)
    limit = _PATCHES_PER_NODE * (len(graph.nodes) + 1)
    patches = 0
    with Editor(graph) as editor:
        while waiting:
            node = waiting.popleft()
            queued.discard(node)
            if node not in editor:
                continue
            try:
                patch = function(graph, node)
                if patch is None or not editor.accepts(patch):
                    continue
                touched = editor.apply(patch)
            except OSError:  # a signal handler's TimeoutError, say: no pass raises one
                raise
            except Exception as error:
                raise PassError(f"at {node}: {error}") from error
            patches += 1
            if patches > limit:
                raise PassError(f"at {node}: no end after {patches} changes")
            for near in touched:
                if near not in queued and (not operators or near.op in operators):
                    queued.add(near)
                    waiting.append(near)
    return patches


def run_passes(graph: Graph, pipeline: Sequence[Pass], progress: Progress | None = None) -> dict[str, int]:
    """Run the passes in order, on the functions too; the number of changes each made, summed where it occurs twice.

    The graph is verified before the first pass and after every pass that changed it. Raises GraphError where it breaks
    a rule to begin with, PassError where a pass fails or leaves a graph that does: the message names the pass, the
    node, the passes that had run and a way around it. progress: called with the name of each pass before it runs.
    """
    graphs = [(part, Verifier()) for part in (graph, *graph.functions.values())]
    for part, verifier in graphs:
        verifier.check(part)
    changes: dict[str, int] = {}
    for done, step in enumerate(pipeline):
        if progress is not None:
            progress(f"{step.name} ({done + 1} of {len(pipeline)})")
        try:
            count = 0
            for part, verifier in graphs:
                changed = step.run(part)
                if changed:
                    verifier.check(part)
                count += changed
        except OSError:
            raise
        except Exception as error:
            before = ", ".join(p.name for p in pipeline[:done]) or "none"
            raise PassError(f"pass {step.name} failed: {error}\npasses that had run: {before}\n{_ADVICE}") from error
        changes[step.name] = changes.get(step.name, 0) + count
    return changes
