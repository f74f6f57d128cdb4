"""Calibration data in files: pictures, `.npy`, `.npz` and `.bin`, and folders of them, as inputs of a network."""
from __future__ import annotations

import logging
import operator
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from converter.errors import Field, OptionError, SampleError
from converter.names import check_choice, check_flag, check_names, is_integer, is_number, shown
from lite.arrays import cast, read_bin, read_npy, read_npz
from lite.errors import ShapeError, TensorError
from lite.files import path_of
from lite.pictures import METHODS, SUFFIXES, Pixels, is_picture, read_picture
from lite.types import Array, TensorSpec

Place = str | os.PathLike[str]

CHANNELS = ("RGB", "BGR", "GRAY")
_LONGEST = 1 << 20  # side of a picture
_ARRAYS = (".npy", ".npz", ".bin")
_PIXELS = {"scale": 1 / 255, "mean": 0.0, "std": 1.0, "resize": (), "crop": ()}  # settings of pictures, if not given
_LOG = logging.getLogger("mindlite")
_setting = partial(Field, "calibration")


@dataclass(frozen=True, slots=True)
class Calibration:
    """Samples of a network's inputs, in files.

    path: a picture, a .npy, .npz or .bin file, or a folder, which is searched with its subfolders for such files. For a
    network with several inputs: a mapping of input name to path, or .npz files with an array for each input. For an
    input [1,3,8,8] or [?,3,8,8] an array [1,3,8,8] or [3,8,8] is one sample, and [16,1,3,8,8] are 16; so are [16,3,8,8]
    for the former, while for the latter they are one of 16 pictures. A .bin file holds samples one after the other, in
    the input's element type.
    size: how many samples to use, 0 for all. seed: of the random choice, where there are more.

    For pictures:

    channels: "RGB", "BGR", or "GRAY", which is for inputs with one channel only.
    scale, mean, std: pixels 0..255 become (pixel * scale - mean) / std; mean and std are one number, or one a channel.
    resize: (height, width), or the length of the shorter side. resize_method: "linear", "nearest" or "cubic".
    crop: (height, width), or the length of a square, of the middle that is kept after resizing. With neither resize nor
    crop a picture gets the size of the input.

    bin_nhwc: .bin files hold [N,H,W,C] where an input is [N,C,H,W].

    Raises OptionError for a value out of range.
    """

    path: Place | Mapping[str, Place]
    size: int = 0
    seed: int = 0
    channels: str = "RGB"
    scale: float = 1 / 255
    mean: float | Sequence[float] = 0.0
    std: float | Sequence[float] = 1.0
    resize: int | Sequence[int] = ()
    resize_method: str = "linear"
    crop: int | Sequence[int] = ()
    bin_nhwc: bool = False

    def __post_init__(self) -> None:
        places = self.path if isinstance(self.path, Mapping) else {"": self.path}
        if not places or not all(isinstance(name, str) and _is_place(place) for name, place in places.items()):
            expected = "a file or folder, or one by each input's name"
            raise OptionError(_setting("path"), f" is {shown(self.path)}: expected {expected}")
        for name in ("size", "seed"):
            _check_integer(name, getattr(self, name), 0, sys.maxsize)
        check_choice(_setting("channels"), self.channels, CHANNELS)
        check_choice(_setting("resize_method"), self.resize_method, METHODS)
        check_flag(_setting("bin_nhwc"), self.bin_nhwc)
        for name in ("scale", "mean", "std"):
            _check_numbers(name, getattr(self, name))
        if 0 in _tuple(self.std):
            raise OptionError(_setting("std"), " has a 0: pixels are divided by it")
        for name in ("resize", "crop"):
            given = getattr(self, name)
            lengths = _tuple(given)
            if len(lengths) > 2:
                raise OptionError(_setting(name), f" is {shown(given)}: expected (height, width), or one length")
            for length in lengths:
                _check_integer(name, length, 1, _LONGEST)

    @classmethod
    def of(cls, value: Calibration | Place | Mapping[str, Any]) -> Calibration:
        """Settings given as a Calibration, as a path, or as a mapping of names to values.

        Raises OptionError for anything else.
        """
        if isinstance(value, Calibration):
            return value
        if isinstance(value, (str, os.PathLike)):
            return cls(value)
        check_names(value, [f.name for f in fields(cls)])
        if "path" not in value:
            raise OptionError("calibration has no path: say where the samples are")
        return cls(**value)


class _Sample(dict[str, Array]):
    """Inputs by name. place: the files that they are from, and which of the samples there."""

    place = ""


def called(sample: object, number: int) -> str:
    """What messages call a sample: its files, or where it is from none, its number."""
    return sample.place if isinstance(sample, _Sample) else f"sample {number}"


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples in the files of a Calibration. Each iteration reads the files anew."""

    calibration: Calibration
    inputs: Sequence[TensorSpec]

    def __iter__(self) -> Iterator[dict[str, Array]]:
        """Raises SampleError for a file that does not fit the inputs, OSError for one that cannot be read."""
        size, seed = self.calibration.size, self.calibration.seed
        places = self._places()
        self._check_pixels(places)
        together = list(zip(*places.values(), strict=True))
        chosen = _drawn(len(together), size, seed)
        share = -(-size // len(chosen)) if size else 0
        count = 0
        for index in chosen:
            rows = self._rows(dict(zip(places, together[index], strict=True)))
            least = min(map(len, rows.values()))
            if least < max(map(len, rows.values())):
                counts = ", ".join(f"{len(row)} of {name}" for name, row in rows.items())
                given = ", ".join(str(files[index]) for files in places.values())
                raise SampleError(f"{given}: expected as many samples of each input, found {counts}")
            for row in _drawn(least, share, seed):
                if size and count == size:
                    return
                sample = _Sample((name, of_input[row]) for name, of_input in rows.items())
                sample.place = ", ".join(str(files[index]) for files in places.values())
                if least > 1:
                    sample.place += f", sample {row}"
                for name, array in sample.items():
                    if not np.isfinite(array).all():
                        file = places.get(name, places.get("", []))[index]
                        raise SampleError(f"{file}: its sample {row} of {name} is not finite: prepare it as for a run")
                yield sample
                count += 1

    def __length_hint__(self) -> int:
        return operator.index(self.calibration.size)

    def _places(self) -> dict[str, list[Path]]:
        """The files of each input, by name; under "" files that have all inputs."""
        path, names = self.calibration.path, [spec.name for spec in self.inputs]
        if isinstance(path, Mapping):
            if set(path) != set(names):
                given, wanted = ", ".join(path), ", ".join(names)
                raise SampleError(f"calibration data is for the inputs {given}, but the network has {wanted}")
            found = {name: _files(path_of(place)) for name, place in path.items()}
            counts = {name: len(files) for name, files in found.items()}
            if len(set(counts.values())) > 1:
                raise SampleError(f"calibration data needs as many files for each input, found {counts}")
            return found
        files = _files(path_of(path))
        if len(names) > 1 and any(file.suffix.lower() != ".npz" for file in files):
            raise SampleError(
                f"the network has the inputs {', '.join(names)}: give a path for each, or .npz files that have all"
            )
        return {"" if len(names) > 1 else names[0]: files}

    def _check_pixels(self, places: Mapping[str, Sequence[Path]]) -> None:
        """Refuse settings of pictures where there are none. An INI for .bin files may have them."""
        own = self.calibration
        files = [file for of_input in places.values() for file in of_input]
        if own.bin_nhwc or not all(file.suffix.lower() in _ARRAYS for file in files):
            return
        for name, default in _PIXELS.items():
            if _tuple(getattr(own, name)) != _tuple(default):
                text = f" is of pictures, but samples are arrays, such as {files[0]}, which are taken as they are"
                raise SampleError(_setting(name), text, ": leave it out, and prepare arrays as for a run")

    def _rows(self, files: Mapping[str, Path]) -> dict[str, Sequence[Array]]:
        """The samples in files that go together, by input."""
        specs = {spec.name: spec for spec in self.inputs}
        try:
            if "" not in files:
                return {name: self._read(file, specs[name]) for name, file in files.items()}
            (file,) = files.values()
            arrays = read_npz(file)
            missing = sorted(set(specs) - set(arrays))
            if missing:
                raise SampleError(f"{file} has no array {missing[0]!r}; it has {', '.join(arrays)}")
            return {name: _split(arrays[name], spec, file) for name, spec in specs.items()}
        except TensorError as error:
            raise SampleError(f"calibration data does not fit the network: {_with_file(error, files)}") from error

    def _read(self, file: Path, spec: TensorSpec) -> Sequence[Array]:
        suffix = file.suffix.lower()
        if suffix == ".npy":
            return _split(read_npy(file), spec, file)
        if suffix == ".npz":
            arrays = read_npz(file)
            if spec.name not in arrays and len(arrays) != 1:
                raise SampleError(f"{file} has no array {spec.name!r}; it has {', '.join(arrays)}")
            return _split(arrays.get(spec.name, next(iter(arrays.values()))), spec, file)
        if suffix == ".bin":
            return self._read_bin(file, spec)
        if self.calibration.channels == "GRAY" and 1 not in spec.shape[1:]:
            raise SampleError(_setting("channels"), f" is 'GRAY', but {spec} takes more than one channel")
        if suffix not in SUFFIXES and not is_picture(file):
            raise SampleError(f"{file} is neither .npy, .npz nor .bin, nor an image that Pillow reads")
        return [read_picture(file, spec, self._pixels())]

    def _read_bin(self, file: Path, spec: TensorSpec) -> Sequence[Array]:
        try:
            tensors = read_bin(file, spec)
        except ShapeError as error:
            raise SampleError(f"{error}: give input_shapes") from error
        except TensorError as error:
            raise SampleError(str(error)) from error
        if not self.calibration.bin_nhwc or spec.rank != 4:
            return tensors  # type: ignore[return-value]
        n, c, h, w = spec.shape
        return np.ascontiguousarray(tensors.reshape(-1, n, h, w, c).transpose(0, 1, 4, 2, 3))  # type: ignore[return-value]

    def _pixels(self) -> Pixels:
        own = self.calibration
        crop = _tuple(own.crop)
        return Pixels(
            scale=own.scale, mean=_tuple(own.mean), std=_tuple(own.std), bgr=own.channels == "BGR",
            resize=_tuple(own.resize), method=own.resize_method, crop=crop * 2 if len(crop) == 1 else crop,
        )  # fmt: skip


def check_samples(option: str, samples: Any) -> None:
    """Raise OptionError where samples are neither a Calibration nor an iterable."""
    if not isinstance(samples, (Iterable, Calibration)) or (isinstance(samples, np.ndarray) and samples.ndim == 0):
        raise OptionError(option, f" is a {type(samples).__name__}: expected an iterable of inputs")


def has_some(samples: Any) -> bool:
    """Whether samples are given: anything but an empty list or tuple may have some."""
    return not isinstance(samples, (tuple, list)) or bool(samples)


def settled(samples: Any, inputs: Sequence[TensorSpec]) -> Any:
    """A Calibration or an iterable as samples that can be gone through again and again; inputs: the network's."""
    if isinstance(samples, Calibration):
        return Samples(samples, inputs)
    return list(samples) if isinstance(samples, Iterator) else samples


def _files(place: Path) -> list[Path]:
    """The file, or those in the folder and in its folders that are samples, in the order of their paths.

    Raises OSError, SampleError where there are none.
    """
    kind = place.stat().st_mode
    if not stat.S_ISDIR(kind):
        if not stat.S_ISREG(kind):
            raise SampleError(f"{place} is neither a file nor a folder")
        return [place]
    files = sorted(_inside(place))
    samples: list[Path] = []
    others: list[Path] = []
    for file in files:
        (samples if _is_read(file) else others).append(file)
    what = f"{len(others)} other file{'' if len(others) == 1 else 's'}, such as {others[0]}" if others else ""
    if not samples:
        raise SampleError(f"the folder {place} has no pictures, .npy, .npz or .bin, nor do its subfolders"
            + (f"; it has {what}" if others else ""))
    if others:
        _say_once(f"samples of {place}: skipped {what}: neither pictures nor .npy, .npz or .bin")
    return samples


def _inside(folder: Path) -> Iterator[Path]:
    """The files of a folder and its folders but for hidden ones. Raises OSError."""
    def refuse(error: OSError) -> None:
        raise error

    for root, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files = (Path(root, name) for name in names if not name.startswith("."))
        yield from (file for file in files if file.is_file())


def _is_read(file: Path) -> bool:
    """Whether it is a sample by its name, or else by what it begins with."""
    return file.suffix.lower() in (*_ARRAYS, *SUFFIXES) or is_picture(file)


@cache
def _say_once(line: str) -> None:
    _LOG.warning("%s", line)


def _drawn(count: int, size: int, seed: int) -> Sequence[int]:
    """All of `count` things, or `size` of them, in order."""
    if not size or size >= count:
        return range(count)
    return sorted(np.random.default_rng(seed).choice(count, size, replace=False).tolist())


def _split(array: Array, spec: TensorSpec, file: Path) -> Sequence[Array]:
    """The samples in an array: one, with its batch of one or without, or several along a dimension more or the first.

    Raises SampleError for an array of another shape.
    """
    batch = spec.shape[0] if spec.rank else 0
    found: Array | None = None
    if array.ndim == spec.rank + 1:
        found = array
    elif array.ndim == spec.rank:
        several = batch > 0 and len(array) > batch and len(array) % batch == 0
        found = array.reshape(-1, batch, *array.shape[1:]) if several else array[np.newaxis]
    elif array.ndim == spec.rank - 1 and batch in (-1, 1):
        found = array[np.newaxis, np.newaxis]
    if found is None or any(wanted not in (-1, d) for wanted, d in zip(spec.shape, found.shape[1:], strict=True)):
        raise SampleError(f"{file} holds {array.dtype} {list(array.shape)}, which is not the network's {spec}, neither "
            "one sample nor several along the first dimension or one before it")
    return cast(found, spec)  # type: ignore[return-value]


def _with_file(error: TensorError, files: Mapping[str, Path]) -> str:
    names = [str(file) for file in files.values()]
    text = str(error)
    return text if any(name in text for name in names) else f"{', '.join(names)}: {text}"


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _is_place(place: object) -> bool:
    return isinstance(place, (str, os.PathLike)) and bool(os.fspath(place))


def _check_integer(name: str, value: object, least: int, most: int) -> None:
    if not is_integer(value, least, most):
        raise OptionError(_setting(name), f" is {shown(value)}: expected an integer in [{least}, {most}]")


def _check_numbers(name: str, value: object) -> None:
    numbers = _tuple(value)
    if not numbers or not all(map(is_number, numbers)):
        raise OptionError(_setting(name), f" is {shown(value)}: expected finite numbers")
