"""Matrix products, and layers that are mostly such."""

from __future__ import annotations

from tests.conformance.generate.case import Case, Draw, Generator, Shape

_FLOATS = ("float32",) * 5 + ("float16", "float64")


def _length(d: Draw) -> int:
    return d.one_of(d.size(), d.size(), d.integer(1, 70))


def _matrices(d: Draw, left: Shape, right: Shape, flip_left: bool = False, flip_right: bool = False) -> list[Shape]:
    m, k, n = _length(d), _length(d), _length(d)
    return [(*left, k, m) if flip_left else (*left, m, k), (*right, n, k) if flip_right else (*right, k, n)]


def matmul(primitive: str, low: int, high: int) -> Generator:
    """Of tensors with `low` to `high` dimensions in front, which broadcast; either one transposed."""

    def draw(d: Draw) -> Case:
        front = tuple(d.integer(1, 4) for _ in range(d.integer(low, high)))
        left, right = front, front
        if low and d.chance(0.3):
            left, right = (tuple(1 if d.chance(0.5) else n for n in side) for side in (left, right))
        flips = d.chance(0.3), d.chance(0.4)
        dtype = d.one_of(*_FLOATS)
        x, y = (d.array(shape, dtype, -1, 1) for shape in _matrices(d, left, right, *flips))
        return Case(
            "{op}({x}, {y})",
            {"x": x, "y": y},
            f"ops.{primitive}{flips}",
            constant=d.one_of((), (), ("y",), ("y",), ("x",)),
        )

    return draw


def matmul_ext(d: Draw) -> Case:
    """numpy's: vectors too, and dimensions in front that broadcast."""
    front = tuple(d.integer(1, 3) for _ in range(2))
    left, right = (tuple(1 if d.chance(0.3) else n for n in front)[d.integer(0, 2) :] for _ in range(2))
    shapes = _matrices(d, left, right)
    if d.chance(0.25):
        shapes[0] = shapes[0][-1:]
    if d.chance(0.25):
        shapes[1] = shapes[1][-2:-1]
    dtype = d.one_of(*_FLOATS)
    x, y = (d.array(shape, dtype, -1, 1) for shape in shapes)
    return Case("ops.matmul({x}, {y})", {"x": x, "y": y}, constant=d.one_of((), (), ("y",), ("x",)))


def batched(d: Draw) -> Case:
    """As many matrices on both sides."""
    batch, dtype = (d.integer(1, 4),), d.one_of(*_FLOATS)
    x, y = (d.array(shape, dtype, -1, 1) for shape in _matrices(d, batch, batch))
    return Case("ms.mint.bmm({x}, {y})", {"x": x, "y": y}, constant=d.constants("y"))


def added(d: Draw) -> Case:
    """beta * z + alpha * (x @ y)"""
    batch = (d.integer(1, 4),)
    x, y = (d.array(shape, "float32", -1, 1) for shape in _matrices(d, batch, batch))
    z = d.array((*x.shape[:2], y.shape[2]), "float32", -1, 1)
    settings = f"beta={d.one_of(1, 0.5, -2)}, alpha={d.one_of(1, 0.25, 3)}"
    return Case(f"ms.mint.baddbmm({{z}}, {{x}}, {{y}}, {settings})", {"x": x, "y": y, "z": z})


def outer(d: Draw) -> Case:
    """Two vectors."""
    dtype = d.one_of("float32", "float32", "float16", "float64")
    return Case("ops.ger({x}, {y})", {"x": d.array((d.size(),), dtype), "y": d.array((d.size(),), dtype)})


def dense(d: Draw) -> Case:
    """x [..., inputs] by w [outputs, inputs], with or without a bias."""
    inputs, outputs, dtype = _length(d), _length(d), d.one_of(*_FLOATS)
    x = d.array((*d.shape(1, 3, empty=False)[:2], inputs), dtype, -1, 1)
    operands = {"x": x, "w": d.array((outputs, inputs), dtype, -1, 1), "b": d.array((outputs,), dtype)}
    if d.chance(0.4):
        del operands["b"]
    arguments = ", ".join(f"{{{name}}}" for name in operands)
    return Case(f"ops.dense({arguments})", operands, constant=d.one_of((), tuple(operands)[1:]))


def bias_add(d: Draw) -> Case:
    """A number for each channel, dimension 1."""
    shape, dtype = d.shape(2, 5, empty=False), d.one_of("float32", "float32", "float16", "int32")
    operands = {"x": d.array(shape, dtype), "b": d.array(shape[1:2], dtype)}
    return Case("{op}({x}, {b})", operands, "ops.BiasAdd()", constant=d.constants("b"))


def lstm(d: Draw) -> Case:
    """A layer: the sequence, and the states that it ends with."""
    inputs, hidden, steps, samples = d.integer(1, 20), d.integer(1, 20), d.integer(1, 6), d.integer(1, 3)
    states = {name: d.array((1, samples, hidden), "float32", -1, 1) for name in "hc"}
    x = d.array((steps, samples, inputs), "float32", -1, 1)
    bias = d.chance(0.8)
    size = 4 * hidden * (inputs + hidden + bias)
    w = d.array((size, 1, 1), "float32", -0.6, 0.6)
    settings = f"{inputs}, {hidden}, 1, {bias}, False, 0.0"
    return Case("{op}({x}, {h}, {c}, {w})[:3]", {"x": x, **states, "w": w}, f"ops.LSTM({settings})", constant=("w",))


GENERATORS: dict[str, Generator] = {
    "Baddbmm": added,
    "BatchMatMul": matmul("BatchMatMul", 1, 2),
    "BatchMatMulExt": batched,
    "BiasAdd": bias_add,
    "Dense": dense,
    "Ger": outer,
    "LSTM": lstm,
    "MatMul": matmul("MatMul", 0, 0),
    "MatMulExt": matmul_ext,
}
