"""A model that the lab is meant to run without says itself why it is off; the gateway repeats it."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest
import requests

from tests.gateway.conftest import Gateway

WHY = "The model imagenet is off: put <it> here & start \u201cagain\u201d."


def off(why: str) -> Callable[[BaseHTTPRequestHandler], bool]:
    """How a service answers whose model is off."""

    def answer(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(503)
        handler.send_header("X-Lab-Off", why)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    return answer


def test_a_program_is_told_in_json(gateway: Gateway) -> None:
    gateway.services["imagenet"].behave = off(json.dumps(WHY))

    answer = gateway.predict("/vision/predict")

    assert (answer.status_code, answer.json()["detail"]) == (503, WHY)
    assert "X-Lab-Off" not in answer.headers
    assert gateway.line(answer.headers["X-Request-ID"])["status"] == 503


@pytest.mark.parametrize("fallback", ["none", "baseline"])
def test_the_gateways_answer_for_a_model_is_a_whole_one(gateway: Gateway, fallback: str) -> None:
    def refusing(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(503)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")
        return True

    gateway.services["svc"].behave = refusing
    gateway.route("iris", weights={"svc": 100, "forest": 0}, fallback=fallback)

    answer = gateway.predict("/iris/predict")
    line = gateway.line(answer.headers["X-Request-ID"])

    assert answer.json()["detail"]
    assert (line["status"], line["served_by"], line["complete"]) == (503, None, True)


def test_people_are_told_on_a_page(gateway: Gateway) -> None:
    gateway.services["imagenet"].behave = off(json.dumps(WHY))

    answer = requests.get(f"{gateway.url}/vision/", headers={"Accept": "text/html"})

    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<h1>This model is off</h1>" in answer.text
    assert "put &lt;it&gt; here &amp; start" in answer.text
    # Whose form would show this page again.
    assert "Back to the form" not in answer.text


def test_the_others_do_not_notice(gateway: Gateway) -> None:
    gateway.services["imagenet"].behave = off(json.dumps(WHY))

    assert gateway.predict("/vision/predict", headers={"target": "mountain"}).headers["X-Variant"] == "plant"
    assert gateway.predict().status_code == 200
    assert requests.get(f"{gateway.url}/ready").status_code == 200


def test_in_a_split_somebody_else_answers(gateway: Gateway) -> None:
    gateway.services["forest"].behave = off(json.dumps(WHY))
    gateway.route("iris", weights={"svc": 0, "forest": 100})

    answer = gateway.predict("/iris/predict")

    assert (answer.status_code, answer.headers["X-Served-By"]) == (200, "svc")
    assert "X-Lab-Off" not in answer.headers


@pytest.mark.parametrize("why", ["{", "", "3", "null", '"' + "x" * 100])
def test_a_note_that_is_none_harms_nobody(gateway: Gateway, why: str) -> None:
    gateway.services["imagenet"].behave = off(why)

    answer = gateway.predict("/vision/predict")

    assert (answer.status_code, answer.json()["detail"]) == (503, "No model is ready to answer yet. Try again in a moment.")


def test_a_vision_model_that_is_dead_is_not_replaced_by_one_of_another_domain(gateway: Gateway) -> None:
    gateway.services["plant"].stop()

    answer = gateway.predict("/vision/predict", headers={"target": "mountain"})

    assert answer.status_code == 503
    assert "X-Served-By" not in answer.headers
