"""Changes of a route do what they say, or say why they cannot be."""

from typing import Any

import pytest

from lab.routes import (
    Route,
    RoutesError,
    with_fallback,
    with_mode,
    with_rescue_500,
    with_shadows,
    with_weights,
    without_lane,
)
from lab.routes.change import notices
from tests.traffic.conftest import FRUIT, KNOWN, iris

VARIANTS = KNOWN["iris"]


def weights(route: Route) -> dict[str, float]:
    return dict(route.weights)


def test_a_baseline_that_is_not_named_gets_the_rest() -> None:
    assert weights(with_weights("iris", iris(), {"forest": 12.34}, VARIANTS)) == {"svc": 87.66, "forest": 12.34}


def test_a_candidate_that_is_not_named_gets_nothing_and_keeps_its_lane() -> None:
    changed = with_weights("iris", iris(), {"knn": 20}, VARIANTS)

    assert weights(changed) == {"svc": 80, "forest": 0, "knn": 20}
    assert changed.lanes == ("forest", "knn")


def test_a_new_candidate_without_a_weight_gets_no_lane() -> None:
    assert with_weights("iris", iris(), {"forest": 10, "knn": 0}, VARIANTS).lanes == ("forest",)


def test_the_epoch_and_everything_else_stay() -> None:
    changed = with_weights("iris", iris(epoch=7, experiment="petals"), {"forest": 10}, VARIANTS)

    assert changed == iris(epoch=7, experiment="petals", weights={"svc": 90, "forest": 10})


def test_round_robin_becomes_weighted_and_off_stays_off() -> None:
    fruit = Route.model_validate(FRUIT)

    assert with_weights("fruit", fruit, {"vgg16": 10}, KNOWN["fruit"]).mode == "weighted"
    assert with_weights("iris", iris(mode="off"), {"forest": 10}, VARIANTS).mode == "off"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mango": 10}, "There is no variant mango in this route. Its variants: svc, forest, xgboost, bayes, knn."),
        ({"__proto__": 10}, "There is no variant __proto__ in this route. Its variants: svc, forest, xgboost, bayes, knn."),
        ({"forest": 130}, "forest cannot have 130 %, must be a number from 0 to 100 with at most 2 decimals."),
        ({"forest": -1}, "forest cannot have -1 %, must be a number from 0 to 100 with at most 2 decimals."),
        ({"forest": 33.333}, "forest cannot have 33.333 %, must be a number from 0 to 100 with at most 2 decimals."),
        ({"forest": 100.00001}, "forest cannot have 100.00001 %, must be a number from 0 to 100 with at most 2 decimals."),
        ({"forest": float("nan")}, "forest cannot have nan %, must be a number from 0 to 100 with at most 2 decimals."),
        ({"forest": float("inf")}, "forest cannot have inf %, must be a number from 0 to 100 with at most 2 decimals."),
        ({"forest": True}, "forest cannot have 1 %, must be a number from 0 to 100 with at most 2 decimals."),
        ({"svc": 50, "forest": 40}, "The weights sum to 90 %, must be 100 %. Leave out svc, and it gets 60 %."),
        ({"forest": 70, "knn": 40}, "The candidates' weights sum to 110 %, must be at most 100 %."),
        ({"forest": 70, "knn": 40.07}, "The candidates' weights sum to 110.07 %, must be at most 100 %."),
        ({"forest": 40, "knn": 1, "bayes": 1}, "forest cannot have 40 %: with 3 candidates each has a lane of 33.33 %."),
        ({"forest": 25.01, "knn": 1, "bayes": 1, "xgboost": 1}, "forest cannot have 25.01 %: with 4 candidates each has a lane of 25 %."),
    ],
)
def test_weights_that_cannot_be_are_refused(changes: dict[str, float], expected: str) -> None:
    with pytest.raises(RoutesError) as refused:
        with_weights("iris", iris(), changes, VARIANTS)

    assert str(refused.value) == expected


def test_an_unused_lane_that_is_in_the_way_can_be_given_up() -> None:
    crowded = iris(lanes=["forest", "knn", "bayes"], weights={"svc": 90, "forest": 10, "knn": 0, "bayes": 0})

    with pytest.raises(RoutesError, match=r"lane of 33\.33 %\. To give up an unused lane: lab route iris --drop-lane knn$"):
        with_weights("iris", crowded, {"forest": 40}, VARIANTS)

    freed = with_weights("iris", without_lane(crowded, "knn"), {"forest": 40}, VARIANTS)
    assert (freed.lanes, weights(freed)) == (("forest", "bayes"), {"svc": 60, "forest": 40, "bayes": 0})


def test_a_lane_that_is_in_use_now_must_first_be_freed() -> None:
    crowded = iris(lanes=["forest", "xgboost"], weights={"svc": 60, "forest": 20, "xgboost": 20})

    with pytest.raises(RoutesError) as refused:
        with_weights("iris", crowded, {"knn": 50}, VARIANTS)

    assert str(refused.value) == (
        "knn cannot have 50 %: with 3 candidates each has a lane of 33.33 %. To give up the lane of forest, first give it 0 %: "
        "lab weight iris forest=0 xgboost=20 and then: lab route iris --drop-lane forest"
    )


def test_a_lane_that_is_wanted_is_not_offered() -> None:
    crowded = iris(lanes=["forest", "xgboost"], weights={"svc": 100, "forest": 0, "xgboost": 0})

    with pytest.raises(RoutesError, match=r"lane of 33\.33 %\.$"):
        with_weights("iris", crowded, {"knn": 50, "forest": 10, "xgboost": 10}, VARIANTS)


def test_only_a_candidate_without_visitors_gives_up_its_lane() -> None:
    with pytest.raises(RoutesError, match=r"forest has 40 %\. First give it 0 %: only a candidate without visitors can give up its lane\."):
        without_lane(iris(), "forest")
    with pytest.raises(RoutesError, match=r"knn has no lane\. Candidates with one: forest\."):
        without_lane(iris(), "knn")


def test_the_mode_changes_and_the_weights_stay() -> None:
    for mode in ("roundrobin", "off", "weighted"):
        assert with_mode(iris(), mode) == iris(mode=mode)


@pytest.mark.parametrize(
    ("fields", "mode", "expected"),
    [
        ({}, "chaos", "The mode is chaos, must be one of: weighted, roundrobin, off."),
        (
            {"weights": {"svc": 100, "forest": 0}},
            "roundrobin",
            "Round robin takes 2 to 4 variants with a weight; this route has svc.",
        ),
        (
            {"weights": dict.fromkeys(VARIANTS, 20), "lanes": list(VARIANTS[1:])},
            "roundrobin",
            "Round robin takes 2 to 4 variants with a weight; this route has svc, forest, xgboost, bayes, knn.",
        ),
    ],
)
def test_a_mode_that_cannot_be_is_refused(fields: dict[str, Any], mode: str, expected: str) -> None:
    with pytest.raises(RoutesError) as refused:
        with_mode(iris(**fields), mode)

    assert str(refused.value) == expected


def test_shadows_are_added_changed_and_ended_one_by_one() -> None:
    route = with_shadows(iris(), {"knn": 10, "bayes": 0.5}, VARIANTS)

    assert route == iris(shadows={"knn": 10, "bayes": 0.5})
    assert with_shadows(route, {"knn": 0}, VARIANTS) == iris(shadows={"bayes": 0.5})
    with pytest.raises(RoutesError, match="There is no variant mango"):
        with_shadows(iris(), {"mango": 10}, VARIANTS)
    with pytest.raises(RoutesError, match="knn cannot have 101 %"):
        with_shadows(iris(), {"knn": 101}, VARIANTS)


def test_fallback_and_rescue_change() -> None:
    assert with_fallback(iris(), "none") == iris(fallback="none")
    assert with_rescue_500(iris(), True) == iris(rescue_500=True)
    with pytest.raises(RoutesError, match="The fallback is svc, must be one of: baseline, none"):
        with_fallback(iris(), "svc")


def test_what_nobody_asked_for_is_noticed() -> None:
    off = iris(mode="off")
    four = {"forest": 10, "knn": 10, "bayes": 10}
    three_lanes = with_weights("iris", iris(), four, VARIANTS)

    assert notices("iris", iris(mode="roundrobin"), iris()) == [
        "iris was in round robin and is weighted now: every visitor keeps their variant."
    ]
    assert notices("iris", off, with_weights("iris", off, {"forest": 10}, VARIANTS)) == [
        "iris is off: everybody gets svc. To let its weights count: lab weight iris --mode weighted"
    ]
    assert notices("iris", three_lanes, with_weights("iris", three_lanes, four | {"xgboost": 10}, VARIANTS)) == [
        "The number of lanes has changed, and with it the place of bayes: some visitors change variants."
    ]
    assert notices("iris", iris(), with_weights("iris", iris(), {"forest": 50, "knn": 10}, VARIANTS)) == []
