"""The settings of quantization."""
from __future__ import annotations

import operator
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

from converter.calibration import Calibration, check_samples, has_some
from converter.errors import Field, OptionError
from converter.names import (
    check_choice,
    check_flag,
    check_names,
    check_sequence_of_names,
    is_integer,
    is_number,
    shown,
)

_setting = partial(Field, "quantization")

KINDS = ("full", "weight", "dynamic", "float16", "bfloat16")
OBSERVERS = ("minmax", "average", "percentile", "kl", "mse")
WEIGHT_RANGES = ("minmax", "mse")
ROUNDINGS = ("nearest", "compensated")
SPACINGS = ("even", "clustered")
_CHOICES = {
    "kind": KINDS, "observer": OBSERVERS, "weight_range": WEIGHT_RANGES, "rounding": ROUNDINGS, "spacing": SPACINGS,
}  # fmt: skip
_OPEN = ("symmetric", "weight_range", "rounding")  # may be None: then the number of bits decides
_PLAIN_BITS = 8  # with which the plainest way to find codes loses next to nothing
_LIMITS = {
    "weight_bits": (1, 16), "activation_bits": (7, 8), "group_size": (0, 1 << 20), "min_weights": (0, 1 << 40),
}  # fmt: skip

_KINDS_WITH = {  # the kinds that a field is for; others refuse it
    "observer": ("full",), "percentile": ("full",), "activation_bits": ("full",), "equalize": ("full", "dynamic"),
    "smooth": ("full", "dynamic"), "weight_bits": ("weight",), "spacing": ("weight",), "size_budget": ("weight",),
    "error_budget": ("weight",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quantization:
    """What is quantized, and how.

    kind: "full": int8 weights with one scale per channel, and int8 activations whose ranges are found on samples.
    Recurrent layers are quantized as for "dynamic"; constants of operators that stay in float32 as for "weight", in 8
    bits.
    "weight": weights alone, which are decoded when they are used.
    "dynamic": matrix products, convolutions with 1 x 1 kernels and recurrent layers in int8, the rest in float32. Their
    activations are quantized row by row while the network runs, so that no samples are needed.
    "float16", "bfloat16": constants in these types, which halves them; everything is computed in float32.

    samples: inputs of the network, one for each run, prepared as for Session.run; or a Calibration, a mapping with its
    fields, or a path, for inputs in files. skip_nodes: names of nodes that stay in float32.

    For "full":

    observer: how the range of a tensor follows from the samples: "minmax", from its least to its largest element;
    "average", the mean over samples of each one's least and largest element; "percentile", so that the share
    `percentile` (in percent) of all elements is within; "kl", so that the codes keep the most of the distribution;
    "mse", so that the mean squared error is the least.
    bias_correction: correct biases by the shift of each channel's mean that quantized weights cause on the samples.
    equalize: first give the channels between two products ranges of the same size, by scaling weights, which does not
    change what the network computes. Also for "dynamic".
    smooth: 0 to 1, how far to equalize the channels that layer norms give, by moving their scales into the weights that
    follow; None for not at all. Also for "dynamic".
    activation_bits: 8, or 7, which runs faster on processors without exact products of 8-bit integers (AVX2).

    For "weight":

    weight_bits: 1 to 16. A constant has 8 where fewer would not save bytes, its scales included.
    group_size: how many consecutive weights of a channel share a scale, where this divides the channel; 0 for all.
    symmetric: True for zero points of 0; False for groups with a zero point or offset of their own; None for True from
    8 bits on, else False.
    weight_range: what the codes span: "minmax", up to the largest weight, or "mse", the range with the least mean
    squared error; None for "mse" below 8 bits where rounding is "nearest".
    rounding: "nearest", or "compensated", where the weights that follow make up for the rounding error of a weight, as
    far as samples tell what they are multiplied with; None for "compensated" below 8 bits where there are samples.
    spacing: of the values that codes stand for: "even", or "clustered", which are 2^weight_bits values (up to 7 bits)
    found by k-means.
    min_weights: a constant with fewer elements stays in float32, as one does whose codes would take more bytes.

    size_budget, error_budget: choose the bits of each layer, 2 to 8 or float32, in place of weight_bits. size_budget is
    the largest share of the float32 file's bytes that the file may take, with the least error of the outputs;
    error_budget is the largest error that the outputs may have, measured as for max_error, with the fewest bytes. Both
    need samples. They set weight_range "mse", and unless these are given, symmetric True and rounding "nearest".

    max_error: the largest error of the network's outputs that quantization may cause, besides what pruning does: the
    root of the squared error's sum over that of the squared outputs, on the first samples. As few layers as possible,
    those that cost the outputs most, stay in float32. None for no limit.

    Raises OptionError for a value out of range, and for one that the kind does not use.
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
    min_weights: int = 128
    size_budget: float | None = None
    error_budget: float | None = None
    max_error: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.samples, str) and self.samples in KINDS:
            text = f" is {self.samples!r}, the first argument: give kind={self.samples!r}; "
            raise OptionError(_setting("samples"), text, f"where that is a path, './{self.samples}'")
        if isinstance(self.samples, (str, os.PathLike, Mapping)):
            object.__setattr__(self, "samples", Calibration.of(self.samples))
        for name, known in _CHOICES.items():
            if getattr(self, name) is not None or name not in _OPEN:
                check_choice(_setting(name), getattr(self, name), known)
        for name, (least, most) in _LIMITS.items():
            value = getattr(self, name)
            if not is_integer(value, least, most):
                raise OptionError(_setting(name), f" is {shown(value)}: expected {least} to {most}")
            object.__setattr__(self, name, operator.index(value))
        for name in ("symmetric", "bias_correction", "equalize"):
            if getattr(self, name) is not None or name not in _OPEN:
                check_flag(_setting(name), getattr(self, name))
        if self.symmetric and self.weight_bits == 1 and self.spacing == "even":
            raise OptionError(_setting("weight_bits"), " is 1 and symmetric True: a single bit needs symmetric False")
        if self.spacing == "clustered" and self.weight_bits > 7 and not self.is_mixed:
            spacing = _setting("spacing"), " 'clustered': expected 1 to 7 bits"
            raise OptionError(_setting("weight_bits"), f" is {self.weight_bits} and ", *spacing)
        if not is_number(self.percentile, 50, 100):
            raise OptionError(_setting("percentile"), f" is {shown(self.percentile)}: expected 50 to 100")
        for name, of in (("size_budget", "the float32 file's bytes"), ("error_budget", "what outputs may lose")):
            value = getattr(self, name)
            if value is not None and not (is_number(value, 0, 1) and 0 < value < 1):
                raise OptionError(_setting(name), f" is {shown(value)}: expected a share of {of}, above 0 and below 1, "
                    "such as 0.1")
        if self.size_budget is not None and self.error_budget is not None:
            raise OptionError(_setting("size_budget"), " and ", _setting("error_budget"), ": give one of them")
        if self.max_error is not None and self.is_mixed:
            budgets = _setting("size_budget"), " and ", _setting("error_budget"), " choose bits: give one"
            raise OptionError(_setting("max_error"), " keeps layers in float32, ", *budgets)
        if self.max_error is not None and not (is_number(self.max_error, 0) and self.max_error):
            expected = "a number above 0, such as 0.02"
            raise OptionError(_setting("max_error"), f" is {shown(self.max_error)}: expected {expected}")
        if self.smooth is not None and not is_number(self.smooth, 0, 1):
            raise OptionError(_setting("smooth"), f" is {shown(self.smooth)}: expected 0 to 1, such as 0.5")
        check_sequence_of_names(_setting("skip_nodes"), self.skip_nodes)
        self._check_kind()
        check_samples(_setting("samples"), self.samples)

    def _check_kind(self) -> None:
        """Raise OptionError for a field that the kind does not use."""
        defaults = {f.name: f.default for f in fields(self)}
        for name, kinds in _KINDS_WITH.items():
            value = getattr(self, name)
            if self.kind not in kinds and value != defaults[name]:
                others = " or ".join(map(repr, kinds))
                text = f" is {shown(value)}, which {self.kind!r} quantization does not use: give "
                raise OptionError(_setting(name), text, _setting("kind"), f" {others}, or leave it out")

    @property
    def has_offsets(self) -> bool:
        """Whether groups of weights have an offset besides their scale."""
        return self.weight_bits < _PLAIN_BITS if self.symmetric is None else not self.symmetric

    @property
    def is_compensated(self) -> bool:
        """Whether other weights make up for the rounding error of a weight."""
        if self.rounding is not None:
            return self.rounding == "compensated"
        return has_some(self.samples) and self.weight_bits < _PLAIN_BITS

    @property
    def is_least_squares(self) -> bool:
        """Whether the range of weights is the one with the least mean squared error."""
        if self.weight_range is not None:
            return self.weight_range == "mse"
        return self.weight_bits < _PLAIN_BITS and not self.is_compensated

    @property
    def is_mixed(self) -> bool:
        """Whether bits are chosen layer by layer."""
        return self.size_budget is not None or self.error_budget is not None

    @classmethod
    def of(cls, value: Quantization | Mapping[str, Any]) -> Quantization:
        """Settings given as a Quantization, or as a mapping of names to values. Raises OptionError for others."""
        if isinstance(value, Quantization):
            return value
        if not isinstance(value, Mapping):
            raise OptionError(f"quantization is {shown(value)}: expected a Quantization or a mapping, such as "
                "{'kind': 'full', 'samples': ...}; files are for config")
        check_names(value, [f.name for f in fields(cls)])
        return cls(**value)
