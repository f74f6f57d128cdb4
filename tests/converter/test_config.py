"""Files of settings: TOML, the INI of MindSpore Lite as people have it, and what is refused with the nearest name."""
from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import converter
from converter.config import read_config
from converter.errors import OptionError

FULL = """\
[common_quant_param]
# Supports WEIGHT_QUANT or FULL_QUANT
quant_type=FULL_QUANT
bit_num=8
min_quant_weight_size=0
min_quant_weight_channel=16
skip_quant_node=a, b

[full_quant_param]
activation_quant_method=MAX_MIN
per_channel=true

[data_preprocess_param]
calibrate_path=x:/mnt/image/input_1_dir,y:input_2_dir
calibrate_size=100
input_type=IMAGE
image_to_format=RGB
normalize_mean=[127.5, 127.5, 127.5]
normalize_std=[127.5, 127.5, 127.5]
resize_width=256
resize_height=255
resize_method=LINEAR
center_crop_width=224
center_crop_height=223
"""
TOML = """\
[quantization]
kind = "full"
skip_nodes = ["a"]

[pruning]
channels = 0.5

[calibration]
path = "images"
size = 100
mean = [0.485, 0.456, 0.406]
"""


def read(tmp_path: Path, text: str | bytes, name: str = "quant.cfg") -> dict[str, Any]:
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_config(tmp_path / name)


def test_a_pipe_is_no_file_of_settings(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.cfg")
    with pytest.raises(OptionError, match="not a file of settings"):
        read_config(tmp_path / "pipe.cfg")


def test_the_ini_of_mindspore_lite_is_taken_as_it_is(tmp_path: Path) -> None:
    assert read(tmp_path, FULL) == {
        "quantization": {"kind": "full", "skip_nodes": ["a", "b"], "observer": "minmax"},
        "calibration": {
            "path": {"x": "/mnt/image/input_1_dir", "y": "input_2_dir"},
            "size": 100, "channels": "RGB", "scale": 1.0, "mean": [127.5] * 3, "std": [127.5] * 3, "bin_nhwc": False,
            "resize": [255, 256], "resize_method": "linear", "crop": [223, 224],
        },
    }  # fmt: skip


def test_pictures_are_bgr_and_bytes_have_pixels_last_unless_it_says_else(tmp_path: Path) -> None:
    text = COMMON + "[data_preprocess_param]\ncalibrate_path=a:b:c\ninput_type=BIN\n"
    samples = read(tmp_path, text)["calibration"]
    assert samples == {"path": {"a:b": "c"}, "scale": 1.0, "channels": "BGR", "bin_nhwc": True}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 reads TOML with tomli")
def test_toml_has_the_fields_by_their_names(tmp_path: Path) -> None:
    settings = read(tmp_path, TOML, "quant.toml")
    assert settings == {
        "quantization": {"kind": "full", "skip_nodes": ["a"]},
        "pruning": {"channels": 0.5},
        "calibration": {"path": "images", "size": 100, "mean": [0.485, 0.456, 0.406]},
    }


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 reads TOML with tomli")
def test_options_take_a_file_and_fields_in_place_of_its_own(tmp_path: Path) -> None:
    read(tmp_path, TOML, "quant.toml")
    options = converter.ConvertOptions(
        config=tmp_path / "quant.toml", quantization={"observer": "mse"}, pruning={"samples": {"size": 5}}
    )
    assert isinstance(options.quantization, converter.Quantization)
    assert isinstance(options.pruning, converter.Pruning)
    assert (options.quantization.observer, options.quantization.samples.size) == ("mse", 100)
    assert (options.pruning.channels, options.pruning.samples.size, options.pruning.samples.path) == (0.5, 5, "images")
    whole = converter.Pruning(channels=0.25)
    assert converter.ConvertOptions(config=tmp_path / "quant.toml", pruning=whole).pruning is whole


def test_a_file_without_quantization_asks_for_none(tmp_path: Path) -> None:
    assert read(tmp_path, "[common_quant_param]\nquant_type=\n[registry]\nplugin_path=\ndisable_fusion=off\n") == {}
    with pytest.raises(OptionError, match="asks for nothing: expected"):
        converter.ConvertOptions(config=tmp_path / "quant.cfg")
    with pytest.raises(OptionError, match=r"quantization is 'quant.cfg': .* files are for config"):
        converter.ConvertOptions(quantization="quant.cfg")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="config is a int: expected the path"):
        converter.ConvertOptions(config=3)  # type: ignore[arg-type]


COMMON = "[common_quant_param]\nquant_type=FULL_QUANT\n"
WEIGHT = "[common_quant_param]\nquant_type=WEIGHT_QUANT\n"
SAMPLES = "[data_preprocess_param]\ncalibrate_path=x:images\n"

# the file, and what the error says
REFUSED = [
    ("[comon_quant_param]\n", "did you mean 'common_quant_param'"),
    ("[common_quant_param]\nquant_typ=FULL_QUANT\n", "did you mean 'quant_type'"),
    ("[common_quant_param]\nquant_type=FULL\n", "quant_type=FULL: expected one of WEIGHT_QUANT, FULL_QUANT, DYN"),
    (COMMON + "bit_num=4\n", "full and dynamic quantization have 8 bits"),
    (COMMON + "[full_quant_param]\ntarget_device=KIRIN\n", "files for KIRIN are not made.*leave target"),
    (COMMON + "[full_quant_param]\ntarget_device=TPU\n", "expected one of KIRIN"),
    (COMMON + "[full_quant_param]\nbias_correction=2\n", "expected one of true, false"),
    (COMMON + "[data_preprocess_param]\ncalibrate_size=5\n", "has no calibrate_path"),
    (COMMON + "[data_preprocess_param]\ncalibrate_path=images\n", "expected input:folder"),
    (COMMON + "[data_preprocess_param]\ncalibrate_size=0\n", r"calibrate_size=0: expected an integer in \[1, 65535\]"),
    (COMMON + "[data_preprocess_param]\nnormalize_mean=[a]\n", "expected numbers"),
    (COMMON + "[data_preprocess_param]\ncalibrate_path=x:a\nnormalize_std=0\n", r"\[data_.*\] normalize_std has a 0"),
    (COMMON + "[full_quant_param]\nsmooth_alpha=2\n", r"\[full_quant_param\] smooth_alpha is 2.0: expected 0 to 1"),
    (COMMON + "[data_preprocess_param]\nresize_method=AREA\n", "expected one of LINEAR, NEAREST, CUBIC"),
    (COMMON + "[registry]\nplugin_path=a.so\n", "plugins are libraries of MindSpore Lite"),
    (COMMON + "[registry]\ndisable_fusion=on\n", "--no-optimize"),
    (COMMON + "[full_quant_param]\nper_channel=false\n", "weights have a scale for each channel"),
    (COMMON + COMMON, "not INI: .*already exists"),
    ("quant_type=FULL_QUANT\n", "not INI: .*no section headers"),
    (COMMON + SAMPLES + "resize_width=5\n", r"resize is \[0, 5\]|resize is 0: expected"),
    (b"\xff\xfe\x00", "not text in UTF-8"),
    (b" " * (1 << 21), "not a file of settings"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_what_is_no_setting_is_named(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(OptionError, match=rf"quant\.cfg.*{words}"):
        read(tmp_path, text)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 reads TOML with tomli")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[quantisation]\n", "did you mean 'quantization'"),
        ("[quantization]\nskip_node = []\n", "did you mean 'skip_nodes'"),
        ("[calibration]\npaths = 'x'\n", "did you mean 'path'"),
        ("[pruning]\nsamples = 'x'\n", "no option 'samples'"),
        ("quantization = 3\n", "expected a table"),
        ("[quantization]\nweight_bits = 99\n", "weight_bits is 99: expected 1 to 16"),
        ("[quantization]\nkind = ['full']\n", "kind is .*expected one of full"),
        ("[calibration]\nresize_method = []\n", "resize_method is .*expected one of"),
        ("[calibration]\npath = 3\n", "expected a file or folder"),
        ("[quantization\n", "not TOML"),
        ("a = " + "[" * 5000, "not TOML"),
    ],
)
def test_what_is_no_setting_in_toml_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(OptionError, match=rf"quant\.toml.*{words}"):
        read(tmp_path, text, "quant.toml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (COMMON + "debug_info_save_path=/tmp/x\n", "debug_info_save_path=/tmp/x is left out: .* --report FILE"),
        (COMMON + "enable_encode=false\n", "always stored packed"),
        (COMMON + "[mixed_bit_weight_quant_param]\nmax_iterations=50\n", "bits are chosen by measured errors"),
        (WEIGHT + "min_quant_weight_channel=16\n", r"param\] min_quant_weight_channel=16 is left out: the size"),
        (WEIGHT + "[weight_quant_param]\nbias_correction=true\n", "full quantization alone corrects biases"),
    ],
)
def test_what_has_nothing_to_do_here_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, words: str
) -> None:
    read(tmp_path, text)
    assert re.search(words, caplog.text)


@pytest.mark.parametrize(("mean", "std", "warned"), [
    ("[0.485,0.456,0.406]", "[0.229,0.224,0.225]", True),
    ("[0.5]", "[0.5]", True),
    ("[123.7,116.3,103.5]", "[58.4,57.1,57.4]", False),
    ("[104,117,123]", "[1,1,1]", False),
])
def test_normalization_of_pixels_of_0_to_1_is_remarked_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mean: str, std: str, warned: bool
) -> None:
    read(tmp_path, FULL.partition("normalize_mean")[0] + f"normalize_mean={mean}\nnormalize_std={std}\n")
    assert ("255 times as large" in caplog.text) is warned


def test_weights_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    weight = "[common_quant_param]\nquant_type=WEIGHT_QUANT\nbit_num=4\nmin_quant_weight_size=1000\n"
    more = "[weight_quant_param]\nquant_strategy=GPTQ\nper_channel=True\n[full_quant_param]\nper_channel=false\n"
    assert read(tmp_path, weight + more)["quantization"] == {
        "kind": "weight", "weight_bits": 4, "min_weights": 1001, "rounding": "compensated"
    }  # fmt: skip
    assert not caplog.text


def test_a_single_bit_is_not_symmetric(tmp_path: Path) -> None:
    settings = read(tmp_path, "[common_quant_param]\nquant_type=WEIGHT_QUANT\nbit_num=1\n")
    assert converter.Quantization.of(settings["quantization"]).weight_bits == 1


def test_sections_of_other_kinds_may_stay(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    weight = "[weight_quant_param]\nper_channel=True\nbias_correction=True\n"
    mixed = "[mixed_bit_weight_quant_param]\ninit_scale=0.02\n"
    assert read(tmp_path, COMMON + weight + mixed) == {"quantization": {"kind": "full"}}
    assert not caplog.text


@pytest.mark.parametrize(
    ("rows", "budget"),
    [("", 0.1), ("init_scale=0.02\n", 0.02), ("auto_tune=true\ninit_scale=0.02\n", 0.1), ("auto_tune=false\n", 0.1)],
)
def test_mixed_bits_are_those_that_an_error_allows(tmp_path: Path, rows: str, budget: float) -> None:
    weight = "[common_quant_param]\nquant_type=WEIGHT_QUANT\nbit_num={}\n[mixed_bit_weight_quant_param]\n"
    assert read(tmp_path, weight.format(0) + rows)["quantization"] == {"kind": "weight", "error_budget": budget}
    assert read(tmp_path, weight.format(4) + rows)["quantization"] == {"kind": "weight", "weight_bits": 4}
    with pytest.raises(OptionError, match=r"init_scale=2: expected a number above 0 and below 1"):
        read(tmp_path, weight.format(0) + "init_scale=2\n")
