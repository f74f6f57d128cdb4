"""Arguments for pruning and quantization, and how they combine with a file of settings."""
from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from converter.calibration import CHANNELS, has_some
from converter.config import asked, read_config
from converter.errors import Field, OptionError, PruneError, QuantizeError, SampleError
from converter.prune.settings import SCOPES, Pruning
from converter.quantize.settings import KINDS, OBSERVERS, ROUNDINGS, SPACINGS, Quantization
from lite.commands.run import by_channel, natural, number, positive
from lite.pictures import METHODS

# Arguments by the fields that they set, of Quantization and of Calibration, and fields of Pruning by arguments.
_FIELDS = (
    "observer", "activation_bits", "equalize", "smooth", "skip_nodes", "weight_bits", "group_size", "rounding",
    "spacing", "size_budget", "error_budget", "max_error",
)  # fmt: skip
_PRUNING = {
    "prune": "channels", "prune_weights": "weights", "prune_pattern": "pattern", "prune_scope": "scope",
    "prune_skip": "skip_nodes",
}  # fmt: skip
_ASKING = {  # name: the fields that ask for it, and the arguments
    "quantization": (("kind",), "--quantize KIND"),
    "pruning": (("channels", "weights", "pattern"), "--prune SHARE"),
}
_EXACT_BITS = 8  # of weights, from which they lose next to nothing
_CALIBRATION = ("size", "seed", "channels", "scale", "mean", "std", "resize", "resize_method", "crop")
_SETTINGS: dict[str, type[Quantization] | type[Pruning]] = {"quantization": Quantization, "pruning": Pruning}
_DESTINATIONS = {  # of arguments, by the fields that they set
    **{("quantization", name): name for name in ("kind", *_FIELDS)},
    **{("pruning", field): name for name, field in _PRUNING.items()},
    **{("calibration", name): name for name in _CALIBRATION},
    ("calibration", "path"): "calibration",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--prune, --quantize, --config, and what they need."""
    group = parser.add_argument_group("pruning, before quantization")
    add = group.add_argument
    add("--prune", metavar="SHARE", type=number, help="share of channels to remove, such as 0.5")
    add("--prune-weights", metavar="SHARE", type=number, help="share of single weights to set to 0, such as 0.75")
    add("--prune-pattern", metavar="N:M", help="keep N of every M consecutive weights, such as 2:4")
    add("--prune-scope", metavar="NAME", choices=SCOPES,
        help="global: the share is of all layers together (the default); layer: of each")
    add("--prune-skip", metavar="NAME[,NAME...]", type=_names, help="nodes that keep all weights and channels")
    group = parser.add_argument_group("quantization")
    add = group.add_argument
    add("--quantize", dest="kind", metavar="KIND", choices=KINDS,
        help=f"kind of quantization: {_list(KINDS)}")
    add("--skip-nodes", metavar="NAME[,NAME...]", type=_names, help="nodes that stay in float32")
    add("--observer", metavar="NAME", choices=OBSERVERS,
        help=f"how ranges of activations follow from samples: {_list(OBSERVERS)} (minmax)")
    add("--activation-bits", metavar="N", type=int, choices=(7, 8),
        help="bits of an activation: 8, or 7, which is faster with AVX2 but no VNNI (8)")
    add("--equalize", action="store_const", const=True,
        help="first equalize the ranges of channels between two products")
    add("--smooth", metavar="X", type=number,
        help="0 to 1: equalize channels after layer norms, by way of the weights that follow")
    add("--weight-bits", metavar="N", type=positive, help="bits of a weight with --quantize weight, 1 to 16 (8)")
    add("--group-size", metavar="N", type=natural, help="weights that share a scale; 0 for all of a channel (0)")
    add("--rounding", metavar="NAME", choices=ROUNDINGS,
        help=f"how weights are rounded with --quantize weight: {_list(ROUNDINGS)}")
    add("--spacing", metavar="NAME", choices=SPACINGS,
        help=f"spacing of the values that weights can have: {_list(SPACINGS)} (even)")
    add("--size-budget", metavar="SHARE", type=number,
        help="choose bits by layer, so that the file takes at most this share of the float32 one, such as 0.12")
    add("--error-budget", metavar="X", type=number,
        help="choose bits by layer, as few as keep the relative error of the outputs below this, such as 0.1")
    add("--max-error", metavar="X", type=number,
        help="keep layers in float32, those that cost the most first, until the relative error of the outputs, beside "
        "what pruning does, is at most this, such as 0.02")
    group = parser.add_argument_group("pruning and quantization")
    add = group.add_argument
    add("--config", metavar="FILE", type=Path, help="file of settings: TOML, or the INI of MindSpore Lite's converter")
    add("--calibration", metavar="[NAME=]PATH", action="append", type=_named_path,
        help="calibration samples: a file or folder, for several inputs one for each, or .npz files with all inputs")
    add("--calibration-size", dest="size", metavar="N", type=positive, help="how many samples to use (all)")
    add("--seed", metavar="N", type=natural, help="of the random choice among more samples (0)")
    add("--report", metavar="FILE", type=Path,
        help="write what compression does to every layer, as .html, .json or .csv")
    pictures = parser.add_argument_group("calibration samples that are pictures")
    add = pictures.add_argument
    add("--channels", metavar="ORDER", choices=CHANNELS, help=f"{_list(CHANNELS)} (RGB)")
    add("--scale", metavar="X", type=number, help="pixels are multiplied by this (1/255)")
    add("--mean", metavar="X[,X...]", type=by_channel, help="then this is subtracted: one number, or one a channel (0)")
    add("--std", metavar="X[,X...]", type=by_channel,
        help="then they are divided by this: one number, or one a channel (1)")
    add("--resize", metavar="N[,N]", type=_lengths, help="height,width, or the length of the shorter side")
    add("--resize-method", metavar="NAME", choices=tuple(METHODS), help=f"{_list(METHODS)} (linear)")
    add("--crop", metavar="N[,N]", type=_lengths,
        help="height,width, or the length of a square, of the middle that is kept after --resize")


def settings_of(args: argparse.Namespace) -> dict[str, Any]:
    """The options "quantization" and "pruning", each None where nothing asks for it.

    Raises OptionError for a wrong file of settings and OSError for one that cannot be read; wrong arguments are usage
    errors.
    """
    given = {name: value for name, value in vars(args).items() if value is not None}
    tables = read_config(args.config) if args.config is not None else {}
    samples = {name: given[name] for name in _CALIBRATION if name in given}
    if args.calibration:
        samples["path"] = _path(args)
    if samples and "path" not in {**tables.get("calibration", {}), **samples}:
        args.usage_error(f"{_argument(samples)} is for calibration samples: give --calibration PATH")
    own = {
        "quantization": {name: given[name] for name in ("kind", *_FIELDS) if name in given},
        "pruning": {field: given[name] for name, field in _PRUNING.items() if name in given},
    }
    for name, (keys, needed) in _ASKING.items():
        if own[name] and name not in tables and not own[name].keys() & keys:
            argument = _argument(field for field in (_FIELDS if name == "quantization" else _PRUNING) if field in given)
            args.usage_error(f"{argument} is for {name}: give {needed}, or a --config that asks for it")
    found = {name: asked(tables, name, settings or None) for name, settings in own.items()}
    if not any(found.values()) and (samples or args.report):
        argument = "--calibration" if args.calibration else "--report" if args.report else _argument(samples)
        args.usage_error(f"{argument} is for pruning and quantization: give --prune SHARE, --quantize KIND, or a "
            "--config that asks for one")
    for settings in found.values():
        if settings is not None and samples:
            settings["samples"] = {**settings.get("samples", {}), **samples}
    if args.report is not None:
        _check_report(args)
    return {name: _made(args, name, settings) for name, settings in found.items()}


def advice(quantization: Quantization | None) -> str:
    """What to say of settings that can be bettered, or ""."""
    if quantization is None or quantization.kind != "weight" or has_some(quantization.samples):
        return ""
    bits = quantization.weight_bits
    few = f"weights in {bits} bits lose much less with samples, and then what outputs lose is shown: --calibration PATH"
    return few if bits < _EXACT_BITS else ""


@contextmanager
def named_as_given(args: argparse.Namespace) -> Iterator[None]:
    """Make errors that depend on the model name the arguments that were given, in place of the fields behind them."""
    try:
        yield
    except (QuantizeError, PruneError, SampleError) as error:
        raise error.renamed(partial(_given, args)) from error


def _argument(names: Iterable[str]) -> str:
    """The first of these as it is given on a command line."""
    name = next(iter(names))
    return "--" + {"kind": "quantize", "size": "calibration_size"}.get(name, name).replace("_", "-")


def _check_report(args: argparse.Namespace) -> None:
    from converter.reports.formats import check_format

    try:
        check_format(args.report)
    except OptionError as error:
        args.usage_error(f"argument --report: {error}")


def _made(args: argparse.Namespace, name: str, settings: Any) -> Any:
    """A Quantization or Pruning of these settings, or None of None."""
    try:
        return None if settings is None else _SETTINGS[name].of(settings)
    except OptionError as error:
        return args.usage_error(str(error.renamed(partial(_given, args))))


def _given(args: argparse.Namespace, field: Field) -> str:
    """What a field of settings is called: as its argument, with --config if that was given as such."""
    name = _DESTINATIONS.get((field.of, field), "")
    if not name or (args.config is not None and getattr(args, name) is None):
        return field
    return _argument([name])


def _path(args: argparse.Namespace) -> Path | dict[str, Path]:
    named = dict(args.calibration)
    if len(named) < len(args.calibration):
        args.usage_error("argument --calibration: give one PATH, or NAME=PATH once for each input")
    if "" not in named:
        return named
    if len(named) > 1:
        args.usage_error("argument --calibration: of several, each is NAME=PATH")
    path: Path = named[""]
    return path


def _named_path(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not (path if equals else name):
        raise argparse.ArgumentTypeError(f"{text!r} names no file or folder")
    return (name, Path(path)) if equals else ("", Path(text))


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _lengths(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if len(parts) > 2:
        raise argparse.ArgumentTypeError(f"{text!r} is not N or HEIGHT,WIDTH")
    return tuple(map(positive, parts))


def _list(names: Any) -> str:
    return ", ".join(names)
