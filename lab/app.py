"""The lab's service: what counts now, for programs."""

from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.requests import Request

from lab import described
from lab.errors import Refused
from lab.traffic.nginx import NginxTraffic


def create_app(traffic: NginxTraffic) -> FastAPI:
    """No pages of its own yet: FastAPI's fetch their scripts from elsewhere."""
    app = FastAPI(title="A/B lab", docs_url=None, redoc_url=None, openapi_url=None)

    @app.exception_handler(Refused)
    def refused(request: Request, error: Refused) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 503)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"health": "ok"}

    @app.get("/routes")
    def routes() -> dict[str, Any]:
        reading = traffic.examine()
        return described.as_json(reading.routes, reading.routes.routes, traffic.known(), reading.notes)

    return app
