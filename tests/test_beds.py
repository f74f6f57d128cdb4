"""The test beds are true: their networks convert, reach the accuracy that samples/README.md states, and are small."""
from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import converter
from lite import Session
from samples.accuracy import FLOAT, SETTINGS, convert, parameters
from samples.beds import BEDS, SAMPLES, Bed, correct

README = (SAMPLES / "README.md").read_text(encoding="utf-8")
STATED = {  # bed: its parameters, and how many of how many held-out examples are right
    name: (int(count.replace(",", "")), int(right), int(examples))
    for name, count, right, examples in re.findall(
        r"^\| \[(\w+)\].* \| ([\d,]+) \| (\d+) of (\d+) \|$", README, re.MULTILINE
    )
}
BORDERLINE = 1  # examples that another processor's rounding may decide differently


def test_the_readme_lists_every_bed() -> None:
    assert list(STATED) == list(BEDS)


@pytest.mark.parametrize("bed", BEDS.values(), ids=lambda bed: bed.name)
def test_the_network_reaches_the_accuracy_that_is_stated(bed: Bed) -> None:
    model, heldout = converter.convert(bed.model), bed.heldout()
    count, right, examples = STATED[bed.name]
    assert len(heldout.labels) == examples
    assert parameters(model) == count
    with Session(model, threads=1) as session:
        assert abs(correct(session, heldout) - right) <= BORDERLINE


@pytest.mark.parametrize("bed", BEDS.values(), ids=lambda bed: bed.name)
@pytest.mark.parametrize(
    ("setting", "ratio", "points"),
    [
        ("weights in 8 bits", 0.27, 0.1),
        ("weights in 4 bits", 0.15, 1.0),
        ("weights in 4 bits, by samples", 0.15, 1.0),
        ("int8", 0.27, 0.5),
        ("int8, ranges by percentile", 0.27, 0.5),
        ("a quarter of the weights, in 8 bits", 0.12, 1.5),
    ],
)
def test_a_trained_network_becomes_small_and_stays_accurate(
    bed: Bed, setting: str, ratio: float, points: float
) -> None:
    model, heldout = convert(bed, setting), bed.heldout()
    assert len(model) <= ratio * len(convert(bed, FLOAT))
    with Session(model, threads=1) as session:
        lost = STATED[bed.name][1] - correct(session, heldout)
    assert lost <= points / 100 * len(heldout.labels)


@pytest.mark.parametrize("bed", BEDS.values(), ids=lambda bed: bed.name)
def test_calibration_is_apart_from_what_is_held_out(bed: Bed) -> None:
    calibration, heldout = bed.calibration(), bed.heldout()
    assert calibration.inputs.shape[1:] == heldout.inputs.shape[1:]
    assert calibration.inputs.dtype == heldout.inputs.dtype
    assert set(np.unique(calibration.labels)) == set(np.unique(heldout.labels))
    held = {x.tobytes() for x in heldout.inputs}
    assert not any(x.tobytes() in held for x in calibration.inputs)


@pytest.mark.parametrize("bed", BEDS.values(), ids=lambda bed: bed.name)
def test_the_committed_files_are_small(bed: Bed) -> None:
    assert bed.model.stat().st_size < 2_000_000
    assert all((bed.model.parent / f"{part}.npz").stat().st_size < 1_000_000 for part in ("heldout", "calibration"))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "samples.accuracy", *arguments],
        cwd=Path(SAMPLES).parent, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": "."},
    )  # fmt: skip


def test_one_command_prints_the_accuracy_of_every_setting() -> None:
    done = run("digits")
    assert done.returncode == 0, done.stderr
    assert all("without samples" in line for line in done.stderr.splitlines()), done.stderr  # some settings have none
    assert re.search(r"float32 +357 of 360 +99\.17% +0\.00 .* 1\.000 ", done.stdout)
    assert all(f"  {setting} " in done.stdout for setting in SETTINGS)


def test_a_bed_that_is_not_there() -> None:
    done = run("digit")
    assert done.returncode == 2
    assert "there is no bed 'digit'; there are digits, clutter, keywords, grammar" in done.stderr
