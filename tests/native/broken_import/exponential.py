from __future__ import annotations

import math

from lite.kernels.declare import Int, Pointer, f32, kernel


@kernel
def exponential_f32(x: Pointer, begin: Int, end: Int, scratch: Pointer) -> None:
    for i in range(begin, end):
        f32(x)[i] = math.exp(f32(x)[i])
