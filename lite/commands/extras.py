"""Packages that only some commands need: what they are called where they are installed, and what to install."""
from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from lite.errors import LiteError

# What is imported -> the project it is of, the extra that brings it.
_EXTRAS = {"google": ("protobuf", "convert"), "PIL": ("Pillow", "image")}


def install_advice(modules: Iterable[str]) -> str:
    """What to install for modules that are not there, in a phrase; "" where no extra brings any of them."""
    rows = [_EXTRAS[top] for top in (name.partition(".")[0] for name in modules) if top in _EXTRAS]
    if not rows:
        return ""
    projects, extras = zip(*rows, strict=True)
    return f"this needs {' and '.join(projects)}: pip install 'mindlite[{','.join(extras)}]'"


def require(*modules: str) -> None:
    """Raises LiteError that names all of the modules that are not installed, before any work is done."""
    missing = [name for name in modules if not _is_there(name)]
    if missing:
        raise LiteError(install_advice(missing))


def _is_there(module: str) -> bool:
    try:
        import_module(module)
    except ModuleNotFoundError:
        return False
    return True
