"""Settings of compression in files: this project's TOML, and the INI that MindSpore Lite's converter takes.

    [quantization]               [common_quant_param]
    kind = "full"                quant_type=FULL_QUANT
    skip_nodes = ["head"]        skip_quant_node=head

    [calibration]                [data_preprocess_param]
    path = "images"              calibrate_path=x:images
    size = 100                   calibrate_size=100
                                 input_type=IMAGE
    [pruning]
    channels = 0.5

A TOML file has the fields of Quantization, Pruning and Calibration under their own names; the first two take the
samples of the third. Of an INI, which knows no pruning, every key is known: it has a counterpart here, or nothing to do
here (then a warning says why), or asks for what cannot be had (an error).
Paths are relative to the folder that the program runs in. Files that end in .toml are TOML, all others INI.
"""
from __future__ import annotations

import configparser
import logging
import os
import re
import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any

from converter.calibration import Calibration
from converter.errors import MissingPackageError, OptionError
from converter.names import check_names
from converter.prune.settings import Pruning
from converter.quantize.settings import Quantization
from lite.files import path_of

_LOG = logging.getLogger("mindlite")
_LARGEST = 1 << 20  # bytes of a file of settings
_FIELDS = {  # of the tables of a TOML file
    "quantization": [f.name for f in fields(Quantization) if f.name != "samples"],
    "pruning": [f.name for f in fields(Pruning) if f.name != "samples"],
    "calibration": [f.name for f in fields(Calibration)],
}
_CLOSE = 0.1  # error_budget of outputs whose cosine to the exact ones is 0.995, as MindSpore Lite's auto_tune wants it


Tables = dict[str, dict[str, Any]]


def read_config(path: str | os.PathLike[str]) -> Tables:
    """The tables that are there of quantization, pruning and calibration, each with the fields of its class.

    Raises OptionError, with the file and the nearest name there is, for what is not a setting; OSError;
    MissingPackageError for TOML on Python 3.10 without tomli.
    """
    file = path_of(path)
    if stat.S_ISFIFO(file.stat().st_mode):  # it would be waited for
        raise OptionError(f"{file} is no file of settings")
    with open(file, "rb") as stream:
        data = stream.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise OptionError(f"{file} is no file of settings: it has more than {_LARGEST} bytes")
    try:
        text = data.decode("utf-8-sig")
        tables = _read_toml(text) if file.suffix.lower() == ".toml" else _read_ini(text)
        _check(tables)
    except UnicodeDecodeError as error:
        raise OptionError(f"{file} is no file of settings: it is not text in UTF-8") from error
    except OptionError as error:
        raise OptionError(f"{file}: {error}") from error
    return tables


def _check(tables: Tables) -> None:
    """Raise OptionError for a value that is out of range. Where the samples are may be said elsewhere."""
    Calibration.of({"path": ".", **tables.get("calibration", {})})
    Quantization.of(tables.get("quantization", {}))
    Pruning.of(tables.get("pruning", {}))


def _read_toml(text: str) -> Tables:
    try:
        toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    except ModuleNotFoundError as error:
        raise MissingPackageError("reading TOML with Python 3.10 needs tomli: pip install tomli") from error
    try:
        document = toml.loads(text)
    except (ValueError, RecursionError) as error:
        raise OptionError(f"not TOML: {error}") from error
    check_names(document, list(_FIELDS))
    for name, table in document.items():
        if not isinstance(table, dict):
            raise OptionError(f"{name} is a value: expected a table, [{name}]")
        check_names(table, _FIELDS[name])
    tables: Tables = document
    return tables


def asked(tables: Tables, name: str, own: Any) -> Any:
    """What is asked for of "quantization" or "pruning": what a file says, and in its place what `own` does.

    own: a mapping of fields, or what else ConvertOptions takes, which replaces the whole table; None for nothing.
    """
    if own is None and name not in tables:
        return None
    if own is not None and not isinstance(own, Mapping):
        return own
    found = {**tables.get(name, {}), **(own or {})}
    samples = found.get("samples")
    if "calibration" in tables and (samples is None or isinstance(samples, Mapping)):
        found["samples"] = {**tables["calibration"], **(samples or {})}
    return found


class _Ini:
    """What an INI file says, in terms of this project."""

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        self.calibration: dict[str, Any] = {}
        self.row = ""  # that is being read, as messages have it

    def set(self, name: str, value: Any) -> None:
        """A field of Quantization."""
        self.settings[name] = value

    def leave_out(self, why: str) -> None:
        """Say that a row does nothing."""
        _LOG.warning("%s is left out: %s", self.row, why)

    def sample(self, name: str, value: Any) -> None:
        """A field of Calibration."""
        self.calibration[name] = value


_Row = Callable[[_Ini, str], None]


def _read_ini(text: str) -> Tables:
    parser = configparser.ConfigParser(
        delimiters=("=",), comment_prefixes=("#", ";"), interpolation=None, default_section=""
    )
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # names keep their case
    try:
        parser.read_string(text, "line")
    except configparser.Error as error:
        raise OptionError(f"not INI: {' '.join(str(error).split())}") from error
    check_names(parser.sections(), list(_INI))
    found = _Ini()
    for section, rows in _INI.items():
        if not parser.has_section(section):
            continue
        keys = sorted(parser[section], key=lambda key: (key != "quant_type", key == "auto_tune"))
        for key in keys:  # others depend on the first, and the last on others
            _apply(found, section, rows, key, parser[section][key])
    if found.calibration and "path" not in found.calibration:
        raise OptionError("[data_preprocess_param] has no calibrate_path: expected input:folder")
    tables = {"quantization": found.settings if "kind" in found.settings else {}, "calibration": found.calibration}
    return {name: table for name, table in tables.items() if table}


def _apply(found: _Ini, section: str, rows: Mapping[str, _Row], key: str, value: str) -> None:
    found.row = f"[{section}] {key}={value}"
    try:
        check_names([key], list(rows))
        if value:
            rows[key](found, value)
    except OptionError as error:
        raise OptionError(f"{found.row}: {error}") from error


def _one_of(choices: Mapping[str, Any], text: str) -> Any:
    if text not in choices:
        raise OptionError(f"there are {', '.join(choices)}")
    return choices[text]


def _flag(text: str) -> bool:
    value: bool = _one_of({"true": True, "false": False}, text.lower())
    return value


def _integer(text: str, least: int, most: int = 65535) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not least <= int(text) <= most:
        raise OptionError(f"expected an integer in [{least}, {most}]")
    return int(text)


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.strip("[]").split(",")]
    except ValueError:
        raise OptionError("expected numbers, such as [127.5, 127.5, 127.5]") from None


def _set_kind(found: _Ini, text: str) -> None:
    kinds = {"WEIGHT_QUANT": "weight", "FULL_QUANT": "full", "DYNAMIC_QUANT": "dynamic"}
    found.settings["kind"] = _one_of(kinds, text)


def _set_bits(found: _Ini, text: str) -> None:
    kind = found.settings.get("kind")
    if kind == "weight":
        bits = _integer(text, 0, 16)
        found.set("weight_bits", bits) if bits else found.set("error_budget", _CLOSE)
        if bits == 1:
            found.set("symmetric", False)  # a single bit is one of two numbers, none of which has to be 0
    elif _integer(text, 1, 16) != 8:
        raise OptionError("full and dynamic quantization have 8 bits")


def _set_scale(found: _Ini, text: str) -> None:
    (scale,) = _numbers(text)[:1]
    if not 0 < scale < 1:
        raise OptionError("expected a number above 0 and below 1")
    if "error_budget" in found.settings:  # bit_num is 0
        found.set("error_budget", scale)


def _tune(found: _Ini, text: str) -> None:
    if _flag(text) and "error_budget" in found.settings:
        found.set("error_budget", _CLOSE)


def _set_path(found: _Ini, text: str) -> None:
    pairs = [part.rpartition(":") for part in text.split(",")]
    if not all(name.strip() and place.strip() for name, _, place in pairs):
        raise OptionError("expected input:folder, and more after commas")
    found.sample("scale", 1.0)  # normalize_mean and normalize_std are of pixels 0..255
    found.calibration.setdefault("channels", "BGR")  # as MindSpore Lite reads pictures, unless image_to_format is given
    found.sample("path", {name.strip(): place.strip().strip("'\"") for name, _, place in pairs})


def _set_input_type(found: _Ini, text: str) -> None:
    found.sample("bin_nhwc", _one_of({"IMAGE": False, "BIN": True}, text))


def _set_length(name: str, axis: int) -> _Row:
    def row(found: _Ini, text: str) -> None:
        lengths = list(found.calibration.get(name, (0, 0)))
        lengths[axis] = _integer(text, 1)
        found.sample(name, lengths)

    return row


def _refuse_device(found: _Ini, text: str) -> None:
    _one_of(dict.fromkeys(("KIRIN", "NVGPU", "DSP", "ASCEND")), text)
    raise OptionError(f"files for {text} are not made here, but for any CPU: leave target_device out")


def _set_channels(found: _Ini, text: str) -> None:
    if not _flag(text):
        raise OptionError("weights have a scale for each channel here, which is as fast and more accurate")


def _set_rounding(found: _Ini, text: str) -> None:
    found.set("rounding", _one_of({"MAX_MIN": "nearest", "GPTQ": "compensated"}, text))


def _set_method(found: _Ini, text: str) -> None:
    methods = {"MAX_MIN": "minmax", "KL": "kl", "REMOVAL_OUTLIER": "percentile"}
    found.set("observer", _one_of(methods, text))


def _for_kind(kind: str, row: _Row) -> _Row:
    """A row that only counts for one kind of quantization; the other sections may stay in the file."""

    def only(found: _Ini, text: str) -> None:
        if found.settings.get("kind") == kind:
            row(found, text)

    return only


def _ignore(why: str, harmless: str = "") -> _Row:
    def row(found: _Ini, text: str) -> None:
        if text.lower() != harmless:
            found.leave_out(why)

    return row


def _only(harmless: str, why: str) -> _Row:
    def row(found: _Ini, text: str) -> None:
        if text.lower() != harmless:
            raise OptionError(why)

    return row


_INI: dict[str, dict[str, _Row]] = {
    "common_quant_param": {
        "quant_type": _set_kind,
        "bit_num": _set_bits,
        "min_quant_weight_size": _for_kind(
            "weight", lambda found, text: found.set("min_weights", _integer(text, 0) + 1)
        ),
        "min_quant_weight_channel": _for_kind("weight", _ignore("the size of weights alone counts here", "0")),
        "skip_quant_node": lambda found, text: found.set("skip_nodes", [name.strip() for name in text.split(",")]),
        "debug_info_save_path": _ignore("nothing is written there; --report FILE explains what quantization did"),
        "enable_encode": _ignore("codes are always stored packed", "true"),
        "workspace": _ignore("no folder for large models is needed"),
    },
    "weight_quant_param": {
        "dequant_strategy": _only("", "ON_THE_FLY is for Ascend: leave it out; codes are decoded by kernels here"),
        "quant_strategy": _for_kind("weight", _set_rounding),
        "per_channel": _for_kind("weight", _set_channels),
        "bias_correction": _for_kind("weight", _ignore("full quantization alone corrects biases", "false")),
        "update_mindir": _ignore("the .mindir stays as it is", "false"),
        "max_segments": _ignore("how codes are decoded is chosen by layer", "1"),
    },
    "mixed_bit_weight_quant_param": {
        "init_scale": _for_kind("weight", _set_scale),
        "auto_tune": _for_kind("weight", _tune),
        "use_cv_data": _ignore("calibration data is used where there is some", "false"),
        "max_iterations": _ignore("bits are chosen by measured errors, in as many steps as it takes"),
        "workspace": _ignore("no folder is needed"),
    },
    "full_quant_param": {
        "activation_quant_method": _for_kind("full", _set_method),
        "bias_correction": _for_kind("full", lambda found, text: found.set("bias_correction", _flag(text))),
        "per_channel": _for_kind("full", _set_channels),
        "target_device": _refuse_device,
        "smooth_alpha": _for_kind("full", lambda found, text: found.set("smooth", _numbers(text)[0])),
        "enable_smooth_shift": _only("false", "there is no shift: leave it out"),
    },
    "data_preprocess_param": {
        "input_type": _set_input_type,
        "calibrate_path": _set_path,
        "calibrate_size": lambda found, text: found.sample("size", _integer(text, 1)),
        "image_to_format": lambda found, text: found.sample(
            "channels", _one_of({"RGB": "RGB", "BGR": "BGR", "GRAY": "GRAY"}, text)
        ),
        "normalize_mean": lambda found, text: found.sample("mean", _numbers(text)),
        "normalize_std": lambda found, text: found.sample("std", _numbers(text)),
        "resize_width": _set_length("resize", 1),
        "resize_height": _set_length("resize", 0),
        "resize_method": lambda found, text: found.sample(
            "resize_method", _one_of({"LINEAR": "linear", "NEAREST": "nearest", "CUBIC": "cubic"}, text)
        ),
        "center_crop_width": _set_length("crop", 1),
        "center_crop_height": _set_length("crop", 0),
    },
    "dynamic_quant_param": {
        "quant_strategy": _only(
            "alwc", "activations are quantized by row and weights by channel here, which ALWC comes nearest to"
        ),
    },
    "registry": {
        "plugin_path": _only("", "plugins are libraries of MindSpore Lite: leave it out"),
        "disable_fusion": _only("off", "give --no-optimize, or optimize=False, in its place"),
        "fusion_blacklists": _only("", "fusions have other names here: leave it out, or give --no-optimize"),
    },
}
