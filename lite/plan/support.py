"""Whether a model can be planned at all, checked before any shape is inferred."""
from __future__ import annotations

from lite.errors import UnsupportedOp, UnsupportedOpError
from lite.model import CONTROL, Model, Node
from lite.types import DType

_TRAINING = frozenset(
    {
        "Adam",
        "AdamWeightDecay",
        "ApplyMomentum",
        "BinaryCrossEntropy",
        "Conv2DBackpropFilterFusion",
        "Conv2DBackpropInputFusion",
        "NLLLoss",
        "SGD",
        "SigmoidCrossEntropyWithLogits",
        "SmoothL1Loss",
        "SoftmaxCrossEntropyWithLogits",
        "SparseSoftmaxCrossEntropyWithLogits",
    }
)
_UNSIGNED = frozenset({DType.UINT8, DType.UINT16})

_TRAINING_HINT = (
    "this is a training graph: it needs a loss, gradient operators and an optimizer, which an inference engine does "
    "not have; export the forward network alone, after net.set_train(False), and convert that"
)


def check_supported(model: Model) -> None:
    """Raise UnsupportedOpError, listing every operator that cannot run, where there is one."""
    refused: dict[tuple[str, str], list[Node]] = {}
    run = {index for graph in model.subgraphs for index in graph.nodes}
    for index in sorted(run):
        node = model.nodes[index]
        reason = _reason(model, node)
        if reason:
            refused.setdefault((node.op, reason), []).append(node)
    rows = [UnsupportedOp(op, len(nodes), nodes[0].name, reason) for (op, reason), nodes in refused.items()]
    if rows:
        training = any(_is_training(row.op) for row in rows)
        raise UnsupportedOpError(model.name, len(model.nodes), rows, _TRAINING_HINT if training else "")


def _reason(model: Model, node: Node) -> str:
    """Why the node cannot run; empty where it can, as far as is known."""
    if _is_training(node.op):
        return "training only"
    if node.op == "Assign":
        return "changes a tensor where no state is kept: only variables are assigned, by the last nodes that run"
    if node.attrs is None and node.op not in CONTROL:
        return "unknown to this version"
    stored = [model.tensors[i] for i in (*node.inputs, *node.outputs)]
    if any(tensor.quant and tensor.spec.dtype in _UNSIGNED for tensor in stored):
        return "quantized tensors are int8 or int16 here"
    return ""


def _is_training(op: str) -> bool:
    return op in _TRAINING or "Grad" in op
