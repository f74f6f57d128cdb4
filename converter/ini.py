"""The INI file of MindSpore Lite's converter, in terms of this project's settings.

Every key that MindSpore Lite knows has a row in _INI. Where it has a counterpart here, the row sets that; where there
is nothing to do here, a warning says why; a key that asks for what is not possible here is an error.
"""
from __future__ import annotations

import configparser
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from converter.errors import OptionError
from converter.names import check_names

Tables = dict[str, dict[str, Any]]  # fields of Quantization, Pruning and Calibration, under the names of these
Names = dict[tuple[str, str], str]  # of fields in a file, by table and field

_LOG = logging.getLogger("mindlite")
_CLOSE = 0.1  # error_budget of outputs whose cosine to the exact ones is 0.995, as MindSpore Lite's auto_tune wants it


class _Ini:
    """What an INI file says, translated to fields of this project's settings."""

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        self.calibration: dict[str, Any] = {}
        self.row = ""  # the one that is being read, for messages
        self.keys: Names = {}

    def set(self, name: str, value: Any) -> None:
        """Set a field of Quantization."""
        self.settings[name] = value
        self.keys["quantization", name] = self.row.partition("=")[0]

    def leave_out(self, why: str) -> None:
        """Warn that the row does nothing."""
        _LOG.warning("%s is left out: %s", self.row, why)

    def sample(self, name: str, value: Any) -> None:
        """Set a field of Calibration."""
        self.calibration[name] = value
        self.keys["calibration", name] = self.row.partition("=")[0]


_Row = Callable[[_Ini, str], None]


def read_ini(text: str) -> tuple[Tables, Names]:
    """The tables that an INI file asks for, and by which keys. Raises OptionError, with the row, for what cannot be had
    here."""
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
    deviation = max(found.calibration.get("std", (1.0,)))
    if 0 < deviation < 1:
        _LOG.warning("normalize_std is %g, and pixels are 0..255 there, so that inputs span %g: give normalize_mean "
            "and normalize_std 255 times as large, if they are of pixels 0..1", deviation, 255 / deviation)
    if found.calibration and "path" not in found.calibration:
        raise OptionError("[data_preprocess_param] has no calibrate_path: expected input:folder")
    tables = {"quantization": found.settings if "kind" in found.settings else {}, "calibration": found.calibration}
    return {name: table for name, table in tables.items() if table}, found.keys


def _apply(found: _Ini, section: str, rows: Mapping[str, _Row], key: str, value: str) -> None:
    found.row = f"[{section}] {key}={value}"
    try:
        check_names([key], list(rows))
        if value:
            rows[key](found, value)
    except OptionError as error:
        raise OptionError(f"{found.row}: ", *error.args) from error


def _one_of(choices: Mapping[str, Any], text: str) -> Any:
    if text not in choices:
        raise OptionError(f"expected one of {', '.join(choices)}")
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
        found.calibration[name] = lengths  # of two keys

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
    """A row that counts for one kind of quantization only, since a file may have sections for others."""

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
