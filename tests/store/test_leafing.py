"""The log can be leafed through while predictions come in, and no page of it searches everything."""

from datetime import timedelta

import pytest

from lab.store import leafing, stretch
from lab.store.leafing import PAGE, Place
from lab.store.log import Filter
from tests.store.conftest import LATER, START, Lab, prediction

NOW = START.timestamp() + 10_000


def ids(leaf: leafing.Leaf) -> list[int]:
    return [int(row["request_id"], 16) for row in leaf.rows]


def fill(lab: Lab, numbers: range, **fields: object) -> None:
    lab.write(*(prediction(number, **fields) for number in numbers))
    lab.store.read_on()


def all_leaves(lab: Lab, wanted: Filter) -> list[list[int]]:
    """From the newest to the oldest."""
    leaf = leafing.newest(lab.store, wanted, NOW)
    leaves = [ids(leaf)]
    while leaf.older is not None:
        leaf = leafing.before(lab.store, wanted, leaf.older, NOW)
        leaves.append(ids(leaf))
    return leaves


def test_the_newest_come_first_and_every_one_once(lab: Lab) -> None:
    fill(lab, range(120))

    leaves = all_leaves(lab, Filter())

    assert [one for leaf in leaves for one in leaf] == list(range(119, -1, -1))
    assert [len(leaf) for leaf in leaves] == [PAGE, PAGE, 20]


def test_those_of_one_moment_are_neither_lost_nor_told_twice(lab: Lab) -> None:
    fill(lab, range(70), time="2026-11-20T10:00:00.000Z")

    leaves = all_leaves(lab, Filter())

    assert sorted(one for leaf in leaves for one in leaf) == list(range(70))


def test_a_leaf_stays_what_it_was_while_predictions_come_in(lab: Lab) -> None:
    fill(lab, range(120))
    older = leafing.newest(lab.store, Filter(), NOW).older
    assert older is not None
    before = ids(leafing.before(lab.store, Filter(), older, NOW))

    fill(lab, range(120, 200))

    assert ids(leafing.before(lab.store, Filter(), older, NOW)) == before


def test_one_step_back_and_one_forth_lead_to_the_same_leaf(lab: Lab) -> None:
    fill(lab, range(170))
    first = leafing.newest(lab.store, Filter(), NOW)
    assert first.older is not None
    second = leafing.before(lab.store, Filter(), first.older, NOW)
    assert second.newer is not None

    back = leafing.after(lab.store, Filter(), second.newer, NOW)

    assert ids(back) == ids(first)
    assert back.newer is None


def test_the_newer_leaf_is_the_nearest_not_the_newest(lab: Lab) -> None:
    fill(lab, range(170))

    leaf = leafing.after(lab.store, Filter(), Place(START + timedelta(seconds=9), 9), NOW)

    assert ids(leaf) == list(range(59, 9, -1))
    assert leaf.newer is not None


def test_what_fits_rarely_is_searched_stretch_by_stretch(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leafing, "SEARCHED", 100)
    fill(lab, range(5), label="rare")
    fill(lab, range(5, 400))

    first = leafing.newest(lab.store, Filter(label="rare"), NOW)
    found = [one for leaf in all_leaves(lab, Filter(label="rare")) for one in leaf]

    assert ids(first) == []
    assert 100 <= first.searched.n < 200
    assert found == [4, 3, 2, 1, 0]


def test_who_says_since_when_gets_all_of_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leafing, "SEARCHED", 100)
    fill(lab, range(5), label="rare")
    fill(lab, range(5, 400))

    leaf = leafing.newest(lab.store, Filter(label="rare", since=START + timedelta(seconds=2)), NOW)

    assert ids(leaf) == [4, 3, 2]
    assert leaf.older is None


def test_even_then_a_leaf_searches_only_so_much(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leafing, "SEARCHED", 100)
    monkeypatch.setattr(leafing, "SEARCHED_SINCE", 200)
    fill(lab, range(5), label="rare")
    fill(lab, range(5, 400))
    wanted = Filter(label="rare", since=START)

    first = leafing.newest(lab.store, wanted, NOW)

    assert (ids(first), 200 <= first.searched.n < 300) == ([], True)
    assert [one for leaf in all_leaves(lab, wanted) for one in leaf] == [4, 3, 2, 1, 0]


def test_a_prediction_dated_in_the_future_is_not_at_the_top_for_ever(lab: Lab) -> None:
    fill(lab, range(3))
    fill(lab, range(9, 10), time="2027-01-01T00:00:00.000Z")

    assert ids(leafing.newest(lab.store, Filter(), NOW)) == [2, 1, 0]


def test_until_bounds_the_log(lab: Lab) -> None:
    fill(lab, range(10))

    assert ids(leafing.newest(lab.store, Filter(until=START + timedelta(seconds=3)), NOW)) == [2, 1, 0]


def test_an_empty_log_has_one_empty_leaf(lab: Lab) -> None:
    leaf = leafing.newest(lab.store, Filter(), NOW)

    assert (leaf.rows, leaf.older, leaf.newer) == ([], None, None)


def test_what_came_in_lately_is_counted(lab: Lab) -> None:
    fill(lab, range(100))

    found = leafing.lately(lab.store, START.timestamp() + 99)

    assert found == (61, START + timedelta(seconds=99))


@pytest.mark.parametrize("text", ["", "1-", "x-1", "1-1 ", "1-1-1", "9" * 17 + "-1", "\u0661-1"])
def test_what_is_no_place_is_none(text: str) -> None:
    assert Place.read(text) is None


def test_a_place_is_read_as_it_is_written() -> None:
    place = Place(START + timedelta(microseconds=5), 42)

    assert Place.read(str(place)) == place


@pytest.mark.parametrize("most", [1, 30, 100, 250, 10_000])
def test_a_stretch_holds_what_is_wanted_and_hardly_more(most: int, lab: Lab) -> None:
    fill(lab, range(300))

    with lab.store.cursor() as cursor:
        found = stretch.before(cursor, START + timedelta(seconds=300), most)

    # Ten predictions lie in one block.
    assert min(most, 300) <= found.n <= most + 10
    assert lab.ask(f"select count(*) from predictions where time >= timestamp '{found.start or START}'")[0] == found.n


def test_a_stretch_of_something_rare_reaches_farther(lab: Lab) -> None:
    fill(lab, range(20), route="fruit")
    fill(lab, range(20, 300))

    with lab.store.cursor() as cursor:
        found = stretch.before(cursor, START + timedelta(seconds=300), 5, route="fruit")
        last = stretch.latest(cursor, START + timedelta(seconds=300), route="fruit")

    assert found.n == 10
    assert last == START + timedelta(seconds=20)


def test_the_sums_and_what_is_not_summed_yet_are_counted_once(lab: Lab) -> None:
    """The clock of this store is ahead of all lines, so that most of them are summed."""
    assert START.timestamp() < LATER
    fill(lab, range(1000))

    with lab.store.cursor() as cursor:
        assert lab.ask("select through from progress")[0] > START
        assert stretch.since(cursor, START, START + timedelta(hours=1)).n == 1000
