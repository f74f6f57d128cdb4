"""When a stretch of the op table is worth sharing, on histories made up."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from lite.native.pace import BURST, GOOD, LEAST, LONG, LOSS, MOST, MOST_LONG, PAUSE, SHORT, Pace

ALONE = (SHORT + LONG) // 2
LIMIT = max(LOSS, 2 * ALONE)  # of what may be lost, where a run alone takes ALONE
FIRST = max(PAUSE // ALONE, LEAST)  # runs alone after the first loss


def play(pace: Pace, alone: int, shared: Iterator[int] | int, runs: int, gap: int = BURST) -> list[bool]:
    """Which of the next runs were shared, where runs take these nanoseconds and come after such gaps."""
    history = []
    for _ in range(runs):
        history.append(pace.shares(gap))
        took = alone if not history[-1] else shared if isinstance(shared, int) else next(shared)
        pace.took(took, history[-1])
    return history


def known(alone: int = ALONE, gap: int = BURST) -> Pace:
    """One that has measured runs alone, and has found threads worth it."""
    pace = Pace()
    play(pace, alone, alone // 2, 2 * GOOD, gap)
    return pace


def test_threads_that_pay_are_used() -> None:
    assert play(Pace(), ALONE, ALONE // 2, 100) == [True, True, False, False, *[True] * 96]


def test_a_long_stretch_never_runs_alone_to_be_compared() -> None:
    assert play(Pace(), 3 * LONG, iter([9 * LONG, *[LONG, 2 * LONG] * 50]), 100) == [True] * 100
    assert play(Pace(), 3 * LONG, iter([9 * LONG, LONG, 7 * LONG]), 3 + LEAST)[3:] == [False] * LEAST


def test_what_was_assumed_of_a_long_stretch_gives_way_to_what_is_measured() -> None:
    pace = Pace()
    play(pace, 3 * LONG, iter([9 * LONG, 2 * LONG, 17 * LONG]), 3 + LEAST)
    assert play(pace, 3 * LONG, iter([9 * LONG, 7 * LONG, 7 * LONG]), 3) == [True] * 3  # 4 * LONG a run would be borne
    assert not pace.shares(BURST)


def test_a_short_stretch_is_shared_in_bursts() -> None:
    pace = Pace()
    assert play(pace, SHORT - 1, SHORT // 2, 10) == [True, True, *[False] * 8]
    assert play(pace, SHORT - 1, SHORT // 2, 10, BURST - 1) == [True] * 10
    assert play(pace, SHORT - 1, SHORT // 2, 10) == [False] * 10


def test_victims_are_borne_where_threads_win_more_than_they_cost() -> None:
    assert all(play(known(), ALONE, iter([ALONE + LIMIT - 1, *[ALONE // 2] * 8] * 50), 450))


@pytest.mark.parametrize("victim", [ALONE + LIMIT + 1, ALONE + LIMIT // 2 + 1])
def test_a_loss_is_followed_by_runs_alone(victim: int) -> None:
    pace = known()
    victims = (ALONE + LIMIT) // victim + 1
    assert play(pace, ALONE, victim, victims + FIRST) == [*[True] * victims, *[False] * FIRST]
    assert pace.shares(BURST)


def test_losses_are_made_up_for_only_afterwards() -> None:
    pace = known()
    play(pace, ALONE, ALONE // 2, 1000)
    assert play(pace, ALONE, iter([ALONE + LIMIT + 1]), 2) == [True, False]


def test_the_first_shared_run_after_others_is_not_judged() -> None:
    pace = Pace()
    play(pace, ALONE, ALONE // 2, 4)
    assert play(pace, ALONE, iter([9 * LIMIT, *[ALONE // 2] * 9]), 10) == [True] * 10


@pytest.mark.parametrize(("alone", "most"), [(ALONE, MOST), (3 * LONG, MOST_LONG), (SHORT - 1, MOST)])
def test_threads_that_never_pay_are_tried_less_and_less(alone: int, most: int) -> None:
    history = play(Pace(), alone, iter([9 * alone, 2 * alone // 3, *[8 * alone] * 20_000]), 20_000, BURST - 1)
    assert sum(history[4000:]) <= 2 * (16_000 // most + 1)


def test_a_hindrance_that_has_passed_is_forgotten() -> None:
    pace = known()
    play(pace, ALONE, 9 * LIMIT, 20 * MOST)
    play(pace, ALONE, ALONE // 2, MOST + 10 * GOOD)
    assert play(pace, ALONE, iter([9 * LIMIT]), 1 + FIRST) == [True, *[False] * FIRST]


def test_a_run_alone_that_was_suspended_hardly_counts() -> None:
    pace = known()
    pace.took(1000 * ALONE, shared=False)
    assert play(pace, ALONE, iter([0, *[ALONE + LIMIT // 4] * 8]), 9).count(False) > 0


def test_a_first_run_alone_that_was_suspended_is_forgotten() -> None:
    pace = Pace()
    play(pace, ALONE, ALONE // 2, 2)
    pace.took(1000 * ALONE, shared=False)
    pace.took(ALONE, shared=False)
    assert play(pace, ALONE, iter([0, ALONE + LIMIT + 1]), 3) == [True, True, False]


def test_runs_that_found_the_threads_taken_count_as_alone() -> None:
    pace = known()
    pace.took(2 * ALONE, shared=False)
    assert pace.shares(BURST)


def test_a_clock_that_stands_still_does_no_harm() -> None:
    assert any(play(Pace(), 0, 0, 1000))
    assert not all(play(Pace(), 0, iter([0, 0, *[LOSS] * 1000]), 1000))
