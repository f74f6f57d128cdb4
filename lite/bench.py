"""Measuring a session: latency, where the time goes, and how near that is to what the machine can do.

    with Session("model.ms") as session:
        latency = measure(session, inputs)                            # Latency(runs=..., median=..., ...)
        machine = measure_machine(threads=1)
        steps = measure_steps(session, inputs, machine)               # one StepCost an operation
        for row in by_operator(steps): ...

Everything here is data; `mlite bench` prints it. Times are seconds. Nothing is subtracted, and no runs are left out
but the first ones, which warm up.
"""
from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from lite.native.pack import KernelPack, load_pack
from lite.native.workers import Workers
from lite.ops.cost import cost
from lite.plan.plan import StepInfo
from lite.records import dataclass
from lite.session import Session
from lite.timing import Latency, timed_runs

_WARM_UP_SECONDS = 0.1
_PROFILES = 15  # times that every step is measured, or as many as _PROFILE_SECONDS allow; the fastest counts
_PROFILE_SECONDS = 10.0
_FMA_ROUNDS = 200_000
_FOOTPRINTS = (1 << 18, 1 << 22, 1 << 24, 1 << 28)  # bytes read over and over: in one level of cache or another, memory
_PASS_BYTES = 1 << 22  # smaller ones are read several times in a row, so that calls do not count
_PEAK_SECONDS = 0.2  # for each limit of the machine


@dataclass(frozen=True, slots=True)
class Machine:
    """What `threads` threads reach on this machine: multiply-adds in registers, and repeated reads of some bytes.

    flops: per second, fp32. reads: (bytes, bytes per second), the smallest first; the last is main memory.
    """

    threads: int
    flops: float
    reads: tuple[tuple[int, float], ...]

    def floor(self, flops: int, nbytes: int) -> float:
        """The seconds that an operation takes at these limits, its bytes read from the cache that holds them all.

        int8 kernels, which do more at once, and Winograd kernels, which do less, can be faster.
        """
        rate = next((rate for size, rate in self.reads if nbytes <= size), self.reads[-1][1])
        return max(flops / self.flops, nbytes / rate)


@dataclass(frozen=True, slots=True)
class StepCost:
    """An operation: the fastest of its times, its work, and its floor: Machine.floor, None without one."""

    step: StepInfo
    seconds: float
    flops: int
    nbytes: int
    floor: float | None


@dataclass(frozen=True, slots=True)
class OperatorCost:
    """All operations of one operator (with those merged into it) and delegate, added up."""

    op: str
    delegate: str
    steps: int
    seconds: float
    flops: int
    nbytes: int
    floor: float | None


def measure(
    session: Session, inputs: Any, *, runs: int | None = None, seconds: float = 2.0, warm_up: float = _WARM_UP_SECONDS
) -> Latency:
    """Run `runs` times, or for as many seconds, after `warm_up` seconds (at least one run) that do not count."""
    timed_runs(lambda: session.run(inputs), None, warm_up)
    return Latency.of(timed_runs(lambda: session.run(inputs), runs, seconds))


def measure_steps(session: Session, inputs: Any, machine: Machine | None = None) -> tuple[StepCost, ...]:
    """Every operation that does work, in the order of a run, each timed on its own (see Session.profile)."""
    profiles = [session.profile(inputs)]
    end = time.perf_counter() + _PROFILE_SECONDS
    while len(profiles) <= _PROFILES and (len(profiles) < 2 or time.perf_counter() < end):
        profiles.append(session.profile(inputs))
    rows = []
    for times in zip(*profiles[1:], strict=True):
        seconds = min(t.seconds for t in times)
        if seconds == 0.0:
            continue  # a view
        step = times[0].step
        nbytes = cost(step.attrs, step.inputs, step.outputs).nbytes
        flops = sum(cost(one.attrs, one.inputs, one.outputs).flops for one in step.stages or (step,))
        floor = machine.floor(flops, nbytes) if machine else None
        rows.append(StepCost(step, seconds, flops, nbytes, floor))
    return tuple(rows)


def by_operator(steps: Sequence[StepCost]) -> tuple[OperatorCost, ...]:
    """The steps added up by operator and delegate, the slowest first."""
    groups: dict[tuple[str, str], list[StepCost]] = {}
    for row in steps:
        groups.setdefault((row.step.label, row.step.delegate), []).append(row)
    sums = [
        OperatorCost(
            op,
            delegate,
            len(rows),
            sum(row.seconds for row in rows),
            sum(row.flops for row in rows),
            sum(row.nbytes for row in rows),
            _sum([row.floor for row in rows]),
        )
        for (op, delegate), rows in groups.items()
    ]
    return tuple(sorted(sums, key=lambda row: -row.seconds))


def _sum(floors: Sequence[float | None]) -> float | None:
    known = [floor for floor in floors if floor is not None]
    return sum(known) if len(known) == len(floors) else None


def measure_machine(threads: int = 1) -> Machine | None:
    """The machine's limits, measured in about a second; None where there is no kernel pack to measure them with."""
    pack = load_pack()
    if pack is None:
        return None
    workers = Workers(pack, threads)
    try:
        units = 1 if threads == 1 else 8 * threads
        numbers = np.full(units * pack.constants["peak_floats"], 1e-3, np.float32)
        rounds = _FMA_ROUNDS // units
        fma = _fastest(pack, workers, "peak_fma_f32", {"rounds": rounds, "y": numbers.ctypes.data}, units)
        flops = units * rounds * pack.constants["peak_flops"] / fma
        memory = np.ones(_FOOTPRINTS[-1] // 4, np.float32)
        reads = []
        for nbytes in _FOOTPRINTS:
            arguments = {"x": memory.ctypes.data, "n": nbytes // 4 // units, "y": numbers.ctypes.data}
            passes = max(1, _PASS_BYTES // nbytes)
            reads.append((nbytes, nbytes / _fastest(pack, workers, "peak_read_f32", arguments, units, passes)))
    finally:
        workers.close()
    return Machine(threads, flops, tuple(reads))


def _fastest(
    pack: KernelPack, workers: Workers, kernel: str, arguments: dict[str, int], units: int, times: int = 1
) -> float:
    """Seconds of one of `times` passes of a kernel, in the fastest of many tries."""
    block = np.array([arguments[parameter.name] for parameter in pack.parameters(kernel)], np.int64)
    rows = np.tile(np.array([pack.address(kernel), block.ctypes.data, units, 0], np.int64), (times, 1))
    return min(timed_runs(lambda: workers.run(rows.ctypes.data, 0, times, 0, 0), None, _PEAK_SECONDS)) / times
