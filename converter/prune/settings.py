"""The settings of pruning."""
from __future__ import annotations

import operator
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

from converter.calibration import Calibration, check_samples
from converter.errors import Field, OptionError
from converter.names import check_choice, check_names, check_sequence_of_names, is_integer, is_number, shown
from lite.types import Array

Sample = Array | Sequence[Array] | Mapping[str, Array]

_setting = partial(Field, "pruning")

_MOST = (1 << 63) - 1
SCOPES = ("layer", "global")
_IMPORTANCES = ("l1", "l2", "activation", "error")


@dataclass(frozen=True, slots=True)
class Pruning:
    """Which channels and weights are removed, and how the others are fitted to make up for that.

    channels: the share of channels to remove, from 0 to below 1, with all that computes and all that reads them. They
    are counted at the products that compute them, so channels that an addition or attention heads tie together count
    once for each of these products.
    weights: the share of the single weights of products to set to 0, after channels are removed. Together with
    quantized weights (converter.Quantization) these zeros take few bits in the file.
    pattern: in place of that share, how many of every few consecutive weights of an output stay, such as "2:4".

    scope: what the share is of: "layer", each layer, or "global", all layers together, so that more is removed where
    that costs less.
    multiple: the number of channels of a layer is made a multiple of this, where it has so many, because kernels
    compute that many at once.
    importance: of a channel: "l1" or "l2", the norm of its weights; "activation", that norm times the magnitude of its
    inputs on the samples; "error", the error of products on the samples once the other weights are fitted anew. None
    for "error" with samples and "l2" without.
    samples: inputs of the network, one for each run, prepared as for Session.run; or a Calibration, a mapping with its
    fields, or a path, for inputs in files. They are gone through once. The weights that remain are fitted to them,
    layer by layer, so that each layer's outputs stay close to what they were.
    ridge: how strongly this fit holds weights to their old values. seed: of the random numbers it draws.
    skip_nodes: names of nodes whose weights and outputs stay as they are.

    Raises OptionError for a value out of range.
    """

    channels: float = 0.0
    weights: float = 0.0
    pattern: str | None = None
    scope: str = "global"
    multiple: int = 16
    importance: str | None = None
    samples: Any = field(repr=False, default=())
    ridge: float = 1e-3
    seed: int = 0
    skip_nodes: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("channels", "weights"):
            share = getattr(self, name)
            if not is_number(share, 0, 1) or share == 1:
                expected = f"a share of the {name}, from 0 to below 1"
                raise OptionError(_setting(name), f" is {shown(share)}: expected {expected}")
        if self.pattern is not None and (not isinstance(self.pattern, str) or self.of_each() is None):
            text = f" is {shown(self.pattern)}: expected how many of how many stay, such as '2:4'"
            raise OptionError(_setting("pattern"), text)
        if self.pattern is not None and self.weights:
            both = _setting("weights"), f" is {self.weights!r} and ", _setting("pattern"), f" {self.pattern!r}"
            raise OptionError(*both, ": give one of them")
        check_choice(_setting("scope"), self.scope, SCOPES)
        if self.importance is not None:
            check_choice(_setting("importance"), self.importance, _IMPORTANCES)
        if not is_integer(self.multiple, 1, _MOST):
            raise OptionError(_setting("multiple"), f" is {shown(self.multiple)}: expected a whole number above 0")
        if not is_number(self.ridge, 0, 1e6) or not self.ridge:
            raise OptionError(_setting("ridge"), f" is {shown(self.ridge)}: expected a number above 0, up to 1e6")
        if not is_integer(self.seed, 0, _MOST):
            raise OptionError(_setting("seed"), f" is {shown(self.seed)}: expected a whole number of 0 or more")
        for name in ("multiple", "seed"):
            object.__setattr__(self, name, operator.index(getattr(self, name)))
        check_sequence_of_names(_setting("skip_nodes"), self.skip_nodes)
        if isinstance(self.samples, (str, os.PathLike, Mapping)):
            object.__setattr__(self, "samples", Calibration.of(self.samples))
        check_samples(_setting("samples"), self.samples)

    def of_each(self) -> tuple[int, int] | None:
        """The pattern's numbers: how many of how many stay. None without a pattern, and for an invalid one."""
        parts = re.fullmatch(r"(\d{1,3}):(\d{1,3})", str(self.pattern), re.ASCII)
        n, m = (int(part) for part in parts.groups()) if parts else (0, 0)
        return (n, m) if 0 < n < m else None

    @classmethod
    def of(cls, value: Pruning | Mapping[str, Any]) -> Pruning:
        """Settings given as a Pruning, or as a mapping of names to values. Raises OptionError for anything else."""
        if isinstance(value, Pruning):
            return value
        if not isinstance(value, Mapping):
            raise OptionError(f"pruning is a {type(value).__name__}: expected a Pruning or a mapping, such as "
                "{'channels': 0.5, 'samples': ...}; files are for config")
        check_names(value, [f.name for f in fields(cls)])
        return cls(**value)
