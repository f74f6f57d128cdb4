"""Which operations may be merged: an operation with the additions and activations that follow it.

    y = act(conv(x, w, b) + r)     is one step where    conv, AddFusion with r, Activation    were three

The merged operation has the first one's attributes, an Epilogue, and the last one's output; it runs where the first
one ran. An operator in between that only reshapes is merged too, since the bytes that are added are the same in either
shape. Nothing is merged into an operation whose result is an output of the network or has another reader, or that
ends with an activation already. An addition is not merged when it broadcasts the result, when one has been, or when its
other operand is not computed by then.

    y = conv(depthwise(conv(x)))     is one step where    these were three

Before that, a convolution with the depthwise one that reads it, and with the one that reads that: each can take the
rows of the other while these are in a cache (Operation.then). The delegate says whether that pays. What follows the
last of them is merged into that one.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lite.delegates.base import Epilogue, Operation
from lite.ops.activation import Activation
from lite.ops.binary import AddFusion
from lite.ops.enums import ActivationType
from lite.plan.network import Network, Step
from lite.records import dataclass, replace
from lite.types import DType

_NONE = ActivationType.NO_ACTIVATION
_RENAMES = frozenset({"ExpandDims", "Flatten", "Reshape", "Squeeze", "Unsqueeze"})
_MOST = 3  # convolutions that run as one


@dataclass(frozen=True, slots=True)
class Form:
    """One way to run a step: by itself, or with the steps at times `merged` after it."""

    step: Step
    merged: tuple[int, ...] = ()


class Fusions:
    """The forms of the steps of one network."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._written = {i: time for time, step in enumerate(network.steps) for i in step.outputs}
        self._readers: dict[int, list[int]] = {}
        for time, step in enumerate(network.steps):
            for i in step.inputs:
                self._readers.setdefault(i, []).append(time)

    def forms(self, time: int) -> tuple[Form, ...]:
        """The forms of step `time`: the one that merges most first, the step by itself last."""
        return tuple(reversed(list(self._longer(Form(self._network.steps[time]), time))))

    def _longer(self, form: Form | None, time: int) -> Iterator[Form]:
        while form is not None:
            yield form
            form = self._extended(form, time)

    def _extended(self, form: Form, time: int) -> Form | None:
        """The form with the only reader of its result merged too; None where it cannot be."""
        step, last = form.step, form.step.operation.last
        if len(step.outputs) != 1:
            return None
        result, times = self._renamed(step.outputs[0])
        if not times:
            return None
        follower = self._network.steps[times[-1]]
        if len(times) == 1 and _takes_rows(step.operation, follower.operation):
            return _joined(form, follower, times[0])
        spec = self._network.specs[result].like()
        if _activated(last) or follower.operation.outputs[0].like() != spec:
            return None
        attrs, epilogue = follower.operation.attrs, last.epilogue
        added: tuple[int, ...] = ()
        if isinstance(attrs, Activation):
            epilogue = replace(epilogue, activation=attrs)
        elif _adds_codes(last, follower.operation) and epilogue.residual < 0:
            from lite.ops.quantized import Quantized

            assert isinstance(attrs, Quantized), "it adds codes"
            (residual,) = (i for i in follower.inputs if i != result)
            if self._network.specs[residual].like() != spec or self._written.get(residual, -1) >= time:
                return None
            own, other = attrs.inputs if follower.inputs[0] == result else attrs.inputs[::-1]
            epilogue = Epilogue(len(last.inputs), codes=replace(attrs, inputs=(own, other)))
            added = (residual,)
        elif isinstance(attrs, AddFusion) and epilogue.residual < 0:
            (residual,) = (i for i in follower.inputs if i != result)
            same = self._network.specs[residual].like() == spec
            if not same and (len(times) > 1 or last.orders.output):
                return None  # to broadcast, the result must have the shape that the operation gives it
            if self._written.get(residual, -1) >= time:
                return None
            epilogue = Epilogue(len(last.inputs), Activation(attrs.activation_type))
            added = (residual,)
        else:
            return None
        outputs = (last.outputs[0].named(follower.operation.outputs[0].name),)
        specs = (*last.inputs, *(self._network.specs[i] for i in added))
        last = replace(last, inputs=specs, outputs=outputs, epilogue=epilogue)
        operation = replace(step.operation, then=(*step.operation.then[:-1], last)) if step.operation.then else last
        merged = (*step.merged, *(self._network.steps[t].operation for t in times))
        return Form(Step(operation, (*step.inputs, *added), follower.outputs, merged), (*form.merged, *times))

    def _renamed(self, tensor: int) -> tuple[int, list[int]]:
        """What a tensor is called where its only reader has it, and the steps up to that; none where there are more."""
        times: list[int] = []
        while True:
            readers = self._readers.get(tensor, [])
            if len(readers) != 1 or tensor in self._network.outputs:
                return tensor, []
            times += readers
            step = self._network.steps[readers[0]]
            if step.operation.op not in _RENAMES or step.inputs[0] != tensor:
                return tensor, times
            (tensor,) = step.outputs


def _takes_rows(operation: Operation, follower: Operation) -> bool:
    """Whether `follower` may take the rows of what `operation` is so far."""
    chain = (operation, *operation.then, follower)
    if len(chain) > _MOST or not all(_is_convolution(other) for other in chain):
        return False
    return [_group(other.attrs) > 1 for other in chain] == [False, True, False][: len(chain)]


def _is_convolution(operation: Operation) -> bool:
    """Of float32, with constants for weights, and nothing added to its result."""
    if operation.op != "Conv2DFusion" or operation.attrs.is_quantized or operation.epilogue.residual >= 0:
        return False
    x, *rest = operation.inputs
    return x.dtype == DType.FLOAT32 and all(other.is_known for other in rest)


def _group(attrs: Any) -> int:
    group: int = attrs.group
    return group


def _adds_codes(operation: Operation, follower: Operation) -> bool:
    """Whether a product of codes is followed by the addition of two tensors of codes."""
    attrs, then = operation.attrs, follower.attrs
    if not attrs.is_quantized or not then.is_quantized or then.op != "AddFusion":
        return False
    from lite.ops.quantized import PRODUCTS, Quantized

    assert isinstance(then, Quantized), "it says so"
    return attrs.op in PRODUCTS and len(set(follower.inputs)) == 2 and None not in then.inputs


def _joined(form: Form, follower: Step, time: int) -> Form:
    """The form with a convolution that takes its rows."""
    step, operation = form.step, follower.operation
    joined = replace(step.operation, then=(*step.operation.then, operation))
    inputs = (*step.inputs, *follower.inputs[1:])
    return Form(Step(joined, inputs, follower.outputs, (*step.merged, operation)), (*form.merged, time))


def _activated(operation: Operation) -> bool:
    """Whether the operation ends with an activation, so that no addition can be merged any more."""
    attrs = operation.attrs
    if attrs.is_quantized:
        from lite.ops.quantized import is_by_row

        attrs = attrs.inner if is_by_row(attrs) else attrs
    own = getattr(attrs, "activation_type", _NONE)
    return own != _NONE or operation.epilogue.activation.activation_type != _NONE
