"""Every route at a glance: how it splits, what comes in, what is being tried, and who leads."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from lab.web.pages import overview_records, overview_runs
from lab.web.pages.frame import page
from lab.web.pages.kept import Kept, present
from lab.web.pages.overview_routes import cards
from lab.web.pages.overview_seen import seen
from lab.web.pages.parts import Parts


def router(parts: Parts) -> APIRouter:
    """GET /."""
    ways = APIRouter()
    kept: Kept[Mapping[str, object]] = Kept()

    @ways.get("/")
    def overview(request: Request, runs: Annotated[int, Query(ge=1, le=100_000)] = 1) -> Response:
        """`runs`: which page of the list of experiments."""
        now = parts.clock()
        said = kept.get(str(runs), present(parts, now), lambda: _said(parts, now, runs))
        return page(request, "overview.html", said)

    return ways


def _said(parts: Parts, now: float, runs: int) -> Mapping[str, object]:
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
        "routes": sorted(cards(routes, parts.traffic.known(), lately), key=lambda card: card.route not in current),
        "current": current,
        "listed": listed,
        "records": overview_records.judged(found),
        "is_fresh": not found.predictions and found.is_current,
        "url": parts.here.url,
    }
