"""Which operations may be one: an operation and the additions and activations that alone read its result.

    y = act(conv(x, w, b) + r)     is one step where    conv, AddFusion with r, Activation    were three

The merged operation has the first one's attributes, an Epilogue, and the last one's output; it runs where the first
one ran. Nothing is merged into an operation whose result is an output of the network or has another reader, or that
ends with an activation already. An addition is not merged when it broadcasts, when one has been, or when its other
operand is not computed by then.
"""
from __future__ import annotations

from collections.abc import Iterator

from lite.delegates.base import Epilogue, Operation
from lite.ops.activation import Activation
from lite.ops.binary import AddFusion
from lite.ops.enums import ActivationType
from lite.plan.network import Network, Step
from lite.records import dataclass, replace

_NONE = ActivationType.NO_ACTIVATION


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
        """The form with the only reader of its result merged in; None where that cannot be."""
        step = form.step
        readers = self._readers.get(step.outputs[0], [])
        if len(step.outputs) != 1 or len(readers) != 1 or step.outputs[0] in self._network.outputs:
            return None
        follower = self._network.steps[readers[0]]
        if follower.operation.outputs[0].like() != step.operation.outputs[0].like() or _activated(step.operation):
            return None
        attrs, epilogue, inputs = follower.operation.attrs, step.operation.epilogue, step.inputs
        if isinstance(attrs, Activation):
            epilogue = replace(epilogue, activation=attrs)
        elif isinstance(attrs, AddFusion) and epilogue.residual < 0:
            (residual,) = (i for i in follower.inputs if i != step.outputs[0])
            if self._network.specs[residual].like() != step.operation.outputs[0].like():
                return None
            if self._written.get(residual, -1) >= time:
                return None
            epilogue = Epilogue(len(inputs), Activation(attrs.activation_type))
            inputs = (*inputs, residual)
        else:
            return None
        specs = tuple(self._network.specs[i] for i in inputs)
        operation = replace(step.operation, inputs=specs, outputs=follower.operation.outputs, epilogue=epilogue)
        merged = (*step.merged, follower.operation)
        return Form(Step(operation, inputs, follower.outputs, merged), (*form.merged, readers[0]))


def _activated(operation: Operation) -> bool:
    """Whether an activation is the last thing the operation does, so that nothing can come before it any more."""
    own = getattr(operation.attrs, "activation_type", _NONE)
    return own != _NONE or operation.epilogue.activation.activation_type != _NONE
