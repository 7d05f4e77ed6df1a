"""A shadow's page says how often it agrees with the visitors' answers, where not, how sure it is and how fast."""

from collections.abc import Iterator
from datetime import UTC
from html import unescape
from typing import Any

import pytest

from lab.routes import with_shadows
from lab.store.shadowing import Pair
from lab.web.pages import shadow_view
from lab.web.pages.shadow_view import agreement, headline, matrix, scores, surest, timing
from tests.store.conftest import HOUR, START, prediction
from tests.web.experiment_site import Site, site, words

EVIL = '"><script>alert(1)</script>'


@pytest.fixture
def here() -> Iterator[Site]:
    with site() as made:
        made.lab.clock.now = START.replace(tzinfo=UTC).timestamp() + 1000
        yield made


def pair(label: str = "setosa", shadow_label: str = "setosa", number: int = 1, **fields: Any) -> Pair:
    made = Pair(f"{number:032x}", START, "svc", label, shadow_label, 0.9, 0.8, 0.004, 0.002, 900, 300)
    return made._replace(**fields)


def fill(here: Site, count: int, different: int = 0, **fields: Any) -> None:
    """Predictions with a copy each, of which some are answered otherwise."""
    for number in range(count):
        label = {"label": "virginica"} if number < different else {}
        copy = {"variant": "xgboost", "served_by": "xgboost", "reason": "shadow", "weight": 0.25, "probability": 0.8}
        here.write("predictions", HOUR, prediction(number, **fields), prediction(number, **fields | copy | label))


def test_the_page_says_how_often_a_shadow_agrees(here: Site) -> None:
    fill(here, 40, different=2)

    page = here.words("/shadow/iris")

    assert "xgboost agrees with 95.0 % of the answers that visitors saw (95 % interval" in page
    assert "n = 40" in page
    assert "Copies 40 Answered 40 100.0 % Dropped 0" in page
    assert "2 of 2 disagreements" in page
    assert f'href="/lab/prediction/{1:032x}"' in here.get("/shadow/iris").text


def test_a_route_without_a_shadow_says_how_to_add_one(here: Site) -> None:
    page = here.words("/shadow/iris")

    assert "No shadow" in page
    assert "lab route iris --shadow xgboost=25" in page


def test_a_shadow_that_waits_for_its_first_copy_is_named(here: Site) -> None:
    here.lab.traffic.change("iris", lambda route: with_shadows(route, {"xgboost": 50}, here.lab.traffic.known()["iris"]))

    assert "xgboost It is to get copies, and has got none yet." in here.words("/shadow/iris")


def test_the_list_leads_to_those_that_there_are(here: Site) -> None:
    fill(here, 3)

    page = here.get("/shadow").text

    assert '<a href="/lab/shadow/iris">iris</a>' in page
    assert "xgboost gets no copies now" in words(page)
    assert "lab route fruit --shadow" in words(page)


@pytest.mark.parametrize("route", ["nowhere", "IRIS", "%3Cscript%3E", "a" * 41])
def test_an_unknown_route_is_no_address(route: str, here: Site) -> None:
    assert here.get(f"/shadow/{route}").status_code == 404


def test_hostile_labels_stay_text(here: Site) -> None:
    fill(here, 3, label=EVIL, different=1)

    page = here.get("/shadow/iris")

    assert page.status_code == 200
    assert "<script>" not in page.text
    assert EVIL in unescape(words(page.text)) or "alert(1)" in unescape(page.text)
    assert "style=" not in page.text


def test_a_copy_without_an_answer_leaves_nothing_to_compare(here: Site) -> None:
    lost = {"status": 503, "complete": False, "attempts": [], "label": None, "probability": None}
    here.write("predictions", HOUR, prediction(1), prediction(1, variant="xgboost", reason="shadow", **lost))

    page = here.words("/shadow/iris")

    assert "nothing can be compared yet" in page
    assert "Dropped 1" in page


def test_the_interval_holds_the_share_and_narrows() -> None:
    few, many = ([pair()] * (9 * n) + [pair(shadow_label="virginica")] * n for n in (2, 200))

    assert agreement(few).contains(0.9)
    assert agreement(many).contains(0.9)
    assert agreement(many).high - agreement(many).low < (agreement(few).high - agreement(few).low) / 3
    assert (agreement([]).low, agreement([]).high) == (0.0, 1.0)
    assert headline("xgboost", many).startswith("xgboost agrees with 90.0 % of the answers")


def test_the_matrix_has_every_pair_once() -> None:
    found = matrix([pair("a", "a"), pair("a", "a"), pair("a", "b"), pair("b", "a")])

    assert found is not None
    assert found.labels == ["a", "b"]
    assert [[cell.n for cell in row] for row in found.rows] == [[2, 1], [1, 0]]
    assert [[cell.is_same for cell in row] for row in found.rows] == [[True, False], [False, True]]


def test_rare_labels_share_a_row_of_which_nobody_knows_who_agrees() -> None:
    frequent = [pair(f"l{number:02}", f"l{number:02}") for number in range(12)] * 2

    found = matrix([*frequent, pair("rare", "rarer"), pair("rare", "rare"), pair("l00", "rare")])

    assert found is not None
    assert found.labels[-1] == "other"
    assert len(found.rows) == 13
    assert found.rows[-1][-1] == (2, False)
    assert sum(cell.n for row in found.rows for cell in row) == found.n == 27


def test_scores_are_compared_where_both_say_the_same() -> None:
    surer = [pair(probability=0.5, shadow_probability=0.52)] * 3
    ignored = [pair(shadow_label="b", shadow_probability=0.1), pair(probability=None)]

    found = scores("xgboost", [*surer, *ignored])

    assert found is not None
    assert "xgboost is surer: its probability differs by +2.0 points at the median (n = 3)." in found.sentence
    assert {figure.value for figure in found.quantiles} == {"+2.0 points"}
    assert scores("xgboost", ignored) is None


def test_times_are_those_of_the_same_requests() -> None:
    one, two = timing([pair(), pair(answer_s=None)])

    assert (one.seen, one.shadow, one.n) == (("4 ms", "4 ms"), ("2 ms", "2 ms"), 1)
    assert (two.seen, two.shadow, two.n) == (("0.9 ms", "0.9 ms"), ("0.3 ms", "0.3 ms"), 2)


def test_those_that_both_were_surest_of_come_first() -> None:
    pairs = [pair(number=number, probability=sure, shadow_probability=0.9) for number, sure in enumerate((0.5, 0.9, 0.7))]

    assert [int(one.request_id, 16) for one in surest(pairs)] == [1, 2, 0]
    assert len(surest([pair(number=number) for number in range(50)])) == shadow_view.LISTED
