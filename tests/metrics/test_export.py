"""What the lab tells Prometheus agrees with the journal."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from lab.app import create_app
from lab.metrics.export import Exporter, Grown
from lab.routes import Route
from lab.settings import Settings
from lab.store.store import Store
from tests.store.conftest import HOUR, LATER, feedback, line, prediction
from tests.traffic.conftest import IRIS, gateway, state

__all__ = ["gateway", "state"]

ROUTES = {"iris": Route.model_validate(IRIS | {"epoch": 3})}


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    folder.mkdir()
    return folder


@pytest.fixture
def store(journal: Path) -> Iterator[Store]:
    made = Store(journal.parent, clock=lambda: LATER)
    yield made
    made.close()


def told(store: Store, **labels: str) -> dict[str, float]:
    """The samples with these labels, by name."""
    text = Exporter(store, lambda: ROUTES, list).text().decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {one.name: one.value for one in samples if labels.items() <= one.labels.items()}


def write(journal: Path, *records: dict[str, Any]) -> None:
    (journal / f"predictions-{HOUR}.jsonl").write_bytes(b"".join(map(line, records)))


def test_predictions_are_counted_by_route_variant_and_code(journal: Path, store: Store) -> None:
    write(journal, *(prediction(number, request_s=0.03) for number in range(5)), prediction(9, status=503, request_s=2.0))
    store.read_on()

    well = told(store, route="iris", variant="svc", http_response_status_code="200", le="0.05")
    ill = told(store, route="iris", variant="svc", http_response_status_code="503")

    assert well["lab_prediction_duration_seconds_bucket"] == 5
    assert ill["lab_prediction_duration_seconds_count"] == 1
    assert ill["lab_prediction_duration_seconds_sum"] == 2.0


def test_a_failure_that_somebody_else_made_good_is_the_assigned_variants(journal: Path, store: Store) -> None:
    attempts = [{"variant": "forest", "status": 504, "seconds": 1.0}, {"variant": "svc", "status": 200, "seconds": 0.1}]
    write(journal, prediction(1, variant="forest", served_by="svc", rescued=True, attempts=attempts))
    store.read_on()

    found = told(store, predictor_name="forest", code="504", service="predictions")

    assert found["seldon_api_executor_server_requests_seconds_count"] == 1


def test_a_shadows_copies_are_no_predictions(journal: Path, store: Store) -> None:
    write(journal, prediction(1), prediction(1, variant="forest", reason="shadow"))
    store.read_on()

    assert told(store, route="iris", variant="forest")["lab_prediction_duration_seconds_count"] == 0


def test_a_variant_without_predictions_is_at_0(store: Store) -> None:
    found = told(store, seldon_deployment_id="iris", predictor_name="forest")

    assert found["seldon_api_executor_client_requests_seconds_count"] == 0
    assert found["seldon_api_executor_server_requests_seconds_count"] == 0
    assert found["seldon_api_model_feedback_total"] == 0


def test_feedback_is_counted_with_its_rewards(journal: Path, store: Store) -> None:
    write(journal, prediction(1), prediction(2))
    (journal / f"feedback-{HOUR}.jsonl").write_bytes(line(feedback(1, 1, value=0.5)) + line(feedback(2, 2, value=2.0)))
    store.read_on()

    found = told(store, seldon_deployment_id="iris", predictor_name="svc")

    assert found["seldon_api_model_feedback_total"] == 2
    assert found["seldon_api_model_feedback_reward"] == 2.5
    engagement = told(store, predictor_name="svc", service="feedback")
    assert engagement["seldon_api_executor_server_requests_seconds_count"] == 2


def test_weights_epochs_and_journals_are_told(journal: Path, store: Store) -> None:
    write(journal, prediction(1), prediction(2))
    with (journal / f"predictions-{HOUR}.jsonl").open("ab") as file:
        file.write(b"no line\n" + json.dumps({"a": 1}).encode() + b"\n")
    store.read_on()

    assert told(store, route="iris", variant="forest")["lab_experiment_weight"] == 40
    assert told(store, route="iris")["lab_config_generation"] == 3
    assert told(store, kind="predictions", outcome="stored")["lab_log_records_total"] == 2
    assert told(store, kind="predictions", outcome="unparsed")["lab_log_records_total"] == 2


def test_a_counter_never_falls_when_old_journals_are_deleted() -> None:
    grown = Grown()

    found = [grown.of(("a",), numbers) for numbers in ((10.0, 1.0), (4.0, 0.5), (6.0, 0.75))]

    assert found == [(10.0, 1.0), (10.0, 1.0), (12.0, 1.25)]


def test_the_lab_answers_at_metrics(state: Path, gateway: Path) -> None:
    app = create_app(Settings(state, gateway, state))

    async def asked() -> httpx.Response:
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as lab:
            return await lab.get("http://lab/metrics")

    answer = asyncio.run(asked())

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert 'lab_experiment_weight{route="iris",variant="forest"} 40.0' in answer.text


def test_the_labs_own_requests_are_told_by_opentelemetrys_names(state: Path, gateway: Path) -> None:
    app = create_app(Settings(state, gateway, state))

    async def asked() -> str:
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as lab:
            await lab.get("http://lab/health")
            await lab.request("MADE-UP", "http://lab/made-up")
            return (await lab.get("http://lab/metrics")).text

    text = asyncio.run(asked())

    labels = 'http_request_method="GET",http_response_status_code="200",http_route="/health"'
    assert f"http_server_request_duration_seconds_count{{{labels}}} 1.0" in text
    assert 'http_server_active_requests{http_request_method="GET"} 1.0' in text
    assert 'http_request_method="_OTHER"' in text
    assert "made-up" not in text.lower()
