"""Images with their channels first, as ONNX and MindIR have them, where the graph has them last.

    conv(x)   ->   transpose(conv'(transpose(x, [0, 3, 1, 2])), [0, 2, 3, 1])

The passes that moved transposes out of the network's way when it was imported then cancel these.
"""
from __future__ import annotations

import numpy as np

from converter.ir.edit import Patch
from converter.ir.graph import Graph, Node, Value, infer, make_node
from converter.passes._layout import Permutation, inverse, permuted
from converter.passes._manager import rewrite, run_passes
from converter.passes.common_subexpressions import common_subexpressions
from converter.passes.eliminate_dead_code import eliminate_dead_code
from converter.passes.fold_flatten import fold_flatten
from converter.passes.merge_reshapes import merge_reshapes
from converter.passes.simplify_identities import simplify_identities
from converter.passes.sink_reshapes import sink_reshapes
from converter.passes.sink_transposes import sink_transposes
from lite.ops.binary import AddFusion
from lite.ops.registry import Attributes
from lite.ops.transpose import Transpose
from lite.records import dataclass
from lite.types import TensorSpec

IMAGE_OPERATORS = (
    "AvgPoolFusion", "Conv2DFusion", "Conv2dTransposeFusion", "DepthToSpace", "FusedBatchNorm", "GroupNormFusion",
    "InstanceNorm", "LRN", "MaxPoolFusion", "PReLUFusion", "ROIAlign", "Resize", "SpaceToDepth",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChannelsFirst(Attributes):
    """An operator with channels first in its first operand and result; in those of `inner` they are last."""

    inner: Attributes

    def infer(self, inputs: list[TensorSpec]) -> tuple[TensorSpec, ...]:
        """Specs of the outputs. Raises what the inner operator's inference raises."""
        x, *others = inputs
        order = to_channels_first(x.rank)
        outputs = infer(self.inner, [x.like(permuted(x.shape, inverse(order))), *others])
        return tuple(y.like(permuted(y.shape, order)) for y in outputs)


def to_channels_first(rank: int) -> Permutation:
    """The transpose that takes the last dimension behind the first."""
    return (0, rank - 1, *range(1, rank - 1))


@rewrite(*IMAGE_OPERATORS)
def put_channels_first(graph: Graph, node: Node) -> Patch | None:
    """Surround operators on images by transposes. Declines for the few that are given matrices."""
    rank = node.inputs[0].spec.rank
    if rank < 3:
        return None
    order = to_channels_first(rank)
    inner = make_node(Transpose(), [node.inputs[0], _constant(order)], node.name, node.origin)
    work = make_node(ChannelsFirst(node.attrs), [inner.outputs[0], *node.inputs[1:]], node.name, node.origin)
    outer = make_node(Transpose(), [work.outputs[0], _constant(inverse(order))], node.name, node.origin)
    return Patch(remove=[node], add=[inner, work, outer], replace={node.outputs[0]: outer.outputs[0]})


@rewrite("BiasAdd")
def add_bias(graph: Graph, node: Node) -> Patch | None:
    """x + bias by the operator that transposes pass."""
    added = make_node(AddFusion(), node.inputs, node.name, node.origin)
    return Patch(remove=[node], add=[added], replace={node.outputs[0]: added.outputs[0]})


def _constant(perm: Permutation) -> Value:
    return Value.constant(np.array(perm, np.int32))


LAYOUT = (
    add_bias, put_channels_first, sink_transposes, sink_reshapes, merge_reshapes, fold_flatten, simplify_identities,
    common_subexpressions, eliminate_dead_code,
)  # fmt: skip


def channels_first(graph: Graph) -> None:
    """Change a graph, and its functions, so that operators on images are ChannelsFirst.

    Raises PassError where a pass fails.
    """
    run_passes(graph, LAYOUT)
