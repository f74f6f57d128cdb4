"""A checkpoint in the place of a network's own weights."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import converter
from converter.checkpoint import write_checkpoint
from converter.cli import main
from converter.errors import OptionError
from converter.mindir.constants import ConstantReader
from converter.mindir.mind_ir_pb2 import ModelProto
from lite import Session
from lite.types import Array

DIGITS = Path(__file__).resolve().parents[3] / "samples" / "digits" / "digits.mindir"
X = np.random.default_rng(3).random((1, 1, 8, 8), np.float32)


def parameters() -> dict[str, Array]:
    """The weights of the sample as it was exported."""
    model = ModelProto()
    model.ParseFromString(DIGITS.read_bytes())
    return {tensor.ref_key: ConstantReader().tensor(tensor) for tensor in model.graph.parameter}


@pytest.fixture(scope="module")
def weights() -> dict[str, Array]:
    return {name: np.float32(0.5) * data for name, data in parameters().items()}


@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors"])
def test_a_session_of_an_export_and_a_checkpoint(suffix: str, weights: dict[str, Array], tmp_path: Path) -> None:
    path = tmp_path / f"half{suffix}"
    write_checkpoint(path, {**weights, "epoch_num": np.array(3)})
    with converter.load(DIGITS) as own, converter.load(DIGITS, path, delegates=["reference"]) as session:
        assert not np.array_equal(session.run(X), own.run(X))
        ran = session.run(X)
    with Session(converter.convert(DIGITS, {"checkpoint": weights}), delegates=["reference"]) as again:
        np.testing.assert_array_equal(again.run(X), ran)
    with converter.load(DIGITS.read_bytes(), parameters()) as same, converter.load(DIGITS, threads=1) as own:
        np.testing.assert_array_equal(same.run(X), own.run(X))


def test_a_checkpoint_of_other_width_is_converted(weights: dict[str, Array]) -> None:
    narrow = {name: data.astype(np.float16) for name, data in weights.items()}
    wide = {name: data.astype(np.float32) for name, data in narrow.items()}
    options = [{"checkpoint": tensors} for tensors in (narrow, wide)]
    assert converter.convert(DIGITS, options[0]) == converter.convert(DIGITS, options[1])


def test_a_checkpoint_of_another_network_is_said_to_be_one(weights: dict[str, Array]) -> None:
    for other in ({f"backbone.{name}": data for name, data in weights.items()}, {}):
        with pytest.raises(OptionError) as caught:
            converter.load(DIGITS, other)
        first, has, own = str(caught.value).splitlines()
        assert f"is of another network: none of its {len(other)} tensors is one of the network's " in first
        assert ("backbone." in has) if other else has.endswith("it has none")
        assert next(iter(weights)) in own


def test_all_that_does_not_fit_is_in_one_error(weights: dict[str, Array]) -> None:
    names = list(weights)
    wrong = {**weights, names[0]: np.zeros(3, np.float32), names[1]: weights[names[1]].astype(np.int32)}
    wrong[f"{names[2]}x"] = wrong.pop(names[2])
    with pytest.raises(OptionError) as caught:
        converter.load(DIGITS, wrong)
    message = str(caught.value)
    assert f"{names[0]}: float32" in message
    assert "there it is float32[3]" in message
    assert "there it is int32" in message
    assert f"not there; did you mean '{names[2]}x'?" in message
    assert f"1 are not parameters of the network: {names[2]}x" in message


def test_the_commands_take_a_checkpoint(
    weights: dict[str, Array], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, output = tmp_path / "half.ckpt", tmp_path / "half.ms"
    write_checkpoint(path, weights)
    assert main(["convert", str(DIGITS), "-o", str(output), "--checkpoint", str(path)]) == 0
    assert output.read_bytes() == converter.convert(DIGITS, {"checkpoint": weights})
    assert main(["run", str(DIGITS), "--random", "--checkpoint", str(path)]) == 0
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["run", str(output), "--random", "--checkpoint", str(path)])
    assert "--checkpoint needs a .mindir" in capsys.readouterr().err
    assert main(["convert", str(DIGITS), "-o", str(output), "--checkpoint", str(DIGITS)]) == 1
    assert "this is a MindIR export; expected a .ckpt" in capsys.readouterr().err
