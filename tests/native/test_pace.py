"""When a stretch of the op table is worth sharing, on histories made up."""
from __future__ import annotations

from collections.abc import Iterator

from lite.native.pace import GOOD, LEAST, MOST, SHORT, Pace

ALONE = 4 * SHORT


def play(pace: Pace, alone: int, shared: Iterator[int] | int, runs: int) -> list[bool]:
    """Which of the next runs were shared, where runs take these nanoseconds."""
    history = []
    for _ in range(runs):
        history.append(pace.shares)
        took = shared if isinstance(shared, int) else next(shared)
        pace.took(took if history[-1] else alone, history[-1])
    return history


def test_threads_that_pay_are_used() -> None:
    assert play(Pace(), ALONE, ALONE // 2, 100) == [True, False, False, *[True] * 97]


def test_a_short_stretch_stays_alone() -> None:
    assert play(Pace(), SHORT - 1, SHORT // 2, 100) == [True, *[False] * 99]


def test_threads_that_never_pay_are_tried_less_and_less() -> None:
    history = play(Pace(), ALONE, ALONE + 1, 3000)
    assert history[3:6 + LEAST] == [True, *[False] * LEAST, True, False]
    assert sum(history[1000:]) <= 2000 // MOST + 1


def test_a_hindrance_that_has_passed_is_forgotten() -> None:
    pace = Pace()
    play(pace, ALONE, ALONE + 1, 3000)
    play(pace, ALONE, ALONE // 2, MOST + 6 * GOOD)
    assert play(pace, ALONE, iter([2 * ALONE, *[1] * 20]), 10) == [True, *[False] * LEAST, *[True] * 5]


def test_runs_that_found_the_threads_taken_count_as_alone() -> None:
    pace = Pace()
    play(pace, ALONE, 1, 4)
    pace.took(2 * ALONE, shared=False)
    assert pace.shares
