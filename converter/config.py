"""Files of settings for pruning and quantization: this project's TOML, and the INI of MindSpore Lite's converter.

    [quantization]               [common_quant_param]
    kind = "full"                quant_type=FULL_QUANT
    skip_nodes = ["head"]        skip_quant_node=head

    [calibration]                [data_preprocess_param]
    path = "images"              calibrate_path=x:images
    size = 100                   calibrate_size=100
                                 input_type=IMAGE
    [pruning]
    channels = 0.5

A TOML file has the fields of Quantization, Pruning and Calibration under their own names; pruning and quantization both
use the samples of [calibration]. An INI file (converter/ini.py) cannot ask for pruning. Paths are relative to the
current folder. Files that end in .toml are TOML, all others INI.
"""
from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any

from converter.calibration import Calibration
from converter.errors import MissingPackageError, OptionError
from converter.ini import Names, Tables, read_ini
from converter.names import check_names
from converter.prune.settings import Pruning
from converter.quantize.settings import Quantization
from lite.files import path_of

_LARGEST = 1 << 20  # bytes of a file of settings
_FIELDS = {  # of the tables of a TOML file
    "quantization": [f.name for f in fields(Quantization) if f.name != "samples"],
    "pruning": [f.name for f in fields(Pruning) if f.name != "samples"],
    "calibration": [f.name for f in fields(Calibration)],
}


def read_config(path: str | os.PathLike[str]) -> Tables:
    """The tables of a file of settings, out of quantization, pruning and calibration, each with fields of its class.

    Raises OptionError for what is not a setting, with the file and the nearest name that is one; OSError where the file
    cannot be read; MissingPackageError for TOML on Python 3.10 without tomli.
    """
    file = path_of(path)
    if stat.S_ISFIFO(file.stat().st_mode):  # it would be waited for
        raise OptionError(f"{file} is not a file of settings")
    with open(file, "rb") as stream:
        data = stream.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise OptionError(f"{file} is not a file of settings: it has more than {_LARGEST} bytes")
    try:
        text = data.decode("utf-8-sig")
        tables, names = (_read_toml(text), {}) if file.suffix.lower() == ".toml" else read_ini(text)
        _check(tables, names)
    except UnicodeDecodeError as error:
        raise OptionError(f"{file} is not a file of settings: it is not text in UTF-8") from error
    except OptionError as error:
        raise OptionError(f"{file}: ", *error.args) from error
    return tables


def _check(tables: Tables, names: Names) -> None:
    """Raise OptionError for a value that is out of range. The path of the samples need not be in the file."""
    try:
        Calibration.of({"path": ".", **tables.get("calibration", {})})
        Quantization.of(tables.get("quantization", {}))
        Pruning.of(tables.get("pruning", {}))
    except OptionError as error:
        raise error.renamed(lambda field: names.get((field.of, field), field)) from error


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
    """The settings of "quantization" or "pruning" (name), from a file and from what the caller gives.

    own: what the caller gives: a mapping, whose fields replace those of the file; or anything else that ConvertOptions
    takes, which replaces the whole table; None for nothing.
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
