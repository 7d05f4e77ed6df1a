"""Counts per epoch from Prometheus: whole, none twice, none of other weights."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.judge.block import Block
from lab.metrics.counted import Stretch, buckets, increase
from lab.metrics.evidence import Change, Names, PrometheusEvidence, changes_in, histogram, stretches
from lab.metrics.prometheus import Asker, Prometheus, Series, Unavailable
from lab.stats.counts import Counts
from lab.store.exposed import Run
from tests.metrics.server import FakePrometheus

NAMES = Names('requests{v="$variant"}', 'failed{v="$variant"}', 'seconds{v="$variant"}')
RUN = Run("ab", "iris", ("svc", "forest"), "request")
BEGIN = 1000.0


@pytest.fixture
def server() -> Iterator[FakePrometheus]:
    made = FakePrometheus()
    yield made
    made.close()


def evidence(server: FakePrometheus, *changes: Change) -> PrometheusEvidence:
    return PrometheusEvidence(Prometheus(server.url, Asker()), NAMES, {}, lambda route: changes)


def write(server: FakePrometheus, variant: str, requests: list[float], failed: list[float], every_s: float = 5.0) -> None:
    """A pod's counters at each scrape from BEGIN on; every request took 0.2 s."""
    label = f'{{v="{variant}"}}'

    def samples(values: list[float], scale: float = 1.0) -> list[tuple[float, float]]:
        return [(BEGIN + every_s * number, one * scale) for number, one in enumerate(values)]

    server.series[f"requests{label}"] = [({"pod": "a"}, samples(requests))]
    server.series[f"failed{label}"] = [({"pod": "a"}, samples(failed))]
    slow = [({"pod": "a", "le": edge}, samples(requests)) for edge in ("0.25", "+Inf")]
    server.series[f"seconds_bucket{label}"] = [({"pod": "a", "le": "0.1"}, samples([0.0] * len(requests))), *slow]
    server.series[f"seconds_sum{label}"] = [({"pod": "a"}, samples(requests, 0.2))]


HALF = Change(BEGIN, 3, {"svc": 50.0, "forest": 50.0})


def test_a_look_counts_requests_failures_and_seconds(server: FakePrometheus) -> None:
    write(server, "svc", [0, 40, 100], [0, 1, 2])
    write(server, "forest", [0, 50, 90], [0, 0, 9])

    (block,) = evidence(server, HALF)(RUN, BEGIN, BEGIN + 10)

    assert (block.epoch, block.weights) == (3, {"svc": 50, "forest": 50})
    assert {name: arm.requests for name, arm in block.arms.items()} == {"svc": Counts(100, 2), "forest": Counts(90, 9)}
    assert block.arms["svc"].latency_total_s == pytest.approx(20.0)
    assert block.arms["svc"].latency.n == 100
    assert 0.24 < block.arms["svc"].latency.quantile(0.95) <= 0.25
    assert block.arms["svc"].visitors == 100


def test_two_looks_count_what_one_would(server: FakePrometheus) -> None:
    for variant in RUN.variants:
        write(server, variant, [0, 40, 100, 130, 190], [0, 1, 2, 2, 5])
    asked = evidence(server, HALF)

    parts = [asked(RUN, BEGIN, BEGIN + 12), asked(RUN, BEGIN + 12, BEGIN + 20)]
    (whole,) = asked(RUN, BEGIN, BEGIN + 20)

    assert sum(part[0].arms["svc"].requests.n for part in parts) == whole.arms["svc"].requests.n == 190
    assert sum(part[0].arms["svc"].requests.successes for part in parts) == whole.arms["svc"].requests.successes == 5


def test_requests_around_a_change_of_the_weights_belong_to_neither_epoch(server: FakePrometheus) -> None:
    for variant in RUN.variants:
        write(server, variant, [0, 40, 100, 130, 190], [0, 0, 0, 0, 0])
    # In the middle of the third stretch: 30 requests came then.
    later = Change(BEGIN + 12, 4, {"svc": 40.0, "forest": 60.0})

    blocks = evidence(server, HALF, later)(RUN, BEGIN, BEGIN + 20)

    assert [(block.epoch, block.arms["svc"].requests.n) for block in blocks] == [(3, 100), (4, 60)]


def test_an_experiment_on_visitors_is_told_that_nobody_counts_them(server: FakePrometheus) -> None:
    with pytest.raises(Unavailable, match="Prometheus counts requests, not visitors: ab must say strength"):
        evidence(server, HALF)(RUN._replace(unit="visitor"), BEGIN, BEGIN + 5)


def test_a_variant_that_prometheus_does_not_know_has_no_arm(server: FakePrometheus) -> None:
    write(server, "svc", [0, 40], [0, 0])

    (block,) = evidence(server, HALF)(RUN, BEGIN, BEGIN + 5)

    assert block.arms.keys() == {"svc"}


def test_nothing_known_is_no_block(server: FakePrometheus) -> None:
    assert evidence(server, HALF)(RUN, BEGIN, BEGIN + 5) == ()


def test_a_prometheus_that_is_ill_makes_no_empty_look(server: FakePrometheus) -> None:
    server.everything = (503, b"busy")

    with pytest.raises(Unavailable, match="answers 503"):
        evidence(server, HALF)(RUN, BEGIN, BEGIN + 5)


def test_requests_at_weight_0_have_leaked(server: FakePrometheus) -> None:
    write(server, "forest", [0, 4], [0, 0])

    (block,) = evidence(server, Change(BEGIN, 1, {"svc": 100.0, "forest": 0.0}))(RUN, BEGIN, BEGIN + 5)

    assert block.arms["forest"].leaked == 4


def test_the_first_failures_of_a_pod_are_not_lost(server: FakePrometheus) -> None:
    write(server, "svc", [0, 40, 100], [0, 0, 0])
    # Before its first failure, a pod tells nothing of failures.
    server.series['failed{v="svc"}'] = [({"pod": "a"}, [(BEGIN + 10, 7.0)])]

    (block,) = evidence(server, HALF)(RUN, BEGIN, BEGIN + 10)

    assert block.arms["svc"].requests == Counts(100, 7)


def test_a_counter_that_begins_again_loses_nothing_that_was_scraped() -> None:
    samples = [(0.0, 10.0), (5.0, 14.0), (10.0, 3.0), (15.0, 5.0)]

    assert increase(samples, Stretch(0, 0, 15)) == 4 + 3 + 2


def test_a_pod_that_came_later_counts_from_its_first_sample() -> None:
    assert increase([(7.0, 100.0), (12.0, 130.0)], Stretch(0, 5, 15)) == 30


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=2, max_size=12), st.integers(0, 60))
def test_wherever_a_look_ends_no_request_is_lost_or_counted_twice(growth: list[int], cut: int) -> None:
    samples = [(5.0 * number, float(sum(growth[: number + 1]))) for number in range(len(growth))]
    end = samples[-1][0]
    middle = min(float(cut), end)

    parts = increase(samples, Stretch(0, 0, middle)) + increase(samples, Stretch(0, middle, end))

    assert parts == increase(samples, Stretch(0, 0, end)) == sum(growth[1:])


def test_cumulative_buckets_become_counts_between_edges() -> None:
    series = [Series({"le": edge}, ((0.0, 0.0), (5.0, count))) for edge, count in (("0.1", 3.0), ("0.5", 7.0), ("+Inf", 8.0))]

    assert buckets(series, Stretch(0, 0, 5)) == {0.1: 3, 0.5: 4, float("inf"): 1}


def test_a_limit_at_an_edge_is_answered_exactly_and_one_inside_a_bucket_carefully() -> None:
    made = histogram({100.0: 3, 500.0: 4, float("inf"): 1}, per_second=1000)

    assert made.n == 8
    assert made.above(0.1) == (5, 5)
    assert made.above(0.5) == (1, 1)
    assert made.above(0.3) == (5, 5)


def test_a_look_is_cut_at_every_change() -> None:
    changes = [Change(0, 1, {}), Change(10, 2, {}), Change(20, 3, {})]

    found = [(change.epoch, stretch) for change, stretch in stretches(changes, 5, 15)]

    assert found == [(1, Stretch(0, 5, 10)), (2, Stretch(10, 10, 15))]


def test_the_journal_tells_when_weights_changed() -> None:
    lines = [
        {"kind": "weights", "route": "iris", "epoch": 2, "time": "2026-11-20T19:00:10.000Z", "weights": {"svc": 90, "forest": 10}},
        {"kind": "weights", "route": "iris", "epoch": 1, "time": "2026-11-20T19:00:00.000Z", "weights": {"svc": 100}},
        {"kind": "look", "route": "iris", "epoch": None, "time": "2026-11-20T19:00:05.000Z", "weights": None},
        {"kind": "weights", "route": "fruit", "epoch": 9, "time": "2026-11-20T19:00:00.000Z", "weights": {}},
    ]

    assert [(one.epoch, one.weights) for one in changes_in(lines, "iris")] == [(1, {"svc": 100}), (2, {"svc": 90, "forest": 10})]


def test_blocks_are_those_that_the_judge_takes(server: FakePrometheus) -> None:
    write(server, "svc", [0, 40], [0, 0])

    assert isinstance(evidence(server, HALF)(RUN, BEGIN, BEGIN + 5)[0], Block)
