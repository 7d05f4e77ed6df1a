"""What is found in queries, and what is left alone."""

from typing import Any

import pytest

from tests.lint.looks import findings, of

JQ = ".data.result[0].value[1] | tonumber"
COUNT = "sum(increase(http_requests_total{app='$name'}[1m]))"


def metric(query: str, **spec: Any) -> str:
    """A Metric document that is otherwise sound."""
    fields = {"type": "Gauge", "sampleSize": "team/request-count", "provider": "prometheus", "jqExpression": JQ} | spec
    head = "apiVersion: iter8.tools/v2alpha2\nkind: Metric\nmetadata: {name: tried, namespace: team}\nspec:\n"
    lines = "".join(f'  {name}: "{value}"\n' for name, value in fields.items() if value is not None)
    return f'{head}{lines}  params:\n  - name: query\n    value: "{query}"\n'


def rules(query: str, **spec: Any) -> set[str]:
    return {one.rule for one in findings(metric(query, **spec))}


RATIO = "sum(increase(http_errors_total{app='$name'}[1m])) / sum(increase(http_requests_total{app='$name'}[1m]))"
MEAN = "sum(increase(http_seconds_sum{app='$name'}[1m])) / sum(increase(http_seconds_count{app='$name'}[1m]))"


def test_sound_queries_are_left_alone() -> None:
    assert rules(RATIO) == set()
    assert rules(MEAN, units="seconds") == set()
    assert rules(f"1000 * {MEAN}", units="milliseconds") == set()
    assert rules(COUNT, type="Counter", sampleSize=None) == set()
    assert (
        rules("histogram_quantile(0.95, sum(rate(http_seconds_bucket{app='$name'}[1m])) by (le)) and on() (n > 100)", units="seconds")
        == set()
    )


def test_a_document_without_a_query_is_left_alone() -> None:
    text = "apiVersion: iter8.tools/v2alpha2\nkind: Metric\nmetadata: {name: mean-latency}\nspec: {units: milliseconds}\n"

    assert findings(text) == ()


@pytest.mark.parametrize(
    ("rule", "query", "spec"),
    [
        ("L101", "sum(increase(http_seconds_sum{app='$name'}[1m]))", {"type": "Counter"}),
        ("L101", "sum(increase(http_seconds_sum{app='$name'}[1m]))", {"description": "How many requests"}),
        ("L103", MEAN, {"units": "milliseconds"}),
        ("L103", f"{MEAN} * 1000", {"units": "seconds"}),
        ("L103", "sum(rate(http_milliseconds_sum{app='$name'}[1m])) / sum(rate(http_milliseconds_count{app='$name'}[1m]))", {"units": "s"}),
        ("L103", "histogram_quantile(0.95, sum(rate(http_seconds_bucket{app='$name'}[1m])) by (le))", {"units": "ms"}),
        ("L104", f"{COUNT} or vector(0)", {"type": "Counter"}),
        ("L104", f"{COUNT} or on() vector( 0 )", {"type": "Counter"}),
        ("L104", f"{COUNT} or ignoring(code) vector(0)", {"type": "Counter"}),
        ("L105", RATIO, {"sampleSize": None}),
        ("L106", "histogram_quantile(0.5, sum(rate(http_seconds_bucket{app='$name'}[1m])) by (le))", {}),
        ("L107", f"{COUNT} / ({COUNT} or vector(0))", {}),
        ("L108", "sum(increase(seldon_api_executor_server_requests_seconds_count{app='$name'}[1m]))", {"type": "Counter"}),
        ("L109", COUNT, {"type": "Gauge"}),
        ("L109", RATIO, {"type": "Counter"}),
        ("L110", "sum(increase(http_requests_total{app='shop'}[1m]))", {"type": "Counter"}),
        ("L112", COUNT, {"type": "Counter", "jqExpression": ".data.result[0].value[1]"}),
        ("L113", "sum(increase(http_requests_total{app='$name',code!='200'}[1m]))", {"type": "Counter"}),
        ("L114", "sum(increase(http_requests_total{app='$name'}[${elapsedTime}s]))", {"type": "Counter"}),
    ],
)
def test_a_questionable_query_is_found(rule: str, query: str, spec: dict[str, Any]) -> None:
    assert rule in rules(query, **spec)


@pytest.mark.parametrize(
    ("rule", "query", "spec"),
    [
        ("L101", MEAN, {"description": "Number of seconds"}),
        ("L103", RATIO, {"units": "milliseconds"}),
        ("L107", f"({COUNT} or vector(0)) / {COUNT}", {}),
        (
            "L108",
            "sum(increase(seldon_api_executor_server_requests_seconds_count{service='predictions',app='$name'}[1m]))",
            {"type": "Counter"},
        ),
        ("L110", "sum(increase(http_requests_total{app='${name}'}[1m]))", {"type": "Counter"}),
        ("L113", "sum(increase(http_requests_total{app='$name',code=~'5..'}[1m]))", {"type": "Counter"}),
        ("L109", "sum(increase(http_requests_total{path='/a/b',app='$name'}[1m]))", {"type": "Counter"}),
    ],
)
def test_a_query_that_only_looks_questionable_is_not(rule: str, query: str, spec: dict[str, Any]) -> None:
    assert rule not in rules(query, **spec)


def test_a_sum_called_a_count_is_told_where_the_count_is() -> None:
    (sentence,) = of("L101", metric("sum(increase(http_seconds_sum{app='$name'}[1m]))", type="Counter"))

    assert sentence == "tried is called a count, but adds up http_seconds_sum. How many there were is http_seconds_count."


def test_a_variable_that_a_version_lacks_is_found_at_that_version() -> None:
    from tests.spec.texts import METRICS, ROLLOUT

    text = ROLLOUT.replace("      - name: sid\n        value: iris\n", "", 1)

    found = [one for one in findings(f"{text}---\n{METRICS}") if one.rule == "L111"]

    assert [one.sentence.partition(", which")[0] for one in found] == ["iris-v1 has no variable sid"]
    assert text.split("\n")[found[0].line - 1] == "      name: iris-v1"
