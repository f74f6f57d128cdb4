"""The options of a conversion."""
from __future__ import annotations

import operator
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from converter.config import asked, read_config
from converter.errors import ArgumentError, OptionError
from converter.names import check_flag, check_names, is_integer, shown
from converter.prune.settings import Pruning
from converter.quantize.settings import Quantization
from lite.types import Array

Progress = Callable[[str], None]

_LARGEST_DIMENSION = (1 << 31) - 1  # that files have a place for


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """Options of `converter.convert`. All have defaults.

    optimize: run the passes; without them the file holds the network as it was exported.
    input_shapes: input name -> shape, to fix dimensions that were exported as dynamic.
    outputs: names of tensors or nodes at which the network shall end, in place of its own outputs; only the operators
    that these need have to be supported.
    checkpoint: a `.ckpt` or `.safetensors` file, or arrays by name, to replace the weights of the export.
    key: of an encrypted export or checkpoint; 16, 24 or 32 bytes.
    quantization: a converter.Quantization, or a mapping with its fields.
    pruning: a converter.Pruning, or a mapping with its fields; it comes before quantization.
    config: a TOML or INI file with settings of both; fields of the mappings above replace those of the file.
    progress: a function that is called with a line of text at every stage.

    Raises OptionError for a value of the wrong type or out of range.
    """

    optimize: bool = True
    input_shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    outputs: Sequence[str] = ()
    checkpoint: str | os.PathLike[str] | Mapping[str, Array] | None = None
    key: bytes | None = field(default=None, repr=False)
    quantization: Quantization | Mapping[str, Any] | None = None
    pruning: Pruning | Mapping[str, Any] | None = None
    config: str | os.PathLike[str] | None = field(default=None, repr=False)
    progress: Progress | None = None

    def __post_init__(self) -> None:
        check_flag("optimize", self.optimize)
        if not isinstance(self.input_shapes, Mapping):
            raise OptionError(f"input_shapes is {shown(self.input_shapes)}: expected a mapping of input name to shape")
        shapes = {name: _shape(name, shape) for name, shape in self.input_shapes.items()}
        object.__setattr__(self, "input_shapes", shapes)
        if not isinstance(self.outputs, (tuple, list)) or not all(isinstance(name, str) for name in self.outputs):
            raise OptionError(f"outputs is {shown(self.outputs)}: expected a sequence of names")
        object.__setattr__(self, "outputs", tuple(self.outputs))
        if len(set(self.outputs)) < len(self.outputs):
            raise OptionError(f"outputs is {shown(self.outputs)}: a name occurs twice")
        if self.checkpoint is not None and not isinstance(self.checkpoint, (str, os.PathLike, Mapping)):
            raise OptionError(f"checkpoint is a {type(self.checkpoint).__name__}: "
                "expected a path, or a mapping of name to array")
        if self.key is not None and not isinstance(self.key, bytes):
            raise OptionError(f"key is a {type(self.key).__name__}: expected bytes")
        self._settle_compression()
        if self.progress is not None and not callable(self.progress):
            raise OptionError(f"progress is {shown(self.progress)}: expected a function of one string")

    def _settle_compression(self) -> None:
        if self.config is not None and not isinstance(self.config, (str, os.PathLike)):
            raise OptionError(f"config is a {type(self.config).__name__}: expected the path of a file of settings")
        tables = read_config(self.config) if self.config is not None else {}
        quantization, pruning = (asked(tables, name, getattr(self, name)) for name in ("quantization", "pruning"))
        if quantization is not None:
            object.__setattr__(self, "quantization", Quantization.of(quantization))
        if pruning is not None:
            object.__setattr__(self, "pruning", Pruning.of(pruning))
        if self.config is not None and quantization is None and pruning is None:
            raise OptionError(f"{os.fspath(self.config)} asks for nothing: expected [quantization] or [pruning], or in "
                "an INI a quant_type")
        object.__setattr__(self, "config", None)  # its settings are in the others now

    def weights(self) -> dict[str, Array] | None:
        """The checkpoint's tensors by name; None without a checkpoint. Raises what read_checkpoint raises."""
        if self.checkpoint is None:
            return None
        if isinstance(self.checkpoint, Mapping):
            return {name: _tensor(name, value) for name, value in self.checkpoint.items()}
        from converter.checkpoint import read_checkpoint

        return read_checkpoint(self.checkpoint, self.key)

    @classmethod
    def of(cls, options: ConvertOptions | Mapping[str, Any] | None) -> ConvertOptions:
        """Options given as a ConvertOptions, as a mapping of names to values, or as None for the defaults.

        Raises OptionError for a name that is not an option, ArgumentError for a value of another type.
        """
        if options is None:
            return cls()
        if isinstance(options, ConvertOptions):
            return options
        if not isinstance(options, Mapping):
            raise ArgumentError(f"options is a {type(options).__name__}: expected ConvertOptions or a mapping such as "
                "{'input_shapes': {'x': (1, 3, 224, 224)}}; help(converter.convert) has all")
        check_names(options, [f.name for f in fields(cls)])
        return cls(**options)


def _tensor(name: object, value: object) -> Array:
    if not isinstance(name, str):
        raise OptionError(f"checkpoint has the name {shown(name)}: expected strings")
    if hasattr(value, "mask"):
        raise OptionError(f"checkpoint[{name!r}] is a masked array, some of it not there: give x.filled(...)")
    try:
        array: Array = np.asarray(value)
    except ValueError as error:
        raise OptionError(f"checkpoint[{name!r}] is no array: {error}") from error
    return array


def _shape(name: object, shape: object) -> tuple[int, ...]:
    if not isinstance(name, str) or not isinstance(shape, (tuple, list)):
        raise OptionError(f"input_shapes has {shown({name: shape})}: expected a name and a sequence of dimensions")
    if not all(is_integer(d, 0, _LARGEST_DIMENSION) for d in shape):
        raise OptionError(f"input_shapes[{name!r}] is {shown(list(shape))}: expected dimensions, integers >= 0")
    return tuple(map(operator.index, shape))
