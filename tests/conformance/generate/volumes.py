"""Convolution, pooling and resizing of volumes, [N, C, D, H, W]."""

from __future__ import annotations

from tests.conformance.generate.case import Array, Case, Draw, Generator, Shape


def volume(d: Draw, channels: int, low: int = 1) -> Array:
    """One or two volumes of odd sizes."""
    return d.array((d.integer(1, 2), channels, *(max(low, d.size(9)) for _ in range(3))))


def _window(d: Draw) -> tuple[Shape, Shape]:
    kernel = d.one_of((2, 2, 2), (3, 3, 3), (1, 1, 1), tuple(d.integer(1, 4) for _ in range(3)))
    return kernel, d.one_of((1, 1, 1), (2, 2, 2), kernel, tuple(d.integer(1, 3) for _ in range(3)))


def conv3d(d: Draw) -> Case:
    """Any kernel, stride, dilation and padding; filters are mostly constants."""
    kernel, stride = _window(d)
    dilation = d.one_of((1, 1, 1), (1, 1, 1), (2, 2, 2))
    mode = d.one_of("'same'", "'valid'", "'pad'")
    pad = d.one_of(1, 2, tuple(d.integer(0, 2) for _ in range(6))) if mode == "'pad'" else 0
    inputs, outputs = d.integer(1, 9), d.integer(1, 9)
    extent = max((k - 1) * r + 1 for k, r in zip(kernel, dilation, strict=True))
    x = volume(d, inputs, 1 if mode == "'same'" else extent)
    w = d.array((outputs, inputs, *kernel), "float32", -1, 1)
    settings = f"{outputs}, {kernel}, 1, {mode}, {pad}, {stride}, {dilation}"
    return Case("{op}({x}, {w})", {"x": x, "w": w}, f"ops.Conv3D({settings})", constant=d.one_of(("w",), ("w",), ()))


def max_pool(d: Draw) -> Case:
    """Without padding, with what fills the last window, or with any."""
    kernel, stride = _window(d)
    mode = d.one_of("same", "valid", "pad")
    pad = f", {tuple(d.integer(0, k // 2) for k in kernel)}, ceil_mode={d.chance(0.3)}" if mode == "pad" else ""
    x = volume(d, d.integer(1, 9), 1 if mode == "same" else max(kernel))
    return Case("{op}({x})", {"x": x}, f"nn.MaxPool3d({kernel}, {stride}, '{mode}'{pad})")


def adaptive(expression: str) -> Generator:
    """To any size."""

    def draw(d: Draw) -> Case:
        x = volume(d, d.integer(1, 9))
        size = tuple(d.one_of(1, n, d.integer(1, n)) for n in x.shape[2:])
        return Case(expression.format(size=size), {"x": x})

    return draw


def resized(mode: str) -> Generator:
    """To any size."""

    def draw(d: Draw) -> Case:
        size = tuple(d.integer(1, 9) for _ in range(3))
        aligned = f", align_corners={d.chance(0.5)}" if mode == "trilinear" else ""
        return Case(f"ops.interpolate({{x}}, size={size}, mode='{mode}'{aligned})", {"x": volume(d, d.integer(1, 9))})

    return draw


GENERATORS: dict[str, Generator] = {
    "AdaptiveAvgPool3D": adaptive("ops.adaptive_avg_pool3d({{x}}, {size})"),
    "AdaptiveMaxPool3D": adaptive("ops.adaptive_max_pool3d({{x}}, {size})"),
    "Conv3D": conv3d,
    "MaxPool3D": max_pool,
    "UpsampleNearest3D": resized("nearest"),
    "UpsampleTrilinear3D": resized("trilinear"),
}
