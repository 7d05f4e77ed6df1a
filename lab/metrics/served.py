"""How the lab's own service answers, by OpenTelemetry's names. No label is anything that a visitor can choose."""

import time
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector, disable_created_metrics
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Seconds: those that OpenTelemetry's conventions for HTTP advise.
EDGES: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# OpenTelemetry's word for every other one.
OTHER: Final = "_OTHER"

# When a series began would be a second series for each: Prometheus does not need it.
disable_created_metrics()


class Served:
    """The requests of this process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        ProcessCollector(registry=registry)
        self._requests = Histogram(
            "http_server_request_duration_seconds",
            "Requests to the lab's service, from their first byte there to the end of the answer.",
            ["http_request_method", "http_route", "http_response_status_code"],
            buckets=EDGES,
            registry=registry,
        )
        self._active = Gauge(
            "http_server_active_requests",
            "Requests that the lab's service is answering now.",
            ["http_request_method"],
            registry=registry,
        )

    def begun(self, method: str) -> None:
        """A request came in."""
        self._active.labels(method).inc()

    def ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """The same request was answered, or not."""
        self._active.labels(method).dec()
        self._requests.labels(method, route, str(status)).observe(seconds)


class Measured:
    """ASGI middleware around everything else: takes the time of every request."""

    def __init__(self, app: ASGIApp, served: Served) -> None:
        self._app = app
        self._served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection event, HTTP or not."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        method = scope["method"] if scope["method"] in METHODS else OTHER
        begun = time.perf_counter()
        # What an application that fails without a word is answered with.
        status = 500

        async def watching(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._served.begun(method)
        try:
            await self._app(scope, receive, watching)
        except ClientDisconnect:
            # NGINX's word for a client that went away: nobody's failure.
            status = 499
            raise
        finally:
            # The address as it is written in the code; empty for what is not there, and for what the guard turns away.
            route: str = getattr(scope.get("route"), "path", "")
            self._served.ended(method, route, status, time.perf_counter() - begun)
