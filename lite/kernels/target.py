"""The instruction sets kernel packs are built for: plain data, free of numba, read by the build and by cpu detection.

A kernel generator asks a Target for widths and capabilities and never for its name, so a new row is a new level.
"""
from __future__ import annotations

from lite.records import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """One level of one architecture.

    name: the pack's file name and manifest entry. machine: `platform.machine()` of devices it runs on. cpu, features:
    as LLVM spells them. flags: what the device must report, as /proc/cpuinfo spells it. lanes: float32 elements in one
    vector; registers: architectural vector registers. fma: fused multiply-add exists. masks: loads and stores can be
    masked per lane at no cost. halves: float16 is converted to float32 and back by an instruction. int8_dot:
    instruction that multiplies 8-bit integers and adds four products into 32 bits ("" where there is none): "vpdpbusd"
    (u8 x s8), "sdot" (s8 x s8).
    """

    name: str
    machine: str
    triple: str
    cpu: str
    lanes: int
    registers: int
    fma: bool
    features: str = ""
    flags: frozenset[str] = frozenset()
    masks: bool = False
    halves: bool = False
    int8_dot: str = ""

    @property
    def vector_bytes(self) -> int:
        """Bytes in one vector."""
        return 4 * self.lanes


_AVX2 = frozenset({"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "popcnt", "sse4_2"})
_AVX512 = _AVX2 | frozenset({"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"})
_X86 = "x86_64-unknown-linux-gnu"
_ARM = "aarch64-unknown-linux-gnu"

# Best first within a machine; the last row of a machine needs no flags, so every such device has a level.
TARGETS: tuple[Target, ...] = (
    Target("x86-64-v4-vnni", "x86_64", _X86, "x86-64-v4", lanes=16, registers=32, fma=True, features="+avx512vnni",
           flags=_AVX512 | {"avx512_vnni"}, masks=True, halves=True, int8_dot="vpdpbusd"),
    Target("x86-64-v4", "x86_64", _X86, "x86-64-v4", lanes=16, registers=32, fma=True, flags=_AVX512, masks=True,
           halves=True),
    Target("x86-64-v3", "x86_64", _X86, "x86-64-v3", lanes=8, registers=16, fma=True, flags=_AVX2, halves=True),
    Target("x86-64", "x86_64", _X86, "x86-64", lanes=4, registers=16, fma=False),
    Target("aarch64-dotprod", "aarch64", _ARM, "cortex-a76", lanes=4, registers=32, fma=True,
           flags=frozenset({"asimd", "asimddp", "asimdhp", "atomics", "crc32"}), halves=True, int8_dot="sdot"),
    Target("aarch64", "aarch64", _ARM, "generic", lanes=4, registers=32, fma=True, halves=True),
)


def target(name: str) -> Target:
    """The target of that name. Raises KeyError where there is none."""
    return {row.name: row for row in TARGETS}[name]
