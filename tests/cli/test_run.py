"""`mlite run`: inputs from files and at random, outputs to files, what it prints, and every argument misused."""
from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lite import Session
from lite.commands.run import least_times, timer_note
from lite.native.cpu import usable_cpus
from lite.profile import StepTime
from tests.cli.conftest import DIGITS, Mlite

MODEL = DIGITS / "digits.ms"


@pytest.fixture
def image() -> np.ndarray:
    """A held-out image as the network takes it: float32 [1,1,8,8]."""
    return np.float32(np.load(DIGITS / "heldout.npz")["images"][1] / 16).reshape(1, 1, 8, 8)


@pytest.fixture
def expected(image: np.ndarray) -> np.ndarray:
    with Session(MODEL) as session:
        return np.asarray(session.run(image))


def write_npy(path: Path, array: np.ndarray) -> str:
    np.save(path, array)
    return str(path)


def write_npz(path: Path, **arrays: np.ndarray) -> str:
    np.savez(path, **arrays)
    return str(path)


def test_inputs_from_arrays(mlite: Mlite, tmp_path: Path, image: np.ndarray, expected: np.ndarray) -> None:
    npy = write_npy(tmp_path / "a.npy", image)
    doubled = write_npy(tmp_path / "b.npy", image.astype(np.float64))
    npz = write_npz(tmp_path / "c.npz", x=image, other=image)
    single = write_npz(tmp_path / "d.npz", anything=image)
    only = write_npz(tmp_path / "e.npz", x=image)
    elements = tmp_path / "f.bin"
    image.tofile(elements)
    for text in (f"x={npy}", npy, f"x={doubled}", f"x={npz}", f"x={single}", only, elements, f"x={elements}"):
        done = mlite("run", MODEL, "--input", text, "-o", tmp_path / "out.npz")
        assert done.code == 0, done.err
        with np.load(tmp_path / "out.npz") as outputs:
            assert len(outputs.files) == 1
            np.testing.assert_array_equal(outputs[outputs.files[0]], expected)


@pytest.mark.parametrize(
    ("nbytes", "words"),
    [(0, "expected a multiple of 256"), (255, "has 255 bytes"), (512, "has 2 times the bytes of")],
)
def test_plain_elements_that_are_no_input(mlite: Mlite, tmp_path: Path, nbytes: int, words: str) -> None:
    (tmp_path / "x.bin").write_bytes(bytes(nbytes))
    done = mlite("run", MODEL, "--input", tmp_path / "x.bin")
    assert done.code == 1
    assert words in done.err


def test_an_image_is_resized_and_scaled(mlite: Mlite, tmp_path: Path, image: np.ndarray, expected: np.ndarray) -> None:
    pixels = np.rint(image[0, 0] * 255).astype(np.uint8)
    Image.fromarray(pixels).convert("RGB").save(tmp_path / "same.png")
    Image.fromarray(pixels).resize((80, 80), Image.Resampling.BOX).save(tmp_path / "large.png")
    for name, most in (("same.png", 0.01), ("large.png", 0.45)):
        assert mlite("run", MODEL, "-i", tmp_path / name, "-o", tmp_path / "y.npy").code == 0
        y = np.load(tmp_path / "y.npy")
        assert y.argmax() == expected.argmax()
        assert np.abs(y - expected).max() < most * np.ptp(expected)


def test_outputs_go_where_the_name_says(mlite: Mlite, tmp_path: Path) -> None:
    (tmp_path / "v1.0").mkdir()
    for place in ("plain", "v1.0", "v2.0/"):
        done = mlite("run", MODEL, "--random", "-o", f"{tmp_path}/{place}")
        assert done.code == 0, done.err
        assert len(list((tmp_path / place).glob("*.npy"))) == 1


def test_random_inputs_follow_the_seed(mlite: Mlite) -> None:
    first, again, other = (mlite("run", MODEL, "--random", "--seed", seed, "--json").json for seed in (1, 1, 2))
    assert first["outputs"] == again["outputs"] != other["outputs"]


def test_text_says_inputs_outputs_and_latency(mlite: Mlite) -> None:
    done = mlite("run", MODEL, "--random", "--repeat", 3, "--profile")
    assert done.code == 0
    latency = ("median", "of 3 runs", "thread", "least times of 5")
    for part in ("input   x: float32[1,1,8,8]", "output ", "float32[1,10]", *latency, "Conv2DFusion"):
        assert part in done.out
    assert "plans" not in done.out
    assert "the first, which also plans" in mlite("run", MODEL, "--random", "--profile").out


def test_a_profile_has_the_least_time_of_each_step() -> None:
    one: Any
    two: Any
    one, two = (SimpleNamespace(name=name) for name in ("one", "two"))
    times = [[(one, 3.0), (two, 1.0)], [(one, 0.5)], [(one, 2.0), (two, 4.0)]]
    profiles = [[StepTime(step, seconds) for step, seconds in row] for row in times]
    assert [(t.step.name, t.seconds) for t in least_times(profiles)] == [("one", 2.0), ("two", 1.0)]


def test_times_that_are_the_timers_are_named() -> None:
    assert timer_note([0.0, 1e-6, 1.5e-6, 1e-3]).startswith("2 of 4 steps take below 2 µs, about 1 of it the timer's")
    assert timer_note([0.0, 1e-3]) == ""


def test_json_has_everything(mlite: Mlite, tmp_path: Path) -> None:
    report = mlite("run", MODEL, "--random", "--repeat", 3, "--profile", "--json", "-o", tmp_path / "out").json
    assert report["inputs"] == [{"name": "x", "dtype": "float32", "shape": [1, 1, 8, 8]}]
    assert np.shape(report["outputs"][0]["values"]) == (1, 10)
    assert report["latency_ms"]["runs"] == 3
    assert report["latency_ms"]["min"] <= report["latency_ms"]["median"] <= report["latency_ms"]["max"]
    assert {"name", "op", "delegate", "ms"} == set(report["profile"][0])
    (written,) = report["written"]
    assert np.load(written).shape == (1, 10)


def test_threads_do_not_change_the_result(mlite: Mlite) -> None:
    one, two = (mlite("run", MODEL, "--random", "--threads", n, "--json").json for n in (1, 2))
    assert one["outputs"] == two["outputs"]
    assert (one["threads"], two["threads"]) == (1, min(2, usable_cpus()))
    assert mlite("run", MODEL, "--random", "--threads", 1).out.endswith(
        "in the first run (later ones are faster: --repeat N), one thread\n"
    )


def test_a_mindir_is_converted_in_memory(mlite: Mlite) -> None:
    done = mlite("run", DIGITS / "digits.mindir", "--random")
    assert done.code == 0
    assert "mlite convert" in done.err
    assert done.out.splitlines()[:2] == mlite("run", MODEL, "--random").out.splitlines()[:2]


# arguments after the model, and what standard error names
MISUSES = [
    ("--input y={files}/image.npy", ["'y'", "'x'"]),
    ("--input x={files}/absent.npy", ["absent.npy", "No such file"]),
    ("--input x=", ["names no file", "'x'"]),
    ("--input x={files}", ["Is a directory"]),
    ("--input x={files}/wide.npy", ["x", "[1,1,8,8]", "[1,1,8,9]"]),
    ("--input x={files}/image.npy --input x={files}/image.npy", ["'x'", "twice"]),
    ("--input x={files}/words.txt", ["words.txt", "image"]),
    ("--input x={files}/words.npy", ["words.npy"]),
    ("--input x={files}/words.npz", ["words.npz"]),
    ("--input x={files}/pickled.npy", ["pickled.npy", "pickle"]),
    ("--input x={files}/text.npy", ["x", "<U3"]),
    ("--input {files}/image.png --mean 1,2,3", ["--mean", "3"]),
    ("--random --input-shape y=1,1,8,8", ["'y'"]),
    ("--random --input-shape x=1,1,9", ["x"]),
    ("--random --output {files}/words.txt", ["words.txt is a file"]),
    ("--random --output {files}/new.txt", ["new.txt", ".npz", "new.txt/"]),
    ("--random --output {files}/absent/y.npy", ["{files}/absent does not exist"]),
]


@pytest.fixture
def files(tmp_path: Path, image: np.ndarray) -> Path:
    np.save(tmp_path / "image.npy", image)
    np.save(tmp_path / "wide.npy", np.zeros((1, 1, 8, 9), np.float32))
    np.save(tmp_path / "pickled.npy", np.array([{}], object))
    np.save(tmp_path / "text.npy", np.full((1, 1, 8, 8), "abc"))
    Image.new("L", (8, 8)).save(tmp_path / "image.png")
    for name in ("words.txt", "words.npy", "words.npz"):
        (tmp_path / name).write_text("no array")
    return tmp_path


@pytest.mark.parametrize(("arguments", "named"), MISUSES)
def test_misuse_is_one_message(mlite: Mlite, files: Path, arguments: str, named: list[str]) -> None:
    done = mlite("run", MODEL, *arguments.format(files=files).split())
    assert done.code == 1, done.out
    assert done.err.startswith("mlite: error: ")
    assert all(word.format(files=files) in done.err for word in named), done.err
    assert not (files / "new.txt").exists()


# first bytes of a file, and what standard error says of it
IMPOSTORS = {
    "a checkpoint": (DIGITS / "digits.ckpt").read_bytes(),
    "a numpy array": b"\x93NUMPY\x01\0",
    "a zip archive": b"PK\x03\x04" + b"\0" * 30,
    "an HDF5 file": b"\x89HDF\r\n\x1a\n",
    "an ONNX model": b"\x08\x07\x12\x07pytorch",
    "a MindIR export": (DIGITS / "digits.mindir").read_bytes(),
}


@pytest.mark.parametrize("what", IMPOSTORS)
@pytest.mark.parametrize("command", ["run --random", "inspect"])
def test_other_models_are_recognized(mlite: Mlite, tmp_path: Path, command: str, what: str) -> None:
    (tmp_path / "model").write_bytes(IMPOSTORS[what])
    done = mlite(*command.split(), tmp_path / "model")
    assert done.code == 1
    assert f"expected a .ms file, found {what}" in done.err


@pytest.mark.parametrize("model", [DIGITS / "absent.ms", DIGITS, DIGITS / "heldout.npz"], ids=lambda p: p.name)
def test_what_is_no_model_is_one_message(mlite: Mlite, model: Path) -> None:
    done = mlite("run", model, "--random")
    assert done.code == 1
    assert done.err.startswith("mlite: error: ")
    assert model.name in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        "", "a", "a --random --input x=a.npy", "a --random --threads 0", "a --random --repeat -1",
        "a --random --seed x", "a --random --std 0", "a --random --mean a", "a --random --mean nan",
        "a --random --scale 1,2", "a --random --input-shape x", "a --randomly",
    ],
)  # fmt: skip
def test_wrong_arguments_are_usage_errors(mlite: Mlite, arguments: str) -> None:
    done = mlite("run", *arguments.split())
    assert done.code == 2
    assert done.err.startswith("mlite run: error: ")
    assert done.err.endswith("(mlite run --help has all arguments)\n")
    assert done.err.count("\n") == 1


# arguments after the model, and what standard error says of them
SAID = [
    ("--random --input x=a.npy", "exclude each other"),
    ("--random --threads 0", "--threads: '0' is not an integer of at least 1"),
    ("--random --threads -1", "--threads: '-1' is not an integer of at least 1"),
    ("--random --seed -1", "--seed: '-1' is not an integer of at least 0"),
    ("--random --mean 0", "--mean changes the pixels of pictures, and no --input is one"),
    ("--input x=a.npy --scale 1", "--scale changes the pixels of pictures, and no --input is one"),
    ("--input x=a.png --std a", "--std: 'a' is not 1 to 4 finite numbers"),
    ("--input x=a.png --std 1,0,1", "--std: pixels are divided by it"),
    ("--input x=a.png --scale a", "--scale: 'a' is not a finite number"),
    ("--random --input-shape x=-1,3", "--input-shape: 'x=-1,3' has the dimension -1: every one has to be at least 1"),
]


@pytest.mark.parametrize(("arguments", "said"), SAID)
def test_usage_errors_say_what_to_do(mlite: Mlite, arguments: str, said: str) -> None:
    done = mlite("run", MODEL, *arguments.split())
    assert done.code == 2
    assert said in done.err
