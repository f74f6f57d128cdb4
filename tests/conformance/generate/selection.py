"""Orders, elements that a condition chooses, and what detectors do with boxes."""

from __future__ import annotations

import numpy as np

from tests.conformance.generate.case import Array, Case, Draw, Generator

_DTYPES = ("float32", "float32", "float16", "int32", "int64")


def sort(d: Draw) -> Case:
    """Along any axis, either way. No two are equal: which of those comes first is not defined."""
    shape = d.shape(1, 3, empty=False)
    x = d.distinct(shape, d.one_of("float32", "float32", "float16", "int32"))
    return Case("{op}({x})", {"x": x}, f"ops.Sort({d.axis(len(shape))}, {d.chance(0.5)})", exact=True)


def non_zero(d: Draw) -> Case:
    """Where numbers or booleans are not 0."""
    x = d.array(d.shape(1, empty=False), d.one_of(*_DTYPES, "bool", "uint8"), -1, 1)
    x = np.round(x) if x.dtype.kind == "f" else x
    return Case("ops.nonzero({x})", {"x": x})


def masked_select(d: Draw) -> Case:
    """Elements where a mask holds; both broadcast."""
    shape, mask = d.broadcasting(2)
    x = d.array(shape, d.one_of(*_DTYPES))
    return Case("ops.masked_select({x}, {m})", {"x": x, "m": d.array(mask, "bool")}, exact=True)


def unique(d: Draw) -> Case:
    """Few different ones."""
    x = d.array(d.shape(1, 2, empty=False), d.one_of("int32", "int32", "int64", "float32")).round()
    return Case("{op}({x})", {"x": x}, "ops.Unique()", exact=True)


def histogram(d: Draw) -> Case:
    """Of all elements, or of those between two numbers."""
    x = d.array(d.shape(1, 3, empty=False), d.one_of("float32", "float32", "int32"), -9, 9)
    ends = (d.number(-9, 0), d.number(0.25, 9)) if d.chance(0.6) else (0.0, 0.0)
    return Case(f"ops.histc({{x}}, {d.integer(1, 20)}, {ends[0]}, {ends[1]})", {"x": x})


def _boxes(d: Draw, count: int, limit: float) -> Array:
    corner, size = d.array((count, 2), "float32", 0, limit), d.array((count, 2), "float32", 1, limit)
    return np.concatenate([corner, corner + size], 1)


def nms_with_mask(d: Draw) -> Case:
    """Boxes with scores of which no two are equal."""
    count = d.integer(1, 40)
    scores = (d.distinct((count, 1)) + count) / (2 * count)
    boxes = np.concatenate([_boxes(d, count, 20), scores], 1)
    return Case("{op}({x})", {"x": boxes.astype(np.float32)}, f"ops.NMSWithMask({d.number(0.1, 0.9)})")


def roi_align(d: Draw) -> Case:
    """Regions inside and partly outside of the features."""
    n, c, h, w = d.integer(1, 3), d.integer(1, 9), d.size(), d.size()
    scale = d.one_of(1.0, 0.5, 0.25)
    count = d.integer(1, 6)
    picture = d.rng.integers(0, n, (count, 1)).astype(np.float32)
    rois = np.concatenate([picture, _boxes(d, count, max(h, w) / scale)], 1)
    settings = f"{d.integer(1, 7)}, {d.integer(1, 7)}, {scale}, {d.integer(1, 4)}, {d.integer(0, 1)}"
    return Case(
        "{op}({x}, {r})", {"x": d.array((n, c, h, w)), "r": rois.astype(np.float32)}, f"ops.ROIAlign({settings})"
    )


def crop_and_resize(d: Draw) -> Case:
    """Boxes inside and partly outside of images, some turned around."""
    n, count = d.integer(1, 3), d.integer(1, 6)
    shape = (n, d.integer(2, 11), d.integer(2, 11), d.integer(1, 9))
    x = d.array(shape, d.one_of("float32", "float32", "uint8", "int32"))
    corners = d.array((count, 4), "float32", -0.3, 1.3)
    operands = {"x": x, "b": corners, "i": d.rng.integers(0, n, count).astype(np.int32)}
    settings = f"({d.integer(1, 9)}, {d.integer(1, 9)}), 'bilinear', {d.number(-2, 2)}"
    return Case(f"ops.crop_and_resize({{x}}, {{b}}, {{i}}, {settings})", operands)


def bounding_box_decode(d: Draw) -> Case:
    """Anchors moved, scaled and cut to the picture."""
    count = d.integer(1, 30)
    means, stds = (tuple(d.number(low, high) for _ in range(4)) for low, high in ((-0.5, 0.5), (0.1, 1)))
    settings = f"({d.integer(9, 60)}, {d.integer(9, 60)}), {means}, {stds}, {d.one_of(0.016, 0.5)}"
    operands = {"x": _boxes(d, count, 30), "y": d.array((count, 4), "float32", -2, 2)}
    return Case("{op}({x}, {y})", operands, f"ops.BoundingBoxDecode({settings})")


GENERATORS: dict[str, Generator] = {
    "BoundingBoxDecode": bounding_box_decode,
    "CropAndResize": crop_and_resize,
    "Histogram": histogram,
    "MaskedSelect": masked_select,
    "NMSWithMask": nms_with_mask,
    "NonZero": non_zero,
    "ROIAlign": roi_align,
    "Sort": sort,
    "Unique": unique,
}
