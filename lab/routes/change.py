"""The changes of a route that people ask for. Each takes a route and returns another; the epoch is the writer's business."""

from collections.abc import Mapping, Sequence
from typing import Any

from lab.errors import RoutesError
from lab.routes.check import TURNS_MAX, no_variant
from lab.routes.lanes import BUCKETS, beyond, buckets, moved
from lab.routes.table import PERCENT, Route, is_percent, shown_percent

MODES = ("weighted", "roundrobin", "off")
FALLBACKS = ("baseline", "none")


def with_weights(route: Route, changes: Mapping[str, float], known: Sequence[str]) -> Route:
    """New weights in percent. A baseline that is not named gets the rest, a candidate that is not named gets nothing but keeps its lane.

    `known` are the variants of this route that have an upstream. A route in round robin becomes weighted; one that is off stays off.
    """
    _check(changes, known)
    lanes = (*route.lanes, *(name for name, percent in changes.items() if percent > 0 and name not in (route.baseline, *route.lanes)))
    candidates = {name: changes.get(name, 0) for name in lanes}
    for name, percent in candidates.items():
        if sentence := beyond(name, percent, len(lanes)):
            raise RoutesError(sentence + _way_out(route, candidates))
    rest = _rest(route.baseline, candidates, changes)
    mode = "weighted" if route.mode == "roundrobin" else route.mode
    return _changed(route, mode=mode, lanes=lanes, weights={route.baseline: rest, **candidates})


def with_mode(route: Route, mode: str) -> Route:
    """Another mode; the weights stay. In round robin everybody with a weight takes turns."""
    _check_word("The mode", mode, MODES)
    if mode == "roundrobin" and not 2 <= len(route.turns) <= TURNS_MAX:
        raise RoutesError(f"Round robin takes 2 to {TURNS_MAX} variants with a weight; this route has {_listed(route.turns)}.")
    return _changed(route, mode=mode)


def with_fallback(route: Route, fallback: str) -> Route:
    """Who answers when a variant fails: the baseline, or nobody."""
    _check_word("The fallback", fallback, FALLBACKS)
    return _changed(route, fallback=fallback)


def with_rescue_500(route: Route, rescue_500: bool) -> Route:
    """Whether an answer 500 is rescued, too."""
    return _changed(route, rescue_500=rescue_500)


def with_shadows(route: Route, changes: Mapping[str, float], known: Sequence[str]) -> Route:
    """Percent of the predictions to copy; 0 ends it, and shadows that are not named stay."""
    _check(changes, known)
    shadows = {**route.shadows, **changes}
    return _changed(route, shadows={name: percent for name, percent in shadows.items() if percent > 0})


def without_lane(route: Route, name: str) -> Route:
    """Gives up the lane of a candidate that has no weight: the others' lanes get wider, and may move."""
    if name not in route.lanes:
        raise RoutesError(f"{name} has no lane. Candidates with one: {_listed(route.lanes)}.")
    if route.weight(name) > 0:
        raise RoutesError(f"{name} has {shown_percent(route.weight(name))} %. Only a candidate without visitors can give up its lane.")
    lanes = tuple(other for other in route.lanes if other != name)
    return _changed(route, lanes=lanes, weights={other: percent for other, percent in route.weights.items() if other != name})


def notices(name: str, before: Route, after: Route) -> list[str]:
    """What a change does that nobody asked for, in sentences."""
    found = []
    if before.mode == "roundrobin" and after.mode == "weighted":
        found.append(f"{name} was in round robin and is weighted now: every visitor keeps their variant.")
    if after.mode == "off" and before.weights != after.weights:
        found.append(f"{name} is off: everybody gets {after.baseline}. To let its weights count: lab weight {name} --mode weighted")
    if moves := moved(before, after):
        found.append(f"The number of lanes has changed, and with it the place of {_listed(moves)}: some visitors change variants.")
    return found


def _check(changes: Mapping[str, float], known: Sequence[str]) -> None:
    for name, percent in changes.items():
        if name not in known:
            raise RoutesError(no_variant(name, known))
        if not is_percent(percent):
            raise RoutesError(f"{name} cannot have {shown_percent(percent)} %, must be {PERCENT}.")


def _check_word(what: str, word: str, words: Sequence[str]) -> None:
    if word not in words:
        raise RoutesError(f"{what} is {word}, must be one of: {', '.join(words)}.")


def _rest(baseline: str, candidates: Mapping[str, float], changes: Mapping[str, float]) -> float:
    """The baseline's weight: what was asked for, if it fits, else what is left."""
    left = (BUCKETS - sum(buckets(percent) for percent in candidates.values())) * 100 / BUCKETS
    if left < 0:
        raise RoutesError(f"The candidates' weights sum to {shown_percent(100 - left)} %, must be at most 100 %.")
    if baseline in changes and buckets(changes[baseline]) != buckets(left):
        total = shown_percent(round(100 - left + changes[baseline], 2))
        raise RoutesError(f"The weights sum to {total} %, must be 100 %. Leave out {baseline}, and it gets {shown_percent(left)} %.")
    return left


def _way_out(route: Route, candidates: Mapping[str, float]) -> str:
    idle = [name for name in route.lanes if not candidates[name]]
    return f" To give up an unused lane: lab route … --drop-lane {idle[0]}" if idle else ""


def _changed(route: Route, **fields: Any) -> Route:  # noqa: ANN401 - fields of any type, checked by the model
    return Route.model_validate(route.model_dump() | fields)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
