"""The kernel pack of this process: found or built once, loaded with ctypes, called by address.

    pack = load_pack(print)                      # None: no pack fits, and numba is not there to build one
    pack.address("softmax_f32")                  # for the first word of an op table row
    pack.parameters("softmax_f32")               # (Parameter("x", "pointer"), ..., Parameter("alpha", "float"))
    pack.constants["gemm_f32_panel"]             # what weight packing must know of the target
    pack.run(table, 0, rows, scratch)            # runs rows of the op table on this thread

A row of the op table is four int64 words: kernel address, argument block address, units, 0. An argument block holds
one 8-byte word a parameter: an address, an int64, or the bits of a float64. `scratch` is the address of as many bytes
as the most demanding row needs, 64-byte aligned; 0 where none needs any. lite.native.workers runs rows on threads.
"""
from __future__ import annotations

import ctypes
import mmap
import os
from _thread import allocate_lock
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, BinaryIO

from lite.errors import KernelBuildError
from lite.kernels.target import Target
from lite.native import cache, cpu
from lite.native.abi import ROW_WORDS
from lite.native.artifact import Manifest, unseal
from lite.records import dataclass

KERNELS = "lite.kernels"
_SHIPPED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "packs")

Progress = Callable[[str], None]

# Files of packs loaded from memory. The loader takes an equal path for the same library, so a descriptor's number must
# not come back.
_open_files: list[BinaryIO] = []


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a kernel. kind: "pointer", "int" or "float"."""

    name: str
    kind: str


class KernelPack:
    """A loaded pack. It stays loaded as long as the process lives, so addresses never dangle.

    target: the level it was built for. sources: digest of what it was built from. path: the file. constants: name ->
    integer. run(table, first, end, scratch): runs rows [first, end) of the op table at address `table` on this thread.
    """

    def __init__(self, manifest: Manifest, path: str) -> None:
        """Loads the shared object at `path`, whose manifest is given. Raises OSError where the loader refuses it."""
        self.target = manifest.target
        self.sources = manifest.sources
        self.path = path
        self.constants: Mapping[str, int] = MappingProxyType(manifest.constants)
        self._kernels = manifest.kernels
        self._parameters: dict[str, tuple[Parameter, ...]] = {}  # of the kernels that were asked for
        self._addresses: dict[str, int] = {}
        self._library = ctypes.CDLL(path)
        self.run = self.entry("run_rows")

    @classmethod
    def open(cls, path: str, sources: str = "", target: str = "") -> KernelPack:
        """The pack in a file, built from `sources` (a digest; "" for any) for the level `target` ("" for any).

        Raises OSError where it cannot be read, KernelBuildError where it is damaged or another one.
        """
        data = _mapped(path)
        manifest = unseal(data, path)
        if sources and manifest.sources != sources:
            raise KernelBuildError(f"kernel pack {path} was built from other sources")
        if target and manifest.target != target:
            raise KernelBuildError(f"kernel pack {path} was built for {manifest.target}, not for {target}")
        try:
            return cls(manifest, path)
        except OSError:  # a file system without execution
            return cls.of(data)

    @classmethod
    def of(cls, data: bytes | memoryview) -> KernelPack:
        """The pack of a pack file's bytes. Raises KernelBuildError where it cannot be loaded."""
        from lite.native.build import memory_file

        manifest = unseal(data, "in memory")
        file = memory_file()
        _open_files.append(file)
        file.write(data)
        file.flush()
        try:
            return cls(manifest, f"/proc/self/fd/{file.fileno()}")
        except OSError as error:
            raise KernelBuildError(f"kernel pack {manifest.target} cannot be loaded: {error}") from error

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the kernels, sorted."""
        return tuple(sorted(self._kernels))

    def parameters(self, kernel: str) -> tuple[Parameter, ...]:
        """The kernel's parameters in argument block order. Raises KernelBuildError where the pack does not have it."""
        found = self._parameters.get(kernel)
        if found is None:
            if kernel not in self._kernels:
                raise KernelBuildError(f"the pack has no kernel {kernel}; it has {', '.join(self.names)}")
            pairs = (text.partition(":") for text in self._kernels[kernel].split())
            found = self._parameters[kernel] = tuple(Parameter(name, kind) for name, _, kind in pairs)
        return found

    def address(self, kernel: str) -> int:
        """Address of the kernel. Raises KernelBuildError where the pack does not have it."""
        if kernel not in self._addresses:
            self.parameters(kernel)
            self._addresses[kernel] = ctypes.cast(getattr(self._library, kernel), ctypes.c_void_p).value or 0
        return self._addresses[kernel]

    def call(self, kernel: str, words: Mapping[str, int], units: int = 1, scratch: int = 0) -> None:
        """Run all units of a kernel on this thread. words: its arguments by name, none of them a float.

        Raises KernelBuildError where the pack does not have it, KeyError for an argument that is missing.
        """
        block = (ctypes.c_int64 * len(words))(*[words[parameter.name] for parameter in self.parameters(kernel)])
        row = (ctypes.c_int64 * ROW_WORDS)(self.address(kernel), ctypes.addressof(block), units, 0)
        self.run(ctypes.addressof(row), 0, 1, scratch)

    def entry(self, name: str) -> Callable[[int, int, int, int], None]:
        """One of the functions of lite.native.driver; it releases the interpreter lock while it runs."""
        function: Any = getattr(self._library, name)
        # None of the words is negative, and ctypes converts pointers in half the time that integers take.
        function.argtypes, function.restype = (ctypes.c_void_p,) * 4, None
        return function  # type: ignore[no-any-return]


def _mapped(path: str) -> memoryview:
    """The bytes of a file, in the pages that the loader maps too: to copy them takes longer than their checksum."""
    with open(path, "rb", buffering=0) as file:
        try:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except ValueError:  # an empty file
            return memoryview(b"")


_lock = allocate_lock()
_loaded: dict[str, KernelPack | KernelBuildError | None] = {}


def load_pack(progress: Progress | None = None) -> KernelPack | None:
    """This process's kernel pack, found or built on the first call; None where neither is possible.

    Looked for, in this order: a pack shipped with the package, for the best level of this cpu, then lower ones; one
    built before for the best level; numba, to build it now, which takes seconds (progress is given lines to show); one
    built before for a lower level. Raises KernelBuildError where numba is there but the build fails, on every call.
    """
    return load_from(KERNELS, progress)


def shipped() -> tuple[str, ...]:
    """Paths of the packs that came with the package, for whatever target."""
    names = os.listdir(_SHIPPED) if os.path.isdir(_SHIPPED) else ()
    return tuple(os.path.join(_SHIPPED, name) for name in sorted(names) if name.endswith(".so"))


def current() -> str | None:
    """Path of the pack that load_pack would load on this device; None where it would have to build one."""
    sources, versions = cache.digest(KERNELS), cache.tools()
    levels = cpu.levels()
    for level in levels:
        path = os.path.join(_SHIPPED, f"{level.name}.so")
        if os.path.exists(path) and _open(path, sources, level) is not None:
            return path
    found = (cache.find(level.name, sources, versions) for level in levels[: 1 if versions else None])
    return next((path for path in found if path is not None), None)


def load_from(package: str, progress: Progress | None = None) -> KernelPack | None:
    """As load_pack, for the kernels of another package beside `lite`."""
    with _lock:
        if package not in _loaded:
            try:
                _loaded[package] = _find_or_build(package, progress)
            except KernelBuildError as error:
                _loaded[package] = error
        pack = _loaded[package]
    if isinstance(pack, KernelBuildError):
        raise pack.with_traceback(None)
    return pack


def _new_lock() -> None:
    """Make a new lock, in a forked child: the thread that held the old one may not exist there."""
    global _lock
    _lock = allocate_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)


def _find_or_build(package: str, progress: Progress | None) -> KernelPack | None:
    levels = cpu.levels()
    if not levels:
        return None
    try:
        sources, best = cache.digest(package), levels[0]
    except OSError as error:
        raise KernelBuildError(
            f"the kernels' sources cannot be read, which say what a pack is good for: {error}; "
            "install mindlite as files, not in an archive, or run on numpy with delegates=['reference']"
        ) from error
    for level in levels:
        pack = _open(os.path.join(_SHIPPED, f"{level.name}.so"), sources, level)
        if pack is not None:
            return pack
    versions = cache.tools()
    pack = _cached(best, sources, versions)
    if pack is not None:
        return pack

    import importlib.util

    if importlib.util.find_spec("numba") is not None:
        return _build(package, best, sources, versions, progress)
    lower = (_cached(level, sources, versions) for level in levels[1:])
    return next((found for found in lower if found is not None), None)


def _build(package: str, level: Target, sources: str, versions: str, progress: Progress | None) -> KernelPack:
    from lite.native.build import build

    def waiting() -> None:
        if progress is not None:
            progress("kernel pack: waiting for another process that compiles it")

    name = cache.entry_name(level.name, sources, versions)
    with cache.building(waiting):
        # Another process may have built it while this one waited.
        pack = _cached(level, sources, versions)
        if pack is not None:
            return pack
        data = build(package, level, progress)
        path = cache.publish(name, data)
        cache.evict(sources)
    return KernelPack.of(data) if path is None else KernelPack.open(path)


def _cached(level: Target, sources: str, versions: str) -> KernelPack | None:
    path = cache.find(level.name, sources, versions)
    return None if path is None else _open(path, sources, level)


def _open(path: str, sources: str, level: Target) -> KernelPack | None:
    """The pack at `path` if it is there, whole and built from `sources` for that level."""
    try:
        return KernelPack.open(path, sources, level.name)
    except (OSError, KernelBuildError):
        return None
