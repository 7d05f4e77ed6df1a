"""Tells our NGINX who gets which model: by a file in the state folder that it reads at every request."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lab import files, upstreams
from lab.errors import RoutesError, StateError
from lab.journal import decisions
from lab.journal.decisions import Decision
from lab.routes import Route, Routes, dump, examine, parse, with_weights
from lab.routes.parse import Examined, epochs, no_route, spent
from lab.routes.table import Known

if TYPE_CHECKING:
    from lab.spec.experiment import Experiment

FILE = "routes.json"
PREVIOUS = "routes.previous.json"
# The highest epoch that each route ever had. Only the lab reads it.
EPOCHS = "routes.epochs.json"
LOCK = "routes.lock"
UPSTREAMS = "upstreams.conf"


class Reading(NamedTuple):
    """What counts now."""

    routes: Routes
    named: frozenset[str]
    """The routes that come from the state folder; the others are as the gateway came with them."""
    notes: tuple[str, ...]
    """What is wrong with the files, and what counts instead."""


class Changed(NamedTuple):
    """A route before and after a change; the same when there was nothing to change."""

    before: Route
    after: Route


class Author(NamedTuple):
    """Who changes something, and why."""

    who: str = "unknown"
    why: str | None = None


class NginxTraffic:
    """A state folder and the gateway that reads it."""

    def __init__(self, state: Path, gateway: Path, clock: Callable[[], float] = time.time) -> None:
        """`clock` tells seconds since 1970."""
        self.state = state
        self.gateway = gateway
        self._clock = clock

    def known(self) -> Known:
        """The variants of every route that the gateway came with."""
        return self._built_in()[0]

    def read(self) -> Routes:
        """What counts now, by the gateway's own rules: see `examine`."""
        return self.examine().routes

    def examine(self) -> Reading:
        """A route that the state's file does not name is as the gateway came with it; one that it gets wrong is as in the file before."""
        known, built_in = self._built_in()
        current = self._look(self.state / FILE, known)
        previous = self._look(self.state / PREVIOUS, known)
        instead = {name: previous.valid[name] for name in current.wrong if name in previous.valid}
        found = {**instead, **current.valid}
        routes = Routes(default_route=built_in.default_route, routes={**built_in.routes, **found})
        return Reading(routes, frozenset(found), (*current.notes, *_instead(current.wrong, instead, built_in)))

    def change(self, name: str, function: Callable[[Route], Route], author: Author = Author()) -> Changed:  # noqa: B008 - it is immutable
        """Applies a function to a route while no other process can change it. Raises Refused, and changes nothing, when it cannot be."""

        def wanted(routes: Routes) -> Mapping[str, Route]:
            if name not in routes.routes:
                raise RoutesError(no_route(name, routes.routes.keys()))
            return {name: function(routes.routes[name])}

        before, after = self._apply(wanted, author)
        return Changed(before.routes[name], after.routes[name])

    def write(self, routes: Routes, author: Author = Author()) -> Routes:  # noqa: B008 - it is immutable
        """Makes the routes of a table count; those that differ from what counts now get the next epoch. Returns what counts then."""
        return self._apply(lambda _: routes.routes, author)[1]

    def check_places(self, experiment: "Experiment") -> None:
        """Our NGINX has no objects of a cluster: whatever a file says of them is passed over."""

    def take_places(self, experiment: "Experiment") -> None:
        """The same."""

    def weights(self, route: str) -> Mapping[str, float]:
        """Percent of the visitors of each variant of a route."""
        routes = self.read().routes
        if route not in routes:
            raise RoutesError(no_route(route, routes.keys()))
        return routes[route].weights

    def set_weights(self, route: str, weights: Mapping[str, float], author: Author = Author()) -> None:  # noqa: B008 - it is immutable
        """Changes them; see `with_weights` for those that are not named."""
        known = self.known()
        self.change(route, lambda present: with_weights(route, present, weights, known[route]), author)

    def _apply(self, wanted: Callable[[Routes], Mapping[str, Route]], author: Author) -> tuple[Routes, Routes]:
        """What counted before and what counts now."""
        with files.locked(self.state / LOCK):
            reading = self.examine()
            present = reading.routes.routes
            differing = {name: route for name, route in wanted(reading.routes).items() if not _is_same(route, present.get(name))}
            if not differing:
                return reading.routes, reading.routes
            last = self._last_epochs(present)
            changed = {name: _at_epoch(route, last.get(name, 0) + 1) for name, route in differing.items()}
            self._replace(reading, changed, last | {name: route.epoch for name, route in changed.items()}, author)
            return reading.routes, reading.routes.model_copy(update={"routes": {**present, **changed}})

    def _record(self, present: Mapping[str, Route], changed: Mapping[str, Route], author: Author) -> None:
        for name, route in changed.items():
            detail = _differences(present.get(name), route)
            kind = "weights" if detail.keys() & {"weights", "mode"} else "route"
            decision = Decision(kind, name, route.experiment, route.epoch, author.who, author.why, dict(route.weights), detail)
            decisions.record(self.state / "journal", decision, self._clock())

    def _replace(self, reading: Reading, changed: Mapping[str, Route], last: Mapping[str, int], author: Author) -> None:
        """Keeps what counted until now as the file before, and puts the new file in place. `last` are the epochs spent by then."""
        before = reading.routes.model_copy(update={"routes": {name: reading.routes.routes[name] for name in sorted(reading.named)}})
        text = dump(before.model_copy(update={"routes": {**before.routes, **changed}}))
        # What the gateway would refuse must never reach it.
        parse(text, self.known())
        files.replace(self.state / PREVIOUS, dump(before))
        # Before the gateway can see them: a number that is skipped does no harm, one that is used twice does.
        files.replace(self.state / EPOCHS, json.dumps(last, indent=2, sort_keys=True) + "\n")
        # A change that nobody can look up must not count. Should the last step fail, no prediction will ever name this epoch.
        self._record(reading.routes.routes, changed, author)
        files.replace(self.state / FILE, text)
        if files.read(self.state / FILE) != text:
            raise StateError(f"{self.state / FILE} was overwritten by another program meanwhile. Read it, and try again.")

    def _last_epochs(self, present: Mapping[str, Route]) -> dict[str, int]:
        """The last epoch of every route that the journal may have seen: two epochs must not share a number, whatever became of a file."""
        kept = spent(_text_of(self.state / EPOCHS))
        previous = epochs(_text_of(self.state / PREVIOUS))
        # Without a number that was kept: the file that followed this one may be gone, and with it one change of each route.
        followed = {name: epoch + 1 for name, epoch in previous.items() if name not in kept}
        sources = (kept, previous, followed, epochs(_text_of(self.state / FILE)), {name: route.epoch for name, route in present.items()})
        return {name: max(source.get(name, 0) for source in sources) for name in present.keys() | kept.keys()}

    def _built_in(self) -> tuple[Known, Routes]:
        """The variants and the table that the gateway came with."""
        reachable = upstreams.known(self._upstreams())
        path = self.gateway / FILE
        try:
            routes = parse(self._shipped(FILE), reachable)
        except RoutesError as error:
            raise StateError(f"{path} cannot be used:\n{error}") from error
        # The gateway takes changes of these routes, and no further ones.
        return {name: reachable[name] for name in routes.routes}, routes

    def _upstreams(self) -> str:
        """As the gateway read them when it started, which is what it knows; before its first start, as it will read them."""
        return files.read(self.state / UPSTREAMS) or self._shipped(UPSTREAMS)

    def _shipped(self, name: str) -> str:
        text = files.read(self.gateway / name)
        if text is None:
            raise StateError(f"{self.gateway / name} is missing. Set LAB_GATEWAY to the folder with upstreams.conf and routes.json.")
        return text

    def _look(self, path: Path, known: Known) -> Examined:
        try:
            text = files.read(path)
        except StateError as error:
            return Examined({}, frozenset(known), (str(error),))
        if text is None:
            return Examined({}, frozenset(), ())
        examined = examine(text, known)
        return examined._replace(notes=tuple(f"{path}: {note}" for note in examined.notes))


def _text_of(path: Path) -> str:
    try:
        return files.read(path) or ""
    except StateError:
        return ""


def _instead(wrong: frozenset[str], instead: Mapping[str, Route], built_in: Routes) -> list[str]:
    names = sorted(wrong & built_in.routes.keys())
    return [f"For {name}, {PREVIOUS if name in instead else 'what the gateway came with'} counts instead." for name in names]


def _differences(before: Route | None, after: Route) -> dict[str, Any]:
    """Each setting that changes, but the epoch, with its value before and after."""
    old, new = before.model_dump(mode="json") if before else {}, after.model_dump(mode="json")
    return {name: {"before": old.get(name), "after": value} for name, value in new.items() if name != "epoch" and old.get(name) != value}


def _is_same(route: Route, present: Route | None) -> bool:
    return present is not None and _at_epoch(route, 0) == _at_epoch(present, 0)


def _at_epoch(route: Route, epoch: int) -> Route:
    return route.model_copy(update={"epoch": epoch})
