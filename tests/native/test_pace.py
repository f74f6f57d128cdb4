"""When a stretch of the op table is worth sharing, on histories made up."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from lite.native.pace import BURST, GOOD, LEAST, LONG, MOST, MOST_SHORT, SHORT, SLOW, Pace

ALONE = (SHORT + LONG) // 2
RECOVERED = 2 * MOST + 12 * GOOD  # runs after which a hindrance is forgotten


def play(pace: Pace, alone: int, shared: Iterator[int] | int, runs: int, gap: int = BURST) -> list[bool]:
    """Which of the next runs were shared, where runs take these nanoseconds and come after such gaps."""
    history = []
    for _ in range(runs):
        history.append(pace.shares(gap))
        took = alone if not history[-1] else shared if isinstance(shared, int) else next(shared)
        pace.took(took, history[-1])
    return history


def test_threads_that_pay_are_used() -> None:
    assert play(Pace(), ALONE, ALONE // 2, 100) == [True, True, False, False, *[True] * 96]


def test_a_long_stretch_never_runs_alone_to_be_compared() -> None:
    assert play(Pace(), 3 * LONG, iter([9 * LONG, *[LONG, 2 * LONG] * 50]), 100) == [True] * 100
    assert play(Pace(), 3 * LONG, iter([9 * LONG, LONG, 3 * LONG + 1]), 3 + LEAST)[3:] == [False] * LEAST


def test_a_short_stretch_is_shared_in_bursts() -> None:
    pace = Pace()
    assert play(pace, SHORT - 1, SHORT // 2, 10) == [True, True, *[False] * 8]
    assert play(pace, SHORT - 1, SHORT // 2, 10, BURST - 1) == [True] * 10
    assert play(pace, SHORT - 1, SHORT // 2, 10) == [False] * 10


def test_a_few_runs_that_are_slower_do_not_count() -> None:
    pace = Pace()
    play(pace, ALONE, ALONE // 2, 9)
    assert all(play(pace, ALONE, iter([ALONE + 1, ALONE - 1] * 50), 100))
    slower = play(pace, ALONE, iter([ALONE + 1] * SLOW), SLOW + LEAST)
    assert slower == [*[True] * SLOW, *[False] * LEAST]


def test_the_first_shared_run_after_others_is_not_judged() -> None:
    pace = Pace()
    play(pace, ALONE, ALONE // 2, 4)
    assert play(pace, ALONE, iter([9 * ALONE, *[ALONE // 2] * 9]), 10) == [True] * 10


@pytest.mark.parametrize("alone", [ALONE, 3 * LONG])
def test_threads_that_never_pay_are_tried_less_and_less(alone: int) -> None:
    history = play(Pace(), alone, iter([9 * alone, 2 * alone // 3, *[3 * alone // 2 + 1] * 5000]), 5000)
    assert sum(history[2000:]) <= 2 * (3000 // MOST + 1)


def test_threads_that_never_pay_for_a_short_stretch_are_tried_least() -> None:
    history = play(Pace(), SHORT - 1, 2 * SHORT, 20_000, BURST - 1)
    assert sum(history[4000:]) <= 2 * (16_000 // MOST_SHORT + 1)


def test_a_hindrance_that_has_passed_is_forgotten() -> None:
    pace = Pace()
    play(pace, ALONE, 2 * ALONE, 3000)
    play(pace, ALONE, ALONE // 2, RECOVERED)
    assert play(pace, ALONE, iter([2 * ALONE, *[1] * 20]), 10) == [True, *[False] * LEAST, *[True] * (9 - LEAST)]


def test_runs_that_found_the_threads_taken_count_as_alone() -> None:
    pace = Pace()
    play(pace, ALONE, 1, 4)
    pace.took(2 * ALONE, shared=False)
    assert pace.shares(BURST)
