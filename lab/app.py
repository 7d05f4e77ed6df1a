"""The lab's service: takes feedback, follows the journals, and says what they tell."""

import logging
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import duckdb
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import Response

from lab import described, token
from lab.controller import judge
from lab.controller.controller import Controller, World
from lab.controller.keeper import Keeper
from lab.controller.records import Book
from lab.controller.software import software
from lab.controller.tasks import Tasks
from lab.errors import Refused
from lab.feedback.accept import Acceptor
from lab.follower import Follower
from lab.journal.append import Segments
from lab.metrics.chosen import ask as chosen_ask
from lab.metrics.export import Exporter
from lab.settings import Settings
from lab.store.exposed import blocks
from lab.store.retention import Bounds
from lab.store.store import Store
from lab.traffic.chosen import traffic as chosen_traffic
from lab.traffic.nginx import NginxTraffic
from lab.web import evidence, experiments, feedback, sign_in
from lab.web.answer import json_answer
from lab.web.sign_in import Doors, Guard

log = logging.getLogger("lab")

# What programs may ask for, as a wrong address is told. The gateway has them under /lab.
ADDRESSES = ("/feedback", "/experiments", "/routes", "/log", "/report", "/journal", "/sql", "/health")

# What the client did wrong; any other refusal is 503.
STATUS = evidence.STATUS | experiments.STATUS

# Tasks of experiments that are done at the same time.
TASKS = 4


def create_app(here: Settings) -> FastAPI:
    """Opens the database. Raises StateError when that cannot be done.

    No pages of its own yet: FastAPI's fetch their scripts from elsewhere.
    """
    traffic = chosen_traffic(here)
    store = Store(here.state, here.reward_cap)
    doors = Doors(token.kept(here.state), time.time)
    workers = ThreadPoolExecutor(TASKS, "task")
    controller = Controller(_world(here, store, traffic, workers), judge.real(), Tasks(here.allow_exec))
    keeper = Keeper(controller)
    follower = Follower(store, Bounds(here.keep_days, here.keep_gb), lambda: _running(traffic) | controller.running())
    acceptor = Acceptor(store, Segments(store.journal, "feedback"), time.time, here.attribution_s)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        follower.start()
        keeper.start()
        yield
        await acceptor.close()
        keeper.stop()
        follower.stop()
        # A task under way is not waited for: the journal says that it had begun.
        workers.shutdown(wait=False, cancel_futures=True)
        store.close()

    app = FastAPI(title="A/B lab", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.include_router(feedback.router(acceptor))
    app.include_router(evidence.router(store, follower, acceptor, here))
    app.include_router(experiments.router(controller))
    app.include_router(sign_in.router(doors))
    app.add_middleware(Guard, doors=doors)

    @app.exception_handler(Refused)
    def refused(request: Request, error: Refused) -> Response:
        return json_answer({"detail": str(error)}, STATUS.get(type(error), 503))

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

    exporter = Exporter(store, lambda: dict(traffic.read().routes), controller.cases)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(exporter.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"health": "ok"}

    @app.get("/routes")
    def routes() -> dict[str, Any]:
        reading = traffic.examine()
        return described.as_json(reading.routes, reading.routes.routes, traffic.known(), reading.notes)

    return app


def _world(here: Settings, store: Store, traffic: NginxTraffic, workers: ThreadPoolExecutor) -> World:
    """What the controller touches."""
    return World(
        book=Book(store.journal),
        traffic=traffic,
        ask=chosen_ask(here, lambda run, after, through: blocks(store, run, after, through)),
        refresh=store.read_on,
        submit=workers.submit,
        clock=time.time,
        monotonic=time.monotonic,
        software=software(),
        reward_cap=here.reward_cap,
    )


def _running(traffic: NginxTraffic) -> frozenset[str]:
    """The experiments that split traffic now."""
    return frozenset(route.experiment for route in traffic.read().routes.values() if route.experiment)
