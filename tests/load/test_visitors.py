"""Who comes when with what: decided by the seed alone."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from lab.load.plan import Load, bounded
from lab.load.samples import Sample, Samples
from lab.load.visitors import AROUND, DELAY_MAX, reward, visits

SAMPLES: Samples = {
    label: tuple(Sample(f"{label}-{n}".encode(), "text/plain", label) for n in range(3)) for label in ("setosa", "versicolor", "virginica")
}
LOAD = Load(route="iris", rate=50, planned=2000, seed=7)


def test_the_same_seed_brings_the_same_visits_and_another_one_others() -> None:
    load = replace(LOAD, each=3, delay_s=5)

    assert list(visits(load, SAMPLES)) == list(visits(load, SAMPLES))
    assert list(visits(load, SAMPLES)) != list(visits(replace(load, seed=8), SAMPLES))


def test_predictions_are_planned_at_even_distances() -> None:
    moments = [visit.at_s for visit in visits(LOAD, SAMPLES)]

    assert moments[0] == 0
    assert {round(after - before, 9) for before, after in pairwise(moments)} == {0.02}


def test_without_a_number_of_visitors_everybody_comes_once() -> None:
    visitors = [visit.visitor for visit in visits(LOAD, SAMPLES)]

    assert visitors == list(range(2000))


def test_so_many_visitors_come_again_and_again() -> None:
    visitors = Counter(visit.visitor for visit in visits(replace(LOAD, visitors=20), SAMPLES))

    assert set(visitors) == set(range(20))
    assert max(visitors.values()) < 2 * min(visitors.values())


def test_each_visitor_comes_so_often_among_others_and_leaves() -> None:
    visitors = [visit.visitor for visit in visits(replace(LOAD, visitors=500, each=4), SAMPLES)]

    assert Counter(visitors) == dict.fromkeys(range(500), 4)
    assert len(set(visitors[:AROUND])) > AROUND / 2
    assert max(visitors[:AROUND]) < 2 * AROUND


def test_a_visitor_stays_as_content_as_they_are_and_a_better_variant_loses_nobody() -> None:
    load = replace(LOAD, planned=20_000, rewards={"svc": 0.10, "forest": 0.15}, visitors=10_000, each=2)
    content: dict[str, set[int]] = {"svc": set(), "forest": set()}
    for visit in visits(load, SAMPLES):
        for variant, visitors in content.items():
            if reward(load, visit, variant):
                visitors.add(visit.visitor)

    assert content["svc"] < content["forest"]
    assert len(content["svc"]) / 10_000 == pytest.approx(0.10, abs=0.01)
    assert len(content["forest"]) / 10_000 == pytest.approx(0.15, abs=0.01)


def test_who_is_not_content_says_nothing_or_0() -> None:
    visit = next(visits(LOAD, SAMPLES))

    assert reward(replace(LOAD, rewards={"svc": 0.0}), visit, "svc") is None
    assert reward(replace(LOAD, rewards={"svc": 0.0}, zeros=True), visit, "svc") == 0
    assert reward(replace(LOAD, rewards={"svc": 1.0}), visit, "forest") is None


def test_the_shares_of_all_variants_drift_together() -> None:
    load = replace(LOAD, rewards={"svc": 0.1, "forest": 0.8}, drift=0.5)

    assert load.content_share("svc", 0) == pytest.approx(0.1)
    assert load.content_share("svc", load.duration_s) == pytest.approx(0.15)
    assert load.content_share("forest", load.duration_s) == 1


def test_inputs_are_of_every_label_or_drift_to_the_last_one() -> None:
    steady = [visit.sample.truth for visit in visits(LOAD, SAMPLES)]
    drifting = [visit.sample.truth for visit in visits(replace(LOAD, skew=True), SAMPLES)]

    assert min(Counter(steady).values()) > 600
    assert Counter(drifting[:200]).most_common(1)[0][1] < 110
    assert Counter(drifting[-200:])["virginica"] > 180


def test_feedback_waits_about_as_long_as_asked_for_and_never_too_long() -> None:
    delays = [visit.delay_s for visit in visits(replace(LOAD, delay_s=4), SAMPLES)]

    assert sum(delays) / len(delays) == pytest.approx(4, rel=0.1)
    assert max(delays) <= DELAY_MAX * 4
    assert {visit.delay_s for visit in visits(LOAD, SAMPLES)} == {0}


@pytest.mark.parametrize(
    ("bounds", "planned"),
    [
        ({}, 600),
        ({"duration_s": 5}, 50),
        ({"count": 30}, 30),
        ({"count": 70, "duration_s": 5}, 50),
        ({"visitors": 8, "each": 3}, 24),
        ({"visitors": 8}, 600),
        ({"duration_s": 0}, 1),
    ],
)
def test_a_load_is_bounded_by_the_smallest_of_what_bounds_it(bounds: dict[str, int], planned: int) -> None:
    asked = {"duration_s": None, "count": None, "visitors": None, "each": None} | bounds

    assert bounded(10, **asked) == planned  # type: ignore[arg-type]
