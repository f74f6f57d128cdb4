"""Run `.ms` models on the device.

    import lite

    with lite.Session("model.ms") as session:
        y = session.run(x)
"""
from __future__ import annotations

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
from lite.types import DType, TensorSpec

if TYPE_CHECKING:
    from lite.session import Session

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


def __getattr__(name: str) -> Any:
    if name != "Session":
        raise AttributeError(f"module 'lite' has no attribute {name!r}")
    from lite.session import Session  # the converter uses lite's operators and errors, and no session

    globals()["Session"] = Session
    return Session
