"""Remove what no graph output depends on. Graph inputs stay, used or not: they are part of the model's interface.

    x = op1(a); y = op2(a); return y   ->   y = op2(a); return y
"""
from __future__ import annotations

from converter.ir.edit import Editor, Patch
from converter.ir.graph import Graph
from converter.passes._manager import whole_graph


@whole_graph
def eliminate_dead_code(graph: Graph) -> int:
    """Remove unread nodes from the last to the first, so that what only they read goes too."""
    nodes = graph.nodes
    with Editor(graph) as editor:
        for node in reversed(nodes):
            if node in editor and not any(v.users or graph.is_output(v) for v in node.outputs):
                editor.apply(Patch(remove=[node]))
    return len(nodes) - len(graph.nodes)
