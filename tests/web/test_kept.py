"""What several readers ask for at the same time is made once."""

import threading
import time

import pytest

from lab.web.pages.kept import NAMES, Kept


def test_the_same_is_made_once_and_anything_else_anew() -> None:
    kept: Kept[int] = Kept()
    made = iter(range(10))

    found = [kept.get("page", of, lambda: next(made)) for of in ("now", "now", "later", "later", "now")]

    assert found == [0, 0, 1, 1, 2]


def test_every_name_has_a_value_of_its_own() -> None:
    kept: Kept[str] = Kept()
    kept.get("one", "now", lambda: "first")
    kept.get("other", "now", lambda: "second")

    assert kept.get("one", "now", lambda: "again") == "first"
    assert kept.get("other", "now", lambda: "again") == "second"


def test_of_many_names_those_are_kept_that_were_asked_for_last() -> None:
    kept: Kept[int] = Kept()
    for number in range(NAMES):
        kept.get(str(number), "now", lambda: 1)
    kept.get("0", "now", lambda: 2)
    kept.get("one more", "now", lambda: 1)

    assert kept.get("0", "now", lambda: 3) == 1
    assert kept.get("1", "now", lambda: 3) == 3


def test_what_cannot_be_made_is_tried_again() -> None:
    kept: Kept[float] = Kept()

    with pytest.raises(ZeroDivisionError):
        kept.get("page", "now", lambda: 1 / 0)

    assert kept.get("page", "now", lambda: 1.0) == 1.0


def test_readers_who_come_together_wait_for_the_first_ones_value() -> None:
    kept: Kept[int] = Kept()
    made: list[int] = []

    def make() -> int:
        time.sleep(0.05)
        made.append(1)
        return len(made)

    readers = [threading.Thread(target=lambda: kept.get("page", "now", make)) for _ in range(5)]
    for one in readers:
        one.start()
    for one in readers:
        one.join()

    assert made == [1]
