"""Packages that only some commands need: the names under which they are installed, and the extras that bring them."""
from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from lite.errors import LiteError

# What is imported -> the project it is of, the extra that brings it.
_EXTRAS = {"google": ("protobuf", "convert"), "PIL": ("Pillow", "image")}


def install_advice(modules: Iterable[str]) -> str:
    """What to install for missing modules, in a phrase; "" where no extra brings any of them."""
    rows = [_EXTRAS[top] for top in (name.partition(".")[0] for name in modules) if top in _EXTRAS]
    if not rows:
        return ""
    projects, extras = zip(*rows, strict=True)
    return f"this needs {' and '.join(projects)}: pip install 'mindlite[{','.join(extras)}]'"


def require(*modules: str) -> None:
    """Raise LiteError with all of these modules that are not installed, before any work is done."""
    missing = [name for name in modules if not _is_there(name)]
    if missing:
        raise LiteError(install_advice(missing))


def _is_there(module: str) -> bool:
    try:
        import_module(module)
    except ModuleNotFoundError:
        return False
    return True
