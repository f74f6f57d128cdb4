"""The modules of kernels as compiled before, so that a build compiles only what has changed since.

One file a module and target, beside the packs, named by a digest of all it was made from: the module, the modules of
kernels that it imports, the generator and its tools. A build that was interrupted goes on where it was, and a change of
one kernel costs its module and those built on it. A build deletes what none has used for long.
"""
from __future__ import annotations

import ast
import os
from collections.abc import Mapping
from functools import cache as once
from typing import NamedTuple

from lite.errors import KernelBuildError
from lite.kernels.target import Target
from lite.native import artifact, cache


class Part(NamedTuple):
    """A compiled module of kernels for one target. code: an ELF object, b"" where the module declares no kernel.

    kernels, constants: as in a Manifest.
    """

    code: bytes
    kernels: Mapping[str, str]
    constants: Mapping[str, int]


def find(module: str, level: Target) -> Part | None:
    """What an earlier build made of a module in its present state; None where there is none."""
    sources = _digest(module)
    path = cache.find(_name(module, level), sources, cache.tools(), cache.PARTS)
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            data = file.read()
        manifest = artifact.unseal(data, path)
        os.utime(path)
    except (OSError, KernelBuildError):
        return None
    if manifest.sources != sources:
        return None
    return Part(artifact.shared_object(data), manifest.kernels, manifest.constants)


def keep(module: str, level: Target, part: Part) -> None:
    """Keeps a compiled module where there is room."""
    sources, tools = _digest(module), cache.tools()
    manifest = artifact.Manifest(level.name, sources, tools, part.kernels, part.constants)
    name = cache.entry_name(_name(module, level), sources, tools)
    cache.publish(name, artifact.seal(part.code, manifest), cache.PARTS)


def _name(module: str, level: Target) -> str:
    return f"{level.name}-{module}"


@once
def _digest(module: str) -> str:
    return cache.digest_of(_closure(module, set()))


def _closure(module: str, seen: set[str]) -> set[str]:
    """Paths of a module and of all that it imports from its own package."""
    path = cache.source(module)
    if path not in seen and os.path.exists(path):
        seen.add(path)
        package = module.rpartition(".")[0]
        with open(path, encoding="utf-8") as file:
            tree = ast.parse(file.read())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                for name in names:
                    if name.startswith(f"{package}."):
                        _closure(name, seen)
    return seen
