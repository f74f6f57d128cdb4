"""Triangles, diagonals and grids, distances, segments, windows of images, and what is sorted."""

from __future__ import annotations

import math

import numpy as np

from tests.conformance.generate.case import Case, Draw, Generator

_FLOATS = ("float32", "float32", "float16")
_NUMBERS = (*_FLOATS, "int32", "int64")


def of_matrices(expression: str, dtypes: tuple[str, ...] = _NUMBERS, low: int = 2, high: int = 4) -> Generator:
    """{k} is the number of a diagonal; {a} and {b} are two limits, -1 for none."""

    def draw(d: Draw) -> Case:
        x = d.array(d.shape(low, high, empty=False), d.one_of(*dtypes))
        limits = {"{k}": d.integer(-4, 4), "{a}": d.integer(-1, 3), "{b}": d.integer(-1, 3)}
        text = expression
        for name, value in limits.items():
            text = text.replace(name, str(value))
        return Case(text, {"x": x})

    return draw


def diagonal(d: Draw) -> Case:
    """Of any two dimensions, which it crosses."""
    shape = d.shape(2, 4, empty=False)
    first, second = (int(axis) for axis in d.rng.permutation(len(shape))[:2])
    offset = d.integer(1 - shape[first], shape[second] - 1)
    x = d.array(shape, d.one_of(*_NUMBERS))
    return Case(f"ops.diagonal({{x}}, {offset}, {first}, {second})", {"x": x}, exact=True)


def mesh_grid(d: Draw) -> Case:
    """Two or three vectors."""
    dtype = d.one_of(*_NUMBERS)
    operands = {name: d.array((d.size(),), dtype) for name in ("xyz" if d.chance(0.4) else "xy")}
    names = ", ".join(f"{{{name}}}" for name in operands)
    return Case(f"ops.meshgrid({names}, indexing={d.one_of('xy', 'ij')!r})", operands, exact=True)


def cross(d: Draw) -> Case:
    """Along any dimension of 3."""
    shape = list(d.shape(1, 3, empty=False))
    axis = d.integer(0, len(shape) - 1)
    shape[axis] = 3
    operands = {name: d.array(tuple(shape), d.one_of("float32", "float16")) for name in "xy"}
    operands["y"] = operands["y"].astype(operands["x"].dtype)
    return Case(f"ops.cross({{x}}, {{y}}, dim={axis})", operands)


def distances(d: Draw) -> Case:
    """Of rows; p from 1 to 3."""
    batch, depth = d.one_of((), (d.size(5),)), d.size(9)
    operands = {name: d.array((*batch, d.size(9), depth)) for name in "xy"}
    return Case(f"ops.cdist({{x}}, {{y}}, {d.one_of(1.0, 2.0, 2.0, 3.0)})", operands)


def norm(d: Draw) -> Case:
    """Over one or two dimensions; p from 1 to 3."""
    x = d.array(d.shape(1, 4, empty=False), d.one_of(*_FLOATS))
    axes = d.axes(x.ndim)[:2]
    return Case("{op}({x})", {"x": x}, f"ops.LpNorm({list(axes)}, {d.integer(1, 3)}, {d.chance(0.5)})")


def deviation(d: Draw) -> Case:
    """(standard deviation, mean), of at least two elements."""
    shape = tuple(max(n, 2) for n in d.shape(1, 4, empty=False))
    axes = d.axes(len(shape))
    settings = f"{axes}, {d.chance(0.5)}, {d.chance(0.5)}"
    return Case("{op}({x})", {"x": d.array(shape, d.one_of(*_FLOATS))}, f"auto_generate.ReduceStd({settings})")


def median(d: Draw) -> Case:
    """No two elements are equal: which of those it is, is not defined."""
    x = d.distinct(d.shape(1, 3, empty=False), d.one_of("float32", "int32"))
    return Case(f"ops.median({{x}}, {d.axis(x.ndim)}, {d.chance(0.5)})", {"x": x}, exact=True)


def along(function: str) -> Generator:
    """A dimension, which the result has or not. No two elements are equal."""

    def draw(d: Draw) -> Case:
        x = d.distinct(d.shape(1, 3, empty=False), d.one_of("float32", "float16"))
        return Case(f"{function}({{x}}, {d.axis(x.ndim)}, {d.chance(0.5)})", {"x": x}, exact=True)

    return draw


def search(d: Draw) -> Case:
    """In one sequence, or one for each row of values."""
    dtype, rows = d.one_of("float32", "int32"), d.one_of((), (d.size(5),))
    sequence = np.sort(np.round(d.array((*rows, d.size())), 1), axis=-1).astype(dtype)
    values = np.round(d.array((*(rows or d.shape(0, 2, empty=False)), d.size(5))), 1).astype(dtype)
    return Case(f"ops.searchsorted({{s}}, {{v}}, right={d.chance(0.5)})", {"s": sequence, "v": values})


def segments(function: str, dtypes: tuple[str, ...]) -> Generator:
    """Some without elements, for what is not of a segment a negative one."""

    def draw(d: Draw) -> Case:
        shape, count = d.shape(1, 3, empty=False), d.integer(1, 6)
        ids = d.rng.integers(-1 if d.chance(0.3) else 0, count, shape[: d.integer(1, len(shape))])
        operands = {"x": d.array(shape, d.one_of(*dtypes), 0.5, 2), "i": ids.astype(d.one_of("int32", "int64"))}
        return Case(f"ops.{function}({{x}}, {{i}}, {count})", operands)

    return draw


def scatter(d: Draw) -> Case:
    """Along any axis, no two at one place; or added where there are."""
    shape, dtype = d.shape(1, 3, empty=False), "float32"
    axis = d.axis(len(shape))
    order = np.argsort(d.rng.random(shape), axis)
    indices = np.take(order, range(d.integer(1, shape[axis])), axis)
    operands = {"x": d.array(shape, dtype), "i": indices.astype("int64"), "u": d.array(indices.shape, dtype)}
    return Case(f"ops.scatter({{x}}, {axis}, {{i}}, {{u}})", operands, exact=True)


def pictures(expression: str, dtypes: tuple[str, ...] = ("float32",), channels: int = 4) -> Generator:
    """{s} is a size, {n} a number from 1 to 3, for each place another."""

    def draw(d: Draw) -> Case:
        x = d.array((d.integer(1, 2), channels, d.integer(5, 11), d.integer(5, 11)), d.one_of(*dtypes))
        text = expression
        for name, least, most in (("{s}", 1, 8), ("{n}", 1, 3)):
            while name in text:
                text = text.replace(name, str(d.integer(least, most)), 1)
        return Case(text, {"x": x})

    return draw


def select_view(d: Draw) -> Case:
    """At an index of any dimension, from either end."""
    x = d.array(d.shape(1, 4, empty=False), d.one_of(*_NUMBERS))
    axis = d.axis(x.ndim)
    place = d.integer(-x.shape[axis], x.shape[axis] - 1)
    return Case(f"{{x}}.select({axis}, {place})", {"x": x}, exact=True)


def embedding(d: Draw) -> Case:
    """Rows of a table, by indices of any shape."""
    table = d.array((d.size(), d.size()), d.one_of("float32", "float16"))
    indices = d.rng.integers(0, len(table), d.shape(1, 3)).astype(d.one_of("int32", "int64"))
    return Case("ops.embedding({i}, {x})", {"x": table, "i": indices}, constant=d.constants("x"), exact=True)


def padded(d: Draw) -> Case:
    """A number around the last dimensions."""
    x = d.array(d.shape(1, 4, empty=False), d.one_of("float32", "float32", "int32"))
    pads = tuple(d.integer(0, 4) for _ in range(2 * d.integer(1, x.ndim)))
    value = d.number(-3, 3) if x.dtype.kind == "f" else d.integer(-3, 3)
    return Case(f"ms.mint.nn.functional.pad({{x}}, {pads}, value={value})", {"x": x}, exact=True)


def overlapped(d: Draw) -> Case:
    """Windows of an image, whose number fits."""
    limits = ((1, 3), (1, 3), (1, 2), (0, 2))
    kernel, stride, dilation, pad = ([d.integer(low, high) for _ in "hw"] for low, high in limits)
    size = [d.integer(5, 11) for _ in "hw"]
    sides = zip(size, kernel, stride, dilation, pad, strict=True)
    windows = [(n + 2 * p - e * (k - 1) - 1) // s + 1 for n, k, s, e, p in sides]
    x = d.array((d.integer(1, 2), d.integer(1, 4), math.prod(kernel), math.prod(windows)))
    operands = {"x": x, "s": np.array(size, np.int32)}
    return Case("{op}({x}, {s})", operands, f"ops.Col2Im({kernel}, {dilation}, {pad}, {stride})", constant=("s",))


def diagonals(d: Draw) -> Case:
    """One diagonal or a band, in a matrix that may be larger, aligned in every way."""
    low = d.integer(-3, 3)
    high = d.integer(low, 3) if d.chance(0.6) else low
    rows, columns = d.integer(4, 8), d.integer(4, 8)
    longest = max(min(rows + min(k, 0), columns - max(k, 0)) for k in range(low, high + 1))
    band = (high - low + 1, longest) if high > low else (longest,)
    dtype = d.one_of("float32", "int32")
    align = d.one_of("RIGHT_LEFT", "LEFT_RIGHT", "LEFT_LEFT", "RIGHT_RIGHT")
    operands = {
        "x": d.array((*d.shape(0, 2, empty=False), *band), dtype),
        "k": np.array([low, high] if high > low or d.chance(0.5) else low, np.int32),
        "r": np.array(rows, np.int32),
        "c": np.array(columns, np.int32),
        "p": np.array(d.integer(-3, 3), dtype),
    }
    expression = "ops.matrix_diag({x}, {k}, {r}, {c}, {p}, " + f"{align!r})"
    return Case(expression, operands, constant=("k", "r", "c", "p"), exact=True)


def bicubic(d: Draw) -> Case:
    """To a multiple, or from corner to corner: of other places MindSpore rounds the weights to a thousandth."""
    height, width, times = d.integer(2, 6), d.integer(2, 6), d.one_of(2, 4)
    size = (height * times, width * times)
    if d.chance(0.4):
        height, width = (2 ** d.integer(1, 3) + 1 for _ in range(2))
        size = (2 * height - 1, 2 * width - 1)
    aligned = size[0] % 2 == 1
    x = d.array((d.integer(1, 2), d.integer(1, 5), height, width))
    return Case(f"ops.interpolate({{x}}, size={size}, mode='bicubic', align_corners={aligned})", {"x": x})


def linear(d: Draw) -> Case:
    """Lines to any length."""
    x = d.array((d.integer(1, 3), d.integer(1, 5), d.integer(2, 9)))
    settings = f"size=({d.integer(2, 19)},), mode='linear', align_corners={d.chance(0.5)}"
    return Case(f"ops.interpolate({{x}}, {settings})", {"x": x})


def grid_sample(d: Draw) -> Case:
    """Inside and outside of any pictures, in every way."""
    batch = d.integer(1, 2)
    operands = {"x": d.array((batch, d.integer(1, 5), d.integer(2, 9), d.integer(2, 9)))}
    operands["g"] = d.array((batch, d.integer(1, 5), d.integer(1, 5), 2), "float32", -1.7, 1.7)
    mode, padding = d.one_of("bilinear", "nearest"), d.one_of("zeros", "border", "reflection")
    return Case(f"ops.grid_sample({{x}}, {{g}}, {mode!r}, {padding!r}, {d.chance(0.5)})", operands)


def affine_grid(d: Draw) -> Case:
    """Any pictures."""
    batch = d.integer(1, 3)
    size = (batch, d.integer(1, 4), d.integer(1, 9), d.integer(1, 9))
    return Case(f"ops.affine_grid({{x}}, {size}, {d.chance(0.5)})", {"x": d.array((batch, 2, 3))})


GENERATORS: dict[str, Generator] = {
    "Tril": of_matrices("ops.tril({x}, {k})"),
    "Triu": of_matrices("ops.triu({x}, {k})"),
    "MatrixBandPart": of_matrices("ops.matrix_band_part({x}, {a}, {b})", ("float32", "int32")),
    "Diag": of_matrices("ops.diag({x})", ("float32", "int32"), 1, 1),
    "Trace": of_matrices("ops.trace({x})", ("float32",), 2, 2),
    "Diagonal": diagonal,
    "Meshgrid": mesh_grid,
    "Cross": cross,
    "ConstantPadND": padded,
    "Embedding": embedding,
    "SelectExtView": select_view,
    "Cdist": distances,
    "LpNorm": norm,
    "ReduceStd": deviation,
    "Median": median,
    "ArgMaxExt": along("ms.mint.argmax"),
    "MaxDim": along("ms.mint.max"),
    "MinDim": along("ms.mint.min"),
    "SearchSorted": search,
    "UnsortedSegmentSum": segments("unsorted_segment_sum", ("float32", "int32")),
    "UnsortedSegmentMax": segments("unsorted_segment_max", ("float32", "int32")),
    "UnsortedSegmentMin": segments("unsorted_segment_min", ("float32", "int32")),
    "UnsortedSegmentProd": segments("unsorted_segment_prod", ("float32", "int32")),
    "Scatter": scatter,
    "AdaptiveMaxPool2D": pictures("ops.adaptive_max_pool2d({x}, ({s}, {s}))"),
    "MaxPoolWithArgmaxV2": pictures("ops.max_pool2d({x}, 3, ({n}, {n}), padding=1, ceil_mode=False)"),
    "Im2Col": pictures("ops.unfold({x}, ({n}, {n}), padding={n}, stride={n})"),
    "Col2Im": overlapped,
    "MatrixDiagV3": diagonals,
    "ChannelShuffle": pictures("ops.channel_shuffle({x}, 2)", _FLOATS),
    "UpsampleNearest2D": pictures("ms.mint.nn.functional.interpolate({x}, size=({s}, {s}), mode='nearest')"),
    "GLU": pictures("ms.mint.nn.functional.glu({x}, 1)"),
    "LogSoftmaxExt": pictures("ms.mint.nn.functional.log_softmax({x}, {n})"),
    "SoftplusExt": pictures("ms.mint.nn.functional.softplus({x}, {n}, {n})"),
    "ResizeBicubic": bicubic,
    "ResizeLinear1D": linear,
    "GridSampler2D": grid_sample,
    "AffineGrid": affine_grid,
}
