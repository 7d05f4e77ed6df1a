"""Who gets which model: forced variant → header rule → split."""

import tempfile
from collections import Counter
from pathlib import Path

import pytest
import requests

from tests.gateway.conftest import Gateway


def variant(answer: requests.Response) -> tuple[str | None, str | None]:
    return answer.headers.get("X-Variant"), answer.headers.get("X-Route-Reason")


def test_a_header_forces_a_variant(gateway: Gateway) -> None:
    answer = gateway.predict("/iris/predict", headers={"X-Variant": "forest"})

    assert variant(answer) == ("forest", "override")
    assert answer.json()["model"] == "forest"


def test_a_path_forces_a_variant_and_the_service_does_not_see_it(gateway: Gateway) -> None:
    answer = gateway.predict("/iris/svc/predict?echo=1")

    assert variant(answer) == ("svc", "override")
    assert answer.json()["path"] == "/predict?echo=1"
    assert gateway.services["svc"].seen[-1]["X-Forwarded-Prefix"] == "/iris/svc"
    assert gateway.services["svc"].seen[-1]["X-Lab-Route"] == "iris"


def test_the_header_outranks_the_path_and_the_rule(gateway: Gateway) -> None:
    answer = gateway.predict("/vision/plant/predict", headers={"X-Variant": "imagenet", "target": "mountain"})

    assert variant(answer) == ("imagenet", "override")


@pytest.mark.parametrize("name", ["target", "Target", "TARGET"])
def test_the_rule_knows_its_header_in_any_case(gateway: Gateway, name: str) -> None:
    answers = [gateway.predict("/vision/predict", headers={name: "mountain"}) for _ in range(3)]

    assert {variant(answer) for answer in answers} == {("plant", "rule")}


@pytest.mark.parametrize("value", ["Mountain", "MOUNTAIN", "mountains", "plant", "mountain,mountain", ""])
def test_the_rule_wants_exactly_its_value(gateway: Gateway, value: str) -> None:
    answers = [gateway.predict("/vision/predict", headers={"target": value}) for _ in range(4)]

    assert {variant(answer) for answer in answers} == {("imagenet", "split")}


def test_the_rule_of_one_route_is_not_anothers(gateway: Gateway) -> None:
    answers = [gateway.predict(headers={"target": "mountain"}) for _ in range(4)]

    assert Counter(variant(answer) for answer in answers) == {("custom", "roundrobin"): 2, ("vgg16", "roundrobin"): 2}


def test_the_rule_chooses_whose_pages_are_shown_too(gateway: Gateway) -> None:
    answers = [requests.get(f"{gateway.url}/vision/label", headers=headers).json() for headers in ({}, {"target": "mountain"})]

    assert [answer["model"] for answer in answers] == ["imagenet", "plant"]


@pytest.mark.parametrize("headers", [{"X-Variant": "nosuch"}, {"X-Variant": "svc"}, {"X-Variant": "__proto__"}])
def test_an_unknown_variant_is_404_with_the_list(gateway: Gateway, headers: dict[str, str]) -> None:
    answer = gateway.predict(headers=headers)

    assert answer.status_code == 404
    assert answer.json()["detail"].endswith("Its variants: custom, vgg16, vgg16int8.")


def test_an_unknown_variant_is_a_page_for_people_and_its_name_is_escaped(gateway: Gateway) -> None:
    answer = gateway.predict(headers={"X-Variant": "<script>", "Accept": "text/html"})

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "&lt;script&gt;" in answer.text
    assert "<script>" not in answer.text


def test_iris_visitors_are_split_60_to_40(gateway: Gateway) -> None:
    with requests.Session() as session:
        met = Counter(
            session.get(f"{gateway.url}/iris/predict/test", headers={"X-User-ID": f"visitor {number}"}).headers["X-Variant"]
            for number in range(1000)
        )

    # The hash is fixed, so this is no test of luck; the bounds are four standard deviations.
    assert met["svc"] == pytest.approx(600, abs=62)
    assert met["svc"] + met["forest"] == 1000


def test_a_visitor_keeps_their_variant_by_cookie(gateway: Gateway) -> None:
    with requests.Session() as session:
        met = {session.get(f"{gateway.url}/iris/predict/test").headers["X-Variant"] for _ in range(20)}

    assert len(met) == 1


def test_a_visitor_keeps_their_variant_by_user_id(gateway: Gateway) -> None:
    for number in range(10):
        met = {
            requests.get(f"{gateway.url}/iris/predict/test", headers={"X-User-ID": f"user-{number}"}).headers["X-Variant"] for _ in range(3)
        }

        assert len(met) == 1


def test_a_visitor_keeps_their_variant_over_a_restart_of_everything(gateway: Gateway) -> None:
    gateway.route("iris", weights={"svc": 40, "forest": 35, "xgboost": 25}, lanes=["forest", "xgboost"])
    visitors = [{"X-User-ID": f"visitor-{number}"} for number in range(60)]

    before = [gateway.predict("/iris/predict", headers=visitor).headers["X-Variant"] for visitor in visitors]
    gateway.stop()
    gateway.start()
    after = [gateway.predict("/iris/predict", headers=visitor).headers["X-Variant"] for visitor in visitors]

    assert after == before
    assert set(before) == {"svc", "forest", "xgboost"}


def test_beyond_loopback_a_user_id_is_not_believed() -> None:
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        gateway = Gateway(Path(folder), LAB_BIND="0.0.0.0")
        gateway.start()
        met = {gateway.predict("/iris/predict", headers={"X-User-ID": "ann"}).headers["X-Variant"] for _ in range(20)}
        gateway.stop()

    assert met == {"svc", "forest"}


def test_a_new_visitor_gets_a_cookie_that_scripts_cannot_read(gateway: Gateway) -> None:
    cookie = gateway.predict().headers["Set-Cookie"]

    assert cookie.startswith("lab_visitor=")
    assert {"Path=/", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))


def test_the_version_header_names_the_variants_version(gateway: Gateway) -> None:
    assert gateway.predict("/iris/svc/predict").headers["version"] == "iris-v1"
    assert gateway.predict("/iris/forest/predict").headers["version"] == "iris-v2"


def test_clients_cannot_pass_the_gateways_own_headers_on(gateway: Gateway) -> None:
    spoofed = {name: "spoofed" for name in ("X-Lab-Prediction", "X-Served-By", "X-Route-Reason", "X-Experiment", "version")}

    answer = gateway.predict("/iris/svc/predict", headers=spoofed)

    assert "spoofed" not in str(gateway.services["svc"].seen[-1])
    assert "spoofed" not in str(answer.headers)


def test_the_note_for_the_journal_is_hidden_from_clients(gateway: Gateway) -> None:
    assert "X-Lab-Prediction" not in gateway.predict().headers


def test_every_answer_has_one_request_id_of_the_gateways_own(gateway: Gateway) -> None:
    answer = gateway.predict(headers={"X-Request-ID": "mine"})

    assert len(answer.headers["X-Request-ID"]) == 32
    assert gateway.services[answer.json()["model"]].seen[-1]["X-Request-ID"] == answer.headers["X-Request-ID"]


def test_paths_are_decoded_once_and_cannot_climb_out_of_a_route(gateway: Gateway) -> None:
    answer = gateway.predict("/iris/svc/%2e%2e/%2e%2e/predict")

    assert answer.headers["X-Route-Reason"] == "roundrobin"
    assert answer.json()["path"] == "/predict"
