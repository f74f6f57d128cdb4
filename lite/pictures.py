"""Pictures as inputs: decoded, turned upright, resized, cropped, and converted to the input's layout and type."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from lite.errors import ShapeError, TensorError
from lite.records import dataclass
from lite.types import Array, TensorSpec

if TYPE_CHECKING:
    from PIL.Image import Image

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}  # channels -> Pillow's name for them
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")  # of most
METHODS = {"nearest": 0, "linear": 2, "cubic": 3}  # Pillow's codes


@dataclass(frozen=True, slots=True)
class Pixels:
    """How the pixels of a picture, 0..255, become numbers: (pixel * scale - mean) / std.

    mean, std: one number, or one a channel. Inputs of an integer type get the pixels as they are. bgr: blue comes
    first. resize: (height, width), or the length of the shorter side; method: one of METHODS. crop: (height, width)
    of the middle that is kept after that. With neither, the picture gets the size of the input.
    """

    scale: float = 1 / 255
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    bgr: bool = False
    resize: tuple[int, ...] = ()
    method: str = "linear"
    crop: tuple[int, ...] = ()


def is_picture(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins as a picture that Pillow reads; False without Pillow. Raises OSError."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ModuleNotFoundError:
        return False
    try:
        with Image.open(path):
            return True
    except UnidentifiedImageError:
        return False
    except OSError as error:
        if error.filename is not None:  # the system's error; without a name, Pillow's
            raise
        return False  # it begins as a rare kind of picture does, as a MindIR as PCX, and is none
    except (ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return True  # a damaged one


def read_picture(path: str | os.PathLike[str], spec: TensorSpec, pixels: Pixels) -> Array:
    """A picture in the shape and element type of an input.

    The input is [N,H,W,C] or [N,C,H,W] with N = 1 and 1, 3 or 4 channels, or the same without N. Where H and W are open
    the picture keeps its size. Raises ShapeError for another shape, TensorError for a file that is no image.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    height, width, channels, channels_first = _layout(spec)
    try:
        with Image.open(path) as picture:
            upright = ImageOps.exif_transpose(picture).convert(_MODES[channels])
    except UnidentifiedImageError as error:
        raise TensorError(f"{path} is neither .npy nor .npz nor an image that Pillow reads") from error
    except (ValueError, SyntaxError, EOFError, Image.DecompressionBombError, OSError) as error:
        if isinstance(error, OSError) and error.filename is not None:  # the system's error; without a name, Pillow's
            raise
        raise TensorError(f"{path} cannot be decoded: {error}") from error
    sized = _sized(upright, (height, width), pixels)
    if any(wanted not in (-1, got) for wanted, got in zip((height, width), (sized.height, sized.width), strict=True)):
        raise ShapeError(f"{path} is {sized.height} x {sized.width} after resize and crop; {spec} takes another size")
    array = np.asarray(sized).reshape(sized.height, sized.width, channels)
    if pixels.bgr and channels > 1:
        array = array[..., [2, 1, 0, *range(3, channels)]]
    array = _numbers(array, spec, pixels)
    if channels_first:
        array = array.transpose(2, 0, 1)
    return np.ascontiguousarray(array[np.newaxis] if spec.rank == 4 else array)


def _sized(picture: Image, target: tuple[int, int], pixels: Pixels) -> Image:
    """The picture at the size that the settings say, or that of the input, (height, width) with -1 where open."""
    from PIL import Image

    method = Image.Resampling(METHODS[pixels.method])
    height, width = picture.height, picture.width
    if len(pixels.resize) == 1:
        share = pixels.resize[0] / min(height, width)
        height, width = (max(pixels.resize[0], round(side * share)) for side in (height, width))
    elif pixels.resize:
        height, width = pixels.resize
    elif not pixels.crop:
        height, width = (own if wanted < 0 else wanted for own, wanted in zip((height, width), target, strict=True))
    resized = picture.resize((width, height), method)
    if not pixels.crop:
        return resized
    tall, wide = pixels.crop
    if tall > height or wide > width:
        raise ShapeError(f"crop is {tall} x {wide}, larger than the picture, {height} x {width}")
    left, top = (width - wide) // 2, (height - tall) // 2
    return resized.crop((left, top, left + wide, top + tall))


def _numbers(image: Array, spec: TensorSpec, pixels: Pixels) -> Array:
    """[H,W,C] bytes as the input's elements."""
    channels = image.shape[-1]
    for option, values in (("--mean", pixels.mean), ("--std", pixels.std)):
        if len(values) not in (1, channels):
            each = f"one number, or {channels}, one a channel" if channels > 1 else "one number"
            raise ShapeError(f"{option} has {len(values)} numbers, but pictures for {spec} have {channels} "
                f"channel{'s' if channels > 1 else ''}: give {each}")
    if spec.dtype.dtype.kind != "f":
        return image.astype(spec.dtype.dtype)
    most = 255 * pixels.scale
    if max(pixels.mean) > most > 0:
        raise ShapeError(f"--mean has {max(pixels.mean):g}, but pixels are 0 to {most:g} with this --scale: "
            "give means of that range, decimals with a point and commas between channels")
    scaled: Array = (image * pixels.scale - np.array(pixels.mean)) / np.array(pixels.std)
    return scaled.astype(spec.dtype.dtype)


def _layout(spec: TensorSpec) -> tuple[int, int, int, bool]:
    """Height, width (-1 where open), channels, and whether channels come first."""
    dims = spec.shape[1:] if spec.rank == 4 and spec.shape[0] in (1, -1) else spec.shape
    if len(dims) == 3 and (dims[0] in _MODES) != (dims[2] in _MODES):
        first = dims[0] in _MODES
        return (dims[1], dims[2], dims[0], True) if first else (dims[0], dims[1], dims[2], False)
    raise ShapeError(
        f"input {spec} is not [1,H,W,C] or [1,C,H,W] with 1, 3 or 4 channels, so an image does not fit it; give a .npy"
    )
