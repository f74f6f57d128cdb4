"""`mlite convert`: what it writes, what it says, and that a failure leaves nothing behind."""
from __future__ import annotations

import stat
from pathlib import Path

import pytest

import converter
from tests.cli.conftest import DIGITS, Mlite

MINDIR = DIGITS / "digits.mindir"


def test_writes_what_convert_returns(mlite: Mlite, tmp_path: Path) -> None:
    out = tmp_path / "out.ms"
    done = mlite("convert", MINDIR, "-o", out)
    assert done.code == 0
    assert out.read_bytes() == converter.convert(MINDIR)
    assert str(out) in done.out
    assert len(done.out.splitlines()) == 1


def test_output_goes_beside_the_model(mlite: Mlite, tmp_path: Path) -> None:
    model = tmp_path / "net.mindir"
    model.write_bytes(MINDIR.read_bytes())
    assert mlite("convert", model).code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.mindir", "net.ms"]


def test_json(mlite: Mlite, tmp_path: Path) -> None:
    report = mlite("convert", MINDIR, "-o", tmp_path / "d.ms", "--json").json
    assert report["bytes"] == {"before": MINDIR.stat().st_size, "after": (tmp_path / "d.ms").stat().st_size}
    assert report["nodes"]["after"] < report["nodes"]["before"]
    assert report["output"] == str(tmp_path / "d.ms")


def test_without_passes_nodes_are_kept(mlite: Mlite, tmp_path: Path) -> None:
    kept = mlite("convert", MINDIR, "-o", tmp_path / "d.ms", "--no-optimize", "--json").json["nodes"]
    assert kept["before"] == kept["after"]


def test_replaces_a_file_and_keeps_its_permissions(mlite: Mlite, tmp_path: Path) -> None:
    out = tmp_path / "out.ms"
    out.write_bytes(b"old")
    out.chmod(0o640)
    assert mlite("convert", MINDIR, "-o", out).code == 0
    assert out.read_bytes() != b"old"
    assert stat.S_IMODE(out.stat().st_mode) == 0o640


FILES = {
    "digits": DIGITS,
    "mindir": MINDIR,
    "ms": MINDIR.with_suffix(".ms"),
    "ckpt": MINDIR.with_suffix(".ckpt"),
}

# arguments, and what standard error names
MISUSES = [
    ("{empty}/absent.mindir", ["absent.mindir", "No such file"]),
    ("{empty}", ["is a folder", ".mindir"]),
    (".", ["the model . is a folder"]),
    ("/", ["the model / is a folder"]),
    ("{ms}", ["is the model itself", "--output"]),
    ("{ckpt} -o {empty}/x.ms", ["checkpoint"]),
    ("{digits}/heldout.npz -o {empty}/x.ms", ["heldout.npz"]),
    ("{mindir} -o {empty}", ["is a folder"]),
    ("{mindir} -o {empty}/absent/out.ms", ["does not exist"]),
    ("{mindir} -o {empty}/x.ms --input-shape y=1,1,8,8", ["'y'", "x"]),
    ("{mindir} -o {empty}/x.ms --input-shape x=1,1,9,9", ["x", "no open dimension", "mlite run --input-shape"]),
    ("{mindir} -o {empty}/x.ms --outputs nothing", ["nothing"]),
]


@pytest.mark.parametrize(("arguments", "named"), MISUSES)
def test_misuse_is_one_message(mlite: Mlite, tmp_path: Path, arguments: str, named: list[str]) -> None:
    done = mlite("convert", *arguments.format(empty=tmp_path, **FILES).split())
    assert done.code == 1
    assert done.err.startswith("mlite: error: ")
    assert all(word in done.err for word in named), done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments", ["", "a -o", "a --input-shape x", "a --input-shape x=1,a", "a --input-shape x=0", "a --fast"]
)
def test_wrong_arguments_are_usage_errors(mlite: Mlite, arguments: str) -> None:
    done = mlite("convert", *arguments.split())
    assert done.code == 2
    assert done.err.startswith("mlite convert: error: ")


@pytest.mark.parametrize("suffix", ["onnx", "mindir", "ONNX"])
def test_other_formats_are_exports(mlite: Mlite, tmp_path: Path, suffix: str) -> None:
    done = mlite("convert", MINDIR, "-o", tmp_path / f"net.{suffix}")
    assert done.code == 2
    assert f"mlite export {MINDIR} -o {tmp_path}/net.{suffix}" in done.err
    assert not list(tmp_path.iterdir())


def test_a_dimension_is_at_least_1(mlite: Mlite) -> None:
    for shape in ("x=-1,3", "x=2,0"):
        assert "at least 1" in mlite("convert", "a", "--input-shape", shape).err


def test_an_export_is_not_replaced_by_its_model(mlite: Mlite, tmp_path: Path) -> None:
    misnamed = tmp_path / "net.ms"
    misnamed.write_bytes(MINDIR.read_bytes())
    done = mlite("convert", misnamed)
    assert done.code == 1
    assert "is the model itself: give another with --output" in done.err
    assert misnamed.read_bytes() == MINDIR.read_bytes()


def test_a_failed_write_leaves_nothing(mlite: Mlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    done = mlite("convert", MINDIR, "-o", tmp_path / "out.ms")
    assert done.code == 1
    assert "No space left" in done.err
    assert not list(tmp_path.iterdir())


def test_an_interrupted_write_leaves_nothing(mlite: Mlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupted)
    assert mlite("convert", MINDIR, "-o", tmp_path / "out.ms").code == 130
    assert not list(tmp_path.iterdir())
