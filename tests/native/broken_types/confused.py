from __future__ import annotations

from lite.kernels.declare import Int, Pointer, f32, kernel


@kernel
def confused_f32(x: Pointer, begin: Int, end: Int, scratch: Pointer) -> None:
    f32(x)[begin] = "one"
