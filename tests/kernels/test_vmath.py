"""The error bounds that lite.kernels.vmath states, over dense sweeps of float32, on every level this machine has."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lite.delegates.base import In, NativeClaim, NativeStep, Operation, Out
from lite.delegates.cpu import CpuDelegate
from lite.kernels.codes import UNARY
from lite.native.pack import KernelPack
from lite.ops.erf import erf
from lite.ops.softmax import Softmax
from lite.ops.unary import Abs
from lite.types import Array, TensorSpec
from tests.kernels.conftest import LEVELS
from tests.kernels.execute import execute

_ALL = np.arange(0, 2**32, 2**14 + 1, dtype=np.uint64).astype(np.uint32).view(np.float32)  # every exponent, both signs
_NEAR = np.linspace(-12, 12, 200_001, dtype=np.float32)
_UNIT = np.linspace(-1, 1, 200_001, dtype=np.float32)

_SUBNORMAL = 2.0**-149  # float32 is no finer near 0

# name, function in float64, largest relative error, largest absolute error where that is more
ROWS = [
    ("exp", np.exp, 2e-7, 2.0**-125),
    ("log", np.log, 3e-7, 0.0),
    ("log1p", np.log1p, 4e-7, 0.0),
    ("tanh", np.tanh, 4e-7, 0.0),
    ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), 3e-7, 2.0**-125),
    ("erf", erf, 4e-7, 0.0),
    ("softplus", lambda x: np.logaddexp(x, 0), 5e-7, 2.0**-125),
    ("expm1", np.expm1, 5e-7, 0.0),
    ("sinh", np.sinh, 8e-7, 0.0),
    ("cosh", np.cosh, 8e-7, 0.0),
    ("asinh", np.arcsinh, 6e-7, 0.0),
    ("acosh", np.arccosh, 6e-7, 0.0),
    ("atanh", np.arctanh, 6e-7, 0.0),
    ("atan", np.arctan, 3e-7, 0.0),
    ("asin", np.arcsin, 5e-7, 0.0),
    ("acos", np.arccos, 6e-7, 5e-7),
    ("elu", lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), 4e-7, 0.0),
    ("gelu", lambda x: x * 0.5 * (1 + erf(x / np.sqrt(2))), 4e-7, 1.5e-6),
]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("name", "function", "relative", "absolute"), ROWS, ids=[row[0] for row in ROWS])
def test_error_is_within_the_stated_bound(
    packs: dict[str, KernelPack],
    level: str,
    name: str,
    function: Callable[[Array], Array],
    relative: float,
    absolute: float,
) -> None:
    x = np.concatenate([_ALL, _NEAR, _UNIT])
    actual = _apply(packs[level], name, x).astype(np.float64)
    with np.errstate(all="ignore"):
        exact = function(x.astype(np.float64))
        rounded = exact.astype(np.float32).astype(np.float64)
    finite = np.isfinite(rounded)
    np.testing.assert_array_equal(actual[~finite], rounded[~finite])
    x, actual, exact = x[finite], actual[finite], exact[finite]
    error = np.abs(actual - exact)
    allowed = np.maximum(relative * np.abs(exact), max(absolute, _SUBNORMAL))
    worst = np.argmax(error - allowed)
    assert error[worst] <= allowed[worst], f"{name}({x[worst]!r}) is {actual[worst]!r} instead of {exact[worst]!r}"


@pytest.mark.parametrize("level", LEVELS)
def test_exponential_of_softmax_is_within_the_stated_bound(packs: dict[str, KernelPack], level: str) -> None:
    x = np.linspace(-100, 0, 100_001, dtype=np.float32)
    spec = TensorSpec.of(np.stack([np.zeros_like(x), x], axis=-1))
    operation = Operation("sweep", Softmax(axis=(-1,)), (spec.like(),), (spec.like(),))
    claim = CpuDelegate(packs[level]).claim(operation)
    assert claim is not None
    assert spec.value is not None
    (y,) = execute(packs[level], operation, claim, (spec.value,))
    wide = x.astype(np.float64)
    exact = np.exp(wide)
    error = np.abs(y[:, 1].astype(np.float64) / y[:, 0] - exact)
    assert (error <= np.maximum((3e-7 - 1e-7 * wide) * exact, 2.0**-125)).all()


def _apply(pack: KernelPack, name: str, x: Array) -> Array:
    sizes = {"n": x.size, "block": x.size}
    arguments = {"x": In(0), "y": Out(0), "function": UNARY.index(name), "a": 1.0, "b": 0.0, **sizes}
    spec = TensorSpec.of(x).like()
    claim = NativeClaim((NativeStep("unary_f32", arguments),))
    (y,) = execute(pack, Operation("sweep", Abs(), (spec,), (spec,)), claim, (x,))
    return y
