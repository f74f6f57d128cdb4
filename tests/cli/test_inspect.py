"""`mlite inspect`: a `.ms` with its plan, a `.mindir` as imported, and what cannot run."""
from __future__ import annotations

from pathlib import Path

import pytest

from converter.mindir.mind_ir_pb2 import ModelProto
from lite.cli import main as device_main
from tests.cli.conftest import DIGITS, Mlite

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "ms"


def test_ms_as_text(mlite: Mlite) -> None:
    done = mlite("inspect", DIGITS / "digits.ms")
    assert done.code == 0
    for part in ("x: float32[1,1,8,8]", "Conv2DFusion", "MaxPoolFusion", "operators", "constants", "arena", "ratio"):
        assert part in done.out


def test_ms_as_json(mlite: Mlite) -> None:
    report = mlite("inspect", DIGITS / "digits.ms", "--json").json
    assert report["bytes"] == (DIGITS / "digits.ms").stat().st_size
    assert [spec["name"] for spec in report["inputs"]] == ["x"]
    assert sum(row["nodes"] for row in report["operators"]) == len(report["nodes"])
    assert report["memory"]["arena"] >= report["memory"]["lower_bound"] > 0
    assert report["error"] is None
    assert all(node["delegate"] for node in report["nodes"])
    convolution = next(node for node in report["nodes"] if node["op"] == "Conv2DFusion")
    assert convolution["attributes"]["activation_type"] == "RELU"
    assert convolution["attributes"]["kernel_size"] == [3, 3]


def test_mindir_as_text_and_json(mlite: Mlite) -> None:
    done = mlite("inspect", DIGITS / "digits.mindir")
    assert done.code == 0
    assert "MindIR" in done.out
    assert "FusedBatchNorm" in done.out
    report = mlite("inspect", DIGITS / "digits.mindir", "--json").json
    assert report["unsupported"] == []
    assert {row["op"] for row in report["operators"]} >= {"Conv2DFusion", "FusedBatchNorm", "MaxPoolFusion"}


def test_a_mindir_shows_everything_that_is_unsupported(mlite: Mlite, tmp_path: Path) -> None:
    model = ModelProto.FromString((DIGITS / "digits.mindir").read_bytes())
    for primitive in model.primitives:
        primitive.op_type = {"Conv2D": "Multinomial", "Add": "Zeta"}.get(primitive.op_type, primitive.op_type)
    (tmp_path / "odd.mindir").write_bytes(model.SerializeToString())
    done = mlite("inspect", tmp_path / "odd.mindir")
    assert done.code == 0
    assert "Multinomial" in done.out
    assert "Zeta" in done.out
    rows = mlite("inspect", tmp_path / "odd.mindir", "--json").json["unsupported"]
    assert {row["op"]: row["nodes"] for row in rows} == {"Multinomial": 4, "Zeta": 1}
    refused = mlite("convert", tmp_path / "odd.mindir")
    assert refused.code == 1
    assert "5 of" in refused.err
    assert not (tmp_path / "odd.ms").exists()


@pytest.mark.skipif(not REAL.exists(), reason="the shared .ms files are not here")
def test_a_model_that_cannot_run_is_still_shown(mlite: Mlite) -> None:
    done = mlite("inspect", REAL / "lenet_train.ms")
    assert done.code == 0
    assert "cannot run" in done.out
    assert "Conv2DFusion" in done.out
    assert mlite("inspect", REAL / "lenet_train.ms", "--json").json["error"]


@pytest.mark.parametrize("name", ["absent.ms", "absent.mindir", "heldout.npz"])
def test_what_is_no_model_is_one_message(mlite: Mlite, name: str) -> None:
    done = mlite("inspect", DIGITS / name)
    assert done.code == 1
    assert done.err.startswith("mlite: error: ")
    assert name in done.err


@pytest.mark.parametrize("command", ["run", "inspect"])
def test_a_device_says_what_to_do_with_a_mindir(capsys: pytest.CaptureFixture[str], command: str) -> None:
    extra = ["--random"] if command == "run" else []
    assert device_main([command, str(DIGITS / "digits.mindir"), *extra]) == 1
    assert "mlite" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["a", "--deep"]], ids=" ".join)
def test_wrong_arguments_are_usage_errors(mlite: Mlite, arguments: list[str]) -> None:
    assert mlite("inspect", *arguments).code == 2
