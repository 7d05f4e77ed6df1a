"""Whatever is asked for: weights sum to 100, lanes hold, and nobody leaves a candidate that only grows."""

import json
import re
from typing import Any

import quickjs
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.routes import Route, RoutesError, examine, with_mode, with_weights
from lab.routes.check import troubles
from lab.routes.lanes import BUCKETS, buckets, held, lane_width
from lab.settings import CHECKOUT
from tests.traffic.conftest import IRIS, KNOWN, iris, table

VARIANTS = KNOWN["iris"]

# The gateway's own reading of a route.
ENGINE = quickjs.Context()
ENGINE.eval(re.sub(r"export default \{[^}]*\};", "", (CHECKOUT / "nginx" / "split.js").read_text()))

hundredths = st.integers(0, BUCKETS).map(lambda count: count / 100)
changes = st.dictionaries(st.sampled_from(VARIANTS), hundredths, min_size=1)


def held_buckets(route: Route) -> dict[str, set[int]]:
    return {name: {bucket for one in ranges for bucket in range(one.first, one.last + 1)} for name, ranges in held(route).items()}


def changed(route: Route, wanted: dict[str, float]) -> Route:
    """The route after a change that may be refused."""
    try:
        return with_weights(route, wanted, VARIANTS)
    except RoutesError:
        return route


def asked(function: str, *arguments: object) -> Any:
    """What a function of the gateway answers."""
    return json.loads(ENGINE.eval(f"JSON.stringify({function}({', '.join(map(json.dumps, arguments))}))"))


@given(st.lists(changes, max_size=8))
def test_after_any_changes_the_weights_sum_to_100_and_no_lane_is_exceeded(wanted: list[dict[str, float]]) -> None:
    route = iris()

    for each in wanted:
        route = changed(route, each)

    assert sum(buckets(percent) for percent in route.weights.values()) == BUCKETS
    assert all(buckets(route.weight(name)) <= lane_width(len(route.lanes)) for name in route.lanes)
    assert troubles("iris", route, VARIANTS) == []


@given(st.lists(changes, max_size=5))
def test_every_bucket_has_exactly_one_holder(wanted: list[dict[str, float]]) -> None:
    route = iris()

    for each in wanted:
        route = changed(route, each)
    sets = held_buckets(route)

    assert sum(len(one) for one in sets.values()) == BUCKETS
    assert set().union(*sets.values()) == set(range(BUCKETS))
    assert {name: len(one) for name, one in sets.items()} == {name: buckets(route.weight(name)) for name in sets}


@settings(max_examples=200)
@given(st.integers(1, 4), st.lists(st.lists(hundredths, min_size=4, max_size=4), max_size=6))
def test_while_weights_only_grow_no_bucket_leaves_a_candidate(count: int, sequence: list[list[float]]) -> None:
    candidates = VARIANTS[1 : count + 1]
    route = iris(lanes=list(candidates), weights={"svc": 100} | dict.fromkeys(candidates, 0))
    width = lane_width(count) / 100

    for step in sequence:
        grown = {name: max(route.weight(name), min(width, more)) for name, more in zip(candidates, step, strict=False)}
        before, route = route, changed(route, grown)
        old, new = held_buckets(before), held_buckets(route)

        assert all(old[name] <= new[name] for name in candidates)


@given(st.integers(1, 2), st.lists(hundredths, min_size=3, max_size=3))
def test_a_candidate_that_comes_second_or_third_takes_nobody_from_another_candidate(count: int, percents: list[float]) -> None:
    candidates = VARIANTS[1 : count + 2]
    limits = dict(zip(candidates, (min(percent, 33.33) for percent in percents), strict=False))
    before = changed(iris(weights={"svc": 100}, lanes=[]), {name: limits[name] for name in candidates[:count]})

    after = with_weights(before, limits, VARIANTS)

    assert all(held_buckets(before)[name] <= held_buckets(after)[name] for name in before.lanes)


@settings(max_examples=50)
@given(st.lists(changes, max_size=5), st.sampled_from(["weighted", "roundrobin", "off"]))
def test_the_gateway_takes_what_the_lab_makes_and_reads_the_same_from_it(wanted: list[dict[str, float]], mode: str) -> None:
    route = iris()
    for each in wanted:
        route = changed(route, each)
    try:
        route = with_mode(route, mode)
    except RoutesError:
        assert mode == "roundrobin"
    document = json.loads(route.model_dump_json())

    assert asked("trouble", "iris", document, [f"iris.{name}" for name in VARIANTS]) == ""
    edges = sorted({edge for ranges in held(route).values() for one in ranges for edge in one})
    expected = [next(name for name, own in held(route).items() if any(one.first <= edge <= one.last for one in own)) for edge in edges]
    assert [asked("holder", document, edge) for edge in edges] == expected
    assert asked("turns", document) == list(route.turns)


def test_the_fixture_is_a_route_of_the_gateway() -> None:
    assert asked("trouble", "iris", IRIS, [f"iris.{name}" for name in VARIANTS]) == ""


ODD = st.sampled_from(
    [None, True, False, -1, 0, 1, 2.5, 40, 60, 100, 1e300, "", "x", "svc", "forest", "constructor", "__proto__", "x" * 201, "\u00e9", "\n"]
)
VALUES = ODD | st.lists(ODD, max_size=3) | st.dictionaries(ODD.filter(lambda value: isinstance(value, str)), ODD, max_size=3)


@settings(max_examples=2000)
@given(st.dictionaries(st.sampled_from(sorted(IRIS)), VALUES, min_size=1, max_size=2))
def test_the_gateway_takes_every_table_that_the_lab_calls_right(fields: dict[str, Any]) -> None:
    route = examine(json.dumps(table(**fields)), KNOWN).valid.get("iris")

    assert route is None or asked("trouble", "iris", IRIS | fields, [f"iris.{name}" for name in VARIANTS]) == ""
