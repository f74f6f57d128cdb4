"""What this device can run: its cpu's levels, best first, and how many cpus this process may use.

On aarch64 features come from the kernel's auxiliary vector, on x86-64 from /proc/cpuinfo, both under cpuinfo's names.
"""
from __future__ import annotations

import contextlib
import ctypes
import math
import os
import platform
import sys
from collections.abc import Iterator

from lite.errors import KernelBuildError
from lite.kernels.target import TARGETS, Target

_AT_HWCAP = 16
_AARCH64_BITS = {
    1: "asimd",
    7: "crc32",
    8: "atomics",
    10: "asimdhp",
    20: "asimddp",
    22: "sve",
}


def levels() -> tuple[Target, ...]:
    """Targets this device can run, best first; empty where packs are not made for it.

    The environment variable MINDLITE_TARGET picks one of them by name; KernelBuildError where the device cannot run it.
    """
    if not sys.platform.startswith("linux"):
        return ()
    flags, machine = features(), platform.machine()
    found = tuple(target for target in TARGETS if target.machine == machine and target.flags <= flags)
    wanted = os.environ.get("MINDLITE_TARGET")
    if not wanted:
        return found
    chosen = tuple(target for target in found if target.name == wanted)
    if not chosen:
        names = ", ".join(target.name for target in found) or "none"
        raise KernelBuildError(f"MINDLITE_TARGET={wanted} cannot run on this device; what can: {names}")
    return chosen


def features() -> frozenset[str]:
    """The cpu's features as the kernel names them; empty where it does not tell."""
    if platform.machine() == "aarch64":
        getauxval = ctypes.CDLL(None).getauxval
        getauxval.restype, getauxval.argtypes = ctypes.c_ulong, [ctypes.c_ulong]
        bits = getauxval(_AT_HWCAP)
        return frozenset(name for bit, name in _AARCH64_BITS.items() if bits >> bit & 1)
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            line = next((line for line in file if line.startswith("flags")), "")
    except OSError:
        return frozenset()
    return frozenset(line.partition(":")[2].split())


def usable_cpus() -> int:
    """Cpus this process may use: its affinity, and the smallest quota of its control groups, rounded up; at least 1."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([cpus, *(math.ceil(quota) for quota in _quotas("/"))]))


def _quotas(root: str) -> Iterator[float]:
    """Quotas in cpus of the control groups around this process, versions 2 and 1; root: of the file system."""
    mounted = os.path.join(root, "sys/fs/cgroup")
    for line in _text(os.path.join(root, "proc/self/cgroup")).splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        group = [name for name in path.split("/") if name]
        # In a container the path may be the host's, so that only the root is there to be read.
        for depth in range(len(group), -1, -1):
            folder = os.path.join(mounted, "cpu" if controllers else "", *group[:depth])
            if controllers:
                words = [_text(os.path.join(folder, name)) for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us")]
            else:
                words = _text(os.path.join(folder, "cpu.max")).split()
            with contextlib.suppress(ValueError, ZeroDivisionError):  # "max", or no such file
                quota, period = map(int, words)
                if quota > 0:
                    yield quota / period


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
