"""A rule may lead to another route: then the split of that one decides, under the address of the first."""

from collections import Counter
from collections.abc import Iterator

import pytest
import requests

from tests.gateway.conftest import Gateway, gateway_with

MOUNTAIN = {"target": "mountain"}


@pytest.fixture
def led() -> Iterator[Gateway]:
    """A gateway whose vision route leads to iris: an experiment with its own variants behind one header."""
    with gateway_with() as gateway:
        gateway.route("vision", rules=[{"header": "target", "value": "mountain", "route": "iris"}])
        gateway.route("iris", experiment="petals", weights={"svc": 50, "forest": 50})
        yield gateway


def test_visitors_with_the_header_are_split_as_the_other_route_says(led: Gateway) -> None:
    visitors = [{"X-User-ID": f"visitor {number}"} for number in range(200)]

    ruled = [led.predict("/vision/predict", headers=visitor | MOUNTAIN) for visitor in visitors]
    again = [led.predict("/vision/predict", headers=visitor | MOUNTAIN).headers["X-Variant"] for visitor in visitors]
    direct = [led.predict("/iris/predict", headers=visitor).headers["X-Variant"] for visitor in visitors]

    met = [answer.headers["X-Variant"] for answer in ruled]
    assert met == again == direct
    # The hash is fixed, so this is no test of luck; the bounds are four standard deviations.
    assert Counter(met)["svc"] == pytest.approx(100, abs=29)
    assert {(answer.headers["X-Route-Reason"], answer.headers["X-Experiment"]) for answer in ruled} == {("split", "petals")}


def test_the_line_belongs_to_the_other_routes_experiment(led: Gateway) -> None:
    answer = led.predict("/vision/predict", headers=MOUNTAIN)

    line = led.line(answer.headers["X-Request-ID"])
    assert (line["route"], line["experiment"], line["reason"], line["path"]) == ("iris", "petals", "split", "/vision/predict")
    assert line["epoch"] == led.routes["routes"]["iris"]["epoch"]
    assert line["weight"] == 0.5


def test_links_stay_under_the_address_that_was_asked_for(led: Gateway) -> None:
    answer = led.predict("/vision/predict", headers=MOUNTAIN)

    seen = led.services[answer.json()["model"]].seen[-1]
    assert (seen["X-Forwarded-Prefix"], seen["X-Lab-Route"]) == ("/vision", "iris")


def test_without_the_header_nothing_changes(led: Gateway) -> None:
    assert led.predict("/vision/predict").headers["X-Variant"] == "imagenet"
    assert led.predict("/iris/predict", headers=MOUNTAIN).headers["X-Variant"] in ("svc", "forest")


def test_a_variant_asked_for_by_name_outranks_the_rule(led: Gateway) -> None:
    answers = [
        led.predict("/vision/predict", headers={"X-Variant": "imagenet", **MOUNTAIN}),
        led.predict("/vision/plant/predict", headers=MOUNTAIN),
        led.predict("/vision/predict", headers={"X-Variant": "forest", **MOUNTAIN}),
    ]

    assert [answer.headers["X-Variant"] for answer in answers] == ["imagenet", "plant", "forest"]
    assert {answer.headers["X-Route-Reason"] for answer in answers} == {"override"}


def test_an_unknown_variant_is_told_those_of_the_route_that_decides(led: Gateway) -> None:
    answer = led.predict("/vision/predict", headers={"X-Variant": "nosuch", **MOUNTAIN})

    assert answer.status_code == 404
    assert answer.json()["detail"].endswith("Its variants: svc, forest, xgboost.")


def test_the_other_routes_failures_are_rescued_as_it_says(led: Gateway) -> None:
    led.services["forest"].stop()

    answers = [led.predict("/vision/predict", headers={"X-User-ID": f"visitor {number}", **MOUNTAIN}) for number in range(20)]

    assert {(answer.status_code, answer.headers["X-Served-By"]) for answer in answers} == {(200, "svc")}


def test_two_routes_that_lead_to_each_other_lead_nobody_in_a_circle(led: Gateway) -> None:
    led.route("iris", rules=[{"header": "target", "value": "mountain", "route": "vision"}])

    assert led.predict("/vision/predict", headers=MOUNTAIN).headers["X-Variant"] in ("svc", "forest")
    assert led.predict("/iris/predict", headers=MOUNTAIN).headers["X-Variant"] == "imagenet"


def test_turns_are_taken_by_those_with_the_header_too(led: Gateway) -> None:
    led.route("iris", mode="roundrobin")

    met = [led.predict("/vision/predict", headers=MOUNTAIN).headers["X-Variant"] for _ in range(6)]

    assert met[0::2] == [met[0]] * 3
    assert met[1::2] == [met[1]] * 3
    assert {met[0], met[1]} == {"svc", "forest"}


def test_pages_are_those_of_the_other_routes_baseline(led: Gateway) -> None:
    assert requests.get(f"{led.url}/vision/label", headers=MOUNTAIN).json()["model"] == "svc"
