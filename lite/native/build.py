"""Builds kernel packs: `python -m lite.native.build [--target NAME]... --output PATH`.

Runs in a process of its own: numba is told by its environment not to optimize, which must not touch a program that uses
numba itself, and LLVM's memory goes back when the process ends. `build` below starts that process.
"""
from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import BinaryIO

from lite.errors import KernelBuildError
from lite.kernels.target import TARGETS, Target, target
from lite.native import cache, cpu, linker
from lite.native.artifact import Manifest, seal

Progress = Callable[[str], None]

KERNELS = "lite.kernels"
_PREFIX = "kernel pack "  # of progress lines; what else comes on stderr explains a failure
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def build(package: str, level: Target, progress: Progress | None = None) -> bytes:
    """The pack file of `package`'s kernels for `level`, compiled in a child process.

    progress is given lines to show. Raises KernelBuildError with the child's last words where it fails.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    with memory_file() as output:
        place = f"/proc/self/fd/{output.fileno()}"
        arguments = ["--package", package, "--target", level.name, "--output", place]
        child = subprocess.Popen(
            [sys.executable, "-m", __name__, *arguments],
            cwd=_ROOT,
            env=environment,
            pass_fds=[output.fileno()],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        other = []
        with child:
            for line in child.stderr or ():
                if not line.startswith(_PREFIX):
                    other.append(line)
                elif progress is not None:
                    progress(line.rstrip())
        if child.returncode != 0:
            reason = "".join(other[-20:]).strip() or f"the compiler ended with status {child.returncode}"
            raise KernelBuildError(f"kernel pack {level.name} cannot be built: {reason}")
        output.seek(0)
        return output.read()


def memory_file() -> BinaryIO:
    """A file without a name, in memory where the system can, so that a full disk does not matter."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("mindlite-pack"), "w+b")
    return tempfile.TemporaryFile()


def compile_packs(package: str, targets: Sequence[Target], progress: Progress) -> dict[str, bytes]:
    """Target name -> pack file, compiled in this process, which must not have imported numba before."""
    os.environ["NUMBA_OPT"] = "0"
    codegen = importlib.import_module("lite.native.codegen")
    importlib.import_module("lite.native.driver")
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        importlib.import_module(module.name)
    kernels = codegen.kernels()
    done = 0

    def count(name: str) -> None:
        nonlocal done
        done += 1
        progress(f"{done} of {len(kernels)}: {name}")

    lowered = codegen.lower(kernels, count)
    packs = {}
    for level in targets:
        progress(f"optimizing for {level.name}")
        manifest = Manifest(
            level.name,
            cache.digest(package),
            cache.tools(),
            {kernel.name: kernel.parameters for kernel in kernels if not kernel.entry},
            codegen.constants(level),
        )
        packs[level.name] = seal(linker.link(codegen.assemble(lowered, level)), manifest)
    return packs


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    names = [row.name for row in TARGETS]
    parser = argparse.ArgumentParser(prog="python -m lite.native.build", description="Compile the kernels to packs.")
    parser.add_argument("--target", action="append", choices=names, help="may be repeated; default: this device's")
    parser.add_argument("--package", default=KERNELS, help="package of kernel sources (%(default)s)")
    parser.add_argument("--output", required=True, help="file, or a folder that gets <target>.so for each")
    options = parser.parse_args(arguments)
    try:
        targets = [target(name) for name in options.target or ()] or list(cpu.levels()[:1])
        packs = compile_packs(options.package, targets, lambda line: print(_PREFIX + line, file=sys.stderr, flush=True))
        if len(packs) != 1 and not os.path.isdir(options.output):
            raise KernelBuildError(f"{len(packs)} packs need a folder, and {options.output} is none")
        for name, data in packs.items():
            path = os.path.join(options.output, f"{name}.so") if os.path.isdir(options.output) else options.output
            with open(path, "wb") as file:
                file.write(data)
    except KernelBuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
