"""A cluster's mesh splits the traffic of some routes: the lab's table of routes says how, and the mesh is made to follow it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol

from lab import files
from lab.errors import RoutesError
from lab.routes import Route, Routes
from lab.spec.experiment import Experiment
from lab.traffic import split
from lab.traffic.nginx import LOCK, Author, NginxTraffic, Reading
from lab.traffic.places import Place, Places, dump, parse, refs
from lab.traffic.pointer import PlaceError

# Where the state keeps what experiments have said of the mesh.
NAMED: Final = "mesh.json"


class Mesh(Protocol):
    """What splits: IstioTraffic, GatewayTraffic."""

    places: Places

    def learn(self, named: Places) -> None:
        """Also of the routes whose places experiments have named. Raises PlaceError."""
        ...

    def check_named(self, route: str, variants: Mapping[str, Place]) -> None:
        """Whether an experiment may name these. Raises PlaceError."""
        ...

    def set_weights(self, route: str, weights: Mapping[str, float]) -> None:
        """Raises lab.errors.Refused, and changes nothing, when they cannot be had."""
        ...


class MeshTraffic(NginxTraffic):
    """The table with its epochs and its journal of changes, as with NGINX alone; the mesh takes each change before the table does.

    In this order, because a change that the mesh refuses must not count. When the lab dies between the two, the next try finds the mesh
    as wanted, and writes the table.
    """

    def __init__(self, state: Path, gateway: Path, mesh: Mesh, clock: Callable[[], float]) -> None:
        """`clock` tells seconds since 1970."""
        super().__init__(state, gateway, clock)
        self._mesh = mesh

    def check_places(self, experiment: Experiment) -> None:
        """Whether the mesh could be split where the experiment's file says. Raises PlaceError."""
        if found := refs(experiment):
            self._mesh.check_named(experiment.route, found)

    def take_places(self, experiment: Experiment) -> None:
        """From now on, and after a restart, the route's weights are where the experiment's file says. Raises Refused."""
        found = refs(experiment)
        if not found:
            return
        self.check_places(experiment)
        with files.locked(self.state / LOCK):
            kept = named(self.state)
            if kept.get(experiment.route) != found:
                files.replace(self.state / NAMED, dump({**kept, experiment.route: found}))

    def _apply(self, wanted: Callable[[Routes], Mapping[str, Route]], author: Author) -> tuple[Routes, Routes]:
        self._mesh.learn(named(self.state))
        return super()._apply(lambda routes: {name: self._in_whole_percent(name, route) for name, route in wanted(routes).items()}, author)

    def _replace(self, reading: Reading, changed: Mapping[str, Route], last: Mapping[str, int], author: Author) -> None:
        for name, route in changed.items():
            if name in self._mesh.places:
                self._mesh.set_weights(name, shares(name, route))
        super()._replace(reading, changed, last, author)

    def _in_whole_percent(self, name: str, route: Route) -> Route:
        """What the table plans is what the mesh does: else the split would look wrong to the judge."""
        if name not in self._mesh.places or not any(route.weights.values()):
            return route
        return route.model_copy(update={"weights": {variant: float(one) for variant, one in split.whole(route.weights).items()}})


def named(state: Path) -> dict[str, dict[str, Place]]:
    """The places that experiments have named, of each route those of the last one that did. Raises PlaceError."""
    text = files.read(state / NAMED)
    try:
        return parse(text) if text else {}
    except PlaceError as error:
        raise PlaceError(f"{state / NAMED}: {error} Delete it, and start the experiment again.") from error


def shares(name: str, route: Route) -> Mapping[str, float]:
    """Percent of the visitors of each variant. Raises RoutesError for what a mesh cannot do."""
    if route.mode == "off":
        return {route.baseline: 100.0}
    if route.mode == "roundrobin":
        raise RoutesError(f"{name} is split by the mesh, which knows no round robin. Make it weighted: lab weight {name} --mode weighted")
    if route.shadows:
        raise RoutesError(f"{name} is split by the mesh, which makes no copies for {', '.join(route.shadows)}. Only our NGINX does.")
    return route.weights
