"""A checkout in miniature, and a server that publishes its weights."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from miniature import PLAN, TINY, WEIGHTS, Publisher

from models.cli import main


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, asked: list[str], *args: object, **keywords: str) -> None:
        self.asked = asked
        super().__init__(*args, **keywords)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path.startswith("/truncated/"):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"too short")
        else:
            super().do_GET()

    def log_message(self, *args: object) -> None:
        """Says nothing: the tests read what the program prints."""


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    folder, asked = tmp_path / "published", []
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, asked, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Publisher(folder, f"http://127.0.0.1:{server.server_port}", asked)
        server.shutdown()
        thread.join()


@pytest.fixture
def checkout(tmp_path: Path, publisher: Publisher) -> Path:
    """A checkout whose only model is the small CNN, published at `publisher`."""
    app = tmp_path / "checkout" / "app_custom"
    app.mkdir(parents=True)
    (app / "artifacts.toml").write_text(PLAN.format(source=f"{publisher.url}/{WEIGHTS}"))
    return app.parent


@pytest.fixture
def download(checkout: Path) -> Callable[..., int]:
    """Runs download_models.py on `checkout`: arguments, then environment as keywords. Returns the exit code."""

    def run(*arguments: str, **environment: str) -> int:
        return main(arguments, environment, checkout, TINY)

    return run
