"""When a variant fails, another answers, and the journal says so."""

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler

import pytest
import requests

from tests.gateway.conftest import MOUNTAIN, Gateway
from tests.support import eventually


@pytest.mark.parametrize(("dead", "alive"), [("vgg16", "custom"), ("custom", "vgg16")])
def test_the_survivor_answers_and_the_assignment_stays(gateway: Gateway, dead: str, alive: str) -> None:
    gateway.services[dead].stop()

    answers = [gateway.predict() for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert {answer.json()["model"] for answer in answers} == {alive}
    assert {answer.headers["X-Served-By"] for answer in answers} == {alive}
    assert sorted(answer.headers["X-Variant"] for answer in answers) == ["custom", "custom", "vgg16", "vgg16"]


def test_the_line_says_what_happened(gateway: Gateway) -> None:
    gateway.route("fruit", rules=[MOUNTAIN])
    gateway.services["vgg16"].stop()

    answer = gateway.predict(headers={"target": "mountain"})
    line = gateway.line(answer.headers["X-Request-ID"])

    assert (line["variant"], line["served_by"], line["rescued"], line["status"]) == ("vgg16", "custom", True, 200)
    assert [(attempt["variant"], attempt["status"]) for attempt in line["attempts"]] == [("vgg16", 502), ("custom", 200)]
    assert "vgg16 failed with 502, custom answered" in gateway.output()


def test_the_whole_upload_reaches_the_survivor(gateway: Gateway) -> None:
    upload = bytes(range(256)) * 8192
    gateway.services["vgg16"].stop()

    answers = [gateway.predict(data=upload) for _ in range(2)]

    assert {answer.json()["sha256"] for answer in answers} == {hashlib.sha256(upload).hexdigest()}
    assert {answer.json()["method"] for answer in answers} == {"POST"}


@pytest.mark.parametrize("status", [502, 503, 504])
def test_an_overloaded_service_is_rescued(gateway: Gateway, status: int) -> None:
    gateway.services["vgg16"].behave = lambda handler: _refuse(handler, status)

    answers = [gateway.predict() for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_services_own_error_reaches_the_client(gateway: Gateway) -> None:
    gateway.services["svc"].behave = lambda handler: _refuse(handler, 500)

    answer = gateway.predict("/iris/svc/predict")

    assert answer.status_code == 500
    assert answer.headers["X-Served-By"] == "svc"


def test_a_500_is_rescued_where_the_route_says_so(gateway: Gateway) -> None:
    gateway.services["forest"].behave = lambda handler: _refuse(handler, 500)
    gateway.route("iris", weights={"svc": 0, "forest": 100}, rescue_500=True)

    answer = gateway.predict("/iris/predict")
    line = gateway.line(answer.headers["X-Request-ID"])

    assert (answer.status_code, answer.headers["X-Variant"], answer.headers["X-Served-By"]) == (200, "forest", "svc")
    assert [(attempt["variant"], attempt["status"]) for attempt in line["attempts"]] == [("forest", 500), ("svc", 200)]


def test_a_500_is_passed_on_where_the_route_does_not_say_so(gateway: Gateway) -> None:
    gateway.services["forest"].behave = lambda handler: _refuse(handler, 500)
    gateway.route("iris", weights={"svc": 0, "forest": 100})

    answer = gateway.predict("/iris/predict")

    assert (answer.status_code, answer.headers["X-Served-By"]) == (500, "forest")
    assert gateway.line(answer.headers["X-Request-ID"])["rescued"] is False


@pytest.mark.parametrize("settings", [{}, {"rescue_500": True}, {"shadows": {"svc": 100}}, {"rescue_500": True, "shadows": {"svc": 50}}])
def test_without_a_fallback_the_failure_reaches_the_visitor(gateway: Gateway, settings: dict[str, object]) -> None:
    gateway.services["forest"].behave = lambda handler: _refuse(handler, 502)
    gateway.route("iris", weights={"svc": 0, "forest": 100}, fallback="none", **settings)

    answer = gateway.predict("/iris/predict")
    line = gateway.line(answer.headers["X-Request-ID"])

    assert answer.status_code == 502
    assert answer.json()["detail"] == "The model that should answer broke off. Try again in a moment."
    assert (line["variant"], line["served_by"], len(line["attempts"])) == ("forest", None, 1)


@pytest.mark.parametrize(
    ("path", "settings"),
    [
        ("/iris/predict", {"fallback": "none"}),
        ("/iris/forest/predict", {}),
        ("/iris/forest/predict", {"shadows": {"xgboost": 100}}),
    ],
)
def test_a_500_that_nobody_may_rescue_reaches_the_visitor_as_it_is(gateway: Gateway, path: str, settings: dict[str, object]) -> None:
    gateway.services["forest"].behave = lambda handler: _refuse(handler, 500)
    gateway.route("iris", weights={"svc": 0, "forest": 100}, rescue_500=True, **settings)

    answer = gateway.predict(path)

    assert (answer.status_code, answer.headers["X-Served-By"]) == (500, "forest")
    assert "broke off" not in answer.text


def test_rescue_works_beside_shadows(gateway: Gateway) -> None:
    gateway.services["forest"].stop()
    gateway.route("iris", weights={"svc": 0, "forest": 100}, shadows={"xgboost": 100}, rescue_500=True)

    answer = gateway.predict("/iris/predict")

    assert (answer.status_code, answer.headers["X-Served-By"]) == (200, "svc")
    assert gateway.line(answer.headers["X-Request-ID"])["rescued"] is True


def test_a_forced_variant_is_not_replaced(gateway: Gateway) -> None:
    gateway.services["vgg16"].stop()

    answer = gateway.predict(headers={"X-Variant": "vgg16"})

    assert answer.status_code == 503
    assert "X-Served-By" not in answer.headers


def test_pages_survive_the_death_of_the_baseline(gateway: Gateway) -> None:
    gateway.services["custom"].stop()

    answer = requests.get(f"{gateway.url}/interface/")

    assert answer.status_code == 200
    assert answer.headers["X-Served-By"] == "vgg16"


def test_without_any_variant_a_program_gets_a_sentence(gateway: Gateway) -> None:
    gateway.services["custom"].stop()
    gateway.services["vgg16"].stop()

    answer = gateway.predict()
    line = gateway.line(answer.headers["X-Request-ID"])

    assert answer.status_code == 503
    assert answer.json()["detail"] == "No model is ready to answer yet. Try again in a moment."
    assert answer.headers["Retry-After"] == "2"
    assert (line["status"], line["method"], line["served_by"], line["rescued"]) == (503, "POST", None, False)


def test_without_any_variant_a_person_gets_a_page(gateway: Gateway) -> None:
    gateway.services["custom"].stop()
    gateway.services["vgg16"].stop()

    answer = gateway.predict("/result/")

    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "No model is ready" in answer.text


def test_the_other_routes_do_not_notice(gateway: Gateway) -> None:
    gateway.services["custom"].stop()
    gateway.services["vgg16"].stop()

    assert gateway.predict("/iris/predict").status_code == 200


def test_a_variant_that_hangs_is_rescued_after_ten_seconds(gateway: Gateway) -> None:
    gateway.route("fruit", rules=[MOUNTAIN])
    gateway.services["vgg16"].behave = lambda handler: _hang(12)

    answer = gateway.predict(headers={"target": "mountain"})
    line = gateway.line(answer.headers["X-Request-ID"])

    assert answer.json()["model"] == "custom"
    assert line["attempts"][0] == {"variant": "vgg16", "status": 504, "seconds": pytest.approx(10, abs=1.5)}


def test_a_variant_that_hangs_is_504_if_it_was_forced(gateway: Gateway) -> None:
    gateway.services["vgg16"].behave = lambda handler: _hang(12)

    answer = gateway.predict(headers={"X-Variant": "vgg16"})

    assert answer.status_code == 504
    assert "took too long" in answer.json()["detail"]


def test_an_answer_that_breaks_off_is_marked_incomplete(gateway: Gateway) -> None:
    gateway.services["svc"].behave = _break_off

    with pytest.raises(requests.exceptions.RequestException):
        gateway.predict("/iris/svc/predict")

    eventually(lambda: len(gateway.lines()) == 1)
    assert gateway.lines()[0]["complete"] is False


def test_a_service_that_dies_and_returns_five_times_under_load_costs_at_most_one_request_each(gateway: Gateway) -> None:
    master = gateway.pid
    statuses = []
    running = True

    def visit(_: int) -> None:
        with requests.Session() as session:
            while running:
                try:
                    statuses.append(session.post(f"{gateway.url}/predict", data=b"picture", timeout=30).status_code)
                except requests.RequestException:  # it died in the middle of an answer, which nobody can take back
                    statuses.append(0)

    with ThreadPoolExecutor(4) as clients:
        visits = clients.map(visit, range(4))
        for _ in range(5):
            time.sleep(0.3)
            gateway.services["vgg16"].stop()
            time.sleep(0.3)
            gateway.services["vgg16"].start()
        running = False
        list(visits)

    assert len(statuses) > 100
    assert sum(status != 200 for status in statuses) <= 5
    assert gateway.pid == master
    assert "signal" not in gateway.output()


def _refuse(handler: BaseHTTPRequestHandler, status: int) -> bool:
    handler.send_response(status)
    handler.send_header("Content-Length", "2")
    handler.end_headers()
    handler.wfile.write(b"{}")
    return True


def _hang(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _break_off(handler: BaseHTTPRequestHandler) -> bool:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    handler.wfile.write(b"x" * 1000)
    handler.wfile.flush()
    handler.close_connection = True
    return True
