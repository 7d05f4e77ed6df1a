"""The settings choose who counts what visitors did."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.controller.judge import nobody
from lab.errors import SettingError
from lab.judge.block import Block
from lab.metrics.asked import Inquiry
from lab.metrics.chosen import ask, inquire, means
from lab.settings import Settings
from lab.stats.counts import Counts
from lab.store.exposed import Run
from tests.metrics.server import FakePrometheus

IRIS = Run("ab", "iris", ("svc", "forest"), "request")
PLACE = "apiVersion: networking.istio.io/v1, kind: VirtualService, namespace: online-ab, name: iris"
ISTIO = 'istio_requests_total{reporter="source",destination_workload="iris-svc",destination_workload_namespace="online-ab"}'


@pytest.fixture
def server() -> Iterator[FakePrometheus]:
    made = FakePrometheus()
    yield made
    made.close()


def journals(run: Run, after: float, through: float) -> tuple[Block, ...]:
    return (Block(0, {}, {}),)


def test_the_journals_by_default(tmp_path: Path) -> None:
    assert ask(Settings(tmp_path, tmp_path, tmp_path), journals) is journals


def test_what_our_nginx_splits_is_counted_by_its_journal(tmp_path: Path) -> None:
    assert ask(Settings(tmp_path, tmp_path, tmp_path, prometheus="http://prometheus:9090"), journals) is journals


def test_files_ask_a_prometheus_only_where_there_is_one(tmp_path: Path) -> None:
    alone = Settings(tmp_path, tmp_path, tmp_path)

    assert (means(alone).prometheus, inquire(alone)) == (False, nobody)
    assert means(alone._replace(prometheus="http://prometheus:9090")).prometheus is True
    assert isinstance(inquire(alone._replace(prometheus="http://prometheus:9090")), Inquiry)


def test_an_address_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="LAB_PROMETHEUS is 'prometheus:9090', must be an address like http://prometheus:9090"):
        inquire(Settings(tmp_path, tmp_path, tmp_path, prometheus="prometheus:9090"))


def test_prometheus_counts_what_the_mesh_splits_and_the_journals_the_rest(server: FakePrometheus, tmp_path: Path) -> None:
    series = "series: {workload: iris-svc, ns: online-ab}"
    (tmp_path / "weights.yaml").write_text(f"iris:\n  svc: {{{PLACE}, fieldPath: '.spec.http[0].route[0].weight', {series}}}\n")
    change = {"kind": "weights", "route": "iris", "epoch": 2, "time": "2026-11-20T19:00:00.000Z", "weights": {"svc": 100}}
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "decisions.jsonl").write_text(json.dumps(change) + "\nhalf a li")
    begin = 1795201200.0
    server.series[ISTIO] = [({"pod": "a"}, [(begin + 1, 0.0), (begin + 6, 40.0)])]
    here = Settings(tmp_path, tmp_path, tmp_path, traffic="istio", weights=tmp_path / "weights.yaml", prometheus=server.url)
    asked = ask(here, journals)

    (block,) = asked(IRIS, begin, begin + 10)

    assert block.epoch == 2
    assert block.arms["svc"].requests == Counts(40, 0)
    assert asked(IRIS._replace(route="fruit"), begin, begin + 10) == journals(IRIS, 0, 0)
