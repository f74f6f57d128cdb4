"""Time calls, and summarize the times."""
from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from lite.records import dataclass


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds of the fastest run, the median, and the 90th and 99th percentiles."""

    runs: int
    min: float
    median: float
    p90: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Latency:
        """The latency of measured runs, at least one."""
        ordered = sorted(seconds)

        def within(share: float) -> float:
            return ordered[math.ceil(share * len(ordered)) - 1]

        median = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
        return cls(len(ordered), ordered[0], median, within(0.9), within(0.99))


def timed_runs(run: Callable[[], object], runs: int | None, seconds: float) -> list[float]:
    """Seconds of each call: of `runs` calls, or of those that start within `seconds`; at least one."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while True:
        begin = time.perf_counter()
        run()
        now = time.perf_counter()
        times.append(now - begin)
        if len(times) >= runs if runs is not None else now >= end:
            return times
