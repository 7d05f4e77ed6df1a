"""What a well-formed route may still have wrong, in sentences. Whatever passes here, the gateway takes."""

from collections import Counter
from collections.abc import Iterator, Sequence

from lab.routes.lanes import BUCKETS, beyond, buckets
from lab.routes.table import Route, exact_percent

# The gateway has turns for at most so many variants.
TURNS_MAX = 4


def troubles(name: str, route: Route, variants: Sequence[str]) -> list[str]:
    """`variants` are those of this route that have an upstream."""
    where = f"routes.{name}"
    unknown = [f"{where}.{field} names {who}. {no_variant(who, variants)}" for field, who in _mentioned(route) if who not in variants]
    return unknown or [f"{where}.{sentence}" for part in (_weights, _lanes, _turns) for sentence in part(route)]


def no_variant(name: str, variants: Sequence[str]) -> str:
    """Says which variants there are instead."""
    return f"There is no variant {name} in this route. Its variants: {', '.join(variants)}."


def _mentioned(route: Route) -> Iterator[tuple[str, str]]:
    yield "baseline", route.baseline
    for field, names in (("weights", route.weights), ("lanes", route.lanes), ("shadows", route.shadows), ("versions", route.versions)):
        yield from ((field, name) for name in names)
    yield from ((f"rules.{number}.variant", rule.variant) for number, rule in enumerate(route.rules) if rule.variant)


def _weights(route: Route) -> Iterator[str]:
    total = sum(buckets(percent) for percent in route.weights.values())
    if total != BUCKETS:
        yield f"weights sum to {exact_percent(total * 100 / BUCKETS)} %, must be 100 %."
    if route.baseline not in route.weights:
        yield f"weights do not name {route.baseline}, must name the baseline."


def _lanes(route: Route) -> Iterator[str]:
    if route.baseline in route.lanes:
        yield f"lanes name {route.baseline}, must name candidates only: it is the baseline."
    for name, count in Counter(route.lanes).items():
        if count > 1:
            yield f"lanes name {name} {count} times, must name each candidate once."
    for name, percent in route.weights.items():
        if percent > 0 and name not in (route.baseline, *route.lanes):
            yield f"weights give {name} {exact_percent(percent)} %, but lanes do not name it: a candidate with a weight needs a lane."
    for name in dict.fromkeys(route.lanes):
        if sentence := beyond(name, route.weight(name), len(route.lanes)):
            yield f"weights: {sentence}"


def _turns(route: Route) -> Iterator[str]:
    if route.mode == "roundrobin" and len(route.turns) > TURNS_MAX:
        yield f"mode is roundrobin and {len(route.turns)} variants have a weight: at most {TURNS_MAX} can take turns."
