"""Which delegates a session uses: those that are named, or the best that this device has."""
from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from lite.errors import DelegateError, KernelBuildError
from lite.native.pack import KernelPack, load_pack
from lite.records import dataclass

if TYPE_CHECKING:
    from logging import Logger

    from lite.delegates.base import Delegate

NAMES = ("cpu", "reference")
_NO_PACK = (
    "no built kernel pack fits this machine, and numba, which compiles one, is not installed "
    "(pip install 'mindlite[jit]')"
)



@dataclass(frozen=True, slots=True)
class Selection:
    """names: of delegates, in priority order. pack: the kernels of the native ones, None where there are none."""

    names: tuple[str, ...]
    pack: KernelPack | None

    @property
    def delegates(self) -> tuple[Delegate, ...]:
        """The delegates, made anew."""
        return tuple(_create(name, self.pack) for name in self.names)


def select(names: Sequence[str] | None) -> Selection:
    """The delegates of these names, in this order; by default kernels for the cpu, then numpy for other operations.

    Raises DelegateError for a name that is not known, or a delegate that this machine cannot have.
    """
    if names is None:
        pack = _pack_or_none()
        return Selection(NAMES if pack else ("reference",), pack)
    _check(names)
    pack = load_pack(_building) if "cpu" in names else None
    if pack is None and "cpu" in names:
        raise DelegateError(f'the delegate "cpu" cannot be had: {_NO_PACK}')
    return Selection(tuple(names), pack)


def _check(names: Sequence[str]) -> None:
    if isinstance(names, str):
        raise DelegateError(f"delegates is a list of names, as in delegates=[{names!r}]")
    if not isinstance(names, (list, tuple)):
        raise TypeError(f"delegates is a {type(names).__name__}: expected a list of names, of {', '.join(NAMES)}")
    unknown = [name for name in names if name not in NAMES]
    if unknown or not names:
        asked = f"no delegate is named {unknown[0]!r}" if unknown else "the list of delegates is empty"
        raise DelegateError(f"{asked}; there are {', '.join(NAMES)}")


def _pack_or_none() -> KernelPack | None:
    try:
        pack = load_pack(_building)
    except KernelBuildError as error:
        _say_once(f"mindlite runs on numpy alone, slowly: {error}")
        return None
    if pack is None:
        _say_once(f"mindlite runs on numpy alone, slowly: {_NO_PACK}")
    return pack


def _create(name: str, pack: KernelPack | None) -> Delegate:
    if name == "reference":
        from lite.delegates.reference import ReferenceDelegate

        return ReferenceDelegate()
    from lite.delegates.cpu import CpuDelegate  # of no use without a pack

    assert pack is not None, "the caller has refused a cpu delegate without a pack"
    return CpuDelegate(pack)


def _building(line: str) -> None:
    """Shows the progress of a build: one line that there is one; its stages only on request."""
    _say_once("compiling kernels for this machine, once: about 30 seconds of one core, or half of that on two")
    _log().info("%s", line)


@cache
def _say_once(line: str) -> None:
    _log().warning("%s", line)


def _log() -> Logger:
    import logging  # takes as long as loading the pack

    return logging.getLogger("mindlite")
