"""Which models are off or silent now, and what that means for those who meet them. Pure."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lab.routes import Route
from lab.services.client import Portrait
from lab.services.said import Service


class Health(NamedTuple):
    """What is known besides the journal, which tells of requests that are over and of nothing else."""

    off: frozenset[Service] = frozenset()
    silent: frozenset[Service] = frozenset()

    @classmethod
    def of(cls, portraits: Mapping[Service, Portrait]) -> "Health":
        """By what they said of themselves."""
        off = frozenset(one for one, said in portraits.items() if said.is_off)
        return cls(off, frozenset(one for one, said in portraits.items() if said.is_silent))


def headline(name: str, route: Route, mode: str, alone: str | None, health: Health) -> str:
    """How the route splits; of one that everybody meets, also that it is off. `alone`: who that is."""
    if alone is None or Service(name, alone) not in health.off:
        return mode
    return f"{mode} That model is off: {_meanwhile(route, alone, 'they get an error until it is there')}."


def troubles(name: str, route: Route, alone: str | None, met: frozenset[str], health: Health) -> Iterator[str]:
    """What is off or silent although somebody meets it, or it gets copies. `met`: whom visitors meet."""
    for one in sorted(met | set(route.shadows)):
        service = Service(name, one)
        if service in health.off and one != alone:
            error = "visitors who meet it get an error until it is there"
            yield f"{one} is off: {_meanwhile(route, one, error) if one in met else 'its copies are lost'}."
        if service in health.silent:
            yield f"{one} does not answer now: the lab asked it what it is, and got no answer."


def stand_in(route: Route, failed: str) -> str | None:
    """Who answers in its place, as nginx/split.js chooses."""
    if route.fallback == "none":
        return None
    return next((one for one in (route.baseline, *(lane for lane in route.lanes if route.weight(lane) > 0)) if one != failed), None)


def _meanwhile(route: Route, failed: str, error: str) -> str:
    other = stand_in(route, failed)
    return f"{other} answers in its place until it is there" if other else error
