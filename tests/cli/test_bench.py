"""`mlite bench`: what it prints and writes as JSON, and every argument misused."""
from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from converter import suite
from converter.commands import bench as suite_command
from converter.suite import NETWORKS, Export
from lite import compare
from lite.bench import StepCost
from lite.commands.bench import Report, as_text, ratio
from lite.compare import Contender, Standing
from lite.engines import OURS
from lite.ops.softmax import Softmax
from lite.plan.plan import StepInfo
from lite.timing import Latency
from lite.types import DType, TensorSpec
from tests.cli.conftest import DIGITS, Mlite
from tests.conformance.oracle import HERE

MODEL = DIGITS / "digits.ms"


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lite.bench._PEAK_SECONDS", 0.0)
    monkeypatch.setattr("lite.bench._WARM_UP_SECONDS", 0.0)
    monkeypatch.setattr("lite.bench._FOOTPRINTS", (1 << 16,))


def test_text(mlite: Mlite) -> None:
    done = mlite("bench", MODEL, "--runs", 3, "--ops")
    assert done.code == 0, done.err
    for part in ("1 thread", "latency", "p99 of 3 runs", "machine", "GFLOP/s", "of floor", "Conv2DFusion", "operators"):
        assert part in done.out
    assert "floor: fp32 arithmetic" in done.out


def test_inputs_from_files(mlite: Mlite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    measured = []
    monkeypatch.setattr("lite.bench.measure", lambda session, inputs, **_: measured.append(inputs) or Latency.of([1.0]))
    image = np.full((1, 1, 8, 8), 0.5, np.float32)
    np.save(tmp_path / "image.npy", image)
    done = mlite("bench", MODEL, "--input", f"x={tmp_path / 'image.npy'}")
    assert done.code == 0, done.err
    np.testing.assert_array_equal(measured[0]["x"], image)


@pytest.mark.parametrize("branches", [False, True])
def test_branches_are_named_where_there_are_some(branches: bool) -> None:
    step = StepCost(StepInfo("a", "cpu", Softmax(), (), (TensorSpec(DType.FLOAT32, (1,)),)), 1.0, 0, 1, None)
    text = as_text(Report(Latency.of([1.5, 2.0, 3.0]), steps=[step], branches=branches))
    assert "and 500 ms of the fastest run between them" in text
    assert ("branches" in text) is branches


def test_json(mlite: Mlite) -> None:
    report = mlite("bench", MODEL, "--runs", 4, "--ops", "--threads", 2, "--json").json
    assert report["model"] == str(MODEL)
    assert report["threads"] == report["machine"]["threads"] == 2
    assert report["latency"]["runs"] == 4
    assert report["latency"]["min"] <= report["latency"]["median"] <= report["latency"]["p99"]
    for key in ("seconds", "flops", "bytes", "floor"):
        total = sum(row[key] for row in report["operations"])
        assert math.isclose(sum(row[key] for row in report["operators"]), total)
    assert "engines" not in report
    assert "cold" not in report


def test_a_mindir_is_converted_first(mlite: Mlite) -> None:
    report = mlite("bench", DIGITS / "digits.mindir", "--runs", 1, "--json").json
    assert report["latency"]["runs"] == 1


def test_peers_and_cold(mlite: Mlite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    peers = [Contender("nobody", "x"), Contender("MNN", "", "was not made")]
    monkeypatch.setattr(compare, "peers", lambda onnx, model, folder, sample: peers)
    monkeypatch.setattr(compare, "peer_versions", lambda: {"one": "1.0", "MNN": None})
    (tmp_path / "x.onnx").touch()
    arguments = ("bench", MODEL, "--peers", "--onnx", tmp_path / "x.onnx", "--cold", "--seconds", 0.01)
    done = mlite(*arguments)
    assert done.code == 0, done.err
    assert "failed: was not made" in done.out
    assert "peers   one 1.0; not installed: MNN (pip install 'mindlite[peers]')" in done.out
    assert "peak memory" in done.out
    assert "is quantized" not in done.out
    report = mlite(*arguments, "--json").json
    assert [row["engine"] for row in report["engines"]] == [OURS, "nobody", "MNN"]
    assert [bool(row["failure"]) for row in report["cold"]] == [False, True, True]
    coded, samples = tmp_path / "coded.ms", tmp_path / "x.npy"
    np.save(samples, np.load(DIGITS / "calibration.npz")["images"].astype(np.float32).reshape(-1, 1, 8, 8) / 16)
    mlite("convert", DIGITS / "digits.mindir", "-o", coded, "--quantize", "full", "--calibration", samples)
    done = mlite("bench", coded, *arguments[2:])
    assert f"run x.onnx as it is, while {coded} is quantized" in done.out
    assert report["ratio"] == {"min": None, "median": None}
    assert report["peers"] == {"one": "1.0", "MNN": None}


def test_ratio_is_that_of_the_fastest_peer() -> None:
    def standing(seconds: float) -> Standing:
        return Standing("", Latency.of([seconds]))

    assert ratio([standing(2.0), standing(3.0), Standing("", failure="no"), standing(5.0)]) == 1.5
    idle = Standing("", Latency.of([0.1]), error=math.inf)
    assert ratio([standing(2.0), idle, standing(3.0)]) == 1.5
    assert ratio([standing(2.0), Standing("", failure="no")]) is None


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("flags", [[], ["--int8"]])
def test_suite(mlite: Mlite, monkeypatch: pytest.MonkeyPatch, as_json: bool, flags: list[str]) -> None:
    inputs = {"x": np.zeros((1, 1, 8, 8), np.float32)}
    mindir = DIGITS / "digits.mindir"
    exported = {name: Export(name, mindir, mindir.with_suffix(".onnx"), inputs) for name in NETWORKS}
    monkeypatch.setattr("converter.suite.export", exported.__getitem__)
    done = mlite("bench", "--suite", "--networks", "mlp,lenet", "--runs", 2, *flags, *(["--json"] if as_json else []))
    assert done.code == 0, done.err
    if as_json:
        assert list(done.json["networks"]) == ["mlp", "lenet"]
        assert done.json["networks"]["mlp"]["latency"]["runs"] == 2
    else:
        assert [line.split()[0] for line in done.out.splitlines()] == ["threads:", "network", "mlp", "lenet"]


def test_geometric_mean() -> None:
    def report(ours: float, theirs: float) -> suite_command.Report:
        standings = (Standing("", Latency.of([ours])), Standing("", Latency.of([theirs])))
        return suite_command.Report(Latency.of([ours]), standings=standings)

    assert suite_command._geometric_mean([report(1.0, 2.0), report(1.0, 8.0)], "median") == pytest.approx(4.0)
    assert suite_command._geometric_mean([suite_command.Report(Latency.of([1.0]))], "median") is None


def test_every_network_of_the_suite_is_defined() -> None:
    assert {path.stem for path in (HERE / "networks").glob("*.py")} >= set(NETWORKS)


def test_an_installed_package_finds_the_suite_in_the_checkout_it_is_run_in(
    mlite: Mlite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "converter").mkdir()
    (tmp_path / "converter" / "suite.py").touch()
    monkeypatch.setattr("converter.suite._HOME", tmp_path)
    monkeypatch.chdir(HERE.parent.parent)
    assert suite._definitions() == HERE
    monkeypatch.chdir(tmp_path)
    done = mlite("bench", "--suite", "--networks", "lenet")
    assert done.code == 1
    assert "run this in its root" in done.err
    assert "pip install -e ." in done.err


def test_peers_need_an_onnx(mlite: Mlite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "peer_versions", lambda: {"one": "1.0", "MNN": None})
    done = mlite("bench", MODEL, "--peers")
    assert done.code == 1
    assert "--onnx" in done.err
    monkeypatch.setattr(compare, "peer_versions", lambda: {"one": None})
    both = mlite("bench", MODEL, "--peers")
    assert both.code == 1
    assert "no peer is installed to compare with" in both.err
    assert "--onnx" in both.err
    here = mlite("bench", MODEL, "--peers", "--onnx", MODEL)
    assert (here.code, "no peer is installed" in here.err, "as ONNX" in here.err) == (1, True, False)


@pytest.mark.parametrize("name", ["absent.ms", "absent.mindir", "heldout.npz", "/"])
def test_what_is_no_model_is_one_message(mlite: Mlite, name: str) -> None:
    done = mlite("bench", DIGITS / name)
    assert done.code == 1
    assert done.err.startswith("mlite: error: ")
    assert name in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        "", "a --suite", "--networks lenet", "a --int8", "--suite --networks lenet,nothing", "a --seconds 0",
        "a --seconds x", "a --runs 0", "a --threads 0", "a --slow",
        "--suite --input x", "--suite --mean 1", "a --mean 1", "a --input a.png --std 0",
    ],
)  # fmt: skip
def test_wrong_arguments_are_usage_errors(mlite: Mlite, arguments: str) -> None:
    done = mlite("bench", *arguments.split())
    assert done.code == 2
    assert done.err.startswith("mlite bench: error: ")
