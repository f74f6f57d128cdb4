"""Any function of one int8 code, by a table of 256 bytes that is held in registers and looked up a vector at a time.

    AVX-512    the table is 128 words in four vectors; vpermi2w finds a code's word by its bits 1 to 6, bit 7 chooses
               between the halves of the table, and bit 0 which byte of the word it is; even and odd codes in turn
    AVX2       16 codes' worth of table at a time: adding to a code what differs in its upper four bits saturates to
               where vpshufb gives 0, so the right one of 16 results remains
    NEON       tbl looks up 64 bytes and gives 0 beyond them: four of these
    elsewhere  one code after the other, as the last ones are everywhere
"""
from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from llvmlite import ir

from lite.kernels.codes8 import I16, Codes
from lite.kernels.declare import Int, Pointer, kernel
from lite.kernels.simd import Simd, micro
from lite.kernels.value import I8, I64, Value

_SIZE = 256
_CHUNK = 16  # bytes that vpshufb looks up
_QUARTER = 64  # bytes that tbl looks up


@micro("table_span_i8", Pointer, Pointer, Pointer, Int)
def table_span_i8(s: Simd, x: Value, y: Value, table: Value, n: Value) -> None:
    """y[i] = table[x[i] as unsigned] for n codes; y may be x."""
    c = Codes(s)
    width = 4 * s.lanes
    whole: Value | int = 0
    look_up = _by_target(c, table)
    if look_up is not None:
        whole = n & -width

        def vector(i: Value) -> None:
            c.store_bytes(look_up(c.load_bytes(x + i)), y + i)

        s.loop(whole, vector, step=width)

    def one(i: Value) -> None:
        code = s.load_as(I8, x + i)
        place = table + Value(s.builder, s.builder.zext(code.ir, I64))
        s.store_as(s.load_as(I8, place), y + i)

    s.loop(n, one, start=whole)


@kernel
def table_i8(
    x: Pointer, y: Pointer, table: Pointer, n: Int, block: Int, begin: Int, end: Int, scratch: Pointer
) -> None:
    """y[i] = table[x[i] as unsigned]. Units: blocks of `block` elements."""
    first = begin * block
    table_span_i8(x + first, y + first, table, min(end * block, n) - first)


def _by_target(c: Codes, table: Value) -> Callable[[Value], Value] | None:
    """What looks a vector of codes up, the table's registers loaded; None where there is no instruction for it."""
    target = c.s.target
    if target.machine == "aarch64":
        return _by_quarters(c, table)
    return {16: _by_words, 8: _by_chunks}.get(target.lanes, lambda c, table: None)(c, table)


def _by_words(c: Codes, table: Value) -> Callable[[Value], Value]:
    b, words = c.s.builder, ir.VectorType(I16, 2 * c.s.lanes)
    one, eight, seventh, low_byte = (_same(words, number) for number in (1, 8, 128, 255))
    tables = [c.s.load_as(words, table + part * c.s.vector_bytes).ir for part in range(4)]

    def byte_of(index: ir.Value, upper: ir.Value, shift: ir.Value) -> ir.Value:
        """The looked up byte in the lower half of every word; index: of a word of the table."""
        name = "llvm.x86.avx512.vpermi2var.hi.512"
        low, high = (c.s.intrinsic(name, words, [t, index, u]) for t, u in (tables[:2], tables[2:]))
        return b.and_(b.lshr(b.select(upper, high, low), shift), low_byte)

    def look_up(codes: Value) -> Value:
        pair = b.bitcast(codes.ir, words)
        found = []
        for code in (pair, b.lshr(pair, eight)):
            upper = b.icmp_unsigned("==", b.and_(code, seventh), seventh)
            found.append(byte_of(b.lshr(code, one), upper, b.mul(b.and_(code, one), eight)))
        return Value(b, b.bitcast(b.or_(found[0], b.shl(found[1], eight)), codes.ir.type))

    return look_up


def _by_chunks(c: Codes, table: Value) -> Callable[[Value], Value]:
    b, kind, half = c.s.builder, ir.VectorType(I8, 4 * c.s.lanes), ir.VectorType(I8, _CHUNK)
    parts = [c.s.load_as(half, table + first) for first in range(0, _SIZE, _CHUNK)]
    chunks = [c.s.shuffle(part, part, [*range(_CHUNK)] * 2).ir for part in parts]

    def look_up(codes: Value) -> Value:
        found = []
        for number, chunk in enumerate(chunks):
            apart = b.xor(codes.ir, _same(kind, number * _CHUNK))
            place = c.s.intrinsic(f"llvm.uadd.sat.v{kind.count}i8", kind, [apart, _same(kind, 128 - _CHUNK)])
            found.append(c.s.intrinsic("llvm.x86.avx2.pshuf.b", kind, [chunk, place]))
        return Value(b, reduce(b.or_, found))

    return look_up


def _by_quarters(c: Codes, table: Value) -> Callable[[Value], Value]:
    b, kind = c.s.builder, ir.VectorType(I8, 4 * c.s.lanes)
    parts = [c.s.load_as(kind, table + first).ir for first in range(0, _SIZE, kind.count)]

    def look_up(codes: Value) -> Value:
        found = []
        name, count = f"llvm.aarch64.neon.tbl4.v{kind.count}i8", _QUARTER // kind.count
        for number in range(_SIZE // _QUARTER):
            place = b.xor(codes.ir, _same(kind, number * _QUARTER))
            found.append(c.s.intrinsic(name, kind, [*parts[number * count :][:count], place]))
        return Value(b, reduce(b.or_, found))

    return look_up


def _same(kind: ir.VectorType, number: int) -> ir.Constant:
    return ir.Constant(kind, [number] * kind.count)
