"""`mlite convert` that compresses: arguments and files of settings, and that a failure leaves nothing behind."""
from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import converter
from tests.cli.conftest import DIGITS, Mlite

MINDIR = DIGITS / "digits.mindir"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with samples as arrays and as pictures, and files of settings for them."""
    folder = tmp_path / "data"
    (folder / "pictures").mkdir(parents=True)
    images = np.load(DIGITS / "calibration.npz")["images"][:20].astype(np.float32) / 16
    np.save(folder / "x.npy", images.reshape(-1, 1, 1, 8, 8))
    for number, image in enumerate(images):
        Image.fromarray(np.uint8(image.reshape(8, 8) * 255)).save(folder / "pictures" / f"{number:02}.png")
    (folder / "quant.cfg").write_text(
        "[common_quant_param]\nquant_type=FULL_QUANT\nbit_num=8\n"
        f"[data_preprocess_param]\ncalibrate_path=x:{folder}/pictures\ncalibrate_size=10\ninput_type=IMAGE\n"
        "image_to_format=GRAY\nnormalize_mean=[0]\nnormalize_std=[255]\n"
    )
    return folder


def test_arguments_choose_what_convert_is_given(mlite: Mlite, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.ms"
    done = mlite("convert", MINDIR, "-o", out, "--quantize", "full", "--calibration", data / "x.npy")
    assert done.code == 0, done.err
    assert out.read_bytes() == converter.convert(MINDIR, {"quantization": {"samples": np.load(data / "x.npy")}})


def test_what_outputs_lose_is_said_where_there_are_samples(mlite: Mlite, data: Path, tmp_path: Path) -> None:
    given = ["convert", MINDIR, "-o", tmp_path / "out.ms", "--quantize", "weight", "--weight-bits", 4]
    assert "relative error" not in mlite(*given).out
    assert mlite(*given, "--json").json["loss"] is None
    done = mlite(*given, "--calibration", data / "x.npy")
    assert re.search(r"\nrelative error of the outputs: \d+(\.\d+)? % on the first 8 samples\n$", done.out), done.out
    quantization = {"kind": "weight", "weight_bits": 4, "samples": np.load(data / "x.npy")}
    report = converter.report(MINDIR, {"quantization": quantization})
    for more in ([], ["--report", tmp_path / "r.csv"]):
        loss = mlite(*given, "--calibration", data / "x.npy", *more, "--json").json["loss"]
        assert loss == {"error": report.error, "samples": report.samples, "fitted": False}
    one = mlite(*given[:4], "--prune-weights", 0.5, "--calibration", data / "x.npy", "--calibration-size", 1)
    assert one.out.endswith(" on one sample, to which weights were fitted: on others it may well be larger\n")


def test_pictures_and_how_they_become_numbers(mlite: Mlite, data: Path, tmp_path: Path) -> None:
    out, again = tmp_path / "out.ms", tmp_path / "again.ms"
    given = ["--calibration", data / "pictures", "--calibration-size", 10, "--seed", 0, "--channels", "GRAY"]
    assert mlite("convert", MINDIR, "-o", out, "--quantize", "full", *given).code == 0
    assert mlite("convert", MINDIR, "-o", again, "--config", data / "quant.cfg").code == 0
    assert out.read_bytes() == again.read_bytes()


def test_an_argument_replaces_what_the_file_says(mlite: Mlite, data: Path, tmp_path: Path) -> None:
    out, again = tmp_path / "out.ms", tmp_path / "again.ms"
    assert mlite("convert", MINDIR, "-o", out, "--config", data / "quant.cfg", "--std", 128).code == 0
    assert mlite("convert", MINDIR, "-o", again, "--config", data / "quant.cfg").code == 0
    assert out.read_bytes() != again.read_bytes()


def test_a_report_may_be_all_that_is_kept(mlite: Mlite, data: Path) -> None:
    given = ["--quantize", "weight", "--calibration", data / "x.npy", "--report", data / "r.csv"]
    assert mlite("convert", MINDIR, "-o", os.devnull, *given).code == 0
    assert "Conv2DFusion" in (data / "r.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("suffix", ["html", "json", "csv"])
def test_a_report_is_written_with_the_model(mlite: Mlite, data: Path, tmp_path: Path, suffix: str) -> None:
    out, report = tmp_path / "out.ms", tmp_path / f"report.{suffix}"
    given = ["--quantize", "full", "--calibration", data / "x.npy", "--max-error", 0.5]
    done = mlite("convert", MINDIR, "-o", out, *given, "--report", report)
    assert f"{report}: what explains it" in done.out
    assert done.code == 0, done.err
    assert "Conv2DFusion" in report.read_text(encoding="utf-8")
    assert out.read_bytes() == converter.convert(MINDIR, {"quantization": {"samples": np.load(data / "x.npy")}})


def test_bars_of_a_report_have_the_numbers_of_rows(mlite: Mlite, data: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    given = ["--quantize", "full", "--calibration", data / "x.npy", "--report", report]
    assert mlite("convert", MINDIR, "-o", tmp_path / "out.ms", *given).code == 0
    text = report.read_text(encoding="utf-8")
    rows = dict(re.findall(r"<td>(\d+) (\w+) <span>", text))
    bars = re.findall(r'rotate\([^>]*>(\d+)</text><g><title>(\d+) [^(]* \((\w+)\)', text)
    assert list(rows) == [str(i + 1) for i in range(len(rows))]
    assert len(bars) > 3
    assert all(label == number and rows[number] == op for label, number, op in bars)


@pytest.mark.parametrize(
    ("arguments", "harm"),
    [
        ("--prune 0.5", "channels were pruned"),
        ("--prune 0.5 --prune-weights 0.9", "channels were pruned"),
        ("--prune-weights 0.9", "43 % of a layer's squares"),
        ("--prune-pattern 2:4", "15 % of a layer's squares"),
        ("--prune-weights 0.5", ""),
    ],
)
def test_what_only_samples_could_mend_is_said_without_them(
    mlite: Mlite, data: Path, tmp_path: Path, arguments: str, harm: str
) -> None:
    given = ["convert", MINDIR, "-o", tmp_path / "out.ms", *arguments.split()]
    done = mlite(*given)
    assert done.code == 0
    if harm:
        assert done.err.count("were pruned without samples") == 1
        assert all(words in done.err for words in (harm, "not fitted", "nor was it measured", "--calibration"))
    else:
        assert not done.err
    assert not mlite(*given, "--calibration", data / "x.npy").err


def test_pruning_comes_before_quantization(mlite: Mlite, data: Path, tmp_path: Path) -> None:
    out, samples = tmp_path / "out.ms", np.load(data / "x.npy")
    given = ["--prune", 0.5, "--prune-scope", "layer", "--calibration", data / "x.npy"]
    pruning = {"channels": 0.5, "scope": "layer", "samples": samples}
    assert mlite("convert", MINDIR, "-o", out, *given, "--report", tmp_path / "r.csv").code == 0
    assert out.read_bytes() == converter.convert(MINDIR, {"pruning": pruning})
    assert mlite("convert", MINDIR, "-o", out, *given, "--quantize", "full").code == 0
    assert out.read_bytes() == converter.convert(MINDIR, {"pruning": pruning, "quantization": {"samples": samples}})
    assert mlite("convert", MINDIR, "-o", out, "--config", data / "quant.cfg", "--prune", 0.5).code == 0
    config = {"config": data / "quant.cfg", "pruning": {"channels": 0.5}}
    assert out.read_bytes() == converter.convert(MINDIR, config)


def test_single_weights_and_how_they_are_stored(mlite: Mlite, data: Path, tmp_path: Path) -> None:
    out, samples = tmp_path / "out.ms", np.load(data / "x.npy")
    given = ["--calibration", data / "x.npy", "--quantize", "weight"]
    clustered = ["--spacing", "clustered", "--weight-bits", 4, "--prune-weights", 0.75]
    assert mlite("convert", MINDIR, "-o", out, *given, *clustered).code == 0
    pruning, weight = {"weights": 0.75, "samples": samples}, {"kind": "weight", "samples": samples}
    quantization = {**weight, "spacing": "clustered", "weight_bits": 4}
    assert out.read_bytes() == converter.convert(MINDIR, {"pruning": pruning, "quantization": quantization})
    for argument, field in (("--size-budget", "size_budget"), ("--error-budget", "error_budget")):
        assert mlite("convert", MINDIR, "-o", out, *given, argument, 0.3).code == 0
        assert out.read_bytes() == converter.convert(MINDIR, {"quantization": {**weight, field: 0.3}})
    assert mlite("convert", MINDIR, "-o", out, "--prune-pattern", "2:4", "--quantize", "float16").code == 0
    halves = {"pruning": {"pattern": "2:4"}, "quantization": {"kind": "float16"}}
    assert out.read_bytes() == converter.convert(MINDIR, halves)


def test_layers_that_stay_in_float32_are_named(mlite: Mlite, data: Path, tmp_path: Path) -> None:
    given = ["convert", MINDIR, "-o", tmp_path / "out.ms", "--quantize", "full", "--calibration", data / "x.npy"]
    assert mlite(*given, "--json").json["kept_in_float32"] is None
    assert mlite(*given, "--max-error", 0.9).out.endswith(": no layer has to stay in float32\n")
    loss = mlite(*given, "--json").json["loss"]["error"]
    names = mlite(*given, "--max-error", loss / 2, "--json").json["kept_in_float32"]
    nodes = [row["name"] for row in mlite("inspect", tmp_path / "out.ms", "--json").json["nodes"]]
    assert names
    assert set(names) <= set(nodes)
    text = mlite(*given, "--max-error", loss / 2).out.splitlines()[-1]
    assert re.match(rf"{len(names)} of \d+ layers stay in float32: {re.escape(names[0])}", text), text


def test_few_bits_without_samples_are_remarked_on(mlite: Mlite, data: Path, tmp_path: Path) -> None:
    given = ["convert", MINDIR, "-o", tmp_path / "out.ms", "--quantize", "weight"]
    words = "in 4 bits lose much less with samples"
    assert words in mlite(*given, "--weight-bits", 4).out
    assert words not in mlite(*given, "--weight-bits", 4, "--calibration", data / "x.npy").out
    assert "lose much less" not in mlite(*given).out


# arguments, and what standard error names
MISUSES = [
    ("--quantize full", ["there are no samples", "as `samples` in Python", "--calibration PATH", "'dynamic'"]),
    ("--quantize full --calibration {data}/absent", ["absent: No such file"]),
    ("--quantize full --calibration {data}/quant.cfg", ["quant.cfg", "neither .npy"]),
    ("--quantize full --calibration y={data}/x.npy", ["inputs y, but the network has x"]),
    ("--quantize full --calibration {data}/x.npy --skip-nodes nowhere", ["--skip-nodes has 'nowhere'", "no node of"]),
    ("--quantize full --calibration {data}/x.npy --max-error 1e-9", ["--max-error is 1e-09, but even a single"]),
    ("--quantize full --calibration {data}/x.npy --report {data}/no/r.csv", ["folder", "does not exist"]),
    ("--quantize weight --report {data}/r.csv", ["no samples to measure errors with", "--calibration PATH"]),
    ("--quantize weight --size-budget 0.3", ["there are no samples", "--calibration PATH"]),
    ("--quantize weight --size-budget 0.01 --calibration {data}/x.npy", ["--size-budget is 0.01 of the"]),
    ("--quantize full --calibration {data}/x.npy --mean 0.5", ["--mean is of pictures", "x.npy", "leave it out"]),
    ("--prune 0.5 --prune-skip nowhere", ["--prune-skip has 'nowhere'", "no node of that name"]),
    ("--prune 0.5 --calibration {data}/absent", ["absent: No such file"]),
    ("--prune 0.5 --calibration y={data}/x.npy", ["inputs y, but the network has x"]),
    ("--config {data}/absent.cfg", ["absent.cfg: No such file"]),
    ("--config {data}", ["Is a directory"]),
    ("--config {data}/x.npy", ["x.npy is not a file of settings"]),
    ("--config {data}/pictures/01.png", ["is not a file of settings"]),
]


@pytest.mark.parametrize(("arguments", "named"), MISUSES)
def test_misuse_is_one_message_and_writes_nothing(
    mlite: Mlite, data: Path, tmp_path: Path, arguments: str, named: list[str]
) -> None:
    done = mlite("convert", MINDIR, "-o", tmp_path / "x.ms", *arguments.format(data=data).split())
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith("mlite: error: ")
    assert all(word in done.err for word in named), done.err
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--quantize half", "invalid choice"),
        ("--calibration x.npy", "--calibration is for pruning and quantization: give --prune SHARE, --quantize KIND"),
        ("--prune-scope layer", "--prune-scope is for pruning: give --prune SHARE"),
        ("--prune half", "--prune"),
        ("--skip-nodes a", "--skip-nodes is for quantization: give --quantize KIND"),
        ("--report r.html", "--report is for pruning and quantization"),
        ("--quantize full --std 2", "--std is for calibration samples: give --calibration PATH"),
        ("--calibration-size 2", "--calibration-size is for calibration samples: give --calibration PATH"),
        ("--quantize full --calibration", "expected one argument"),
        ("--quantize full --calibration x=", "names no file"),
        ("--quantize full --calibration a --calibration b", "once for each input"),
        ("--quantize full --calibration a --calibration x=b", "each is NAME=PATH"),
        ("--quantize full --calibration a --crop 1,2,3", "is not N or HEIGHT,WIDTH"),
        ("--quantize full --calibration a --calibration-size 0", "at least 1"),
        ("--quantize full --activation-bits 9", "invalid choice"),
        ("--quantize full --calibration a --std 0", "--std has a 0"),
        ("--quantize full --calibration a --mean 0.485,0.456", "argument --mean: '0.485,0.456' is 2 numbers"),
        ("--quantize full --calibration a --report r.pdf", "argument --report: the report r.pdf should end in .html"),
        ("--prune 0.5 --calibration a --resize 9,0", "argument --resize"),
        ("--prune 0.5 --calibration a --std 0", "--std has a 0"),
        ("--prune 1.5", "--prune is 1.5: expected a share of the channels, from 0 to below 1"),
        ("--prune-pattern 4:2", "--prune-pattern is '4:2'"),
        ("--prune-weights 0.5 --prune-pattern 2:4", "--prune-weights is 0.5 and --prune-pattern '2:4': give one of"),
        ("--quantize weight --weight-bits 17", "--weight-bits is 17: expected 1 to 16"),
        ("--quantize full --weight-bits 4", "--weight-bits is 4, which 'full' quantization does not use"),
        ("--quantize weight --spacing clustered", "--weight-bits is 8 and --spacing 'clustered': expected 1 to 7 bits"),
        ("--quantize weight --size-budget 1.5", "--size-budget is 1.5: expected a share of the float32 file's bytes"),
        ("--quantize weight --size-budget 0.1 --error-budget 0.1", "--size-budget and --error-budget: give one"),
        ("--quantize full --smooth 2", "--smooth is 2.0: expected 0 to 1, such as 0.5 ("),
    ],
)
def test_wrong_arguments_are_usage_errors(mlite: Mlite, arguments: str, words: str) -> None:
    done = mlite("convert", MINDIR, *arguments.split())
    assert done.code == 2
    assert words in done.err


def test_arguments_are_named_beside_a_file_of_settings(mlite: Mlite, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("[quantization]\nkind = 'weight'\nspacing = 'clustered'\nweight_bits = 4\n")
    done = mlite("convert", MINDIR, "--config", settings, "--weight-bits", 8)
    assert done.code == 2
    assert "--weight-bits is 8 and spacing 'clustered'" in done.err
