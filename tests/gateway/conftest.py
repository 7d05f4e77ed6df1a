"""A real NGINX on loopback in front of fake services."""

import contextlib
import hashlib
import json
import os
import re
import socket
import socketserver
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support import PATIENCE_S, REPOSITORY, eventually, free_ports, read_journal

# Every variant that the gateway knows.
VARIANTS = tuple(re.findall(r"^upstream \w+\.(\w+) ", (REPOSITORY / "nginx" / "upstreams.conf").read_text(), re.MULTILINE))


# A rule for the fruit route.
MOUNTAIN = {"header": "target", "value": "mountain", "variant": "vgg16"}


class FakeService:
    """A service of a model, or the lab's own: answers on a unix socket with its own name, and fails on demand."""

    def __init__(self, variant: str, folder: Path) -> None:
        self.variant = variant
        self.path = folder / f"{variant}.sock"
        self.told: dict[str, Any] = {"model": variant, "label": "lemon", "probability": 0.75, "queue_us": 1, "inference_us": 2}
        self.header: str | None = None
        self.behave: Callable[[BaseHTTPRequestHandler], bool] = lambda handler: False
        self.seen: list[dict[str, str]] = []
        self.uploads: list[str] = []
        self._server: socketserver.ThreadingMixIn | None = None

    def start(self) -> None:
        """Listens, taking over from a dead one."""
        self.path.unlink(missing_ok=True)
        self._server = _Server(str(self.path), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Dies as by kill -9: connections break, the socket file stays."""
        if self._server is not None:
            self._server.shutdown()
            self._server.close_all()
            self._server = None


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def close_all(self) -> None:
        self.server_close()
        for connection in self._open:
            with contextlib.suppress(OSError):  # it may be closed already
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke because the test broke it."""


def _handler(service: FakeService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            service.seen.append(dict(self.headers.items()))
            service.uploads.append(hashlib.sha256(body).hexdigest())
            if service.behave(self):
                return
            said = {"model": service.variant, "path": self.path, "method": self.command, "sha256": hashlib.sha256(body).hexdigest()}
            content = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("X-Lab-Prediction", json.dumps(service.told) if service.header is None else service.header)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer

        def log_message(self, format: str, *arguments: Any) -> None:
            """Says nothing."""

    return Handler


class Gateway:
    """NGINX as nginx/start.sh starts it."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self._settings = settings
        self.journal = folder / "state" / "journal"
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.services = {variant: FakeService(variant, folder) for variant in VARIANTS}
        self.lab = FakeService("lab", folder)
        self._output = folder / "output"
        self._validated = 0
        self.routes: dict[str, Any] = json.loads((REPOSITORY / "nginx" / "routes.json").read_text())
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the fakes and NGINX with two workers, and waits until it answers."""
        for service in (*self.services.values(), self.lab):
            service.start()
        settings = {
            "LAB_LISTEN": f"127.0.0.1:{self.port}",
            "LAB_SOCKETS": str(self.folder),
            "LAB_STATE": str(self.folder / "state"),
            "LAB_NGINX_RUN": str(self.folder / "run"),
            "LAB_WORKERS": "2",
        } | self._settings
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [REPOSITORY / "nginx" / "start.sh"], env=os.environ | settings, stdout=output, stderr=subprocess.STDOUT
            )
        eventually(self._is_ready, self.output)

    def stop(self) -> None:
        """Ends NGINX and the fakes."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(PATIENCE_S)
        for service in (*self.services.values(), self.lab):
            service.stop()

    def _is_ready(self) -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"{self.url}/ready", timeout=5).ok
        return False

    @property
    def pid(self) -> int:
        """NGINX's master process."""
        assert self._process is not None
        return self._process.pid

    def workers(self) -> list[int]:
        """NGINX's worker processes."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def output(self) -> str:
        """Everything NGINX has printed."""
        return self._output.read_text(errors="replace")

    def lines(self) -> list[dict[str, Any]]:
        """The whole journal; every line is valid."""
        lines = read_journal(self.journal, self._validated)
        self._validated = len(lines)
        return lines

    def line(self, request_id: str) -> dict[str, Any]:
        """The one line of a visitor's request; it follows the answer, so it may take a moment."""

        def found() -> list[dict[str, Any]]:
            return [line for line in self.lines() if line["request_id"] == request_id and line["reason"] != "shadow"]

        eventually(found)
        (line,) = found()
        return line

    @property
    def routes_file(self) -> Path:
        """What the gateway reads at every request."""
        return self.folder / "state" / "routes.json"

    def route(self, name: str, **settings: Any) -> None:
        """Changes a route's settings as the lab does: by a new file, whole at once."""
        self.routes["routes"][name] |= settings
        self.routes["routes"][name]["epoch"] += 1
        new = self.routes_file.with_suffix(".new")
        new.write_text(json.dumps(self.routes))
        new.replace(self.routes_file)

    def predict(self, path: str = "/predict", **options: Any) -> requests.Response:
        """Sends a prediction on a connection of its own."""
        return requests.post(f"{self.url}{path}", data=options.pop("data", b"picture"), timeout=30, **options)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway of the test's own."""
    with gateway_with() as running:
        yield running


@pytest.fixture(scope="module")
def shared_gateway() -> Iterator[Gateway]:
    """One gateway for tests that only add lines."""
    with gateway_with() as running:
        yield running


@contextlib.contextmanager
def gateway_with(**settings: str) -> Iterator[Gateway]:
    """A gateway with settings of its own."""
    # Not pytest's own folder: a unix socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        running = Gateway(Path(folder), **settings)
        running.start()
        try:
            yield running
        finally:
            running.stop()
