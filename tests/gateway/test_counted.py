"""Services are told which of their answers become lines of the journal, so that a missing line is noticed."""

from http.server import BaseHTTPRequestHandler

import pytest
import requests

from tests.gateway.conftest import Gateway
from tests.serving.conftest import starting
from tests.support import eventually

# What a client may try to be counted, or not to be.
SPOOFED = {"X-Lab-Journal": "0"}


def told(gateway: Gateway, variant: str) -> list[str | None]:
    """What a service was told, request by request."""
    return [seen.get("X-Lab-Journal") for seen in gateway.services[variant].seen]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/iris/svc/predict"), ("POST", "/iris/svc/result/"), ("GET", "/iris/svc/predict/test")]
)
def test_a_prediction_says_so(gateway: Gateway, method: str, path: str) -> None:
    requests.request(method, f"{gateway.url}{path}", timeout=30)
    requests.request(method, f"{gateway.url}{path}", headers=SPOOFED, timeout=30)

    assert told(gateway, "svc") == ["1", "1"]


def test_a_page_does_not_whatever_its_client_says(gateway: Gateway) -> None:
    for path in ("/", "/predict", "/metadata", "/faults", "/result/"):
        requests.get(f"{gateway.url}/iris/svc{path}", headers={"X-Lab-Journal": "1"}, timeout=30)

    assert told(gateway, "svc") == [None] * 5


def test_a_rescue_and_the_attempt_before_it_say_so(gateway: Gateway) -> None:
    def failing(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_error(503)
        return True

    gateway.services["forest"].behave = failing
    gateway.route("iris", weights={"svc": 0, "forest": 100})

    line = gateway.line(gateway.predict("/iris/predict", headers=SPOOFED).headers["X-Request-ID"])

    assert [attempt["variant"] for attempt in line["attempts"]] == ["forest", "svc"]
    assert (told(gateway, "forest"), told(gateway, "svc")) == (["1"], ["1"])


def test_a_shadows_copy_says_so(gateway: Gateway) -> None:
    gateway.route("iris", shadows={"xgboost": 100})

    gateway.predict("/iris/predict", headers=SPOOFED)
    eventually(lambda: bool(gateway.services["xgboost"].seen))

    assert told(gateway, "xgboost") == ["1"]


def test_the_answers_that_a_real_service_counts_are_the_attempts_in_the_journal(gateway: Gateway) -> None:
    gateway.services["svc"].stop()
    gateway.route("iris", weights={"svc": 50, "forest": 50}, shadows={"svc": 100})
    with starting() as start:
        service = start(APP="app_iris", VARIANT="svc", LAB_SOCKETS=str(gateway.folder))

        for number in range(40):
            gateway.predict("/iris/predict", json={"data": [[5.1, 3.5, 1.4, 0.2]]}, data=None, headers={"X-User-ID": str(number)})
        gateway.predict("/iris/svc/predict", data=b"{")
        gateway.predict("/iris/svc/result/", data=b"nothing")
        for path in ("/iris/svc/", "/iris/svc/metadata", "/iris/svc/nosuch"):
            requests.get(f"{gateway.url}{path}", headers={"X-Lab-Journal": "1"}, timeout=30)
        service.row(5.1, 3.5, 1.4, 0.2, headers={"X-Lab-Journal": "1"})

        def attempts() -> int:
            return sum(attempt["variant"] == "svc" for line in gateway.lines() for attempt in line["attempts"])

        # Every one of the 40 was answered by svc, to the visitor or in the shadow of forest.
        eventually(lambda: attempts() == 42)
        assert (gateway.folder / "svc.answers").read_text() == f"{42:020d}\n"
