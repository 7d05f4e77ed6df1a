"""The lab's gateway in front of an upstream that answers at once, and many visitors."""

import json
import socket
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bench.gateways import gateways
from tests.support import REPOSITORY

# Connections that visitors share; each is kept open.
CONNECTIONS = 8


class Crowd:
    """Visitors of one gateway."""

    def __init__(self, folder: Path, port: int) -> None:
        self.journal = folder / "state" / "journal"
        self._port = port
        self._routes_file = folder / "state" / "routes.json"
        self.routes: dict[str, Any] = json.loads((REPOSITORY / "nginx" / "routes.json").read_text())

    def route(self, name: str, **settings: Any) -> None:
        """Changes a route's settings as the lab does: by a new file, whole at once."""
        self.routes["routes"][name] |= settings
        self.routes["routes"][name]["epoch"] += 1
        new = self._routes_file.with_suffix(".new")
        new.write_text(json.dumps(self.routes))
        new.replace(self._routes_file)

    def variants(self, heads: Sequence[bytes]) -> list[str]:
        """Sends requests, each given by its first line and headers; returns the variant of each. Fails unless all answer 200."""
        parts = [heads[start::CONNECTIONS] for start in range(CONNECTIONS)]
        with ThreadPoolExecutor(CONNECTIONS) as threads:
            answered = list(threads.map(self._ask, parts))
        met = [""] * len(heads)
        for start, variants in enumerate(answered):
            met[start::CONNECTIONS] = variants
        return met

    def _ask(self, heads: Sequence[bytes]) -> list[str]:
        with socket.create_connection(("127.0.0.1", self._port), timeout=60) as connection, connection.makefile("rb") as stream:
            met = []
            for head in heads:
                connection.sendall(head)
                met.append(_variant(stream))
            return met


def _variant(stream: Any) -> str:
    assert stream.readline().startswith(b"HTTP/1.1 200")
    headers = {}
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.partition(b": ")
        headers[name.lower()] = value
    stream.read(int(headers[b"content-length"]))
    return str(headers[b"x-variant"].decode())


def head(path: str = "/iris/predict/test", **headers: str) -> bytes:
    """A request's first line and headers."""
    lines = [f"GET {path} HTTP/1.1", "Host: x", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.fixture(scope="module")
def crowd() -> Iterator[Crowd]:
    # Not pytest's own folder: a unix socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, gateways(Path(folder)) as both:
        yield Crowd(Path(folder), both.lab.port)
