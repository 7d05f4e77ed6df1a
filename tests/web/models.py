"""A gateway with models behind it that say what they are told to, and the lab's service that asks them."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from lab.app import create_app
from lab.settings import Settings
from tests.traffic.conftest import gateway, state

__all__ = ["gateway", "models", "state"]

ID = "6b01f31eeb785b5492ac6b3c455cce9d"
PEOPLE = {"Accept": "text/html"}
CARD = {
    "file": "svc.onnx",
    "sha256": "ab" * 32,
    "size_bytes": 1902,
    "stand_in": False,
    "source": "trained by somebody",
    "built_at": "2026-11-21T11:43:01+00:00",
    "input": "four numbers",
    "labels": ["setosa", "versicolor", "virginica"],
    "notes": "A model.",
    "parity": {"against": "scikit-learn", "max_abs_dp": 3.1e-7, "agreement": 1.0, "count": 150, "of": "rows"},
    "accuracy": {"value": 0.9778, "count": 45, "of": "rows held out"},
    "cost": {"latency_p50_ms": 0.019, "latency_p90_ms": 0.022, "memory_mb": 14.7},
}
ROW = {
    "takes": "measurements",
    "fields": [{"name": "petal_length_cm", "label": "Petal length (cm)", "sample": 1.4}],
    "labels": ["setosa", "versicolor", "virginica"],
}
PICTURE = {"takes": "picture"}
OFF = "The model bayes is off: its weights were in no reach."


@dataclass
class Model:
    """What one variant answers."""

    answer: object = None
    """To a prediction."""
    status: int = 200
    card: Mapping[str, Any] = field(default_factory=lambda: CARD)
    form: Mapping[str, Any] = field(default_factory=lambda: ROW)
    described: int = 200
    """The status of what it says of itself."""
    delay_s: float = 0.0


class Models:
    """Listens on loopback."""

    def __init__(self) -> None:
        self.by_path: dict[str, Model] = {}
        self.bodies: list[tuple[str, bytes, Mapping[str, str]]] = []
        self.questions: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reply(self, method: str, path: str) -> tuple[int, object]:
        """What the variant at this path says."""
        self.questions.append(f"{method} {path}")
        variant, _, verb = path.partition("?")[0].rpartition("/")
        model = self.by_path.get(variant)
        if model is None:
            return 503, {"detail": "No model is ready to answer yet."}
        time.sleep(model.delay_s)
        if verb == "predict":
            return model.status, model.answer
        return model.described, {"card": model.card, "form": model.form} if model.described == 200 else {"detail": OFF}


def _handler(models: Models) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._say(*models.reply("GET", self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])) if "Content-Length" in self.headers else self._chunks()
            models.bodies.append((self.path, body, dict(self.headers)))
            self._say(*models.reply("POST", self.path))

        def _chunks(self) -> bytes:
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _say(self, status: int, content: object) -> None:
            body = json.dumps(content).encode()
            try:
                self.send_response(status)
                for name, value in {
                    "Content-Length": str(len(body)),
                    "X-Request-ID": ID,
                    "version": "iris-v1",
                    "Server-Timing": "queue;dur=0.1, inference;dur=3.25",
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                # The lab has stopped waiting.
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@pytest.fixture
def models() -> Iterator[Models]:
    listening = Models()
    yield listening
    listening.close()


class Lab:
    """The lab's service, in this process; every question is a visit of its own."""

    def __init__(self, state: Path, gateway: Path, url: str) -> None:
        self._here = Settings(state, gateway, state, gateway_url=url)

    def visit(self, ask: Callable[[httpx.AsyncClient], Any]) -> Any:
        """What `ask` comes to, while the service runs."""

        async def asked() -> Any:
            app = create_app(self._here)
            way = httpx.ASGITransport(app=app)
            async with app.router.lifespan_context(app), httpx.AsyncClient(transport=way, base_url="http://lab") as client:
                return await ask(client)

        return asyncio.run(asked())

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.visit(lambda client: client.get(path, headers=PEOPLE | headers))

    def post(self, path: str, headers: Mapping[str, str] = PEOPLE, **options: Any) -> httpx.Response:
        return self.visit(lambda client: client.post(path, headers=headers, **options))


@pytest.fixture
def lab(state: Path, gateway: Path, models: Models) -> Lab:
    return Lab(state, gateway, models.url)


def row(*probabilities: float, **more: Any) -> dict[str, Any]:
    """An answer to a row of measurements."""
    return {"prediction": list(probabilities), **more}
