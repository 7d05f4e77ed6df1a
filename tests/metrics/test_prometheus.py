"""Metric resources are asked as their files say, and what is not a number is unavailable: never zero."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.metrics.prometheus import Asker, Prometheus, Unavailable, mounted, value
from lab.metrics.question import QuestionError, question
from lab.spec.shapes import Metric
from tests.metrics.server import EMPTY, FakePrometheus, instant

LABELS = "seldon_deployment_id='$sid',predictor_name='$predictor',kubernetes_namespace='$ns'"
SERVER, CLIENT = "seldon_api_executor_server_requests_seconds", "seldon_api_executor_client_requests_seconds"


def increase(series: str, more: str = "") -> str:
    return f"sum(increase({series}{{{more}{LABELS}}}[${{elapsedTime}}s])) or on() vector(0)"


FAILED = "code!='200',"

# The six queries that Seldon's examples are judged by, as their files have them.
QUERIES = {
    "95th-percentile-tail-latency": f"histogram_quantile(0.95, sum(rate({CLIENT}_bucket{{{LABELS}}}[${{elapsedTime}}s])) by (le))\n",
    "error-count": increase(f"{SERVER}_count", FAILED) + "\n",
    "error-rate": f"({increase(f'{SERVER}_count', FAILED)}) / ({increase(f'{SERVER}_count')})\n",
    "mean-latency": f"({increase(f'{CLIENT}_sum')}) / ({increase(f'{CLIENT}_count')})\n",
    "request-count": increase(f"{CLIENT}_sum") + "\n",
    "user-engagement": increase(f"{SERVER}_count", "service='feedback',") + "\n",
}
BASELINE = {"ns": "ns-baseline", "sid": "iris", "predictor": "default"}


def metric(url: str, name: str = "error-rate", query: str = "up{sid='$sid'}[${elapsedTime}s]", **spec: Any) -> Metric:
    return Metric.model_validate(
        {
            "apiVersion": "iter8.tools/v2alpha2",
            "kind": "Metric",
            "metadata": {"name": name, "namespace": "iter8-seldon"},
            "spec": {
                "provider": "prometheus",
                "urlTemplate": url,
                "jqExpression": ".data.result[0].value[1] | tonumber",
                "params": [{"name": "query", "value": query}],
                **spec,
            },
        }
    )


@pytest.fixture
def server() -> Iterator[FakePrometheus]:
    made = FakePrometheus()
    yield made
    made.close()


@pytest.fixture
def asker() -> Iterator[Asker]:
    made = Asker()
    yield made
    made.close()


def url(server: FakePrometheus) -> str:
    return f"{server.url}/api/v1/query"


@pytest.mark.parametrize("name", QUERIES)
def test_the_documents_queries_reach_prometheus_word_by_word(server: FakePrometheus, asker: Asker, name: str) -> None:
    filled = QUERIES[name].replace("$sid", "iris").replace("$predictor", "default").replace("$ns", "ns-baseline")
    server.answers[filled.replace("${elapsedTime}", "61")] = instant("0.0125")

    found = value(metric(url(server), name, QUERIES[name]), "iris-v1", BASELINE, 61.9, asker)

    assert found == (0.0125, "")


def test_the_time_since_the_start_is_whole_seconds_and_at_least_one() -> None:
    asked = [question(metric("http://p"), "v1", {}, seconds).params[0][1] for seconds in (0.2, 1.9, 60.0)]

    assert asked == ["up{sid='$sid'}[1s]", "up{sid='$sid'}[1s]", "up{sid='$sid'}[60s]"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (EMPTY, "The answer is empty: Prometheus knows no such series in this time."),
        (instant("NaN"), "The value is NaN."),
        (instant("+Inf"), "The value is +Inf."),
        ((200, {"status": "error", "error": "parse error"}), "Prometheus says: parse error."),
        ((200, b"<html>"), "The answer is no JSON: '<html>'."),
        ((200, {"data": {"result": [{"value": [0, "many"]}]}}), "finds nothing in the answer"),
        ((200, {"data": {}}), "finds nothing in the answer"),
        ((404, {"status": "error"}), "127.0.0.1 answers 404"),
        ((500, b"oops"), "127.0.0.1 answers 500: oops"),
        ((302, b""), "127.0.0.1 answers 302"),
    ],
)
def test_what_is_no_number_is_unavailable(server: FakePrometheus, asker: Asker, answer: tuple[int, Any], why: str) -> None:
    server.everything = answer

    found = value(metric(url(server)), "iris-v1", BASELINE, 60, asker)

    assert found.value is None
    assert why in found.why


def test_zero_is_a_number(server: FakePrometheus, asker: Asker) -> None:
    server.everything = instant("0")

    assert value(metric(url(server)), "iris-v1", BASELINE, 60, asker) == (0.0, "")


def test_a_server_that_hangs_makes_it_unavailable(server: FakePrometheus) -> None:
    server.hangs = True
    asker = Asker(patience_s=0.3)

    assert value(metric(url(server)), "iris-v1", BASELINE, 60, asker) == (None, "127.0.0.1 did not answer within 0.3 s.")


def test_a_server_that_is_away_makes_it_unavailable(asker: Asker) -> None:
    found = value(metric("http://127.0.0.1:9/api/v1/query"), "iris-v1", BASELINE, 60, asker)

    assert found.value is None
    assert found.why.startswith("127.0.0.1 cannot be asked:")


def test_a_certificate_of_nobody_known_is_not_trusted() -> None:
    asker = Asker()

    context = asker._client._transport._pool._ssl_context  # type: ignore[attr-defined]

    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname is True


@pytest.mark.parametrize(
    ("spec", "headers"),
    [
        ({"authType": "Basic", "secret": "prom"}, {"Authorization": "Basic YW5uYTpzM2NyZXQ="}),
        ({"authType": "Bearer", "secret": "prom"}, {"Authorization": "Bearer t0ken"}),
        ({"authType": "APIKey", "secret": "prom", "headerTemplates": [{"name": "X-Key", "value": "${token}"}]}, {"X-Key": "t0ken"}),
    ],
)
def test_a_secret_signs_the_question(
    server: FakePrometheus, asker: Asker, tmp_path: Path, spec: dict[str, Any], headers: dict[str, str]
) -> None:
    folder = tmp_path / "prom"
    folder.mkdir()
    for key, text in (("username", "anna"), ("password", "s3cret"), ("token", "t0ken\n")):
        (folder / key).write_text(text)
    server.everything = instant("1")

    value(metric(url(server), **spec), "iris-v1", BASELINE, 60, asker, mounted(tmp_path))

    assert headers.items() <= server.asked[0]["headers"].items()


def test_a_missing_secret_is_a_sentence_and_asks_nobody(server: FakePrometheus, asker: Asker, tmp_path: Path) -> None:
    found = value(metric(url(server), authType="Bearer", secret="prom"), "v1", BASELINE, 60, asker, mounted(tmp_path))

    assert found == (None, f"There is no secret prom in {tmp_path}. Mount it there, a file for each of its keys.")
    assert server.asked == []


def test_a_version_cannot_send_a_question_elsewhere() -> None:
    asked = question(metric("http://prometheus/$sid"), "v1", {"sid": "@evil"}, 60)

    assert asked.url == "http://prometheus/$sid"


def test_a_metric_without_an_address_is_a_sentence() -> None:
    with pytest.raises(QuestionError, match="error-rate has no urlTemplate: nobody knows whom to ask"):
        question(metric("", urlTemplate=None), "v1", {}, 60)


def test_samples_are_those_of_the_time_that_was_asked_for(server: FakePrometheus, asker: Asker) -> None:
    server.series["requests"] = [({"pod": "a"}, [(100.0, 1.0), (110.0, 5.0), (120.0, 9.0)])]

    found = Prometheus(server.url, asker).samples("requests", 105, 115)

    assert [one.samples for one in found] == [((110.0, 5.0),)]


def test_an_answer_that_is_none_is_no_evidence(server: FakePrometheus, asker: Asker) -> None:
    server.everything = (200, {"status": "success"})

    with pytest.raises(Unavailable, match="That is no answer of Prometheus"):
        Prometheus(server.url, asker).samples("requests", 105, 115)
