"""Pictures as inputs: channels, layouts, sizes, scaling; and names of files for outputs."""
from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lite.commands.inputs import random_inputs, read_inputs
from lite.commands.outputs import write_outputs
from lite.errors import DTypeError, ShapeError, TensorError, TensorNameError
from lite.pictures import Pixels, read_picture
from lite.types import DType, TensorSpec

COLOR = np.arange(5 * 6 * 3, dtype=np.uint8).reshape(5, 6, 3)
GREY = np.asarray(Image.fromarray(COLOR).convert("L"))
RAW = Pixels(scale=1.0)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.fromarray(COLOR).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1, 5, 6, 3), COLOR[None]),
        ((1, 3, 5, 6), COLOR.transpose(2, 0, 1)[None]),
        ((-1, 3, -1, -1), COLOR.transpose(2, 0, 1)[None]),
        ((5, 6, 3), COLOR),
        ((3, 5, 6), COLOR.transpose(2, 0, 1)),
        ((1, 1, 5, 6), GREY[None, None]),
        ((1, 5, 6, 1), GREY[None, :, :, None]),
    ],
    ids=lambda value: str(value) if isinstance(value, tuple) else "",
)
@pytest.mark.parametrize("dtype", [DType.FLOAT32, DType.UINT8], ids=str)
def test_the_shape_decides_the_layout(
    picture: Path, shape: tuple[int, ...], expected: np.ndarray, dtype: DType
) -> None:
    array = read_picture(picture, TensorSpec(dtype, shape, "x"), RAW)
    assert array.dtype == dtype.dtype
    np.testing.assert_array_equal(array, expected)


def test_pixels_are_scaled_and_normalized(picture: Path) -> None:
    pixels = Pixels(mean=(0.1, 0.2, 0.3), std=(0.5, 1.0, 2.0))
    array = read_picture(picture, TensorSpec(DType.FLOAT32, (1, 5, 6, 3), "x"), pixels)
    np.testing.assert_allclose(array[0], (COLOR / 255 - [0.1, 0.2, 0.3]) / [0.5, 1.0, 2.0], rtol=1e-6, atol=1e-7)


def test_another_size_is_resized(picture: Path) -> None:
    assert read_picture(picture, TensorSpec(DType.FLOAT32, (1, 3, 16, 9), "x"), RAW).shape == (1, 3, 16, 9)


@pytest.mark.parametrize("shape", [(1, 10), (2, 3, 5, 6), (1, 5, 6, 7), (1, 3, 5, 3), (1,)], ids=str)
def test_what_is_no_picture_takes_none(picture: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"give a \.npy"):
        read_picture(picture, TensorSpec(DType.FLOAT32, shape, "x"), RAW)


def test_a_picture_that_ends_early_is_named(tmp_path: Path) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    image.save(tmp_path / "whole.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "whole.png").read_bytes()[:300])
    with pytest.raises(TensorError, match=r"half\.png cannot be decoded"):
        read_picture(tmp_path / "half.png", TensorSpec(DType.FLOAT32, (1, 8, 8, 3), "x"), RAW)
    with pytest.raises(FileNotFoundError, match=r"absent\.png"):
        read_picture(tmp_path / "absent.png", TensorSpec(DType.FLOAT32, (1, 8, 8, 3), "x"), RAW)


def test_integers_are_cast_only_without_loss(tmp_path: Path) -> None:
    spec = TensorSpec(DType.INT32, (2,), "ids")
    np.save(tmp_path / "small.npy", np.array([1, 2], np.int64))
    np.save(tmp_path / "large.npy", np.array([1, 1 << 40], np.int64))
    np.save(tmp_path / "real.npy", np.array([1.0, 2.0]))
    assert read_inputs([f"ids={tmp_path / 'small.npy'}"], [spec], RAW)["ids"].dtype == np.int32
    for name in ("large.npy", "real.npy"):
        with pytest.raises(DTypeError, match="without loss"):
            read_inputs([f"ids={tmp_path / name}"], [spec], RAW)


def test_several_inputs_are_named_or_come_from_one_archive(tmp_path: Path) -> None:
    specs = [TensorSpec(DType.FLOAT32, (2,), "a"), TensorSpec(DType.FLOAT32, (3,), "b")]
    arrays = {"a": np.ones(2, np.float32), "b": np.zeros(3, np.float32)}
    np.savez(tmp_path / "both.npz", **arrays)
    np.save(tmp_path / "a.npy", arrays["a"])
    found = read_inputs([str(tmp_path / "both.npz")], specs, RAW)
    assert {name: array.shape for name, array in found.items()} == {"a": (2,), "b": (3,)}
    with pytest.raises(TensorNameError, match="for which input"):
        read_inputs([str(tmp_path / "a.npy")], specs, RAW)
    with pytest.raises(TensorNameError, match="no --input for 'b'"):
        read_inputs([f"a={tmp_path / 'a.npy'}"], specs, RAW)
    with pytest.raises(TensorNameError, match="has no array 'c'"):
        read_inputs([f"c={tmp_path / 'both.npz'}"], [TensorSpec(DType.FLOAT32, (2,), "c")], RAW)


def random(*specs: TensorSpec, steps: Sequence[Any] = ()) -> dict[str, np.ndarray]:
    """What is drawn for a session that has these inputs and steps."""
    session: Any = SimpleNamespace(inputs=specs, steps=steps)
    return random_inputs(session, np.random.default_rng(0))


@pytest.mark.parametrize("dtype", [DType.FLOAT32, DType.FLOAT16, DType.INT32, DType.INT64, DType.BOOL], ids=str)
def test_random_inputs_are_valid(dtype: DType) -> None:
    array = random(TensorSpec(dtype, (50,), "x"))["x"]
    assert array.dtype == dtype.dtype
    assert dtype.dtype.kind == "f" or set(array.tolist()) == {0, 1}


def test_a_random_input_needs_a_shape() -> None:
    with pytest.raises(ShapeError, match="--input-shape"):
        random(TensorSpec(DType.FLOAT32, (-1, 3), "x"))


def test_random_lengths_of_sequences_are_full() -> None:
    lengths = TensorSpec(DType.INT64, (2,), "lengths")
    x = TensorSpec(DType.FLOAT32, (24, 2, 8), "x")
    layer = SimpleNamespace(op="GRULayer", inputs=(x, *[x] * 5, lengths))
    assert random(x, lengths, steps=[layer])["lengths"].tolist() == [24, 24]
    assert set(random(x, lengths)["lengths"].tolist()) <= {0, 1}


def test_outputs_become_files_of_any_name(tmp_path: Path) -> None:
    outputs = {"a/b": np.ones(1), "a:b": np.ones(2), "..": np.ones(3), "file": np.ones(4)}
    paths = write_outputs(str(tmp_path / "folder"), outputs)
    assert [Path(p).name for p in paths] == ["a_b.npy", "a_b_1.npy", "output.npy", "file.npy"]
    (archive,) = write_outputs(str(tmp_path / "all.npz"), outputs)
    with np.load(archive) as read:
        assert {name: array.size for name, array in read.items()} == {"a/b": 1, "a:b": 2, "..": 3, "file": 4}


def test_a_folder_gets_all_outputs_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b.npy").write_bytes(b"old")
    left = [3]

    def sync(descriptor: int) -> None:
        left[0] -= 1
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(OSError, match=r"No space left on device: .*c\.npy"):
        write_outputs(str(tmp_path), {name: np.zeros(2, np.float32) for name in "abc"})
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("b.npy", b"old")]
