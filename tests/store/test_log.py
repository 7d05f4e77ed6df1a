"""The log finds predictions, and whoever follows it misses none and sees none twice."""

import random
import threading
from typing import Any

import pytest

from lab.store import log
from lab.store.log import Filter
from tests.store.conftest import START, Lab, moment, prediction


def ids(page: log.Page) -> list[int]:
    return [int(row["request_id"], 16) for row in page.rows]


def test_the_newest_come_last(lab: Lab) -> None:
    lab.write(prediction(3), prediction(1), prediction(2))
    lab.store.read_on()

    assert ids(log.newest(lab.store, Filter(), 2)) == [2, 3]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), [0, 1, 2, 3]),
        (Filter(route="fruit"), [1]),
        (Filter(variant="forest"), [2]),
        (Filter(label="o'hara; drop table predictions"), [3]),
        (Filter(outlier=True), [1]),
        (Filter(outlier=False), [0, 2]),
        (Filter(status=(500, 599)), [2]),
        (Filter(reason="shadow"), [3]),
        (Filter(visitor="d" * 32), [3]),
        (Filter(request_id=f"{2:032x}"), [2]),
        (Filter(since=START.replace(second=2)), [2, 3]),
        (Filter(route="iris", outlier=False, status=(200, 200)), [0]),
        (Filter(label="' or 1 = 1 --"), []),
    ],
)  # fmt: skip
def test_filters_find_what_fits(wanted: Filter, found: list[int], lab: Lab) -> None:
    special: list[dict[str, Any]] = [
        {}, {"route": "fruit", "outlier": True}, {"variant": "forest", "status": 502},
        {"label": "o'hara; drop table predictions", "reason": "shadow", "visitor": "d" * 32, "outlier": None},
    ]  # fmt: skip
    lab.write(*(prediction(number, **fields) for number, fields in enumerate(special)))
    lab.store.read_on()

    assert ids(log.newest(lab.store, wanted, 10)) == found
    assert ids(log.after(lab.store, wanted, -1, 10)) == found


def test_a_row_has_the_fields_of_its_line(lab: Lab) -> None:
    record = prediction(1, client_request_id="mine", features=None)
    lab.write(record)
    lab.store.read_on()

    (row,) = log.newest(lab.store, Filter(), 1).rows

    assert row | {"time": moment(1)} == record


def test_whoever_follows_misses_nothing_and_sees_nothing_twice(lab: Lab) -> None:
    luck = random.Random(1)
    wanted = Filter(outlier=True)

    def write() -> None:
        for part in range(25):
            lab.write(*(prediction(1000 * part + number, outlier=number % 3 == 0) for number in range(luck.randrange(60))))
            lab.write(prediction(1000 * part + 999, outlier=True))
            lab.store.read_on()

    writing = threading.Thread(target=write)
    writing.start()
    last, seen = -1, []
    is_over = False
    while not is_over:
        is_over = not writing.is_alive()
        page = log.after(lab.store, wanted, last, 7)
        while page.rows:
            seen += ids(page)
            last = page.last
            page = log.after(lab.store, wanted, last, 7)
        last = page.last
    writing.join()

    assert seen == lab.ask("select ('0x' || request_id)::BIGINT from predictions where outlier order by rowid")


def test_whoever_is_ahead_of_a_rebuilt_database_goes_on_at_its_end(lab: Lab) -> None:
    lab.write(prediction(1), prediction(2))
    lab.store.read_on()

    page = log.after(lab.store, Filter(), 1_000_000, 10)
    lab.write(prediction(3))
    lab.store.read_on()

    assert ids(log.after(lab.store, Filter(), page.last, 10)) == [3]


def test_an_empty_log_can_be_followed(lab: Lab) -> None:
    page = log.newest(lab.store, Filter(), 10)
    assert page == ([], -1)

    lab.write(prediction(1))
    lab.store.read_on()

    assert ids(log.after(lab.store, Filter(), page.last, 10)) == [1]
