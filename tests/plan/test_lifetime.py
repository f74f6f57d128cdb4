"""Lifetimes: what needs bytes of its own, what shares them, and for how long."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from lite.delegates.base import Claim, HostClaim, In, NativeClaim, NativeStep, Operation, Out, Temp, ViewClaim
from lite.errors import DelegateError
from lite.ops.reshape import Reshape
from lite.plan.arena import Record
from lite.plan.lifetime import lifetimes
from lite.plan.network import Network, Step
from lite.types import DType, TensorSpec

HOST = HostClaim(lambda arrays: tuple(arrays))
VIEW = ViewClaim(0)
NATIVE = NativeClaim(())
IN_PLACE = NativeClaim((), in_place=0)
SECOND_IN_PLACE = NativeClaim((), in_place=1)
WITH_TEMPORARIES = NativeClaim(
    (
        NativeStep("a", {"x": In(0), "t": Temp(0, 100), "u": Temp(1, 8)}),
        NativeStep("b", {"t": Temp(0, 200), "y": Out(0)}),
    )
)

# One row a case: sizes in elements of 4 bytes (4 where not listed), steps (claim, reads, writes) over tensors named by
# a letter, outputs; then the records expected and the record of each tensor. x and z are inputs, k is a constant.
Steps = Sequence[tuple[Claim, str, str]]
ROWS: list[tuple[str, Mapping[str, int], Steps, str, list[tuple[int, int, int]], Mapping[str, int]]] = [
    (
        "each result has bytes from its step to its last reader",
        {"a": 8},
        [(NATIVE, "x", "a"), (NATIVE, "a", "b"), (NATIVE, "ab", "c")],
        "c",
        [(16, -1, 0), (32, 0, 2), (16, 1, 2), (16, 2, 3)],
        {"x": 0, "a": 1, "b": 2, "c": 3},
    ),
    (
        "a result nobody reads still needs its bytes",
        {},
        [(NATIVE, "x", "ab")],
        "a",
        [(16, -1, 0), (16, 0, 1), (16, 0, 0)],
        {"x": 0, "a": 1, "b": 2},
    ),
    (
        "a view keeps its source alive, through views of views",
        {},
        [(NATIVE, "x", "a"), (VIEW, "a", "b"), (VIEW, "b", "c"), (NATIVE, "x", "d"), (NATIVE, "cd", "e")],
        "e",
        [(16, -1, 3), (16, 0, 4), (16, 3, 4), (16, 4, 5)],
        {"x": 0, "a": 1, "b": 1, "c": 1, "d": 2, "e": 3},
    ),
    (
        "a view of an input that is an output",
        {},
        [(VIEW, "x", "a")],
        "a",
        [(16, -1, 1)],
        {"x": 0, "a": 0},
    ),
    (
        "in place: the dying input's bytes live on",
        {},
        [(NATIVE, "x", "a"), (IN_PLACE, "a", "b"), (IN_PLACE, "b", "c")],
        "c",
        [(16, -1, 0), (16, 0, 3)],
        {"x": 0, "a": 1, "b": 1, "c": 1},
    ),
    (
        "in place through a view of a dying input",
        {},
        [(NATIVE, "x", "a"), (VIEW, "a", "b"), (IN_PLACE, "b", "c")],
        "c",
        [(16, -1, 0), (16, 0, 3)],
        {"x": 0, "a": 1, "b": 1, "c": 1},
    ),
    (
        "in place into an input of the model, which every run copies in again",
        {},
        [(IN_PLACE, "x", "a")],
        "a",
        [(16, -1, 1)],
        {"x": 0, "a": 0},
    ),
    (
        "in place into the operand the claim names",
        {"z": 8, "a": 8},
        [(SECOND_IN_PLACE, "xz", "a")],
        "a",
        [(16, -1, 0), (32, -1, 1)],
        {"x": 0, "z": 1, "a": 1},
    ),
    (
        "not in place: read later",
        {},
        [(IN_PLACE, "x", "a"), (NATIVE, "xa", "b")],
        "b",
        [(16, -1, 1), (16, 0, 1), (16, 1, 2)],
        {"x": 0, "a": 1, "b": 2},
    ),
    (
        "not in place: a view of it is read later",
        {},
        [(VIEW, "x", "a"), (IN_PLACE, "x", "b"), (NATIVE, "ab", "c")],
        "c",
        [(16, -1, 2), (16, 1, 2), (16, 2, 3)],
        {"x": 0, "a": 0, "b": 1, "c": 2},
    ),
    (
        "not in place: read twice by the same step",
        {},
        [(IN_PLACE, "xx", "a")],
        "a",
        [(16, -1, 0), (16, 0, 1)],
        {"x": 0, "a": 1},
    ),
    (
        "not in place: a view of it is read by the same step",
        {},
        [(VIEW, "x", "a"), (IN_PLACE, "ax", "b")],
        "b",
        [(16, -1, 1), (16, 1, 2)],
        {"x": 0, "a": 0, "b": 1},
    ),
    (
        "not in place: it is an output",
        {},
        [(NATIVE, "x", "a"), (IN_PLACE, "a", "b")],
        "ab",
        [(16, -1, 0), (16, 0, 2), (16, 1, 2)],
        {"x": 0, "a": 1, "b": 2},
    ),
    (
        "not in place: the result is larger",
        {"a": 5},
        [(IN_PLACE, "x", "a")],
        "a",
        [(16, -1, 0), (20, 0, 1)],
        {"x": 0, "a": 1},
    ),
    (
        "not in place: a constant",
        {},
        [(IN_PLACE, "k", "a")],
        "a",
        [(16, -1, -1), (16, 0, 1)],
        {"x": 0, "a": 1},
    ),
    (
        "only the first result is in place",
        {},
        [(IN_PLACE, "x", "ab")],
        "ab",
        [(16, -1, 1), (16, 0, 1)],
        {"x": 0, "a": 0, "b": 1},
    ),
    (
        "constants and views of constants are not in the arena",
        {},
        [(VIEW, "k", "a"), (NATIVE, "xa", "b")],
        "bak",
        [(16, -1, 1), (16, 1, 2)],
        {"x": 0, "b": 1},
    ),
    (
        "temporaries live during their step, each key once at its largest",
        {},
        [(WITH_TEMPORARIES, "x", "a"), (HOST, "a", "b")],
        "b",
        [(16, -1, 0), (16, 0, 1), (200, 0, 0), (8, 0, 0), (16, 1, 2)],
        {"x": 0, "a": 1, "b": 4},
    ),
]


def make_network(sizes: Mapping[str, int], steps: Steps, outputs: str) -> Network:
    names = sorted({"x", *outputs, *(name for _, reads, writes in steps for name in reads + writes)})
    specs = {ord(name): TensorSpec(DType.FLOAT32, (sizes.get(name, 4),), name) for name in names}
    if "k" in names:
        specs[ord("k")] = TensorSpec.of(np.zeros(4, np.float32), "k")
    rows = []
    for _, reads, writes in steps:
        numbers = tuple(map(ord, reads)), tuple(map(ord, writes))
        tensors = (tuple(specs[i] for i in side) for side in numbers)
        rows.append(Step(Operation("node", Reshape(), *tensors), *numbers))
    inputs = tuple(ord(name) for name in "xz" if name in names)
    return Network("net", specs, inputs, tuple(map(ord, outputs)), tuple(rows))


@pytest.mark.parametrize(
    ("sizes", "steps", "outputs", "records", "blocks"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS]
)
def test_lifetimes(
    sizes: Mapping[str, int],
    steps: Steps,
    outputs: str,
    records: list[tuple[int, int, int]],
    blocks: Mapping[str, int],
) -> None:
    found = lifetimes(make_network(sizes, steps, outputs), [claim for claim, _, _ in steps])
    assert found.records == tuple(Record(*row) for row in records)
    assert {chr(i): block for i, block in found.blocks.items()} == blocks


def test_views_of_constants_name_the_constant() -> None:
    steps: Steps = [(VIEW, "k", "a"), (VIEW, "a", "b"), (NATIVE, "xb", "c")]
    found = lifetimes(make_network({}, steps, "c"), [claim for claim, _, _ in steps])
    assert {chr(i): chr(source) for i, source in found.constants.items()} == {"k": "k", "a": "k", "b": "k"}


def test_temporaries_are_found_by_step_and_key() -> None:
    found = lifetimes(make_network({}, [(WITH_TEMPORARIES, "x", "a")], "a"), [WITH_TEMPORARIES])
    assert {key: found.records[i].size for key, i in found.temporaries.items()} == {(0, 0): 200, (0, 1): 8}


def test_a_view_of_another_size_is_refused() -> None:
    with pytest.raises(DelegateError, match="was claimed as a view"):
        lifetimes(make_network({"a": 5}, [(VIEW, "x", "a")], "a"), [VIEW])
