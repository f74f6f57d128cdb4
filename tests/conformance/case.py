"""One case for a single operator: a small network that MindSpore exports and computes."""
from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_TEMPLATE = '''\
import numpy as np
import mindspore as ms
from mindspore import Tensor, nn, ops


class Case(nn.Cell):
    def __init__(self):
        super().__init__()
        self.op = {op}

    def construct(self, {names}):
        return {expression}
{call}

def network():
    return Case()


def inputs(rng):
    def normal(*shape):
        return rng.standard_normal(shape, dtype=np.float32)

    def positive(*shape):
        return rng.uniform(0.1, 3.0, shape).astype(np.float32)

    def halves(*shape):
        return rng.integers(-9, 10, shape).astype(np.float32) / 2

    def integers(low, high, *shape):
        return rng.integers(low, high, shape, dtype=np.int32)

    def booleans(*shape):
        return rng.integers(0, 2, shape).astype(bool)

    return dict({inputs})


dynamic = dict({dynamic})
'''

_NUMPY = '''
    def __call__(self, *tensors):
        {names}, *_ = (*(tensor.asnumpy() for tensor in tensors), None)
        return Tensor({same})
'''

_MINDSPORE = '''
    def __call__(self, *tensors):
        {names}, *_ = (*tensors, None)
        return {runs}
'''


@dataclass(frozen=True)
class Case:
    """One small network. primitive: what must occur in its export; inputs: arguments of construct, drawn by the
    template's functions; expression: what construct returns; op: what self.op is, a cell or primitive with settings;
    dynamic: shapes of inputs that are exported with dynamic dimensions. Where MindSpore exports the primitive and
    cannot run it on CPUs, runs: what it runs instead, by primitives that it has there; same: what numpy computes.
    """

    primitive: str
    expression: str
    inputs: str
    op: str = "None"
    dynamic: str = ""
    same: str = ""
    runs: str = ""

    @property
    def source(self) -> str:
        """The definition that the exporter runs."""
        names = ", ".join(re.findall(r"(\w+)=", re.sub(r"\([^()]*\)", "", self.inputs)))
        call = _NUMPY.format(names=names, same=self.same) if self.same else ""
        call = _MINDSPORE.format(names=names, runs=self.runs) if self.runs else call
        return _TEMPLATE.format(
            op=self.op, names=names, expression=self.expression, inputs=self.inputs, dynamic=self.dynamic, call=call
        )

    @property
    def name(self) -> str:
        """A file name that tells the cases apart."""
        return f"{self.primitive}-{hashlib.sha256(self.source.encode()).hexdigest()[:8]}"

    def __str__(self) -> str:
        what = self.expression if self.op == "None" else f"{self.expression} with {self.op}"
        return f"{self.primitive}: {what} on {self.inputs}{f' as {self.dynamic}' if self.dynamic else ''}"


def family(names: str, expression: str, inputs: str) -> list[Case]:
    """One case for each `Primitive:function` of ops, with {} in the expression replaced by the function."""
    pairs = [name.split(":") for name in names.split()]
    return [Case(primitive, expression.format(f"ops.{function}"), inputs) for primitive, function in pairs]
