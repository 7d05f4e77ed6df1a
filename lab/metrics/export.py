"""What the lab tells Prometheus: predictions per variant as the journal has them, weights, experiments, and lines of the journals.

The journal is asked anew at each scrape, so the counters agree with it and outlive a restart. Under Seldon's names, too, so that queries
written for Seldon's executor run as they are: `seldon_deployment_id` is the route, `predictor_name` the variant.
"""

import math
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from lab.controller.case import Case
from lab.judge.said import metrics_of
from lab.metrics.served import EDGES, Served
from lab.routes import Route
from lab.spec.experiment import Metric as Measure
from lab.store.store import Store

NAMESPACE: Final = "ab-lab"
# The logarithm of the largest float.
LOG_MAX: Final = math.log(sys.float_info.max)

# How the assigned variant answered, whoever answered in its place; 499 is NGINX's word for an answer that broke off.
CODE = "case when rescued then coalesce(attempts[1].status, 502) when not complete and status < 400 then 499 else status end"
PREDICTIONS = f"""select route, variant, {CODE} as code, count(*), sum(request_s),
    {", ".join(f"count(*) filter (where request_s <= {edge})" for edge in EDGES)}
    from predictions where variant is not null and reason is distinct from 'shadow' group by route, variant, code order by all"""
FEEDBACK = """select coalesce(predicted_route, route), coalesce(predicted_variant, variant), count(*),
    coalesce(sum(value) filter (where metric = 'reward' and outcome in ('stored', 'unattributed')), 0)
    from feedback where coalesce(predicted_variant, variant) is not null and coalesce(predicted_route, route) is not null
    group by all order by all"""
RECORDS = "select kind, sum(stored)::BIGINT, sum(quarantined)::BIGINT from segments group by kind order by kind"


class Answers(NamedTuple):
    """How many answers of one code a variant gave, and in what time."""

    route: str
    variant: str
    code: str
    n: float
    seconds: float
    within: tuple[float, ...]
    """How many took no longer than each edge."""


class Grown:
    """Keeps counters from falling when old segments of the journal are deleted: Prometheus would take that for a fresh start."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, ...], tuple[float, ...]] = {}
        self._gone: dict[tuple[str, ...], tuple[float, ...]] = {}
        self._lock = threading.Lock()

    def of(self, key: tuple[str, ...], numbers: Sequence[float]) -> tuple[float, ...]:
        """What was counted since this process began, and before as far as the journal goes. The first number tells whether any was lost."""
        with self._lock:
            last = self._last.get(key, (0.0,) * len(numbers))
            gone = self._gone.get(key, (0.0,) * len(numbers))
            if numbers[0] < last[0]:
                gone = self._gone[key] = tuple(one + max(before - now, 0) for one, before, now in zip(gone, last, numbers, strict=True))
            self._last[key] = tuple(numbers)
            return tuple(one + now for one, now in zip(gone, numbers, strict=True))


class Exporter:
    """The text of GET /metrics."""

    def __init__(self, store: Store, routes: Callable[[], dict[str, Route]], cases: Callable[[], Sequence[Case]]) -> None:
        self._store = store
        self._routes = routes
        self._cases = cases
        self._grown = Grown()
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)  # type: ignore[arg-type]
        self.served = Served(self._registry)

    def text(self) -> bytes:
        """In Prometheus' own format."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Asked when it is registered: nothing needs to be counted for that."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Everything."""
        with self._store.cursor() as cursor:
            answers = [_answers(row, self._grown) for row in cursor.execute(PREDICTIONS).fetchall()]
            feedback = cursor.execute(FEEDBACK).fetchall()
            records = cursor.execute(RECORDS).fetchall()
        routes = self._routes()
        answers += _silent(routes, answers)
        feedback += [(*pair, 0, 0.0) for pair in _pairs(routes) if pair not in {row[:2] for row in feedback}]
        yield _durations(answers)
        yield from self._seldon(answers, feedback)
        yield from _weights(routes)
        cases = self._cases()
        yield from _experiments(cases)
        yield from _running(cases)
        yield self._records(records)

    def _seldon(self, answers: Sequence[Answers], feedback: Sequence[tuple]) -> Iterator[Metric]:  # type: ignore[type-arg]
        labels = ["seldon_deployment_id", "predictor_name", "kubernetes_namespace", "code", "service"]
        calls = [(row[:2], self._grown.of(("feedback", *row[:2]), row[2:])) for row in feedback]
        for side, predict in (("server", "predictions"), ("client", "/predict")):
            made = HistogramMetricFamily(f"seldon_api_executor_{side}_requests_seconds", "Seldon's name for predictions.", labels=labels)
            for one in answers:
                made.add_metric([one.route, one.variant, NAMESPACE, one.code, predict], _buckets(one), one.seconds)
            # The document's engagement: calls of the feedback address. Nobody measures how long they take.
            for (route, variant), (n, _) in calls if side == "server" else ():
                whole = [(str(edge), n) for edge in EDGES] + [("+Inf", n)]
                made.add_metric([route, variant, NAMESPACE, "200", "feedback"], whole, 0.0)
            yield made
        yield from _feedback(calls)

    def _records(self, rows: Sequence[tuple]) -> Metric:  # type: ignore[type-arg]
        made = CounterMetricFamily("lab_log_records", "Lines of the journals, by what became of them.", labels=["kind", "outcome"])
        for kind, *numbers in rows:
            for outcome, n in zip(("stored", "unparsed"), numbers, strict=True):
                made.add_metric([kind, outcome], self._grown.of(("records", kind, outcome), (n,))[0])
        return made


def _answers(row: tuple, grown: Grown) -> Answers:  # type: ignore[type-arg]
    route, variant, code, *numbers = row
    key = (route, variant, str(code))
    n, seconds, *within = grown.of(("answers", *key), [float(one) for one in numbers])
    return Answers(*key, n, seconds, tuple(within))


def _silent(routes: dict[str, Route], answers: Sequence[Answers]) -> list[Answers]:
    """Variants without a prediction, at 0: what a counter counted before its first sample, Prometheus does not know."""
    told = {(one.route, one.variant) for one in answers if one.code == "200"}
    return [Answers(*pair, "200", 0, 0.0, (0.0,) * len(EDGES)) for pair in _pairs(routes) if pair not in told]


def _pairs(routes: dict[str, Route]) -> list[tuple[str, str]]:
    """Routes and those of their variants that have visitors or may get some."""
    return [(name, variant) for name, route in sorted(routes.items()) for variant in dict.fromkeys((*route.weights, *route.versions))]


def _buckets(one: Answers) -> list[tuple[str, float]]:
    return [*((str(edge), n) for edge, n in zip(EDGES, one.within, strict=True)), ("+Inf", one.n)]


def _durations(answers: Sequence[Answers]) -> Metric:
    labels = ["route", "variant", "http_response_status_code"]
    made = HistogramMetricFamily("lab_prediction_duration_seconds", "Predictions, as visitors waited for them.", labels=labels)
    for one in answers:
        made.add_metric([one.route, one.variant, one.code], _buckets(one), one.seconds)
    return made


def _feedback(calls: Sequence[tuple[tuple[str, str], tuple[float, ...]]]) -> Iterator[Metric]:
    labels = ["seldon_deployment_id", "predictor_name", "kubernetes_namespace"]
    count = CounterMetricFamily("seldon_api_model_feedback", "Calls of the feedback address.", labels=labels)
    reward = GaugeMetricFamily("seldon_api_model_feedback_reward", "Sum of the rewards.", labels=labels)
    for (route, variant), (n, total) in calls:
        count.add_metric([route, variant, NAMESPACE], n)
        reward.add_metric([route, variant, NAMESPACE], total)
    yield count
    yield reward


def _weights(routes: dict[str, Route]) -> Iterator[Metric]:
    weight = GaugeMetricFamily("lab_experiment_weight", "Percent of the visitors that a variant gets.", labels=["route", "variant"])
    generation = GaugeMetricFamily("lab_config_generation", "Epoch of a route: one more at each change.", labels=["route"])
    for name, route in sorted(routes.items()):
        generation.add_metric([name], route.epoch)
        for variant, percent in route.weights.items():
            weight.add_metric([name, variant], percent)
    yield weight
    yield generation


def _running(cases: Sequence[Case]) -> Iterator[Metric]:
    """What the last look of each running experiment has found. What is over is in the journal: no series for ever."""
    running = [case for case in reversed(cases) if case.story.began_at is not None and case.story.ending is None]
    split = GaugeMetricFamily(
        "lab_srm_evalue",
        "Largest e-value so far against the split being as planned: 1000 blocks promotion.",
        labels=["experiment", "route"],
    )
    values = GaugeMetricFamily(
        "lab_experiment_metric_analysis",
        "Each metric of each variant since the start, at the last look, in the unit of its file; none while unavailable.",
        labels=["experiment", "route", "metric", "unit", "variant"],
    )
    for case in running:
        run = [case.story.run, case.story.route]
        # After a restart nothing is known of the split until the next look.
        watch = case.evidence.split if case.evidence is not None else None
        if watch is not None and case.experiment.pattern != "Shadow":
            split.add_metric(run, _exp(watch.evidence.log_e_max))
        for metric, variant, value in _seen(case):
            values.add_metric([*run, metric.name, metric.unit, variant], value)
    yield split
    yield values


def _seen(case: Case) -> Iterator[tuple[Measure, str, float]]:
    """What the last look has measured, as far as it could."""
    metrics = {metric.name: metric for metric in metrics_of(case.experiment)}
    measured = case.story.looks[-1].decision.get("measured", ()) if case.story.looks else ()
    for one in measured:
        if one["value"] is not None and one["metric"] in metrics:
            yield metrics[one["metric"]], one["variant"], one["value"]


def _exp(log_e: float) -> float:
    """Beyond what a float can say: infinite."""
    return math.exp(log_e) if log_e < LOG_MAX else math.inf


def _experiments(cases: Sequence[Case]) -> Iterator[Metric]:
    running = GaugeMetricFamily("lab_experiment_status", "1 while an experiment runs, 0 when it is over.", labels=["experiment", "route"])
    decisions = CounterMetricFamily("lab_decisions", "Looks at the evidence, by what was decided.", labels=["experiment", "decision"])
    for case in reversed(cases):
        running.add_metric([case.story.run, case.story.route], 1.0 if case.story.ending is None else 0.0)
        kinds = [str(look.decision.get("kind")) for look in case.story.looks]
        for kind in sorted(set(kinds)):
            decisions.add_metric([case.story.run, kind], kinds.count(kind))
    yield running
    yield decisions
