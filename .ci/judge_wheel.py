"""A wheel with kernels, judged where it is installed beside numpy alone: `python -P judge_wheel.py CHECKOUT`.

Without numba and without a folder that could be written to, every operation must run on shipped kernels, as numpy
computes it, and held-out digits must be read as they are from the checkout.
"""
from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np

import lite
from lite.native import cache, pack

samples = Path(sys.argv[1], "samples", "digits")
assert not Path(lite.__file__).is_relative_to(sys.argv[1]), "this is the checkout, not the wheel"
assert all(importlib.util.find_spec(name) is None for name in ("numba", "llvmlite", "flatbuffers", "google", "PIL"))
assert pack.current() in pack.shipped(), f"the packs {pack.shipped()} do not fit the sources, or this machine"

with np.load(samples / "heldout.npz") as held:
    images, labels = np.float32(held["images"] / 16).reshape(-1, 1, 1, 8, 8), held["labels"]
with lite.Session(samples / "digits.ms") as session, lite.Session(
    samples / "digits.ms", delegates=["reference"]
) as judge:
    assert {step.delegate for step in session.steps} == {"cpu"}, session.steps
    found = np.concatenate([session.run(image) for image in images])
    expected = np.concatenate([judge.run(image) for image in images])
np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
accuracy = float((found.argmax(axis=1) == labels).mean())
assert accuracy > 0.95, accuracy
assert not any(os.path.exists(folder) for folder in cache.folders()), "something was written"
print(f"{Path(pack.current() or '').name}: {accuracy:.1%} of {len(labels)} digits are right, on shipped kernels")
