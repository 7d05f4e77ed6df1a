"""A service on a unix socket that answers about experiments as docs/cli.md says, and remembers what it was told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "abc123"

DEEDS = ("pause", "resume", "promote", "abort", "undo")


class FakeService:
    """statuses: what GET /experiments says, the newest first. later: what it says after each further question about a run."""

    def __init__(self, *statuses: dict[str, Any]) -> None:
        self.statuses = list(statuses)
        self.later: list[list[dict[str, Any]]] = []
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.asked: list[str] = []
        self.report: dict[str, Any] = {}
        """What GET /experiments/{run}/report says."""
        self.refusal = ""
        """What POST /experiments says, with 422, instead of starting anything."""

    def get(self, path: str) -> tuple[int, object]:
        self.asked.append(path)
        url = urlsplit(path)
        name, _, part = unquote(url.path.removeprefix("/experiments").removeprefix("/")).partition("/")
        if not name:
            return 200, {"experiments": self.statuses}
        query = parse_qs(url.query)
        found = self._of(name, "true" in query.get("exact", []))
        if found is None:
            return 404, {"detail": f"There is no experiment {name}. There are {', '.join(one['name'] for one in self.statuses)}."}
        if self.later:
            self.statuses = self.later.pop(0)
        at = query.get("at", ["now"])[0]
        parts = {"": found, "explain": {"text": f"Continue: as of {at}.\n"}, "report": self.report | {"name": name}}
        return 200, parts[part]

    def post(self, path: str, said: dict[str, Any], authorization: str) -> tuple[int, object]:
        if authorization != f"Bearer {TOKEN}":
            return 401, {"detail": "This needs the token."}
        self.told.append((path, said))
        if path == "/experiments":
            return (422, {"detail": self.refusal}) if self.refusal else (201, self.statuses[0])
        name, _, deed = unquote(path.removeprefix("/experiments/")).partition("/")
        found = self._of(name)
        assert found is not None
        assert deed in DEEDS
        return 200, found

    def _of(self, name: str, is_exact: bool = False) -> dict[str, Any] | None:
        """The newest of a file's name, unless `is_exact`."""
        return next((one for one in self.statuses if name == one["name"] or (name == one["experiment"] and not is_exact)), None)


@contextmanager
def listening(fake: FakeService, socket: Path) -> Iterator[None]:
    """Answers on the socket until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(*fake.get(self.path))

        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(*fake.post(self.path, said, self.headers.get("Authorization", "")))

        def _answer(self, status: int, content: object) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

        def address_string(self) -> str:
            return "local"

    with ThreadingUnixStreamServer(str(socket), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield
        server.shutdown()
        thread.join()
