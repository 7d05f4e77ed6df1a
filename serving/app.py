"""Puts a model's service together."""

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from serving import api, engine, faults, pages, refusals
from serving.arrival import Arrival
from serving.metrics import Measured
from serving.service import Service
from serving.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Loads the model and returns the application that serves it.

    Without a model the application still runs: it answers 503 and says what is missing.
    """
    app = FastAPI(
        title=f"A/B lab: {settings.variant}", description="One model of the lab.", docs_url=None, redoc_url=None, redirect_slashes=False
    )
    kind = faults.FaultyService if settings.faults else Service
    here = app.state.service = kind(settings, engine.load(settings.app, settings.variant))
    app.include_router(api.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=pages.HERE / "static"), name="static")
    refusals.install(app)
    if settings.faults:
        faults.install(app)
    app.add_middleware(Arrival, upload_limit_bytes=settings.upload_limit_bytes)
    app.add_middleware(Measured, metrics=here.metrics)
    return app
