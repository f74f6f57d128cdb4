"""What `mlite bench` measures a machine's limits with: fused multiply-adds in registers alone, and reading memory.

No operator uses these. The chains of multiply-adds are as many as hide the instruction's latency on any core at hand.
"""
from __future__ import annotations

from lite.kernels.declare import Int, Pointer, Target, constant, kernel
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value


def chains(target: Target) -> int:
    """Independent sums: all registers but the two factors and two to spare, at most 12."""
    return min(12, target.registers - 4)


FLOPS = constant("peak_flops", lambda target: 2 * chains(target) * target.lanes)  # of one round
FLOATS = constant("peak_floats", lambda target: (chains(target) + 2) * target.lanes)  # of one unit's numbers


@micro("fma_chains_f32", Int, Pointer)
def fma_chains_f32(s: Simd, rounds: Value, y: Value) -> None:
    """Every sum of y += factor * factor, `rounds` times; y holds the sums, then the two factors."""
    places = [y + k * s.vector_bytes for k in range(chains(s.target) + 2)]
    *sums, a, b = (s.load(place) for place in places)

    def once(_: Value, *sums: Value) -> tuple[Value, ...]:
        return tuple(s.fma(a, b, total) for total in sums)

    for place, total in zip(places, s.loop(rounds, once, *sums), strict=False):
        s.store(total, place)


@micro("read_f32", Pointer, Int, Pointer)
def sum_f32(s: Simd, x: Value, n: Value, y: Value) -> None:
    """y = the sum of n floats, in every lane."""
    s.store(s.reduce(n, lambda i, lanes: s.load(x + 4 * i, lanes), lambda a, b: a + b, s.splat(0.0)), y)


@kernel
def peak_fma_f32(rounds: Int, y: Pointer, begin: Int, end: Int, scratch: Pointer) -> None:
    """`rounds` rounds of the chains on each unit's own FLOATS numbers of y."""
    for unit in range(begin, end):
        fma_chains_f32(rounds, y + unit * FLOATS() * 4)


@kernel
def peak_read_f32(x: Pointer, n: Int, y: Pointer, begin: Int, end: Int, scratch: Pointer) -> None:
    """Unit u reads n floats from x + 4 n u; y takes FLOATS numbers a unit."""
    for unit in range(begin, end):
        sum_f32(x + unit * n * 4, n, y + unit * FLOATS() * 4)
