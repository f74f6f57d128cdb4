"""Operators that move elements without computing with them: every one agrees to the last bit."""

from __future__ import annotations

import numpy as np

from tests.conformance.generate.case import Array, Case, Draw, Generator, Shape

_DTYPES = ("float32", "float32", "float32", "float16", "int32", "int64", "int8", "uint8", "int16", "float64", "bool")


def _tensor(d: Draw, low: int = 0, high: int = 4, empty: bool = True) -> Array:
    return d.array(d.shape(low, high, empty), d.one_of(*_DTYPES), -90, 90)


def _moved(expression: str, x: Array, op: str = "", **others: Array) -> Case:
    return Case(expression, {"x": x, **others}, op, exact=True)


def reshape(d: Draw) -> Case:
    """To other dimensions, one of which may be -1."""
    x = _tensor(d, empty=False)
    left, dims = x.size, []
    while left > 1 and len(dims) < 4:
        factor = d.one_of(*(f for f in range(1, left + 1) if left % f == 0))
        dims.append(factor)
        left //= factor
    dims.append(left)
    if tuple(dims) == x.shape:  # MindSpore leaves that out
        dims.insert(0, 1)
    if d.chance(0.4):
        dims[d.integer(0, len(dims) - 1)] = -1
    return _moved(f"{{op}}({{x}}, {tuple(dims)})", x, "ops.Reshape()")


def flatten(d: Draw) -> Case:
    """All dimensions but the first as one."""
    return _moved("{op}({x})", _tensor(d, 1, empty=False), "ops.Flatten()")


def transpose(d: Draw) -> Case:
    """Any order."""
    x = _tensor(d, 2)
    order = [int(i) for i in d.rng.permutation(x.ndim)]
    if order == sorted(order):  # MindSpore leaves that out
        order.reverse()
    perm = tuple(i - x.ndim * d.chance(0.2) for i in order)
    return _moved(f"{{op}}({{x}}, {perm})", x, "ops.Transpose()")


def expand_dims(d: Draw) -> Case:
    """Anywhere."""
    x = _tensor(d)
    return _moved(f"{{op}}({{x}}, {d.axis(x.ndim + 1)})", x, "ops.ExpandDims()")


def squeeze(d: Draw) -> Case:
    """Some dimensions of 1, or all."""
    x = _tensor(d, 1)
    for axis in d.axes(x.ndim):
        x = np.take(x, range(min(1, x.shape[axis])), axis)
    ones = [i - x.ndim * d.chance(0.3) for i, size in enumerate(x.shape) if size == 1]
    named = d.one_of((), tuple(ones), tuple(ones[:1]))
    return _moved("{op}({x})", x, f"ops.Squeeze({named})")


def concat(d: Draw) -> Case:
    """Two to five tensors of different lengths."""
    shape, dtype = d.shape(1), d.one_of(*_DTYPES)
    axis = d.axis(len(shape))
    xs = {}
    for i in range(d.integer(2, 5)):
        dims = list(shape)
        dims[axis] = d.size()
        xs[f"x{i}"] = d.array(tuple(dims), dtype, -90, 90)
    names = ", ".join(f"{{{name}}}" for name in xs)
    return Case(f"{{op}}(({names}))", xs, f"ops.Concat({axis})", constant=d.one_of((), (), ("x1",)), exact=True)


def stack(d: Draw) -> Case:
    """Two to five tensors along a new dimension."""
    shape, dtype = d.shape(0, 3), d.one_of(*_DTYPES)
    xs = {f"x{i}": d.array(shape, dtype, -90, 90) for i in range(d.integer(2, 5))}
    names = ", ".join(f"{{{name}}}" for name in xs)
    return Case(f"{{op}}(({names}))", xs, f"ops.Stack({d.axis(len(shape) + 1)})", exact=True)


def unstack(d: Draw) -> Case:
    """Every slice along a dimension."""
    x = _tensor(d, 1, empty=False)
    return _moved("{op}({x})", x, f"ops.Unstack({d.axis(x.ndim)})")


def split(d: Draw) -> Case:
    """Into equal parts."""
    shape = list(d.shape(1, 4))
    axis, parts = d.axis(len(shape)), d.integer(1, 5)
    shape[axis] = parts * d.integer(1, 4)
    return _moved("{op}({x})", d.array(tuple(shape), d.one_of(*_DTYPES), -90, 90), f"ops.Split({axis}, {parts})")


def strided_slice(d: Draw) -> Case:
    """Any steps, backwards too; bounds beyond the ends and from the back; masks; fewer entries than dimensions.

    No dimension but the first is taken backwards as a whole: MindSpore 2.10 takes it forwards if one before it is cut.
    """
    x = _tensor(d, 1, empty=False)
    entries = d.integer(1, x.ndim)
    begins, ends, steps = [], [], []
    for i, n in enumerate(x.shape[:entries]):
        step = d.one_of(1, 1, 1, 2, 3, -1, -2)
        low, high = sorted((d.integer(0, n - 1), d.integer(0, n - 1)))
        if i and step == -1:
            low, high = min(1, n - 1), max(high, min(1, n - 1))
        begin, end = (low, high + 1) if step > 0 else (high, low - 1)
        begin -= n * d.chance(0.25)
        end = end - n if end < 0 or (end < n and d.chance(0.25)) else end + (n if end == n and d.chance(0.3) else 0)
        if step < 0 and low == 0:
            end = -n - 1
        begins, ends, steps = [*begins, begin], [*ends, end], [*steps, step]
    forwards = sum(1 << i for i, step in enumerate(steps) if step > 0 or not i)
    masks = tuple(d.integer(0, 2**entries - 1) & forwards if d.chance(0.3) else 0 for _ in range(2))
    shrink = d.integer(0, 2**entries - 1) if d.chance(0.25) and min(steps) > 0 and not any(masks) else 0
    bounds = f"{tuple(begins)}, {tuple(ends)}, {tuple(steps)}"
    return _moved(f"{{op}}({{x}}, {bounds})", x, f"ops.StridedSlice({masks[0]}, {masks[1]}, 0, 0, {shrink})")


def slice_(d: Draw) -> Case:
    """A box of the tensor."""
    x = _tensor(d, 1, empty=False)
    begin = tuple(d.integer(0, n - 1) for n in x.shape)
    size = tuple(d.one_of(-1, d.integer(1, n - b)) for n, b in zip(x.shape, begin, strict=True))
    return _moved(f"{{op}}({{x}}, {begin}, {size})", x, "ops.Slice()")


def _indices(d: Draw, shape: Shape, length: int, negative: bool = True) -> Array:
    return d.rng.integers(-length if negative and d.chance(0.3) else 0, length, shape).astype(
        d.one_of("int32", "int64")
    )


def gather(d: Draw) -> Case:
    """Slices by index, along any axis."""
    x = _tensor(d, 1, 3, empty=False)
    axis = d.axis(x.ndim)
    indices = _indices(d, d.shape(0, 2), x.shape[axis], negative=False)
    return Case(
        f"{{op}}({{x}}, {{i}}, {axis})",
        {"x": x, "i": indices},
        "ops.Gather()",
        constant=d.one_of((), (), ("i",), ("x",)),
        exact=True,
    )


def gather_d(d: Draw) -> Case:
    """Elements by index along one axis."""
    x = _tensor(d, 1, 3, empty=False)
    axis = d.axis(x.ndim)
    shape = list(x.shape)
    shape[axis] = d.size()
    return _moved(f"{{op}}({{x}}, {axis}, {{i}})", x, "ops.GatherD()", i=_indices(d, tuple(shape), x.shape[axis]))


def gather_nd(d: Draw) -> Case:
    """Slices by several indices."""
    x = _tensor(d, 1, 4, empty=False)
    front, depth, dtype = d.shape(1, 2), d.integer(1, x.ndim), d.one_of("int32", "int64")
    columns = [d.rng.integers(0, n, front) for n in x.shape[:depth]]
    return _moved("{op}({x}, {i})", x, "ops.GatherNd()", i=np.stack(columns, -1).astype(dtype))


def tile(d: Draw) -> Case:
    """Repeated, into more dimensions too."""
    x = _tensor(d, 0, 3)
    multiples = tuple(d.integer(1, 4) for _ in range(d.integer(max(1, x.ndim), x.ndim + 1)))
    multiples = (*multiples[:-1], max(2, multiples[-1])) if max(multiples) == 1 else multiples  # left out too
    return _moved(f"{{op}}({{x}}, {multiples})", x, "ops.Tile()")


def broadcast_to(d: Draw) -> Case:
    """Dimensions of 1 repeated, and new ones in front."""
    shape = d.shape(1, 4, empty=False)
    start = d.integer(0, len(shape) - 1)
    own = tuple(1 if d.chance(0.4) else n for n in shape[start:])
    wanted = tuple(-1 if i >= start and own[i - start] == n and d.chance(0.2) else n for i, n in enumerate(shape))
    return _moved("{op}({x})", d.array(own, d.one_of(*_DTYPES), -90, 90), f"ops.BroadcastTo({wanted})")


def pad(d: Draw) -> Case:
    """Zeros around."""
    x = _tensor(d, 1, empty=False)
    return _moved("{op}({x})", x, f"ops.Pad({tuple((d.integer(0, 3), d.integer(0, 3)) for _ in x.shape)})")


def mirror_pad(d: Draw) -> Case:
    """The mirror image around."""
    x = _tensor(d, 2, 4, empty=False)
    mode = d.one_of("REFLECT", "SYMMETRIC")
    most = [min(3, n - (mode == "REFLECT")) for n in x.shape]
    pads = tuple((d.integer(0, n), d.integer(0, n)) for n in most)
    return _moved(f"{{op}}({{x}}, ms.Tensor({pads}))", x, f"ops.MirrorPad('{mode}')")


def pad_v3(d: Draw) -> Case:
    """The last dimensions: a number around, or less of them, the mirror image, the edge, or the other end."""
    x = _tensor(d, 2, 4, empty=False).astype(d.one_of("float32", "float32", "float16", "int32"))
    mode = d.one_of("constant", "constant", "reflect", "replicate", "circular")
    if mode == "constant":
        least = -1 if min(x.shape) > 2 and d.chance(0.3) else 0
        pads = [d.integer(least, 3) for _ in range(2 * d.integer(1, x.ndim))]
        value = d.integer(-3, 3)
        return _moved(f"ops.pad({{x}}, {pads}, value={value})", x)
    count = max(1, x.ndim - 2)
    pads = [d.integer(0, min(3, n - 1)) for n in reversed(x.shape[-count:]) for _ in range(2)]
    return _moved(f"ops.pad({{x}}, {pads}, mode='{mode}')", x)


def reverse(d: Draw) -> Case:
    """Backwards along some axes."""
    x = _tensor(d, 1)
    return _moved("{op}({x})", x, f"ops.ReverseV2({d.axes(x.ndim)})")


def reverse_sequence(d: Draw) -> Case:
    """The first elements along one axis backwards, as many as each step along another says."""
    x = _tensor(d, 2, empty=False)
    along, batch = (int(axis) for axis in d.rng.permutation(x.ndim)[:2])
    lengths = d.rng.integers(1, x.shape[along] + 1, x.shape[batch]).astype(d.one_of("int32", "int64"))
    return _moved("{op}({x}, {n})", x, f"ops.ReverseSequence({along}, {batch})", n=lengths)


def one_hot(d: Draw) -> Case:
    """A new dimension anywhere; indices beyond it too."""
    shape, depth = d.shape(1, 3), d.integer(1, 9)
    dtype = d.one_of("float32", "float32", "int32")
    values = f"ms.Tensor({d.one_of(1, 2)}, ms.{dtype}), ms.Tensor({d.one_of(0, -1)}, ms.{dtype})"
    indices = d.array(shape, d.one_of("int32", "int64"), -1 if d.chance(0.2) else 0, depth - d.one_of(0, 1, 1))
    return _moved(f"{{op}}({{x}}, {depth}, {values})", indices, f"ops.OneHot({d.integer(-1, len(shape))})")


GENERATORS: dict[str, Generator] = {
    "BroadcastTo": broadcast_to,
    "Concat": concat,
    "ExpandDims": expand_dims,
    "Flatten": flatten,
    "Gather": gather,
    "GatherD": gather_d,
    "GatherNd": gather_nd,
    "MirrorPad": mirror_pad,
    "OneHot": one_hot,
    "Pad": pad,
    "PadV3": pad_v3,
    "Reshape": reshape,
    "ReverseSequence": reverse_sequence,
    "ReverseV2": reverse,
    "Slice": slice_,
    "Split": split,
    "Squeeze": squeeze,
    "Stack": stack,
    "StridedSlice": strided_slice,
    "Tile": tile,
    "Transpose": transpose,
    "Unstack": unstack,
}
