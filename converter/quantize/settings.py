"""What a user chooses of quantization."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from converter.errors import OptionError
from converter.names import check_names
from lite.types import Array

Sample = Array | Sequence[Array] | Mapping[str, Array]

_OBSERVERS = ("minmax",)


@dataclass(frozen=True, slots=True)
class Quantization:
    """Full quantization: int8 weights, one scale a channel, and int8 activations, their ranges found by samples.

    samples: inputs of the network, one for each run, as Session.run takes them; gone through once. observer: how a
    tensor's range follows from what is seen of it: "minmax", the least and the largest element. activation_bits: 8, or
    7, which kernels without exact 8-bit products run faster. skip_nodes: names of nodes that stay in float32.

    Raises OptionError for a value out of range.
    """

    samples: Iterable[Sample] = field(repr=False, default=())
    observer: str = "minmax"
    activation_bits: int = 8
    skip_nodes: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.observer not in _OBSERVERS:
            raise OptionError(f"observer is {self.observer!r}: there are {', '.join(_OBSERVERS)}")
        if self.activation_bits not in (7, 8):
            raise OptionError(f"activation_bits is {self.activation_bits!r}: expected 7 or 8")
        if isinstance(self.skip_nodes, str) or not all(isinstance(name, str) for name in self.skip_nodes):
            raise OptionError(f"skip_nodes is {self.skip_nodes!r}: expected a sequence of names")
        if not isinstance(self.samples, Iterable):
            raise OptionError(f"samples is a {type(self.samples).__name__}: expected an iterable of inputs")

    @classmethod
    def of(cls, value: Quantization | Mapping[str, Any]) -> Quantization:
        """Settings as they are, or from a mapping of names to values. Raises OptionError for what is neither."""
        if isinstance(value, Quantization):
            return value
        if not isinstance(value, Mapping):
            raise OptionError(f"quantization is a {type(value).__name__}: expected a Quantization, or a mapping")
        check_names(value, [f.name for f in fields(cls)])
        return cls(**value)
