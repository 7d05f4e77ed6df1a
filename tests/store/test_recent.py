"""The newest predictions, in memory: found by their ids, and forgotten in the order in which they came."""

import threading
from collections.abc import Sequence

import numpy as np
import pytest

from lab.store.recent import Newest, Recent

KEPT = 100


def request_id(number: int) -> str:
    """Those of neighbours lie far apart, as random ones do."""
    return f"{number * 2654435761 % 2**32:08x}{number:024x}"


def some(numbers: Sequence[int]) -> Newest:
    return Newest([request_id(number) for number in numbers], np.array(numbers, float) + 0.5)


@pytest.mark.parametrize("at_once", [1, 3, 10, 11, 64, 250])
def test_what_came_last_is_found_and_what_came_long_ago_is_not(at_once: int) -> None:
    recent = Recent(KEPT)
    for start in range(0, 1000, at_once):
        recent.add(some(range(start, start + at_once)))
    end = start + at_once

    found = recent.seen([request_id(number) for number in range(end)])

    first = end - len(found)
    assert found == {request_id(number): number + 0.5 for number in range(first, end)}
    assert KEPT <= len(found) <= 2 * KEPT + at_once


def test_an_id_that_was_never_added_is_not_found() -> None:
    recent = Recent(KEPT)
    recent.add(some(range(1, 50)))
    recent.add(some(range(50, 55)))

    assert recent.seen([request_id(60), "0" * 32, "f" * 32]) == {}
    assert recent.seen([]) == {}
    assert Recent().seen([request_id(1)]) == {}


@pytest.mark.parametrize("odd", ["", "abc", "x" * 32, "AB" * 16, " " * 32, "ab " * 10 + "ab", "ä" * 32])
def test_ids_that_nginx_would_not_make_harm_nobody(odd: str) -> None:
    recent = Recent(KEPT)
    recent.add(Newest([odd, *some(range(50)).ids], np.arange(51.0)))

    assert recent.seen([odd, request_id(7)]) == {request_id(7): 8.0}


def test_ids_that_are_not_remembered_take_no_room() -> None:
    recent = Recent(KEPT)
    for number in range(500):
        recent.add(Newest([f"odd {number}-{place}" for place in range(11)], np.zeros(11)))

    assert not recent._old


def test_whoever_asks_while_more_comes_misses_nothing() -> None:
    recent = Recent(KEPT)
    recent.add(some([0]))
    newest, missed, over = [0], [], threading.Event()

    def ask() -> None:
        while not over.is_set():
            number = newest[0]
            found = recent.seen([request_id(number)])
            # Unless so many have come meanwhile that it may be forgotten; one more than those may be in there already.
            if found != {request_id(number): number + 0.5} and newest[0] < number + KEPT - 1:
                missed.append(number)

    asker = threading.Thread(target=ask)
    asker.start()
    for number in range(1, 20_000):
        recent.add(some([number]))
        newest[0] = number
    over.set()
    asker.join()

    assert not missed


def test_nothing_can_be_added() -> None:
    recent = Recent(KEPT)
    recent.add(some(range(5)))
    recent.add(some([]))

    assert recent.seen([request_id(4)]) == {request_id(4): 4.5}
