"""Whatever is asked for: weights sum to 100, lanes hold, and nobody leaves a candidate that only grows."""

import json
import re
from collections import Counter
from typing import Any

import quickjs
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.routes import Route, RoutesError, examine, with_mode, with_weights
from lab.routes.check import troubles
from lab.routes.lanes import BUCKETS, buckets, held, lane_width
from lab.routes.table import EPOCH_MAX
from lab.settings import CHECKOUT
from tests.traffic.conftest import IRIS, KNOWN, iris

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
        return with_weights("iris", route, wanted, VARIANTS)
    except RoutesError:
        return route


def asked(function: str, *arguments: object) -> Any:
    """What a function of the gateway answers."""
    # By way of text, as from a file: written into the program, "__proto__" would be more than a name.
    text = json.dumps(json.dumps(arguments))
    return json.loads(ENGINE.eval(f"JSON.stringify({function}.apply(null, JSON.parse({text})))"))


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

    after = with_weights("iris", before, limits, VARIANTS)

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


# ---- the lab and the gateway judge a file alike -------------------------------------------------------------------

# Numbers that were computed, and are whole hundredths only almost.
nudges = st.sampled_from([0, 0, 0, 0, 0, 1e-12, -1e-12, 9e-9, -9e-9, 1.1e-8, -1.1e-8, 0.001, 0.01])
NAMES = st.sampled_from(VARIANTS)
WORDS = st.sampled_from(
    ["x", "a b", "~", " ", "X-User_ID", "x:", "svc", "custom", "constructor", "__proto__", "toString", "", "\u00e9", "\n", "\t", "\x7f"]
    + ["x" * count for count in (40, 41, 200, 201)]
)
NUMBERS = st.sampled_from([-1, -0.0, 0, 1, 2.0, 2.5, 33.33, 33.34, 40, 60, 99.99, 99.995, 100, 100.000001, 100.01, 1e-9, EPOCH_MAX + 1])
ODD = st.sampled_from([None, True, False, 1.5, 100.01]) | WORDS | NAMES
NAMED = NAMES | WORDS
LED = st.sampled_from(["fruit", "iris", "nosuch", ""])
rules = st.fixed_dictionaries({"header": WORDS, "value": WORDS}, optional={"variant": NAMED, "route": LED, "x": ODD})


def seldom(odd: st.SearchStrategy[Any], usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Nearly always the usual, so that a route has one fault rather than five."""
    return st.integers(0, 19).flatmap(lambda number: odd if number == 7 else usual)


near_names = seldom(st.just("custom") | WORDS, NAMES)
near_percents = seldom(NUMBERS, hundredths)
near_fields = {"header": seldom(WORDS, st.sampled_from(["target", "~", "X-User_ID", "x" * 200])), "value": seldom(WORDS, st.just(""))}
near_rules = st.fixed_dictionaries(near_fields | {"variant": near_names}) | st.fixed_dictionaries(
    near_fields | {"route": seldom(LED, st.just("fruit"))}
)
# What a field may be made instead: near to right, or anything.
INSTEAD: dict[str, st.SearchStrategy[Any]] = {
    # Beyond EPOCH_MAX the lab is stricter than the gateway: it must be able to count on.
    "epoch": NUMBERS.filter(lambda number: number <= EPOCH_MAX),
    "mode": st.sampled_from(["weighted", "roundrobin", "off", "chaos"]),
    "baseline": NAMED,
    "weights": st.dictionaries(NAMED, NUMBERS, max_size=3),
    "lanes": st.lists(NAMED, max_size=4),
    "salt": WORDS,
    "experiment": st.none() | WORDS,
    "rules": st.lists(rules, max_size=2),
    "fallback": st.sampled_from(["baseline", "none", "svc"]),
    "rescue_500": st.booleans() | NUMBERS,
    "shadows": st.dictionaries(NAMED, NUMBERS, max_size=3),
    "versions": st.dictionaries(NAMED, WORDS, max_size=3),
}
ANYTHING = st.lists(ODD, max_size=3) | st.dictionaries(WORDS, ODD, max_size=3)


@st.composite
def almost_right(draw: st.DrawFn) -> dict[str, Any]:
    """A route whose weights nearly always fit, with a few fields that may be otherwise, missing or too many."""
    baseline, *others = draw(st.permutations(VARIANTS))
    lanes = others[: draw(st.integers(0, len(others)))]
    left, weights = BUCKETS, {}
    for name in lanes:
        # Up to one bucket more than fits.
        width = lane_width(len(lanes))
        weights[name] = min(left, draw(st.integers(0, width) | st.sampled_from([0, 1, width, width + 1])))
        left -= weights[name]
    percents = {name: count / 100 for name, count in {baseline: left, **weights}.items()}
    percents[draw(st.sampled_from(sorted(percents)))] += draw(nudges)
    # A weight so small that it is no bucket, perhaps without a lane.
    percents |= draw(seldom(st.dictionaries(near_names, st.sampled_from([0, 1e-9]), max_size=1), st.just({})))
    route = IRIS | {
        "baseline": baseline,
        "lanes": lanes,
        "weights": percents,
        "mode": draw(st.sampled_from(["weighted", "roundrobin", "off"])),
        "rules": draw(st.lists(near_rules, max_size=1)),
        "shadows": draw(st.dictionaries(near_names, near_percents, max_size=1)),
        "versions": draw(st.dictionaries(near_names, seldom(WORDS, st.just("v1")), max_size=1)),
    }
    for field in draw(st.just([]) | st.lists(st.sampled_from(sorted(IRIS)), max_size=1)):
        route[field] = draw(st.one_of(INSTEAD[field], INSTEAD[field], INSTEAD[field], ODD, ANYTHING))
    if draw(st.integers(0, 9)) == 9:
        del route[draw(st.sampled_from(sorted(IRIS)))]
    if draw(st.integers(0, 9)) == 9:
        route[draw(WORDS)] = draw(ODD)
    return route


def test_the_gateway_takes_a_route_exactly_when_the_lab_calls_it_right() -> None:
    met: Counter[bool] = Counter()

    @settings(max_examples=1000)
    @given(almost_right())
    def judge(route: dict[str, Any]) -> None:
        text = json.dumps({"schema": 1, "default_route": "iris", "routes": {"iris": route}})
        examined = examine(text, KNOWN)
        complaint = asked("trouble", "iris", route, ["fruit.custom", *(f"iris.{name}" for name in VARIANTS)])

        assert (complaint == "") == ("iris" in examined.valid), (complaint, examined.notes)
        met[complaint == ""] += 1

    judge()
    assert min(met[True], met[False]) > 150
