"""One row of the tables of pass tests."""
from __future__ import annotations

from dataclasses import dataclass

from converter.ir.graph import Graph
from converter.ir.text import parse
from converter.passes._manager import Pass

# Attributes that a text abbreviates.
_SHORT = {
    "$1x1": "kernel_size=[1, 1], stride=[1, 1], dilation=[1, 1], group=1",
    "$3x3": "kernel_size=[3, 3], stride=[1, 1], dilation=[1, 1], pad_mode=SAME, group=1",
}


@dataclass(frozen=True, slots=True)
class PassCase:
    """after: what the pass makes of `before`; None where it declines."""

    name: str
    run: Pass
    before: str
    after: str | None = None

    def __str__(self) -> str:
        return f"{self.run.name}-{self.name.replace(' ', '-')}"


def graph_of(text: str) -> Graph:
    """The graph. Lines may be separated by `; `; `$1x1` and `$3x3` stand for attributes of a convolution."""
    for short, long in {**_SHORT, "; ": "\n"}.items():
        text = text.replace(short, long)
    return parse(text)
