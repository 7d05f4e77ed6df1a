"""A real Prometheus scrapes a whole lab; what it says is held against the journal. Needs Debian's package `prometheus`."""

import json
import os
import subprocess
import tempfile
import time
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests
import yaml

from lab.controller.controller import resolved_again
from lab.controller.judge import real, run_of
from lab.controller.records import read
from lab.controller.story import Story, stories
from lab.decide import decide
from lab.judge.block import Look
from lab.judge.decision import Decision
from lab.metrics.asked import placed
from lab.metrics.prometheus import Asker, value
from lab.metrics.served import EDGES
from lab.store.exposed import blocks
from lab.store.store import Store
from tests.lab.conftest import Lab
from tests.metrics.test_prometheus import QUERIES, metric
from tests.metrics.test_real_prometheus import serving
from tests.rollout.conftest import Rollouts
from tests.support import REPOSITORY, eventually, free_ports

pytestmark = pytest.mark.soak

# Seconds after which everything that was answered has been scraped.
SCRAPED_S = 4
# Long enough that a query has samples to tell of at the first look.
INTERVAL_S, LOOKS = 10, 4

# The documents' experiment on its six metrics, of variants as the lab calls them.
EXPERIMENT = f"""
apiVersion: iter8.tools/v2alpha2
kind: Experiment
metadata: {{name: by-prometheus, namespace: iter8-seldon}}
spec:
  target: iris
  strategy:
    testingPattern: A/B
    # Both have visitors from the first look on: of nobody, no query can tell anything.
    deploymentPattern: FixedSplit
    actions: {{finish: [{{task: lab/promote}}]}}
  criteria:
    requestCount: iter8-seldon/request-count
    rewards: [{{metric: iter8-seldon/user-engagement, preferredDirection: High}}]
    objectives:
    - {{metric: iter8-seldon/mean-latency, upperLimit: 2000}}
    - {{metric: iter8-seldon/95th-percentile-tail-latency, upperLimit: 5000}}
    - {{metric: iter8-seldon/error-rate, upperLimit: "0.05", rollback_on_failure: true}}
    indicators: [iter8-seldon/error-count]
    strength: {{method: iter8}}
  duration: {{intervalSeconds: {INTERVAL_S}, iterationsPerLoop: {LOOKS}}}
  versionInfo:
    baseline:
      name: svc
      variables: [{{name: sid, value: iris}}, {{name: predictor, value: svc}}, {{name: ns, value: ab-lab}}]
    candidates:
    - name: forest
      variables: [{{name: sid, value: iris}}, {{name: predictor, value: forest}}, {{name: ns, value: ab-lab}}]
"""


class Watched(NamedTuple):
    """A lab, and the Prometheus that scrapes it."""

    rollouts: Rollouts
    prometheus: str

    @property
    def lab(self) -> Lab:
        return self.rollouts.lab


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        (port,) = free_ports(1)
        lab = Lab(Path(folder) / "state", LAB_FAULTS="1", LOG_LEVEL="WARNING", LAB_PROMETHEUS=f"http://127.0.0.1:{port}")
        up = lab.make("up")
        assert up.returncode == 0, up.stdout + up.stderr
        with serving(config(lab), port, Path(folder)) as address:
            eventually(lambda: not_scraped(address) == [])
            yield Watched(Rollouts(lab), address)
        lab.make("down")


@pytest.fixture
def asker() -> Iterator[Asker]:
    made = Asker()
    yield made
    made.close()


def config(lab: Lab) -> str:
    """observability/prometheus.yml, with this machine's ports in place of the containers'."""
    said = yaml.safe_load((REPOSITORY / "observability" / "prometheus.yml").read_text())
    said["global"]["scrape_interval"] = "1s"
    services = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]
    for job in said["scrape_configs"]:
        for targets in job["static_configs"]:
            targets["targets"] = [f"127.0.0.1:{_port(lab, services, one)}" for one in targets["targets"]]
    return str(yaml.safe_dump(said))


def _port(lab: Lab, services: Mapping[str, Any], target: str) -> str:
    name = target.partition(":")[0]
    if name == "nginx":
        return lab.environment["LAB_PORT"]
    entry = services[name]
    (said,) = {one for one in (*entry.get("ports", []), entry["environment"]["PORT"]) if "_PORT" in one}
    return lab.environment[said.partition("${")[2].partition(":-")[0]]


def not_scraped(address: str) -> Sequence[str]:
    targets = requests.get(f"{address}/api/v1/targets", timeout=5).json()["data"]["activeTargets"]
    assert len(targets) == 9
    return [f"{one['scrapeUrl']}: {one['lastError']}" for one in targets if one["health"] != "up"]


def text() -> str:
    """The experiment and its six metrics, as one file."""
    return "---".join(
        [
            EXPERIMENT,
            *(
                f"\n{metric('http://prometheus-of-another-cluster', name, query).model_dump_json(by_alias=True)}\n"
                for name, query in QUERIES.items()
            ),
        ]
    )


def go(watched: Watched, *options: str) -> Story:
    """The experiment from its start to its end."""
    rollouts = watched.rollouts
    visitors = rollouts.load("--rate", "60", "--delay", "100ms", *options)
    try:
        command = [REPOSITORY / ".venv" / "bin" / "lab", "start", "-f", "-", "-o", "json"]
        done = subprocess.run(command, input=text(), env=os.environ | watched.lab.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        run = json.loads(done.stdout)["name"]
        rollouts.ended(run)
    finally:
        visitors.terminate()
        visitors.communicate()
    time.sleep(SCRAPED_S)
    return stories(read(watched.lab.state / "journal"))[run]


def by_journal(watched: Watched, story: Story) -> list[Decision]:
    """What the same file, of a lab without a Prometheus, decides by the journal of the very same visitors: at every look."""
    judge = real()
    here = story.tables | {"means": {}}
    experiment = resolved_again(judge, Story(**vars(story) | {"tables": here}))[0]
    assert experiment.questions == {}
    evidence, found = judge.evidence(experiment), []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "journal").symlink_to(watched.lab.state / "journal")
        store = Store(Path(folder))
        store.read_on()
        run = run_of(story.run, experiment, None, story.began_at or 0.0)
        for look in story.looks:
            evidence = evidence.seen(Look(look.at, look.through, blocks(store, run, look.after, look.through)))
            found.append(decide(experiment, evidence, look.before, look.at))
        store.close()
    return found


def test_the_documents_six_queries_say_what_the_journal_holds(watched: Watched, asker: Asker) -> None:
    began = time.time()
    time.sleep(SCRAPED_S)
    options = ("--reward", "svc=0.3", "--reward", "forest=0.3", "--fault", "forest:error_rate=0.1,seed=1@0s-30s")
    watched.rollouts.load("--count", "1500", "--rate", "60", *options).communicate(timeout=120)
    time.sleep(SCRAPED_S)
    ended = time.time()

    for variant in ("svc", "forest"):
        lines = [one for one in watched.lab.lines() if one["variant"] == variant and _at(one) >= began]
        ids = {one["request_id"] for one in lines}
        fed = [one for one in feedback(watched) if one["request_id"] in ids]
        seconds = sorted(one["request_s"] for one in lines)
        failed = sum(one["status"] != 200 or one["rescued"] for one in lines)

        def told(name: str, variant: str = variant) -> float:
            url = f"{watched.prometheus}/api/v1/query"
            made = placed(metric(url, name, QUERIES[name]), url, ended)
            found = value(made, variant, {"sid": "iris", "predictor": variant, "ns": "ab-lab"}, ended - began, asker)
            assert found.value is not None, (name, found.why)
            return found.value

        # PromQL's increase guesses what lies before the first sample and after the last.
        assert told("request-count") == pytest.approx(sum(seconds), rel=0.08)
        assert told("mean-latency") == pytest.approx(sum(seconds) / len(lines), rel=0.02)
        assert told("user-engagement") == pytest.approx(len(fed), rel=0.08)
        # The series of a code begins with its first failures: those of one scrape are not counted.
        assert told("error-count") == pytest.approx(failed, rel=0.2, abs=1e-9)
        assert told("error-rate") == pytest.approx(failed / (len(lines) + len(fed)), rel=0.2, abs=1e-9)
        tail = bisect(EDGES, seconds[int(0.95 * len(seconds))])
        assert [0, *EDGES][max(tail - 1, 0)] <= told("95th-percentile-tail-latency") <= [*EDGES, EDGES[-1]][min(tail + 1, len(EDGES) - 1)]


def _at(line: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(line["time"]).astimezone(UTC).timestamp()


def feedback(watched: Watched) -> list[dict[str, Any]]:
    segments = sorted((watched.lab.state / "journal").glob("feedback-*.jsonl"))
    return [json.loads(line) for one in segments for line in one.read_text().splitlines()]


def test_what_a_model_tells_of_itself_is_what_the_journal_holds(watched: Watched) -> None:
    watched.rollouts.load("--count", "300", "--rate", "60").communicate(timeout=60)
    time.sleep(SCRAPED_S)

    for variant in ("svc", "forest"):
        lines = [one for one in watched.lab.lines() if one["served_by"] == variant]
        answered = f'sum(http_server_request_duration_seconds_count{{instance="{instance(watched, variant)}",http_route="/predict"}})'
        inferred = f'lab_inference_seconds_count{{variant="{variant}"}}'
        assert ask(watched, inferred) == sum(one["inference_us"] is not None for one in lines)
        assert ask(watched, answered) >= len(lines)


def instance(watched: Watched, variant: str) -> str:
    return f"127.0.0.1:{watched.lab.environment[f'APP_IRIS_{variant.upper()}_PORT']}"


def ask(watched: Watched, query: str) -> float:
    (found,) = requests.get(f"{watched.prometheus}/api/v1/query", {"query": query}, timeout=10).json()["data"]["result"]
    return float(found["value"][1])


def test_a_better_candidate_is_promoted_by_prometheus_as_by_the_journal(watched: Watched) -> None:
    story = go(watched, "--reward", "svc=0.05", "--reward", "forest=0.9")

    theirs = by_journal(watched, story)

    assert story.ending is not None
    assert (story.ending.how, story.ending.winner) == ("promote", "forest")
    # At the first look the journal has no feedback yet: it waits one interval for it.
    assert [look.decision["kind"] for look in story.looks[1:]] == [one.kind for one in theirs[1:]]
    assert [look.decision["recommended"] for look in story.looks[1:]] == [one.recommended for one in theirs[1:]]
    assert (theirs[-1].kind, theirs[-1].winner) == ("promote", "forest")
    values = {(one["metric"], one["variant"]): one["value"] for one in story.looks[-1].decision["measured"]}
    assert len(values) == 12
    assert None not in values.values()


def test_a_failing_candidate_is_rolled_back_by_prometheus_as_by_the_journal(watched: Watched) -> None:
    story = go(watched, "--reward", "svc=0.3", "--reward", "forest=0.3", "--fault", "forest:error_rate=0.4,seed=1@0s-")

    theirs = by_journal(watched, story)

    assert story.ending is not None
    assert story.ending.how == "roll back"
    assert [look.decision["kind"] for look in story.looks] == [one.kind for one in theirs]
    assert story.looks[-1].decision["satisfied"]["forest"][2] is False
    assert theirs[-1].satisfied["forest"][2] is False
