"""`mlite inspect`: a `.ms` with its plan, a `.mindir` as imported, and what cannot run."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converter
from converter.emit.graph import emit
from converter.ir.text import parse
from converter.mindir.mind_ir_pb2 import ModelProto
from lite.cli import main as device_main
from lite.commands.listing import ListedNode, Listing, as_text, telling_attributes
from lite.errors import UnsupportedOp, UnsupportedOpError
from lite.ops.quantized import Affine, QuantDTypeCast, Quantized
from lite.ops.reduce import ReduceFusion
from lite.ops.resize import Resize
from lite.ops.softmax import Softmax
from lite.types import DType, TensorSpec
from tests.cli.conftest import DIGITS, Mlite

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "ms"


def test_ms_as_text(mlite: Mlite) -> None:
    done = mlite("inspect", DIGITS / "digits.ms")
    assert done.code == 0
    for part in ("x: float32[1,1,8,8]", "Conv2DFusion", "MaxPoolFusion", "operators", "constants", "arena", "ratio"):
        assert part in done.out


def test_nodes_say_what_they_read_and_what_they_are_called(mlite: Mlite, tmp_path: Path) -> None:
    lines = [" ".join(line.split()) for line in mlite("inspect", DIGITS / "digits.ms").out.splitlines()]
    residual = lines.index("4 AddFusion cpu 1 3 float32[1,8,8,56]")
    assert lines[residual + 1] == "Default/Add-op0"
    assert "0 Reshape cpu x (-1,8,8,1) float32[1,8,8,1]" in lines
    assert "1 Conv2DFusion cpu 0 float32[56,3,3,1] float32[56] float32[1,8,8,56]" in lines
    done = mlite("convert", DIGITS / "digits.mindir", "-o", tmp_path / "cut.ms", "--outputs", lines[residual + 1])
    assert done.code == 0, done.err


def test_the_listing_of_nodes() -> None:
    x, few, many = (TensorSpec(DType.FLOAT32, (2,), name) for name in ("x", "", "many"))
    axes, scale = TensorSpec.of(np.array([1, 2])), TensorSpec.of(np.float32(0.5))
    reduce, resize = telling_attributes(ReduceFusion()), telling_attributes(Resize())
    nodes = (
        ListedNode("ReduceFusion", "mean", (x, axes), (x,), reduce, ("x", "")),
        ListedNode("Resize", "", (x, x, scale, few, few), (x,), resize, ("0", "0:1", "", "", "")),
        ListedNode("Concat", "c", (many,) * 40, (x,), {"axis": 1}, tuple(map(str, range(40)))),
    )
    text = as_text(Listing((x,), (x,), nodes, ()))
    assert "x (1,2) " in text
    assert "mode=ReduceMean" in text
    assert "0 0:1 (0.5) float32[2] x2 " in text
    assert "method=LINEAR coordinate_transform_mode=ASYMMETRIC" in text
    assert "40 inputs, below" in text
    assert max(map(len, text.splitlines())) <= 100
    assert "37 38 39" in text


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
    assert done.code == 1
    assert "Multinomial" in done.out
    assert "Zeta" in done.out
    rows = mlite("inspect", tmp_path / "odd.mindir", "--json").json["unsupported"]
    assert {row["op"]: row["nodes"] for row in rows} == {"Multinomial": 4, "Zeta": 1}
    refused = mlite("convert", tmp_path / "odd.mindir")
    assert refused.code == 1
    assert "5 of" in refused.err
    assert not (tmp_path / "odd.ms").exists()


@pytest.mark.skipif(not REAL.exists(), reason=f"published .ms files are looked for in {REAL}")
def test_a_model_that_cannot_run_is_still_shown(mlite: Mlite) -> None:
    done = mlite("inspect", REAL / "lenet_train.ms")
    assert done.code == 1
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


def test_a_node_on_codes_says_its_own_attributes_and_how_operands_are_stored() -> None:
    x, y = Affine((1 / 255,), (-128,)), Affine((0.5,), bits=7)
    w = Affine((0.0054, 0.019), (0,), axis=0)
    shown = telling_attributes(Quantized(Softmax(axis=(1,)), (x, w, None), (y,)))
    assert shown == {
        "axis": (1,), "codes": "(int8 x 0.00392 -128, int8 x 2 scales 0.0054..0.019, - -> int8 of 7 bits x 0.5)"
    }  # fmt: skip
    assert telling_attributes(QuantDTypeCast(DType.FLOAT32, DType.INT8)) == {"src_t": "float32", "dst_t": "int8"}


@pytest.mark.parametrize(
    ("options", "stored"),
    [
        ({"quantization": {"kind": "weight", "weight_bits": 4}}, "codes of 4 bits, 224 scales"),
        ({"pruning": {"weights": 0.9}, "quantization": {"kind": "weight"}}, "codes of 8 bits, 224 scales, sparse"),
        ({"quantization": {"kind": "weight", "weight_bits": 1}}, "codes of 1 bit, 224 scales"),
        ({"quantization": {"kind": "bfloat16"}}, "bfloat16"),
    ],
)
def test_how_constants_are_stored(mlite: Mlite, tmp_path: Path, options: dict[str, Any], stored: str) -> None:
    (tmp_path / "x.ms").write_bytes(converter.convert(DIGITS / "digits.mindir", options))
    text = mlite("inspect", tmp_path / "x.ms").out
    assert f"float32[224,3,3,56] is stored as {stored}: " in text
    assert " tensors, 505.6 kB decoded" in text
    report = mlite("inspect", tmp_path / "x.ms", "--json").json
    found = [spec["stored"] for node in report["nodes"] for spec in node["inputs"] if spec.get("stored")]
    assert stored in [row["as"] for row in found]
    assert sum(row["bytes"] for row in found) < report["constants"]["stored_bytes"] < report["constants"]["bytes"]


def test_delegates_are_explained(mlite: Mlite) -> None:
    assert "\ndelegates\n  cpu  compiled kernels\nconstants" in mlite("inspect", DIGITS / "digits.ms").out
    node = ListedNode("AddFusion", "", (), (), {}, (), "cpu, merged")
    assert "cpu, merged  computed by the kernel of a node before it" in as_text(Listing((), (), (node,), ()))


def test_convolutions_that_run_in_turns_say_so(mlite: Mlite, tmp_path: Path) -> None:
    text = """
    graph residual
    input %x: float32[1,64,64,16]
    const %expand: float32[112,1,1,16] = seed 1
    const %filter: float32[112,3,3,1] = seed 2
    const %project: float32[16,1,1,112] = seed 3
    %a = Conv2DFusion(%x, %expand) {kernel_size=[1, 1], stride=[1, 1], dilation=[1, 1], group=1}
    %b = Conv2DFusion(%a, %filter) {kernel_size=[3, 3], stride=[1, 1], dilation=[1, 1], pad_mode=SAME, group=112}
    %c = Conv2DFusion(%b, %project) {kernel_size=[1, 1], stride=[1, 1], dilation=[1, 1], group=1}
    %y = AddFusion(%c, %x)
    output %y
    """
    (tmp_path / "x.ms").write_bytes(emit(parse(text)))
    report = mlite("inspect", tmp_path / "x.ms", "--json").json
    assert [node["delegate"] for node in report["nodes"]] == ["cpu", "cpu, by rows", "cpu, by rows", "cpu, merged"]


def test_delegates_of_an_operator_are_told_apart() -> None:
    nodes = tuple(ListedNode("AddFusion", "", (), (), {}, (), delegate) for delegate in ("cpu", "cpu, merged"))
    assert "AddFusion      2  cpu; cpu, merged\n" in as_text(Listing((), (), nodes, ()))


@pytest.mark.parametrize("longest", [20, 60, 61, 200])
def test_reasons_of_refusals_are_aligned(longest: int) -> None:
    ops = [UnsupportedOp("Sort", 1, "n" * longest, "why"), UnsupportedOp("Unique", 12, "short", "because")]
    rows = str(UnsupportedOpError("net", 20, ops)).splitlines()[1:]
    if longest <= 60:
        assert rows[0].index("why") == rows[1].index("because")
    else:
        assert [rows[1], rows[3]] == ["      why", "      because"]
        assert rows[0].index("nnn") == rows[2].index("short")


def test_how_codes_that_are_computed_with_are_stored(mlite: Mlite, tmp_path: Path) -> None:
    samples = list(np.load(DIGITS / "calibration.npz")["images"][:4].astype(np.float32).reshape(-1, 1, 1, 8, 8) / 16)
    options = {"pruning": {"weights": 0.9}, "quantization": {"samples": samples}}
    (tmp_path / "x.ms").write_bytes(converter.convert(DIGITS / "digits.mindir", options))
    text = mlite("inspect", tmp_path / "x.ms").out
    assert "int8[224,3,3,56] is stored as codes of 8 bits, 224 scales, sparse: " in text
