"""converter.convert and its options."""
from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converter
from converter import ConvertOptions, OptionError
from converter.errors import ArgumentError
from converter.ir.text import parse, to_text

DIGITS = Path(__file__).parents[2] / "samples" / "digits" / "digits.mindir"

TEXT = """
input %x: float32[?,4]
%a = Softmax(%x)
%b = AddFusion(%a, 0.0)
%y = Neg(%b)
%dead = Neg(%x)
output %y
"""

MISTAKES: list[tuple[Any, type[Exception], str]] = [
    ({"optimise": True}, OptionError, "no option 'optimise'; did you mean 'optimize'"),
    ({"bits": 8}, OptionError, "no option 'bits'; there are optimize, input_shapes, outputs, checkpoint,"),
    ({"optimize": 2}, OptionError, "optimize is 2: expected True or False"),
    ({"input_shapes": [1, 4]}, OptionError, "expected a mapping"),
    ({"input_shapes": {"x": 4}}, OptionError, "expected a name and a sequence"),
    ({"input_shapes": {"x": (-1, 4)}}, OptionError, r"input_shapes\['x'\] is \[-1, 4\]: expected dimensions, integers"),
    ({"input_shapes": {"x": (1.5, 4)}}, OptionError, "expected dimensions, integers >= 0"),
    ({"input_shapes": {"x": (True, 4)}}, OptionError, "expected dimensions, integers >= 0"),
    ({"outputs": "y"}, OptionError, "expected a sequence of names"),
    ({"outputs": ["y", "y"]}, OptionError, "occurs twice"),
    ({"progress": "loud"}, OptionError, "expected a function"),
    (["optimize"], ArgumentError, "options is a list: expected ConvertOptions or a mapping such as {'input_shapes'"),
]


@pytest.mark.parametrize(("options", "error", "message"), MISTAKES)
def test_options_that_are_wrong(options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        converter.optimize(parse(TEXT), options)


def test_optimize_runs_the_passes() -> None:
    lines: list[str] = []
    graph = converter.optimize(parse(TEXT), ConvertOptions(progress=lines.append))
    assert to_text(graph).splitlines() == [
        "graph main",
        "input %x: float32[?,4]",
        "%a: float32[?,4] = Softmax(%x)",
        "%y: float32[?,4] = Neg(%a)",
        "output %y",
    ]
    assert lines[0].startswith("eliminate_dead_code")


def test_without_passes_only_dead_code_goes() -> None:
    graph = converter.optimize(parse(TEXT), {"optimize": False})
    assert [node.op for node in graph.nodes] == ["Softmax", "AddFusion", "Neg"]


def test_a_real_export_becomes_a_file() -> None:
    lines: list[str] = []
    data = converter.convert(DIGITS, {"progress": lines.append})
    assert data[4:8] == b"MSL2"
    assert converter.convert(DIGITS.read_bytes()) == data
    assert len(converter.convert(str(DIGITS), {"optimize": False})) > len(data)
    assert (lines[0], lines[-1]) == ("read", "write")


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("absent.mindir", FileNotFoundError, "absent.mindir"),
        (3, TypeError, "source is a int: expected a path or the bytes"),
        (b"no model", converter.ConvertError, "(?i)mindir"),
    ],
)
def test_sources_that_are_wrong(source: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        converter.convert(source)


def test_dimensions_may_be_numpys() -> None:
    assert ConvertOptions(input_shapes={"x": (np.int64(2), 4)}).input_shapes == {"x": (2, 4)}


def test_help_lists_every_option() -> None:
    assert converter.convert.__doc__ is not None
    assert all(f" {f.name} " in converter.convert.__doc__ for f in fields(ConvertOptions))


def test_without_protobuf_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['google'] = None; import converter\n"
        "try: converter.convert(b'...')\n"
        "except converter.MissingPackageError as error: print(error, isinstance(error, ImportError))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "reading MindIR needs protobuf: pip install 'mindlite[convert]' True\n"


def test_options_reach_the_reader() -> None:
    with pytest.raises(OptionError, match=r"input_shapes: \[5, 1, 8, 8\] does not fit input x: float32\[1,1,8,8\]"):
        converter.convert(DIGITS, {"input_shapes": {"x": (5, 1, 8, 8)}})
    with pytest.raises(OptionError, match="input_shapes: there is no input 'image'; there are"):
        converter.convert(DIGITS, {"input_shapes": {"image": (1, 1, 8, 8)}})
    with pytest.raises(OptionError, match="outputs: there is no tensor or node 'nope'"):
        converter.convert(DIGITS, {"outputs": ["nope"]})


def test_importing_converter_is_light() -> None:
    heavy = ("google.protobuf", "flatbuffers", "converter.passes", "numba")
    code = f"import converter, sys; print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_public_names_are_sorted() -> None:
    assert converter.__all__ == sorted(converter.__all__)
    assert all(hasattr(converter, name) for name in converter.__all__)


SAMPLES = {"samples": [np.zeros((1, 1, 8, 8), np.float32)]}


def test_an_option_that_is_given_as_an_argument_is_named_and_not_shown() -> None:
    with pytest.raises(TypeError, match=r"convert takes no 'quantization': give options=\{'quantization': \.\.\.\}$"):
        converter.convert(DIGITS, quantization=SAMPLES)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"load takes no 'key': give options=\{'key': \.\.\.\}$"):
        converter.load("absent.mindir", key=b"0")
    with pytest.raises(TypeError, match="load takes no 'thread'; did you mean 'threads'"):
        converter.load("absent.mindir", thread=1)
    with pytest.raises(OptionError, match=r"checkpoint is a list: expected"):
        ConvertOptions(checkpoint=[np.zeros(5)])  # type: ignore[arg-type]


def test_what_does_not_quantize_refuses_to(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="quantization: export does not quantize"):
        converter.export("absent.mindir", tmp_path / "digits.onnx", options={"quantization": SAMPLES})
    with pytest.raises(OptionError, match="quantization: optimize does not quantize"):
        converter.optimize(parse(TEXT), {"quantization": SAMPLES})
    assert not list(tmp_path.iterdir())
