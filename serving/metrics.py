"""What this service tells Prometheus of itself: its requests, by OpenTelemetry's names, and its model.

No label is anything that a visitor can choose: methods and addresses that the service does not know count as one.
"""

import time
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector, disable_created_metrics, generate_latest
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Seconds: those that OpenTelemetry's conventions for HTTP advise.
REQUEST_EDGES: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
# A handful of numbers takes some ten microseconds, a picture up to a second.
INFERENCE_EDGES: Final = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# OpenTelemetry's word for every other one.
OTHER: Final = "_OTHER"

# When a series began would be a second series for each: Prometheus does not need it.
disable_created_metrics()


class Metrics:
    """The numbers of one service. It has one process, so they are simply in its memory."""

    def __init__(self, variant: str) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._variant = variant
        self._requests = Histogram(
            "http_server_request_duration_seconds",
            "Requests, from their first byte here to the end of the answer.",
            ["http_request_method", "http_route", "http_response_status_code"],
            buckets=REQUEST_EDGES,
            registry=self._registry,
        )
        self._active = Gauge(
            "http_server_active_requests", "Requests that are being answered now.", ["http_request_method"], registry=self._registry
        )
        self._inference = self._of_model("lab_inference_seconds", "Time that one prediction spent in the model.")
        self._queue = self._of_model("lab_inference_queue_seconds", "Time that one prediction waited for those before it.")
        self._loaded = Gauge("lab_model_loaded", "1 if there is a model to predict with, else 0.", ["variant"], registry=self._registry)
        self._model = Gauge(
            "lab_model_info", "1, for the model that is loaded.", ["variant", "artifact", "stand_in"], registry=self._registry
        )
        self._loaded.labels(variant).set(0)

    def has(self, artifact: str, stand_in: bool) -> None:
        """A model is loaded: the version of its artifact, and whether that only stands in for another."""
        self._loaded.labels(self._variant).set(1)
        self._model.labels(self._variant, artifact, str(stand_in).lower()).set(1)

    def predicted(self, queue_us: int, inference_us: int) -> None:
        """One prediction more, and its microseconds."""
        self._queue.observe(queue_us / 1e6)
        self._inference.observe(inference_us / 1e6)

    def begun(self, method: str) -> None:
        """A request came in."""
        self._active.labels(method).inc()

    def ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """The same request was answered, or not."""
        self._active.labels(method).dec()
        self._requests.labels(method, route, str(status)).observe(seconds)

    def text(self) -> bytes:
        """In Prometheus' own format."""
        return generate_latest(self._registry)

    def _of_model(self, name: str, meaning: str) -> Histogram:
        return Histogram(name, meaning, ["variant"], buckets=INFERENCE_EDGES, registry=self._registry).labels(self._variant)


class Measured:
    """ASGI middleware around everything else: takes the time of every request."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

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

        self._metrics.begun(method)
        try:
            await self._app(scope, receive, watching)
        except ClientDisconnect:
            # NGINX's word for a client that went away: nobody's failure.
            status = 499
            raise
        finally:
            self._metrics.ended(method, _route(scope), status, time.perf_counter() - begun)


def is_handed_on(scope: Scope) -> bool:
    """Whether a gateway stands before this request: it says for whom it asks, or comes by the unix socket, which has no port."""
    _, port = scope["server"] or (None, None)
    return port is None or any(name == b"x-forwarded-for" for name, _ in scope["headers"])


def _route(scope: Scope) -> str:
    """The address as it is written in the code; empty for static files, and for what is not there."""
    path: str = getattr(scope.get("route"), "path", "")
    return path
