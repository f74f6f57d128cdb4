"""Inputs of a model from files: `.npy`, `.npz`, `.bin` and images become arrays of the inputs' shapes and types."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lite.arrays import cast, read_bin, read_npy, read_npz
from lite.errors import ShapeError, TensorNameError
from lite.pictures import Pixels, read_picture
from lite.types import Array, TensorSpec

if TYPE_CHECKING:
    from lite.session import Session

_WITH_LENGTHS = frozenset({"GRULayer", "RNNLayer"})
_LENGTHS = 6  # their input that says how long each sequence is


def read_inputs(given: Sequence[str], specs: Sequence[TensorSpec], pixels: Pixels) -> dict[str, Array]:
    """Arrays by input name, from arguments `NAME=FILE`, or `FILE` alone.

    A file without a name is the input of a model that has one, or an `.npz` with an array for each input. Raises
    TensorNameError where a name is unknown, given twice or missing; TensorError where a file does not fit; OSError.
    """
    wanted = {spec.name: spec for spec in specs}
    arrays: dict[str, Array] = {}
    for text in given:
        for name, array in _read_argument(text, wanted, pixels).items():
            if name not in wanted:
                raise TensorNameError(f"the model has no input {name!r}; it has {_names(wanted)}")
            if name in arrays:
                raise TensorNameError(f"input {name!r} is given twice")
            arrays[name] = array
    missing = [name for name in wanted if name not in arrays]
    if missing:
        raise TensorNameError(f"no --input for {_names(missing)}; the model has {_names(wanted)}")
    return {name: cast(array, wanted[name]) for name, array in arrays.items()}


def is_picture(text: str) -> bool:
    """Whether an argument `NAME=FILE` or `FILE` names no .npy, .npz or .bin."""
    return Path(text).suffix.lower() not in (".npy", ".npz", ".bin")


def random_inputs(session: Session, rng: np.random.Generator) -> dict[str, Array]:
    """By input: normal numbers; zeros and ones for integers, which may be indices, and for booleans.

    Lengths of sequences are full: a layer that is given them takes all its steps. Raises ShapeError.
    """
    layers = [step for step in session.steps if step.op in _WITH_LENGTHS and len(step.inputs) > _LENGTHS]
    steps = {step.inputs[_LENGTHS].name: step.inputs[0].shape[0] for step in layers}
    drawn = {spec.name: _random(spec, rng) for spec in session.inputs}
    return {name: np.full_like(x, steps[name]) if name in steps else x for name, x in drawn.items()}


def _random(spec: TensorSpec, rng: np.random.Generator) -> Array:
    if not spec.is_static:
        raise ShapeError(f"a random input needs a shape, but the model leaves {spec} open; give --input-shape")
    if spec.dtype.dtype.kind == "f":
        return rng.standard_normal(spec.shape).astype(spec.dtype.dtype)
    return rng.integers(0, 2, spec.shape).astype(spec.dtype.dtype)


def _names(names: Sequence[str] | dict[str, TensorSpec]) -> str:
    return ", ".join(repr(name) for name in names)


def _read_argument(text: str, wanted: dict[str, TensorSpec], pixels: Pixels) -> dict[str, Array]:
    name, equals, file = text.partition("=")
    if not equals:
        name, file = "", text
    if not file:
        raise TensorNameError(f"--input {text!r} names no file: give NAME=FILE; names: {_names(wanted)}")
    path = Path(file)
    if name and name not in wanted:
        raise TensorNameError(f"the model has no input {name!r}; it has {_names(wanted)}")
    if path.suffix.lower() == ".npz" and not name:
        return read_npz(path)
    if not name and len(wanted) != 1:
        raise TensorNameError(f"--input {text} does not say for which input: give NAME=FILE; names: {_names(wanted)}")
    spec = wanted[name] if name else next(iter(wanted.values()))
    if path.suffix.lower() == ".npz":
        arrays = read_npz(path)
        if spec.name not in arrays and len(arrays) != 1:
            raise TensorNameError(f"{path} has no array {spec.name!r}; it has {_names(list(arrays))}")
        return {spec.name: arrays.get(spec.name, next(iter(arrays.values())))}
    return {spec.name: _read(path, spec, pixels)}


def _read(path: Path, spec: TensorSpec, pixels: Pixels) -> Array:
    """The array in a file that has one."""
    if path.suffix.lower() == ".npy":
        return read_npy(path)
    if path.suffix.lower() != ".bin":
        return read_picture(path, spec, pixels)
    try:
        tensors = read_bin(path, spec)
    except ShapeError as error:
        raise ShapeError(f"{error}: give --input-shape") from error
    if len(tensors) != 1:
        raise ShapeError(f"{path} has {len(tensors)} times the bytes of {spec}: a run takes one")
    first: Array = tensors[0]
    return first
