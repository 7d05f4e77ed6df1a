"""The lab's service: takes feedback, follows the journals, and says what they tell."""

import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import Response

from lab import described, token
from lab.controller import judge
from lab.controller.controller import Controller, World
from lab.controller.keeper import Keeper
from lab.controller.records import Book
from lab.controller.software import software
from lab.controller.tasks import Tasks
from lab.feedback.accept import Acceptor
from lab.follower import Follower
from lab.journal.append import Segments
from lab.metrics import chosen
from lab.metrics.export import Exporter
from lab.metrics.served import Measured
from lab.settings import Settings
from lab.store.exposed import blocks
from lab.store.retention import Bounds
from lab.store.store import Store
from lab.traffic.chosen import traffic as chosen_traffic
from lab.traffic.nginx import NginxTraffic
from lab.web import evidence, experiments, feedback, pages, refusals, sign_in
from lab.web.pages.frame import refused
from lab.web.pages.parts import Parts
from lab.web.sign_in import Doors, Guard

# Tasks of experiments that are done at the same time.
TASKS = 4


def create_app(here: Settings) -> FastAPI:
    """Opens the database. Raises StateError when that cannot be done. Without FastAPI's own pages, which fetch scripts from elsewhere."""
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
    app.include_router(pages.router(Parts(here, store, follower, acceptor, controller, traffic, time.time)))
    app.add_middleware(Guard, doors=doors)

    refusals.install(app, refused)
    exporter = Exporter(store, lambda: dict(traffic.read().routes), controller.cases)
    app.add_middleware(Measured, served=exporter.served)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(exporter.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    @app.get("/health")
    async def health() -> dict[str, str]:
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
        ask=chosen.ask(here, lambda run, after, through: blocks(store, run, after, through)),
        refresh=store.read_on,
        submit=workers.submit,
        clock=time.time,
        monotonic=time.monotonic,
        software=software(),
        reward_cap=here.reward_cap,
        means=chosen.means(here),
        inquire=chosen.inquire(here),
    )


def _running(traffic: NginxTraffic) -> frozenset[str]:
    """The experiments that split traffic now."""
    return frozenset(route.experiment for route in traffic.read().routes.values() if route.experiment)
