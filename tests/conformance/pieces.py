"""Judge a network that makes choices: in the pieces that cut.py makes of it, by what MindSpore has at every cut.

The whole network is run too. It chose rightly, if otherwise than MindSpore, where it is made of the pieces: where these
give, by what it has at the cuts itself, what it gives.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tests.conformance.cut import Pieces, Result
from tests.conformance.distance import largest

Arrays = Mapping[str, np.ndarray]
Run = Callable[[bytes, Arrays], list[np.ndarray]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """error: the largest between choices. wrong: what no tie explains, in words. others: how many choices differ from
    MindSpore's in the whole network.
    """

    error: float
    wrong: tuple[str, ...]
    others: int


def judge_pieces(
    pieces: Pieces,
    inputs: Arrays,
    outputs: Sequence[np.ndarray],
    expected: Sequence[np.ndarray],
    shown: Sequence[np.ndarray],
    run: Run,
    tolerance: float,
) -> Verdict:
    """outputs, expected: of the network that is judged, and MindSpore's. shown: what MindSpore makes of pieces.whole.
    run: computes a file as the network was computed. tolerance: what is no other choice.
    """
    ours, errors, wrong = run(pieces.whole, inputs), [], []
    for whose, tensors, plain in (("MindSpore's", shown, expected), ("its own", ours, outputs)):
        if largest(tensors[: len(plain)], plain) != 0:
            wrong.append(f"{whose} outputs are others once choices are shown")
        error, others = _judge(pieces, inputs, tensors, run)
        errors.append(error)
        wrong += [f"{operator} chooses otherwise from {whose} operands" for operator in others]
    return Verdict(max(errors), tuple(wrong), _others(pieces.results, ours, shown, tolerance))


def _judge(
    pieces: Pieces, inputs: Arrays, tensors: Sequence[np.ndarray], run: Run
) -> tuple[float, list[str]]:
    """How far what is between choices is from these tensors, which `whole` gave, and the choices that are others."""
    results = tensors[-len(pieces.results) :]
    rest = tensors[: -len(results)]
    given = dict(zip((row.name for row in pieces.results), results, strict=True))
    error = largest(run(pieces.between, {**inputs, **given}), rest)
    given |= zip(pieces.operands, rest[-len(pieces.operands) :], strict=True)
    chosen = zip(pieces.results, run(pieces.choices, given), results, strict=True)
    return error, [row.operator for row, y, other in chosen if not _same(y, other, given.get(row.scores or ""))]


def _others(
    results: Sequence[Result], ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray], tolerance: float
) -> int:
    both = zip(results, ours[-len(results) :], theirs[-len(results) :], strict=True)
    return len({row.operator for row, y, other in both if largest([y], [other]) > tolerance})


def _same(y: np.ndarray, expected: np.ndarray, scores: np.ndarray | None) -> bool:
    """Equal; or, for places in `scores` by rank, different ones that have the same scores."""
    if (y.shape, y.dtype) != (expected.shape, expected.dtype):
        return False
    if scores is None or np.array_equal(y, expected):
        return np.array_equal(y, expected, equal_nan=expected.dtype.kind == "f")
    ordered = np.sort(y, axis=-1)
    if y.min(initial=0) < 0 or y.max(initial=0) >= scores.shape[-1] or np.any(ordered[..., 1:] == ordered[..., :-1]):
        return False
    return np.array_equal(*(np.take_along_axis(scores, places, -1) for places in (y, expected)))
