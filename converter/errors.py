"""Errors of conversion. All are ConvertError, a LiteError; operators that cannot be converted raise UnsupportedOpError.

    ConvertError
    ├── ParseError     the input is not a MindIR or checkpoint, or contradicts itself
    ├── GraphError     an IR graph broke one of its rules (a bug of a pass or of the importer)
    ├── PassError      a pass failed; names the pass and those that ran before it
    ├── SampleError    files of samples cannot be read, or are of another network
    ├── QuantizeError  the graph cannot be quantized, or not with these samples
    ├── PruneError     the graph cannot be pruned, or not with these samples
    ├── EmitError      the graph cannot be written as `.ms`
    ├── ExportError    the graph cannot be written in another format
    ├── OptionError    an option is unknown or out of range (also a ValueError)
    ├── ArgumentError  an argument is of the wrong type (also a TypeError)
    └── MissingPackageError  a package is not installed that an extra brings (also an ImportError)
"""
from __future__ import annotations

from lite.errors import ConvertError

GIVE_SAMPLES = "give inputs of the network, as `samples` in Python or by --calibration PATH of mlite convert"


class ParseError(ConvertError):
    """The input is not a MindIR or checkpoint, or is damaged."""


class GraphError(ConvertError):
    """An IR graph broke one of its rules; see converter.ir.verify."""


class PassError(ConvertError):
    """A pass failed. The message names it, the node, the passes that had run, and a way around it."""


class SampleError(ConvertError):
    """A file has no samples of the network's inputs."""


class QuantizeError(ConvertError):
    """There is nothing to quantize, or the samples do not fit the network."""


class PruneError(ConvertError):
    """There is nothing to prune, or the samples do not fit the network."""


class EmitError(ConvertError):
    """The graph cannot be expressed in the `.ms` format."""


class ExportError(ConvertError):
    """The graph cannot be written in the format asked for, or there is no such format here."""


class OptionError(ConvertError, ValueError):
    """A conversion option is unknown or out of range."""


class MissingPackageError(ConvertError, ImportError):
    """A package is not installed; the message names the extra that brings it."""


class ArgumentError(ConvertError, TypeError):
    """An argument is of the wrong type; the message says which and what was expected."""
