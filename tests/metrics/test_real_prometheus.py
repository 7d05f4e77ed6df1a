"""A real Prometheus scrapes what the lab tells; its answers are held against the journal. Needs Debian's package `prometheus`."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from lab.decide import decide, initial
from lab.judge.block import Block, Look
from lab.judge.decision import Decision
from lab.judge.evidence import Evidence
from lab.metrics.evidence import Change, Names, PrometheusEvidence
from lab.metrics.export import Exporter
from lab.metrics.prometheus import Asker, Prometheus, value
from lab.routes import Route, Routes
from lab.spec.read import read
from lab.spec.resolve import resolved
from lab.stats.counts import Counts
from lab.store.exposed import Run, blocks
from lab.store.store import Store
from tests.metrics.test_prometheus import QUERIES, metric
from tests.store.conftest import feedback, line, prediction
from tests.support import eventually, free_ports
from tests.traffic.conftest import IRIS, KNOWN

pytestmark = pytest.mark.soak

# Seconds of traffic, and predictions of each variant per tenth of one.
SECONDS = 12
EACH = 3

# What the lab itself tells of its journal.
LAB = Names(
    'lab_prediction_duration_seconds_count{route="$route",variant="$variant"}',
    'lab_prediction_duration_seconds_count{route="$route",variant="$variant",http_response_status_code=~"5..|499"}',
    'lab_prediction_duration_seconds{route="$route",variant="$variant"}',
)
RUN = Run("iris", "iris", ("svc", "forest"), "request")
CANARY = """
apiVersion: iter8.tools/v2alpha2
kind: Experiment
metadata: {name: iris}
spec:
  target: iris
  strategy: {testingPattern: Canary, deploymentPattern: Progressive}
  criteria:
    objectives: [{metric: error-rate, upperLimit: "0.02"}]
    strength: {unit: request}
  duration: {intervalSeconds: 10, iterationsPerLoop: 5}
  versionInfo:
    baseline: {name: svc}
    candidates: [{name: forest}]
"""


class Journal:
    """Writes predictions as time goes by, and knows what it wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failed = {"svc": 0, "forest": 0}
        self.n = {"svc": 0, "forest": 0}
        self.seconds = {"svc": 0.0, "forest": 0.0}
        self.rewards = {"svc": 0, "forest": 0}
        folder.mkdir()

    def go_on(self) -> None:
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
        for variant in self.n:
            for _ in range(EACH):
                self._one(variant, now)

    def _one(self, variant: str, now: str) -> None:
        number = sum(self.n.values())
        is_failed = variant == "forest" and number % 10 == 1
        took = {"svc": 0.02, "forest": 0.04}[variant]
        self.n[variant] += 1
        self.failed[variant] += is_failed
        self.seconds[variant] += took
        record = prediction(number, time=now, variant=variant, status=500 if is_failed else 200, request_s=took)
        self._append("predictions", now, record)
        if number % 5 == 0:
            self.rewards[variant] += 1
            self._append("feedback", now, feedback(number, number) | {"time": now})

    def _append(self, kind: str, now: str, record: dict[str, Any]) -> None:
        with (self.folder / f"{kind}-{now[:13]}.jsonl").open("ab") as file:
            file.write(line(record))


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[tuple[Journal, Store, int]]:
    journal = Journal(tmp_path / "journal")
    store = Store(tmp_path)
    routes = {"iris": Route.model_validate(IRIS)}
    exporter = Exporter(store, lambda: routes, list)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            store.read_on()
            text = exporter.text()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield journal, store, server.server_port
    server.shutdown()
    server.server_close()
    store.close()


@pytest.fixture
def prometheus(lab: tuple[Journal, Store, int], tmp_path: Path) -> Iterator[str]:
    text = f"global: {{scrape_interval: 1s}}\nscrape_configs: [{{job_name: lab, static_configs: [{{targets: ['127.0.0.1:{lab[2]}']}}]}}]\n"
    (port,) = free_ports(1)
    with serving(text, port, tmp_path) as address:
        yield address


@contextmanager
def serving(config: str, port: int, folder: Path) -> Iterator[str]:
    """Debian's Prometheus with this configuration, once it has scraped something; its address."""
    program = shutil.which("prometheus")
    if program is None:
        reason = "Prometheus is not there: apt-get install prometheus"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    (folder / "prometheus.yml").write_text(config)
    address = f"127.0.0.1:{port}"
    options = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address={address}"]
    process = subprocess.Popen([program, *options, "--log.level=error"])
    try:
        eventually(lambda: _has_scraped(address))
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(20)


def _has_scraped(address: str) -> bool:
    try:
        answer = requests.get(f"http://{address}/api/v1/query", {"query": "up == 1"}, timeout=5).json()
    except requests.RequestException:
        return False
    return bool(answer["data"]["result"])


def test_prometheus_tells_what_the_journal_holds(lab: tuple[Journal, Store, int], prometheus: str) -> None:
    journal = lab[0]
    began = time.time()
    # A few scrapes of zeros first.
    time.sleep(3)
    for _ in range(SECONDS * 10):
        journal.go_on()
        time.sleep(0.1)
    time.sleep(3)
    elapsed, asker = time.time() - began, Asker()

    def told(name: str, variant: str) -> float:
        made = metric(f"{prometheus}/api/v1/query", name, QUERIES[name])
        found = value(made, variant, {"sid": "iris", "predictor": variant, "ns": "ab-lab"}, elapsed, asker)
        assert found.value is not None, (name, variant, found.why)
        return found.value

    for variant, took in (("svc", 0.02), ("forest", 0.04)):
        n, rewards = journal.n[variant], journal.rewards[variant]
        # PromQL guesses what lies before the first sample and after the last: some percent of fifteen seconds.
        assert told("mean-latency", variant) == pytest.approx(took, rel=0.02)
        assert told("request-count", variant) == pytest.approx(journal.seconds[variant], rel=0.15)
        assert told("user-engagement", variant) == pytest.approx(rewards, rel=0.2)
        assert told("error-rate", variant) == pytest.approx(journal.failed[variant] / (n + rewards), rel=0.2, abs=1e-9)
        assert 0.01 < told("95th-percentile-tail-latency", variant) <= 0.05
    assert told("error-count", "svc") == 0
    assert told("error-count", "forest") == pytest.approx(journal.failed["forest"], rel=0.25)

    # What the verdicts are made of does not guess.
    variables = {name: {"route": "iris"} for name in journal.n}
    change = Change(began, 1, {"svc": 60, "forest": 40})
    asked = PrometheusEvidence(Prometheus(prometheus, asker), LAB, variables, lambda route: [change])
    middle, end = began + elapsed / 2, time.time()
    halves = [asked(RUN, *ends)[0].arms for ends in ((began, middle), (middle, end))]
    for variant, n in journal.n.items():
        counts = halves[0][variant].requests.plus(halves[1][variant].requests)
        assert counts == Counts(n, journal.failed[variant])
        assert sum(half[variant].latency.n for half in halves) == n
        assert sum(half[variant].latency_total_s for half in halves) == pytest.approx(journal.seconds[variant])

    # So the verdict is the journal's.
    by_prometheus = decided(asked(RUN, began, end), end)
    lab[1].read_on()
    by_journal = decided(blocks(lab[1], RUN, began, end), end)
    assert by_prometheus.kind == by_journal.kind == "roll back"
    assert by_prometheus.standing.retired == by_journal.standing.retired == {"forest"}
    assert by_prometheus.why == by_journal.why
    asker.close()


def decided(found: tuple[Block, ...], now: float) -> Decision:
    experiment = resolved(read(CANARY), Routes(default_route="iris", routes={"iris": Route.model_validate(IRIS)}), {"iris": KNOWN["iris"]})
    evidence = Evidence.start(experiment.experiment).seen(Look(now, now, found))
    return decide(experiment.experiment, evidence, initial(experiment.experiment), now)
