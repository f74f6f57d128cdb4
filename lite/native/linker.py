"""From object files to a shared object: by the system's linker where it has one for the target, else by our own."""
from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence

from lite.errors import KernelBuildError
from lite.native.elf import ObjectFile
from lite.native.own_linker import link_alone

# LLVM turns loops that copy or clear into calls of these; every process has them.
IMPORTS = frozenset({"memcpy", "memmove", "memset"})


def link(objects: Sequence[bytes]) -> bytes:
    """The shared object of all objects, by the system's linker if it accepts them, else by our own.

    Raises KernelBuildError where they need functions that none of them has, beyond IMPORTS.
    """
    symbols = [symbol for data in objects for symbol in ObjectFile.read(data).symbols[1:]]
    defined = {symbol.name for symbol in symbols if symbol.is_global}
    if missing := {symbol.name for symbol in symbols if symbol.is_undefined} - defined - IMPORTS:
        raise KernelBuildError(
            f"kernels call {', '.join(sorted(missing))}, which a pack must not import: "
            "write it as a polynomial or a micro-kernel"
        )
    return link_with_system(objects) or link_alone(objects)


def link_with_system(objects: Sequence[bytes]) -> bytes | None:
    """By `ld`, or `cc` where there is no ld; None where there is neither, or it fails (another machine's object)."""
    flags = ("-shared", "-z", "noexecstack", "--build-id=none")
    commands = {"ld": flags, "cc": ("-nostdlib", "-shared", "-Wl," + ",".join(flags[1:]))}
    tool = next((name for name in commands if shutil.which(name)), None)
    if tool is None:
        return None
    try:
        return _link_with(tool, commands[tool], objects)
    except OSError:  # no room for its files, for one
        return None


def _link_with(tool: str, flags: Sequence[str], objects: Sequence[bytes]) -> bytes | None:
    with tempfile.TemporaryDirectory(prefix="mindlite-") as folder:
        result = os.path.join(folder, "pack.so")
        sources = [os.path.join(folder, f"{index}.o") for index in range(len(objects))]
        for source, data in zip(sources, objects, strict=True):
            with open(source, "wb") as file:
                file.write(data)
        done = subprocess.run([tool, *flags, "-o", result, *sources], capture_output=True, check=False)
        if done.returncode != 0:
            return None
        with open(result, "rb") as file:
            return file.read()
