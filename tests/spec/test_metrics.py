"""Which metric of the lab a name means, and in what unit."""

from typing import Any

import pytest

from lab.spec.errors import SpecError
from lab.spec.experiment import Metric
from lab.spec.means import Means
from lab.spec.metrics import BY_NAME, MEASURES
from lab.spec.read import read_all
from lab.spec.resolve import Resolved, resolved
from tests.spec.texts import KNOWN, METRICS, ROLLOUT, canary, experiment, refusal, routes, understood, written


def metric(name: str, **spec: Any) -> str:
    """A Metric document."""
    fields = "".join(f"  {field}: {value}\n" for field, value in spec.items())
    return f"---\napiVersion: iter8.tools/v2alpha2\nkind: Metric\nmetadata: {{name: {name}, namespace: team}}\nspec:\n{fields or '  {}'}"


def objective(name: str, **limits: Any) -> dict[str, Any]:
    return canary(criteria__objectives=[{"metric": name, **limits}])


def rollout() -> Resolved:
    return resolved(read_all([("rollout.yaml", ROLLOUT), ("metrics.yaml", METRICS)]), routes(), KNOWN)


def test_metrics_for_a_cluster_are_taken_from_the_journal_in_their_units() -> None:
    latency, tail, errors = (one.metric for one in rollout().experiment.objectives)

    assert latency == Metric("seldon-metrics/mean-latency", "mean-latency", "latency mean", "ms", 1000.0)
    assert tail == Metric(
        "seldon-metrics/95th-percentile-tail-latency", "latency-95th-percentile", "latency percentile", "ms", 1000.0, 0.95
    )
    assert errors == Metric("seldon-metrics/error-rate", "error-rate", "rate")


def test_what_is_done_otherwise_than_on_a_cluster_is_noticed() -> None:
    notices = rollout().notices

    assert "seldon-metrics/mean-latency is taken from this lab's journal, in ms, not from Prometheus." in notices
    assert "weightObjRef has no meaning here: NGINX splits the traffic by the lab's own table of routes." in notices
    assert any(
        one.startswith("The finish task common/exec (/bin/sh) is not run unless LAB_ALLOW_EXEC=1. kubectl has no") for one in notices
    )
    assert len(set(notices)) == len(notices)


def test_the_experiment_alone_means_the_same_as_with_its_metrics() -> None:
    alone = resolved(read_all([("rollout.yaml", ROLLOUT)]), routes(), KNOWN).experiment

    assert alone.objectives == rollout().experiment.objectives


def test_engagement_is_conversion_for_our_method_and_a_count_of_feedback_for_iter8s() -> None:
    engagement = [{"metric": "user-engagement", "preferredDirection": "High"}]

    ours = experiment(criteria__rewards=engagement).reward
    theirs = experiment(criteria__rewards=engagement, criteria__strength={"method": "iter8"}).reward

    assert ours is not None
    assert theirs is not None
    assert (ours.metric.measure, ours.metric.kind) == ("conversion", "conversion")
    assert (theirs.metric.measure, theirs.metric.kind) == ("feedback-count", "count")


@pytest.mark.parametrize(
    ("units", "shown", "scale"),
    [(None, "ms", 1e3), ("milliseconds", "ms", 1e3), ("seconds", "s", 1), ("s", "s", 1), ("microseconds", "µs", 1e6)],
)
def test_latencies_are_in_milliseconds_unless_a_document_says_otherwise(units: str | None, shown: str, scale: float) -> None:
    declared = metric("mean-latency", **({"units": units} if units else {}))

    found = understood(written(**objective("team/mean-latency", upperLimit=2)) + declared).experiment.objectives[0].metric

    assert (found.unit, found.scale) == (shown, scale)


def test_a_share_may_be_declared_in_percent() -> None:
    found = understood(written(**objective("team/error-rate", upperLimit=1)) + metric("error-rate", units="percent")).experiment.objectives[
        0
    ]

    assert (found.metric.unit, found.metric.scale, found.upper) == ("%", 100.0, 1.0)


def test_a_unit_that_does_not_fit_is_refused_where_it_is_declared() -> None:
    text = written(**objective("team/mean-latency", upperLimit=2))

    said = refusal(text + metric("mean-latency", units="furlongs"))

    line = text.count("\n") + 6
    assert said.startswith(f"{line}:10: The units of team/mean-latency are furlongs, must be one of: millisecond, ")


def test_a_metric_that_only_prometheus_knows_is_refused_with_what_the_lab_can() -> None:
    said = refusal(written(**objective("team/basket-size", upperLimit=2)) + metric("basket-size", provider="prometheus"))

    how = "with LAB_PROMETHEUS, and strength: {method: iter8}"
    assert f"team/basket-size would come from Prometheus, which the lab asks only {how}." in said
    assert "The lab measures by itself: request-count, error-count, error-rate" in said


ASKED = "  params: [{name: query, value: sum(baskets)}]\n"
IN_ITERS_WAY = {"method": "iter8"}


def with_prometheus(text: str) -> Resolved:
    return resolved(read_all([("tried.yaml", text)]), routes(), KNOWN, Means(prometheus=True))


def test_with_a_prometheus_iter8s_method_asks_it_as_the_file_says() -> None:
    text = written(**objective("team/basket-size", upperLimit=2), criteria__strength=IN_ITERS_WAY)

    found = with_prometheus(text + metric("basket-size", provider="prometheus", units="baskets") + ASKED)

    assert found.experiment.objectives[0].metric == Metric("team/basket-size", "asked", "asked", "baskets")
    assert found.experiment.questions["team/basket-size"].query() == "sum(baskets)"
    assert "team/basket-size is asked of Prometheus, as its file says, at every look." in found.notices


def test_with_a_prometheus_a_metric_that_the_journal_knows_is_asked_too() -> None:
    text = written(**objective("team/error-rate", upperLimit="0.02"), criteria__strength=IN_ITERS_WAY)

    found = with_prometheus(text + metric("error-rate", provider="prometheus") + ASKED)

    assert list(found.experiment.questions) == ["team/error-rate"]


def test_our_own_method_asks_for_no_point_values() -> None:
    said = with_prometheus(written(**objective("team/error-rate", upperLimit="0.02")) + metric("error-rate", provider="prometheus") + ASKED)

    assert said.experiment.objectives[0].metric.kind == "rate"
    assert said.experiment.questions == {}
    with pytest.raises(SpecError, match=r"which the lab asks only with strength: \{method: iter8\}"):
        with_prometheus(written(**objective("team/basket-size", upperLimit=2)) + metric("basket-size", provider="prometheus") + ASKED)


def test_what_is_asked_needs_a_query() -> None:
    text = written(**objective("team/basket-size", upperLimit=2), criteria__strength=IN_ITERS_WAY)

    with pytest.raises(SpecError, match="team/basket-size would come from Prometheus, but has no query"):
        with_prometheus(text + metric("basket-size", provider="prometheus"))


def test_a_metric_that_nobody_knows_is_refused_with_what_was_meant() -> None:
    said = refusal(written(**objective("mean-latncy", upperLimit=2)))

    assert "There is no metric mean-latncy. Did you mean mean-latency?" in said


def test_every_metric_has_names_of_its_own() -> None:
    names = [name for one in MEASURES.values() for name in (one.name, *one.aliases)]

    assert len(names) == len(set(names)) == len(BY_NAME)


@pytest.mark.parametrize(
    "name", ["latency-95th-percentile", "95th-percentile-tail-latency", "p95-latency", "iter8-system/latency-95th-percentile"]
)
def test_a_percentile_has_iter8s_spellings(name: str) -> None:
    found = experiment(**objective(name, upperLimit=200)).objectives[0].metric

    assert (found.name, found.measure, found.quantile) == (name, "latency-95th-percentile", 0.95)
