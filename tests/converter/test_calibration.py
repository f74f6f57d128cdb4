"""Calibration data in files: what becomes samples, in which order, and what is refused by name."""
from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import converter
from converter import Calibration
from converter.calibration import Samples
from converter.errors import OptionError, SampleError
from lite.types import Array, DType, TensorSpec

RNG = np.random.default_rng(7)
X = TensorSpec(DType.FLOAT32, (1, 3, 4, 5), "x")
IDS = TensorSpec(DType.INT32, (1, 6), "ids")
ARRAY = RNG.normal(size=(3, 1, 3, 4, 5)).astype(np.float32)
PICTURE = RNG.integers(0, 256, (4, 5, 3), np.uint8)
DIGITS = Path(__file__).parents[2] / "samples" / "digits" / "digits.mindir"


def read(path: Any, *specs: TensorSpec, **settings: Any) -> list[dict[str, Array]]:
    return list(Samples(Calibration(path, **settings), specs or (X,)))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npy")
    with pytest.raises(SampleError, match="neither a file nor a folder"):
        read(tmp_path / "pipe.npy")


@pytest.mark.parametrize("array", [ARRAY, ARRAY.reshape(3, 3, 4, 5)], ids=["a dimension more", "along the first"])
@pytest.mark.parametrize("suffix", ["npy", "npz", "bin"])
def test_an_array_is_as_many_samples_as_it_holds(tmp_path: Path, array: Array, suffix: str) -> None:
    file = tmp_path / f"all.{suffix}"
    {"npy": np.save, "npz": np.savez, "bin": lambda f, a: a.tofile(f)}[suffix](file, array)
    for place in (file, tmp_path):
        samples = read(place)
        assert len(samples) == 3
        np.testing.assert_array_equal(np.stack([sample["x"] for sample in samples]), ARRAY)


@pytest.mark.parametrize("batch", [1, -1])
def test_a_sample_may_lack_its_batch_of_one(tmp_path: Path, batch: int) -> None:
    spec = TensorSpec(DType.FLOAT32, (batch, 3, 4, 5), "x")
    for name, array in zip("ab", ARRAY, strict=False):
        np.save(tmp_path / f"{name}.npy", array[0])
    np.testing.assert_array_equal([sample["x"] for sample in read(tmp_path, spec)], ARRAY[:2])


@pytest.mark.parametrize("shape", [(4, 5), (3, 5, 4), (1, 3, 4, 6), (2, 3, 3, 4, 5), (1, 1, 1, 3, 4, 5), ()], ids=str)
def test_a_file_of_another_shape_is_named(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "a.npy", ARRAY)
    np.save(tmp_path / "odd.npy", np.zeros(shape, np.float32))
    with pytest.raises(SampleError, match=rf"odd\.npy holds float32 {re.escape(str(list(shape)))}, which is not"):
        read(tmp_path)


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_a_file_with_elements_that_are_not_finite_is_named(tmp_path: Path, suffix: str) -> None:
    array = ARRAY.copy()
    array[1, 0, 2] = np.nan
    {"npy": np.save, "npz": np.savez}[suffix](tmp_path / f"odd.{suffix}", array)
    with pytest.raises(SampleError, match=rf"odd\.{suffix}: its sample 1 of x is not finite"):
        read(tmp_path)


@pytest.mark.parametrize("settings", [{"mean": 0.5}, {"std": (1, 2, 3)}, {"scale": 1.0}, {"crop": 4}, {"resize": 4}])
def test_settings_of_pictures_are_refused_for_arrays_alone(tmp_path: Path, settings: dict[str, Any]) -> None:
    np.save(tmp_path / "a.npy", ARRAY)
    with pytest.raises(SampleError, match=rf"{next(iter(settings))} is of pictures, but samples are arrays.*a\.npy"):
        read(tmp_path, **settings)
    Image.fromarray(PICTURE).save(tmp_path / "p.png")
    assert len(read(tmp_path, **{**settings, "crop": (4, 5)})) == 4


def test_files_of_a_folder_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, array in zip("bca", ARRAY, strict=True):
        np.save(tmp_path / f"{name}.npy", array)
    np.testing.assert_array_equal([sample["x"] for sample in read(tmp_path)], ARRAY[[2, 0, 1]])


def test_a_seed_says_which_samples_are_taken(tmp_path: Path) -> None:
    np.save(tmp_path / "all.npy", np.arange(50, dtype=np.float32).reshape(50, 1, 1))
    spec = TensorSpec(DType.FLOAT32, (1, 1), "x")
    drawn = [[int(s["x"][0, 0]) for s in read(tmp_path, spec, size=8, seed=seed)] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 8
    assert drawn[0] == sorted(drawn[0])
    assert len(read(tmp_path, spec, size=99)) == 50


def test_several_files_of_several_samples_give_as_many_as_asked_for(tmp_path: Path) -> None:
    for name in "abc":
        np.save(tmp_path / f"{name}.npy", ARRAY)
    assert len(read(tmp_path, size=4)) == 4
    assert len(read(tmp_path, size=2)) == 2


def test_several_inputs_come_from_an_archive_or_a_path_each(tmp_path: Path) -> None:
    ids = np.arange(18).reshape(3, 6)
    np.savez(tmp_path / "both.npz", x=ARRAY, ids=ids)
    np.save(tmp_path / "x.npy", ARRAY)
    np.save(tmp_path / "ids.npy", ids)
    each = {"x": tmp_path / "x.npy", "ids": tmp_path / "ids.npy"}
    for path in (tmp_path / "both.npz", each):
        samples = read(path, X, IDS)
        assert [sample["ids"].tolist() for sample in samples] == ids[:, None].tolist()
        assert samples[0]["ids"].dtype == np.int32
    with pytest.raises(SampleError, match="inputs x, but the network has x, ids"):
        read({"x": tmp_path / "x.npy"}, X, IDS)
    with pytest.raises(SampleError, match=r"a path for each, or \.npz"):
        read(tmp_path / "x.npy", X, IDS)
    np.save(tmp_path / "ids.npy", ids[:2])
    with pytest.raises(SampleError, match="found 3 of x, 2 of ids"):
        read(each, X, IDS)


def test_pictures_are_resized_cropped_ordered_and_normalized(tmp_path: Path) -> None:
    Image.fromarray(PICTURE).save(tmp_path / "p.png")
    place = tmp_path / "p.png"
    plain = read(place, scale=1.0)[0]["x"]
    np.testing.assert_array_equal(plain[0], PICTURE.transpose(2, 0, 1))
    np.testing.assert_array_equal(read(place, scale=1.0, channels="BGR")[0]["x"], plain[:, ::-1])
    normal = read(place, mean=[0.1, 0.2, 0.3], std=2.0)[0]["x"]
    np.testing.assert_allclose(normal[0], (PICTURE / 255 - [0.1, 0.2, 0.3]).transpose(2, 0, 1) / 2, rtol=1e-6)
    small = TensorSpec(DType.FLOAT32, (1, 2, 3, 3), "x")
    np.testing.assert_array_equal(read(place, small, scale=1.0, crop=(2, 3))[0]["x"][0], PICTURE[1:3, 1:4])
    shorter = Image.fromarray(PICTURE).resize((10, 8), Image.Resampling.NEAREST).crop((3, 3, 6, 5))
    got = read(place, small, scale=1.0, resize=8, crop=(2, 3), resize_method="nearest")[0]["x"]
    np.testing.assert_array_equal(got[0], np.asarray(shorter))


def test_bytes_of_pixels_last_are_turned(tmp_path: Path) -> None:
    np.ascontiguousarray(ARRAY.transpose(0, 1, 3, 4, 2)).tofile(tmp_path / "x.bin")
    np.testing.assert_array_equal([sample["x"] for sample in read(tmp_path, bin_nhwc=True)], ARRAY)


HUGE = b"{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999,), }"


def write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "data", "settings", "words"),
    [
        ("x.npy", b"junk", {}, r"x\.npy is not a readable"),
        ("x.npz", b"junk", {}, r"x\.npz is not a readable"),
        ("x.npy", b"\x93NUMPY\x01\x00v\x00" + HUGE.ljust(117) + b"\n", {}, r"x\.npy"),
        ("x.bin", b"12345", {}, r"x\.bin has 5 bytes: expected a multiple of 240"),
        ("x.bin", b"", {}, "has 0 bytes"),
        ("x.png", b"junk", {}, r"x\.png is neither"),
        ("x.txt", b"junk", {}, r"has no pictures, \.npy, \.npz or \.bin, .* it has 1 other file, such as .*x\.txt"),
        (".hidden", b"", {}, r"nor do its subfolders$"),
        ("x.png", None, {"channels": "GRAY"}, "takes more than one channel"),
        ("x.png", None, {"crop": 9}, "crop is 9 x 9, larger than the picture, 4 x 5"),
        ("x.png", None, {"resize": 9}, r"is 9 x 11 after resize and crop"),
        ("x.png", None, {"mean": (1, 2)}, "has 2 numbers, but pictures for .* have 3 channels: give one number, or 3"),
        ("x.png", None, {"mean": (0, 485, 0.1)}, "--mean has 485, but pixels are 0 to 1 with"),
    ],
)  # fmt: skip
def test_what_is_no_sample_is_named(
    tmp_path: Path, name: str, data: bytes | None, settings: dict[str, Any], words: str
) -> None:
    if data is None:
        Image.fromarray(PICTURE).save(tmp_path / name)
    else:
        write(tmp_path / name, data)
    with pytest.raises(SampleError, match=words):
        read(tmp_path, **settings)


def test_a_file_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path / "x.txt", b"junk")
    with pytest.raises(SampleError, match=r"x\.txt is neither \.npy, \.npz nor \.bin, nor an image"):
        read(tmp_path / "x.txt")


def test_folders_of_a_folder_are_gone_through_and_other_files_skipped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name, array in zip(("a/1", "b/c/1", "b/d"), ARRAY, strict=True):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / f"{name}.npy", array)
    (tmp_path / ".hidden").mkdir()
    for name in ("notes.txt", "b/Thumbs.db", ".hidden/2.npy"):
        write(tmp_path / name, b"junk")
    write(tmp_path / "model.mindir", b"\n\x031.2junk")  # which begins as a PCX does
    Image.fromarray(PICTURE).save(tmp_path / "a" / "picture", "png")
    for _ in range(2):
        samples = [sample["x"] for sample in read(tmp_path)]
        np.testing.assert_array_equal([samples[0], *samples[2:]], ARRAY)
    (line,) = caplog.messages
    assert line.startswith(f"samples of {tmp_path}: skipped 3 other files, such as ")


def test_a_place_that_is_not_there_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        read(tmp_path / "absent")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"path": ""}, "path is ''"),
        ({"path": {}}, "path is {}"),
        ({"path": 3}, "path is 3"),
        ({"path": "p", "size": -1}, "size is -1"),
        ({"path": "p", "seed": True}, "seed is True"),
        ({"path": "p", "channels": "rgb"}, "expected one of RGB, BGR, GRAY"),
        ({"path": "p", "resize_method": "area"}, "expected one of nearest, linear, cubic"),
        ({"path": "p", "std": [1, 0]}, "std has a 0"),
        ({"path": "p", "mean": "1"}, "mean is '1': expected finite numbers"),
        ({"path": "p", "crop": (1, 2, 3)}, "crop is .*: expected"),
        ({"path": "p", "resize": 0}, "resize is 0"),
        ({"path": "p", "bin_nhwc": 1}, "bin_nhwc is 1"),
        ({"path": "p", "sise": 1}, "did you mean 'size'"),
        ({"size": 1}, "calibration has no path"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        Calibration.of(settings)


def test_a_conversion_takes_them(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", RNG.random((9, 1, 1, 8, 8), np.float32))
    by_path = converter.convert(DIGITS, {"quantization": {"samples": tmp_path}})
    assert by_path == converter.convert(DIGITS, {"quantization": {"samples": np.load(tmp_path / "x.npy")}})
    assert by_path == converter.convert(DIGITS, {"quantization": {"samples": {"path": str(tmp_path), "size": 9}}})
