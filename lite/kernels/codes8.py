"""Vectors of int8 codes: sums of products for each 32-bit lane, exact on every target.

    vpdpbusd (AVX-512 VNNI)   unsigned by signed, four at a time: x is shifted by 128, which `INT8_OFFSET` says, so that
                              whoever packs weights can take 128 times their sum off the bias
    sdot (NEON)               signed by signed, four at a time
    elsewhere                 products of int16, added in pairs; nothing saturates, as it would in vpmaddubsw

What is read many times is staged first: copied as the products take it, shifted or widened (INT8_STAGED bytes a code,
INT8_STEP codes to a lane). What is not, rows of a depthwise convolution, takes four codes to a lane everywhere; where
these are widened, an accumulator is two vectors, whose neighbors are added at the end.
"""
from __future__ import annotations

from typing import Any

from llvmlite import ir

from lite.kernels.declare import Target, constant
from lite.kernels.simd import Simd
from lite.kernels.value import I8, I32, Value

I16 = ir.IntType(16)
_PAIRS = {4: "llvm.x86.sse2.pmadd.wd", 8: "llvm.x86.avx2.pmadd.wd", 16: "llvm.x86.avx512.pmaddw.d.512"}  # by lanes
_PACKS = {
    4: ("llvm.x86.sse2.packssdw.128", "llvm.x86.sse2.packsswb.128"),
    8: ("llvm.x86.avx2.packssdw", "llvm.x86.avx2.packsswb"),
    16: ("llvm.x86.avx512.packssdw.512", "llvm.x86.avx512.packsswb.512"),
}
_ALL_LANES = (ir.Constant(ir.VectorType(I32, 16), ir.Undefined), ir.Constant(I16, -1), ir.Constant(I32, 4))
_NEAREST: dict[int, tuple[Any, ...]] = {  # float32 to int32 as the rounding mode says: to nearest; 0: aarch64
    0: ("llvm.aarch64.neon.fcvtns.v4i32.v4f32",),
    4: ("llvm.x86.sse2.cvtps2dq",),
    8: ("llvm.x86.avx.cvt.ps2dq.256",),
    16: ("llvm.x86.avx512.mask.cvtps2dq.512", *_ALL_LANES),
}

INT8_OFFSET = constant("int8_offset", lambda target: staged_offset(target))
INT8_STEP = constant("int8_step", lambda target: 4 if target.int8_dot else 2)
INT8_STAGED = constant("int8_staged", lambda target: staged_bytes(target))


class Codes:
    """Emits arithmetic on codes. parts: vectors of a sum of `dot_each`; factor_bytes: what `factor` reads.

    size: bytes of a staged code; offset: what staging adds to it.
    """

    def __init__(self, simd: Simd) -> None:
        self.s = simd
        self.parts = 1 if simd.target.int8_dot else 2
        self.size = staged_bytes(simd.target)
        self.offset = staged_offset(simd.target)
        self.factor_bytes = simd.vector_bytes // self.size
        self._words = ir.VectorType(I32, simd.lanes)
        self._shorts = ir.VectorType(I16, 2 * simd.lanes)
        self._bytes = ir.VectorType(I8, 4 * simd.lanes)

    def begin(self, start: Value) -> list[Value]:
        """An accumulator of sums that begin with int32 `start`, which `total` is given too."""
        return [start] if self.parts == 1 else [self.number(0)] * self.parts

    def weights(self, address: Value) -> list[Value]:
        """Four weights for each lane, from 4 x lanes consecutive bytes, as `dot_each` takes them."""
        loaded = self._load_dot(address)
        return [loaded] if self.parts == 1 else self._halves(loaded)

    def dot_each(self, total: list[Value], x: list[Value], w: list[Value]) -> list[Value]:
        """total + the sum over four codes of x * w, lane by lane; x: from `factors`."""
        if self.parts == 1:
            return [self._dot(total[0], x[0], w[0])]
        return [sums + self._pairs(a, b) for sums, a, b in zip(total, x, w, strict=True)]

    def stage(self, x: Value, y: Value, n: Value) -> None:
        """Copies n codes from x to y as products take them, in whole vectors: up to a vector behind them is touched."""
        size, step = self.size, self.factor_bytes
        kind = ir.VectorType(I8, step)

        def body(i: Value) -> None:
            loaded = self.s.load_as(kind, x + i)
            self._write_staged(loaded, y + size * i)

        self.s.loop(n, body, step=step)

    def fill(self, code: Value, y: Value, n: Value) -> None:
        """As `stage`, of n codes that are all the same."""
        size, step = self.size, self.factor_bytes
        spread = self.s.splat(code.truncated(I8), step)
        self.s.loop(n, lambda i: self._write_staged(spread, y + size * i), step=step)

    def staged(self, address: Value) -> Value:
        """INT8_STEP staged codes, in every lane, as `dot` takes them."""
        spread = self.s.splat(self.s.load_as(I32, address))
        if self.s.target.int8_dot == "vpdpbusd":
            return spread
        kind = self._bytes if self.s.target.int8_dot else ir.VectorType(I16, 2 * self.s.lanes)
        return spread.bitcast(kind)

    def factor(self, address: Value) -> Value:
        """INT8_STEP weights for each lane, from as many consecutive bytes, as `dot` takes them."""
        if self.s.target.int8_dot:
            return self._load_dot(address)
        kind = ir.VectorType(I8, self.factor_bytes)
        loaded = self.s.load_as(kind, address)
        return loaded.extended(ir.VectorType(I16, 2 * self.s.lanes))

    def dot(self, total: Value, x: Value, w: Value) -> Value:
        """total + the sum over INT8_STEP codes of x * w, lane by lane; x: from `staged`, w: from `factor`."""
        return self._dot(total, x, w) if self.s.target.int8_dot else total + self._pairs(x, w)

    def bytes_at(self, address: Value) -> Value:
        """4 x lanes consecutive codes, of which `unpack` makes what `factors` takes."""
        loaded = self.load_bytes(address)
        return loaded ^ self.least_bytes() if self.s.target.int8_dot == "vpdpbusd" else loaded

    def unpack(self, a: Value, b: Value, size: int) -> list[Value]:
        """The elements of `size` bytes of a and b in turn, of the lower and the upper half of every 128 bits."""
        found = []
        for half in (0, 8):
            order: list[int] = []
            for block in range(0, 4 * self.s.lanes, 16):
                for first in range(block + half, block + half + 8, size):
                    order += [*range(first, first + size)]
                    order += [4 * self.s.lanes + i for i in range(first, first + size)]
            found.append(self.s.shuffle(a, b, order))
        return found

    def factors(self, codes: Value) -> list[Value]:
        """Codes, four to a lane, as `dot_each` takes them."""
        if self.s.target.int8_dot == "vpdpbusd":
            return [codes.bitcast(self._words)]
        return [codes] if self.parts == 1 else self._halves(codes)

    def shorts(self, a: Value, b: Value) -> Value:
        """Two vectors of int32 as int16, saturated, the halves of every 128 bits in turn."""
        return self._narrow(a, b, I16, _PACKS[self.s.lanes][0])

    def bytes(self, a: Value, b: Value) -> Value:
        """Two vectors of int16 as bytes, saturated, the halves of every 128 bits in turn: what `unpack` took apart."""
        return self._narrow(a, b, I8, _PACKS[self.s.lanes][1])

    def short(self, address: Value) -> Value:
        """The int32 at an address, which is one of int16, in every int16."""
        return self._spread(address, I16, 2 * self.s.lanes)

    def add_short(self, a: Value, b: Value) -> Value:
        """a + b of int16, saturated."""
        return self.s.call(f"llvm.sadd.sat.v{2 * self.s.lanes}i16", a.ir.type, a, b)

    def byte(self, address: Value) -> Value:
        """The int32 at an address, which is a code, in every byte."""
        return self._spread(address, I8, 4 * self.s.lanes)

    def between(self, x: Value, low: Value, high: Value) -> Value:
        """x, at least low and at most high; integers of any size."""
        above = self.s.select(x > low, x, low)
        return self.s.select(above < high, above, high)

    def in_order(self, codes: Value) -> Value:
        """4 x lanes codes that are the quarters of every 128 bits in turn, a quarter after the other."""
        words = codes.bitcast(self._words)
        order = [block + quarter for quarter in range(4) for block in range(0, self.s.lanes, 4)]
        return self.s.shuffle(words, words, order).bitcast(self._bytes)

    def store_part(self, codes: Value, first: int, count: int, address: Value, limit: Value | None = None) -> None:
        """Writes `count` codes from `first` on, or only the first `limit` of these."""
        part = self.s.shuffle(codes, codes, range(first, first + count))
        if limit is None:
            self.s.store_as(part, address)
        else:
            self.s.store_first(part, address, limit)

    def load_bytes(self, address: Value) -> Value:
        """4 x lanes consecutive codes as they are."""
        return self.s.load_as(self._bytes, address)

    def least_bytes(self) -> Value:
        """The least code, 4 x lanes times."""
        return self.s.constants(I8, (-128,) * (4 * self.s.lanes))

    def store_bytes(self, codes: Value, address: Value) -> None:
        """Writes 4 x lanes codes."""
        self.s.store_as(codes, address)

    def short_codes(self, address: Value) -> Value:
        """2 x lanes consecutive codes as int16."""
        loaded = self.s.load_as(ir.VectorType(I8, 2 * self.s.lanes), address)
        return loaded.extended(self._shorts)

    def short_number(self, value: int) -> Value:
        """A constant, int16 in every element."""
        return self.s.constants(I16, (value,) * self._shorts.count)

    def words_of(self, shorts: Value) -> list[Value]:
        """2 x lanes int16 as two vectors of int32."""
        lanes = self.s.lanes
        halves = [self.s.shuffle(shorts, shorts, range(first, first + lanes)) for first in (0, lanes)]
        return [half.extended(self._words) for half in halves]

    def shorts_at(self, address: Value) -> Value:
        """2 x lanes consecutive int16."""
        return self.s.load_as(self._shorts, address, align=4)

    def pair_at(self, address: Value) -> Value:
        """Two consecutive int16, in every lane."""
        spread = self.s.splat(self.s.load_as(I32, address, align=4))
        return spread.bitcast(self._shorts)

    def dot_shorts(self, total: Value, x: Value, w: Value) -> Value:
        """total + the sum over two int16 of x * w, lane by lane, modulo 2^32."""
        if self.s.target.int8_dot != "vpdpbusd":
            return total + self._pairs(x, w)
        name = f"llvm.x86.avx512.vpdpwssd.{32 * self.s.lanes}"
        pairs = [pair.bitcast(self._words) for pair in (x, w)]
        return self.s.call(name, self._words, total, *pairs)

    def store_shorts(self, x: Value, address: Value) -> None:
        """Writes 2 x lanes int16."""
        self.s.store_as(x, address, align=2)

    def store_words(self, x: Value, address: Value) -> None:
        """Writes `lanes` int32."""
        self.s.store_as(x, address, align=4)

    def total(self, accumulator: list[Value], start: Value) -> Value:
        """The sums, int32, lane by lane."""
        if self.parts == 1:
            return accumulator[0]
        return self._neighbors(*accumulator) + start

    def load(self, address: Value) -> Value:
        """`lanes` consecutive codes as int32."""
        kind = ir.VectorType(I8, self.s.lanes)
        loaded = self.s.load_as(kind, address)
        return loaded.extended(self._words)

    def load_words(self, address: Value) -> Value:
        """`lanes` consecutive int32."""
        return self.s.load_as(self._words, address, align=4)

    def word(self, address: Value) -> Value:
        """The int32 at an address, in every lane."""
        return self.s.splat(self.s.load_as(I32, address, align=4))

    def one(self, address: Value) -> Value:
        """The code at an address, in every lane as int32."""
        code = self.s.load_as(I8, address)
        return self.s.splat(code.extended(I32))

    def splat(self, number: Value) -> Value:
        """An i64 number as int32 in every lane."""
        return self.s.splat(number.truncated(I32))

    def number(self, value: int) -> Value:
        """A constant, int32 in every lane."""
        return self.s.constants(I32, (value,) * self.s.lanes)

    def rounded(self, x: Value) -> Value:
        """x, float32 below 2^31 in size, as int32: to nearest, halves to even."""
        name, *mask = _NEAREST[self.s.lanes if self.s.target.machine == "x86_64" else 0]
        return Value(self.s.builder, self.s.intrinsic(name, self._words, [x.ir, *mask]))

    def store(self, x: Value, address: Value, lanes: Value | None) -> None:
        """Writes the low bytes of int32, all or the first `lanes`."""
        self._store_as(I8, x, address, lanes)

    def store_staged(self, x: Value, address: Value, lanes: Value | None) -> None:
        """Writes int32 codes as products take them, all or the first `lanes`."""
        if self.s.target.int8_dot:
            self.store(x + self.offset, address, lanes)
        else:
            self._store_as(I16, x, address, lanes)

    def _spread(self, address: Value, element: ir.IntType, count: int) -> Value:
        """The low bits of the int32 at an address in every element of a vector."""
        return self.s.splat(self.s.load_as(I32, address, align=4).truncated(element), count)

    def _narrow(self, a: Value, b: Value, element: ir.IntType, instruction: str) -> Value:
        """Two vectors as one of integers half as wide, saturated."""
        kind = ir.VectorType(element, 2 * a.ir.type.count)
        if self.s.target.machine == "x86_64":
            return self.s.call(instruction, kind, a, b)
        both = self.s.shuffle(a, b, range(kind.count))
        most = (1 << (element.width - 1)) - 1
        low, high = (self.s.constants(both.ir.type.element, (x,) * kind.count) for x in (-most - 1, most))
        return self.between(both, low, high).truncated(kind)

    def _load_dot(self, address: Value) -> Value:
        kind = self._words if self.s.target.int8_dot == "vpdpbusd" else self._bytes
        return self.s.load_as(kind, address)

    def _dot(self, total: Value, x: Value, w: Value) -> Value:
        """By the target's instruction."""
        kind, lanes = self._words, self.s.lanes
        name = f"llvm.aarch64.neon.sdot.v{lanes}i32.v{4 * lanes}i8"
        if self.s.target.int8_dot == "vpdpbusd":
            name = f"llvm.x86.avx512.vpdpbusd.{32 * lanes}"
        return self.s.call(name, kind, total, x, w)

    def _store_as(self, element: ir.IntType, x: Value, address: Value, lanes: Value | None) -> None:
        narrow = x.truncated(ir.VectorType(element, self.s.lanes))
        if lanes is None:
            self.s.store_as(narrow, address)
        else:
            self.s.store_first(narrow, address, lanes)

    def _write_staged(self, codes: Value, address: Value) -> None:
        count, dot = codes.ir.type.count, self.s.target.int8_dot
        if dot == "vpdpbusd":
            codes = codes ^ self.s.constants(I8, (-128,) * count)
        elif not dot:
            codes = codes.extended(ir.VectorType(I16, count))
        self.s.store_as(codes, address)

    def _pairs(self, x: Value, w: Value) -> Value:
        """Products of int16 vectors, neighbors added: int32, half as many."""
        lanes = self.s.lanes
        if self.s.target.machine == "x86_64":
            return self.s.call(_PAIRS[lanes], self._words, x, w)
        wide = ir.VectorType(I32, 2 * lanes)
        product = x.extended(wide) * w.extended(wide)
        first, second = (self.s.shuffle(product, product, range(i, i + lanes)) for i in (0, lanes))
        return self._neighbors(first, second)

    def _neighbors(self, a: Value, b: Value) -> Value:
        """Lanes 0 and 1, 2 and 3, ... of a followed by b, added."""
        even, odd = (self.s.shuffle(a, b, range(first, 2 * self.s.lanes, 2)) for first in (0, 1))
        return even + odd

    def _halves(self, codes: Value) -> list[Value]:
        """4 x lanes codes as two vectors of int16."""
        wide, count = ir.VectorType(I16, 2 * self.s.lanes), 2 * self.s.lanes
        parts = [self.s.shuffle(codes, codes, range(first, first + count)) for first in (0, count)]
        return [part.extended(wide) for part in parts]


def staged_offset(target: Target) -> int:
    """What is added to a code that is staged."""
    return 128 if target.int8_dot == "vpdpbusd" else 0


def staged_bytes(target: Target) -> int:
    """Bytes that a staged code takes."""
    return 1 if target.int8_dot else 2

