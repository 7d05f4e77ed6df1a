"""A checkout in miniature, and a server that publishes its weights."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from miniature import PLAN, TINY, WEIGHTS, Publisher
from misbehaving import Handler

from models.cli import main


class _Server(ThreadingHTTPServer):
    def handle_error(self, *args: object) -> None:
        """Says nothing: clients that go away in the middle are what the tests are about."""


@pytest.fixture
def ranges() -> list[tuple[str | None, str | None]]:
    """Range and If-Range of each request to `publisher`."""
    return []


@pytest.fixture
def publisher(tmp_path: Path, ranges: list[tuple[str | None, str | None]]) -> Iterator[Publisher]:
    folder, asked = tmp_path / "published", []
    folder.mkdir()
    with _Server(("127.0.0.1", 0), partial(Handler, asked, ranges, directory=str(folder))) as server:
        # Otherwise the end of each test waits half a second for the end of the server.
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
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
