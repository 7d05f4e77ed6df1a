"""The lab's service: takes feedback, follows the journals, and says what they tell."""

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import duckdb
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import Response

from lab import described
from lab.errors import Refused
from lab.feedback.accept import Acceptor
from lab.follower import Follower
from lab.journal.append import Segments
from lab.settings import Settings
from lab.store.retention import Bounds
from lab.store.store import Store
from lab.traffic.nginx import NginxTraffic
from lab.web import evidence, feedback
from lab.web.answer import json_answer

log = logging.getLogger("lab")

# What programs may ask for, as a wrong address is told. The gateway has them under /lab.
ADDRESSES = ("/feedback", "/routes", "/log", "/report", "/journal", "/sql", "/health")


def create_app(here: Settings) -> FastAPI:
    """Opens the database. Raises StateError when that cannot be done.

    No pages of its own yet: FastAPI's fetch their scripts from elsewhere.
    """
    traffic = NginxTraffic(here.state, here.gateway)
    store = Store(here.state, here.reward_cap)
    follower = Follower(store, Bounds(here.keep_days, here.keep_gb), lambda: _running(traffic))
    acceptor = Acceptor(store, Segments(store.journal, "feedback"), time.time, here.attribution_s)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        follower.start()
        yield
        await acceptor.close()
        follower.stop()
        store.close()

    app = FastAPI(title="A/B lab", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.include_router(feedback.router(acceptor))
    app.include_router(evidence.router(store, follower, acceptor, here))

    @app.exception_handler(Refused)
    def refused(request: Request, error: Refused) -> Response:
        return json_answer({"detail": str(error)}, evidence.STATUS.get(type(error), 503))

    @app.exception_handler(404)
    def nothing(request: Request, error: Exception) -> Response:
        return json_answer({"detail": f"There is nothing at {request.url.path}. There are {', '.join(ADDRESSES)}."}, 404)

    @app.exception_handler(RequestValidationError)
    def misunderstood(request: Request, error: RequestValidationError) -> Response:
        wrong = [f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}." for one in error.errors()]
        return json_answer({"detail": " ".join(wrong)}, 422)

    @app.exception_handler(duckdb.Error)
    def unanswered(request: Request, error: duckdb.Error) -> Response:
        log.error("%s: %s", request.url.path, error)
        return json_answer({"detail": "The lab's database cannot answer this now. Try again in a second; its log says why."}, 503)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"health": "ok"}

    @app.get("/routes")
    def routes() -> dict[str, Any]:
        reading = traffic.examine()
        return described.as_json(reading.routes, reading.routes.routes, traffic.known(), reading.notes)

    return app


def _running(traffic: NginxTraffic) -> frozenset[str]:
    """The experiments that split traffic now."""
    return frozenset(route.experiment for route in traffic.read().routes.values() if route.experiment)
