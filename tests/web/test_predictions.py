"""The log's page finds predictions, and a prediction's own page says who handled it, what came of it, and how long it took."""

import json
import re
from collections.abc import Iterator
from datetime import UTC
from html import unescape
from typing import Any

import pytest

from lab.routes import Routes
from lab.store.log import CONDITIONS, Filter
from lab.web.evidence import Wanted
from lab.web.pages import predictions_asked
from lab.web.pages.experiment_state import State
from lab.web.pages.prediction_view import chosen, parts
from lab.web.pages.predictions_words import milliseconds, places, probability, status
from tests.controller.conftest import text
from tests.store.conftest import HOUR, START, feedback, moment, prediction
from tests.traffic.conftest import KNOWN, TABLE
from tests.web.experiment_site import Site, site, words

EVIL = '"><script>alert(1)</script>'

RESCUED = {
    "variant": "forest",
    "served_by": "svc",
    "rescued": True,
    "attempts": [{"variant": "forest", "status": 502, "seconds": 0.0}, {"variant": "svc", "status": 200, "seconds": 0.004}],
}


@pytest.fixture
def here() -> Iterator[Site]:
    with site() as made:
        made.lab.clock.now = START.replace(tzinfo=UTC).timestamp() + 1000
        yield made


def fill(here: Site, *lines: dict[str, Any]) -> None:
    here.write("predictions", HOUR, *lines)


def found(page: str) -> list[int]:
    """The predictions in the table, by number."""
    return [int(one, 16) for one in re.findall(r'<th scope="row"><a href="/lab/prediction/([0-9a-f]{32})">', page)]


def link(page: str, name: str) -> str:
    """Where a link of the log's leads, without the gateway's prefix."""
    (address, *_) = re.findall(rf'<a href="/lab([^"]*)"[^>]*>{name}</a>', page)
    return unescape(address)


def test_the_log_shows_who_answered_what_and_why(here: Site) -> None:
    fill(
        here, prediction(1, outlier=True), prediction(2, **RESCUED), prediction(3, status=503, served_by=None, label=None, probability=None)
    )

    page = here.words("/predictions")

    assert "10:00:01.000 iris svc setosa 90.0 % outlier 200 by weight 5 ms" in page
    assert "forest answered by svc setosa" in page
    assert "svc answered by nobody – – no 503 failed by weight" in page
    assert "In the last minute no prediction came in." in page


def test_fifty_are_on_a_page_and_links_lead_to_the_others(here: Site) -> None:
    fill(here, *(prediction(number, route="iris") for number in range(120)))

    first = here.get("/predictions?route=iris").text
    second = here.get(link(first, "Older")).text
    third = here.get(link(second, "Older")).text

    assert [found(page) for page in (first, second, third)] == [[*range(119, 69, -1)], [*range(69, 19, -1)], [*range(19, -1, -1)]]
    assert "route=iris" in link(second, "Older")
    assert found(here.get(link(third, "Newer")).text) == found(second)
    assert found(here.get(link(third, "Newest")).text) == found(first)
    assert ">Older<" not in third
    assert ">Newer<" not in first


def test_what_comes_in_moves_no_row_of_an_open_page(here: Site) -> None:
    """Only a sentence is live."""
    fill(here, prediction(1))

    page = here.get("/predictions").text

    assert re.findall(r'data-live="([^"]*)"', page) == ["lately"]
    assert "data-live" not in here.get("/predictions?before=1795000000000000-5").text


def test_the_newest_page_does_not_lead_to_itself_and_what_came_in_need_not_fit(here: Site) -> None:
    fill(here, prediction(990))

    every, none = (here.get(f"/predictions{query}") for query in ("", "?label=nosuch"))

    assert "Show the newest" not in every.text + none.text
    assert "In the last minute 1 prediction came in, the newest at 10:16:30.000 UTC. Of all" not in words(every.text)
    assert "In the last minute 1 prediction came in, the newest at 10:16:30.000 UTC. Of all, whether they fit or not." in words(none.text)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("route=fruit", [2]),
        ("variant=forest", [3]),
        ("label=virginica", [4]),
        ("outlier=true", [5]),
        ("status=5xx", [6]),
        ("reason=override", [7]),
        (f"visitor={'d' * 32}", [8]),
        ("since=2026-11-20T10:00:08", [8]),
        ("until=2026-11-20T10:00:02", [1]),
        ("until=0001-01-01", []),
        ("route=&variant=&label=&outlier=&status=&reason=&visitor=&request_id=&since=&until=", [8, 7, 6, 5, 4, 3, 2, 1]),
    ],
)
def test_every_filter_finds_what_fits(query: str, numbers: list[int], here: Site) -> None:
    special: list[dict[str, Any]] = [
        {}, {"route": "fruit"}, {"variant": "forest"}, {"label": "virginica"}, {"outlier": True}, {"status": 502},
        {"reason": "override"}, {"visitor": "d" * 32},
    ]  # fmt: skip
    fill(here, *(prediction(number, **fields) for number, fields in enumerate(special, 1)))

    assert found(here.get(f"/predictions?{query}").text) == numbers


def test_the_page_says_where_it_has_searched(here: Site) -> None:
    fill(here, *(prediction(number) for number in range(5)))

    assert "Searched all 5 predictions there are." in here.words("/predictions?label=nothing")
    assert "No prediction fits" in here.words("/predictions?label=nothing")


def test_an_empty_log_says_how_to_fill_it(here: Site) -> None:
    assert "No predictions yet." in here.words("/predictions")


@pytest.mark.parametrize("spelling", ["{}", "  {} ", "{}-"])
def test_a_request_id_leads_straight_to_its_prediction(spelling: str, here: Site) -> None:
    request_id = f"{1:032x}"

    answer = here.get(f"/predictions?request_id={spelling.format(request_id)}")

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/lab/prediction/{request_id}"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("status=9xx", "status is '9xx'"),
        ("since=yesterday", "'yesterday' is no time."),
        ("until=yesterday", "'yesterday' is no time."),
        ("outlier=perhaps", "outlier is 'perhaps'"),
        ("request_id=abc", 'The request id is "abc"'),
        ("before=here", "before is 'here'"),
    ],
)
def test_a_filter_that_means_nothing_is_a_sentence_and_what_was_typed_stays(query: str, sentence: str, here: Site) -> None:
    answer = here.get(f"/predictions?label=setosa&{query}")

    assert answer.status_code == 422
    assert sentence in unescape(words(answer.text))
    assert 'name="label" value="setosa"' in answer.text


def test_the_log_the_command_and_the_page_have_the_same_filters() -> None:
    names = set(Filter._fields)

    assert set(CONDITIONS) == names
    assert set(vars(Wanted())) == names
    assert {one.name for one in predictions_asked.controls(predictions_asked.read({}), [], [])} == names


def test_hostile_text_stays_text(here: Site) -> None:
    fields = {"label": EVIL, "client_request_id": EVIL, "path": EVIL, "method": EVIL, "model": EVIL, "experiment": EVIL, "artifact": EVIL}
    fill(here, prediction(1, **fields))
    here.write("feedback", HOUR, feedback(2, 1, metric="truth", value=None, truth=EVIL))

    pages = [here.get(f"/predictions?label={EVIL}&status={EVIL}"), here.get("/predictions"), here.get(f"/prediction/{1:032x}")]

    for page in pages:
        assert "<script>" not in page.text
        assert "&lt;script&gt;" in page.text
        assert "'unsafe-inline'" not in page.headers["Content-Security-Policy"]
        assert "style=" not in page.text
        assert "onclick" not in page.text


def test_a_prediction_tells_its_way_and_what_was_said_of_it(here: Site) -> None:
    fill(here, prediction(1, **RESCUED), prediction(1, variant="xgboost", served_by="xgboost", reason="shadow", label="virginica"))
    here.write("feedback", HOUR, feedback(2, 1), feedback(3, 1, outcome="duplicate"))

    page = here.words(f"/prediction/{1:032x}")

    assert "svc said setosa with a probability of 90.0 %, in 5 ms." in page
    assert "forest failed, so svc answered in its place; it counts as a failure of forest." in page
    assert "1 forest 502 no answer under 1 ms 2 svc 200 4 ms" in page
    assert "xgboost virginica 90.0 % another answer" in page
    assert "reward 1 1 counts a program" in page
    assert "said before, counts once" in page


def test_thumbs_are_there_until_somebody_has_said_whether_it_was_right(here: Site) -> None:
    fill(here, prediction(1), prediction(2), prediction(3, label=None))
    here.write("feedback", HOUR, feedback(5, 2))

    pages = [here.get(f"/prediction/{number:032x}").text for number in (1, 2, 3)]

    assert ['action="/feedback"' in page for page in pages] == [True, False, False]
    assert f'name="request_id" value="{1:032x}"' in pages[0]


def test_the_experiment_is_a_link_only_if_it_has_a_page(here: Site) -> None:
    here.lab.start(text())
    (run,) = [case.name for case in here.lab.controller.cases()]
    fill(here, prediction(1, experiment=run), prediction(2, experiment="another"))

    pages = [here.get(f"/prediction/{number:032x}").text for number in (1, 2)]

    assert f'href="/lab/experiment/{run}"' in pages[0]
    assert "/experiment/" not in pages[1]


def test_the_line_is_there_as_it_was_written(here: Site) -> None:
    record = prediction(1, client_request_id="mine")
    fill(here, record)

    page = here.get(f"/prediction/{1:032x}").text
    (shown,) = re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)

    assert json.loads(unescape(shown)) == record


def test_a_visitor_leads_to_all_of_their_predictions(here: Site) -> None:
    fill(here, *(prediction(number, visitor=f"{number % 2:032x}") for number in range(6)))

    page = here.get(f"/prediction/{1:032x}").text

    assert found(here.get(f"/predictions?visitor={1:032x}").text) == [5, 3, 1]
    assert f'href="/lab/predictions?visitor={1:032x}"' in page


def test_an_unknown_id_may_not_have_been_read_yet(here: Site) -> None:
    answer = here.get(f"/prediction/{7:032x}")

    assert answer.status_code == 404
    assert "one that was just made may come" in words(answer.text)
    assert here.get(f"/prediction/{7:032x}", Accept="application/json").json()["detail"].startswith("There is no prediction")


@pytest.mark.parametrize("typed", ["abc", "A" * 32, "1" * 33, "%3Cscript%3E"])
def test_what_is_no_id_is_no_address(typed: str, here: Site) -> None:
    assert here.get(f"/prediction/{typed}").status_code == 404


def test_a_copy_whose_prediction_is_not_read_yet_says_so(here: Site) -> None:
    fill(here, prediction(1, variant="xgboost", reason="shadow", weight=0.25))

    page = here.words(f"/prediction/{1:032x}")

    assert "Only a copy for a shadow is in the journal" in page
    assert "copies of 25 % of the predictions" in page


@pytest.mark.parametrize(
    ("reason", "start"),
    [
        ("split", "The split of the route iris drew svc for this visitor (it gets 50 % of them), in epoch 1 of the experiment iris."),
        ("roundrobin", "The variants of the route iris take turns; it was the turn of svc"),
        ("rule", "A header of the request fits a rule of the route iris, which leads to svc."),
        ("override", "Whoever asked named svc"),
        (None, "The request never got as far as a variant."),
    ],
)
def test_how_a_variant_was_chosen_is_said_in_words(reason: str | None, start: str) -> None:
    assert chosen(prediction(1, reason=reason)).startswith(start)


def test_the_parts_of_the_time_fill_the_bar() -> None:
    line = prediction(1, request_s=0.020, queue_us=2000, inference_us=5000, attempts=[
        {"variant": "forest", "status": 502, "seconds": 0.004}, {"variant": "svc", "status": 200, "seconds": 0.010},
    ])  # fmt: skip

    made = parts(line)

    assert [(one.kind, one.took) for one in made] == [
        ("failed", "4 ms"), ("queue", "2 ms"), ("model", "5 ms"), ("service", "3 ms"), ("rest", "6 ms"),
    ]  # fmt: skip
    assert made[-1].start + made[-1].width == pytest.approx(100)


def test_a_request_shorter_than_its_model_has_no_negative_part() -> None:
    made = parts(prediction(1, request_s=0.0, queue_us=10, inference_us=900))

    assert min(one.width for one in made) >= 0
    assert sum(one.width for one in made) == pytest.approx(100, abs=0.01)


def test_without_the_models_word_nobody_knows_where_the_time_went() -> None:
    assert parts(prediction(1, inference_us=None)) == []


def test_numbers_are_said_with_their_units() -> None:
    assert [milliseconds(value) for value in (None, 0.0, 0.000_14, 0.005, 1.24)] == ["–", "0 ms", "0.14 ms", "5 ms", "1,240 ms"]
    assert [probability(value) for value in (None, 0.0, 0.9696)] == ["–", "0.0 %", "97.0 %"]


def test_an_error_that_arrived_whole_is_not_called_a_part_of_an_answer(here: Site) -> None:
    # Journals of older gateways call it incomplete.
    fill(here, prediction(1, status=503, complete=False, served_by=None), prediction(2, complete=False))

    said = [here.words(f"/prediction/{number:032x}") for number in (1, 2)]

    assert ["The answer broke off" in one for one in said] == [False, True]


def test_a_copy_that_was_dropped_says_so(here: Site) -> None:
    copy = {"reason": "shadow", "variant": "xgboost", "served_by": None, "complete": False}
    fill(here, prediction(1, status=503, attempts=[], **copy), prediction(2, status=502, **copy))

    said = [here.words(f"/prediction/{number:032x}") for number in (1, 2)]

    assert ["This copy was dropped, because too many waited already" in one for one in said] == [True, False]


def test_a_status_is_a_word() -> None:
    assert status(502) == State("502 failed", "bad")
    assert status(503, is_complete=False) == State("503 failed", "bad")
    assert status(200, is_complete=False) == State("200 broken off", "bad")
    assert status(499) == State("499 client hung up", "warn")


def test_colours_follow_the_route_and_strangers_come_last() -> None:
    routes = Routes.model_validate({name: TABLE[name] for name in ("default_route", "routes")})
    order = places(routes, KNOWN)

    assert [order.place("iris", name) for name in ("svc", "forest", "nobody", None)] == [0, 1, 5, 5]
    assert order.place("nowhere", "svc") == 0


def test_the_moment_of_a_prediction_is_told_to_the_millisecond(here: Site) -> None:
    fill(here, prediction(1, time=moment(1.25)))

    assert 'datetime="2026-11-20T10:00:01.250Z"' in here.get("/predictions").text
