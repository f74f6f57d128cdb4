"""Ships compiled kernels in the wheel, where the environment variable MINDLITE_PACKS names the levels to compile.

    MINDLITE_PACKS=x86-64-v4,x86-64-v3,x86-64 pip wheel --no-deps .       levels of one machine, see TARGETS

Such a wheel is for that machine and needs no numba, no compiler and no cache there. Packs call nothing but memcpy,
memmove and memset, without versions, so any glibc will do. Without the variable the wheel is pure Python, as before.
"""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VARIABLE = "MINDLITE_PACKS"


class PackHook(BuildHookInterface):  # type: ignore[type-arg]
    """hatchling's hook for wheels."""

    def dependencies(self) -> list[str]:
        """What compiling needs beside the package's own dependencies; pip installs it for the build alone."""
        core = self.metadata.core
        return [*core.dependencies, *core.optional_dependencies["jit"]] if _levels() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and add the packs and the machine to what the wheel is made of."""
        levels = _levels()
        if not levels or version == "editable":
            return
        build_data["tag"] = f"py3-none-manylinux_2_17_{self._machine(levels)}"
        build_data["pure_python"] = False
        self._folder = tempfile.TemporaryDirectory(prefix="mindlite-packs-")
        targets = [f"--target={level}" for level in levels]
        command = [sys.executable, "-m", "lite.native.build", *targets, "--output", self._folder.name]
        subprocess.run(command, cwd=self.root, check=True)
        for name in os.listdir(self._folder.name):
            build_data["force_include"][os.path.join(self._folder.name, name)] = f"lite/native/packs/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """The packs are in the wheel now."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()

    def _machine(self, levels: list[str]) -> str:
        sys.path.insert(0, self.root)
        from lite.kernels.target import TARGETS

        machines = {target.name: target.machine for target in TARGETS}
        unknown = [level for level in levels if level not in machines]
        if unknown:
            raise ValueError(f"{VARIABLE}: {unknown[0]!r} is no level; there are {', '.join(machines)}")
        found = {machines[level] for level in levels}
        if len(found) > 1:
            raise ValueError(f"{VARIABLE}: a wheel is for one machine, and these are for {' and '.join(sorted(found))}")
        return found.pop()


def _levels() -> list[str]:
    return [level.strip() for level in os.environ.get(VARIABLE, "").split(",") if level.strip()]
