"""What to change in a cluster's object so that it splits the traffic as wanted: the named weights, and nothing else. Pure."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from lab.errors import Refused
from lab.traffic.pointer import MISSING, Steps, at, pointer

Operation = dict[str, Any]

# A destination without a weight: Istio takes it for 0, the Gateway API for 1.
UNSAID: Final = {"VirtualService": 0, "HTTPRoute": 1}


class SplitError(Refused):
    """An object that cannot split the traffic like this."""


def whole(weights: Mapping[str, float]) -> dict[str, int]:
    """Whole percent that sum to 100: meshes split by whole numbers. Each is off by less than one; the largest remainders are rounded up."""
    total = sum((Fraction(str(weight)) for weight in weights.values()), Fraction())
    if total <= 0:
        raise SplitError(f"The weights are {dict(weights)}: somebody must get visitors.")
    exact = {name: Fraction(str(weight)) * 100 / total for name, weight in weights.items()}
    floors = {name: int(share) for name, share in exact.items()}
    left = 100 - sum(floors.values())
    # Who has nothing must get nobody, so no remainder of theirs counts.
    first = sorted((name for name in exact if exact[name] > 0), key=lambda name: floors[name] - exact[name])
    return {name: floors[name] + (name in first[:left]) for name in weights}


def shares(document: Mapping[str, Any], paths: Mapping[str, Steps]) -> dict[str, float]:
    """Percent of the visitors of each variant, as the object splits now."""
    present = {name: _present(document, path) for name, path in paths.items()}
    total = sum(_weights(document, paths).values())
    if not total:
        # A single destination without a weight has everybody.
        return dict.fromkeys(paths, 100.0) if len(_weights(document, paths)) == 1 else dict.fromkeys(paths, 0.0)
    return {name: weight * 100 / total for name, weight in present.items()}


def operations(document: Mapping[str, Any], paths: Mapping[str, Steps], weights: Mapping[str, int]) -> list[Operation]:
    """A JSON Patch that sets the weights; empty when they are so already. Raises SplitError if they would not sum to 100 then.

    Its first operation makes it fail when somebody has changed the object since it was read.
    """
    _check_sums(document, paths, weights)
    changed = {name: path for name, path in paths.items() if at(document, path) != weights[name]}
    if not changed:
        return []
    unchanged = {"op": "test", "path": "/metadata/resourceVersion", "value": document["metadata"]["resourceVersion"]}
    return [unchanged, *(_set(document, path, weights[name]) for name, path in changed.items())]


def _set(document: Mapping[str, Any], path: Steps, weight: int) -> Operation:
    return {"op": "add" if at(document, path) is MISSING else "replace", "path": pointer(path), "value": weight}


def _check_sums(document: Mapping[str, Any], paths: Mapping[str, Steps], weights: Mapping[str, int]) -> None:
    for path in paths.values():
        _present(document, path)
    for where in {path: None for path in map(_list_of, paths.values())}:
        inside = {name: path for name, path in paths.items() if _list_of(path) == where}
        others = {place: weight for place, weight in _weights(document, inside).items() if place not in inside.values() and weight}
        if others:
            named = ", ".join(f"{pointer(place)} with {weight}" for place, weight in others.items())
            raise SplitError(f"{_called(document)} has a destination that no variant stands for: {named}. Give it 0, or name it.")
        total = sum(weights[name] for name in inside)
        if total != 100:
            raise SplitError(f"{_called(document)}: the weights at {pointer(where)} would sum to {total}, must be 100.")


def _weights(document: Mapping[str, Any], paths: Mapping[str, Steps]) -> dict[Steps, float]:
    """Of every destination of the lists that the paths lead into, by its own path."""
    found = {}
    for path in paths.values():
        where = _list_of(path)
        rest = path[len(where) + 1 :]
        for number in range(len(at(document, where))):
            found[(*where, number, *rest)] = _present(document, (*where, number, *rest))
    return found


def _list_of(path: Steps) -> Steps:
    """The innermost list on the way."""
    last = max((number for number, step in enumerate(path) if isinstance(step, int)), default=-1)
    if last < 0:
        raise SplitError(f"{pointer(path)} leads into no list of destinations, so its weight is nobody's share.")
    return path[:last]


def _present(document: Mapping[str, Any], path: Steps) -> float:
    destination = at(document, path[:-1])
    if destination is MISSING:
        raise SplitError(f"{_called(document)} has nothing at {pointer(path[:-1])}. Is fieldPath right?")
    weight = at(document, path)
    if weight is MISSING:
        return UNSAID.get(document.get("kind", ""), 0)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or weight < 0:
        raise SplitError(f"{_called(document)} has {weight!r} at {pointer(path)}, must be a weight.")
    return weight


def _called(document: Mapping[str, Any]) -> str:
    meta = document.get("metadata", {})
    return f"{document.get('kind', 'The object')} {meta.get('namespace', '')}/{meta.get('name', '')}"
