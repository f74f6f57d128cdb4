"""When a stretch of the op table is worth sharing, on histories made up."""
from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from lite.native import pace as module
from lite.native.pace import BURST, GOOD, GOOD_RUNS, LEAST, LONG, LOSS, MOST, MOST_RUNS, PAUSE, SHORT

ALONE = 1_000_000
FIRST = PAUSE // ALONE  # runs alone after the first loss
FORGOTTEN = max(GOOD, GOOD_RUNS * ALONE) // (ALONE // 2) + 1  # good runs after which a pause is a quarter as long


class Crowd:
    """Another process, which stays for `glances` more of them."""

    def __init__(self, glances: float) -> None:
        self.glances = glances

    def watch(self) -> None: ...

    def was_there(self) -> bool:
        self.glances -= 1
        return self.glances < 0


class Pace(module.Pace):
    """Beside a process that does not rest, or one that does."""

    __slots__ = ()

    def __init__(self, glances: float = float("inf")) -> None:
        super().__init__(Crowd(glances))


def play(pace: Pace, alone: int, shared: Iterator[int] | int, runs: int, gap: int = BURST) -> list[bool]:
    """Which of the next runs were shared, where runs take these nanoseconds and come after such gaps."""
    history = []
    for _ in range(runs):
        if pace.rests():
            history.append(False)
            continue
        history.append(pace.shares(gap))
        took = alone if not history[-1] else shared if isinstance(shared, int) else next(shared)
        pace.took(took, history[-1])
    return history


def known(alone: int = ALONE) -> Pace:
    """One that has measured runs alone, and has found threads worth it."""
    pace = Pace()
    play(pace, alone, alone // 2, 4 + FORGOTTEN)
    return pace


def test_threads_that_pay_are_used() -> None:
    assert play(Pace(), ALONE, ALONE // 2, 100) == [True, True, False, False, *[True] * 96]


def test_a_long_stretch_never_runs_alone_to_be_compared() -> None:
    assert play(Pace(), 3 * LONG, iter([9 * LONG, *[LONG, 2 * LONG] * 50]), 100) == [True] * 100
    assert play(Pace(), 3 * LONG, iter([9 * LONG, LONG, 3 * LONG]), 3 + LEAST)[3:] == [False] * LEAST


def test_what_was_assumed_of_a_long_stretch_gives_way_to_what_is_measured() -> None:
    pace = Pace()
    play(pace, 3 * LONG, iter([9 * LONG, 2 * LONG, 17 * LONG]), 3 + LEAST)
    assert play(pace, 3 * LONG, 3 * LONG + 3 * LONG // 4, 1) == [True]  # 4 * LONG a run would be borne
    assert play(pace, 3 * LONG, 3 * LONG + 1, 1) == [True]
    assert not pace.shares(BURST)


def test_a_short_stretch_is_shared_in_bursts() -> None:
    pace = Pace()
    assert play(pace, SHORT - 1, SHORT // 2, 10) == [True, True, *[False] * 8]
    assert play(pace, SHORT - 1, SHORT // 2, 10, BURST - 1) == [True] * 10
    assert play(pace, SHORT - 1, SHORT // 2, 10) == [False] * 10


@pytest.mark.parametrize("victim", [LOSS, LOSS // 2])
def test_small_losses_are_borne_where_threads_win_more_than_they_cost(victim: int) -> None:
    assert all(play(known(), ALONE, iter([ALONE + victim, *[ALONE // 2] * 5] * 50), 300))


@pytest.mark.parametrize(("alone", "limit"), [(10_000, 320_000), (ALONE, LOSS), (12_000_000, 3_000_000)])
def test_one_run_that_was_suspended_is_followed_by_runs_alone(alone: int, limit: int) -> None:
    """However much the others won."""
    pace = known(alone)
    play(pace, alone, alone // 2, 1000, BURST - 1)
    pause = max(PAUSE // alone, LEAST)
    history = play(pace, alone, iter([alone + limit, alone // 2, alone + limit + alone // 2 + 1]), 3 + pause, BURST - 1)
    assert history == [True, True, True, *[False] * pause]
    assert pace.shares(BURST - 1)


def test_losses_add_up() -> None:
    pace = known()
    assert play(pace, ALONE, ALONE + LOSS // 2 + 1, 2 + FIRST) == [True, True, *[False] * FIRST]


def test_the_first_run_is_not_judged() -> None:
    """It starts the threads."""
    assert play(Pace(), ALONE, iter([99 * LOSS, *[ALONE // 2] * 9]), 10).count(True) == 8


@pytest.mark.parametrize("alone", [50_000, SHORT, ALONE, 7_000_000, 3 * LONG])
@pytest.mark.parametrize("others", [0, 9])
def test_beside_a_process_that_does_not_rest_few_runs_suffer(alone: int, others: int) -> None:
    """Less than 1 in 100, where every shared run is a victim, and also where threads win much between two of them."""
    victim = alone + max(2 * LOSS, alone) + alone // 2
    shared = iter([alone, alone // 2, *[*[alone // 2] * others, victim] * 10_000])
    pace, runs = Pace(), max(MOST // alone, MOST_RUNS)
    play(pace, alone, shared, 2 * runs, BURST - 1)
    history = play(pace, alone, shared, 4 * runs, BURST - 1)
    assert 1 <= sum(history) <= 6 * (others + 1)
    assert sum(history) / (others + 1) < len(history) / 100


def test_pauses_grow_fourfold() -> None:
    history = play(known(), ALONE, 9 * LOSS, 2000)
    shared = [index for index, was in enumerate(history) if was]
    pauses = [after - before - 1 for before, after in itertools.pairwise(shared)]
    assert pauses == [FIRST, 4 * FIRST, 16 * FIRST, MOST // ALONE]


@pytest.mark.parametrize(
    ("alone", "glances", "lengths"),
    [
        (ALONE, 0, [16, 64, 100, 16]),  # of pauses: shorter ones than GLANCE are not looked into
        (ALONE, 2, [16, 64, 256, 100, 16]),
        (ALONE, 5, [16, 64, 256, 400, 16]),
        (50_000, 0, [320, 1280, 2000, 320]),
        (40_000_000, 1, [4, 8, 4]),
    ],
)
def test_a_pause_is_over_where_the_cpus_had_room(alone: int, glances: int, lengths: list[int]) -> None:
    """And forgotten."""
    pace = Pace(glances)
    play(pace, alone, alone // 2, 4 + FORGOTTEN, BURST - 1)
    for length in lengths:
        assert play(pace, alone, alone + max(2 * LOSS, alone), 1 + length, BURST - 1) == [True, *[False] * length]
        assert pace.shares(BURST - 1)


def test_a_hindrance_that_has_passed_is_forgotten() -> None:
    pace = known()
    play(pace, ALONE, 9 * LOSS, 3000)
    history = play(pace, ALONE, ALONE // 2, MOST // ALONE + 5 * FORGOTTEN)
    assert all(history[MOST // ALONE:])
    assert play(pace, ALONE, iter([9 * LOSS]), 1 + FIRST) == [True, *[False] * FIRST]


def test_a_run_alone_that_was_suspended_hardly_counts() -> None:
    pace = known()
    pace.took(1000 * ALONE, shared=False)
    assert play(pace, ALONE, iter([0, ALONE + LOSS + ALONE // 16]), 3) == [True, True, False]


def test_a_first_run_alone_that_was_suspended_is_forgotten() -> None:
    pace = Pace()
    play(pace, ALONE, ALONE // 2, 2)
    pace.took(1000 * ALONE, shared=False)
    pace.took(ALONE, shared=False)
    assert play(pace, ALONE, iter([0, ALONE + LOSS + 1]), 3) == [True, True, False]


def test_runs_that_found_the_threads_taken_count_as_alone() -> None:
    pace = known()
    pace.took(2 * ALONE, shared=False)
    assert pace.shares(BURST)


def test_a_clock_that_stands_still_does_no_harm() -> None:
    assert any(play(Pace(), 0, 0, 1000))
    assert not all(play(Pace(), 0, iter([0, 0, *[LOSS] * 1000]), 1000))
