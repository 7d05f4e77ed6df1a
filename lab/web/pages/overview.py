"""Every route at a glance: how it splits, what comes in, what is being tried, and who leads."""

from collections.abc import Mapping
from typing import Annotated

import anyio
from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from lab.services.client import Client, Portrait
from lab.services.directory import Directory
from lab.services.glance import Glance
from lab.services.said import Service
from lab.web.pages import overview_records, overview_runs
from lab.web.pages.frame import page
from lab.web.pages.kept import Kept, present
from lab.web.pages.overview_health import Health
from lab.web.pages.overview_routes import cards
from lab.web.pages.overview_seen import seen
from lab.web.pages.parts import Parts

# Seconds: whoever hangs is found out soon, and still is asked rarely.
FRESH_S = 2.0


def router(parts: Parts) -> APIRouter:
    """GET /."""
    ways = APIRouter()
    kept: Kept[Mapping[str, object]] = Kept()
    glance = Glance(Directory(Client(parts.here.gateway_url), fresh_s=FRESH_S))

    @ways.get("/")
    async def overview(request: Request, runs: Annotated[int, Query(ge=1, le=100_000)] = 1) -> Response:
        """`runs`: which page of the list of experiments."""
        portraits = await glance.look(await anyio.to_thread.run_sync(_services, parts))
        return await anyio.to_thread.run_sync(made, request, runs, portraits)

    def made(request: Request, runs: int, portraits: Mapping[Service, Portrait]) -> Response:
        now, health = parts.clock(), Health.of(portraits)
        said = kept.get(str(runs), (present(parts, now), health), lambda: _said(parts, now, runs, health))
        return page(request, "overview.html", said)

    return ways


def _services(parts: Parts) -> list[Service]:
    return [Service(route, one) for route, variants in parts.traffic.known().items() for one in variants]


def _said(parts: Parts, now: float, runs: int, health: Health) -> Mapping[str, object]:
    """All that the page says. Raises HTTPException where there are no such experiments."""
    reading = parts.traffic.examine()
    routes = reading.routes.routes
    lately = seen(parts.store, now)
    found = overview_records.find(parts, reading.notes, lately.latest_n, now)
    current = overview_runs.current(parts.controller, routes)
    listed = overview_runs.listed(parts.controller, routes, runs)
    if runs > 1 and not listed.runs:
        raise HTTPException(404)
    return {
        "until": now,
        # Where something is being tried, before the others.
        "routes": sorted(cards(routes, parts.traffic.known(), lately, health), key=lambda card: card.route not in current),
        "current": current,
        "listed": listed,
        "records": overview_records.judged(found),
        "is_fresh": not found.predictions and found.is_current,
        "url": parts.here.url,
    }
