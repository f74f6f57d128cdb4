"""Run `.ms` models on the device.

    import lite

    with lite.Session("model.ms") as session:
        y = session.run(x)
"""
from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lite.errors import (
    DelegateError,
    DTypeError,
    InvalidModelError,
    KernelBuildError,
    LiteError,
    MemoryPlanError,
    ModelError,
    SessionClosedError,
    ShapeError,
    TensorError,
    TensorNameError,
    UnsupportedOpError,
    UnsupportedVersionError,
)

if TYPE_CHECKING:
    from lite.session import Session
    from lite.types import DType, TensorSpec

__all__ = [
    "DType",
    "DTypeError",
    "DelegateError",
    "InvalidModelError",
    "KernelBuildError",
    "LiteError",
    "MemoryPlanError",
    "ModelError",
    "Session",
    "SessionClosedError",
    "ShapeError",
    "TensorError",
    "TensorNameError",
    "TensorSpec",
    "UnsupportedOpError",
    "UnsupportedVersionError",
    "__version__",
]

__version__ = "0.1.0"


# What is imported on its first use: the converter needs no session, and errors need no numpy.
_LATER = {"DType": "lite.types", "Session": "lite.session", "TensorSpec": "lite.types"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'lite' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_LATER[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
