"""A small Prometheus over HTTP: time series that tests write, and recorded answers to whole queries. Keeps what it was asked."""

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

RANGE = re.compile(r"(.*)\[(\d+)ms\]", re.DOTALL)
HANGING_S = 0.6


class FakePrometheus:
    """`series` by selector; `answers` by query, a status and a body, before them."""

    def __init__(self) -> None:
        self.series: dict[str, list[tuple[dict[str, str], list[tuple[float, float]]]]] = {}
        self.answers: dict[str, tuple[int, Any]] = {}
        self.everything: tuple[int, Any] | None = None
        self.hangs = False
        self.asked: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"here": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True, kwargs={"poll_interval": 0.01}).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, query: str, at: float) -> tuple[int, Any]:
        if self.everything is not None:
            return self.everything
        if query in self.answers:
            return self.answers[query]
        found = RANGE.fullmatch(query)
        if not found:
            return 400, {"status": "error", "errorType": "bad_data", "error": "unknown query"}
        since = at - int(found[2]) / 1000
        kept = [(labels, [one for one in samples if since < one[0] <= at]) for labels, samples in self.series.get(found[1], [])]
        result = [{"metric": labels, "values": [[when, str(what)] for when, what in samples]} for labels, samples in kept if samples]
        return 200, {"status": "success", "data": {"resultType": "matrix", "result": result}}


class _Handler(BaseHTTPRequestHandler):
    here: FakePrometheus

    def do_GET(self) -> None:
        said = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        self.here.asked.append({"path": urlsplit(self.path).path, "headers": dict(self.headers), **said})
        if self.here.hangs:
            time.sleep(HANGING_S)
            return
        status, body = self.here.answer(said.get("query", ""), float(said.get("time", "0")))
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


def instant(value: str) -> tuple[int, Any]:
    """The answer to an instant query with one series."""
    return 200, {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1800000000.0, value]}]}}


EMPTY: tuple[int, Any] = (200, {"status": "success", "data": {"resultType": "vector", "result": []}})
