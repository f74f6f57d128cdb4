"""Errors of conversion. All are ConvertError, a LiteError; operators that cannot be converted raise UnsupportedOpError.

    ConvertError
    ├── ParseError     the input is not a MindIR or checkpoint, or contradicts itself
    ├── GraphError     an IR graph broke one of its rules (a bug of a pass or of the importer)
    ├── PassError      a pass failed; names the pass and those that ran before it
    ├── SettingError   what was chosen cannot be had; knows which settings its message is about
    │   ├── SampleError    files of samples cannot be read, or are of another network
    │   ├── QuantizeError  the graph cannot be quantized, or not with these samples
    │   ├── PruneError     the graph cannot be pruned, or not with these samples
    │   └── OptionError    an option is unknown or out of range (also a ValueError)
    ├── EmitError      the graph cannot be written as `.ms`
    ├── ExportError    the graph cannot be written in another format
    ├── ArgumentError  an argument is of the wrong type (also a TypeError)
    └── MissingPackageError  a package is not installed that an extra brings (also an ImportError)
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lite.errors import ConvertError

_Error = TypeVar("_Error", bound="SettingError")

GIVE_SAMPLES = "give inputs of the network, as `samples` in Python or by --calibration PATH of mlite convert"


class ParseError(ConvertError):
    """The input is not a MindIR or checkpoint, or is damaged."""


class GraphError(ConvertError):
    """An IR graph broke one of its rules; see converter.ir.verify."""


class PassError(ConvertError):
    """A pass failed. The message names it, the node, the passes that had run, and a way around it."""


class Field(str):
    """A field of settings, where a message names it. of: whose: "quantization", "pruning" or "calibration"."""

    of: str

    def __new__(cls, of: str, name: str) -> Field:
        field = super().__new__(cls, name)
        field.of = of
        return field

    def __reduce__(self) -> tuple[type[Field], tuple[str, str]]:
        return Field, (self.of, str(self))


class SettingError(ConvertError):
    """What was chosen cannot be had. The message is made of the arguments; those that are a Field may be renamed."""

    def __str__(self) -> str:
        return "".join(self.args)

    @property
    def field(self) -> str:
        """The first field of settings that the message names; "" where it names none."""
        return next((part for part in self.args if isinstance(part, Field)), "")

    def renamed(self: _Error, name: Callable[[Field], str]) -> _Error:
        """The same error, with what `name` gives in place of each field: as the user knows it."""
        return type(self)(*(name(part) if isinstance(part, Field) else part for part in self.args))


class SampleError(SettingError):
    """A file has no samples of the network's inputs."""


class QuantizeError(SettingError):
    """There is nothing to quantize, or the samples do not fit the network."""


class PruneError(SettingError):
    """There is nothing to prune, or the samples do not fit the network."""


class EmitError(ConvertError):
    """The graph cannot be expressed in the `.ms` format."""


class ExportError(ConvertError):
    """The graph cannot be written in the format asked for, or there is no such format here."""


class OptionError(SettingError, ValueError):
    """A conversion option is unknown or out of range."""


class MissingPackageError(ConvertError, ImportError):
    """A package is not installed; the message names the extra that brings it."""


class ArgumentError(ConvertError, TypeError):
    """An argument is of the wrong type; the message says which and what was expected."""
