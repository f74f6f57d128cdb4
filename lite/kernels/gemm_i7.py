"""The register tile of products of codes of 7 bits with int8 weights, where instructions add these as int16.

Codes are shifted by 64, so that they are unsigned. Products of four are added as int16, or of eight where steps are
doubled, and then to int32: half the work of codes of 8 bits, which are widened to int16 first. No such sum may leave
int16, so weights are split when they are packed (lite/delegates/cpu/excess.py): those of a tap are followed by what was
split off, which is how many vectors that are, int32, how far into a row the codes of each are, int32 each, filled up to
whole vectors, and these vectors.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from llvmlite import ir

from lite.kernels.codes8 import I16, Codes
from lite.kernels.declare import Int, Pointer, Target, constant
from lite.kernels.gemm_i8 import codes_end, each_tile
from lite.kernels.simd import Simd, micro
from lite.kernels.value import I8, I32, I64, Value

OFFSET = 64
INT7_ROWS = 12
INT7_STEP = 4  # codes
_ADD_PAIRS = {8: "llvm.x86.avx2.pmadd.ub.sw", 16: "llvm.x86.avx512.pmaddubs.w.512"}  # by lanes


def adds_pairs(target: Target) -> bool:
    """Whether codes of 7 bits are multiplied so: where nothing multiplies all codes as fast."""
    return not target.int8_dot and target.machine == "x86_64" and target.lanes in _ADD_PAIRS


INT7_OFFSET = constant("int7_offset", lambda target: OFFSET if adds_pairs(target) else 0)


class Sevens(Codes):
    """Emits arithmetic on codes of 7 bits, staged as unsigned bytes."""

    def __init__(self, simd: Simd) -> None:
        super().__init__(simd)
        self.size, self.offset, self.factor_bytes = 1, OFFSET, simd.vector_bytes

    def add(self, total: Value, x: list[Value], w: list[Value]) -> Value:
        """total + the sums over four bytes of each x, unsigned, * w, lane by lane; none may leave int16."""
        kind, name = ir.VectorType(I16, 2 * self.s.lanes), _ADD_PAIRS[self.s.lanes]
        first, *more = (self.s.call(name, kind, a, b) for a, b in zip(x, w, strict=True))
        for other in more:
            first = first + other
        return total + self._pairs(first, self.s.constants(I16, (1,) * kind.count))

    def four(self, address: Value) -> Value:
        """Four staged codes, in every lane."""
        return self.word(address).bitcast(self._bytes)

    def count(self, address: Value) -> Value:
        """The int32 at an address, as a number."""
        return self.s.load_as(I32, address, align=4).extended(I64)

    def _write_staged(self, codes: Value, address: Value) -> None:
        self.s.store_as(codes + self.s.constants(I8, (OFFSET,) * codes.ir.type.count), address)


@micro("stage_i7", Pointer, Pointer, Int)
def stage_i7(s: Simd, x: Value, y: Value, n: Value) -> None:
    """n codes from x, staged to y; see Codes.stage."""
    if adds_pairs(s.target):
        Sevens(s).stage(x, y, n)


@micro("stage_same_i7", Int, Pointer, Int)
def stage_same_i7(s: Simd, code: Value, y: Value, n: Value) -> None:
    """n times the same code, staged to y."""
    if adds_pairs(s.target):
        Sevens(s).fill(code, y, n)


@micro(
    "gemm_tile_i7",
    *(Pointer, Int, Int, Int, Int, Pointer, Int, Pointer, Int, Int, Pointer, Pointer, Pointer, Pointer, Pointer, Int),
)
def gemm_tile_i7(
    s: Simd,
    table: Value,
    rows: Value,
    taps: Value,
    steps: Value,
    doubles: Value,
    weights: Value,
    tap_bytes: Value,
    y: Value,
    y_stride: Value,
    columns: Value,
    bias: Value,
    scale: Value,
    ends: Value,
    residual: Value,
    ahead: Value,
    ahead_step: Value,
) -> None:
    """As gemm_tile_i8, of one panel. steps: of a tap, behind `doubles` pairs of them. tap_bytes: of a tap's weights."""
    if not adds_pairs(s.target):
        return
    c = Sevens(s)

    def sums_of(height: int, _width: int) -> Sequence[Value]:
        def tap(t: Value, weight: Value, ahead: Value, *sums: Value) -> tuple[Value, ...]:
            x = [s.load_int(table + (t * height + r) * 8) for r in range(height)]

            def step(count: int, at: Value, weight: Value, ahead: Value, *sums: Value) -> tuple[Value, ...]:
                s.prefetch(ahead)
                w = [c.load_bytes(weight + i * s.vector_bytes) for i in range(count)]
                places = [at + INT7_STEP * i for i in range(count)]
                new = [c.add(sums[r], [c.four(x[r] + place) for place in places], w) for r in range(height)]
                return weight + count * s.vector_bytes, ahead + ahead_step, *new

            def excess(entry: Value, i: Value, vector: Value, *sums: Value) -> tuple[Value, ...]:
                at, w = c.count(entry + 4 * i + 4), c.load_bytes(vector)
                new = [c.add(sums[r], [c.four(x[r] + at)], [w]) for r in range(height)]
                return vector + s.vector_bytes, *new

            following, start = weight + tap_bytes, 2 * INT7_STEP * doubles
            weight, ahead, *now = s.loop(start, partial(step, 2), weight, ahead, *sums, step=2 * INT7_STEP)
            stop = start + INT7_STEP * steps
            weight, ahead, *now = s.loop(stop, partial(step, 1), weight, ahead, *now, start=start, step=INT7_STEP)
            count = c.count(weight)
            vectors = weight + (4 * count + 4 + s.vector_bytes - 1 & -s.vector_bytes)
            _, *now = s.loop(count, partial(excess, weight), vectors, *now)
            return following, ahead, *now

        _, _, *sums = s.loop(taps, tap, weights, ahead, *[c.load_words(bias)] * height)
        return sums

    end = codes_end(c, y, y_stride, columns, scale, ends, residual)
    each_tile(c, rows, s.constant(1), columns, residual, sums_of, end, (INT7_ROWS, 1, 1))
