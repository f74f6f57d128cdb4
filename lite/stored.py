"""Decode constants that are stored in another form, one at a time: only the last one is kept."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lite.types import Array, Stored

_last: tuple[Stored, Array] | None = None  # who binds a layer asks for its weights several times


def elements(stored: Stored, decode: Callable[[], Array]) -> Array:
    """What `decode` gives, read-only; kept until another constant is decoded or `forget` is called."""
    global _last
    last = _last
    if last is None or last[0] is not stored:
        with np.errstate(all="ignore"):  # a file may hold any scale
            value = decode()
        value.flags.writeable = False
        last = _last = stored, value
    return last[1]


def forget() -> None:
    """Drop the decoded constant that is kept."""
    global _last
    _last = None
