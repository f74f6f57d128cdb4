"""The test beds: networks that were truly trained, small enough to judge in seconds what compression costs them.

    bed = BEDS["digits"]
    heldout = bed.heldout()                                       # what training never saw
    with lite.Session(converter.convert(bed.model)) as session:
        print(correct(session, heldout), "of", len(heldout.labels))
    for x in bed.calibration().inputs: ...                        # what training saw, to measure ranges with

Judging needs neither MindSpore nor what made the data. README.md beside this file says what each is.
"""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from lite.types import Array

SAMPLES = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Examples:
    """inputs: [N, ...], each what a session takes; labels: [N], which output should be the largest."""

    inputs: Array
    labels: Array


@dataclass(frozen=True, slots=True)
class Bed:
    """A network with its data, in the folder of its name.

    array: name of the examples in heldout.npz and calibration.npz, small integers. shape: of the network's input.
    divisor: what they are divided by to be float32; None where the network takes them as int32.
    """

    name: str
    network: str
    array: str
    shape: tuple[int, ...]
    divisor: float | None

    @property
    def model(self) -> Path:
        """What MindSpore exported."""
        return SAMPLES / self.name / f"{self.name}.mindir"

    def heldout(self) -> Examples:
        """To judge by."""
        return self._examples("heldout")

    def calibration(self) -> Examples:
        """Some like those that training saw, to choose ranges by; none of them is held out."""
        return self._examples("calibration")

    def _examples(self, part: str) -> Examples:
        with np.load(SAMPLES / self.name / f"{part}.npz") as stored:
            inputs, labels = stored[self.array], stored["labels"]
        inputs = inputs.astype(np.int32) if self.divisor is None else np.float32(inputs) / np.float32(self.divisor)
        return Examples(inputs.reshape(-1, *self.shape), labels.astype(np.int64))


BEDS = {
    bed.name: bed
    for bed in (
        Bed("digits", "small CNN with a depthwise block", "images", (1, 1, 8, 8), 16.0),
        Bed("clutter", "MobileNetV2", "images", (1, 1, 24, 24), 31.0),
        Bed("keywords", "DS-CNN", "features", (1, 1, 49, 10), 16.0),
        Bed("grammar", "transformer encoder", "tokens", (1, 16), None),
    )
}


class Runner(Protocol):
    """A lite.Session, or another engine's."""

    def run(self, x: Array, /) -> Any:
        """The network's output."""


def correct(session: Runner, examples: Examples) -> int:
    """How many have their largest output at the label."""
    guesses = [int(np.argmax(session.run(x))) for x in examples.inputs]
    return int(np.sum(guesses == examples.labels))
