"""Elements put at indices, of which no two are equal where they are not added: which comes last is not defined."""

from __future__ import annotations

import numpy as np

from tests.conformance.generate.case import Array, Case, Draw, Generator

_DTYPES = ("float32", "float32", "float16", "int32", "int64", "int8", "uint8")


def _places(d: Draw, shape: tuple[int, ...], repeated: bool) -> tuple[Array, int]:
    """Indices [count, depth] into a shape, and their depth."""
    depth = d.integer(1, len(shape))
    size = int(np.prod(shape[:depth]))
    count = d.integer(1, 9) if repeated else d.integer(1, min(size, 9))
    flat = d.rng.integers(0, size, count) if repeated else d.rng.permutation(size)[:count]
    return np.stack(np.unravel_index(flat, shape[:depth]), -1).astype(d.one_of("int32", "int64")), depth


def scatter_nd(d: Draw) -> Case:
    """Into zeros; of several at one index, the sum."""
    shape = d.shape(1, 4, empty=False)
    indices, depth = _places(d, shape, repeated=True)
    updates = d.array((len(indices), *shape[depth:]), d.one_of(*_DTYPES), -9, 9)
    return Case(f"{{op}}({{i}}, {{u}}, {shape})", {"i": indices, "u": updates}, "ops.ScatterNd()")


def tensor_scatter(
    primitive: str, dtypes: tuple[str, ...] = _DTYPES, limits: tuple[float, float] = (-9, 9)
) -> Generator:
    """Into a tensor."""

    def draw(d: Draw) -> Case:
        shape, dtype = d.shape(1, 4, empty=False), d.one_of(*dtypes)
        indices, depth = _places(d, shape, repeated=primitive != "TensorScatterUpdate")
        updates = d.array((len(indices), *shape[depth:]), dtype, *limits)
        operands = {"x": d.array(shape, dtype, -9, 9), "i": indices, "u": updates}
        return Case("{op}({x}, {i}, {u})", operands, f"ops.{primitive}()", constant=d.constants("i"))

    return draw


def tensor_scatter_elements(d: Draw) -> Case:
    """Along any axis, fewer than the tensor has; from the back too."""
    shape, dtype = d.shape(1, 3, empty=False), d.one_of(*_DTYPES)
    axis, dims = d.axis(len(shape)), tuple(d.integer(1, n) for n in shape)
    order = np.argsort(d.rng.random((*dims[: axis % len(dims)], shape[axis], *dims[axis % len(dims) + 1 :])), axis)
    indices = np.take(order, range(dims[axis]), axis).astype(d.one_of("int32", "int64"))
    operands = {"x": d.array(shape, dtype, -9, 9), "i": indices, "u": d.array(dims, dtype, -9, 9)}
    return Case("{op}({x}, {i}, {u})", operands, f"ops.TensorScatterElements({axis})", exact=True)


GENERATORS: dict[str, Generator] = {
    "ScatterNd": scatter_nd,
    "TensorScatterAdd": tensor_scatter("TensorScatterAdd"),
    **{p: tensor_scatter(p) for p in ("TensorScatterMax", "TensorScatterMin", "TensorScatterSub")},
    "TensorScatterMul": tensor_scatter("TensorScatterMul", ("float32", "int32"), (1, 2)),
    "TensorScatterDiv": tensor_scatter("TensorScatterDiv", ("float32",), (1, 2)),
    "TensorScatterElements": tensor_scatter_elements,
    "TensorScatterUpdate": tensor_scatter("TensorScatterUpdate"),
}
