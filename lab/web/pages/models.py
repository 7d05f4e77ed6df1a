"""Every route's models: what they are, where they come from, and whether they answer now."""

import anyio
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from lab.described import Overview, describe
from lab.services.client import Client, Unreachable
from lab.services.directory import Directory
from lab.services.said import Service
from lab.web.pages.frame import page
from lab.web.pages.models_view import Group, group
from lab.web.pages.parts import Parts


def router(parts: Parts) -> APIRouter:
    """GET /models."""
    ways = APIRouter()
    directory = Directory(Client(parts.here.gateway_url))

    @ways.get("/models")
    async def models(request: Request) -> Response:
        """Asks every service, and waits no longer than for the slowest that is alive."""
        routes = await anyio.to_thread.run_sync(_routes, parts)
        try:
            said = {"groups": await _groups(directory, routes), "problem": ""}
        except Unreachable as error:
            said = {"groups": [], "problem": str(error)}
        return page(request, "models.html", said, 503 if said["problem"] else 200)

    return ways


def _routes(parts: Parts) -> list[Overview]:
    known = parts.traffic.known()
    return [describe(name, route, known[name]) for name, route in parts.traffic.read().routes.items()]


async def _groups(directory: Directory, routes: list[Overview]) -> list[Group]:
    """Raises Unreachable."""
    services = [[Service(route.route, one.variant) for one in route.variants] for route in routes]
    entries = iter(await directory.entries([one for some in services for one in some]))
    return [group(route, [next(entries) for _ in some]) for route, some in zip(routes, services, strict=True)]
