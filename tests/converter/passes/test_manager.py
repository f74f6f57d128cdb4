"""Running passes: fixpoint, verification, and errors that say where."""
from __future__ import annotations

import pytest

from converter.errors import GraphError, PassError
from converter.ir.edit import Patch
from converter.ir.graph import Graph, Node, make_node
from converter.ir.text import parse
from converter.ir.verify import verify
from converter.passes._manager import rewrite, run_passes, whole_graph
from converter.passes.eliminate_dead_code import eliminate_dead_code
from converter.passes.pipelines import DEFAULT
from converter.passes.simplify_identities import simplify_identities
from lite.ops.unary import Neg

TEXT = "input %x: float32[4]\n%a = Neg(%x)\n%b = Neg(%a)\n%c = Neg(%b)\n%y = Neg(%c)\noutput %y"


@rewrite("Neg")
def cancel(graph: Graph, node: Node) -> Patch | None:
    """Two negations in a row are none."""
    before = node.inputs[0].producer
    return Patch(remove=[node], replace={node.outputs[0]: before.inputs[0]}) if before and before.op == "Neg" else None


@rewrite("Neg")
def never_ends(graph: Graph, node: Node) -> Patch | None:
    """Replaces each node by another like it."""
    new = make_node(Neg(), node.inputs, node.name)
    return Patch(remove=[node], add=[new], replace={node.outputs[0]: new.outputs[0]})


@rewrite("Neg")
def trips(graph: Graph, node: Node) -> Patch | None:
    """Fails at one node."""
    if node.name == "y":
        raise ZeroDivisionError("oh")
    return None


@whole_graph
def breaks_a_rule(graph: Graph) -> int:
    """Leaves the nodes out of order."""
    graph.nodes.reverse()
    return 1


def test_a_rewrite_runs_until_nothing_changes() -> None:
    graph = parse(TEXT)
    assert run_passes(graph, [cancel]) == {"cancel": 1}  # of two pairs, one ends in the output, whose name must stay
    verify(graph)
    assert len(graph.nodes) == 2


def test_changes_are_summed_and_progress_is_told() -> None:
    lines: list[str] = []
    graph = parse(TEXT.replace("output", "%z = AddFusion(%x, 0.0)\n%d = Neg(%z)\noutput"))
    changes = run_passes(graph, [simplify_identities, eliminate_dead_code, simplify_identities], lines.append)
    assert changes == {"simplify_identities": 1, "eliminate_dead_code": 1}
    assert lines == ["simplify_identities (1 of 3)", "eliminate_dead_code (2 of 3)", "simplify_identities (3 of 3)"]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (never_ends, "pass never_ends failed: at .*Neg.*: no end after"),
        (trips, "pass trips failed: at .*Neg 'y'.*: oh"),
        (breaks_a_rule, "pass breaks_a_rule failed: order: .*Neg 'y'"),
    ],
    ids=lambda row: getattr(row, "name", ""),
)
def test_failures_say_which_pass_and_node(step: object, message: str) -> None:
    with pytest.raises(PassError, match=message) as caught:
        run_passes(parse(TEXT), [eliminate_dead_code, cancel, step])
    assert "passes that had run: eliminate_dead_code, cancel\n" in str(caught.value)
    assert "--no-optimize" in str(caught.value)


def test_a_graph_that_is_broken_to_begin_with() -> None:
    graph = parse(TEXT)
    graph.nodes.reverse()
    with pytest.raises(GraphError, match="order"):
        run_passes(graph, [cancel])


def test_pass_names_are_their_modules() -> None:
    for step in DEFAULT:
        module = __import__(f"converter.passes.{step.name}", fromlist=[step.name])
        assert getattr(module, step.name) is step
        assert module.__doc__
