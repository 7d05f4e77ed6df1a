"""What a service tells Prometheus of itself."""

import asyncio
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from serving.metrics import REQUEST_EDGES, Measured, Metrics
from tests.serving.conftest import Running, Start
from tests.support import over_unix_socket

SAMPLE = {"http_request_method": "GET", "http_route": "/predict/test", "http_response_status_code": "200"}


class Reading:
    """What a text of metrics says."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self.samples = [sample for family in self.families.values() for sample in family.samples]

    def of(self, name: str, **labels: str) -> float:
        """A sample's value; 0 where there is none yet."""
        return sum(one.value for one in self.samples if one.name == name and labels.items() <= one.labels.items())

    def labels(self, name: str) -> set[str]:
        return {label for one in self.samples if one.name == name for label in one.labels}


def told(service: Running) -> Reading:
    return Reading(service.get("/metrics").text)


@pytest.fixture(scope="module")
def iris(start: Start) -> Running:
    return start(APP="app_iris", VARIANT="svc", LAB_FAULTS="1")


@pytest.fixture
def faulty(iris: Running) -> Iterator[Running]:
    requests.put(f"http://{iris.address}/faults", json={"error_rate": 1}, timeout=30).raise_for_status()
    yield iris
    requests.delete(f"http://{iris.address}/faults", timeout=30).raise_for_status()


def test_the_names_types_and_labels_are_those_of_opentelemetry(iris: Running) -> None:
    iris.get("/predict/test")

    found = told(iris)

    assert {name: found.families[name].type for name in ("http_server_request_duration_seconds", "http_server_active_requests")} == {
        "http_server_request_duration_seconds": "histogram",
        "http_server_active_requests": "gauge",
    }
    assert found.labels("http_server_request_duration_seconds_count") == set(SAMPLE)
    assert found.labels("http_server_request_duration_seconds_bucket") == {*SAMPLE, "le"}
    assert found.labels("http_server_active_requests") == {"http_request_method"}
    assert all(family.documentation for family in found.families.values())


def test_the_buckets_are_those_that_opentelemetry_advises(iris: Running) -> None:
    iris.get("/predict/test")

    edges = {one.labels["le"] for one in told(iris).samples if one.name == "http_server_request_duration_seconds_bucket"}

    assert edges == {*(str(edge) for edge in REQUEST_EDGES), "+Inf"}


def test_every_answer_is_counted_once(iris: Running) -> None:
    before = told(iris)

    for _ in range(3):
        iris.get("/predict/test")

    after, name = told(iris), "http_server_request_duration_seconds"
    assert after.of(f"{name}_count", **SAMPLE) - before.of(f"{name}_count", **SAMPLE) == 3
    assert 0 < after.of(f"{name}_sum", **SAMPLE) - before.of(f"{name}_sum", **SAMPLE) < 3


def test_a_prediction_is_counted_with_the_time_in_the_model(iris: Running) -> None:
    before = told(iris)

    answer = iris.get("/predict/test")

    after = told(iris)
    took = re.search(r"inference;dur=([\d.]+)", answer.headers["Server-Timing"])
    assert took is not None
    counts, sums = ([one.of(f"lab_inference_seconds_{part}", variant="svc") for one in (before, after)] for part in ("count", "sum"))
    assert counts[1] - counts[0] == 1
    assert sums[1] - sums[0] == pytest.approx(float(took[1]) / 1000)
    assert after.of("lab_inference_queue_seconds_count") == counts[1]


def test_a_refusal_has_its_status_and_a_failure_500(faulty: Running) -> None:
    faulty.row("NaN", 1, 1, 1)
    faulty.get("/predict/test")

    found, name = told(faulty), "http_server_request_duration_seconds_count"
    assert found.of(name, http_route="/predict", http_response_status_code="422") >= 1
    assert found.of(name, http_route="/predict/test", http_response_status_code="500") >= 1


def test_nothing_that_a_visitor_makes_up_becomes_a_label(iris: Running) -> None:
    iris.get("/made-up-4711", headers={"X-Forwarded-Prefix": "/made-up-4712", "Host": "made-up-4713", "X-Lab-Route": "made-up-4714"})
    requests.request("PROPFIND", f"http://{iris.address}/predict/test?made-up-4716", timeout=30)

    text = iris.get("/metrics").text

    assert not re.search("made-?up", text, re.IGNORECASE)
    assert Reading(text).of("http_server_request_duration_seconds_count", http_request_method="_OTHER") >= 1
    assert Reading(text).of("http_server_request_duration_seconds_count", http_route="", http_response_status_code="404") >= 1


def test_behind_a_prefix_the_address_is_the_inner_one(iris: Running) -> None:
    before = told(iris).of("http_server_request_duration_seconds_count", **SAMPLE)

    iris.get("/predict/test", headers={"X-Forwarded-Prefix": "/iris/svc"})

    assert told(iris).of("http_server_request_duration_seconds_count", **SAMPLE) - before == 1


def test_the_question_itself_is_under_way_and_nothing_else(iris: Running) -> None:
    iris.get("/predict/test")

    assert told(iris).of("http_server_active_requests") == 1


def test_a_model_is_named_with_its_artifact(iris: Running) -> None:
    version = iris.get("/ready").json()["version"]

    found = told(iris)

    assert found.of("lab_model_info", variant="svc", artifact=version, stand_in="false") == 1
    assert found.of("lab_model_loaded", variant="svc") == 1


def test_without_a_model_it_says_so() -> None:
    found = Reading(Metrics("xgboost").text().decode())

    assert [one.value for one in found.samples if one.name == "lab_model_loaded"] == [0]
    assert not [one for one in found.samples if one.name == "lab_model_info"]


def test_a_visitor_of_the_gateway_finds_nothing(iris: Running) -> None:
    answer = iris.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"})

    assert answer.status_code == 404
    assert "There is nothing at /metrics." in answer.json()["detail"]


def test_the_gateways_own_socket_tells_nothing(start: Start) -> None:
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        start(APP="app_iris", VARIANT="svc", LAB_SOCKETS=folder)
        with over_unix_socket(Path(folder) / "svc.sock") as connection:
            connection.request("GET", "/metrics")

            assert connection.getresponse().status == 404


@pytest.mark.parametrize(("error", "status"), [(ClientDisconnect(), "499"), (RuntimeError("broken"), "500")])
def test_a_client_that_goes_away_is_nobodys_failure(error: Exception, status: str) -> None:
    metrics = Metrics("svc")

    with pytest.raises(type(error)):
        asyncio.run(failing(metrics, error))

    found = Reading(metrics.text().decode())
    assert found.of("http_server_request_duration_seconds_count", http_response_status_code=status) == 1
    assert found.of("http_server_active_requests") == 0


async def failing(metrics: Metrics, error: Exception) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        """Nobody is there."""

    await Measured(app, metrics)({"type": "http", "method": "POST"}, receive, send)
