"""What a user chooses of quantization."""
from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from converter.calibration import Calibration, has_some
from converter.errors import OptionError
from converter.names import (
    check_choice,
    check_flag,
    check_names,
    check_sequence_of_names,
    is_integer,
    is_number,
    shown,
)

KINDS = ("full", "weight", "dynamic", "float16", "bfloat16")
OBSERVERS = ("minmax", "average", "percentile", "kl", "mse")
WEIGHT_RANGES = ("minmax", "mse")
ROUNDINGS = ("nearest", "compensated")
SPACINGS = ("even", "clustered")
_CHOICES = {
    "kind": KINDS, "observer": OBSERVERS, "weight_range": WEIGHT_RANGES, "rounding": ROUNDINGS, "spacing": SPACINGS,
}  # fmt: skip
_OPEN = ("symmetric", "weight_range", "rounding")  # None: what is best for the bits
_PLAIN_BITS = 8  # that lose next to nothing, however they are found
_LIMITS = {
    "weight_bits": (1, 16), "activation_bits": (7, 8), "group_size": (0, 1 << 20), "min_weights": (0, 1 << 40),
}  # fmt: skip

_KINDS_WITH = {  # what other kinds do not look at
    "observer": ("full",), "percentile": ("full",), "activation_bits": ("full",), "equalize": ("full", "dynamic"),
    "smooth": ("full", "dynamic"), "weight_bits": ("weight",), "spacing": ("weight",), "size_budget": ("weight",),
    "error_budget": ("weight",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quantization:
    """What becomes codes, and how.

    kind: "full": int8 weights, one scale a channel, and int8 activations, their ranges found by samples; recurrent
    layers as for "dynamic"; constants of what stays float32 are stored as for "weight", in 8 bits.
    "weight": weights alone, decoded by whoever computes.
    "dynamic": as "full" but for matrix products, convolutions of single pixels and recurrent layers only, whose
    activations become codes row by row while the network runs, so that no samples are needed.
    "float16", "bfloat16": constants as these, in half of the bytes; what is computed stays float32.
    samples: inputs of the network, one for each run, prepared as for Session.run; or a Calibration, a mapping with its
    fields, or a path, for those in files. skip_nodes: names of nodes that stay in float32.

    Of "full": observer: how a tensor's range follows from what samples show of it: "minmax", the least and the largest
    element; "average", those of each sample, averaged; "percentile", so that the share `percentile` of all elements is
    within; "kl" and "mse", so that codes tell most of the distribution, or are closest to the elements.
    bias_correction: change biases by what the codes of weights shift the mean of each channel by, as samples show.
    equalize: make the channels between two products alike in size first, which changes nothing else. smooth: 0 to 1,
    how far the channels of layer norms are made alike in size before, at the cost of the weights behind them; None for
    not at all; "dynamic" has these two as well.
    activation_bits: 8, or 7, which kernels without exact 8-bit products run faster.

    Of "weight": weight_bits: 1 to 16; a constant has 8 where these take no more bytes with their scales. group_size:
    how many weights of a channel have a scale in common, where they divide them; 0 for all. symmetric: codes stand
    for numbers around 0; else a group has an offset too; None is else below 8 bits. weight_range: what codes reach
    to: "minmax", the largest weight, or "mse", so that squares of errors are least; None is "mse" below 8 bits where
    rounding is "nearest". rounding: "nearest", or "compensated": the error of a weight is made up for by those after
    it, as far as samples tell what they are multiplied with; None is that below 8 bits where there are samples.
    spacing: of the numbers that codes stand for: "even", or "clustered", 2^weight_bits of them, up to 7 bits, where
    k-means puts them. min_weights: a constant of fewer elements stays as it is.

    size_budget, error_budget: bits chosen layer by layer, in place of weight_bits, of 2 to 8 or float32, ranges by
    "mse", symmetric and nearest unless told otherwise: so that outputs lose the least in a file of this share of the
    float32 one; or the fewest bytes with which they lose no more than this, measured as for max_error. Both need
    samples.

    max_error: the most that the network's outputs may lose by this, beside what pruning costs: the root of the noise's
    squares over the signal's, on the first samples; the layers that cost them most stay in float32, as few as that
    takes. None for no limit.

    Raises OptionError for a value out of range, and for one that the kind does not look at.
    """

    samples: Any = field(repr=False, default=())
    kind: str = "full"
    observer: str = "minmax"
    percentile: float = 99.99
    bias_correction: bool = True
    equalize: bool = False
    smooth: float | None = None
    activation_bits: int = 8
    skip_nodes: Sequence[str] = ()
    weight_bits: int = 8
    group_size: int = 0
    symmetric: bool | None = None
    weight_range: str | None = None
    rounding: str | None = None
    spacing: str = "even"
    min_weights: int = 256
    size_budget: float | None = None
    error_budget: float | None = None
    max_error: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.samples, str) and self.samples in KINDS:
            raise OptionError(f"samples is {self.samples!r}, the first argument: give kind={self.samples!r}; "
                f"where that is a path, './{self.samples}'")
        if isinstance(self.samples, (str, os.PathLike, Mapping)):
            object.__setattr__(self, "samples", Calibration.of(self.samples))
        for name, known in _CHOICES.items():
            if getattr(self, name) is not None or name not in _OPEN:
                check_choice(name, getattr(self, name), known)
        for name, (least, most) in _LIMITS.items():
            value = getattr(self, name)
            if not is_integer(value, least, most):
                raise OptionError(f"{name} is {shown(value)}: expected {least} to {most}")
            object.__setattr__(self, name, operator.index(value))
        for name in ("symmetric", "bias_correction", "equalize"):
            if getattr(self, name) is not None or name not in _OPEN:
                check_flag(name, getattr(self, name))
        if self.symmetric and self.weight_bits == 1 and self.spacing == "even":
            raise OptionError("weight_bits is 1 and symmetric True: a single bit needs symmetric False")
        if self.spacing == "clustered" and self.weight_bits > 7 and not self.is_mixed:
            raise OptionError(f"weight_bits is {self.weight_bits} and spacing 'clustered': expected 1 to 7 bits")
        if not is_number(self.percentile, 50, 100):
            raise OptionError(f"percentile is {shown(self.percentile)}: expected 50 to 100")
        for name, of in (("size_budget", "the float32 file's bytes"), ("error_budget", "what outputs may lose")):
            value = getattr(self, name)
            if value is not None and not (is_number(value, 0, 1) and 0 < value < 1):
                raise OptionError(f"{name} is {shown(value)}: expected a share of {of}, above 0 and below 1, such as "
                    "0.1, or None")
        if self.size_budget is not None and self.error_budget is not None:
            raise OptionError("size_budget and error_budget: give one of them")
        if self.max_error is not None and self.is_mixed:
            raise OptionError("max_error keeps layers in float32, size_budget and error_budget choose bits: give one")
        if self.max_error is not None and not (is_number(self.max_error, 0) and self.max_error):
            raise OptionError(f"max_error is {shown(self.max_error)}: expected a number above 0, such as 0.02, or None")
        if self.smooth is not None and not is_number(self.smooth, 0, 1):
            raise OptionError(f"smooth is {shown(self.smooth)}: expected 0 to 1, such as 0.5, or None")
        check_sequence_of_names("skip_nodes", self.skip_nodes)
        self._check_kind()
        if not isinstance(self.samples, (Iterable, Calibration)):
            raise OptionError(f"samples is a {type(self.samples).__name__}: expected an iterable of inputs")

    def _check_kind(self) -> None:
        """Raise OptionError for a field that would change nothing."""
        defaults = {f.name: f.default for f in fields(self)}
        for name, kinds in _KINDS_WITH.items():
            value = getattr(self, name)
            if self.kind not in kinds and value != defaults[name]:
                others = " or ".join(map(repr, kinds))
                raise OptionError(f"{name} is {shown(value)}, which {self.kind!r} quantization does not look at: give "
                    f"kind {others} (--quantize), or leave it out")

    @property
    def has_offsets(self) -> bool:
        """Whether groups of weights have an offset besides their scale."""
        return self.weight_bits < _PLAIN_BITS if self.symmetric is None else not self.symmetric

    @property
    def is_compensated(self) -> bool:
        """Whether the error of a weight is made up for by others."""
        if self.rounding is not None:
            return self.rounding == "compensated"
        return has_some(self.samples) and self.weight_bits < _PLAIN_BITS

    @property
    def is_least_squares(self) -> bool:
        """Whether codes of weights reach to where the squares of errors are least."""
        if self.weight_range is not None:
            return self.weight_range == "mse"
        return self.weight_bits < _PLAIN_BITS and not self.is_compensated

    @property
    def is_mixed(self) -> bool:
        """Whether bits are chosen layer by layer."""
        return self.size_budget is not None or self.error_budget is not None

    @classmethod
    def of(cls, value: Quantization | Mapping[str, Any]) -> Quantization:
        """Settings as they are, or from a mapping of names to values. Raises OptionError for what is neither."""
        if isinstance(value, Quantization):
            return value
        if not isinstance(value, Mapping):
            raise OptionError(f"quantization is {shown(value)}: expected a Quantization or a mapping, such as "
                "{'kind': 'full', 'samples': ...}; files are for config")
        check_names(value, [f.name for f in fields(cls)])
        return cls(**value)
