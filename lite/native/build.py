"""Builds kernel packs: `python -m lite.native.build [--target NAME]... --output PATH`.

Runs in a process of its own: numba is told by its environment not to optimize, which must not touch a program that uses
numba itself, and LLVM's memory goes back when the process ends. `build` below starts that process.
"""
from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import BinaryIO

from lite.errors import KernelBuildError
from lite.kernels.target import TARGETS, Target, target
from lite.native import cache, cpu, linker, parts
from lite.native.artifact import Manifest, seal

Progress = Callable[[str], None]

KERNELS = "lite.kernels"
_PREFIX = "kernel pack "  # of progress lines; what else comes on stderr explains a failure
_PR_SET_PDEATHSIG = 1  # of prctl(2)
_NOT_INHERITED = ("NUMBA_", "PYTHONWARNINGS")  # what a user sets for their own program
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def build(package: str, level: Target, progress: Progress | None = None) -> bytes:
    """The pack file of `package`'s kernels for `level`, compiled in a child process.

    progress is given lines to show. Raises KernelBuildError with the child's last words where it fails.
    """
    if not sys.executable:
        raise KernelBuildError(f"kernel pack {level.name} cannot be built: this process does not know its interpreter")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
    environment["PYTHONPATH"] = os.pathsep.join((_ROOT, *filter(None, sys.path)))
    with memory_file() as output:
        place = f"/proc/self/fd/{output.fileno()}"
        arguments = ["--package", package, "--target", level.name, "--output", place, "--for", str(os.getpid())]
        child = subprocess.Popen(
            [sys.executable, "-m", __name__, *arguments],
            cwd=_ROOT,
            env=environment,
            pass_fds=[output.fileno()],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # one process group with its own children, which ends when this process says so
        )
        other = []
        with _ended(child):
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


@contextlib.contextmanager
def _ended(child: subprocess.Popen[str]) -> Iterator[None]:
    """Waits for the child at the end of the context; on an interrupt or another error, ends it and its children."""
    with child:
        try:
            yield
            child.wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            raise


def _end_with(parent: int) -> None:
    """From here on this process ends when its parent, `parent`, does: also where that is killed and can say nothing."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it was faster
            os._exit(1)


def memory_file() -> BinaryIO:
    """A file without a name, in memory where the system can, so that a full disk does not matter."""
    if not hasattr(os, "memfd_create"):
        return tempfile.TemporaryFile()
    import fcntl  # not everywhere

    descriptor = os.memfd_create("mindlite-pack")
    if descriptor <= 2:  # this process runs without some standard stream, but a child gets all three at their places
        free = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
        os.close(descriptor)
        descriptor = free
    return open(descriptor, "w+b")


def compile_packs(package: str, targets: Sequence[Target], progress: Progress) -> dict[str, bytes]:
    """Target name -> pack file. Modules of `package` that no earlier build compiled are, in parallel."""
    os.environ["NUMBA_OPT"] = "0"
    folder = os.path.join(_ROOT, *package.split("."))
    sources = [entry for entry in os.scandir(folder) if entry.name.endswith(".py") and entry.name != "__init__.py"]
    sources.sort(key=lambda entry: -entry.stat().st_size)  # the longest first, so that the end is even
    modules = ["lite.native.driver", *(f"{package}.{entry.name.removesuffix('.py')}" for entry in sources)]
    kept = {(module, level): parts.find(module, level) for module in modules for level in targets}
    done = {place: part for place, part in kept.items() if part is not None}
    missing = {module: [level for level in targets if (module, level) not in done] for module in modules}
    missing = {module: levels for module, levels in missing.items() if levels}
    if missing:
        of = f"{len(missing)} of {len(modules)}" if len(missing) < len(modules) else f"{len(modules)}"
        progress(f"for {', '.join(level.name for level in targets)}: compiling {of} modules, once")
        for module, compiled in _compile(missing, progress):
            for level, part in compiled.items():
                done[module, level] = part
                parts.keep(module, level, part)
    return {level.name: _join(level.name, package, [done[module, level] for module in modules]) for level in targets}


def _compile(
    missing: Mapping[str, Sequence[Target]], progress: Progress
) -> Iterator[tuple[str, dict[Target, parts.Part]]]:
    """Each module and what it becomes for its targets, as they are done, each in a process of a pool.

    These are forks of this one, which has numba imported for all of them.
    """
    importlib.import_module("lite.native.codegen").prepare()
    gc.disable()  # looking for waste, of which there is little, would take a sixth of numba's time
    count, fork = min(cpu.usable_cpus(), len(missing)), multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(count, fork, initializer=_end_with, initargs=(os.getpid(),))
    try:
        running = {pool.submit(_compile_module, *job): job[0] for job in missing.items()}
        for number, done in enumerate(as_completed(running), 1):
            progress(f"{number} of {len(missing)}: {running[done]}")
            yield running[done], done.result()
    except BrokenProcessPool as error:
        raise KernelBuildError(f"the compiler was killed, by a lack of memory or by LLVM: {error}") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _compile_module(module: str, targets: Sequence[Target]) -> dict[Target, parts.Part]:
    """Compiles the kernels a module declares. Runs in a process of the pool."""
    codegen = importlib.import_module("lite.native.codegen")
    importlib.import_module(module)
    kernels = codegen.declared_in(module)
    lowered = codegen.lower(kernels)
    parameters = {
        kernel.name: " ".join(f"{name}:{kind}" for name, kind in kernel.parameters)
        for kernel in kernels
        if not kernel.entry
    }
    return {
        level: parts.Part(codegen.assemble(lowered, level, module), parameters, codegen.constants(module, level))
        for level in targets
    }


def _join(target_name: str, package: str, compiled: Sequence[parts.Part]) -> bytes:
    """The pack file of all modules' parts for one target."""
    kernels: dict[str, str] = {}
    constants: dict[str, int] = {}
    for part in compiled:
        if twice := kernels.keys() & part.kernels.keys():
            raise KernelBuildError(f"two modules declare {', '.join(sorted(twice))}")
        kernels.update(part.kernels)
        constants.update(part.constants)
    manifest = Manifest(target_name, cache.digest(package), cache.tools(), kernels, constants)
    return seal(linker.link([part.code for part in compiled if part.code]), manifest)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    names = [row.name for row in TARGETS]
    parser = argparse.ArgumentParser(prog="python -m lite.native.build", description="Compile the kernels to packs.")
    parser.add_argument("--target", action="append", choices=names, help="may be repeated; default: this device's")
    parser.add_argument("--package", default=KERNELS, help="package of kernel sources (%(default)s)")
    parser.add_argument("--output", required=True, help="file, or a folder that gets <target>.so for each")
    parser.add_argument("--for", type=int, dest="parent", help="number of the process that waits for this one")
    options = parser.parse_args(arguments)
    if options.parent is not None:
        _end_with(options.parent)
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
    except OSError as error:
        print(f"{error.filename or 'the compiler'}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
