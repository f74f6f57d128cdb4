"""Cases for networks that change their parameters: the body of construct, on which inputs. See test_states.py."""
from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from textwrap import indent

_TEMPLATE = '''\
import numpy as np
import mindspore as ms
from mindspore import Parameter, Tensor, nn, ops


def parameter(name, *shape, dtype=np.float32):
    return Parameter(Tensor(np.arange(1, 1 + int(np.prod(shape)), dtype=dtype).reshape(shape)), name=name)


class Average(nn.Cell):
    def __init__(self):
        super().__init__()
        self.mean = parameter("mean", 2, 3)

    def construct(self, x):
        self.mean = self.mean * 0.5 + x
        return self.mean * 2


class Case(nn.Cell):
    def __init__(self):
        super().__init__()
        self.p, self.q = parameter("p", {shape}), parameter("q", {shape})
        self.place = parameter("place", 1, dtype=np.int32)
        self.average = Average()
        self.both = ms.ParameterTuple([self.p, self.q])

    def construct(self, {names}):
{body}

def network():
    return Case()


def inputs(rng):
    def normal(*shape):
        return rng.standard_normal(shape, dtype=np.float32)

    def rows():
        return np.array([2, rng.integers(0, 4)], np.int32)

    def count():
        return np.array(rng.integers(0, 5), np.int64)

    return dict({inputs})
'''


@dataclass(frozen=True)
class StateCase:
    """primitive: what must occur in the export. body: of construct, where p and q are parameters of `shape`, place is
    int32 [1] and average a cell with a state of its own. inputs: arguments, drawn anew for each run by the template's
    functions.
    """

    primitive: str
    body: str
    inputs: str = "x=normal(2, 3)"
    shape: str = "2, 3"

    @property
    def source(self) -> str:
        """The definition that the exporter runs."""
        names = ", ".join(re.findall(r"(\w+)=", re.sub(r"\([^()]*\)", "", self.inputs)))
        body = indent(self.body.strip("\n") + "\n", " " * 8)
        return _TEMPLATE.format(shape=self.shape, names=names, body=body, inputs=self.inputs)

    @property
    def name(self) -> str:
        """A file name that tells the cases apart."""
        return f"{self.primitive}-{hashlib.sha256(self.source.encode()).hexdigest()[:8]}"

    def __str__(self) -> str:
        return f"{self.primitive}: {'; '.join(line.strip() for line in self.body.strip().splitlines())}"


def _then(primitive: str, change: str, *more: str) -> StateCase:
    """A change of p, and what it is then."""
    return StateCase(primitive, f"{change}\nreturn self.p * 1", *more)


_ROWS = ("i=rows(), x=normal(2, 3)", "4, 3")
_COUNTED = "x=normal(2, 3), n=count()"

STRAIGHT = [
    _then("Assign", "ops.assign(self.p, self.p * 2 + x)"),
    _then("Assign", "self.p = self.p + x"),
    _then("Assign", "ops.assign(self.p, Tensor(np.full((2, 3), 2, np.float32)))"),
    _then("AssignAdd", "ops.assign_add(self.p, x)"),
    _then("AssignSub", "ops.assign_sub(self.p, x)"),
    _then("IndexAdd", "ops.index_add(self.p, i, x, 0)", *_ROWS),
    _then("IndexAdd", "ops.index_add(self.p, i, x, 1)", "i=rows(), x=normal(3, 2)", "3, 4"),
    _then("InplaceAddExt", "self.p += x"),
    _then("InplaceAddExt", "self.p.add_(x, alpha=2)"),
    _then("InplaceAddsExt", "self.p += 2"),
    _then("InplaceCopy", "self.p.copy_(x)"),
    _then("InplaceCopy", "self.p.copy_(x)", "x=normal(3)"),
    _then("InplaceDiv", "self.p.div_(x)"),
    _then("InplaceDivs", "self.p.div_(4.0)"),
    _then("InplaceMul", "self.p.mul_(x)"),
    _then("InplaceMuls", "self.p.mul_(0.5)"),
    _then("ScatterAdd", "ops.scatter_add(self.p, i, x)", *_ROWS),
    _then("ScatterSub", "ops.ScatterSub()(self.p, i, x)", *_ROWS),
    _then("ScatterUpdate", "ops.scatter_update(self.p, i, x)", *_ROWS),
    _then("ScatterNdAdd", "ops.scatter_nd_add(self.p, i.reshape(2, 1), x)", *_ROWS),
    _then("ScatterNdSub", "ops.scatter_nd_sub(self.p, i.reshape(2, 1), x)", *_ROWS),
    _then("ScatterNdUpdate", "ops.scatter_nd_update(self.p, i.reshape(2, 1), x)", *_ROWS),
    _then("ScatterNdUpdate", "self.p[1] = x", "x=normal(3)", "4, 3"),
    _then("ScatterNdUpdate", "self.p[1] += x", "x=normal(3)", "4, 3"),
    _then("ScatterNdUpdate", "self.p[i] = x", *_ROWS),
    StateCase("TensorCopySlices", "self.p[1:3] = x\nreturn self.p * 1", shape="4, 3"),
    StateCase("TensorMove", "ops.assign_add(self.p, x)\nreturn self.p * 1"),
]

# What is read before a change, between two, after the last, and what is returned without being read.
ORDER = [
    StateCase("Assign", """
before = self.p * 3
ops.assign(self.p, x)
between = self.p * 5
ops.assign_add(self.p, between)
return before, between, self.p
"""),
    StateCase("Assign", "ops.assign(self.p, x)\nreturn x * 2"),
    StateCase("Assign", "return ops.assign(self.p, self.p * 0.5 + x) + 1"),
    StateCase("Assign", "held = self.p\nops.assign(self.p, x)\nreturn held + self.p"),
    StateCase("Assign", "ops.assign(self.p, self.q + x)\nops.assign(self.q, self.p * 2)\nreturn self.p + self.q"),
    StateCase("Assign", """
p, q = self.p * 1.0, self.q * 1.0
self.p = q - 1
self.q = p
return x + self.p - self.q * 2
"""),
    StateCase("Assign", "return self.average(x) + self.average(x * 2)"),
    StateCase("Assign", """
y = x * 1.0
for state in self.both:
    y = y + state
    ops.assign(state, y)
return y
"""),
    StateCase("ScatterUpdate", """
ops.scatter_update(self.p, self.place, x)
self.place = self.place + 1
return ops.matmul(x, self.p.T)
""", "x=normal(1, 3)", "6, 3"),
]  # fmt: skip

BRANCHES = [
    StateCase("AssignAdd", "if x.sum() > 0:\n    ops.assign_add(self.p, x)\nreturn x + self.p"),
    StateCase("AssignAdd", "if x.sum() > 0:\n    ops.assign_add(self.p, x)\n    return x\nreturn x + self.p"),
    StateCase("AssignAdd", """
if x.sum() > 0:
    ops.assign_add(self.p, x)
else:
    ops.assign(self.q, x)
return self.p + self.q * 10
"""),
    StateCase("AssignSub", """
if x.sum() > 0:
    if x[0, 0] > 0:
        ops.assign_add(self.p, x)
    else:
        ops.assign_sub(self.q, x)
y = self.p - self.q
self.q = self.q + 0.5
return y
"""),
    StateCase("Assign", """
if x.sum() > 0:
    y = self.average(x)
else:
    y = self.average(x * 2) + self.average(x)
return y + self.average(x)
"""),
]  # fmt: skip

LOOPS = [
    StateCase("AssignAdd", """
i = Tensor(0)
while i < n:
    ops.assign_add(self.p, x)
    i = i + 1
return self.p * 1
""", _COUNTED),
    StateCase("AssignSub", """
i = Tensor(0)
y = x * 1.5
while i < n:
    y = y + self.p
    self.p = y * 0.5
    if y.sum() > 9:
        ops.assign_sub(self.q, y)
    i = i + 1
return self.p * 1, y, self.q
""", _COUNTED),
    StateCase("AssignSub", """
while self.p.sum() < 40:
    self.p = self.p + 3
ops.assign_sub(self.p, x * x * 10)
return self.p * 1
"""),
    StateCase("AssignAdd", """
i = Tensor(0)
while i < n:
    ops.assign_add(self.p, x)
    if self.p.sum() > 25:
        return self.p * 2
    i = i + 1
return self.p - x
""", _COUNTED),
    StateCase("Assign", """
i = Tensor(0)
y = x * 1.0
while i < n:
    y = self.average(y) * 0.1
    i = i + 1
return y + self.average(x) + self.q
""", _COUNTED),
    StateCase("ScatterNdUpdate", """
i = Tensor(0)
y = x * 1.0
while i < n:
    self.p[self.place] = y
    self.place = (self.place + 1) % 5
    y = ops.softmax(ops.matmul(y, self.p.T), -1).matmul(self.p)
    i = i + 1
return y
""", "x=normal(1, 3), n=count()", "5, 3"),
    StateCase("Assign", """
while self.p.sum() < 30:
    self.p = self.p + 2
while self.q.sum() < 30:
    self.q = self.q + self.p * 0.1
y = self.p + self.q
ops.assign(self.p, x)
ops.assign(self.q, x)
return y
"""),
]  # fmt: skip

CASES = [*STRAIGHT, *ORDER, *BRANCHES, *LOOPS]
