"""Replace the weights that a network was exported with by those of a checkpoint."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

import numpy as np

from converter.errors import OptionError
from lite.types import Array, TensorSpec

_LISTED = 20
_EXAMPLES = 3


def fit(tensors: Mapping[str, Array], parameters: Mapping[str, TensorSpec], what: str) -> dict[str, Array]:
    """For each parameter of a network the tensor of its name, in its type. Other tensors of the checkpoint are ignored.

    Floating-point numbers are converted between widths. Raises OptionError that lists every parameter that is not
    there or has another shape or type, or says that none is the network's. what: how messages call the checkpoint.
    """
    found: dict[str, Array] = {}
    wrong: list[str] = []
    for name, spec in parameters.items():
        array = tensors.get(name)
        if array is None:
            near = get_close_matches(name, tensors, n=1) if len(wrong) < _LISTED else []  # it takes a while
            wrong.append(f"{spec.named(name)}: not there" + (f"; did you mean {near[0]!r}?" if near else ""))
        elif array.shape != spec.shape or not _convertible(array.dtype, spec.dtype.dtype):
            wrong.append(f"{spec.named(name)}: there it is {array.dtype}{list(array.shape)}")
        else:
            found[name] = array.astype(spec.dtype.dtype, copy=False)
    if not found and wrong:
        there = [f"{name}: {array.dtype}{list(array.shape)}" for name, array in tensors.items()]
        own = [str(spec.named(name)) for name, spec in parameters.items()]
        raise OptionError(f"{what} is of another network: none of its {len(there)} tensors is one of the network's "
            f"{len(own)} parameters\n  it has {_first(there)}\n  the network has {_first(own)}")
    if wrong:
        more = [f"and {len(wrong) - _LISTED} more"] if len(wrong) > _LISTED else []
        rows = "\n  ".join([*wrong[:_LISTED], *more])
        unused = sorted(tensors.keys() - parameters.keys())
        hint = f"\nOf its {len(tensors)} tensors {len(unused)} are not parameters of the network" if unused else ""
        hint += f": {', '.join(unused[:5])}{', ...' if len(unused) > 5 else ''}" if unused else ""
        raise OptionError(f"{what} does not fit the network's {len(parameters)} parameters:\n  {rows}{hint}")
    return found


def _first(rows: Sequence[str]) -> str:
    return ", ".join([*rows[:_EXAMPLES], *(["..."] if len(rows) > _EXAMPLES else [])]) or "none"


def _convertible(given: np.dtype[np.generic], wanted: np.dtype[np.generic]) -> bool:
    return given == wanted or (given.kind == wanted.kind == "f")
