"""Damaged and malicious files: a session runs them or raises a LiteError, in little memory, and nothing else."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lite.model import Model
from lite.ops.binary import AddFusion
from lite.ops.conv2d import Conv2DFusion
from lite.ops.enums import PadMode
from lite.ops.pool import AvgPoolFusion, MaxPoolFusion, Pool
from lite.ops.registry import Attributes
from lite.types import DType, TensorSpec
from tests.hostile import outcome
from tests.plan.models import make_model

ROOT = Path(__file__).resolve().parents[1]
FILES = ROOT.parent / "shared" / "data" / "ms"
MUTATIONS = 250  # of each file and list of delegates

HUGE = (1 << 31) - 1


@pytest.mark.skipif(not FILES.is_dir(), reason=f"published .ms files are looked for in {FILES}")
@pytest.mark.parametrize("delegates", [["cpu", "reference"], ["reference"]], ids=" ".join)
@pytest.mark.parametrize("file", ["ml_face_isface", "lenet_tod_infer", "parallel", "lenet_train"])
def test_hostile_files_run_or_raise_a_lite_error(file: str, delegates: list[str]) -> None:
    first = 0 if delegates == ["reference"] else MUTATIONS
    command = [sys.executable, "-m", "tests.hostile", str(FILES / f"{file}.ms"), str(first), str(first + MUTATIONS)]
    done = subprocess.run([*command, *delegates], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr[-2000:]


def one(attrs: Attributes, *shapes: tuple[int, ...], weight: tuple[int, ...] = ()) -> Model:
    """A model of one operator: inputs of these shapes, and behind them a weight where its shape is given."""
    inputs = [TensorSpec(DType.FLOAT32, shape, f"x{i}") for i, shape in enumerate(shapes)]
    constants = {"weight": np.ones(weight, np.float32)} if weight else {}
    return make_model(inputs, [(attrs, [*(x.name for x in inputs), *constants], ["y"])], ["y"], constants)


def convolution(*, padded: int = 0, **attributes: Any) -> Model:
    """3x3 over an image of 4x4, padded before."""
    plain: dict[str, Any] = {"stride": (1, 1), "dilation": (1, 1), "group": 1, "pad_list": (padded, 0, padded, 0)}
    return one(Conv2DFusion(**(plain | attributes)), (1, 4, 4, 1), weight=(1, 3, 3, 1))


def pool(operator: type[Pool]) -> Model:
    """Over an image of 4x4."""
    return one(operator(kernel_size=(HUGE, HUGE), strides=(1, 1), pad_mode=PadMode.SAME), (1, 4, 4, 1))


ABSURD: list[tuple[str, Model]] = [
    ("a huge input", one(AddFusion(), (HUGE, HUGE), (1, 1))),
    ("a huge product of small inputs", one(AddFusion(), (1 << 16, 1), (1, 1 << 16))),
    ("a padding of 2^31 and a stride as long", convolution(padded=HUGE, stride=(HUGE, HUGE))),
    ("a padding of 2^31", convolution(padded=HUGE)),
    ("a dilation of 2^31, padded to fit", convolution(dilation=(HUGE, HUGE), pad_mode=PadMode.SAME)),
    ("a maximum over 2^31 rows", pool(MaxPoolFusion)),
    ("a mean over 2^31 rows", pool(AvgPoolFusion)),
]


@pytest.mark.parametrize("delegates", [["cpu", "reference"], ["reference"]], ids=" ".join)
@pytest.mark.parametrize("model", [row[1] for row in ABSURD], ids=[row[0] for row in ABSURD])
def test_hostile_numbers_cost_little(model: Model, delegates: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lite.session.read_model", lambda source: model)
    assert outcome(b"", delegates) in ("ran", "refused")
