"""float16 to float32 or float64 and back, in vectors: by an instruction where the target has one, else bit by bit."""
from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from lite.kernels.declare import Int, Pointer
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value

_I16, _I32 = ir.IntType(16), ir.IntType(32)
_F16, _F32, _F64 = ir.HalfType(), ir.FloatType(), ir.DoubleType()
_INFINITY = 0x7F800000
_HALF_INFINITY, _HALF_NAN = 0x7C00, 0x7E00
_OVERFLOW = 0x477FF000  # 65520, the least float32 that is rounded to an infinite float16
_LEAST_NORMAL = 0x38800000  # 2^-14
_REBIAS = 112  # between the exponents' zeros


@micro("widen_halves", Pointer, Pointer, Int)
def widen_halves(s: Simd, x: Value, y: Value, n: Value) -> None:
    """y, n float32, from x, n float16."""
    _each(s, n, lambda i, lanes: _store(s, _widened(s, _load(s, _I16, x + 2 * i, lanes)), y + 4 * i))


@micro("widen_halves_far", Pointer, Pointer, Int)
def widen_halves_far(s: Simd, x: Value, y: Value, n: Value) -> None:
    """y, n float64, from x, n float16."""

    def part(i: Value, lanes: int) -> None:
        floats = _widened(s, _load(s, _I16, x + 2 * i, lanes))
        _store(s, s.builder.fpext(floats, ir.VectorType(_F64, lanes)), y + 8 * i)

    _each(s, n, part)


@micro("narrow_to_halves", Pointer, Pointer, Int)
def narrow_to_halves(s: Simd, x: Value, y: Value, n: Value) -> None:
    """y, n float16, each the nearest to one of x, n float32; of two the even one."""
    _each(s, n, lambda i, lanes: _store(s, _narrowed(s, _load(s, _F32, x + 4 * i, lanes)), y + 2 * i))


@micro("narrow_far_to_halves", Pointer, Pointer, Int)
def narrow_far_to_halves(s: Simd, x: Value, y: Value, n: Value) -> None:
    """y, n float16, each the nearest to one of x, n float64.

    By way of a float32 whose last bit says whether anything was cut off, so that nothing is rounded twice.
    """
    b = s.builder

    def part(i: Value, lanes: int) -> None:
        words, far = ir.VectorType(_I32, lanes), ir.VectorType(_F64, lanes)
        exact = _load(s, _F64, x + 8 * i, lanes)
        near = b.fptrunc(exact, ir.VectorType(_F32, lanes))
        back = b.fpext(near, far)
        grown = b.fcmp_ordered(">", _size(s, back, lanes), _size(s, exact, lanes))
        cut = b.sub(b.bitcast(near, words), b.zext(grown, words))
        sticky = b.or_(cut, b.zext(b.fcmp_ordered("!=", back, exact), words))
        _store(s, _narrowed(s, b.bitcast(sticky, near.type)), y + 2 * i)

    _each(s, n, part)


def _each(s: Simd, n: Value, part: Callable[[Value, int], object]) -> None:
    """part(i, lanes) for whole vectors from element i on, then for single elements."""
    whole = n & -s.lanes

    def run(lanes: int) -> Callable[[Value], None]:
        def body(i: Value) -> None:
            part(i, lanes)

        return body

    s.loop(whole, run(s.lanes), step=s.lanes)
    s.loop(n, run(1), start=whole)


def _load(s: Simd, element: ir.Type, address: Value, lanes: int) -> ir.Value:
    return s.load_as(ir.VectorType(element, lanes), address).ir


def _store(s: Simd, x: ir.Value, address: Value) -> None:
    s.store_as(Value(s.builder, x), address)


def _size(s: Simd, x: ir.Value, lanes: int) -> ir.Value:
    """float64 without their signs."""
    kind = ir.VectorType(ir.IntType(64), lanes)
    return s.builder.bitcast(s.builder.and_(s.builder.bitcast(x, kind), _all(kind, 2**63 - 1)), x.type)


def _all(kind: ir.VectorType, number: float) -> ir.Constant:
    return ir.Constant(kind, [number] * kind.count)


def _widened(s: Simd, x: ir.Value) -> ir.Value:
    """The float32 of float16 given as int16.

    Bit by bit: exponent and fraction in their new places, then the difference of the exponents' zeros; the product
    makes normal numbers of subnormal ones. Infinity and NaN get the largest exponent again.
    """
    b = s.builder
    floats, words = ir.VectorType(_F32, x.type.count), ir.VectorType(_I32, x.type.count)
    if s.target.halves:
        return b.fpext(b.bitcast(x, ir.VectorType(_F16, x.type.count)), floats)
    wide = b.zext(x, words)
    size = b.shl(b.and_(wide, _all(words, 0x7FFF)), _all(words, 13))
    bits = b.bitcast(b.fmul(b.bitcast(size, floats), _all(floats, 2.0**_REBIAS)), words)
    infinite = b.icmp_signed(">=", size, _all(words, _HALF_INFINITY << 13))
    bits = b.or_(bits, b.select(infinite, _all(words, _INFINITY), _all(words, 0)))
    return b.bitcast(b.or_(bits, b.shl(b.and_(wide, _all(words, 0x8000)), _all(words, 16))), floats)


def _narrowed(s: Simd, x: ir.Value) -> ir.Value:
    """The float16 nearest to float32, as int16.

    Bit by bit: adding just under half of the last place kept, or half where that is odd, carries where due. A number
    below the normal ones is a multiple of 2^-24, which is the last place of what adding 0.5 makes of it.
    """
    b = s.builder
    count = x.type.count
    words, shorts = ir.VectorType(_I32, count), ir.VectorType(_I16, count)
    if s.target.halves:
        return b.bitcast(b.fptrunc(x, ir.VectorType(_F16, count)), shorts)
    bits = b.bitcast(x, words)
    size = b.and_(bits, _all(words, 0x7FFFFFFF))
    half = 0x3F000000  # 0.5
    tiny = b.sub(b.bitcast(b.fadd(b.bitcast(size, x.type), _all(x.type, 0.5)), words), _all(words, half))
    odd = b.and_(b.lshr(size, _all(words, 13)), _all(words, 1))
    rounded = b.lshr(b.add(b.add(size, _all(words, 0xFFF)), odd), _all(words, 13))
    result = b.sub(rounded, _all(words, _REBIAS << 10))
    for least, value in ((_OVERFLOW, _HALF_INFINITY), (_INFINITY + 1, _HALF_NAN)):
        result = b.select(b.icmp_signed(">=", size, _all(words, least)), _all(words, value), result)
    result = b.select(b.icmp_signed("<", size, _all(words, _LEAST_NORMAL)), tiny, result)
    sign = b.and_(b.lshr(bits, _all(words, 16)), _all(words, 0x8000))
    return b.trunc(b.or_(result, sign), shorts)
