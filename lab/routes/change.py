"""The changes of a route that people ask for. Each takes a route and returns another; the epoch is the writer's business."""

from collections.abc import Mapping, Sequence
from typing import Any

from lab.errors import RoutesError
from lab.routes.check import TURNS_MAX, no_variant
from lab.routes.lanes import BUCKETS, beyond, buckets, moved
from lab.routes.table import PERCENT, Route, exact_percent, is_percent

MODES = ("weighted", "roundrobin", "off")
FALLBACKS = ("baseline", "none")


def with_weights(name: str, route: Route, changes: Mapping[str, float], known: Sequence[str]) -> Route:
    """New weights in percent. A baseline that is not named gets the rest, a candidate that is not named gets nothing but keeps its lane.

    `name` is the route's, `known` are its variants that have an upstream. A route in round robin becomes weighted; one that is off stays
    off.
    """
    changes = _checked(changes, known)
    lanes = (*route.lanes, *(one for one, percent in changes.items() if percent > 0 and one not in (route.baseline, *route.lanes)))
    candidates = {one: changes.get(one, 0) for one in lanes}
    for one, percent in candidates.items():
        if sentence := beyond(one, percent, len(lanes)):
            raise RoutesError(sentence + _way_out(name, route, candidates))
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
    shadows = {**route.shadows, **_checked(changes, known)}
    return _changed(route, shadows={name: percent for name, percent in shadows.items() if percent > 0})


def without_lane(route: Route, name: str) -> Route:
    """Gives up the lane of a candidate that has no weight: the others' lanes get wider, and may move."""
    if name not in route.lanes:
        raise RoutesError(f"{name} has no lane. Candidates with one: {_listed(route.lanes)}.")
    if route.weight(name) > 0:
        percent = exact_percent(route.weight(name))
        raise RoutesError(f"{name} has {percent} %. First give it 0 %: only a candidate without visitors can give up its lane.")
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


def _checked(changes: Mapping[str, float], known: Sequence[str]) -> dict[str, float]:
    """The same in whole hundredths."""
    for name, percent in changes.items():
        if name not in known:
            raise RoutesError(no_variant(name, known))
        if not is_percent(percent):
            raise RoutesError(f"{name} cannot have {exact_percent(percent)} %, must be {PERCENT}.")
    return {name: round(percent, 2) for name, percent in changes.items()}


def _check_word(what: str, word: str, words: Sequence[str]) -> None:
    if word not in words:
        raise RoutesError(f"{what} is {word}, must be one of: {', '.join(words)}.")


def _rest(baseline: str, candidates: Mapping[str, float], changes: Mapping[str, float]) -> float:
    """The baseline's weight: what was asked for, if it fits, else what is left."""
    left = (BUCKETS - sum(buckets(percent) for percent in candidates.values())) * 100 / BUCKETS
    if left < 0:
        raise RoutesError(f"The candidates' weights sum to {exact_percent(round(100 - left, 2))} %, must be at most 100 %.")
    if baseline in changes and buckets(changes[baseline]) != buckets(left):
        total = exact_percent(round(100 - left + changes[baseline], 2))
        raise RoutesError(f"The weights sum to {total} %, must be 100 %. Leave out {baseline}, and it gets {exact_percent(left)} %.")
    return left


def _way_out(name: str, route: Route, candidates: Mapping[str, float]) -> str:
    """How to make the lanes wider, if there is one that nobody wants: commands that work as they stand here."""
    unwanted = [one for one in route.lanes if not candidates[one]]
    idle = [one for one in unwanted if not route.weight(one)]
    if idle:
        return f" To give up an unused lane: lab route {name} --drop-lane {idle[0]}"
    if not unwanted:
        return ""
    others = "".join(f" {one}={exact_percent(route.weight(one))}" for one in route.lanes if one != unwanted[0] and route.weight(one))
    first = f"lab weight {name} {unwanted[0]}=0{others}"
    return f" To give up the lane of {unwanted[0]}, first give it 0 %: {first} and then: lab route {name} --drop-lane {unwanted[0]}"


def _changed(route: Route, **fields: Any) -> Route:  # noqa: ANN401 - fields of any type, checked by the model
    return Route.model_validate(route.model_dump() | fields)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
