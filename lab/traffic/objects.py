"""Splits the traffic by weights in objects of a cluster: read, patch what differs, and read again where somebody was faster."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from lab.errors import Refused, RoutesError
from lab.routes.parse import no_route
from lab.traffic import split
from lab.traffic.cluster import Conflict, Unanswered
from lab.traffic.places import Object, Place, Places
from lab.traffic.pointer import PlaceError, Steps, dotted
from lab.traffic.split import Operation, SplitError

# Times that one object is read and patched before the lab gives up for now, and seconds before the second time; then twice as many.
TRIES: Final = 5
REST_S: Final = 0.1


class Api(Protocol):
    """What a cluster can do, as `lab.traffic.cluster.Cluster` does it."""

    def read(self, where: Object) -> Mapping[str, Any]:
        """The object as it is now."""
        ...

    def patch(self, where: Object, operations: Sequence[Operation]) -> None:
        """Applies all of it or nothing. Raises Conflict or Unanswered where reading again tells more, other Refused where it would not."""
        ...


class ObjectTraffic:
    """Weights at the places of one kind of object."""

    kind: str
    """Of the objects: `VirtualService`."""

    def __init__(self, api: Api, places: Places, rest: Callable[[float], object] = time.sleep) -> None:
        """Raises PlaceError for places of another kind. `rest` waits so many seconds."""
        self._told: Places = {}
        self.places: Places = {}
        self._api = api
        self._rest = rest
        self._told = self.places = self.checked(places)

    def checked(self, places: Places) -> Places:
        """The same, if its weights can be changed. Raises PlaceError."""
        for route, variants in places.items():
            _check(self.kind, route, variants)
        return places

    def learn(self, named: Places) -> None:
        """Also of the routes whose places experiments have named; those of the settings come first. Raises PlaceError."""
        self.places = {**self.checked(named), **self._told}

    def check_named(self, route: str, variants: Mapping[str, Place]) -> None:
        """Whether an experiment may name these. Raises PlaceError where the settings say otherwise."""
        self.checked({route: variants})
        told = self._told.get(route, {})
        for variant, place in variants.items() if told else ():
            if variant not in told or place[:2] != told[variant][:2]:
                raise PlaceError(_otherwise(route, variant, place, told.get(variant)))

    def weights(self, route: str) -> Mapping[str, float]:
        """Percent of the visitors of each variant of a route, as the cluster splits them now."""
        where, paths = self._of(route)
        return split.shares(self._api.read(where), paths)

    def set_weights(self, route: str, weights: Mapping[str, float]) -> None:
        """Changes them, in whole percent: all of them or, with a sentence, none. Variants that are not named get nobody.

        Nobody watches the object: it is read again before each try, so nothing is missed while a connection is down.
        """
        where, paths = self._of(route)
        if foreign := [name for name, weight in weights.items() if weight > 0 and name not in paths]:
            raise RoutesError(f"{', '.join(foreign)} of {route} has no place in {where.called}. Places: {', '.join(paths)}.")
        self._make(where, paths, split.whole({name: weights.get(name, 0.0) for name in paths}))

    def _make(self, where: Object, paths: Mapping[str, Steps], wanted: Mapping[str, int]) -> None:
        last: Refused | None = None
        for number in range(TRIES):
            try:
                document = self._api.read(where)
                operations = split.operations(document, paths, wanted)
                # Empty also when the try before was done, and only its answer was lost.
                if operations:
                    self._api.patch(where, operations)
                return
            except (Conflict, Unanswered) as error:
                last = error
                if number + 1 < TRIES:
                    self._rest(REST_S * 2**number)
        raise SplitError(f"The weights of {where.called} are not as wanted after {TRIES} tries. {last}") from last

    def _of(self, route: str) -> tuple[Object, dict[str, Steps]]:
        if route not in self.places:
            raise RoutesError(no_route(route, self.places.keys()))
        variants = self.places[route]
        return next(iter(variants.values())).object, {name: place.path for name, place in variants.items()}


def _otherwise(route: str, variant: str, place: Place, told: Place | None) -> str:
    says = f"LAB_WEIGHTS says {told.object.called}, {dotted(told.path)}" if told else f"LAB_WEIGHTS has no {variant} of {route}"
    return f"weightObjRef of {variant} is {place.object.called}, {dotted(place.path)}, but {says}. Make them the same."


def _check(kind: str, route: str, variants: Mapping[str, Place]) -> None:
    objects = dict.fromkeys(place.object for place in variants.values())
    if len(objects) != 1:
        named = " and ".join(one.called for one in objects)
        raise PlaceError(f"The weights of {route} are in {named}: they must be in one object, which changes as a whole.")
    if next(iter(objects)).kind != kind:
        raise PlaceError(f"The weights of {route} are in {next(iter(objects)).called}, must be in a {kind}.")
    paths = [place.path for place in variants.values()]
    if len(set(paths)) != len(paths):
        raise PlaceError(f"Two variants of {route} have the same fieldPath.")
