"""Every error this project raises on purpose.

    LiteError
    ├── ModelError               the model file cannot be used
    │   ├── InvalidModelError        it is not a well-formed `.ms` file: says where and what was expected
    │   └── UnsupportedVersionError  it is well-formed, but of a format version this reader does not know
    ├── UnsupportedOpError       lists every operator of a model that cannot run, with counts and a way out
    ├── TensorError              an input does not fit the model
    │   ├── ShapeError               (also a ValueError)
    │   ├── DTypeError               (also a TypeError)
    │   └── TensorNameError          (also a KeyError)
    ├── MemoryPlanError          the arena cannot be planned or allocated
    ├── DelegateError            a delegate cannot be created, or failed while it ran
    ├── KernelBuildError         the kernel pack cannot be compiled or loaded
    ├── SessionClosedError       the session was used after close()
    └── ConvertError             see converter.errors

A file that does not exist or cannot be read raises the usual OSError.
"""
from __future__ import annotations

from collections.abc import Sequence

from lite.records import dataclass

_WHERE = 60  # characters: longer names of nodes push the reason to a line of its own


class LiteError(Exception):
    """Base of every error raised on purpose by `lite` and `converter`."""


class ModelError(LiteError):
    """The model file cannot be used."""


class InvalidModelError(ModelError):
    """The bytes are not a well-formed `.ms` file, or describe a graph that contradicts itself."""


class UnsupportedVersionError(ModelError):
    """The file is of a format version (or of a protected kind) that this reader does not handle."""


@dataclass(frozen=True, slots=True)
class UnsupportedOp:
    """One row of an UnsupportedOpError: an operator, how often it occurs, where first, and why or what to do."""

    op: str
    count: int
    where: str
    reason: str


class UnsupportedOpError(LiteError):
    """Operators of a model that cannot run; all of them, in one error.

    model: the name to show. total: how many operators the model has. ops: one UnsupportedOp for each row of the
    message. hint: what to do about them. verdict: what the first line says of them.
    """

    def __init__(
        self, model: str, total: int, ops: Sequence[UnsupportedOp], hint: str = "", verdict: str = "not supported"
    ) -> None:
        self.model = model
        self.total = total
        self.ops = tuple(ops)
        self.hint = hint
        count = sum(row.count for row in self.ops)
        lines = [f"{count} of {total} operators in {model} {'is' if count == 1 else 'are'} {verdict}"]
        name_width = max((len(row.op) for row in self.ops), default=0)
        where_width = max((len(row.where) for row in self.ops), default=0)
        gap = "  " if where_width <= _WHERE else "\n      "  # a reason has a line of its own where names are long
        for row in self.ops:
            nodes = f"{row.count} node{'' if row.count == 1 else 's'}"
            place = row.where if where_width > _WHERE else row.where.ljust(where_width)
            lines.append(f"  {row.op:<{name_width}}  {nodes:<9} {place}{gap}{row.reason}".rstrip())
        if hint:
            lines.append(hint)
        super().__init__("\n".join(lines))


class TensorError(LiteError):
    """A tensor does not fit where it is used."""


class ShapeError(TensorError, ValueError):
    """A shape is not the expected one; the message gives both."""


class DTypeError(TensorError, TypeError):
    """An element type is not the expected one; the message gives both."""


class TensorNameError(TensorError, KeyError):
    """There is no input, output or state of that name; the message lists those that there are."""

    __str__ = Exception.__str__  # KeyError would show the repr of the message


class MemoryPlanError(LiteError):
    """The arena cannot be planned or allocated; the message gives the bytes asked for."""


class DelegateError(LiteError):
    """A delegate cannot be created, or failed while it ran a node."""


class KernelBuildError(LiteError):
    """The kernel pack cannot be compiled, verified or loaded."""


class SessionClosedError(LiteError):
    """The session was used after close()."""


class ConvertError(LiteError):
    """A model cannot be converted; subclasses in converter.errors say at which stage."""
