"""How a shadow agrees with whom visitors see."""

import re
from collections import defaultdict
from typing import NamedTuple

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from lab.routes import Route
from lab.routes.table import NAME_PATTERN
from lab.store.shadowing import Shadow, shadowing, shadows
from lab.web.pages.frame import page
from lab.web.pages.parts import Parts
from lab.web.pages.predictions_words import places
from lab.web.pages.shadow_view import now, shadow_view

# What `lab route` suggests to try it with.
SHARE_PERCENT = 25


class Listed(NamedTuple):
    """A route, with the variants that get copies or got some lately."""

    route: str
    shadows: list[str]
    """In words."""
    command: str
    """How to add one."""


def router(parts: Parts) -> APIRouter:
    """GET /shadow and /shadow/{route}."""
    ways = APIRouter()

    @ways.get("/shadow")
    def listed(request: Request) -> Response:
        """Every route."""
        routes = parts.traffic.read().routes
        found = _found(parts)
        made = [_listed(parts, name, routes.get(name), found.get(name, [])) for name in sorted(routes.keys() | found.keys())]
        return page(request, "shadows.html", {"routes": made})

    @ways.get("/shadow/{route}")
    def shadow(request: Request, route: str) -> Response:
        """Every shadow of a route that got a copy."""
        routes = parts.traffic.read()
        found = _found(parts).get(route, []) if re.match(NAME_PATTERN, route) else []
        if route not in routes.routes and not found:
            raise HTTPException(404)
        present = routes.routes.get(route)
        order = places(routes, parts.traffic.known())
        looked = [(name, shadowing(parts.store, Shadow(route, name), parts.clock())) for name in found]
        said = {
            "route": route,
            "shadows": [shadow_view(one, _percent(present, name), order) for name, one in looked if one is not None],
            "waiting": [name for name in (present.shadows if present else ()) if _percent(present, name) and name not in found],
            "command": _command(parts, route, present),
            "change": f"lab route {route} --shadow VARIANT=PERCENT",
        }
        return page(request, "shadow.html", said)

    return ways


def _found(parts: Parts) -> dict[str, list[str]]:
    """The shadows in the journal, by route."""
    found: dict[str, list[str]] = defaultdict(list)
    for one in shadows(parts.store, parts.clock()):
        # Journals may come from elsewhere.
        if all(re.match(NAME_PATTERN, name) for name in one):
            found[one.route].append(one.variant)
    return found


def _listed(parts: Parts, name: str, route: Route | None, found: list[str]) -> Listed:
    named = [one for one in (route.shadows if route else ()) if _percent(route, one)]
    every = dict.fromkeys([*named, *found])
    return Listed(name, [f"{one} {now(_percent(route, one))}" for one in every], _command(parts, name, route))


def _percent(route: Route | None, variant: str) -> float:
    return route.shadows.get(variant, 0.0) if route else 0.0


def _command(parts: Parts, name: str, route: Route | None) -> str:
    """Of a variant that visitors do not meet, if there is one."""
    known = parts.traffic.known().get(name, ())
    idle = [one for one in known if route is not None and not route.weight(one)]
    others = [one for one in known if route is None or one != route.baseline]
    variant = next(iter((*idle, *others)), "VARIANT")
    return f"lab route {name} --shadow {variant}={SHARE_PERCENT}"
