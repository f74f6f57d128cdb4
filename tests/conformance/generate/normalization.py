"""Normalization with given or computed statistics, and softmax."""

from __future__ import annotations

import numpy as np

from tests.conformance.generate.case import Array, Case, Draw, Generator

_FLOATS = ("float32",) * 7 + ("float16",)


def _affine(d: Draw, shape: tuple[int, ...], dtype: str = "float32") -> dict[str, Array]:
    return {"g": d.array(shape, dtype, 0.5, 1.5), "b": d.array(shape, dtype, -1, 1)}


def _epsilon(d: Draw) -> float:
    return d.one_of(1e-3, 1e-5, 1e-5, 1e-7)


def batch_norm(d: Draw) -> Case:
    """With statistics given, of matrices and images; or with the batch's own."""
    x = d.array(d.one_of(d.shape(2, 2, empty=False), d.shape(4, 4, empty=False)), "float32")
    channels = x.shape[1:2]
    operands = {
        "x": x,
        **_affine(d, channels),
        "m": d.array(channels, "float32", -1, 1),
        "v": d.array(channels, "float32", 0.3, 2),
    }
    op = f"ops.BatchNorm(False, {_epsilon(d)})"
    return Case(
        "{op}({x}, {g}, {b}, {m}, {v})[0]", operands, op, constant=d.one_of(("g", "b", "m", "v"), ("m", "v"), ())
    )


def group_norm(d: Draw) -> Case:
    """Any groups."""
    groups = d.integer(1, 4)
    channels = groups * d.integer(1, 5)
    x = d.array((d.integer(1, 3), channels, *d.shape(1, 2, empty=False)), "float32")
    operands = {"x": x, **_affine(d, (channels,))}
    return Case(
        f"ops.group_norm({{x}}, {groups}, {{g}}, {{b}}, {_epsilon(d)})", operands, constant=d.one_of((), ("g", "b"))
    )


def layer_norm(d: Draw) -> Case:
    """Over the last dimensions; of wide tensors too.

    Of a few halves that are nearly equal MindSpore gives no more than one digit: they are float32.
    """
    shape = d.one_of(d.shape(1, 4, empty=False), (d.integer(1, 4), d.integer(30, 800)))
    begin = d.integer(max(0, len(shape) - 2), len(shape) - 1)
    x = d.array(shape, d.one_of(*_FLOATS)) + d.one_of(0, 0, 10)
    x = x.astype("float32") if np.prod(shape[begin:]) < 16 else x
    operands = {"x": x, **_affine(d, shape[begin:], str(x.dtype))}
    axis = begin - len(shape) * d.chance(0.5)
    return Case(
        "{op}({x}, {g}, {b})[0]",
        operands,
        f"ops.LayerNorm({axis}, {axis}, {_epsilon(d)})",
        constant=d.one_of((), ("g", "b")),
    )


def softmax(primitive: str) -> Generator:
    """Along any axis; large numbers too, which would overflow."""

    def draw(d: Draw) -> Case:
        shape = d.shape(1)
        x = d.array(shape, d.one_of(*_FLOATS), -d.one_of(3, 9, 90), 9)
        return Case("{op}({x})", {"x": x}, f"ops.{primitive}({d.axis(len(shape))})")

    return draw


def l2_normalize(d: Draw) -> Case:
    """Along any axis."""
    shape = d.shape(1)
    return Case(
        "{op}({x})", {"x": d.array(shape, d.one_of(*_FLOATS))}, f"ops.L2Normalize({d.axis(len(shape))}, {_epsilon(d)})"
    )


GENERATORS: dict[str, Generator] = {
    "BatchNorm": batch_norm,
    "GroupNorm": group_norm,
    "L2Normalize": l2_normalize,
    "LayerNorm": layer_norm,
    "LogSoftmax": softmax("LogSoftmax"),
    "Softmax": softmax("Softmax"),
}
