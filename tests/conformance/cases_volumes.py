"""Cases for volumes, [N, C, D, H, W]; see cases.py."""
from __future__ import annotations

from tests.conformance.case import Case

_VOLUME = "x=normal(2, 4, 9, 6, 5)"
_ANY = "x=(None, 4, 9, 6, 5)"

VOLUMES = [
    *(
        Case("Conv3D", "self.op(x)", _VOLUME, f"nn.Conv3d(4, 6, {how})")
        for how in (
            "3",
            "(3, 1, 2), (2, 1, 2), has_bias=True",
            "(2, 3, 2), 2, 'valid'",
            "3, 1, 'pad', (1, 2, 0, 1, 1, 2)",
            "3, 1, 'pad', 2, 2",
            "1, 2",
            "3, group=2",
        )
    ),
    Case("Conv3D", "self.op(x)", _VOLUME, "nn.Conv3d(4, 6, 3, 2)", _ANY),
    Case("MaxPool3D", "self.op(x)", _VOLUME, "nn.MaxPool3d(2, 2)"),
    Case("MaxPool3D", "self.op(x)", _VOLUME, "nn.MaxPool3d(2, 2)", _ANY),
    Case("MaxPool3D", "self.op(x)", _VOLUME, "nn.MaxPool3d(3, 2, pad_mode='same')"),
    Case("MaxPool3D", "self.op(x)", _VOLUME, "nn.MaxPool3d((3, 2, 1), (1, 2, 3), 'pad', (1, 0, 0), ceil_mode=True)"),
    Case("MaxPool3DWithArgmax", "ops.max_pool3d(x, 3, 2, 1, ceil_mode=True)", _VOLUME),
    Case("MaxPool3DWithArgmax", "ops.max_pool3d(x, (1, 2, 2), (2, 2, 2))", _VOLUME),
    *(
        Case("AvgPool3D", "self.op(x)", _VOLUME, f"nn.AvgPool3d({how})")
        for how in ("2, 2", "3, 2, 'same'", "3, 2, 'pad', 1", "3, 2, 'pad', 1, count_include_pad=False")
    ),
    *(
        Case(f"{layer}3D", "self.op(x)", _VOLUME, f"nn.{layer}3d({size})")
        for layer in ("AdaptiveAvgPool", "AdaptiveMaxPool")
        for size in ("1", "(3, 4, 2)")
    ),
    Case("AdaptiveAvgPool3D", "self.op(x)", _VOLUME, "nn.AdaptiveAvgPool3d((None, 3, 5))"),
    *(
        Case(primitive, f"ops.interpolate(x, {how})", _VOLUME)
        for primitive, how in (
            ("UpsampleNearest3D", "size=(4, 5, 6)"),
            ("UpsampleTrilinear3D", "size=(4, 5, 6), mode='trilinear'"),
            ("UpsampleTrilinear3D", "size=(12, 9, 7), mode='trilinear', align_corners=True"),
            ("UpsampleTrilinear3D", "scale_factor=2.0, mode='trilinear'"),
        )
    ),
]
