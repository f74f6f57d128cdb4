"""Inputs of a model from files: `.npy`, `.npz` and images become arrays of the inputs' shapes and element types."""
from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lite.errors import DTypeError, ShapeError, TensorError, TensorNameError
from lite.records import dataclass
from lite.types import Array, TensorSpec

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}  # channels -> Pillow's name for them


@dataclass(frozen=True, slots=True)
class Pixels:
    """How the pixels of an image, 0..255, become numbers: (pixel * scale - mean) / std.

    mean, std: one number, or one a channel. Inputs of an integer type get the pixels as they are.
    """

    scale: float = 1 / 255
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)


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
    return {name: _cast(array, wanted[name]) for name, array in arrays.items()}


def is_picture(text: str) -> bool:
    """Whether an argument `NAME=FILE` or `FILE` names neither a .npy nor a .npz."""
    return Path(text).suffix.lower() not in (".npy", ".npz")


def random_input(spec: TensorSpec, rng: np.random.Generator) -> Array:
    """Normal numbers, or zeros and ones for integers and booleans: they are valid as indices. Raises ShapeError."""
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
        return _read_npz(path)
    if not name and len(wanted) != 1:
        raise TensorNameError(f"--input {text} does not say for which input: give NAME=FILE; names: {_names(wanted)}")
    spec = wanted[name] if name else next(iter(wanted.values()))
    if path.suffix.lower() == ".npz":
        arrays = _read_npz(path)
        if spec.name not in arrays and len(arrays) != 1:
            raise TensorNameError(f"{path} has no array {spec.name!r}; it has {_names(list(arrays))}")
        return {spec.name: arrays.get(spec.name, next(iter(arrays.values())))}
    return {spec.name: _read_npy(path) if path.suffix.lower() == ".npy" else read_image(path, spec, pixels)}


def _read_npy(path: Path) -> Array:
    with open(path, "rb") as file:
        try:
            array: Array = np.lib.format.read_array(file, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise TensorError(f"{path} is not a readable .npy file: {error}") from error
    return array


def _read_npz(path: Path) -> dict[str, Array]:
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
        except (ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
            raise TensorError(f"{path} is not a readable .npz file: {error}") from error


def _cast(array: Array, spec: TensorSpec) -> Array:
    """The array in the input's element type: floats to floats as they round, integers only where nothing changes."""
    wanted = spec.dtype.dtype
    if array.dtype == wanted:
        return array
    if array.dtype.kind in "biuf" and wanted.kind == "f":
        return array.astype(wanted)
    if array.dtype.kind in "iu" and wanted.kind in "iu":
        cast: Array = array.astype(wanted)
        if np.array_equal(cast, array):
            return cast
    raise DTypeError(f"input {spec} cannot take {array.dtype} elements without loss")


def read_image(path: str | os.PathLike[str], spec: TensorSpec, pixels: Pixels) -> Array:
    """A picture in the shape and element type of an input: decoded, turned upright, resized, its channels placed.

    The input is [N,H,W,C] or [N,C,H,W] with N = 1 and 1, 3 or 4 channels, or the same without N. Where H and W are open
    the picture keeps its size. Raises ShapeError for another shape, TensorError for a file that is no image.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    height, width, channels, channels_first = _image_layout(spec)
    try:
        with Image.open(path) as picture:
            upright = ImageOps.exif_transpose(picture).convert(_MODES[channels])
    except UnidentifiedImageError as error:
        raise TensorError(f"{path} is neither .npy nor .npz nor an image that Pillow reads") from error
    except (ValueError, SyntaxError, EOFError, Image.DecompressionBombError, OSError) as error:
        if isinstance(error, OSError) and error.filename is not None:  # the system's error; without a name, Pillow's
            raise
        raise TensorError(f"{path} cannot be decoded: {error}") from error
    target = (width if width >= 0 else upright.width, height if height >= 0 else upright.height)
    resized = upright.resize(target, Image.Resampling.BILINEAR)
    array = _numbers(np.asarray(resized).reshape(target[1], target[0], channels), spec, pixels)
    if channels_first:
        array = array.transpose(2, 0, 1)
    return np.ascontiguousarray(array[np.newaxis] if spec.rank == 4 else array)


def _numbers(image: Array, spec: TensorSpec, pixels: Pixels) -> Array:
    """[H,W,C] bytes as the input's elements."""
    channels = image.shape[-1]
    for option, values in (("--mean", pixels.mean), ("--std", pixels.std)):
        if len(values) not in (1, channels):
            raise ShapeError(f"{option} has {len(values)} numbers; {spec} takes 1 or {channels}")
    if spec.dtype.dtype.kind != "f":
        return image.astype(spec.dtype.dtype)
    scaled: Array = (image * pixels.scale - np.array(pixels.mean)) / np.array(pixels.std)
    return scaled.astype(spec.dtype.dtype)


def _image_layout(spec: TensorSpec) -> tuple[int, int, int, bool]:
    """Height, width (-1 where open), channels, and whether channels come first."""
    dims = spec.shape[1:] if spec.rank == 4 and spec.shape[0] in (1, -1) else spec.shape
    if len(dims) == 3 and (dims[0] in _MODES) != (dims[2] in _MODES):
        first = dims[0] in _MODES
        return (dims[1], dims[2], dims[0], True) if first else (dims[0], dims[1], dims[2], False)
    raise ShapeError(
        f"input {spec} is not [1,H,W,C] or [1,C,H,W] with 1, 3 or 4 channels, so an image does not fit it; give a .npy"
    )
