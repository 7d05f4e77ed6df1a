"""The dashboard and Prometheus' configuration fit what the lab tells."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from lab.metrics.export import Exporter
from lab.store.store import Store
from tests.metrics.test_export import ROUTES
from tests.support import REPOSITORY

FOLDER = REPOSITORY / "observability"


@pytest.fixture
def told(tmp_path: Path) -> set[str]:
    (tmp_path / "journal").mkdir()
    store = Store(tmp_path)
    text = Exporter(store, lambda: ROUTES, list).text().decode()
    store.close()
    families = list(text_string_to_metric_families(text))
    # Of counters that nothing was counted by yet, only the names of their families are there.
    return {sample.name for one in families for sample in one.samples} | {f"{one.name}_total" for one in families if one.type == "counter"}


def test_every_query_of_the_dashboard_asks_for_something_that_the_lab_tells(told: set[str]) -> None:
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]

    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    assert len(queries) == 6
    for query in queries:
        asked = set(re.findall(r"\b(?:http_server|lab|seldon_api)_\w+", query))
        assert asked, query
        assert asked <= told, query


def test_prometheus_asks_where_the_lab_answers() -> None:
    job = jobs()["lab"]

    assert job["metrics_path"] == "/lab/metrics"
    assert job["static_configs"] == [{"targets": ["nginx:8080"]}]


def test_prometheus_asks_every_model_at_its_usual_port() -> None:
    services = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]
    models = {name: entry["environment"]["PORT"] for name, entry in services.items() if "VARIANT" in entry.get("environment", {})}

    (targets,) = jobs()["models"]["static_configs"]

    assert targets["targets"] == [f"{name}:{usual(port)}" for name, port in models.items()]


def usual(port: str) -> str:
    """What `${NAME:-8012}` is without a NAME."""
    return port.removesuffix("}").rpartition(":-")[2]


def jobs() -> dict[str, Any]:
    return {job["job_name"]: job for job in yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]}


def test_prometheus_is_hardened_and_on_loopback_like_the_rest() -> None:
    entry = yaml.safe_load((FOLDER / "docker-compose.yml").read_text())["services"]["prometheus"]

    assert entry["read_only"] is True
    assert entry["user"] == "10001:10001"
    assert entry["mem_limit"]
    assert all(port.startswith("127.0.0.1:") for port in entry["ports"])
