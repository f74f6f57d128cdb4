"""Convolution, pooling and other functions of images, which MindSpore has as [N, C, H, W]."""

from __future__ import annotations

from tests.conformance.generate.case import Array, Case, Draw, Generator, Shape

_FLOATS = ("float32",) * 7 + ("float16",)


def image(d: Draw, channels: int, low: int = 1) -> Array:
    """One to three pictures of odd sizes."""
    shape = d.integer(1, 3), channels, max(low, d.size()), max(low, d.size())
    return d.array(shape, d.one_of(*_FLOATS))


def _extent(kernel: Shape, dilation: Shape) -> int:
    return max((k - 1) * r + 1 for k, r in zip(kernel, dilation, strict=True))


def conv2d(d: Draw) -> Case:
    """Any kernel, stride, dilation, padding and groups, depthwise too; filters are mostly constants."""
    kernel = d.one_of((1, 1), (3, 3), (3, 3), (5, 5), (2, 2), (d.integer(1, 7), d.integer(1, 7)))
    stride = d.one_of((1, 1), (1, 1), (2, 2), (d.integer(1, 3), d.integer(1, 4)))
    dilation = d.one_of((1, 1), (1, 1), (1, 1), (2, 2), (d.integer(1, 3), d.integer(1, 3)))
    group = d.one_of(1, 1, 1, 2, 3, d.integer(1, 9))
    inputs = group * d.one_of(1, 1, 2, 3, d.integer(1, 20))
    outputs = group * d.one_of(1, 1, 2, 3, d.integer(1, 20))
    mode = d.one_of("'same'", "'valid'", "'pad'")
    pad: int | Shape = 0
    if mode == "'pad'":
        pad = d.one_of(1, 2, tuple(d.integer(0, 3) for _ in range(4)), tuple(d.integer(0, 3) for _ in range(4)))
    x = image(d, inputs, low=_extent(kernel, dilation) if mode == "'valid'" else 1)
    settings = f"{outputs}, {kernel}, 1, {mode}, {pad}, {stride}, {dilation}, {group}"
    w = d.array((outputs, inputs // group, *kernel), str(x.dtype), -1, 1)
    return Case(
        "{op}({x}, {w})", {"x": x, "w": w}, f"ops.Conv2D({settings})", constant=d.one_of(("w",), ("w",), ("w",), ())
    )


def conv2d_transpose(d: Draw) -> Case:
    """As layers have it: the layer computes the size of its result."""
    kernel = d.one_of((2, 2), (3, 3), (4, 4), (d.integer(1, 5), d.integer(1, 5)))
    stride = d.one_of((1, 1), (2, 2), (2, 2), (d.integer(1, 3), d.integer(1, 3)))
    dilation = d.one_of((1, 1), (1, 1), (1, 1), (2, 2))
    inputs, outputs = d.integer(1, 9), d.integer(1, 9)
    group = d.one_of(1, 1, 1, inputs)
    inputs, outputs = (inputs, outputs) if group == 1 else (inputs, inputs)
    mode = d.one_of("'same'", "'valid'", "'pad'")
    pad = d.one_of(0, 1, tuple(d.integer(0, 1) for _ in range(4))) if mode == "'pad'" else 0
    more = d.one_of(0, min(stride) - 1) if mode == "'pad'" else 0
    x = image(d, inputs, low=3).astype("float32")
    settings = f"{inputs}, {outputs}, {kernel}, {stride}, {mode}, {pad}, {more}, {dilation}, {group}"
    return Case(
        "{op}({x})",
        {"x": x},
        f"nn.Conv2dTranspose({settings}, has_bias={d.chance(0.3)}, weight_init='xavier_uniform', bias_init='uniform')",
    )


def _window(d: Draw) -> tuple[Shape, Shape]:
    kernel = d.one_of((2, 2), (3, 3), (1, 1), (d.integer(1, 5), d.integer(1, 5)))
    return kernel, d.one_of((1, 1), (2, 2), kernel, (d.integer(1, 3), d.integer(1, 4)))


def pool(primitive: str) -> Generator:
    """Without padding or with what fills the last window."""

    def draw(d: Draw) -> Case:
        kernel, stride = _window(d)
        mode = d.one_of("same", "valid")
        x = image(d, d.integer(1, 20), low=max(kernel) if mode == "valid" else 1)
        return Case("{op}({x})", {"x": x}, f"ops.{primitive}({kernel}, {stride}, '{mode}')")

    return draw


def max_pool_with_argmax(d: Draw) -> Case:
    """Its values; the indices are for training."""
    kernel, stride = _window(d)
    mode = d.one_of("same", "valid")
    stride = stride if mode == "valid" else (1, 1)  # other strides are refused: MindSpore contradicts itself
    x = image(d, d.integer(1, 9), low=max(kernel) if mode == "valid" else 1).astype("float32")
    return Case("{op}({x})[0]", {"x": x}, f"ops.MaxPoolWithArgmax({kernel}, {stride}, '{mode}')")


def padded_pool(layer: str) -> Generator:
    """With padding, no more than half a window, as MindSpore asks."""

    def draw(d: Draw) -> Case:
        kernel, stride = _window(d)
        pad = d.one_of(1, 1, (d.integer(0, 2), d.integer(0, 2)))
        pad = tuple(min(p, k // 2) for p, k in zip((pad, pad) if isinstance(pad, int) else pad, kernel, strict=True))
        x = image(d, d.integer(1, 9), low=max(kernel)).astype("float32")
        count = f", count_include_pad={d.chance(0.5)}" if "Avg" in layer else f", ceil_mode={d.chance(0.3)}"
        return Case("{op}({x})", {"x": x}, f"nn.{layer}({kernel}, {stride}, pad_mode='pad', padding={pad}{count})")

    return draw


def adaptive_avg_pool(d: Draw) -> Case:
    """To one pixel, to any size, or along one side alone."""
    x = image(d, d.integer(1, 20)).astype("float32")
    size = d.one_of("(1, 1)", f"({d.integer(1, 5)}, {d.integer(1, 5)})", f"(None, {d.integer(1, 5)})")
    return Case("{op}({x})", {"x": x}, f"ops.AdaptiveAvgPool2D({size})")


def resize(primitive: str, *flags: str) -> Generator:
    """To any size, larger or smaller, by one of the ways to place its points."""

    def draw(d: Draw) -> Case:
        x = image(d, d.integer(1, 9)).astype("float32")
        height, width = x.shape[2:]
        size = d.one_of((2 * height, 2 * width), (d.size(), d.size()), (d.integer(1, 30), d.integer(1, 30)))
        flag = d.one_of("", *flags)
        if primitive == "ResizeNearestNeighbor":
            return Case("{op}({x})", {"x": x}, f"ops.ResizeNearestNeighbor({size}{flag and ', '}{flag})")
        return Case(f"{{op}}({{x}}, {size})", {"x": x}, f"auto_generate.{primitive}({flag})")

    return draw


def blocks(primitive: str) -> Generator:
    """Blocks of pixels to channels, or back."""

    def draw(d: Draw) -> Case:
        block = d.integer(2, 4)
        n, c, h, w = d.integer(1, 3), d.integer(1, 5), d.integer(1, 4), d.integer(1, 4)
        shape = (n, c, h * block, w * block) if primitive == "SpaceToDepth" else (n, c * block * block, h, w)
        x = d.array(shape, d.one_of("float32", "float32", "float16", "int32", "int8"))
        return Case("{op}({x})", {"x": x}, f"ops.{primitive}({block})", exact=True)

    return draw


def lrn(d: Draw) -> Case:
    """Across neighboring channels."""
    x = image(d, d.integer(1, 12)).astype("float32")
    settings = f"{d.integer(1, 4)}, {d.number(0.5, 2)}, {d.number(0.02, 1)}, {d.one_of(0.5, 0.75, 1.0)}"
    return Case("{op}({x})", {"x": x}, f"ops.LRN({settings})")


GENERATORS: dict[str, Generator] = {
    "AdaptiveAvgPool2D": adaptive_avg_pool,
    "AvgPool": pool("AvgPool"),
    "AvgPool3D": padded_pool("AvgPool2d"),
    "Conv2D": conv2d,
    "Conv2DTranspose": conv2d_transpose,
    "DepthToSpace": blocks("DepthToSpace"),
    "LRN": lrn,
    "MaxPool": pool("MaxPool"),
    "MaxPool3DWithArgmax": padded_pool("MaxPool2d"),
    "MaxPoolWithArgmax": max_pool_with_argmax,
    "ResizeBilinearV2": resize("ResizeBilinearV2", "align_corners=True", "half_pixel_centers=True"),
    "ResizeNearestNeighbor": resize("ResizeNearestNeighbor", "align_corners=True"),
    "ResizeNearestNeighborV2": resize("ResizeNearestNeighborV2", "align_corners=True", "half_pixel_centers=True"),
    "SpaceToDepth": blocks("SpaceToDepth"),
}
