"""The split itself: even, independent between experiments, and never taking a visitor back while weights only grow."""

import json
import re
from collections import Counter
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest
import quickjs
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import REPOSITORY

SPLIT = re.sub(r"export default \{[^}]*\};", "", (REPOSITORY / "nginx" / "split.js").read_text())
ENGINE = quickjs.Context()
ENGINE.eval(SPLIT)
ENGINE.eval("""
const all = Array.from({ length: BUCKETS }, (_, position) => position);
const holders = (route) => all.map((position) => holder(route, position));
const leavers = (before, after) => all.filter((position) => holder(before, position) !== before.baseline
    && holder(before, position) !== holder(after, position)).length;
""")

BUCKETS = 10_000
VISITORS = [f"visitor-{number}" for number in range(100_000)]


def ask(function: str, *arguments: object) -> Any:
    """What a function of split.js answers."""
    return json.loads(ENGINE.eval(f"JSON.stringify({function}({', '.join(map(json.dumps, arguments))}))"))


def route(**candidates: float) -> dict[str, Any]:
    """A route whose baseline `a` has what the candidates leave."""
    return {"baseline": "a", "weights": {"a": round(100 - sum(candidates.values()), 2)} | candidates, "lanes": list(candidates)}


def position(salt: str, visitor: str) -> int:
    """The visitor's bucket, as the gateway computes it."""
    return int(sha256(f"{salt}:{visitor}".encode()).hexdigest()[:8], 16) % BUCKETS


def met(salt: str, **candidates: float) -> list[str]:
    """The variant of each of VISITORS."""
    holders = ask("holders", route(**candidates))
    return [holders[position(salt, visitor)] for visitor in VISITORS]


def test_the_bucket_is_that_of_the_hash() -> None:
    for visitor in VISITORS[:1000]:
        assert ask("bucket", sha256(f"iris:{visitor}".encode()).hexdigest()) == position("iris", visitor)


@pytest.mark.parametrize("percent", [0.1, 1, 5, 10, 20, 50])
def test_100_000_visitors_are_shared_as_the_weights_say(percent: float) -> None:
    count = Counter(met("petals", b=percent))["b"]

    expected = len(VISITORS) * percent / 100
    # One degree of freedom: 10.83 is exceeded once in a thousand splits that are right.
    chi_square = (count - expected) ** 2 / expected + (count - expected) ** 2 / (len(VISITORS) - expected)
    assert abs(count - expected) / len(VISITORS) <= 0.003
    assert chi_square < 10.83


def test_two_experiments_split_the_same_visitors_independently() -> None:
    agreement = sum(one == other for one, other in zip(met("petals", b=50), met("sepals", b=50), strict=True)) / len(VISITORS)

    assert 0.49 <= agreement <= 0.51


def test_three_candidates_get_their_shares_too() -> None:
    counts = Counter(met("petals", b=30, c=20, d=10))

    assert {name: round(count / 1000) for name, count in counts.items()} == {"a": 40, "b": 30, "c": 20, "d": 10}


def growing(lanes: int) -> st.SearchStrategy[list[list[float]]]:
    """Sequences of weights of `lanes` candidates in which no weight ever falls and none leaves its lane."""
    limit = 10_000 // lanes if lanes > 2 else 10_000
    weights = st.lists(st.integers(0, limit), min_size=lanes, max_size=lanes).filter(lambda ones: sum(ones) <= BUCKETS)
    return st.lists(weights, min_size=2, max_size=6).map(_rising)


def _rising(steps: list[list[int]]) -> list[list[float]]:
    risen = [steps[0]]
    for step in steps[1:]:
        higher = [max(before, now) for before, now in zip(risen[-1], step, strict=True)]
        risen.append(higher if sum(higher) <= BUCKETS else risen[-1])
    return [[count / 100 for count in step] for step in risen]


@pytest.mark.parametrize("lanes", [1, 2, 3, 4])
def test_nobody_leaves_a_candidate_while_weights_only_grow(lanes: int) -> None:
    names = ["b", "c", "d", "e"][:lanes]

    @given(growing(lanes))
    @settings(max_examples=40, deadline=None)
    def holds(steps: list[list[float]]) -> None:
        for before, after in pairwise(route(**dict(zip(names, step, strict=True))) for step in steps):
            assert ask("leavers", before, after) == 0

    holds()


@pytest.mark.parametrize("lanes", [1, 2, 3, 4])
def test_every_candidate_has_exactly_its_share_of_the_buckets(lanes: int) -> None:
    names = ["b", "c", "d", "e"][:lanes]

    @given(growing(lanes))
    @settings(max_examples=40, deadline=None)
    def holds(steps: list[list[float]]) -> None:
        weights = dict(zip(names, steps[-1], strict=True))
        counts = Counter(ask("holders", route(**weights)))
        assert {name: counts[name] for name in names} == {name: round(weight * 100) for name, weight in weights.items()}

    holds()


def test_a_third_candidate_takes_nobody_from_the_first_two() -> None:
    assert ask("leavers", route(b=30, c=20), route(b=30, c=20, d=15)) == 0


def test_a_weight_beyond_its_lane_is_trouble() -> None:
    known = ["iris.a", "iris.b", "iris.c", "iris.d"]
    fields = {"epoch": 0, "mode": "weighted", "salt": "s", "experiment": None, "rules": [], "fallback": "none", "rescue_500": False}
    whole = fields | {"shadows": {}, "versions": {}}

    assert ask("trouble", "iris", whole | route(b=33.33, c=33.33, d=33.33), known) == ""
    assert ask("trouble", "iris", whole | route(b=40, c=1, d=1), known) == "b has more than its lane of 33.33 %"


def test_the_routes_that_the_gateway_comes_with_are_no_trouble() -> None:
    table = json.loads((REPOSITORY / "nginx" / "routes.json").read_text())
    known = re.findall(r"^upstream (\w+\.\w+) ", (REPOSITORY / "nginx" / "upstreams.conf").read_text(), re.MULTILINE)

    assert table["default_route"] in table["routes"]
    assert {name: ask("trouble", name, one, known) for name, one in table["routes"].items()} == dict.fromkeys(table["routes"], "")
