from __future__ import annotations

import numpy as np
from llvmlite import ir

from lite.kernels.declare import (
    Float,
    Float32,
    Int,
    Pointer,
    Target,
    call,
    constant,
    f32,
    i8,
    i16,
    i32,
    i64,
    kernel,
    microkernel,
    routine,
    u8,
    u16,
)

WORD = ir.IntType(64)
MULTIPLIER = 6364136223846793005


def _scale_vector(
    target: Target, builder: ir.IRBuilder, x: ir.Value, y: ir.Value, alpha: ir.Value
) -> None:
    vector = ir.VectorType(ir.FloatType(), target.lanes)
    splat = ir.Constant(vector, ir.Undefined)
    for lane in range(target.lanes):
        splat = builder.insert_element(splat, alpha, ir.IntType(32)(lane))
    loaded = builder.load(builder.inttoptr(x, vector.as_pointer()))
    loaded.align = 4
    builder.store(builder.fmul(loaded, splat), builder.inttoptr(y, vector.as_pointer())).align = 4


def _scale_two_vectors(
    target: Target, builder: ir.IRBuilder, x: ir.Value, y: ir.Value, alpha: ir.Value
) -> ir.Value:
    for _ in range(2):
        call(builder, "scale_vector", (x, y, alpha))
        x = builder.add(x, WORD(target.vector_bytes))
        y = builder.add(y, WORD(target.vector_bytes))
    return WORD(2 * target.lanes)


scale_vector = microkernel("scale_vector", (Pointer, Pointer, Float32), _scale_vector)
scale_two_vectors = microkernel("scale_two_vectors", (Pointer, Pointer, Float32), _scale_two_vectors)
LANES = constant("lanes", lambda target: target.lanes)


@routine
def _clamp(value: int, low: int, high: int) -> int:
    return min(max(value, low), high)


@kernel
def scale_f32(x: Pointer, y: Pointer, n: Int, alpha: Float, begin: Int, end: Int, scratch: Pointer) -> None:
    """y = alpha * x, rows [begin, end) of n elements, two vectors at a time."""
    a = np.float32(alpha)
    i = begin * n
    while i + 2 * LANES() <= end * n:
        i += scale_two_vectors(x + 4 * i, y + 4 * i, a)
    while i < end * n:
        f32(y)[i] = a * f32(x)[i]
        i += 1


@kernel
def narrow_i8(x: Pointer, y: Pointer, n: Int, begin: Int, end: Int, scratch: Pointer) -> None:
    """y (int8) = x (int32) saturated."""
    for i in range(begin * n, end * n):
        i8(y)[i] = _clamp(i32(x)[i], -128, 127)


@kernel
def widths(x: Pointer, y: Pointer, begin: Int, end: Int, scratch: Pointer) -> None:
    """y[k] (int64) = the first bytes of x as u8, i16, u16."""
    for _ in range(begin, end):
        i64(y)[0] = u8(x)[0]
        i64(y)[1] = i16(x)[0]
        i64(y)[2] = u16(x)[0]


@kernel
def clear_u8(y: Pointer, n: Int, begin: Int, end: Int, scratch: Pointer) -> None:
    """y = 0; LLVM makes it a call of memset."""
    for i in range(begin * n, end * n):
        u8(y)[i] = 0


@kernel(fastmath=frozenset({"contract", "reassoc", "nsz"}))
def polynomial_f32(x: Pointer, y: Pointer, n: Int, begin: Int, end: Int, scratch: Pointer) -> None:
    """y = 1 + x/3 + x^2/7; its constants end up in read-only data."""
    for i in range(begin * n, end * n):
        v = f32(x)[i]
        f32(y)[i] = (v * np.float32(1 / 7) + np.float32(1 / 3)) * v + np.float32(1)


@kernel
def mix_i64(x: Pointer, y: Pointer, n: Int, total: Int, begin: Int, end: Int, scratch: Pointer) -> None:
    """y = a function of x that mixes far elements, by way of scratch; rows [begin, end) of n of total elements."""
    for row in range(begin, end):
        for i in range(n):
            i64(scratch)[i] = i64(x)[total - 1 - row * n - i] * MULTIPLIER + row
        for i in range(n):
            i64(y)[row * n + i] = i64(scratch)[n - 1 - i] ^ (i64(x)[(row * n + i) * 7 % total] >> 3)


@kernel
def uneven_i64(y: Pointer, n: Int, slow: Int, begin: Int, end: Int, scratch: Pointer) -> None:
    """y[i] = what comes of n steps of a random generator, and of 16 times as many where i is `slow`."""
    for i in range(begin, end):
        value = i
        for _ in range(16 * n if i == slow else n):
            value = value * MULTIPLIER + 1
        i64(y)[i] = value
