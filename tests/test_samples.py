"""What is in samples/ is true and runs as its text says."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

import converter
from lite import Session

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
DIGITS = SAMPLES / "digits"


def run_sample(name: str, *arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, str(SAMPLES / name), *arguments], cwd=cwd, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(SAMPLES.parent)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_committed_model_is_what_the_converter_writes() -> None:
    same = (DIGITS / "digits.ms").read_bytes() == converter.convert(DIGITS / "digits.mindir")
    assert same, "where the change is meant: mlite convert samples/digits/digits.mindir"


def test_the_samples_are_there_that_the_page_runs() -> None:
    commands = re.findall(r"^python (-m )?(\S+)", (SAMPLES / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) > 2
    for _, name in commands:
        path = name if name.endswith(".py") else name.replace(".", "/") + ".py"
        assert (SAMPLES.parent / path).is_file(), name


def test_the_committed_files_are_small() -> None:
    assert sum(path.stat().st_size for path in DIGITS.iterdir() if path.is_file()) < 1_600_000


def test_the_model_reads_what_it_never_saw() -> None:
    with np.load(DIGITS / "heldout.npz") as held:
        images, labels = np.float32(held["images"] / 16).reshape(-1, 1, 1, 8, 8), held["labels"]
    with Session(DIGITS / "digits.ms") as session:
        read = [int(np.argmax(session.run(image))) for image in images]
    assert int(np.sum(np.array(read) == labels)) == 357  # of 360, as samples/digits/README.md says


def test_convert_and_run(tmp_path: Path) -> None:
    shutil.copy(DIGITS / "digits.mindir", tmp_path / "net.mindir")
    said = run_sample("convert_and_run.py", "net.mindir", cwd=tmp_path)
    assert "output  Default/classify-Dense/BiasAdd-op0 float32[1, 10]" in said
    written = (tmp_path / "net.ms").stat().st_mtime_ns
    assert run_sample("convert_and_run.py", "net.mindir", cwd=tmp_path)
    assert (tmp_path / "net.ms").stat().st_mtime_ns == written
