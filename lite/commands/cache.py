"""Show the compiled kernels and the plans that are kept on this device, or delete them.

A pack holds the kernels for one level of processor. It is "in use" where a session
on this device would load it, "old" where the kernels have changed since it was
compiled, and "spare" where they have not, but it is for another level or of other
versions of what compiles them. Packs that no session needs any more are deleted
30 days after they were built. If one that is needed is deleted, the next session compiles it anew;
processes that have loaded it keep it. Packs that were installed with mindlite stay.

A plan is what a session has found out about a model file, all but its weights: the
next one to open the file starts without reading and planning the model. A file that
has changed gets a plan of its own. The newest 100 are kept, for about 30 days
after they were made.
"""
from __future__ import annotations

import argparse
import os
from typing import Any

from lite.commands.show import add_common_arguments, print_json, size, table
from lite.errors import KernelBuildError

_UNITS = (("d", 86400), ("h", 3600), ("min", 60))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = __doc__
    parser.add_argument("--clear", action="store_true", help="delete the packs that were compiled here, and the plans")
    add_common_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    from lite.native import cache, pack

    try:
        current, sources = pack.current(), cache.digest(pack.KERNELS)
    except KernelBuildError:  # MINDLITE_TARGET names what this device cannot run
        current, sources = None, ""
    shipped: list[dict[str, Any]] = [
        {
            "path": path,
            "target": os.path.basename(path).removesuffix(".so"),
            "state": "in use" if path == current else "shipped",
            "bytes": os.path.getsize(path),
        }
        for path in pack.shipped()
    ]
    compiled: list[dict[str, Any]] = [
        {
            "path": entry.path,
            "target": entry.target,
            "state": "in use" if entry.path == current else "spare" if entry.sources == sources else "old",
            "bytes": entry.nbytes,
            "age_s": round(entry.age),
            "tools": entry.tools,
        }
        for entry in cache.entries()
    ]
    parts, plans = cache.entries(cache.PARTS), cache.entries(cache.PLANS)
    part_bytes, plan_bytes = (sum(entry.nbytes for entry in entries) for entries in (parts, plans))
    if args.clear:
        for entry in (*cache.entries(), *parts, *plans):
            cache.remove(entry)
    if args.json:
        kept = {
            "packs": [*shipped, *compiled],
            "parts": {"count": len(parts), "bytes": part_bytes},
            "plans": {"count": len(plans), "bytes": plan_bytes},
        }
        print_json({"folders": cache.folders(), **kept, "cleared": args.clear})
        return 0
    rows = [
        (row["target"], row["state"], size(row["bytes"]), _age(row["age_s"]) if "age_s" in row else "")
        for row in (*shipped, *compiled)
    ]
    print("\n".join(map(_folder, cache.folders())) or "folder  none")
    print(table(rows, ("level", "state", "size", "age"), right="llrr") if rows else "no packs")
    if parts:
        print(f"{len(parts)} compiled modules, {size(part_bytes)}, that the next pack can be made from")
    if plans:
        print(f"plans of model files: {len(plans)}, {size(plan_bytes)}")
    if args.clear:
        counts = [f"{len(compiled)} packs"]
        counts += [f"{len(parts)} modules"] if parts else []
        counts += [f"{len(plans)} plans"] if plans else []
        print(f"deleted {' and '.join(counts)}")
    return 0


def _folder(path: str) -> str:
    return f"folder  {path}" if os.path.isdir(path) else f"folder  {path} (not there yet)"


def _age(seconds: float) -> str:
    for unit, length in _UNITS:
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} s"
